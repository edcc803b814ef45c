"""Targets of a squat on planted feet, from which inverse kinematics finds the legs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Stance:
    """Positions and angles of the feet; pairs are of the right and the left foot.

    Attributes:
        width_m: distance of the heels from side to side.
        stagger_m: distance of the heels from front to back.
        toe_out_deg: rotation of the toes outwards, when standing.
        roll_deg: rotation onto the outer edge, when standing.
        pitch_deg: rotation of the toes upwards, when standing.
        roll_change_deg: change of `roll_deg` from standing to the bottom of the squat.
        pitch_change_deg: change of `pitch_deg` from standing to the bottom of the squat.
        yaw_change_deg: change of the rotation about the vertical from standing to the bottom of the squat.
        heel_lift_deg: rotation by which the heels are lifted at the bottom of the squat.
    """

    width_m: float
    stagger_m: float
    toe_out_deg: tuple[float, float]
    roll_deg: tuple[float, float]
    pitch_deg: tuple[float, float]
    roll_change_deg: tuple[float, float]
    pitch_change_deg: tuple[float, float]
    yaw_change_deg: tuple[float, float]
    heel_lift_deg: tuple[float, float]


@dataclass(frozen=True)
class SwingFoot:
    """Path of a foot in the air, while the subject stands on the other one.

    Attributes:
        offset_m: (T, 3) position of the heel, from where it would stand; forward, up and right.
        preferred_deg: hip rotation, ankle and subtalar angle, by name, (T,) degrees.
    """

    offset_m: np.ndarray
    preferred_deg: dict[str, np.ndarray]

    def every(self, step: int) -> "SwingFoot":
        """The same path at every `step`-th frame."""
        return SwingFoot(self.offset_m[::step], {name: values[::step] for name, values in self.preferred_deg.items()})


@dataclass(frozen=True)
class SquatTargets:
    """Targets of inverse kinematics at 60 Hz, the subject facing +x with the feet about the origin.

    Attributes:
        coordinates: prescribed coordinates by name, (T,) degrees.
        knee_mean: (T,) mean flexion of both knees, on one foot that of its knee, degrees.
        knee_difference: (T,) left minus right knee flexion, degrees; not on one foot.
        knee_difference_sd: standard deviation with which `knee_difference` is met, degrees.
        lateral: (T,) position of the pelvis to the right, metres; on one foot its centre of mass is over the foot.
        balance: (T,) position of the centre of mass between the heels (0) and the balls of the planted feet (1).
        balance_shift_m: (T, 2) what is added to that position, forward and right. To the right on one foot only.
        foot_yaw: (T, 2) rotation of the right and left foot outwards beyond `Stance.toe_out_deg`, degrees.
        foot_roll: (T, 2) rotation onto the outer edge, degrees.
        foot_pitch: (T, 2) rotation of the toes upwards, degrees.
        heel_lift: (T, 2) rotation about the ball of the foot, degrees.
        depth: (T,) 0 standing to 1 at the bottom.
        stance: positions and angles of the feet.
        swing: path of the right and of the left foot in the air; None of a planted foot.
    """

    coordinates: dict[str, np.ndarray]
    knee_mean: np.ndarray
    knee_difference: np.ndarray
    knee_difference_sd: float
    lateral: np.ndarray
    balance: np.ndarray
    balance_shift_m: np.ndarray
    foot_yaw: np.ndarray
    foot_roll: np.ndarray
    foot_pitch: np.ndarray
    heel_lift: np.ndarray
    depth: np.ndarray
    stance: Stance
    swing: tuple[SwingFoot | None, SwingFoot | None] = (None, None)

    def every(self, step: int) -> "SquatTargets":
        """The same trial at every `step`-th frame."""
        arrays: dict[str, Any] = {k: v[::step] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        coordinates = {name: values[::step] for name, values in self.coordinates.items()}
        right, left = (swing and swing.every(step) for swing in self.swing)
        return replace(self, coordinates=coordinates, swing=(right, left), **arrays)
