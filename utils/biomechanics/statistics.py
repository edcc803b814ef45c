"""Statistics over time that turn a quantity's trace into one number per motion and channel."""

import re
from collections.abc import Callable

import torch
from torch import Tensor

from dataset.errors import InputError
from utils.biomechanics.context import Context
from utils.biomechanics.repetition_parts import PARTS
from utils.biomechanics.trace import TINY, Trace

STATISTICS: dict[str, Callable[[Trace], Tensor]] = {
    "mean": Trace.mean,
    "mean_square": Trace.mean_square,
    "rms": lambda trace: (trace.mean_square() + TINY).sqrt(),
    "max": lambda trace: trace.filled(-torch.inf).amax(1),
    "min": lambda trace: trace.filled(torch.inf).amin(1),
    "range": lambda trace: trace.filled(-torch.inf).amax(1) - trace.filled(torch.inf).amin(1),
    "sum": lambda trace: trace.filled(0.0).sum(1),
    "start": Trace.first,
    "end": Trace.last,
}
AT_PEAK = "at_peak"  # the one statistic that asks for a muscle: the value at its peak frame
AT_BOTTOM = "at_bottom"
_OVER = "_over_"
MOTION = "motion"  # the part that is all of a motion, standing before and after the squat included
_AT_PHASE = re.compile(r"at_(\d{1,3})_?(?:%|percent)", re.ASCII)
_ALSO = {
    "peak": "max", "maximum": "max", "largest": "max", "minimum": "min", "smallest": "min", "least": "min",
    "average": "mean", "avg": "mean", "greatest": "max", "highest": "max", "lowest": "min", "rom": "range",
    "range_of_motion": "range", "excursion": "range", "bottom": AT_BOTTOM, "at_the_bottom": AT_BOTTOM,
    "deepest_point": AT_BOTTOM, "at_deepest_point": AT_BOTTOM, "at_the_deepest_point": AT_BOTTOM,
    "at_the_peak": AT_PEAK, "maximal": "max", "minimal": "min", "mittel": "mean", "mittelwert": "mean",
    "durchschnitt": "mean", "am_tiefsten_punkt": AT_BOTTOM,
}  # fmt: skip
_PART_ALSO = {
    "eccentric": "descent", "lowering": "descent", "concentric": "ascent", "rising": "ascent", "whole_motion": MOTION,
}  # fmt: skip


def asks_for_muscle(name: str) -> bool:
    """Whether a statistic, in any spelling that `canonical_statistic` knows, is `at_peak`."""
    return _spelled(name) == AT_PEAK


def _spelled(name: str) -> str:
    words = re.sub(r"[\s-]+", "_", name.strip().lower())
    return _ALSO.get(words, words)


def canonical_statistic(name: str) -> str:
    """A statistic as the program names it: `max`, `at_bottom`, `at_25_percent`, `mean_over_descent`.

    Raises:
        InputError: there is no such statistic; all are listed.
    """
    words = _spelled(name)
    if words in STATISTICS or words in (AT_PEAK, AT_BOTTOM):
        return words
    if (match := _AT_PHASE.fullmatch(words)) and int(match[1]) <= 100:
        return f"at_{int(match[1])}_percent"
    base, over, part = words.replace("_during_", _OVER).partition(_OVER)
    part = part.removeprefix("the_").removesuffix("_phase")
    base, part = _ALSO.get(base, base), _PART_ALSO.get(part, part)
    if over and base in STATISTICS and part in (*PARTS, MOTION):
        return f"{base}{_OVER}{part}"
    raise InputError(
        f"there is no statistic {name!r}; known are {', '.join([*STATISTICS, AT_PEAK, AT_BOTTOM])}, at_25_percent (of "
        f"the repetition), and each over a part, as in max_over_descent, of {', '.join([*PARTS, MOTION])}"
    )


def is_of_motion(statistic: str) -> bool:
    """Whether a statistic is of all of a motion, as `max_over_motion`."""
    return statistic.endswith(_OVER + MOTION)


def context_of(statistic: str, context: Context) -> Context:
    """Where a quantity is evaluated for a statistic: for one of all of a motion, standing counts too."""
    return context.with_standing if is_of_motion(statistic) else context


def summarise(trace: Trace, statistic: str, context: Context | None = None, muscle: str | None = None) -> Tensor:
    """One number per motion and channel, (B, C), in the trace's unit (`mean_square`: its square).

    Args:
        trace: a quantity over time, evaluated in `context_of` the statistic.
        statistic: a name that `canonical_statistic` knows; `at_peak` is the value at the frame at which `muscle` is
            most active, `at_bottom` that at the deepest knee flexion.
        context: the motions that the trace is of; needed for all that are not in `STATISTICS`.
        muscle: a muscle's name, with or without its side; needed for `at_peak`.
    """
    if statistic in STATISTICS:
        return STATISTICS[statistic](trace)
    if context is None or (statistic == AT_PEAK and muscle is None):
        raise ValueError(f"{statistic} needs the context, and {AT_PEAK} the muscle whose peak is meant")
    base, over, part = statistic.partition(_OVER)
    if over:
        return STATISTICS[base](_over_part(trace, part, context))
    return trace.values[torch.arange(len(trace.values)), _frame(statistic, context, muscle)]


def frames_of(trace: Trace, statistic: str, context: Context, muscle: str | None = None) -> Tensor | None:
    """(B, C) the frame whose value a statistic is; None where it is of more than one. Arguments as of `summarise`."""
    base, over, part = statistic.partition(_OVER)
    if over:
        trace = _over_part(trace, part, context)
    if base == "max":
        return trace.filled(-torch.inf).argmax(1)
    if base == "min":
        return trace.filled(torch.inf).argmin(1)
    if over or base in STATISTICS:
        return None
    return _frame(statistic, context, muscle)[:, None]


def _frame(statistic: str, context: Context, muscle: str | None) -> Tensor:
    """(B,) the frame that a statistic means."""
    if statistic == AT_PEAK and muscle is not None:
        return context.peak_frame(muscle)
    phases = context.phases
    if statistic == AT_BOTTOM:
        return phases.bottom
    share = int(statistic.split("_")[1]) / 100
    return (phases.start + share * (phases.end - phases.start)).round().long()


def _over_part(trace: Trace, part: str, context: Context) -> Trace:
    """The trace over the valid frames of a part of the repetition; of one without any, over its frames."""
    if part == MOTION:
        return trace
    frames = context.phases.part(part)
    both = trace.valid & frames
    return Trace(trace.values, torch.where(both.any(1, keepdim=True), both, frames))


def outside(values: Tensor, low: float | None, high: float | None) -> Tensor:
    """max(values - high, low - values, 0), (...): how far values (...) are outside [low, high]; None: open there."""
    excess = torch.zeros_like(values)
    if high is not None:
        excess = torch.maximum(excess, values - high)
    if low is not None:
        excess = torch.maximum(excess, low - values)
    return excess
