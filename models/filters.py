"""Zero-phase low-pass filters and spline derivatives along time, as constant matrices.

Both operations are linear in the samples: each is applied once to the identity matrix, and motions are multiplied by
the result, so that gradients pass through.
"""

from functools import lru_cache

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from scipy.signal import butter, sosfiltfilt

_ORDER = 2  # applied forwards and backwards, which makes it fourth order without phase shift


@lru_cache(maxsize=32)
def low_pass_matrix(frames: int, rate_hz: float, cutoff_hz: float) -> torch.Tensor:
    """Zero-phase Butterworth low-pass filter of a signal.

    The signal is extended at both ends by odd reflection (scipy's default), so that straight lines pass unchanged.

    Args:
        frames: number of samples T.
        rate_hz: sampling rate.
        cutoff_hz: cut-off frequency; at or above half the sampling rate, nothing is filtered.

    Returns:
        (T, T) float64, to be multiplied from the left: filtered = matrix @ signal.
    """
    if cutoff_hz >= rate_hz / 2:
        return torch.eye(frames, dtype=torch.float64)
    sections = butter(_ORDER, cutoff_hz, fs=rate_hz, output="sos")
    padding = min(frames - 1, int(np.ceil(rate_hz / cutoff_hz)) * 3)
    return torch.from_numpy(sosfiltfilt(sections, np.eye(frames), axis=0, padlen=padding).copy())


@lru_cache(maxsize=32)
def derivative_matrices(frames: int, rate_hz: float) -> tuple[torch.Tensor, torch.Tensor]:
    """First and second time derivatives of the quintic spline through the samples.

    Args:
        frames: number of samples T.
        rate_hz: sampling rate.

    Returns:
        Two (T, T) float64 matrices, to be multiplied from the left.
    """
    time = np.arange(frames) / rate_hz
    spline = make_interp_spline(time, np.eye(frames), k=min(5, frames - 1))
    return torch.from_numpy(spline(time, 1)), torch.from_numpy(spline(time, 2))


def along_time(matrix: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Apply a (K, T) matrix along time to each motion of values (..., S * T); the result is (..., S * K)."""
    return (values.unflatten(-1, (-1, matrix.shape[1])) @ matrix.to(values.device).T).flatten(-2)
