"""Drawing of training batches: which windows, and which sections of them.

In distributed training every process draws the random numbers of the whole batch and applies those of its share, so
that all processes together train on the batch on which one process would train.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dataset.windows.window_source import WindowSource

# Edges of the kinds of repetitions that are drawn equally often: shallow, ordinary and deep; quick, ordinary and slow.
_DEPTH_EDGES_DEG = (85.0, 110.0)
_DURATION_EDGES_S = (1.6, 3.2)
# Share of all windows: a rarer kind is drawn as if it were this common, so that it is not learned by heart.
_LEAST_SHARE = 0.03
_STANDING_FRAMES = 60  # after the repetition that a section may reach into


@dataclass(frozen=True)
class BatchShare:
    """The part of a batch of which a process computes the losses.

    Attributes:
        size: samples of the whole batch.
        start: the first sample of the part.
        stop: the sample after the last one.
    """

    size: int
    start: int
    stop: int

    @classmethod
    def whole(cls, size: int) -> "BatchShare":
        """All of a batch."""
        return cls(size, 0, size)

    @classmethod
    def of_process(cls, size: int, rank: int, processes: int) -> "BatchShare":
        """The part of process `rank`; parts follow each other, and differ in length by one sample at most."""
        return cls(size, rank * size // processes, (rank + 1) * size // processes)

    def of(self, drawn: Tensor) -> Tensor:
        """This part of what has been drawn for every sample (size, ...)."""
        return drawn[self.start : self.stop]


def balanced_probability(windows: WindowSource) -> Tensor:
    """Probability (N,) of each window, with which every depth and tempo of a repetition is drawn equally often."""
    depth_deg, duration_s = windows.depth_and_duration().T.contiguous()
    depth = torch.bucketize(depth_deg, torch.tensor(_DEPTH_EDGES_DEG))
    kind = depth * (len(_DURATION_EDGES_S) + 1) + torch.bucketize(duration_s, torch.tensor(_DURATION_EDGES_S))
    share = torch.bincount(kind) / len(kind)
    probability = 1 / share[kind].clamp_min(_LEAST_SHARE)
    return probability / probability.sum()


def random_sections(
    motion: Tensor, weight: Tensor, repetition: Tensor, frames: int, share: BatchShare | None = None
) -> tuple[Tensor, Tensor]:
    """A random section of each window, which may begin anywhere in the repetition and end in the standing after it.

    A quarter of the sections begin with their window, and a quarter end with the first second of standing, because few
    of those drawn at random have an end of the repetition in them.

    Args:
        motion: (B, T, 33).
        weight: (B, T), weight of each frame.
        repetition: (B, T) bool, the frames of the repetition, with which the window begins.
        frames: length of the sections.
        share: the part of the batch that these windows are; None for all of it.

    Returns:
        Motion (B, frames, 33) and weight (B, frames); the whole windows where they are not longer.
    """
    count, length = weight.shape
    if length <= frames:
        return motion, weight
    last = (repetition.sum(1) + _STANDING_FRAMES - frames).clamp(0, length - frames)  # (B,) latest beginning
    share = share or BatchShare.whole(count)
    where, kind = (share.of(drawn).to(last.device) for drawn in torch.rand(2, share.size))
    start = (where * (last + 1)).long().clamp_max(last)
    start = torch.where(kind < 0.25, 0, torch.where(kind < 0.5, last, start))
    rows = torch.arange(count, device=last.device).unsqueeze(1)
    chosen = start.unsqueeze(1) + torch.arange(frames, device=last.device)  # (B, frames)
    return motion[rows, chosen], weight[rows, chosen]
