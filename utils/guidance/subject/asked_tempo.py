"""Own squats at the tempo that is asked for, from which guidance starts.

Latents that are optimised step by step hardly change the tempo of a squat by more than a third. A squat that shall take
three seconds down starts from the own squat in slow motion.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.windows.standing import REST_FRAMES
from models.conventions import FRAME_RATE_HZ, FRAMES_PER_LATENT, LONGEST_SEQ_LEN
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.own_bounds import bounded
from utils.guidance.subject.own_motions import OwnMotions

_PARTS = ("descent_time", "hold_time", "ascent_time")
_WHOLE = "repetition_time"
_INSIDE = 0.04  # of a bound, by which a start lies inside it; the optimisation adds what decoding takes away
_LATENTS_A_SECOND = round(FRAME_RATE_HZ / FRAMES_PER_LATENT)
_USUAL_S = {"descent_time": 1.0, "hold_time": 0.2, "ascent_time": 1.0}


def asked_duration_s(terms: Sequence[Term], own_s: Tensor | None = None) -> float:
    """The duration of a repetition that is asked for, seconds; 0 where no term is about tempo.

    Args:
        terms: what is asked, bounds in numbers.
        own_s: (A, 3) descent, hold and ascent of the own squats, seconds, from which guidance starts: what nothing is
            asked of stays as long as it is. None where it starts from others.
    """
    least: dict[str, float] = {}
    for term in _of_tempo(terms):
        if term.low is not None:
            least[term.quantity] = max(term.low, least.get(term.quantity, 0.0))
    parts = sum(least.get(name) or _USUAL_S[name] for name in _PARTS) if set(least) & set(_PARTS) else 0.0
    asked = max(parts, least.get(_WHOLE, 0.0))
    if own_s is None or not _of_tempo(terms):
        return asked
    return max(asked, float(_at_tempo(own_s, terms).sum(1).max()))


def require_room(terms: Sequence[Term], duration_s: float) -> None:
    """Check that motions of a duration are long enough for the tempo that is required.

    Args:
        terms: what is asked; bounds in terms of own squats are not counted.
        duration_s: of the motions, seconds.

    Raises:
        InputError: a repetition would have to last longer than the motion.
    """
    required = [term for term in _of_tempo(terms) if term.required and term.low is not None]
    least = {term.quantity: term for term in sorted(required, key=lambda term: term.low or 0.0)}
    for names in ((_WHOLE,), _PARTS):
        asked = [least[name] for name in names if name in least]
        needed_s = sum(term.low or 0.0 for term in asked)
        if needed_s >= duration_s:
            words = " and ".join(f"{term.label} {term.bounds_text}" for term in asked)
            raise InputError(
                f"{words}: a squat of {needed_s:g} s does not fit into motions of {duration_s:.1f} s; --seq-len N "
                f"makes them N / {_LATENTS_A_SECOND} s long, {LONGEST_SEQ_LEN / _LATENTS_A_SECOND:g} s at most"
            )


def with_own_tempo(terms: Sequence[Term], own_s: Tensor) -> list[Term]:
    """The terms, those on tempo with the values of bounds in terms of own squats; `own_s` as of `asked_duration_s`."""
    mean_s = dict(zip(_PARTS, own_s.mean(0).tolist(), strict=True)) | {_WHOLE: float(own_s.sum(1).mean())}
    return [bounded(term, mean_s[term.quantity]) if term.own and term.quantity in mean_s else term for term in terms]


def _at_tempo(own_s: Tensor, terms: Sequence[Term]) -> Tensor:
    """Descent, hold and ascent (A, 3), seconds, of the own squats, as long as the terms ask."""
    wanted = dict(zip(_PARTS, own_s.unbind(1), strict=True))
    for term in _of_tempo(terms):
        if term.quantity != _WHOLE:
            wanted[term.quantity] = _inside(wanted[term.quantity], term)
            continue
        whole = torch.stack(list(wanted.values())).sum(0)
        factor = _inside(whole, term) / whole
        wanted = {name: seconds * factor for name, seconds in wanted.items()}
    return torch.stack(list(wanted.values()), 1)


@torch.no_grad()
def at_asked_tempo(own: OwnMotions, context: Context, terms: Sequence[Term]) -> OwnMotions:
    """The own squats with descent, hold and ascent as long as is asked or wished for; as they are where nothing is.

    A wish counts as far as there is room for it, since a squat that is cut off is not whole.

    Args:
        own: the own squats.
        context: of them, as placed.
        terms: what is asked.
    """
    if not _of_tempo(terms):
        return own
    own_s = torch.stack([summarise(evaluate_quantity(name, context), "mean")[:, 0] for name in _PARTS], 1)
    edges = context.phases.edges.to(own.recorded)
    frames = own.placed.shape[1]
    lengths, required = (
        _at_tempo(own_s, some) * context.rate_hz for some in (terms, [term for term in terms if term.required])
    )
    room = frames - REST_FRAMES - edges[:, :1] - required.sum(1, keepdim=True)
    wished = (lengths - required).sum(1, keepdim=True)
    lengths = required + (room / wished.clamp(min=1)).clamp(0, 1) * (lengths - required)
    # Feet that slide in a recording would be planted elsewhere if parts of it lasted longer, hence the planted motions.
    stretched = [
        _stretched(motion, before, length) for motion, before, length in zip(own.placed, edges, lengths, strict=True)
    ]
    ends = (edges[:, 0] + lengths.sum(1)).round().clamp(max=frames).int().tolist()
    motions = torch.stack(stretched)
    return replace(own, recorded=motions, placed=motions, repetition=tuple(ends))


def at_frames(motion: Tensor, frame: Tensor) -> Tensor:
    """A motion (T, C) at frames (T',), which may lie between those of the motion; held at both ends."""
    frame = frame.clamp(0, len(motion) - 1)
    before = frame.floor().long()
    after = (before + 1).clamp(max=len(motion) - 1)
    weight = (frame - before)[:, None]
    return (1 - weight) * motion[before] + weight * motion[after]


def _of_tempo(terms: Sequence[Term]) -> list[Term]:
    """The terms about tempo, wishes before requirements, which have the last word, and parts before the whole."""
    asked = (term for term in terms if term.quantity in (*_PARTS, _WHOLE))
    return sorted(asked, key=lambda term: (term.required, term.quantity == _WHOLE))


def _inside(value: Tensor, term: Term) -> Tensor:
    """Values (A,) brought inside the bounds of a term: in the middle of a range, and a little beyond a bound."""
    low, high = term.low, term.high
    outside = torch.zeros_like(value, dtype=torch.bool)
    if low is not None:
        outside |= value < low
    if high is not None:
        outside |= value > high
    if low is not None and high is not None:
        target = (low + high) / 2
    else:
        target = low * (1 + _INSIDE) if low is not None else (high or 0.0) * (1 - _INSIDE)
    return torch.where(outside, torch.full_like(value, target), value)


def _stretched(motion: Tensor, edges: Tensor, lengths: Tensor) -> Tensor:
    """A motion (T, C) whose parts between edges (4,) last lengths (3,), in frames; cut or held at its end."""
    frame = torch.arange(len(motion), device=motion.device).to(motion)
    ends = edges[0] + torch.cat([torch.zeros_like(edges[:1]), lengths.cumsum(0)])
    at = torch.where(frame < ends[0], frame, edges[3] + frame - ends[3])
    for k in range(3):
        share = (frame - ends[k]) / (ends[k + 1] - ends[k]).clamp(min=1)
        inside = (frame >= ends[k]) & (frame < ends[k + 1])
        at = torch.where(inside, edges[k] + share * (edges[k + 1] - edges[k]), at)
    return at_frames(motion, at)
