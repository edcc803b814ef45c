"""Readers of one file each: a motion, an array of motions, a recorded trial or a muscle-driven repetition."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.continuous_angles import continuous_angles
from dataset.io.knee_convention import forward_knees
from dataset.io.mot import check_units, read_motion
from dataset.io.motion import Motion
from dataset.io.plausibility import in_degrees_and_metres
from dataset.io.reach import find_beyond_reach
from dataset.io.safe_npy import read_array
from dataset.motion_folders.tiling import tiling_period
from dataset.windows.resample import resample
from dataset.windows.segmentation import Repetition, segment_motion, segment_repetitions
from dataset.windows.window import Window, frames_needed, whole_repetition, window_of_motion, windows_of_repetitions
from models.conventions import COORDINATES, FRAME_RATE_HZ

logger = logging.getLogger("bige")

_FEWEST_FRAMES = 4  # that can be resampled
_MOST_MOTIONS = 5000


def read_motion_window(path: Path) -> Window:
    """One motion file of any rate, whole.

    Raises:
        InputError: as `read_motion` and `resample` do.
    """
    return _without_copies(path.stem, read_motion(path, jumps="keep"))  # those of a generator are what is evaluated


def read_array_windows(path: Path, rate_hz: float = FRAME_RATE_HZ) -> list[Window]:
    """The motions of a .npy file, (T, 33) or (N, T, 33) at `rate_hz`, degrees and metres, canonical order, at 60 Hz.

    As of motion files, what no person reaches is a fault of the generator, which is what is evaluated: it is kept, with
    a warning. Values that no generator gives, such as 1e30 or -999, are refused.

    Raises:
        InputError: the file holds something else.
    """
    array = read_array(path)
    if array.ndim not in (2, 3) or array.shape[-1] != len(COORDINATES):
        raise InputError(f"{path}: {array.shape}; expected (frames, 33) or (motions, frames, 33), degrees and metres")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InputError(f"{path}: some values are not finite numbers")
    count, frames_each = 1 if array.ndim == 2 else len(array), array.shape[-2]
    if count == 0 or frames_each < _FEWEST_FRAMES:
        raise InputError(f"{path}: {count} motion(s) of {frames_each} frame(s); at least {_FEWEST_FRAMES} are needed")
    if count > _MOST_MOTIONS:
        raise InputError(f"{path}: {count} motions; expected {_MOST_MOTIONS} at most in a file, divide it into several")
    motions = array.reshape(-1, *array.shape[-2:]).astype(float)
    windows, beyond = [], []
    for i, values in enumerate(motions):
        where = path if array.ndim == 2 else Path(f"{path}, motion {i}")
        as_written = in_degrees_and_metres(values, where)
        coordinates = forward_knees(continuous_angles(as_written), where)
        check_units(coordinates, where, refuse=False)
        motion = Motion(np.arange(len(coordinates)) / rate_hz, coordinates, source=path)
        if found := find_beyond_reach(motion.time_s, as_written, coordinates):
            beyond.append(f"{where}: {found}")
        windows.append(_without_copies(path.stem if array.ndim == 2 else f"{path.stem}_{i}", motion))
    if beyond:
        more = f" (and {len(beyond) - 1} more of {count} motions)" if len(beyond) > 1 else ""
        logger.warning("%s; it is kept, as it is%s", beyond[0], more)
    return windows


def read_trial_windows(path: Path) -> list[Window]:
    """The repetitions of a recorded trial, each with the standing that was recorded after it, 196 frames at most.

    Raises:
        InputError: the file cannot be read, or it holds no repetition.
    """
    motion = resample(read_motion(path))
    segmentation = segment_motion(motion)
    if not segmentation.repetitions:
        raise InputError(f"{path}: {segmentation.reason}")
    for part in segmentation.left_out(str(path)):
        logger.warning("left out: %s", part)
    return _repetitions(path.stem + "_{}", motion, segmentation.repetitions)


def read_muscle_driven_window(path: Path) -> Window:
    """A muscle-driven repetition with its activations.

    Raises:
        InputError: the file cannot be read, or it has no activations.
    """
    motion = resample(read_motion(path))
    if motion.activations is None:
        raise InputError(f"{path}: the file has no muscle activations, so it is not a muscle-driven repetition")
    return _repetitions(path.parent.name, motion, [whole_repetition(motion)])[0]


def _without_copies(name: str, motion: Motion) -> Window:
    """The window of a whole motion at 60 Hz, in which frames that copy earlier ones do not count as recorded."""
    period = tiling_period(motion.coordinates)
    end_s = np.inf if period is None else motion.time_s[period - 1]
    motion = resample(motion)
    recorded = motion.time_s <= end_s + 1e-6
    window = replace(window_of_motion(motion), name=name, recorded=recorded)
    return _with_first_squat(window, motion.cut(0, int(recorded.sum())))


def _repetitions(name: str, trial: Motion, repetitions: Sequence[Repetition]) -> list[Window]:
    """The windows of the repetitions without what is made after them; a {} in `name` is their number."""
    windows = []
    for k, repetition in enumerate(repetitions):
        (window,) = windows_of_repetitions(trial, repetitions, [k], frames_needed(repetition))
        window = replace(window.without_extension(), name=name.format(k + 1))
        windows.append(_with_first_squat(window, window.motion()))
    return windows


def _with_first_squat(window: Window, motion: Motion) -> Window:
    """The window with the first complete squat that segmentation finds in `motion`, found alike in all kinds of files.

    Where there is none, all frames that count and were recorded stand for a repetition.
    """
    squats = segment_repetitions(motion)
    if not squats:
        return replace(window, first_repetition=window.counted & window.recorded, has_squat=False)
    frame = np.arange(len(window))
    first = (frame >= squats[0].start_frame) & (frame < squats[0].end_frame)
    return replace(window, first_repetition=first, has_squat=True)
