"""What is prescribed of a squat on planted feet before inverse kinematics finds the legs."""

from dataclasses import dataclass, replace

import numpy as np

FEET = ("r", "l")  # right first, as a model's contact points are ordered


@dataclass(frozen=True)
class Stance:
    """Feet on the floor: heel distance and fore-aft offset in metres; turns of the right and left foot in degrees.

    toe_out_deg, roll_deg (onto the outer edge), pitch_deg (toes up) are of standing; roll_change_deg, pitch_change_deg
    and yaw_change_deg come and go with depth; heel_lift_deg: the heels rise by so much at the bottom.
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
class SquatTargets:
    """What inverse kinematics must meet, frame by frame at 60 Hz, the person facing +x with the feet about the origin.

    coordinates: name -> (T,) degrees, prescribed. knee_mean, knee_difference (T,) degrees, the latter kept to
    about knee_difference_sd; lateral (T,) metres;
    balance (T,), 0 heel to 1 ball. foot_yaw, foot_roll, foot_pitch, heel_lift: (T, 2) degrees, right foot first.
    depth: (T,) 0 standing to 1 bottom. stance: the feet's places.
    """

    coordinates: dict[str, np.ndarray]
    knee_mean: np.ndarray
    knee_difference: np.ndarray
    knee_difference_sd: float
    lateral: np.ndarray
    balance: np.ndarray
    foot_yaw: np.ndarray
    foot_roll: np.ndarray
    foot_pitch: np.ndarray
    heel_lift: np.ndarray
    depth: np.ndarray
    stance: Stance

    def every(self, step: int) -> "SquatTargets":
        """The same trial at every `step`-th frame."""
        thin = {k: v[::step] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, coordinates={k: v[::step] for k, v in self.coordinates.items()}, **thin)
