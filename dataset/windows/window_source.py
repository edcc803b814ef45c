"""What trainings and evaluations need of a set of windows, whether it is in memory or on disk."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor

from dataset.windows.motion_batch import MotionBatch


class WindowSource(Protocol):
    """N windows of T frames: a `MotionBatch` in memory, or a `WindowStore` on disk."""

    @property
    def names(self) -> Sequence[str]:
        """N names of the windows."""

    @property
    def subjects(self) -> Sequence[str]:
        """N ids of the subjects."""

    def __len__(self) -> int:
        """N."""

    def depth_and_duration(self) -> Tensor:
        """(N, 2) largest knee flexion in the repetition, degrees, and its duration, seconds."""

    def take(self, chosen: Sequence[int] | Tensor) -> MotionBatch:
        """The windows at these indices, in that order."""

    def batches(self, size: int) -> Iterator[MotionBatch]:
        """All windows in their order, `size` of them at a time."""

    def with_mirrored(self) -> "WindowSource":
        """These windows, followed by their mirror images, which are named `<name>_mirrored`."""
