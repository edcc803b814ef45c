"""Prepare a motion for drawing on a subject's model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator, make_interp_spline

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.opensim.muscle_points import read_muscle_points
from dataset.windows.placement import place
from dataset.windows.resample import to_even
from dataset.windows.segmentation import Repetition, segment_repetitions
from models.conventions import MUSCLE_INDEX, ROTATION_INDICES, SIDES
from utils.rendering.actor import Actor, Bones, MuscleLines, Surface
from utils.rendering.subject_model import SubjectModel

# A muscle's drawn cross-section is proportional to its maximal isometric force.
_RADIUS_M_PER_ROOT_NEWTON = 1.3e-4
_LEAST_RADIUS_M = 0.0025


def make_actor(
    motion: Motion,
    subject: SubjectModel,
    label: str,
    rate_hz: float,
    *,
    repetition: int | None = None,
    surface_of: Callable[[Motion], Surface] | None = None,
    muscles: bool = True,
) -> Actor:
    """Prepare a motion for drawing on a subject's model at the frame rate of a video.

    The motion starts at the origin and faces +x; its height is kept. Repetitions are found at the motion's own rate.

    Args:
        motion: any rate.
        subject: the model.
        label: name that is written beside the motion.
        rate_hz: frame rate of the video.
        repetition: keep only this squat repetition, counted from 1.
        surface_of: makes the surface that is drawn in place of the bones, from the motion at `rate_hz`.
        muscles: draw muscles where the motion has activations and no surface hides them.

    Raises:
        InputError: the motion has no such repetition, has gaps, or has fewer than four frames.
    """
    motion = to_even(motion)
    found = segment_repetitions(motion)
    if repetition is not None:
        motion, found = _cut_repetition(motion, found, repetition)
    motion = replace(motion, coordinates=place(motion.coordinates)[0])
    phases = _find_phases(motion, found, rate_hz, first_number=repetition or 1)
    shown = _interpolate(motion, phases.time_s)

    skeleton = subject.skeleton
    with torch.no_grad():
        frames, extra = _as_tensors(shown)
        rotations, origins = (value.numpy() for value in skeleton.bodies(frames, extra))
        joints = skeleton.joint_centres(frames, extra).numpy()
        half_joints = skeleton.joint_centres(*_as_tensors(motion.cut(phases.half, phases.half + 1)))[0].numpy()
    hips = [skeleton.joint_names.index(f"hip_{side}") for side in SIDES]
    drawn = muscles and surface_of is None
    return Actor(
        label=label,
        motion=shown,
        body=surface_of(shown) if surface_of else Bones(subject.meshes, rotations, origins),
        hips_m=joints[:, hips].mean(1),
        joints=subject.stick_points(joints),
        links=subject.links,
        repetition=phases.repetition,
        cycle=phases.cycle,
        ascending=phases.ascending,
        half_cycle_hips_m=half_joints[hips].mean(0),
        muscles=_muscle_lines(shown, subject, rotations, origins) if drawn else None,
    )


@dataclass(frozen=True)
class _Phases:
    """Frames of the video and their phases, as in `Actor`; `half` is the motion's frame at half of the repetition."""

    time_s: np.ndarray
    repetition: np.ndarray
    cycle: np.ndarray
    ascending: np.ndarray
    half: int


def _cut_repetition(motion: Motion, found: list[Repetition], number: int) -> tuple[Motion, list[Repetition]]:
    """The part of the motion that is one repetition, and that repetition in its frames."""
    if not 1 <= number <= len(found):
        raise InputError(
            f"{motion.source or 'the motion'} has {len(found)} squat repetition(s), but repetition {number} was named"
        )
    one = found[number - 1]
    length, bottom = one.end_frame - one.start_frame, one.bottom_frame - one.start_frame
    return motion.cut(one.start_frame, one.end_frame), [Repetition.without_hold(0, length, bottom)]


def _find_phases(motion: Motion, repetitions: list[Repetition], rate_hz: float, first_number: int) -> _Phases:
    first = repetitions[0] if repetitions else Repetition.without_hold(0, len(motion), 0)
    duration_s = motion.time_s[-1] - motion.time_s[0]
    time_s = np.arange(int(duration_s * rate_hz + 1e-6) + 1) / rate_hz + motion.time_s[0]
    numbers, cycle = np.zeros(len(time_s), int), np.full(len(time_s), np.nan)
    ascending = np.zeros(len(time_s), bool)
    for number, one in enumerate(repetitions, first_number):
        start_s, bottom_s, end_s = motion.time_s[[one.start_frame, one.bottom_frame, one.end_frame - 1]]
        inside = (time_s >= start_s) & (time_s <= end_s)
        numbers[inside] = number
        cycle[inside] = (time_s[inside] - start_s) / (end_s - start_s)
        ascending |= inside & (time_s > bottom_s)
    return _Phases(time_s, numbers, cycle, ascending, half=(first.start_frame + first.end_frame - 1) // 2)


def _interpolate(motion: Motion, time_s: np.ndarray) -> Motion:
    """The motion at other times, without a filter: a lower frame rate must not smooth the motion."""
    spline = partial(make_interp_spline, motion.time_s, k=min(3, len(motion) - 1))
    activations = motion.activations
    if activations is not None:
        activations = PchipInterpolator(motion.time_s, activations)(time_s).clip(0, 1)
    extra = {name: spline(values)(time_s) for name, values in motion.extra.items()}
    coordinates = motion.coordinates.copy()
    coordinates[:, ROTATION_INDICES] = np.unwrap(coordinates[:, ROTATION_INDICES], axis=0, period=360.0)
    return Motion(time_s, spline(coordinates)(time_s), activations, extra, motion.source)


def _as_tensors(motion: Motion) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Coordinates (T, 33) float32, and the model's further coordinates (T,) by name."""
    extra = {name: torch.as_tensor(values) for name, values in motion.extra.items()}
    return torch.as_tensor(motion.coordinates, dtype=torch.float32), extra


def _muscle_lines(
    motion: Motion, subject: SubjectModel, rotations: np.ndarray, origins: np.ndarray
) -> MuscleLines | None:
    """The muscles of a motion; None where it has no activations or the model has none of the 80 muscles."""
    if motion.activations is None:
        return None
    points = read_muscle_points(subject.model_path, motion.coordinates, subject.skeleton.description.own_body_names)
    if points is None:
        return None
    return MuscleLines(
        points=points.in_ground(rotations, origins),
        counts=points.counts,
        activations=motion.activations[:, [MUSCLE_INDEX[name] for name in points.names]],
        radius_m=np.maximum(_RADIUS_M_PER_ROOT_NEWTON * np.sqrt(points.strength_n), _LEAST_RADIUS_M),
    )
