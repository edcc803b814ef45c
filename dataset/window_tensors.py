"""All windows of a data set as tensors in memory: a few hundred windows train faster by indexing than by workers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dataset.mirror import mirror_activations, mirror_motion

PERSON_FEATURES = ("mass_kg", "leg_length_m")


@dataclass(frozen=True)
class WindowTensors:
    """N windows, on one device.

    motion: (N, T, 33) float32, degrees and metres, canonical order, placed. recorded: (N, T) bool, False where the
    window was extended beyond the recording. activations: (N, T, 80) float32 or None. person: (N, 2) float32, see
    PERSON_FEATURES, or None. subjects, names: N strings, whose window and which.
    """

    motion: Tensor
    recorded: Tensor
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    activations: Tensor | None = None
    person: Tensor | None = None

    def __len__(self) -> int:
        return len(self.motion)

    def take(self, indices: Sequence[int] | Tensor) -> "WindowTensors":
        """The windows at `indices`, in that order."""
        chosen = torch.as_tensor(indices, dtype=torch.long)
        rows = chosen.tolist()
        on_device = chosen.to(self.motion.device)
        return replace(
            self,
            motion=self.motion[on_device],
            recorded=self.recorded[on_device],
            subjects=tuple(self.subjects[i] for i in rows),
            names=tuple(self.names[i] for i in rows),
            activations=None if self.activations is None else self.activations[on_device],
            person=None if self.person is None else self.person[on_device],
        )

    def of_subjects(self, subjects: Sequence[str]) -> "WindowTensors":
        """The windows of these subjects."""
        wanted = set(subjects)
        return self.take([i for i, subject in enumerate(self.subjects) if subject in wanted])

    def with_mirrored(self) -> "WindowTensors":
        """These windows, and then their mirror images under the names `<name>_mirrored`."""
        return replace(
            self,
            motion=torch.cat([self.motion, mirror_motion(self.motion)]),
            recorded=torch.cat([self.recorded, self.recorded]),
            subjects=self.subjects * 2,
            names=self.names + tuple(f"{name}_mirrored" for name in self.names),
            activations=None
            if self.activations is None
            else torch.cat([self.activations, mirror_activations(self.activations)]),
            person=None if self.person is None else torch.cat([self.person, self.person]),
        )

    def to(self, device: torch.device | str) -> "WindowTensors":
        """The same windows on `device`."""
        moved = {
            name: None if value is None else value.to(device)
            for name, value in (
                ("motion", self.motion),
                ("recorded", self.recorded),
                ("activations", self.activations),
                ("person", self.person),
            )
        }
        return replace(self, **moved)
