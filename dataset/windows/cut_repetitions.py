"""Muscle-driven repetitions that were cut out of a trial: whether they are, and whether their times are the trial's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.sessions import Session
from models.conventions import ROTATION_INDICES

_SAME = 1e-3  # seconds, degrees or metres
_LEAST_PART = 0.8  # of a repetition, as other settings of the segmentation may cut it
_SAME_FRAMES = 1.5  # by which times may differ: files are cut at different frames


def trials_by_name(session: Session) -> dict[str, Path]:
    """The trials of a session by the names that `repetition_of` may give: with and without a trailing `_ik`."""
    trials = session.trials
    whole = {path.stem: path for path in trials}
    return {path.stem.removesuffix("_ik"): path for path in trials} | whole  # a trial's whole name comes first


def is_cut_of(repetition: Motion, trial: Motion) -> bool:
    """Whether a repetition has the coordinates of the trial at the same times."""
    inside = repetition.time_s[0] >= trial.time_s[0] - _SAME and repetition.time_s[-1] <= trial.time_s[-1] + _SAME
    at_middle = np.abs(trial.time_s - repetition.time_s[len(repetition) // 2]).argmin()
    difference = _differences(repetition.coordinates[len(repetition) // 2], trial.coordinates[[at_middle]])
    return bool(inside and difference[0] < _SAME)


def require_times_of_trial(repetition: Motion, trial: Motion) -> None:
    """Check that frames of a repetition that are the trial's are so at the trial's times.

    Raises:
        InputError: its first and last frames are two of the trial's, which lie at other times there.
    """
    first, last = (_frame_of(repetition.coordinates[i], trial) for i in (0, -1))
    if first is None or last is None or first == last or is_cut_of(repetition, trial):
        return
    in_trial = trial.time_s[[first, last]]
    step = float(np.median(np.diff(trial.time_s)))
    if np.abs(repetition.time_s[[0, -1]] - in_trial).max() > _SAME_FRAMES * step:
        raise InputError(
            f"{repetition.source}: column 'time' is {repetition.time_s[0]:.4g} to {repetition.time_s[-1]:.4g} s, "
            f"but these frames of {trial.source} are from {in_trial[0]:.4g} to {in_trial[1]:.4g} s; expected the times "
            "of the trial, or simulate it again"
        )


def require_whole(repetition: Motion, spans_s: Sequence[tuple[float, float]]) -> None:
    """Check that a repetition is not a part of the one that it was cut out of.

    Args:
        repetition: the file of the repetition.
        spans_s: first and last time of each repetition of the trial, in seconds.

    Raises:
        InputError: it covers a repetition of the trial in part.
    """
    first_s, last_s = float(repetition.time_s[0]), float(repetition.time_s[-1])
    overlaps = [min(last_s, end_s) - max(first_s, start_s) for start_s, end_s in spans_s]
    nearest = int(np.argmax(overlaps)) if overlaps else 0
    if not overlaps or overlaps[nearest] <= 0:
        return
    start_s, end_s = spans_s[nearest]
    if overlaps[nearest] < _LEAST_PART * (end_s - start_s):
        raise InputError(
            f"{repetition.source}: column 'time' goes from {first_s:.4g} to {last_s:.4g} s, but the repetition of the "
            f"trial lasts from {start_s:.4g} to {end_s:.4g} s; expected the whole repetition, simulate it again"
        )


def _frame_of(coordinates: np.ndarray, trial: Motion) -> int | None:
    """The frame of the trial that has given coordinates (33,), or None."""
    differences = _differences(coordinates, trial.coordinates)
    nearest = int(differences.argmin())
    return nearest if differences[nearest] < _SAME else None


def _differences(coordinates: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) largest difference of coordinates (33,) from each of others (N, 33), degrees or metres."""
    difference = others - coordinates
    rotations = list(ROTATION_INDICES)
    difference[:, rotations] -= 360.0 * np.round(difference[:, rotations] / 360.0)  # each file starts within a turn
    return np.abs(difference).max(1)
