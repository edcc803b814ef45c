"""From motions and a person's model to what a renderer draws."""

import logging
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator, make_interp_spline

from dataset.errors import InputError
from dataset.io.mot import Motion
from dataset.opensim.bone_meshes import BoneMesh, read_bone_meshes
from dataset.opensim.model_reader import load_skeleton
from dataset.opensim.muscle_lines import read_muscle_points
from dataset.windows.placement import place
from dataset.windows.resample import resample
from dataset.windows.segmentation import segment_repetitions
from models.conventions import MUSCLES, ROTATION_INDICES
from utils.rendering.actor import Actor, Bones, MuscleLines, Surface

logger = logging.getLogger("bige")

# A muscle is drawn as thick as its strength says: the cross-section grows with the maximal isometric force.
_RADIUS_M_PER_ROOT_NEWTON = 1.3e-4
_THINNEST_M = 0.0025
_HEAD_OF_TRUNK = 0.55  # how far the head is above the shoulders, as a share of the trunk below them
_UNDRAWN = ("patella",)  # bodies that no stick passes through


@dataclass(frozen=True)
class Person:
    """A model, read once for all of its motions."""

    model_path: Path

    @cached_property
    def skeleton(self):
        """The subject's skeleton, float32."""
        return load_skeleton(self.model_path)

    @cached_property
    def meshes(self) -> tuple[BoneMesh, ...]:
        """The bones, or what stands in for them."""
        return read_bone_meshes(self.model_path, self.skeleton.description)

    @cached_property
    def links(self) -> np.ndarray:
        """Pairs (L, 2) of `sticks` that a stick figure joins: each body's joint and its parent's, hips, neck, head."""
        names, joints = self.skeleton.joint_names, self.skeleton.description.joints
        drawn = [j for j in joints if j.parent > 0 and not self.skeleton.body_names[j.child].startswith(_UNDRAWN)]
        neck, head = len(names), len(names) + 1
        extra = [
            (names.index(a), names.index(b)) for a, b in (("hip_l", "hip_r"), ("hip_l", "back"), ("hip_r", "back"))
        ]
        shoulders = [(names.index(f"acromial_{side}"), neck) for side in "lr"]
        through = [(j.parent, j.child) for j in drawn if not names[j.child].startswith("acromial")]
        return np.array([*through, *extra, *shoulders, (names.index("back"), neck), (neck, head)])

    def sticks(self, joints: np.ndarray) -> np.ndarray:
        """Joint centres (T, J, 3), and after them the middle of the shoulders and the head, in line with the back."""
        names = self.skeleton.joint_names
        neck = joints[:, [names.index(f"acromial_{side}") for side in "lr"]].mean(1)
        back = joints[:, names.index("back")]
        head = neck + _HEAD_OF_TRUNK * (neck - back)
        return np.concatenate([joints, neck[:, None], head[:, None]], axis=1)


@dataclass(frozen=True)
class Shot:
    """A motion as it is filmed: `motion` at the video's rate, of which the phases were found at its own rate.

    repetition, cycle, rising: (T,) as in `Actor`. half_cycle: the single frame at half of the first repetition, at half
    of the motion where it has none.
    """

    motion: Motion
    repetition: np.ndarray
    cycle: np.ndarray
    rising: np.ndarray
    half_cycle: Motion


def prepare_motion(motion: Motion, rate_hz: float, repetition: int | None = None) -> Shot:
    """The motion seen at `rate_hz`, standing at the origin and facing +x as it begins; its height is left alone.

    repetition: keep only this squat repetition, 1 for the first.
    Raises InputError where the motion has no such repetition, and where it has gaps or fewer than four frames.
    """
    motion = resample(motion, motion.rate_hz)  # evenly sampled
    found = segment_repetitions(motion)
    if repetition is not None:
        if not 1 <= repetition <= len(found):
            raise InputError(
                f"{motion.source or 'the motion'}: has {len(found)} squat repetition(s), so no repetition {repetition}"
            )
        start, end = found[repetition - 1].start_frame, found[repetition - 1].end_frame
        motion = motion.cut(start, end)
        found = [
            replace(
                found[repetition - 1],
                start_frame=0,
                end_frame=end - start,
                bottom_frame=found[repetition - 1].bottom_frame - start,
            )
        ]
    motion = replace(motion, coordinates=place(motion.coordinates)[0])

    start, end = (found[0].start_frame, found[0].end_frame - 1) if found else (0, len(motion) - 1)
    half = (start + end) // 2
    times = np.arange(int((motion.time_s[-1] - motion.time_s[0]) * rate_hz + 1e-6) + 1) / rate_hz + motion.time_s[0]
    order, cycle, rising = np.zeros(len(times), int), np.full(len(times), np.nan), np.zeros(len(times), bool)
    for k, one in enumerate(found, 1):
        first, bottom, last = motion.time_s[[one.start_frame, one.bottom_frame, one.end_frame - 1]]
        inside = (times >= first) & (times <= last)
        order[inside] = k if repetition is None else repetition
        cycle[inside] = (times[inside] - first) / (last - first)
        rising |= inside & (times > bottom)
    return Shot(_at(motion, times), order, cycle, rising, motion.cut(half, half + 1))


def _at(motion: Motion, times: np.ndarray) -> Motion:
    """The motion at other times, interpolated and not filtered: a slower film does not smooth what it films."""
    spline = partial(make_interp_spline, motion.time_s, k=min(3, len(motion) - 1))
    activations = motion.activations
    if activations is not None:
        activations = PchipInterpolator(motion.time_s, activations)(times).clip(0, 1)
    extra = {name: spline(values)(times) for name, values in motion.extra.items()}
    coordinates = motion.coordinates.copy()
    coordinates[:, ROTATION_INDICES] = np.unwrap(coordinates[:, ROTATION_INDICES], axis=0, period=360.0)
    return Motion(times, spline(coordinates)(times), activations, extra, motion.source)


def make_actor(
    shot: Shot, person: Person, label: str, *, surface: Surface | None = None, muscles: bool = True
) -> Actor:
    """What is drawn of a motion (see `prepare_motion`): bones, or `surface` (T frames as well) in their place.

    Muscles are drawn where the motion has activations, `muscles` is not False, and no surface hides them.
    """
    import torch

    motion = shot.motion
    skeleton = person.skeleton
    with torch.no_grad():
        frames = torch.as_tensor(motion.coordinates, dtype=torch.float32)
        rotations, origins = (value.numpy() for value in skeleton.bodies(frames, motion.extra))
        joints = skeleton.joint_centres(frames, motion.extra).numpy()
        half = torch.as_tensor(shot.half_cycle.coordinates, dtype=torch.float32)
        half_joints = skeleton.joint_centres(half, shot.half_cycle.extra)[0].numpy()
    hips = [skeleton.joint_names.index(f"hip_{side}") for side in "lr"]
    actor = Actor(
        label=label,
        time_s=motion.time_s,
        body=surface or Bones(person.meshes, rotations, origins),
        hips_m=joints[:, hips].mean(1),
        joints=person.sticks(joints),
        links=person.links,
        repetition=shot.repetition,
        cycle=shot.cycle,
        rising=shot.rising,
        half_cycle_hips_m=half_joints[hips].mean(0),
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
