"""A torch Dataset of the squat windows of sessions, held in memory."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.left_out import LeftOut
from dataset.sessions import Session, repetition_of
from dataset.windows.cut_repetitions import is_cut_of, require_times_of_trial, require_whole, trials_by_name
from dataset.windows.floor import floor_height
from dataset.windows.resample import resample
from dataset.windows.segmentation import Repetition, Segmentation, segment_motion
from dataset.windows.window import Window, reason_not_to_fit, reason_of_unfit, whole_repetition, windows_of_repetitions
from models.conventions import WINDOW_FRAMES

logger = logging.getLogger("bige")

_CUT_SUFFIX = "_muscle_driven.mot"


class MotionDataset(Dataset[dict[str, torch.Tensor]]):
    """One placed window for each squat repetition of the sessions, in the sessions' order.

    Item i is a dict of tensors: `motion` (T, 33) float32, degrees and metres, canonical order, placed at the origin on
    the floor, facing +x; `recorded`, `first_repetition` and `standing` (T,) bool; with activations, `activations`
    (T, 80) float32 and `labelled` (T,) bool, see `Window`.

    Attributes:
        windows: the placed windows.
        sessions: the session of each window.
        names: names of the windows, `<session>/<trial or repetition>[_<k>]`.
        left_out: the files that could not be used.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        *,
        with_activations: bool = False,
        frames: int = WINDOW_FRAMES,
        floor_m: Callable[[Session, Motion], float] = floor_height,
    ) -> None:
        """Read all windows.

        Args:
            sessions: the sessions to read.
            with_activations: whether to read the muscle-driven repetitions only. Those that were cut out of a trial, as
                `simulate_activations.py` does, give their activations to the windows of that trial. Otherwise the squat
                trials are read, and the muscle-driven repetitions of sessions without trials.
            frames: length T of the windows, a multiple of 4; repetitions that do not fit are left out.
            floor_m: gives the height of the floor, in metres, of a session's recording.

        Raises:
            InputError: there is no usable window.
        """
        self.windows: list[Window] = []
        self.sessions: list[Session] = []
        self.names: list[str] = []
        self.left_out: list[LeftOut] = []
        for session in sessions:
            read = read_session(session, with_activations=with_activations, frames=frames, floor_m=floor_m)
            self.windows += read.windows
            self.sessions += [session] * len(read.windows)
            self.names += read.names
            self.left_out += read.left_out
        if not self.windows:
            kind = "muscle-driven repetition" if with_activations else "squat repetition"
            raise InputError(f"no usable {kind} in the {len(sessions)} session(s); see the warnings above")

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {name: torch.as_tensor(values) for name, values in arrays_of(self.windows[index]).items()}


@dataclass(frozen=True)
class SessionWindows:
    """The placed windows of one session.

    Attributes:
        windows: the windows.
        names: their names, `<session>/<trial or repetition>[_<k>]`.
        left_out: the files that could not be used.
    """

    windows: list[Window]
    names: list[str]
    left_out: list[LeftOut]


def read_session(
    session: Session,
    *,
    with_activations: bool = False,
    frames: int = WINDOW_FRAMES,
    floor_m: Callable[[Session, Motion], float] = floor_height,
) -> SessionWindows:
    """Read the windows of one session; the arguments are those of `MotionDataset`.

    A file that cannot be used is logged and left out.
    """
    result = SessionWindows([], [], [])
    sources = _sources(session, with_activations)
    if not sources:
        kind = "muscle-driven repetition" if with_activations else "motion file"
        logger.warning("left out: %s has no %s", session.path, kind)
        result.left_out.append(LeftOut(session.id, f"it has no {kind}"))
    for source in sources:
        try:
            found = _windows(session, source, with_activations, frames, floor_m)
        except InputError as error:
            logger.warning("left out: %s", error)
            reason = str(error).removeprefix(f"{source.path}: ")
            result.left_out.append(LeftOut(f"{session.id}/{source.name}", reason))
            continue
        for path, fault in found.errors.items():
            logger.warning("left out: %s", fault)
            reason = str(fault).removeprefix(f"{path}: ")
            result.left_out.append(LeftOut(f"{session.id}/{path.parent.name}", reason))
        name = f"{session.id}/{source.name}"
        if found.unfit:
            logger.warning("left out: %s: %s", source.path, found.unfit)
            result.left_out.append(LeftOut(name, found.unfit, is_part=True))
        result.windows.extend(window for _, window in found.windows)
        result.names.extend(name if source.is_repetition else f"{name}_{number}" for number, _ in found.windows)
    return result


def arrays_of(window: Window) -> dict[str, np.ndarray]:
    """What a network sees of a window, as described in `MotionDataset`."""
    arrays = {
        "motion": window.coordinates.astype(np.float32),
        "recorded": window.recorded,
        "first_repetition": window.first_repetition,
        "standing": window.standing,
    }
    if window.activations is not None and window.labelled is not None:
        arrays |= {"activations": window.activations.astype(np.float32), "labelled": window.labelled}
    return arrays


@dataclass(frozen=True)
class _Source:
    """A file of windows: a trial, or one muscle-driven repetition.

    Attributes:
        path: the motion file.
        is_repetition: whether the file is one repetition.
        labels: muscle-driven repetitions that were cut out of the trial.
    """

    path: Path
    is_repetition: bool
    labels: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        return self.path.parent.name if self.is_repetition else self.path.stem


def _sources(session: Session, with_activations: bool) -> list[_Source]:
    """The files of a session that windows are read from."""
    if with_activations:
        return _labelled_sources(session)
    trials = [_Source(path, False) for path in session.squat_trials]
    return trials or [_Source(path, True) for path in session.squat_muscle_driven]


def _labelled_sources(session: Session) -> list[_Source]:
    """Trials with the repetitions that were cut out of them, and repetitions with a motion of their own."""
    trials = trials_by_name(session)
    of_trial: dict[Path, list[Path]] = {}
    alone = []
    for path in session.squat_muscle_driven:
        trial = trials.get(repetition_of(path)[0])
        if trial is not None and path.name.endswith(_CUT_SUFFIX):
            of_trial.setdefault(trial, []).append(path)
        else:
            alone.append(_Source(path, True))
    return [_Source(trial, False, tuple(paths)) for trial, paths in of_trial.items()] + alone


@dataclass
class _Found:
    """What one source holds.

    Attributes:
        windows: the placed windows with the numbers of their repetitions.
        unfit: what of it does not fit into a window, as the end of a sentence.
        errors: the muscle-driven repetitions that cannot be used, and why.
    """

    windows: list[tuple[int, Window]]
    unfit: str = ""
    errors: dict[Path, InputError] = field(default_factory=dict)


def _windows(
    session: Session,
    source: _Source,
    with_activations: bool,
    frames: int,
    floor_m: Callable[[Session, Motion], float],
) -> _Found:
    """The windows of one file.

    Raises:
        InputError: the file has no usable window.
    """
    motion = read_motion(source.path)
    labels, errors = _read_labels(source.labels, motion)
    if labels and not all(is_cut_of(label, motion) for label in labels):
        # These were simulated with a motion of their own, to which the activations belong.
        paths = [path for path in source.labels if path not in errors]
        return _windows_of_files(session, paths, errors, frames, floor_m)
    if with_activations and motion.activations is None and not labels:
        raise next(iter(errors.values()), InputError(f"{source.path}: the file has no muscle activations"))
    resampled = resample(motion)
    segmentation = Segmentation((whole_repetition(resampled),)) if source.is_repetition else segment_motion(resampled)
    repetitions = segmentation.repetitions
    if labels:
        labels = _whole_labels(labels, resampled, repetitions, errors)
    fit = [k for k, one in enumerate(repetitions) if not reason_not_to_fit(one, frames)]
    windows = windows_of_repetitions(resampled, repetitions, fit, frames)
    if labels:
        windows = [window.with_labels(labels) for window in windows]
    usable = [
        (k + 1, window)
        for k, window in zip(fit, windows, strict=True)
        if not labels or (window.labelled is not None and window.labelled.any())
    ]
    unfit = reason_of_unfit(repetitions, frames)
    if not usable:
        reason = segmentation.reason or unfit or "none of its muscle-driven repetitions is one of its squats"
        raise InputError(f"{source.path}: {reason}")
    height_m = floor_m(session, motion)
    return _Found([(number, window.placed(height_m)[0]) for number, window in usable], unfit, errors)


def _read_labels(paths: Sequence[Path], trial: Motion) -> tuple[list[Motion], dict[Path, InputError]]:
    """Muscle-driven repetitions of a trial, and those that cannot be used."""
    labels: list[Motion] = []
    errors: dict[Path, InputError] = {}
    for path in paths:
        try:
            label = read_motion(path)
            if label.activations is None:
                raise InputError(f"{path}: the file has no muscle activations")
            require_times_of_trial(label, trial)
        except InputError as error:
            errors[path] = error
        else:
            labels.append(label)
    return labels, errors


def _whole_labels(
    labels: Sequence[Motion], trial: Motion, repetitions: Sequence[Repetition], errors: dict[Path, InputError]
) -> list[Motion]:
    """The labels that are not a part of their repetition only; the others are added to `errors`.

    Raises:
        InputError: all of them are.
    """
    spans_s = [(float(trial.time_s[one.start_frame]), float(trial.time_s[one.end_frame - 1])) for one in repetitions]
    whole = []
    for label in labels:
        try:
            require_whole(label, spans_s)
        except InputError as error:
            errors[label.source or Path()] = error
        else:
            whole.append(label)
    if not whole:
        raise next(iter(errors.values()))
    return whole


def _windows_of_files(
    session: Session,
    paths: Sequence[Path],
    errors: dict[Path, InputError],
    frames: int,
    floor_m: Callable[[Session, Motion], float],
) -> _Found:
    """`_windows` of muscle-driven repetitions of one trial; those that do not fit are added to `errors`."""
    found = _Found([], errors=dict(errors))
    for path in paths:
        try:
            of_file = _windows(session, _Source(path, True), True, frames, floor_m)
        except InputError as error:
            found.errors[path] = error
        else:
            found.windows += [(repetition_of(path)[1] or 1, window) for _, window in of_file.windows]
    if not found.windows:
        raise next(iter(found.errors.values()))
    return found
