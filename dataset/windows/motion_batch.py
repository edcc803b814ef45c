"""Batches of windows as tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dataset.left_out import LeftOut
from dataset.windows.mirror import mirror_activations, mirror_motion
from models.conventions import FRAME_RATE_HZ, KNEE_INDICES


@dataclass(frozen=True)
class MotionBatch:
    """N windows of T frames, on one device.

    Attributes:
        motion: (N, T, 33) float32, degrees and metres, canonical order, placed.
        recorded: (N, T) bool, False where the window was extended beyond the recording.
        repetition: (N, T) bool, the repetition that the window starts with.
        standing: (N, T) bool, standing still after it, as recorded or made.
        subjects: N ids of the subjects.
        names: N names of the windows.
        models: N paths of the subjects' scaled models.
        activations: (N, T, 80) float32, 0 to 1, or None.
        labelled: (N, T) bool, the frames whose activations are known, or None.
        anthropometry: (N, 7) float32, see `ANTHROPOMETRIC_FEATURES`, or None.
        left_out: the files of the sessions that could not be used.
    """

    motion: Tensor
    recorded: Tensor
    repetition: Tensor
    standing: Tensor
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    models: tuple[str, ...]
    activations: Tensor | None = None
    labelled: Tensor | None = None
    anthropometry: Tensor | None = None
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.motion)

    def depth_and_duration(self) -> Tensor:
        """(N, 2) largest knee flexion in the repetition, degrees, and its duration, seconds."""
        flexion = self.motion[..., KNEE_INDICES].amax(-1).masked_fill(~self.repetition, -torch.inf)  # (N, T)
        return torch.stack([flexion.amax(1), self.repetition.sum(1) / FRAME_RATE_HZ], 1)

    def take(self, indices: Sequence[int] | Tensor) -> "MotionBatch":
        """The windows at these indices, in that order."""
        chosen = torch.as_tensor(indices, dtype=torch.long)
        rows = chosen.tolist()
        on_device = chosen.to(self.motion.device)
        return replace(
            self,
            motion=self.motion[on_device],
            recorded=self.recorded[on_device],
            repetition=self.repetition[on_device],
            standing=self.standing[on_device],
            subjects=tuple(self.subjects[i] for i in rows),
            names=tuple(self.names[i] for i in rows),
            models=tuple(self.models[i] for i in rows),
            activations=None if self.activations is None else self.activations[on_device],
            labelled=None if self.labelled is None else self.labelled[on_device],
            anthropometry=None if self.anthropometry is None else self.anthropometry[on_device],
        )

    def batches(self, size: int) -> "Iterator[MotionBatch]":
        """The windows in their order, `size` of them at a time."""
        for chosen in torch.arange(len(self)).split(size):
            yield self.take(chosen)

    def with_mirrored(self) -> "MotionBatch":
        """These windows, followed by their mirror images, which are named `<name>_mirrored`."""
        both = self.take([*range(len(self)), *range(len(self))])
        return both.with_mirror_images_at(torch.arange(len(both)) >= len(self))

    def with_mirror_images_at(self, where: Tensor) -> "MotionBatch":
        """These windows, with mirror images, named `<name>_mirrored`, in place of those `where` (N,) is True."""
        chosen = where.to(self.motion.device).view(-1, 1, 1)
        activations = self.activations
        return replace(
            self,
            motion=torch.where(chosen, mirror_motion(self.motion), self.motion),
            names=tuple(f"{name}_mirrored" if m else name for name, m in zip(self.names, where.tolist(), strict=True)),
            activations=None
            if activations is None
            else torch.where(chosen, mirror_activations(activations), activations),
        )

    def to(self, device: torch.device | str) -> "MotionBatch":
        """The same windows on `device`."""
        return replace(
            self,
            motion=self.motion.to(device),
            recorded=self.recorded.to(device),
            repetition=self.repetition.to(device),
            standing=self.standing.to(device),
            activations=None if self.activations is None else self.activations.to(device),
            labelled=None if self.labelled is None else self.labelled.to(device),
            anthropometry=None if self.anthropometry is None else self.anthropometry.to(device),
        )
