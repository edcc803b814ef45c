"""Tempo of the squat: how long descent, hold and ascent last.

The boundaries are those by which recordings are segmented (`dataset.windows.repetition_phases`), so that guidance,
tables and segmentation say the same. Boundaries are frames and have no gradient of their own. The duration of a descent
takes its gradient from the times at which the knees pass a number of depths: where the descent is stretched in time,
so are these times, and the duration is their least-squares slope over the share of the descent that has gone by.
"""

import torch
from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.registry import quantity
from utils.biomechanics.repetition_parts import mean_knee_flexion
from utils.biomechanics.trace import TINY

_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the depth, from upright to the bottom
_DEEP = slice(-2, None)  # the levels between which a hold lies
_FLAT_DEG = 1e-3  # between two frames, below which a crossing has no gradient
_LIMITS = (0.0, 10.0)  # seconds; motions are no longer


@quantity("descent_time", "s", 0.05, limits=_LIMITS, usual=(0.5, 3), statistic="mean")
def descent_time(context: Context) -> Tensor:
    """Duration of the descent, from standing to the first frame of the hold at the bottom."""
    return _constant(context, durations(context)[:, 0])


@quantity("hold_time", "s", 0.05, limits=_LIMITS, usual=(0, 2), statistic="mean")
def hold_time(context: Context) -> Tensor:
    """Duration of the hold at the bottom, where the knees move by less than a tenth of their greatest speed."""
    return _constant(context, durations(context)[:, 1])


@quantity("ascent_time", "s", 0.05, limits=_LIMITS, usual=(0.5, 3), statistic="mean")
def ascent_time(context: Context) -> Tensor:
    """Duration of the ascent, from the last frame of the hold at the bottom to standing."""
    return _constant(context, durations(context)[:, 2])


@quantity("repetition_time", "s", 0.05, limits=_LIMITS, usual=(1, 6), statistic="mean")
def repetition_time(context: Context) -> Tensor:
    """Duration of the repetition, from standing to standing: descent, hold and ascent."""
    return _constant(context, durations(context).sum(1))


def durations(context: Context) -> Tensor:
    """(B, 3) seconds of descent, hold and ascent.

    The gradient of the hold is that of the time spent deeper than the deepest levels.
    """
    phases, (down, up) = context.phases, _crossings(context)
    spent = (up[:, _DEEP] - down[:, _DEEP]).mean(1)
    hold = (phases.ascent_start - phases.descent_end).to(spent) + spent - spent.detach()
    descent = _stretched(phases.start, phases.descent_end, down)
    return torch.stack([descent, hold, _stretched(phases.ascent_start, phases.end, up)], 1) / context.rate_hz


def _stretched(first: Tensor, last: Tensor, crossing: Tensor) -> Tensor:
    """(B,) frames from `first` to `last`, with the gradient of the crossings (B, K), in frames."""
    duration = (last - first).to(crossing)
    share = ((crossing.detach() - first[:, None]) / duration.clamp(min=1)[:, None]).clamp(0, 1)
    centred = share - share.mean(1, keepdim=True)
    slope = (centred * (crossing - crossing.detach())).sum(1) / (centred.square().sum(1) + TINY)
    return duration + slope


def _crossings(context: Context) -> tuple[Tensor, Tensor]:
    """(B, K) the frames, interpolated, at which the knees pass the levels on the way down, and on the way up."""
    flexion, phases = mean_knee_flexion(context.motion), context.phases
    frame = torch.arange(flexion.shape[1], device=flexion.device)
    is_before = (frame < phases.bottom[:, None])[..., None]
    shallow = flexion[..., None] < _levels(flexion, phases.start, phases.bottom)[:, None]  # (B, T, K)
    last_above = ((shallow & is_before).int() * (frame[:, None] + 1)).amax(1) - 1
    down = _passing(flexion, _levels(flexion, phases.start, phases.bottom), last_above)
    shallow = flexion[..., None] < _levels(flexion, phases.end, phases.bottom)[:, None]
    first_above = torch.where(shallow & ~is_before, frame[:, None], len(frame)).amin(1)
    return down, _passing(flexion, _levels(flexion, phases.end, phases.bottom), first_above - 1)


def _levels(flexion: Tensor, upright: Tensor, bottom: Tensor) -> Tensor:
    """(B, K) flexion in degrees at the levels between that in frame `upright` and that in frame `bottom`."""
    row = torch.arange(len(flexion), device=flexion.device)
    stance, depth = flexion[row, upright], flexion[row, bottom]
    return torch.stack([stance + level * (depth - stance) for level in _LEVELS], 1)


def _passing(flexion: Tensor, levels: Tensor, frame: Tensor) -> Tensor:
    """(B, K) when flexion (B, T) passes levels (B, K) between `frame` (B, K) and the next, in frames."""
    frame = frame.clamp(0, flexion.shape[1] - 2)
    here, there = flexion.gather(1, frame), flexion.gather(1, frame + 1)
    rise = there - here
    steep = torch.where(rise.abs() < _FLAT_DEG, torch.full_like(rise, torch.inf), rise)
    return frame + ((levels - here) / steep).clamp(0, 1)


def _constant(context: Context, value: Tensor) -> Tensor:
    """(B, T) a value (B,) of each whole motion, at every frame."""
    return value[:, None].expand(context.motion.shape[:2])
