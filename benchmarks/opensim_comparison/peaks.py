"""Peak activations of guided motions with OpenSim's geometry, and by OpenSim's static optimisation."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ, without_side
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from opensim_comparison.agreement import Squat, exported
from opensim_comparison.tool_results import activations, optimise_few_frames
from utils.biomechanics.context import activation_of
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.verification import simulate_motions
from utils.simulation.simulators import build_simulator

_AROUND_S, _ROWS = 0.1, 2


class Peaks(NamedTuple):
    """Peak activation of the run's muscle on the left and the right, (2,) each, over the same frames.

    Attributes:
        ours: by the simulation.
        de_groote: by OpenSim's static optimisation, with De Groote's muscles.
        own: the same with the model's own muscles.
    """

    ours: Tensor
    de_groote: Tensor
    own: Tensor


def exact_peaks(result: GuidanceResult, samples: Sequence[int]) -> Tensor:
    """(S, 2) peaks of some samples with muscle lengths and moment arms from OpenSim."""
    simulator = build_simulator(_model(result), exact_paths=True)
    simulated = simulate_motions(simulator, result.motion[list(samples)])
    found = torch.stack([one.activations for one in simulated])[:, FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES]
    return activation_of(found, without_side(result.config.muscle)).amax(1)


def optimised_peaks(result: GuidanceResult, j: int) -> Peaks:
    """Peaks of sample j in OpenSim's static optimisation around each side's simulated peak."""
    assert result.verification is not None
    muscle = without_side(result.config.muscle)
    coordinates = result.samples[j].motion.double().numpy()
    motion = Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates)
    simulated = activation_of(result.verification.activations[j], muscle)
    peaks = []
    for side in range(2):
        frame = FILTER_MARGIN_FRAMES + int(simulated[FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES, side].argmax())
        span_s = frame / FRAME_RATE_HZ - _AROUND_S, frame / FRAME_RATE_HZ + _AROUND_S
        with tempfile.TemporaryDirectory() as temporary:
            model = _model(result)
            folder = exported(Path(temporary) / "motion", model, build_simulator(model), Squat(motion, span_s))
            found = []
            for de_groote in (True, False):
                optimise_few_frames(folder, de_groote=de_groote, rows=_ROWS)
                found.append(activations(folder, de_groote=de_groote))
        every = [found[0].ours, *(one.theirs for one in found)]
        both = [activation_of(torch.from_numpy(values), muscle)[:, side].amax() for values in every]
        peaks.append(torch.stack(both))
    return Peaks(*torch.stack(peaks, 1))


def _model(result: GuidanceResult) -> Path:
    if result.session is None:
        raise SystemExit(f"the session of {result.session_id} is no longer where the run found it")
    return result.session.model_path
