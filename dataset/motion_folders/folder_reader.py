"""Reader of folders of motions.

These layouts are read:

- motion files (`*.mot`) or arrays (`*.npy`) in one folder, or in a folder for each subject: `<subject>/`, or
  `latents_subject_run_<session>/` as guidance and retargeting write them;
- a data root of OpenCap sessions, of which either the squat trials (`mocap`) or the muscle-driven repetitions
  (`muscle_driven`) are read.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from dataset.errors import InputError
from dataset.locations import MOTIONS_FOLDER, SESSION_PREFIX, expanded
from dataset.motion_folders.file_reader import (
    read_array_windows,
    read_motion_window,
    read_muscle_driven_window,
    read_trial_windows,
)
from dataset.motion_folders.file_types import MUSCLE_DRIVEN
from dataset.motion_folders.window_folder import SubjectWindows, WindowFolder
from dataset.session_folders import no_trial
from dataset.sessions import Session, discover_sessions
from dataset.windows.window import Window
from models.conventions import FRAME_RATE_HZ

logger = logging.getLogger("bige")

_DEGREES, _RADIANS = "_degrees", "_radians"  # T2M-GPT writes each motion in both units


def read_motion_folder(
    folder: str | Path,
    file_type: str,
    *,
    sessions: Iterable[Session] = (),
    model_of: Session | None = None,
    array_rate_hz: float = FRAME_RATE_HZ,
) -> WindowFolder:
    """Read every motion of a folder; a file that cannot be read is logged and named in `WindowFolder.left_out`.

    A session without muscle-driven repetitions counts as empty, not as unreadable.

    Args:
        folder: the folder, or a data root, see the layouts above.
        file_type: one of `file_types.FILE_TYPES`, or `MUSCLE_DRIVEN`.
        sessions: known sessions; a subject's folder that is named after one, and a session of that name without a model
            of its own, such as one of simulated repetitions, get that session's model.
        model_of: the session whose model all subjects get, in place of any other.
        array_rate_hz: frames per second of arrays, which do not state it.

    Raises:
        InputError: there is no such folder, or no motion in it can be read.
    """
    folder = expanded(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; expected a folder of motions")
    reader = _Reader(array_rate_hz)
    known = {session.id: session for session in sessions}
    if file_type in ("mocap", MUSCLE_DRIVEN):
        subjects = [
            SubjectWindows(
                session.id,
                reader.read_session(session, file_type),
                model_of or (session if session.has_model else known.get(session.id, session)),
            )
            for session in discover_sessions(folder)
        ]
    else:
        subjects = [
            SubjectWindows(name, reader.read_files(files), model_of or known.get(name))
            for name, files in _files_by_subject(folder, file_type).items()
        ]
    subjects = [subject for subject in subjects if subject.windows]
    if not subjects:
        reason = f": {reader.left_out[0]}" if reader.left_out else ""
        if not reason and file_type == MUSCLE_DRIVEN:
            reason = ": no session has muscle-driven repetitions"
        more = f" (and {len(reader.left_out) - 1} similar)" if len(reader.left_out) > 1 else ""
        raise InputError(f"{folder}: nothing here can be evaluated{reason}{more}")
    return WindowFolder(folder, tuple(subjects), tuple(reader.left_out))


class _Reader:
    """Reads files one after the other and collects a sentence for each that cannot be read."""

    def __init__(self, array_rate_hz: float) -> None:
        self.left_out: list[str] = []
        self._read_array = partial(read_array_windows, rate_hz=array_rate_hz)

    def read_files(self, paths: Iterable[Path]) -> tuple[Window, ...]:
        """The motions of motion files and arrays."""
        windows: list[Window] = []
        for path in paths:
            is_array = path.suffix.lower() == ".npy"
            windows += self._attempt(self._read_array if is_array else _read_motion_file, path)
        return tuple(windows)

    def read_session(self, session: Session, file_type: str) -> tuple[Window, ...]:
        """The repetitions of a session's squat trials, or its muscle-driven ones."""
        if file_type == MUSCLE_DRIVEN:
            return self._read_all(_read_muscle_driven_file, session.squat_muscle_driven)
        if not session.squat_trials:
            self._leave_out(no_trial(session.path))
        return self._read_all(read_trial_windows, session.squat_trials)

    def _read_all(self, read: Callable[[Path], list[Window]], paths: Iterable[Path]) -> tuple[Window, ...]:
        return tuple(window for path in paths for window in self._attempt(read, path))

    def _attempt(self, read: Callable[[Path], list[Window]], path: Path) -> list[Window]:
        try:
            return read(path)
        except InputError as error:
            self._leave_out(str(error))
            return []

    def _leave_out(self, sentence: str) -> None:
        logger.warning("left out: %s", sentence)
        self.left_out.append(sentence)


def _read_motion_file(path: Path) -> list[Window]:
    return [read_motion_window(path)]


def _read_muscle_driven_file(path: Path) -> list[Window]:
    return [read_muscle_driven_window(path)]


def _files_by_subject(folder: Path, suffix: str) -> dict[str, list[Path]]:
    """Motion files by subject, in natural order."""
    if (folder / MOTIONS_FOLDER).is_dir():
        folder = folder / MOTIONS_FOLDER
    groups: dict[str, list[Path]] = {}
    for place in [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]:
        files = [path for path in place.iterdir() if path.suffix.lower() == f".{suffix}" and path.name[0] != "."]
        files = [path for path in files if not _is_copy_in_radians(path)]
        if files:
            same = groups.setdefault(place.name.removeprefix(SESSION_PREFIX), [])
            same += sorted(files, key=lambda path: (len(path.name), path.name))
    if groups:
        return groups
    try:
        sessions = discover_sessions(folder)
    except InputError:
        raise InputError(
            f"{folder}: holds no motion (*.{suffix}), neither itself nor in a folder for each subject"
        ) from None
    raise InputError(f"{folder}: holds {len(sessions)} OpenCap session(s); read their trials with --file_type mocap")


def _is_copy_in_radians(path: Path) -> bool:
    return path.stem.endswith(_RADIANS) and path.with_stem(path.stem.removesuffix(_RADIANS) + _DEGREES).exists()
