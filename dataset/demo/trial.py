"""One trial of a synthetic person: a style, its targets, inverse kinematics, and less depth where joints end first."""

from dataclasses import replace

import numpy as np

from dataset.demo.squat import Style, draw_style, draw_targets
from dataset.io.mot import Motion
from dataset.windows.placement import Placement
from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ
from models.skeleton.planted_feet import LIMITS_DEG, Solution, solve

_ATTEMPTS, _STEP_OF_ATTEMPTS = 8, 6
_DRAWS, _OTHER_POPULATION = 6, 1_000_003
_DEEPEST_LEAN_DEG = -46.0
_HIPS = [COORDINATE_INDEX[f"hip_flexion_{side}"] for side in "lr"]
_ANKLES = [COORDINATE_INDEX[f"ankle_angle_{side}"] for side in "lr"]
_KNEE_ERROR_DEG, _LIMIT_ERROR_DEG, _FOOT_ERROR_M, _LIST_DEG = 1.5, 0.8, 5e-4, 8.0


def make_trial(skeleton, seed: int, index: int, repetitions: int) -> tuple[Motion, Style]:
    """Trial `index` of the population `seed`, performed on `skeleton` (float64), at 60 Hz.

    Where the knees cannot bend as asked because another joint is at its end, the person squats less deep and stands
    less wide, turned and shifted. Returns the motion, standing anywhere in the laboratory on the floor y = 0, and the
    style that was performed. Raises RuntimeError where no style can be.
    """
    for draw in range(_DRAWS):
        # A style that no attempt makes natural is drawn again from another population.
        population = seed + _OTHER_POPULATION * draw
        style = draw_style(population, index, skeleton.leg_length_m)
        for _ in range(_ATTEMPTS):
            targets = draw_targets(style, population, index, repetitions)
            attempt = solve(skeleton, targets.every(_STEP_OF_ATTEMPTS))
            if _is_natural(attempt):
                return _somewhere(solve(skeleton, targets).coordinates, seed, index), style
            style = _easier(style, attempt)
    raise RuntimeError(f"none of {_DRAWS} styles drawn for trial {index} of seed {seed} can be performed")


def _somewhere(coordinates: np.ndarray, seed: int, index: int) -> Motion:
    """The trial in the laboratory: standing and facing anywhere about its middle."""
    generator = np.random.default_rng([seed, index, 3])
    position = np.array([generator.uniform(-0.5, 1.0), 0.0, generator.uniform(-0.7, 0.7)])
    placement = Placement(position, np.array(4.0 * generator.standard_normal()))
    return Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, placement.restore(coordinates))


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
        change = max(share_of_lean * excursion.change - more_lean, min(excursion.change, _DEEPEST_LEAN_DEG))
        leaning[name] = replace(excursion, change=change)
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
