"""Zero-phase filtering and spline differentiation along time, as constant matrices so that gradients pass through.

Both are linear in the samples: each is applied once to the identity, and a motion is multiplied by the result.
"""

from functools import lru_cache

import numpy as np
import torch
from scipy.interpolate import make_interp_spline
from scipy.signal import butter, sosfiltfilt

_ORDER = 2  # run forwards and backwards: fourth order, no phase


@lru_cache(maxsize=32)
def low_pass_matrix(frames: int, rate_hz: float, cutoff_hz: float) -> torch.Tensor:
    """(T, T) float64: a zero-phase Butterworth low-pass of `frames` samples; y = matrix @ x.

    The signal is continued oddly at both ends (scipy's default), so constants and lines pass unchanged.
    """
    if cutoff_hz >= rate_hz / 2:
        return torch.eye(frames, dtype=torch.float64)
    sections = butter(_ORDER, cutoff_hz, fs=rate_hz, output="sos")
    padding = min(frames - 1, int(np.ceil(rate_hz / cutoff_hz)) * 3)
    return torch.from_numpy(sosfiltfilt(sections, np.eye(frames), axis=0, padlen=padding).copy())


@lru_cache(maxsize=32)
def derivative_matrices(frames: int, rate_hz: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two (T, T) float64 matrices: first and second time derivative of the quintic spline through the samples."""
    time = np.arange(frames) / rate_hz
    spline = make_interp_spline(time, np.eye(frames), k=min(5, frames - 1))
    return torch.from_numpy(spline(time, 1)), torch.from_numpy(spline(time, 2))
