"""The phases of the squat in each of many motions, divided as the segmentation of recordings divides them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dataset.windows.repetition_phases import SMOOTHING_FRAMES, Phases, divide_into_phases
from models.conventions import KNEE_INDICES

PARTS = ("descent", "hold", "ascent", "repetition")


@dataclass(frozen=True)
class RepetitionParts:
    """Frames of the squat of B motions; each (B,), without gradient.

    Attributes:
        start: the last frame of standing, or the first frame where a motion begins in the squat.
        descent_end: the first frame of the hold; the bottom where there is no hold.
        bottom: the frame of the deepest knee flexion.
        ascent_start: the last frame of the hold; the bottom where there is no hold.
        end: the first frame of standing, or the last frame.
        frames: how many frames the motions have.
    """

    start: Tensor
    descent_end: Tensor
    bottom: Tensor
    ascent_start: Tensor
    end: Tensor
    frames: int

    @property
    def edges(self) -> Tensor:
        """(B, 4) the frames between which descent, hold and ascent lie."""
        return torch.stack([self.start, self.descent_end, self.ascent_start, self.end], 1)

    def part(self, name: str) -> Tensor:
        """(B, T) bool, the frames of a part of the squat, both ends included."""
        first, last = {
            "descent": (self.start, self.descent_end),
            "hold": (self.descent_end, self.ascent_start),
            "ascent": (self.ascent_start, self.end),
            "repetition": (self.start, self.end),
        }[name]
        frame = torch.arange(self.frames, device=first.device)
        return (frame >= first[:, None]) & (frame <= last[:, None])


def mean_knee_flexion(motion: Tensor) -> Tensor:
    """(B, T) knee flexion in degrees, mean of both knees, of motions (B, T, 33)."""
    return motion[..., KNEE_INDICES].mean(-1)


@torch.no_grad()
def divide_squats(motion: Tensor, counts: Tensor, seen: Tensor) -> RepetitionParts:
    """The phases of the deepest squat of each motion, on the knee that moves more, as segmentation divides recordings.

    Args:
        motion: (B, T, 33) at 60 Hz, degrees and metres, canonical order.
        counts: (B, T) bool, the frames of which one is the bottom.
        seen: (B, T) bool, the frames that there are; the squat may begin and end in any of them.
    """
    knees, known = motion[..., KNEE_INDICES].cpu().double(), counts.cpu()[..., None]
    deepest, straightest = knees.masked_fill(~known, -torch.inf).amax(1), knees.masked_fill(~known, torch.inf).amin(1)
    more = (deepest - straightest).argmax(1)
    flexion = knees[torch.arange(len(knees)), :, more]
    bottoms = flexion.masked_fill(~known[..., 0], -torch.inf).argmax(1).tolist()
    rows = [_frames_of(*row) for row in zip(flexion, seen.cpu(), bottoms, strict=True)]
    start, descent_end, bottom, ascent_start, end = torch.tensor(rows, device=motion.device).unbind(1)
    return RepetitionParts(start, descent_end, bottom, ascent_start, end, frames=flexion.shape[1])


def _frames_of(flexion: Tensor, seen: Tensor, bottom: int) -> tuple[int, int, int, int, int]:
    """Start, end of the descent, bottom, start of the ascent and end of the squat in one motion.

    Args:
        flexion: (T,) degrees.
        seen: (T,) bool, the frames that there are.
        bottom: frame of the deepest flexion.
    """
    known = torch.nonzero(seen)[:, 0]
    first, last = int(known[0]), int(known[-1])
    # A motion may begin with the last frame of standing; it goes on standing beyond its ends, for the smoothing.
    curve = np.pad(flexion[first : last + 1].numpy(), SMOOTHING_FRAMES, mode="edge")
    shift = first - SMOOTHING_FRAMES
    found: Phases = divide_into_phases(curve, [bottom - shift])[0]
    start = first if found.start is None else shift + found.start
    end = last if found.end is None else shift + found.end
    return max(start, first), shift + found.descent_end, bottom, shift + found.ascent_start, min(end, last)
