"""OpenCap sessions on disk: their metadata, scaled model, trials and muscle-driven repetitions."""

import logging
import os
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.locations import expanded
from dataset.session_folders import (
    DOWNLOAD_PREFIX,
    advice,
    contents,
    entries,
    is_packed,
    is_session_folder,
    log_not_trials,
    log_overlooked,
    natural,
    packed_or_deeper,
)
from dataset.session_metadata import METADATA_NAME, log_mass_warning, mass_warning, names_nobody, read_metadata
from dataset.session_models import choose_model, holds_model
from dataset.spelling import list_names

logger = logging.getLogger("bige")

DATA_ROOT_VARIABLE = "BIGE_DATA"
_SQUAT_NAME = re.compile("sqt|squat", re.IGNORECASE)
_REPETITION_FOLDER = re.compile(r"(?P<trial>.+?)(_segment)?_(?P<number>\d+)")


@dataclass(frozen=True)
class Session:
    """One OpenCap session.

    Attributes:
        path: the session's folder, which holds `OpenSimData/Model`, `OpenSimData/Kinematics` and, where muscle-driven
            repetitions were simulated, `OpenSimData/Dynamics`.
        model: the model to use for all trials, in place of those of the session; None for the session's own.
        label: the id, where another session under the same data root has the id that the folder's name gives.
        chosen: names of the trials that count as its squat trials, see `trial`; empty for those that are named so.
    """

    path: Path
    model: Path | None = None
    label: str = ""
    chosen: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The folder's name, without OpenCap's download prefix; or the label."""
        return self.label or self.path.name.removeprefix(DOWNLOAD_PREFIX)

    @property
    def subject(self) -> str:
        """Id of the subject: the metadata's `subjectID`, or the session's id where there is none or a placeholder."""
        subject = self.metadata.get("subjectID")
        named = isinstance(subject, str) and subject.strip() and not self.has_placeholder_subject
        return subject if named and isinstance(subject, str) else self.id

    @property
    def has_placeholder_subject(self) -> bool:
        """Whether the metadata's `subjectID` names nobody, as OpenCap's `defaultSubject`."""
        return names_nobody(self.metadata.get("subjectID"))

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Content of `sessionMetadata.yaml`, every value as text; empty where the file is missing or is no mapping."""
        return read_metadata(self.path)

    def mass_warning(self, model: Path) -> str:
        """What is wrong between the body mass of the metadata and that of a model of the session; empty if nothing."""
        return mass_warning(self.metadata, self.path, model)

    @property
    def model_path(self) -> Path:
        """The scaled model; where each trial has one of its own, that of the first squat trial, which is logged.

        Raises:
            InputError: the session has no model.
        """
        return self._model_of(None)

    @property
    def has_model(self) -> bool:
        """Whether a model is given or lies in the session, readable or not."""
        return self.model is not None or holds_model(self.path / "OpenSimData" / "Model")

    def model_for(self, motion: str | Path | None) -> Path:
        """The model of a trial or repetition: its own where the session keeps a model for each trial.

        Args:
            motion: the file; None, or a file that is none of the session's, for `model_path`.

        Raises:
            InputError: the session has no model, or each trial but this one has a model.
        """
        if self.model is not None or motion is None:
            return self.model_path
        motion = Path(motion)
        in_dynamics = motion.parent.parent.name == "Dynamics"
        return self._model_of(motion.parent.name if in_dynamics else motion.stem)

    def _model_of(self, name: str | None) -> Path:
        """The model that was given, or that of a trial or repetition by its name, compared with the stated mass."""
        trials = () if self.model else tuple(path.stem for path in dict.fromkeys([*self.squat_trials, *self.trials]))
        model = self.model or choose_model(self.path / "OpenSimData/Model", name, trials, self.mass_warning)
        log_mass_warning(self.metadata, self.path, model)
        return model

    @property
    def trials(self) -> list[Path]:
        """All motion files of `OpenSimData/Kinematics`, by name."""
        files = entries(self.path / "OpenSimData" / "Kinematics", "*")
        log_not_trials(self.path, tuple(path.name for path in files if path.suffix.lower() == ".sto"))
        return [path for path in files if path.suffix.lower() == ".mot"]

    @property
    def squat_trials(self) -> list[Path]:
        """The chosen trials, or those named `sqt` or `squat`; if there is none, all trials, which is logged."""
        if self.chosen:
            return list(dict.fromkeys(map(self.trial, self.chosen)))
        trials = self.trials
        squats = [path for path in trials if _SQUAT_NAME.search(path.stem)]
        if trials and not squats:
            _log_that_all_trials_are_used(self.id, ", ".join(path.stem for path in trials))
        return squats or trials

    @property
    def muscle_driven(self) -> list[Path]:
        """One file `OpenSimData/Dynamics/<repetition>/kinematics_activations*.mot` of each muscle-driven repetition."""
        files: dict[Path, Path] = {}
        for path in entries(self.path / "OpenSimData" / "Dynamics", "*/kinematics_activations*.mot"):
            first = files.setdefault(path.parent, path)
            if first != path:
                _log_second_file(first, path)
        return list(files.values())

    @property
    def squat_muscle_driven(self) -> list[Path]:
        """The muscle-driven repetitions of chosen trials, or of those that are named `sqt` or `squat`; else all."""
        files = self.muscle_driven
        if self.chosen:
            return [path for path in files if repetition_of(path)[0] in {trial.stem for trial in self.squat_trials}]
        return [path for path in files if _SQUAT_NAME.search(path.parent.name)] or files

    def trial(self, name: str | Path) -> Path:
        """The motion file of a trial.

        Args:
            name: name of the file, with or without `.mot` or a trailing `_ik`; or a path. Where names differ only in
                case, the one that is written so.

        Raises:
            InputError: there is no such trial.
        """
        if Path(name).is_file():
            return Path(name)
        wanted = Path(name).stem if Path(name).suffix.lower() == ".mot" else str(name)
        if exact := [path for path in self.trials if path.stem == wanted]:
            return exact[0]
        wanted = wanted.lower()
        by_name = {path.stem.lower().removesuffix("_ik"): path for path in self.trials}
        by_name |= {path.stem.lower(): path for path in self.trials}
        if wanted in by_name:
            return by_name[wanted]
        raise InputError(
            f"{self.path}: no trial {name}; it has {list_names([p.stem for p in self.trials], most=20) or 'none'}"
        )


@lru_cache(maxsize=1024)
def _log_that_all_trials_are_used(session: str, trials: str) -> None:
    """Logged once for each session of a process, however often its trials are asked for."""
    logger.info("%s: no trial is named squat or sqt, so all trials are used: %s", session, trials)


@lru_cache(maxsize=1024)
def _log_second_file(first: Path, second: Path) -> None:
    logger.warning("%s: %s of the same repetition is used, not this file", second, first.name)


def repetition_of(muscle_driven: Path) -> tuple[str, int | None]:
    """Name of the trial and number of a muscle-driven repetition, from the name of its folder.

    Folders are named `<trial>_segment_<k>` (UCSD) or `<trial>_<k>` (OpenCap); otherwise the number is None.
    """
    match = _REPETITION_FOLDER.fullmatch(muscle_driven.parent.name)
    return (match["trial"], int(match["number"])) if match else (muscle_driven.parent.name, None)


def data_root(argument: str | Path | None) -> Path:
    """The folder of sessions.

    Args:
        argument: what the user gave as `--data-root`; None for `$BIGE_DATA`.

    Raises:
        InputError: neither names a folder.
    """
    named = argument or os.environ.get(DATA_ROOT_VARIABLE)
    if not named:
        raise InputError(
            f"no recordings were given: add --data-root, or set ${DATA_ROOT_VARIABLE} to the folder that holds Data/; "
            "--dataname demo uses the synthetic demo sessions instead"
        )
    root = expanded(named)
    if not root.is_dir():
        origin = "--data-root" if argument else f"${DATA_ROOT_VARIABLE}"
        raise InputError(f"{root}: there is no such folder, see {origin}")
    return root


def discover_sessions(root: str | Path) -> list[Session]:
    """All sessions under a data root, sorted by id.

    Sessions are `<root>/Data/<session>/`, `<root>/OpenCapData_<session>/`, `<root>/<session>/`, or `root` itself.

    Raises:
        InputError: there is no session.
    """
    root = expanded(root)
    if is_session_folder(root):
        return [Session(_with_name(root))]
    if root.is_file():
        unpack = "; unpack it first" if is_packed(root) else ""
        raise InputError(f"{root}: this is a file; expected a folder of OpenCap sessions{unpack}")
    sessions = [Session(p) for folder in (root, root / "Data") for p in entries(folder, "*") if is_session_folder(p)]
    if not sessions:
        raise InputError(
            f"{root}: no OpenCap session (a folder holding OpenSimData/) in it or in its Data/; found {contents(root)}"
            f"{advice(root)}"
        )
    sessions = _with_distinct_ids(sorted(sessions, key=lambda session: natural(session.id)))
    _log_placeholders(tuple(session.path for session in sessions if session.has_placeholder_subject))
    _log_similar(tuple(sorted({session.subject for session in sessions})))
    log_overlooked(tuple(packed_or_deeper(root)))
    return sessions


def _with_distinct_ids(sessions: list[Session]) -> list[Session]:
    """The sessions, those whose id is taken already under another one, so that nothing mixes two recordings up."""
    taken: dict[str, Session] = {}
    clashes = []
    for session in sorted(sessions, key=lambda session: session.path.name != session.id):
        label = session.id
        if label in taken:
            first = taken[label]
            label = session.path.name if session.path.name not in taken else f"{session.path.parent.name}_{label}"
            while label in taken:
                label += "_"
            session = replace(session, label=label)
            clashes.append((first.path, session.path, label))
        taken[label] = session
    _log_clashes(tuple(clashes))
    return sorted(taken.values(), key=lambda session: natural(session.id))


@lru_cache(maxsize=64)  # once for each data root
def _log_clashes(clashes: tuple[tuple[Path, Path, str], ...]) -> None:
    for first, second, label in clashes:
        logger.warning(
            "%s and %s have the same id; the second counts as a session of its own, %s", first, second, label
        )


@lru_cache(maxsize=64)
def _log_placeholders(paths: tuple[Path, ...]) -> None:
    if paths:
        logger.warning(
            "the subjectID of %d session(s) is a placeholder such as defaultSubject, so each counts as a subject of "
            "its own: %s; where some are of one person, write the same subjectID into their %s",
            len(paths), ", ".join(path.name for path in paths[:8]) + (", ..." if len(paths) > 8 else ""), METADATA_NAME,
        )  # fmt: skip


@lru_cache(maxsize=64)
def _log_similar(subjects: tuple[str, ...]) -> None:
    first: dict[str, str] = {}
    for subject in subjects:
        other = first.setdefault(" ".join(subject.casefold().split()), subject)
        if other != subject:
            logger.warning(
                "the subjects %r and %r differ in case or spaces only, and count as two; where they are one person, "
                "write the same subjectID into their %s", other, subject, METADATA_NAME,
            )  # fmt: skip


def open_session(path_or_id: str | Path, root: str | Path | None = None, model: str | Path | None = None) -> Session:
    """Open a session.

    Args:
        path_or_id: the session's folder, or its id under the data root.
        root: the data root; None for `$BIGE_DATA`.
        model: an OpenSim model to use in place of the session's own.

    Raises:
        InputError: the folder is not a session, the id is unknown, or there is no such model.
    """
    session = _find_session(path_or_id, root)
    return session if model is None else replace(session, model=require_model(model))


def _with_name(path: Path) -> Path:
    """The path of a folder so that it ends in the folder's name, which `.` and `..` do not."""
    return path if path.name not in ("", "..") else path.resolve()


def require_model(path: str | Path) -> Path:
    """The model that `--model` names. Raises InputError where there is no such file."""
    path = expanded(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file (expected an OpenSim .osim), see --model")
    return path


def _find_session(path_or_id: str | Path, root: str | Path | None) -> Session:
    if not str(path_or_id).strip():
        raise InputError("--subject is empty; give a session's folder, or its id under --data-root")
    path = expanded(path_or_id)
    if is_session_folder(path):
        return Session(_with_name(path))
    if path.is_dir():
        raise InputError(
            f"{path}: not an OpenCap session, it has no OpenSimData/; found {contents(path)}{advice(path)}"
        )
    if path.is_file() and (is_packed(path) or len(path.parts) > 1):
        unpack = "; unpack it first" if is_packed(path) else ""
        raise InputError(f"{path}: this is a file; expected the folder of a session{unpack}")
    if path.is_absolute() or not (root or os.environ.get(DATA_ROOT_VARIABLE)):
        raise InputError(
            f"{path_or_id}: no such session folder; to give a session by its id, add --data-root or set "
            f"${DATA_ROOT_VARIABLE}"
        )
    root = data_root(root)
    by_id = {session.id: session for session in discover_sessions(root)}
    for wanted in (str(path), str(path).removeprefix(DOWNLOAD_PREFIX)):
        if wanted in by_id:
            return by_id[wanted]
    more = f" and {len(by_id) - 8} more" if len(by_id) > 8 else ""
    raise InputError(f"{root}: no session {path_or_id}; it has {', '.join(list(by_id)[:8])}{more}")


def is_session_path(subject: str) -> bool:
    """Whether `--subject` is a path rather than a session's id."""
    return expanded(subject).is_dir() or len(Path(subject).parts) > 1
