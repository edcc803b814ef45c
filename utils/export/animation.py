"""Conversion of a skeleton's motion to a hierarchy of bones, as animation programs use it."""

import numpy as np
import torch

from dataset.io.bvh import Bone
from dataset.io.motion import Motion
from models.conventions import COORDINATES
from models.skeleton.forward_kinematics import OpenSimSkeleton


def rest_bones(skeleton: OpenSimSkeleton, unit_per_m: float = 1.0) -> list[Bone]:
    """The bones of a skeleton in the neutral pose, in which every coordinate is zero: one for each body, parents first.

    A bone without children ends at twice the distance of its mass centre. Bones whose joint centre depends on a
    coordinate (the pelvis, a knee that slides, the patella) are marked as moving.

    Args:
        skeleton: the subject's skeleton.
        unit_per_m: 1 for lengths in metres, 100 for centimetres.
    """
    description = skeleton.description
    rotations, origins, centres = _neutral_pose(skeleton)
    bones = []
    for index, (name, joint) in enumerate(zip(description.own_body_names, description.joints, strict=True)):
        offset = centres[index] - centres[joint.parent] if joint.parent >= 0 else np.zeros(3)
        mass_centre = origins[index] + rotations[index] @ description.mass_centres[index]
        tip = 2.0 * (mass_centre - centres[index])
        moves = any(not function.is_constant for function in joint.functions[3:])
        bones.append(Bone(name, joint.parent, offset * unit_per_m, tip * unit_per_m, moves))
    return bones


def animate(skeleton: OpenSimSkeleton, motion: Motion, unit_per_m: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the joints and rotations of the bones, each relative to the parent bone.

    The axes of a bone are those of the ground in the neutral pose, whatever the axes of its body are.

    Args:
        skeleton: the subject's skeleton.
        motion: the motion, T frames.
        unit_per_m: 1 for lengths in metres, 100 for centimetres.

    Returns:
        Joint positions (T, B, 3) and rotations (T, B, 3, 3); those of the root are in the ground frame.
    """
    neutral, _, _ = _neutral_pose(skeleton)
    rotations, _ = body_frames(skeleton, motion)
    extra = {name: torch.as_tensor(values) for name, values in motion.extra.items()}
    with torch.no_grad():
        centres = skeleton.joint_centres(torch.as_tensor(motion.coordinates), extra).double().numpy()
    bones = rotations @ neutral.swapaxes(-1, -2)  # (T, B, 3, 3)
    parents = [joint.parent for joint in skeleton.description.joints]
    of_parent = np.stack([bones[:, p] if p >= 0 else np.broadcast_to(np.eye(3), bones[:, 0].shape) for p in parents], 1)
    start = np.stack([centres[:, p] if p >= 0 else np.zeros_like(centres[:, 0]) for p in parents], 1)
    into_parent = of_parent.swapaxes(-1, -2)
    return np.einsum("tbij,tbj->tbi", into_parent, centres - start) * unit_per_m, into_parent @ bones


def body_frames(skeleton: OpenSimSkeleton, motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (T, B, 3, 3) and origins (T, B, 3), in metres, of the bodies in the ground frame."""
    extra = {name: torch.as_tensor(values) for name, values in motion.extra.items()}
    with torch.no_grad():
        rotations, origins = skeleton.bodies(torch.as_tensor(motion.coordinates), extra)
    return rotations.double().numpy(), origins.double().numpy()


def _neutral_pose(skeleton: OpenSimSkeleton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations (B, 3, 3), origins (B, 3) and joint centres (B, 3) with every coordinate at zero."""
    coordinates = torch.zeros(1, len(COORDINATES))
    with torch.no_grad():
        rotations, origins = skeleton.bodies(coordinates)
        centres = skeleton.joint_centres(coordinates)
    return rotations[0].double().numpy(), origins[0].double().numpy(), centres[0].double().numpy()
