"""The motion files of guided samples, and of the own squats that they began with."""

from pathlib import Path

import numpy as np
from torch import Tensor

from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ
from utils.guidance.baseline import Baseline
from utils.guidance.guided_sample import GuidedSample


def write_guided_motion(path: Path, sample: GuidedSample) -> None:
    """Write the coordinates (degrees, metres) and predicted activations of a sample, which is on the CPU."""
    _write(path, sample.motion, sample.activations)


def write_own_squats(folder: Path, baseline: Baseline) -> None:
    """Write `own_<k>.mot` for each own squat k, as guided motions are written: placed, filtered, and at 60 Hz.

    Args:
        folder: where to; it is made.
        baseline: the own squats, with the activations that the surrogate predicts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    activations = [None] * len(baseline.motion) if baseline.activations is None else baseline.activations
    for k, (motion, predicted) in enumerate(zip(baseline.motion, activations, strict=True)):
        _write(folder / f"own_{k}.mot", motion, predicted)


def _write(path: Path, motion: Tensor, activations: Tensor | None) -> None:
    """Write a motion (T, 33) and its activations (T, 80), both on the CPU."""
    coordinates, drive = motion.double().numpy(), None if activations is None else activations.double().numpy()
    write_motion(path, Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates, drive))
