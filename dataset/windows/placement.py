"""Where a motion stands and faces: taken out exactly before a model sees it, and put back exactly.

OpenSim's `ground_pelvis` joint turns the pelvis by R = Rz(tilt) Rx(list) Ry(rotation), body-fixed, y up. A person who
faces another way is Ry(heading) R, which changes all three angles and not `pelvis_rotation` alone.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from models.conventions import COORDINATE_INDEX

_ANGLES = [COORDINATE_INDEX[name] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]
_POSITION = [COORDINATE_INDEX[name] for name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")]
_TURNING = COORDINATE_INDEX["pelvis_rotation"]


@dataclass(frozen=True)
class Placement:
    """How a person stood before `place`: position_m (..., 3) of the canonical origin in the ground frame (its height is
    the floor's), heading_deg (...) about the vertical; whole turns are kept, so that restoring gives the same angles.
    """

    position_m: np.ndarray
    heading_deg: np.ndarray

    def restore(self, coordinates: np.ndarray) -> np.ndarray:
        """Canonically placed coordinates (..., T, 33), degrees and metres, back where and how the person stood."""
        restored = _turn(coordinates, self.heading_deg)
        restored[..., _POSITION] += self.position_m[..., None, :]
        return restored


def place(coordinates: np.ndarray, floor_m: float | np.ndarray = 0.0) -> tuple[np.ndarray, Placement]:
    """Stand a motion at the origin, facing +x, on the floor y = 0.

    coordinates: (..., T, 33), degrees and metres, canonical order. floor_m: height of the floor in the recording's
    ground frame. Returns the motion moved as a whole, so that at frame 0 pelvis_tx = pelvis_tz = 0 and the pelvis's
    forward axis has no z component, and the `Placement` that undoes it. Nothing relative changes.
    """
    coordinates = np.asarray(coordinates, dtype=float)
    first = coordinates[..., 0, :]
    forward = _rotation(first).apply([1.0, 0.0, 0.0]).reshape(*first.shape[:-1], 3)
    heading_deg = np.degrees(np.arctan2(-forward[..., 2], forward[..., 0]))
    position_m = first[..., _POSITION].copy()
    position_m[..., 1] = floor_m

    moved = coordinates.copy()
    moved[..., _POSITION] -= position_m[..., None, :]
    placed = _turn(moved, -heading_deg)
    whole_turns = np.round(placed[..., 0, _TURNING] / 360.0)
    placed[..., _TURNING] -= 360.0 * whole_turns[..., None]
    return placed, Placement(position_m, heading_deg + 360.0 * whole_turns)


def _rotation(coordinates: np.ndarray) -> Rotation:
    """The pelvis's rotation to the ground frame of (..., 33), flattened to one stack."""
    return Rotation.from_euler("ZXY", coordinates[..., _ANGLES].reshape(-1, 3), degrees=True)


def _turn(coordinates: np.ndarray, heading_deg: np.ndarray) -> np.ndarray:
    """Coordinates (..., T, 33) of the same motion turned by heading_deg (...) about the vertical through the origin."""
    frames = coordinates.shape[-2]
    heading = np.broadcast_to(heading_deg, coordinates.shape[:-2])[..., None]
    turn = Rotation.from_euler("Y", np.repeat(heading, frames, axis=-1).reshape(-1, 1), degrees=True)
    angles = (turn * _rotation(coordinates)).as_euler("ZXY", degrees=True).reshape(*coordinates.shape[:-1], 3)
    angles = np.unwrap(angles, axis=-2, period=360.0)
    # Of the angles a whole turn apart, the ones that a person who turned by `heading` passes through.
    expected = coordinates[..., :1, _TURNING] + heading
    angles[..., 2] += 360.0 * np.round((expected - angles[..., :1, 2]) / 360.0)

    turned = coordinates.copy()
    turned[..., _ANGLES] = angles
    position = coordinates[..., _POSITION]
    turned[..., _POSITION] = turn.apply(position.reshape(-1, 3)).reshape(position.shape)
    return turned
