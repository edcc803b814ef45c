"""From motions and a person's model to what a renderer draws."""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from dataset.bone_meshes import BoneMesh, read_bone_meshes
from dataset.coordinates import MUSCLES
from dataset.errors import InputError
from dataset.motion_file import Motion
from dataset.muscle_lines import read_muscle_points
from dataset.osim_model import load_skeleton
from dataset.placement import place
from dataset.resample import resample
from dataset.segmentation import segment_repetitions
from utils.rendering.actor import Actor, Bones, MuscleLines, Surface

logger = logging.getLogger("bige")

# A muscle is drawn as thick as its strength says: the cross-section grows with the maximal isometric force.
_RADIUS_M_PER_ROOT_NEWTON = 1.3e-4
_THINNEST_M = 0.0025
_UNDRAWN = ("patella",)  # bodies that no stick passes through


@dataclass(frozen=True)
class Person:
    """A model, read once for all of its motions."""

    model_path: Path

    @cached_property
    def skeleton(self):
        """The `models.skeleton.Skeleton`, float32."""
        return load_skeleton(self.model_path)

    @cached_property
    def meshes(self) -> tuple[BoneMesh, ...]:
        """The bones, or what stands in for them."""
        return read_bone_meshes(self.model_path, self.skeleton.description)

    @cached_property
    def links(self) -> np.ndarray:
        """Pairs (L, 2) of joints that a stick figure joins: each body's joint and its parent's."""
        joints = self.skeleton.description.joints
        drawn = [j for j in joints if j.parent >= 0 and not self.skeleton.body_names[j.child].startswith(_UNDRAWN)]
        return np.array([(joint.parent, joint.child) for joint in drawn])


def prepare_motion(motion: Motion, rate_hz: float, repetition: int | None = None) -> Motion:
    """The motion at `rate_hz`, standing at the origin and facing +x as it begins; its height is left alone.

    repetition: keep only this squat repetition, 1 for the first.
    Raises InputError where the motion has no such repetition, and as `resample` does.
    """
    if repetition is not None:
        found = segment_repetitions(motion)
        if not 1 <= repetition <= len(found):
            raise InputError(
                f"{motion.source or 'the motion'}: has {len(found)} squat repetition(s), so no repetition {repetition}"
            )
        motion = motion.cut(found[repetition - 1].start_frame, found[repetition - 1].end_frame)
    motion = resample(motion, rate_hz)
    return replace(motion, coordinates=place(motion.coordinates)[0])


def make_actor(
    motion: Motion, person: Person, label: str, *, surface: Surface | None = None, muscles: bool = True
) -> Actor:
    """What is drawn of a motion (see `prepare_motion`): bones, or `surface` (T frames as well) in their place.

    Muscles are drawn where the motion has activations, `muscles` is not False, and no surface hides them.
    """
    import torch

    skeleton = person.skeleton
    with torch.no_grad():
        frames = torch.as_tensor(motion.coordinates, dtype=torch.float32)
        rotations, origins = (value.numpy() for value in skeleton.bodies(frames, motion.extra))
        joints = skeleton.joint_centres(frames, motion.extra).numpy()
    hips = [skeleton.joint_names.index(f"hip_{side}") for side in "lr"]
    repetition, cycle, rising = _phases(motion)
    actor = Actor(
        label=label,
        time_s=motion.time_s,
        body=surface or Bones(person.meshes, rotations, origins),
        hips_m=joints[:, hips].mean(1),
        joints=joints,
        links=person.links,
        repetition=repetition,
        cycle=cycle,
        rising=rising,
    )
    if not muscles or surface is not None or motion.activations is None:
        return actor
    points = read_muscle_points(person.model_path, motion.coordinates, skeleton.body_names)
    if points is None:
        return actor
    lines = MuscleLines(
        points=points.in_ground(rotations, origins),
        counts=points.counts,
        activations=motion.activations[:, [MUSCLES.index(name) for name in points.names]],
        radius_m=np.maximum(_RADIUS_M_PER_ROOT_NEWTON * np.sqrt(points.strength_n), _THINNEST_M),
    )
    return replace(actor, muscles=lines)


def _phases(motion: Motion) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(repetition, cycle, rising) of each frame, see `Actor`."""
    repetition = np.zeros(len(motion), int)
    cycle, rising = np.full(len(motion), np.nan), np.zeros(len(motion), bool)
    found = segment_repetitions(motion)
    for k, r in enumerate(found, 1):
        repetition[r.start_frame : r.end_frame] = k
        cycle[r.start_frame : r.end_frame] = np.linspace(0, 1, r.end_frame - r.start_frame)
        rising[r.bottom_frame : r.end_frame] = True
    return repetition, cycle, rising
