"""Evidence that a flexion of the knees is a squat: the pelvis goes down and comes up over feet that stay.

Of a squat on two feet both stay on the floor, side by side; of a single-leg squat one does, and the other is in the
air. Only coordinates are needed. Heights of the feet come from the chain of pelvis, hip, knee and ankle with the
segment lengths of an average adult, of which a small or a tall one differs by about a tenth; the limits leave room for
that.
"""

import numpy as np

from dataset.io.leg_orientation import LEG_M, ankle_positions, leg_orientation, pelvis_orientation
from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ, SIDES

# Metres.
_HEEL, _TOE = (-0.05, -0.06, 0.0), (0.18, -0.06, 0.0)

_SHORTEST_S = 0.4  # the fastest squat jumps take this long from upright to upright
_LEAST_DESCENT_M = 0.02
_LEAST_OF_EXPECTED = 0.3  # least descent relative to that of straight legs that fold by the knees' flexion
_UPRIGHT_PELVIS = 0.5  # cosine of 60 degrees, the largest inclination of the pelvis in upright stance
BENT_STANCE_DEG = 45.0  # mean of both knees; people who cannot straighten them stand with less
_FLIGHT_M = 0.10  # both feet higher than with near straight knees: more than heel raises and errors of length
_LEG_LENGTH = (0.7, 1.3)
_NEAR_STANCE_DEG = 15.0  # more than in upright stance, as at landing; errors of length grow with the flexion
_IN_THE_AIR_M = 0.05  # one foot above the other
_MOST_OF_THE_TIME = 0.2  # a quantile: four fifths of the repetition
_LUNGE_M = 0.4  # one foot before the other; half of the leg's length, and more than of any stance for squats
_REAR_FOOT_M = 0.6  # a foot so far behind the other in upright stance rests on something, as in a split squat


def refusal(motion: Motion, start: int, bottom: int, end: int, standing: tuple[str, ...] = SIDES) -> str | None:
    """Why a flexion of the knees is no squat, as the end of a sentence; None where it is one.

    Args:
        motion: the trial at 60 Hz.
        start: frame of upright stance before.
        bottom: frame of the deepest knee flexion.
        end: frame of upright stance after.
        standing: sides of the feet that carry the body, ("l", "r"), ("l",) or ("r",).
    """
    duration_s = (end - start) / FRAME_RATE_HZ
    if duration_s < _SHORTEST_S:
        return f"it lasts {duration_s:.2f} s; a squat takes at least {_SHORTEST_S:g} s"
    part = motion.cut(start, end + 1)
    tilt, sideways = np.radians(part.column("pelvis_tilt")), np.radians(part.column("pelvis_list"))
    upright = np.cos(tilt) * np.cos(sideways)
    if min(upright[0], upright[-1]) < _UPRIGHT_PELVIS:
        angle = np.degrees(np.arccos(np.clip(min(upright[0], upright[-1]), -1, 1)))
        return f"the body is not upright before and after it, the pelvis is inclined by {angle:.0f} degrees"
    knees = np.stack([part.column(f"knee_angle_{side}") for side in standing])
    stance = [float(knees[:, frame].mean()) for frame in (0, -1)]
    if max(stance) > BENT_STANCE_DEG:
        when = "before" if stance[0] > stance[1] else "after"
        return f"the knees are flexed by {max(stance):.0f} degrees {when} it, which is not upright stance"
    pelvis_m = part.column("pelvis_ty")
    descent_m = float(min(pelvis_m[0], pelvis_m[-1]) - pelvis_m.min())
    flexion = float(np.ptp(knees, axis=1).max())
    expected_m = LEG_M * (1 - np.cos(np.radians(min(flexion, 160.0) / 2)))
    needed_m = max(_LEAST_DESCENT_M, _LEAST_OF_EXPECTED * expected_m)
    if descent_m < needed_m:
        return (
            f"the knees flex by {flexion:.0f} degrees, but the pelvis descends by {100 * descent_m:.0f} cm only, where "
            f"at least {100 * needed_m:.0f} cm are expected"
        )
    ankles, feet_m = feet_of(part)
    near_stance = knees.mean(0) < max(stance) + _NEAR_STANCE_DEG
    carrying_m = feet_m[:, [SIDES.index(side) for side in standing]].min(1)
    lunge = _lunge(part, ankles, bottom - start, standing)
    return _wrong_feet(feet_m, standing) or lunge or _flight(pelvis_m, carrying_m, near_stance)


def feet_of(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Approximate positions of the ankles, and heights of the lowest points of the feet.

    Returns:
        (T, 2, 3) ankles, left and right, metres in the ground frame.
        (T, 2) heights of the left and the right foot, metres in the ground frame.
    """
    ankles = ankle_positions(motion.coordinates)
    heights = []
    for i, side in enumerate(SIDES):
        foot = leg_orientation(motion.coordinates, side).foot
        lowest = np.minimum(foot.apply(_HEEL)[:, 1], foot.apply(_TOE)[:, 1])
        heights.append(ankles[:, i, 1] + lowest)
    return ankles, np.stack(heights, 1)


def higher_foot_m(feet_m: np.ndarray, standing: str) -> np.ndarray:
    """How far the other foot is above the foot of side `standing`, (T,) metres; `feet_m` (T, 2) as of `feet_of`."""
    left_above_right_m = feet_m[:, 0] - feet_m[:, 1]
    return left_above_right_m if standing == "r" else -left_above_right_m


def in_the_air(feet_m: np.ndarray, standing: str) -> np.ndarray:
    """(T,) bool, whether the other foot is in the air while the foot of side `standing` carries the body."""
    return higher_foot_m(feet_m, standing) > _IN_THE_AIR_M


def _wrong_feet(feet_m: np.ndarray, standing: tuple[str, ...]) -> str | None:
    """Why the body is not carried by the feet of the sides `standing`, of feet (T, 2) at these heights."""
    for side in SIDES:
        above_m = higher_foot_m(feet_m, side)
        is_single = np.quantile(above_m, _MOST_OF_THE_TIME) > _IN_THE_AIR_M
        other = "left" if side == "r" else "right"
        if is_single and len(standing) == 2:
            return f"the {other} foot is about {100 * np.median(above_m):.0f} cm in the air"
        if standing == (side,) and not is_single:
            return f"the {other} foot is in the air for a part of it only, as in a step"
    return None


def _lunge(motion: Motion, ankles: np.ndarray, bottom: int, standing: tuple[str, ...]) -> str | None:
    """Why the feet with these ankles (T, 2, 3) are those of a lunge or of a split squat."""
    forward = pelvis_orientation(motion.coordinates).apply([1.0, 0.0, 0.0])[:, [0, 2]]
    left_before_m = ((ankles[:, 0] - ankles[:, 1])[:, [0, 2]] * forward).sum(1) / np.linalg.norm(forward, axis=1)
    if len(standing) == 2:
        apart_m, most_m = abs(left_before_m[bottom]), _LUNGE_M
    else:
        behind_m = left_before_m if standing == ("l",) else -left_before_m
        apart_m, most_m = behind_m[[0, -1]].max(), _REAR_FOOT_M
    if apart_m > most_m:
        return f"one foot is about {100 * apart_m:.0f} cm before the other, as in a lunge"
    return None


def _flight(pelvis_m: np.ndarray, carrying_m: np.ndarray, near_stance: np.ndarray) -> str | None:
    """Why the feet that carry the body do not stay, of the heights (T,) of the pelvis and of the lower one of them.

    The legs of a small person fold by less than those of an adult of average length, as if the feet rose. So their
    length is estimated first: while feet stay on the floor, the pelvis is as much lower as the legs are folded.
    Beginning and end may be the tops of two flights, so the floor is where the feet are lowest in near stance.
    """
    below_pelvis_m = pelvis_m - carrying_m
    length = np.polyfit(below_pelvis_m, pelvis_m, 1)[0].clip(*_LEG_LENGTH)  # relative to that of the average adult
    feet_m = pelvis_m - length * below_pelvis_m
    rise_m = float(feet_m.max() - feet_m[near_stance].min())
    if rise_m > _FLIGHT_M:
        return f"both feet leave the floor by about {100 * rise_m:.0f} cm, as in a jump"
    return None
