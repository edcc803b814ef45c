"""Resampling of motions to an even rate, without aliasing, time shift or jumps of angles by 360 degrees.

Time stamps are taken as they are: where a camera fell from 60 to 30 frames a second, or dropped frames, the motion is
first interpolated to an even grid of the fastest rate that it has, and then filtered and resampled from there.
"""

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.signal import butter, sosfiltfilt

from dataset.errors import InputError
from dataset.io.motion import Motion, is_even
from models.conventions import FRAME_RATE_HZ, ROTATION_INDICES

# Cut-off frequency as a fraction of the new rate: frequencies below half of the cut-off pass within 0.1 %, and the new
# Nyquist frequency is attenuated by 37 dB.
_CUTOFF = 0.35
_FILTER_ORDER = 6
_LONGEST_GAP_FRAMES, _LONGEST_GAP_S = 5, 0.25  # a camera that falls from 60 to 10 frames a second leaves no gap
_FASTEST_SHARE = 0.1  # a tenth of the steps may be shorter than that of the fastest rate: stamps jitter
_FASTEST_OF_MEDIAN = 4.0  # the fastest rate, at most, relative to the rate of the median step


def to_even(motion: Motion) -> Motion:
    """The motion with evenly spaced frames, as filters, derivatives and animation programs need it.

    An even motion is returned unchanged. Another one is interpolated at its fastest rate, so that nothing is lost and
    nothing aliases; its first time stamp stays.

    Raises:
        InputError: the motion has fewer than four frames, or a gap.
    """
    refuse_gaps(motion)
    return motion if motion.is_even else resample(motion, fastest_rate_hz(motion.time_s))


def fastest_rate_hz(time_s: np.ndarray) -> float:
    """The sampling rate of the most densely sampled part of uneven time stamps (T,), the mean rate of even ones."""
    mean_rate_hz = (len(time_s) - 1) / float(time_s[-1] - time_s[0])
    if is_even(time_s, mean_rate_hz):
        return mean_rate_hz
    steps = np.diff(time_s)
    step_s = max(np.quantile(steps, _FASTEST_SHARE), np.median(steps) / _FASTEST_OF_MEDIAN)
    duration_s = float(time_s[-1] - time_s[0])
    return float(np.ceil(duration_s / step_s - 0.01)) / duration_s  # an even grid then ends with the last stamp


def resample(motion: Motion, rate_hz: float = FRAME_RATE_HZ) -> Motion:
    """Resample a motion evenly to `rate_hz`, from its first time stamp on.

    To a lower rate, a zero-phase low-pass filter is applied first (see `resample_signals`). Angles are unwrapped.
    Activations are interpolated without overshoot and stay between 0 and 1. A motion that already has this rate is
    returned unchanged.

    Raises:
        InputError: the motion has fewer than four frames, or a gap.
    """
    refuse_gaps(motion)
    if is_even(motion.time_s, rate_hz):
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
    own_rate_hz = fastest_rate_hz(time_s)
    even_s = np.linspace(time_s[0], time_s[-1], len(time_s))
    if is_even(time_s, own_rate_hz) and np.abs(time_s - even_s).max() > 0.05 / own_rate_hz:
        time_s = even_s  # the stamps were rounded
    frames = int(np.floor((time_s[-1] - time_s[0]) * rate_hz + 1e-6)) + 1
    new_time_s = time_s[0] + np.arange(frames) / rate_hz
    if own_rate_hz > rate_hz * (1 + 1e-3):
        if not is_even(time_s, own_rate_hz):
            count = int(np.ceil((time_s[-1] - time_s[0]) * own_rate_hz - 1e-6)) + 1
            even_s = np.linspace(time_s[0], time_s[-1], count)
            time_s, values, own_rate_hz = even_s, interpolator(time_s, values)(even_s), 1.0 / (even_s[1] - even_s[0])
        sections = butter(_FILTER_ORDER, _CUTOFF * rate_hz, fs=own_rate_hz, output="sos")
        reflected = min(len(time_s) - 1, int(np.ceil(3 * own_rate_hz / (_CUTOFF * rate_hz))))
        values = sosfiltfilt(sections, values, axis=0, padtype="odd", padlen=reflected)
    return new_time_s, interpolator(time_s, values)(np.minimum(new_time_s, time_s[-1]))


def refuse_gaps(motion: Motion) -> None:
    """Raise InputError where the motion has too few frames, or a gap."""
    where = motion.source or "the motion"
    if len(motion) < 4:
        raise InputError(f"{where}: {len(motion)} frame(s) are too few to resample; a motion needs at least 4")
    steps = np.diff(motion.time_s)
    widest = int(steps.argmax())
    if steps[widest] > max(_LONGEST_GAP_FRAMES * np.median(steps), _LONGEST_GAP_S):
        raise InputError(
            f"{where}: {steps[widest]:.3g} s without a frame after {motion.time_s[widest]:g} s; cut the file there"
        )
