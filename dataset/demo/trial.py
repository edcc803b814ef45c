"""Trials of a synthetic subject: a style, its targets over time, and inverse kinematics on the subject's skeleton."""

from dataclasses import replace

import numpy as np

from dataset.demo.squat_style import Excursion, Style
from dataset.demo.squat_timeline import draw_targets
from dataset.demo.style_sampler import draw_style
from dataset.errors import RunError
from dataset.io.motion import Motion
from dataset.windows.placement import Placement
from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.planted_feet import LIMITS_DEG, PlantedFeetSolution, solve_planted_feet

_ATTEMPTS, _STEP_OF_ATTEMPTS = 8, 6
_DRAWS, _SEED_STEP = 6, 1_000_003
_DEEPEST_LEAN_DEG = -46.0
_HIPS = [COORDINATE_INDEX[f"hip_flexion_{side}"] for side in "lr"]
_ANKLES = [COORDINATE_INDEX[f"ankle_angle_{side}"] for side in "lr"]
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
            if _is_feasible(attempt):
                return _placed_in_laboratory(solve_planted_feet(skeleton, targets).coordinates, seed, index), style
            style = _easier(style, attempt)
    raise RunError(f"none of {_DRAWS} styles drawn for trial {index} of seed {seed} can be performed")


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

    Where only the ankles reach their limit, the trunk leans further instead, as people with stiff ankles do.
    """
    shortfall = min(10.0, max(2.0, float(np.abs(solution.knee_error_deg).max())))
    stiff_ankles = solution.coordinates[:, _ANKLES].max() > LIMITS_DEG["ankle_angle"][1]
    stiff_hips = solution.coordinates[:, _HIPS].max() > LIMITS_DEG["hip_flexion"][1]
    more_lean, lean_factor = 0.0, 1.0 if stiff_ankles else 0.9
    if stiff_ankles and not stiff_hips:
        more_lean, shortfall = 5.0, 0.6 * shortfall

    def reduced(excursion: Excursion) -> Excursion:
        return replace(excursion, change=0.88 * excursion.change)

    leaning = dict(style.coordinates)
    for name in ("pelvis_tilt", "lumbar_extension"):
        excursion = leaning[name]
        change = max(lean_factor * excursion.change - more_lean, min(excursion.change, _DEEPEST_LEAN_DEG))
        leaning[name] = replace(excursion, change=change)
    stance = replace(
        style.stance,
        width_m=0.95 * style.stance.width_m,
        toe_out_deg=_scaled(style.stance.toe_out_deg, 0.85),
        roll_deg=_scaled(style.stance.roll_deg, 0.8),
    )
    return replace(
        style,
        knee=replace(style.knee, change=style.knee.change - shortfall),
        lateral=reduced(style.lateral),
        knee_difference=reduced(style.knee_difference),
        coordinates=leaning,
        stance=stance,
    )


def _scaled(angles_deg: tuple[float, float], factor: float) -> tuple[float, float]:
    return factor * angles_deg[0], factor * angles_deg[1]
