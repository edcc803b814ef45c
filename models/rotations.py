"""Rotation matrices: differentiable ones in torch, built on roma, and about named axes in numpy, built on scipy.

Matrices rotate column vectors: `rotated = matrix @ vector`. Angles are radians unless a name says otherwise. The axes
are OpenSim's: x forward, y up, z to the right. The rotations of a model's joints in every frame are evaluated together
in `models.skeleton.kinematic_tree`.
"""

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor


def about_axis(axis: str | np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """Rotation matrices about one axis, in numpy.

    Args:
        axis: `x`, `y` or `z`, or a unit vector (3,).
        angle: (...) radians.

    Returns:
        (..., 3, 3) float64.
    """
    unit = np.eye(3)["xyz".index(axis)] if isinstance(axis, str) else np.asarray(axis, dtype=float)
    angle = np.asarray(angle, dtype=float)
    return Rotation.from_rotvec(angle.reshape(-1, 1) * unit).as_matrix().reshape(*angle.shape, 3, 3)


def to_zxy_degrees(matrix: np.ndarray) -> np.ndarray:
    """Angles (N, 3) in degrees about z, then x, then y, body-fixed, of rotation matrices (N, 3, 3).

    This is the order of the pelvis (tilt, list, rotation) and of the lumbar joint (extension, bending, rotation).
    """
    return Rotation.from_matrix(matrix).as_euler("ZXY", degrees=True)


def from_zxy(z: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Rotations (..., 3, 3) about z, then x, then y, body-fixed: the order of pelvis, hips, lumbar joint and shoulders.

    In closed form, because the surrogate evaluates it in every step of guidance; roma would go through quaternions.

    Args:
        z: (...) radians.
        x: (...) radians.
        y: (...) radians.
    """
    cz, sz, cx, sx, cy, sy = z.cos(), z.sin(), x.cos(), x.sin(), y.cos(), y.sin()
    rows = (
        torch.stack((cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy), -1),
        torch.stack((sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy), -1),
        torch.stack((-cx * sy, sx, cx * cy), -1),
    )
    return torch.stack(rows, -2)


def about_z(angle: Tensor) -> Tensor:
    """Rotations (..., 3, 3) about z by `angle` (...) radians, in torch."""
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    return torch.stack((cosine, -sine, zero, sine, cosine, zero, zero, zero, one), -1).unflatten(-1, (3, 3))


def from_rotation_vector(vector: Tensor) -> Tensor:
    """Rotations (..., 3, 3) by |vector| radians about `vector` (..., 3): the exponential map, smooth at zero."""
    import roma  # here, because it imports torch's compiler, which takes a second that most scripts need not wait

    return roma.rotvec_to_rotmat(vector)


def between_directions(source: Tensor, target: Tensor) -> Tensor:
    """The smallest rotation (3, 3) from the direction of `source` (3,) to that of `target` (3,)."""
    source, target = source / source.norm(), target / target.norm()
    axis = torch.linalg.cross(source, target)
    sine = axis.norm()
    return from_rotation_vector(axis / sine.clamp_min(1e-12) * torch.atan2(sine, source @ target))


def interpolate(first: Tensor, second: Tensor, fraction: float) -> Tensor:
    """Spherical interpolation (..., 3, 3) between rotations `first` (fraction 0) and `second` (fraction 1)."""
    import roma

    return roma.rotmat_slerp(first, second, torch.tensor(fraction, dtype=first.dtype, device=first.device))


def relative_to_parents(rotations: Tensor, parents: list[int]) -> Tensor:
    """Rotations (T, J, 3, 3) in the ground frame to rotations relative to each joint's parent.

    Args:
        rotations: (T, J, 3, 3), ground frame.
        parents: index of each joint's parent; the first joint is the root and stays as it is.
    """
    return torch.cat([rotations[:, :1], rotations[:, parents[1:]].mT @ rotations[:, 1:]], 1)
