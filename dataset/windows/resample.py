"""Resampling of motions to an even rate, without aliasing, time shift or jumps of angles by 360 degrees."""

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.signal import butter, sosfiltfilt

from dataset.errors import InputError
from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ, ROTATION_INDICES

# Cut-off frequency as a fraction of the new rate: frequencies below half of the cut-off pass within 0.1 %, and the new
# Nyquist frequency is attenuated by 37 dB.
_CUTOFF = 0.35
_FILTER_ORDER = 6
_LONGEST_GAP_FRAMES = 5


def resample(motion: Motion, rate_hz: float = FRAME_RATE_HZ) -> Motion:
    """Resample a motion evenly to `rate_hz`, from its first time stamp on.

    To a lower rate, a zero-phase low-pass filter is applied first (see `resample_signals`). Angles are unwrapped.
    Activations are interpolated without overshoot and stay between 0 and 1. A motion that already has this rate is
    returned unchanged.

    Raises:
        InputError: the motion has fewer than four frames, or a gap.
    """
    _refuse_gaps(motion)
    if _is_even(motion.time_s, rate_hz):
        return motion
    coordinates = motion.coordinates.copy()
    coordinates[:, ROTATION_INDICES] = np.unwrap(coordinates[:, ROTATION_INDICES], axis=0, period=360.0)
    time_s, coordinates = resample_signals(motion.time_s, coordinates, rate_hz)
    activations = motion.activations
    if activations is not None:
        activations = resample_signals(motion.time_s, activations, rate_hz, PchipInterpolator)[1].clip(0.0, 1.0)
    extra = {name: resample_signals(motion.time_s, values, rate_hz)[1] for name, values in motion.extra.items()}
    return Motion(time_s, coordinates, activations, extra, motion.source)


def resample_signals(
    time_s: np.ndarray,
    values: np.ndarray,
    rate_hz: float,
    interpolator: type[CubicSpline | PchipInterpolator] = CubicSpline,
) -> tuple[np.ndarray, np.ndarray]:
    """Resample signals evenly.

    To a lower rate, a Butterworth low-pass filter of order 6 is run forward and backward first, against aliasing; its
    cut-off frequency is 0.35 of the new rate. The ends are extended by point reflection, which preserves value
    and slope.

    Args:
        time_s: (T,) seconds, increasing.
        values: (T, ...).
        rate_hz: the new rate.
        interpolator: scipy's interpolator of the values.

    Returns:
        The new time stamps and values.
    """
    own_rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    frames = int(np.floor((time_s[-1] - time_s[0]) * rate_hz + 1e-6)) + 1
    new_time_s = time_s[0] + np.arange(frames) / rate_hz
    if own_rate_hz > rate_hz * (1 + 1e-3):
        if not _is_even(time_s, own_rate_hz):
            even_s = np.linspace(time_s[0], time_s[-1], len(time_s))
            time_s, values = even_s, interpolator(time_s, values)(even_s)
        sections = butter(_FILTER_ORDER, _CUTOFF * rate_hz, fs=own_rate_hz, output="sos")
        reflected = min(len(time_s) - 1, int(np.ceil(3 * own_rate_hz / (_CUTOFF * rate_hz))))
        values = sosfiltfilt(sections, values, axis=0, padtype="odd", padlen=reflected)
    return new_time_s, interpolator(time_s, values)(np.minimum(new_time_s, time_s[-1]))


def _is_even(time_s: np.ndarray, rate_hz: float) -> bool:
    """Whether every time stamp lies within a twentieth of a frame of an even grid."""
    grid = time_s[0] + np.arange(len(time_s)) / rate_hz
    return bool(np.abs(time_s - grid).max() < 0.05 / rate_hz)


def _refuse_gaps(motion: Motion) -> None:
    """Raise InputError where the motion has too few frames, or a gap."""
    where = motion.source or "the motion"
    if len(motion) < 4:
        raise InputError(f"{where}: {len(motion)} frame(s) are too few to resample; a motion needs at least 4")
    steps = np.diff(motion.time_s)
    widest = int(steps.argmax())
    if steps[widest] > _LONGEST_GAP_FRAMES * np.median(steps):
        raise InputError(
            f"{where}: {steps[widest]:.3g} s without a frame after {motion.time_s[widest]:g} s; cut the file there"
        )
