"""Simulate one repetition of a recorded trial."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from dataset.io.motion import Motion
from dataset.windows.resample import to_even
from dataset.windows.segmentation import Repetition
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.muscles.static_optimization import Simulation
from models.protocols import Simulator

MARGIN_S = 1.0  # simulated before and after a repetition where the trial has it, so that filters have data at its ends


@dataclass(frozen=True)
class SimulatedRepetition:
    """One simulated repetition.

    Attributes:
        name: `<trial>_segment_<k>`.
        motion: the repetition with muscle activations, on the trial's own time stamps.
        simulation: the simulation, (T, ...) at the same frames.
        touches_trial_end: whether the repetition begins or ends where the trial does, so that the filters lack data.
        surrounded: the simulation of the repetition with its surroundings, (T', ...) at the times `surrounded_s`.
        surrounded_s: (T',) seconds, evenly spaced.
    """

    name: str
    motion: Motion
    simulation: Simulation
    touches_trial_end: bool
    surrounded: Simulation
    surrounded_s: np.ndarray


def simulate_repetition(simulator: Simulator, motion: Motion, repetition: Repetition, name: str) -> SimulatedRepetition:
    """Simulate a repetition together with a second of the trial on both sides, and cut the result to the repetition.

    Where the trial is unevenly sampled, it is simulated on an even grid, and the results are interpolated to the
    trial's own time stamps.

    Args:
        simulator: of the subject's model.
        motion: the trial, at any rate.
        repetition: frames of the trial.
        name: name of the result.
    """
    start, end = repetition.start_frame, repetition.end_frame
    start_s, end_s = motion.time_s[start], motion.time_s[end - 1]
    half_step_s = 0.5 * float(np.median(np.diff(motion.time_s)))
    margin_s = MARGIN_S + half_step_s
    first, last = np.searchsorted(motion.time_s, [start_s - margin_s, end_s + margin_s])
    recorded = motion.cut(int(first), int(last))
    surrounded = to_even(recorded)
    whole = simulate_motion(simulator, surrounded)
    own = motion.cut(start, end)
    if surrounded is recorded:
        kept = slice(start - first, end - first)
        cut = Simulation(**{key: value[kept] for key, value in vars(whole).items()})
    else:
        values = vars(whole).items()
        cut = Simulation(**{key: _at_times(value, surrounded.time_s, own.time_s) for key, value in values})
    return SimulatedRepetition(
        name=name,
        motion=Motion(own.time_s, own.coordinates, cut.activations.numpy().clip(0, 1), own.extra, own.source),
        simulation=cut,
        touches_trial_end=min(start_s - motion.time_s[0], motion.time_s[-1] - end_s) < FILTER_MARGIN_S - half_step_s,
        surrounded=whole,
        surrounded_s=surrounded.time_s,
    )


def simulate_motion(simulator: Simulator, motion: Motion) -> Simulation:
    """The simulation, (T, ...), of an evenly sampled motion of T frames."""
    extra = {key: torch.as_tensor(values)[None] for key, values in motion.extra.items()}
    with torch.no_grad():
        simulation = simulator(torch.as_tensor(motion.coordinates)[None], motion.rate_hz, extra)
    return Simulation(**{key: value[0] for key, value in vars(simulation).items()})


def _at_times(values: Tensor, from_s: np.ndarray, to_s: np.ndarray) -> Tensor:
    """Values (T, ...) at other times, without overshoot; a truth value is that of both of its neighbours."""
    to_s = to_s.clip(from_s[0], from_s[-1])
    array = values.double().numpy()
    if values.dtype == torch.bool:
        after = np.searchsorted(from_s, to_s).clip(0, len(from_s) - 1)
        return values[after] & values[np.maximum(after - 1, 0)]
    return torch.as_tensor(PchipInterpolator(from_s, array)(to_s)).to(values)
