"""One trial of a synthetic person: a style, its targets, inverse kinematics, and less depth where joints end first."""

import logging
from dataclasses import replace

import numpy as np

from dataset.coordinates import COORDINATE_INDEX, FRAME_RATE_HZ
from dataset.demo.inverse_kinematics import LIMITS_DEG, Solution, solve
from dataset.demo.squat import Style, draw_style, draw_targets
from dataset.motion_file import Motion
from dataset.placement import Placement

logger = logging.getLogger("bige")

_ATTEMPTS, _STEP_OF_ATTEMPTS = 12, 6
_HIPS = [COORDINATE_INDEX[f"hip_flexion_{side}"] for side in "lr"]
_ANKLES = [COORDINATE_INDEX[f"ankle_angle_{side}"] for side in "lr"]
_KNEE_ERROR_DEG, _LIMIT_ERROR_DEG, _FOOT_ERROR_M, _LIST_DEG = 1.5, 0.8, 5e-4, 8.0


def make_trial(skeleton, seed: int, index: int, repetitions: int) -> tuple[Motion, Style]:
    """Trial `index` of the population `seed`, performed on `skeleton` (float64), at 60 Hz.

    Where the knees cannot bend as asked because another joint is at its end, the person squats less deep; where that
    does not help, stands less wide, turned and shifted. Returns the motion, standing anywhere in the laboratory on the
    floor y = 0, and the style that was performed.
    """
    style = draw_style(seed, index, skeleton.leg_length_m)
    for _ in range(_ATTEMPTS):
        attempt = solve(skeleton, draw_targets(style, seed, index, repetitions).every(_STEP_OF_ATTEMPTS))
        if _is_natural(attempt):
            break
        style = _easier(style, attempt)
    else:
        logger.warning("style %d of seed %d stays at its joints' limits", index, seed)
    solution = solve(skeleton, draw_targets(style, seed, index, repetitions))
    generator = np.random.default_rng([seed, index, 3])
    position = np.array([generator.uniform(-0.5, 1.0), 0.0, generator.uniform(-0.7, 0.7)])
    placement = Placement(position, np.array(4.0 * generator.standard_normal()))
    coordinates = placement.restore(solution.coordinates)
    return Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates), style


def _is_natural(solution: Solution) -> bool:
    return (
        np.abs(solution.knee_error_deg).max() < _KNEE_ERROR_DEG
        and solution.limit_error_deg.max() < _LIMIT_ERROR_DEG
        and solution.foot_error_m.max() < _FOOT_ERROR_M
        and np.abs(solution.coordinates[:, COORDINATE_INDEX["pelvis_list"]]).max() < _LIST_DEG
    )


def _easier(style: Style, solution: Solution) -> Style:
    """The same style, less deep by what the knees lacked, and somewhat less of everything that strains the hips.

    Where only the ankles are at their end the trunk leans further instead, as people with stiff ankles do.
    """
    short = min(10.0, max(2.0, float(np.abs(solution.knee_error_deg).max())))
    stiff_ankles = solution.coordinates[:, _ANKLES].max() > LIMITS_DEG["ankle_angle"][1]
    stiff_hips = solution.coordinates[:, _HIPS].max() > LIMITS_DEG["hip_flexion"][1]
    more_lean, share_of_lean = 0.0, 1.0 if stiff_ankles else 0.9
    if stiff_ankles and not stiff_hips:
        more_lean, short = 5.0, 0.6 * short
    calm = lambda excursion: replace(excursion, change=0.88 * excursion.change)  # noqa: E731
    leaning = dict(style.coordinates)
    for name in ("pelvis_tilt", "lumbar_extension"):
        excursion = leaning[name]
        leaning[name] = replace(excursion, change=share_of_lean * excursion.change - more_lean)
    stance = replace(
        style.stance,
        width_m=0.95 * style.stance.width_m,
        toe_out_deg=tuple(0.85 * angle for angle in style.stance.toe_out_deg),
        roll_deg=tuple(0.8 * angle for angle in style.stance.roll_deg),
    )
    return replace(
        style,
        knee=replace(style.knee, change=style.knee.change - short),
        lateral=calm(style.lateral),
        knee_difference=calm(style.knee_difference),
        coordinates=leaning,
        stance=stance,
    )
