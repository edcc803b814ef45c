"""Drawing of training batches: which windows, and which sections of them."""

import torch
from torch import Tensor

from dataset.windows.window_source import WindowSource

# Edges of the kinds of repetitions that are drawn equally often: shallow, ordinary and deep; quick, ordinary and slow.
_DEPTH_EDGES_DEG = (85.0, 110.0)
_DURATION_EDGES_S = (1.6, 3.2)
# Share of all windows: a rarer kind is drawn as if it were this common, so that it is not learned by heart.
_LEAST_SHARE = 0.03
_STANDING_FRAMES = 60  # after the repetition that a section may reach into


def balanced_probability(windows: WindowSource) -> Tensor:
    """Probability (N,) of each window, with which every depth and tempo of a repetition is drawn equally often."""
    depth_deg, duration_s = windows.depth_and_duration().T.contiguous()
    depth = torch.bucketize(depth_deg, torch.tensor(_DEPTH_EDGES_DEG))
    kind = depth * (len(_DURATION_EDGES_S) + 1) + torch.bucketize(duration_s, torch.tensor(_DURATION_EDGES_S))
    share = torch.bincount(kind) / len(kind)
    probability = 1 / share[kind].clamp_min(_LEAST_SHARE)
    return probability / probability.sum()


def random_sections(motion: Tensor, weight: Tensor, repetition: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """A random section of each window, which may begin anywhere in the repetition and end in the standing after it.

    A quarter of the sections begin with their window, and a quarter end with the first second of standing, because few
    of those drawn at random have an end of the repetition in them.

    Args:
        motion: (B, T, 33).
        weight: (B, T), weight of each frame.
        repetition: (B, T) bool, the frames of the repetition, with which the window begins.
        frames: length of the sections.

    Returns:
        Motion (B, frames, 33) and weight (B, frames); the whole windows where they are not longer.
    """
    count, length = weight.shape
    if length <= frames:
        return motion, weight
    last = (repetition.sum(1) + _STANDING_FRAMES - frames).clamp(0, length - frames)  # (B,) latest beginning
    where, kind = torch.rand(2, count).to(last.device)
    start = (where * (last + 1)).long().clamp_max(last)
    start = torch.where(kind < 0.25, 0, torch.where(kind < 0.5, last, start))
    rows = torch.arange(count, device=last.device).unsqueeze(1)
    chosen = start.unsqueeze(1) + torch.arange(frames, device=last.device)  # (B, frames)
    return motion[rows, chosen], weight[rows, chosen]
