"""Simulate one repetition of a recorded trial."""

from dataclasses import dataclass

import torch

from dataset.io.motion import Motion
from dataset.windows.segmentation import Repetition
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.muscles.static_optimization import ActivationSimulator, Simulation

MARGIN_S = 1.0  # simulated before and after a repetition where the trial has it, so that filters have data at its ends


@dataclass(frozen=True)
class SimulatedRepetition:
    """One simulated repetition.

    Attributes:
        name: `<trial>_segment_<k>`.
        motion: the repetition with muscle activations, on the trial's own time stamps.
        simulation: the simulation, (T, ...) at the same frames.
        touches_trial_end: whether the repetition begins or ends where the trial does, so that the filters lack data.
    """

    name: str
    motion: Motion
    simulation: Simulation
    touches_trial_end: bool


def simulate_repetition(
    simulator: ActivationSimulator, motion: Motion, repetition: Repetition, name: str
) -> SimulatedRepetition:
    """Simulate a repetition together with a second of the trial on both sides, and cut the result to the repetition.

    Args:
        simulator: of the subject's model.
        motion: the trial, at any even rate.
        repetition: frames of the trial.
        name: name of the result.
    """
    start, end = repetition.start_frame, repetition.end_frame
    margin = round(MARGIN_S * motion.rate_hz)
    first, last = max(0, start - margin), min(len(motion), end + margin)
    surrounded = motion.cut(first, last)
    extra = {key: torch.as_tensor(values)[None] for key, values in surrounded.extra.items()}
    with torch.no_grad():
        whole = simulator(torch.as_tensor(surrounded.coordinates)[None], motion.rate_hz, extra)
    kept = slice(start - first, end - first)
    cut = Simulation(**{key: value[0, kept] for key, value in vars(whole).items()})
    own = motion.cut(start, end)
    ends = round(FILTER_MARGIN_S * motion.rate_hz)
    return SimulatedRepetition(
        name=name,
        motion=Motion(own.time_s, own.coordinates, cut.activations.numpy().clip(0, 1), own.extra, own.source),
        simulation=cut,
        touches_trial_end=start < ends or len(motion) - end < ends,
    )
