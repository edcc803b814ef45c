"""Removal of a motion's position and heading before a network gets it, and their exact restoration.

OpenSim's `ground_pelvis` joint rotates the pelvis by R = Rz(tilt) Rx(list) Ry(rotation), body-fixed, y up. With another
heading the rotation is Ry(heading) R, which changes all three angles and not `pelvis_rotation` alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from models.conventions import COORDINATE_INDEX

_ANGLES = [COORDINATE_INDEX[name] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
_POSITION = [COORDINATE_INDEX[name] for name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")]
_ROTATION = COORDINATE_INDEX["pelvis_rotation"]
_LEAST_HORIZONTAL = 0.5  # horizontal part of the pelvis's forward axis from which it gives the heading


@dataclass(frozen=True)
class Placement:
    """Position and heading that `place` removed from a motion.

    Attributes:
        position_m: (..., 3), the position of the canonical origin in the ground frame; its height is the floor's.
        heading_deg: (...), the heading about the vertical. Multiples of 360 degrees are kept, so that restoring gives
            the same angles.
    """

    position_m: np.ndarray
    heading_deg: np.ndarray

    def restore(self, coordinates: np.ndarray) -> np.ndarray:
        """Restore the position and heading of placed coordinates (..., T, 33), degrees and metres."""
        restored = _rotate_heading(coordinates, self.heading_deg)
        restored[..., _POSITION] += self.position_m[..., None, :]
        return restored


def place(coordinates: np.ndarray, floor_m: float | np.ndarray = 0.0) -> tuple[np.ndarray, Placement]:
    """Place a motion at the origin, facing +x, on the floor y = 0.

    The motion is moved as a rigid whole, such that at frame 0 pelvis_tx = pelvis_tz = 0 and the pelvis's forward axis
    has no z component. Where the pelvis faces the floor or the ceiling, as in a push-up, its transverse axis has no x
    component instead.

    Args:
        coordinates: (..., T, 33), degrees and metres, canonical order.
        floor_m: height of the floor in the recording's ground frame, metres.

    Returns:
        The placed coordinates, and the `Placement` that undoes it.
    """
    coordinates = np.asarray(coordinates, dtype=float)
    first = coordinates[..., 0, :]
    forward, right = (_rotation(first).apply(axis).reshape(*first.shape[:-1], 3) for axis in ([1, 0, 0], [0, 0, 1]))
    lying = np.hypot(forward[..., 0], forward[..., 2])[..., None] < _LEAST_HORIZONTAL
    forward = np.where(lying, np.cross([0.0, 1.0, 0.0], right), forward)
    heading_deg = np.degrees(np.arctan2(-forward[..., 2], forward[..., 0]))
    position_m = first[..., _POSITION].copy()
    position_m[..., 1] = floor_m

    moved = coordinates.copy()
    moved[..., _POSITION] -= position_m[..., None, :]
    placed = _rotate_heading(moved, -heading_deg)
    whole_turns = np.round(placed[..., 0, _ROTATION] / 360.0)
    placed[..., _ROTATION] -= 360.0 * whole_turns[..., None]
    return placed, Placement(position_m, heading_deg + 360.0 * whole_turns)


def _rotation(coordinates: np.ndarray) -> Rotation:
    """Rotations of the pelvis to the ground frame for coordinates (..., 33), as one flat stack."""
    return Rotation.from_euler("ZXY", coordinates[..., _ANGLES].reshape(-1, 3), degrees=True)


def _rotate_heading(coordinates: np.ndarray, heading_deg: np.ndarray) -> np.ndarray:
    """Coordinates (..., T, 33) of a motion, rotated by heading_deg (...) about the vertical through the origin."""
    frames = coordinates.shape[-2]
    heading = np.broadcast_to(heading_deg, coordinates.shape[:-2])[..., None]
    rotation = Rotation.from_euler("Y", np.repeat(heading, frames, axis=-1).reshape(-1, 1), degrees=True)
    angles = (rotation * _rotation(coordinates)).as_euler("ZXY", degrees=True).reshape(*coordinates.shape[:-1], 3)
    angles = np.unwrap(angles, axis=-2, period=360.0)
    # Of the angles that differ by 360 degrees, those nearest to the old ones plus the heading.
    expected = coordinates[..., :1, _ROTATION] + heading
    angles[..., 2] += 360.0 * np.round((expected - angles[..., :1, 2]) / 360.0)

    rotated = coordinates.copy()
    rotated[..., _ANGLES] = angles
    position = coordinates[..., _POSITION]
    rotated[..., _POSITION] = rotation.apply(position.reshape(-1, 3)).reshape(position.shape)
    return rotated
