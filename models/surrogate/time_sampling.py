"""Sampling of a motion's dynamics at 15 Hz, and interpolation back to its frames, as constant matrices."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from torch import Tensor

from models.conventions import FRAME_RATE_HZ
from models.filters import derivative_matrices, low_pass_matrix
from models.muscles.trunk_adjustment import RotationBasis, spline_matrices

# The filtered coordinates hold nothing above 5 Hz, so that 15 samples per second carry their dynamics.
FRAMES_A_SAMPLE = 4
_RATE_HZ = FRAME_RATE_HZ / FRAMES_A_SAMPLE
_INTERPOLATION_DEGREE = 3


class TimeSampling(NamedTuple):
    """Matrices from the T frames of a motion to its K samples and back, all to be multiplied from the left.

    Attributes:
        smooth: (T, T) low-pass filter of the frames.
        smooth_speed: (T, T) first time derivative of the filtered frames, per second.
        value: (K, T) samples of the filtered frames.
        speed: (K, T) samples of their first time derivative.
        acceleration: (K, T) samples of their second time derivative.
        ground: (K, K) low-pass filter of the ground reaction over the samples.
        basis: rotations of the torso over the K samples.
        to_frames: (T, K) cubic interpolation of samples at the frames.
    """

    smooth: Tensor
    smooth_speed: Tensor
    value: Tensor
    speed: Tensor
    acceleration: Tensor
    ground: Tensor
    basis: RotationBasis
    to_frames: Tensor


@lru_cache(maxsize=16)
def time_sampling(
    frames: int, cutoff_hz: float, ground_cutoff_hz: float, dtype: torch.dtype, device: torch.device
) -> TimeSampling:
    """The matrices for motions of `frames` frames at 60 Hz.

    The last frame is held until the next sample, so that samples are evenly spaced whatever the number of frames.

    Args:
        frames: T.
        cutoff_hz: cut-off frequency of the low-pass filter of the coordinates.
        ground_cutoff_hz: the same of the ground reaction.
        dtype: of the matrices.
        device: of the matrices.
    """
    samples = -(-(frames - 1) // FRAMES_A_SAMPLE) + 1
    held = FRAMES_A_SAMPLE * (samples - 1) + 1
    extend = np.eye(frames)[np.minimum(np.arange(held), frames - 1)]  # (held, T)
    smooth = low_pass_matrix(held, FRAME_RATE_HZ, cutoff_hz).numpy() @ extend
    first, second = (matrix.numpy() @ smooth for matrix in derivative_matrices(held, FRAME_RATE_HZ))
    at = np.arange(samples) * FRAMES_A_SAMPLE
    # With a knot at every sample the torso's rotation does not depend on where among the samples a motion begins.
    splines = spline_matrices(samples, _RATE_HZ, 1 / _RATE_HZ)
    basis = RotationBasis(*derivative_matrices(samples, _RATE_HZ), *splines)

    def cast(matrix: np.ndarray | Tensor) -> Tensor:
        return torch.as_tensor(matrix).to(device, dtype)

    return TimeSampling(
        smooth=cast(smooth[:frames]),
        smooth_speed=cast(first[:frames]),
        value=cast(smooth[at]),
        speed=cast(first[at]),
        acceleration=cast(second[at]),
        ground=cast(ground_filter(samples, ground_cutoff_hz)),
        basis=RotationBasis(*map(cast, basis)),
        to_frames=cast(_interpolation(samples, frames)),
    )


def ground_filter(samples: int, cutoff_hz: float) -> Tensor:
    """(K, K) low-pass filter of the ground reaction over the K samples of a motion, float64.

    It is the filter of the simulation, which acts on frames, between interpolation at the frames and sampling.
    """
    held = FRAMES_A_SAMPLE * (samples - 1) + 1
    smooth = low_pass_matrix(held, FRAME_RATE_HZ, cutoff_hz)[::FRAMES_A_SAMPLE]
    return smooth @ torch.from_numpy(_interpolation(samples, held))


def _interpolation(samples: int, frames: int) -> np.ndarray:
    """(T, K) cubic interpolation of K samples at T frames."""
    at = np.arange(samples) * FRAMES_A_SAMPLE
    spline = make_interp_spline(at, np.eye(samples), k=min(_INTERPOLATION_DEGREE, samples - 1))
    return spline(np.arange(frames))
