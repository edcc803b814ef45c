"""Evidence that a flexion of both knees is a squat: the pelvis goes down and comes up, on feet that stay on the floor.

Only coordinates are needed. Heights of the feet come from the chain of pelvis, hip, knee and ankle with the segment
lengths of an average adult, of which a small or a tall one differs by about a tenth; the limits leave room for that.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ

# Metres. A leg of 0.84 m is that of a person of 1.75 m.
_HIP_APART, _HIP_BELOW, _THIGH, _SHANK = 0.08, 0.08, 0.42, 0.42
_HEEL, _TOE = (-0.05, -0.06, 0.0), (0.18, -0.06, 0.0)

_SHORTEST_S = 0.4  # the fastest squat jumps take this long from upright to upright
_LEAST_DESCENT_M = 0.02
_LEAST_OF_EXPECTED = 0.3  # least descent relative to that of straight legs that fold by the knees' flexion
_UPRIGHT_PELVIS = 0.5  # cosine of 60 degrees, the largest inclination of the pelvis in upright stance
_BENT_STANCE_DEG = 45.0  # mean of both knees; people who cannot straighten them stand with less
_FLIGHT_M = 0.10  # both feet higher than with near straight knees: more than heel raises and errors of length
_NEAR_STANCE_DEG = 15.0  # more than in upright stance, as at landing; errors of length grow with the flexion
_IN_THE_AIR_M = 0.05  # one foot above the other
_MOST_OF_THE_TIME = 0.1  # a quantile: nine tenths of the repetition


def refusal(motion: Motion, start: int, bottom: int, end: int) -> str | None:
    """Why a flexion of the knees is no squat on two feet, as the end of a sentence; None where it is one.

    Args:
        motion: the trial at 60 Hz.
        start: frame of upright stance before.
        bottom: frame of the deepest knee flexion.
        end: frame of upright stance after.
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
    stance = [float(np.mean([part.column(f"knee_angle_{side}")[frame] for side in "lr"])) for frame in (0, -1)]
    if max(stance) > _BENT_STANCE_DEG:
        when = "before" if stance[0] > stance[1] else "after"
        return f"the knees are flexed by {max(stance):.0f} degrees {when} it, which is not upright stance"
    pelvis_m = part.column("pelvis_ty")
    descent_m = float(min(pelvis_m[0], pelvis_m[-1]) - pelvis_m.min())
    flexion = max(float(np.ptp(part.column(f"knee_angle_{side}"))) for side in "lr")
    expected_m = (_THIGH + _SHANK) * (1 - np.cos(np.radians(min(flexion, 160.0) / 2)))
    needed_m = max(_LEAST_DESCENT_M, _LEAST_OF_EXPECTED * expected_m)
    if descent_m < needed_m:
        return (
            f"the knees flex by {flexion:.0f} degrees, but the pelvis descends by {100 * descent_m:.0f} cm only, where "
            f"at least {100 * needed_m:.0f} cm are expected"
        )
    feet_m = foot_heights(part)
    knees = np.mean([part.column(f"knee_angle_{side}") for side in "lr"], axis=0)
    return _one_foot(feet_m) or _flight(feet_m, knees < max(stance) + _NEAR_STANCE_DEG)


def foot_heights(motion: Motion) -> np.ndarray:
    """Approximate heights of the lowest points of the left and the right foot, (T, 2), metres in the ground frame."""
    pelvis = Rotation.from_euler("ZXY", _angles(motion, "pelvis_tilt", "pelvis_list", "pelvis_rotation"), degrees=True)
    heights = []
    for side, sign in (("l", -1.0), ("r", 1.0)):
        angles = _angles(motion, f"hip_flexion_{side}", f"hip_adduction_{side}", f"hip_rotation_{side}")
        thigh = pelvis * Rotation.from_euler("ZXY", angles * [1.0, sign, sign], degrees=True)
        shank = thigh * Rotation.from_euler("Z", -_angles(motion, f"knee_angle_{side}"), degrees=True)
        foot = shank * Rotation.from_euler("Z", _angles(motion, f"ankle_angle_{side}"), degrees=True)
        ankle = pelvis.apply([0.0, -_HIP_BELOW, sign * _HIP_APART])
        ankle = ankle + thigh.apply([0.0, -_THIGH, 0.0]) + shank.apply([0.0, -_SHANK, 0.0])
        lowest = np.minimum(foot.apply(_HEEL)[:, 1], foot.apply(_TOE)[:, 1])
        heights.append(motion.column("pelvis_ty") + ankle[:, 1] + lowest)
    return np.stack(heights, 1)


def _angles(motion: Motion, *names: str) -> np.ndarray:
    return np.stack([motion.column(name) for name in names], 1)


def _one_foot(feet_m: np.ndarray) -> str | None:
    difference_m = feet_m[:, 0] - feet_m[:, 1]
    for name, above_m in (("left", difference_m), ("right", -difference_m)):
        if np.quantile(above_m, _MOST_OF_THE_TIME) > _IN_THE_AIR_M:
            return (
                f"it is a single-leg squat, the {name} foot is about {100 * np.median(above_m):.0f} cm in the air; "
                "only squats on two feet are segmented and simulated"
            )
    return None


def _flight(feet_m: np.ndarray, near_stance: np.ndarray) -> str | None:
    """Beginning and end may be the tops of two flights, so the floor is where the feet are lowest in near stance."""
    lower_m = feet_m.min(1)
    rise_m = float(lower_m.max() - lower_m[near_stance].min())
    if rise_m > _FLIGHT_M:
        return f"both feet leave the floor by about {100 * rise_m:.0f} cm, as in a jump"
    return None
