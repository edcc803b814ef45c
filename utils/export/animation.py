"""A person's skeleton as animation programs know one: bones that hang on each other and turn."""

from collections.abc import Sequence

import numpy as np
import torch

from dataset.io.bvh import Bone
from dataset.io.mot import Motion
from models.conventions import COORDINATES


def bones_of(skeleton, unit_per_m: float = 1.0) -> list[Bone]:
    """The skeleton's bones in the neutral pose (every coordinate zero), one a body, parents first.

    unit_per_m: 1 for metres, 100 for centimetres. A bone without children ends at twice its mass centre. Joints whose
    place depends on a coordinate (the pelvis, a walker knee, the patella) are marked as moving.
    """
    description = skeleton.description
    rotations, origins, centres = _placed(skeleton, torch.zeros(1, len(COORDINATES)))
    bones = []
    for index, (name, joint) in enumerate(zip(description.body_names, description.joints, strict=True)):
        offset = centres[0, index] - centres[0, joint.parent] if joint.parent >= 0 else np.zeros(3)
        mass_centre = origins[0, index] + rotations[0, index] @ description.mass_centres[index]
        tip = 2.0 * (mass_centre - centres[0, index])
        moves = any(not function.is_constant for function in joint.functions[3:])
        bones.append(Bone(name, joint.parent, offset * unit_per_m, tip * unit_per_m, moves))
    return bones


def animate(skeleton, motion: Motion, unit_per_m: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Each joint in its parent bone's axes (T, B, 3), and each bone's rotation relative to its parent (T, B, 3, 3).

    The root's are in the ground frame. A bone's axes are the ground's in the neutral pose, whatever its body's are.
    """
    neutral, _, _ = _placed(skeleton, torch.zeros(1, len(COORDINATES)))
    rotations, _, centres = _placed(skeleton, torch.as_tensor(motion.coordinates), motion.extra)
    bones = rotations @ neutral.swapaxes(-1, -2)  # (T, B, 3, 3)
    parents = [joint.parent for joint in skeleton.description.joints]
    above = np.stack([bones[:, p] if p >= 0 else np.broadcast_to(np.eye(3), bones[:, 0].shape) for p in parents], 1)
    start = np.stack([centres[:, p] if p >= 0 else np.zeros_like(centres[:, 0]) for p in parents], 1)
    back = above.swapaxes(-1, -2)
    return np.einsum("tbij,tbj->tbi", back, centres - start) * unit_per_m, back @ bones


def body_frames(skeleton, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, B, 3, 3) and origins (T, B, 3) of the bodies in the ground frame, metres."""
    rotations, origins, _ = _placed(skeleton, torch.as_tensor(motion.coordinates), motion.extra)
    return rotations, origins


def _placed(skeleton, coordinates: torch.Tensor, extra: dict | None = None) -> Sequence[np.ndarray]:
    """Rotations, body origins and joint centres in the ground frame, as float64 arrays, frames first."""
    with torch.no_grad():
        rotations, origins = skeleton.bodies(coordinates, extra)
        centres = skeleton.joint_centres(coordinates, extra)
    return tuple(value.double().numpy() for value in (rotations, origins, centres))
