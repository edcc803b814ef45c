"""The motion file of a guided sample."""

from pathlib import Path

import numpy as np

from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ
from utils.guidance.guided_sample import GuidedSample


def write_guided_motion(path: Path, sample: GuidedSample) -> None:
    """Write the coordinates (degrees, metres) and predicted activations of a sample, which is on the CPU."""
    motion, activations = sample.motion.double().numpy(), sample.activations.double().numpy()
    write_motion(path, Motion(np.arange(len(motion)) / FRAME_RATE_HZ, motion, activations))
