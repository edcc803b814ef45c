"""Trials of a synthetic subject: a style, its targets over time, and inverse kinematics on the subject's skeleton."""

from dataclasses import replace

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from dataset.demo.squat_style import Excursion, Style
from dataset.demo.squat_timeline import draw_targets
from dataset.demo.style_sampler import draw_style
from dataset.errors import RunError
from dataset.io.motion import Motion
from dataset.windows.placement import Placement
from models.conventions import COORDINATE_INDEX, COORDINATES, FEET, FRAME_RATE_HZ, ROTATION_INDICES
from models.skeleton.dynamic_balance import dynamic_balance
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.planted_feet import LIMITS_DEG, PlantedFeetSolution, solve_planted_feet
from models.skeleton.squat_targets import SquatTargets

_ATTEMPTS, _STEP_OF_ATTEMPTS = 10, 6
_DRAWS, _SEED_STEP = 6, 1_000_003
_DEEPEST_LEAN_DEG, _HIGHEST_HEEL_DEG = -46.0, 14.0
_HIPS = [COORDINATE_INDEX[f"hip_flexion_{side}"] for side in "lr"]
_ANKLES = [COORDINATE_INDEX[f"ankle_angle_{side}"] for side in "lr"]
# Where the zero-moment point may be, between heel (0) and ball (1) of the feet, and beside the middle of a single foot.
_PRESSURE, _PRESSURE_BESIDE_M, _PRESSURE_SMOOTHING_S = (-0.05, 1.2), 0.02, 0.05
_CLEARANCE_M = 0.05
_LEGS_AND_TRUNK = [i for i in ROTATION_INDICES if not COORDINATES[i].startswith(("arm", "elbow", "pro_sup"))]
_LARGEST_STEP_DEG = 9.0  # from frame to frame, 540 degrees/s
_KNEE_ERROR_DEG, _LIMIT_ERROR_DEG, _FOOT_ERROR_M, _LIST_DEG = 1.5, 0.8, 5e-4, 8.0


def make_trial(skeleton: OpenSimSkeleton, seed: int, index: int, repetitions: int) -> tuple[Motion, Style]:
    """Make trial `index` of the population `seed`.

    Where the knees cannot flex as prescribed because another joint reaches its limit, the squat becomes less deep, and
    the stance less wide, less rotated and less shifted.

    Args:
        skeleton: the subject's skeleton, float64.
        seed: seed of the population.
        index: number of the trial in the population.
        repetitions: number of squats.

    Returns:
        The motion at 60 Hz, standing anywhere in the laboratory on the floor y = 0, and the style that was performed.

    Raises:
        RunError: none of the styles that were drawn can be performed.
    """
    for draw in range(_DRAWS):
        # Where no attempt succeeds, the style is drawn again from another population.
        population = seed + _SEED_STEP * draw
        style = draw_style(population, index, skeleton.leg_length_m)
        for _ in range(_ATTEMPTS):
            targets = draw_targets(style, population, index, repetitions)
            attempt = solve_planted_feet(skeleton, targets.every(_STEP_OF_ATTEMPTS))
            if _is_feasible(attempt) and _clearance_m(skeleton, attempt, style) > _CLEARANCE_M:
                found = _balanced(skeleton, targets, attempt, style.pressure_share)
                # A leg in the air can change from one solution to another, which no person does.
                if np.abs(np.diff(found[:, _LEGS_AND_TRUNK], axis=0)).max() < _LARGEST_STEP_DEG:
                    return _placed_in_laboratory(found, seed, index), style
            style = _easier(style, attempt)
    raise RunError(f"none of {_DRAWS} styles drawn for trial {index} of seed {seed} can be performed")


def _balanced(
    skeleton: OpenSimSkeleton, targets: SquatTargets, attempt: PlantedFeetSolution, pressure_share: float
) -> np.ndarray:
    """Whole-body coordinates (T, 33) of a trial whose zero-moment point stays under the feet.

    Args:
        skeleton: the subject's skeleton, float64.
        targets: of the trial.
        attempt: the solution at every `_STEP_OF_ATTEMPTS`-th frame with a centre of mass that does not move for it.
        pressure_share: how far the zero-moment point follows what the moving body asks for, from 0 to 1.
    """
    frames = np.arange(len(targets.depth))
    known = frames[::_STEP_OF_ATTEMPTS]
    start = CubicSpline(known, attempt.unknowns)(frames)
    heel, ball = attempt.heel_and_ball
    balance = dynamic_balance(skeleton.description, CubicSpline(known, attempt.coordinates)(frames), FRAME_RATE_HZ)
    place = heel + targets.balance[:, None] * (ball - heel) + targets.balance_shift_m
    wanted = place + pressure_share * (balance.zero_moment_point - place)
    low, high = heel + _PRESSURE[0] * (ball - heel), heel + _PRESSURE[1] * (ball - heel)
    smoothing = _PRESSURE_SMOOTHING_S * FRAME_RATE_HZ
    wanted[:, 0] = gaussian_filter1d(wanted[:, 0].clip(low[0], high[0]), smoothing)
    if targets.swing != (None, None):
        beside = wanted[:, 1] - place[:, 1]
        wanted[:, 1] = place[:, 1] + beside.clip(-_PRESSURE_BESIDE_M, _PRESSURE_BESIDE_M)
    # What is quicker than that in the prescribed place is noise of a recording, and stays.
    slow_place = gaussian_filter1d(place, smoothing, axis=0)
    shift = balance.mass_centre_for(wanted) - slow_place + targets.balance_shift_m
    return solve_planted_feet(skeleton, replace(targets, balance_shift_m=shift), start).coordinates


def _clearance_m(skeleton: OpenSimSkeleton, attempt: PlantedFeetSolution, style: Style) -> float:
    """Least height above the floor of the foot in the air, metres; infinite where there is none."""
    if style.swing is None:
        return np.inf
    points = skeleton.contact_points(torch.as_tensor(attempt.coordinates))[..., 1] - skeleton.contact_radii
    return float(points.unflatten(1, (len(FEET), -1))[:, FEET.index(style.swing.foot)].min())


def _placed_in_laboratory(coordinates: np.ndarray, seed: int, index: int) -> Motion:
    """The motion at a random position and with a random heading near the middle of the laboratory."""
    generator = np.random.default_rng([seed, index, 3])
    position = np.array([generator.uniform(-0.5, 1.0), 0.0, generator.uniform(-0.7, 0.7)])
    placement = Placement(position, np.array(4.0 * generator.standard_normal()))
    return Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, placement.restore(coordinates))


def _is_feasible(solution: PlantedFeetSolution) -> bool:
    """Whether inverse kinematics met the targets within the joints' limits."""
    return (
        np.abs(solution.knee_error_deg).max() < _KNEE_ERROR_DEG
        and solution.limit_error_deg.max() < _LIMIT_ERROR_DEG
        and solution.foot_error_m.max() < _FOOT_ERROR_M
        and np.abs(solution.coordinates[:, COORDINATE_INDEX["pelvis_list"]]).max() < _LIST_DEG
    )


def _easier(style: Style, solution: PlantedFeetSolution) -> Style:
    """The same style with a depth reduced by the knees' error, and with less of what demands hip rotation.

    People with stiff ankles lean further instead, and bend their spine where their hips are at their limit too. Those
    who lift their heels lift them further.
    """
    shortfall = min(10.0, max(2.0, float(np.abs(solution.knee_error_deg).max())))
    stiff_ankles = solution.coordinates[:, _ANKLES].max() > LIMITS_DEG["ankle_angle"][1]
    stiff_hips = solution.coordinates[:, _HIPS].max() > LIMITS_DEG["hip_flexion"][1]
    if stiff_ankles or stiff_hips:
        shortfall *= 0.75 if stiff_ankles and stiff_hips else 0.5

    def reduced(excursion: Excursion) -> Excursion:
        return replace(excursion, change=0.88 * excursion.change)

    leaning = dict(style.coordinates)
    for name, factor, further in (
        ("pelvis_tilt", 0.86 if stiff_hips else 1.0, 5.0 if stiff_ankles and not stiff_hips else 0.0),
        ("lumbar_extension", 1.0 if stiff_hips or stiff_ankles else 0.9, 5.0 if stiff_ankles else 0.0),
    ):
        excursion = leaning[name]
        change = max(factor * excursion.change - further, min(excursion.change, _DEEPEST_LEAN_DEG))
        leaning[name] = replace(excursion, change=change)
    lift = style.stance.heel_lift_deg
    stance = replace(
        style.stance,
        width_m=0.95 * style.stance.width_m,
        toe_out_deg=_scaled(style.stance.toe_out_deg, 0.85),
        roll_deg=_scaled(style.stance.roll_deg, 0.8),
        heel_lift_deg=_scaled(lift, 1.3 if stiff_ankles and max(lift) < _HIGHEST_HEEL_DEG else 1.0),
    )
    swing = style.swing
    if swing is not None:
        swing = replace(
            swing,
            up=replace(swing.up, top=swing.up.top + 0.03),
            forward=replace(swing.forward, top=0.85 * swing.forward.top, change=0.85 * swing.forward.change),
        )
    return replace(
        style,
        swing=swing,
        knee=replace(style.knee, change=style.knee.change - shortfall),
        lateral=reduced(style.lateral),
        knee_difference=reduced(style.knee_difference),
        coordinates=leaning,
        stance=stance,
    )


def _scaled(angles_deg: tuple[float, float], factor: float) -> tuple[float, float]:
    return factor * angles_deg[0], factor * angles_deg[1]
