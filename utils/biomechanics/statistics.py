"""Statistics over time that turn a quantity's trace into one number per motion and channel."""

from collections.abc import Callable

import torch
from torch import Tensor

from utils.biomechanics.context import Context
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


def summarise(trace: Trace, statistic: str, context: Context | None = None, muscle: str | None = None) -> Tensor:
    """One number per motion and channel, (B, C), in the trace's unit (`mean_square`: its square).

    Args:
        trace: a quantity over time.
        statistic: a name in `STATISTICS`, or `at_peak`, the value at the frame at which `muscle` is most active.
        context: the motions that the trace is of; needed for `at_peak`.
        muscle: a muscle's name, with or without its side; needed for `at_peak`.
    """
    if statistic == AT_PEAK:
        if context is None or muscle is None:
            raise ValueError(f"{AT_PEAK} needs the context and the muscle whose peak is meant")
        return trace.values[torch.arange(len(trace.values)), context.peak_frame(muscle)]
    return STATISTICS[statistic](trace)


def outside(values: Tensor, low: float | None, high: float | None) -> Tensor:
    """max(values - high, low - values, 0): how far values are outside [low, high]; None leaves a side open."""
    excess = torch.zeros_like(values)
    if high is not None:
        excess = torch.maximum(excess, values - high)
    if low is not None:
        excess = torch.maximum(excess, low - values)
    return excess
