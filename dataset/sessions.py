"""OpenCap sessions on disk: where they are, their model, their squat trials and their muscle-driven repetitions."""

import logging
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dataset.errors import InputError

logger = logging.getLogger("bige")

DATA_ROOT_VARIABLE = "BIGE_DATA"
_DOWNLOAD_PREFIX = "OpenCapData_"
_SQUAT_NAME = re.compile("sqt|squat", re.IGNORECASE)
_REPETITION_FOLDER = re.compile(r"(?P<trial>.+?)(_segment)?_(?P<number>\d+)")


@dataclass(frozen=True)
class Session:
    """One OpenCap session folder: `OpenSimData/Model`, `OpenSimData/Kinematics`, perhaps `OpenSimData/Dynamics`."""

    path: Path

    @property
    def id(self) -> str:
        """The folder's name, without OpenCap's download prefix."""
        return self.path.name.removeprefix(_DOWNLOAD_PREFIX)

    @property
    def subject(self) -> str:
        """Whose session it is: the metadata's subject where it says, else the session's own id."""
        return self.metadata.get("subjectID") or self.id

    @property
    def mass_kg(self) -> float | None:
        """Body mass from the metadata, or None."""
        return self._positive("mass_kg")

    @property
    def height_m(self) -> float | None:
        """Body height from the metadata, or None."""
        return self._positive("height_m")

    @cached_property
    def metadata(self) -> dict[str, str]:
        """The plain `key: value` lines of `sessionMetadata.yaml`; empty where there is no such file."""
        try:
            text = (self.path / "sessionMetadata.yaml").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        pairs = re.findall(r"^(\w+):[ \t]*(\S[^\n]*?)[ \t\r]*$", text, re.MULTILINE)
        return {key: value.strip("'\"") for key, value in pairs}

    @property
    def model_path(self) -> Path:
        """The scaled model, one with contact spheres preferred; InputError where the session has none."""
        folder = self.path / "OpenSimData" / "Model"
        models = _files(folder, "*.osim")
        if not models:
            raise InputError(f"{folder}: no scaled model (*.osim) there; found {_contents(folder)}")
        return min(models, key=lambda path: ("contacts" not in path.name.lower(), "scaled" not in path.name, path.name))

    @property
    def trials(self) -> list[Path]:
        """All motion files of `OpenSimData/Kinematics`, by name."""
        return _files(self.path / "OpenSimData" / "Kinematics", "*.mot")

    @property
    def squat_trials(self) -> list[Path]:
        """The trials named `sqt` or `squat`; all trials where none is, which is logged."""
        trials = self.trials
        squats = [path for path in trials if _SQUAT_NAME.search(path.stem)]
        if trials and not squats:
            logger.info(
                "%s: no trial is named squat or sqt; taking all: %s", self.id, ", ".join(p.stem for p in trials)
            )
        return squats or trials

    @property
    def muscle_driven(self) -> list[Path]:
        """The muscle-driven repetitions, `OpenSimData/Dynamics/<repetition>/kinematics_activations*.mot`."""
        return _files(self.path / "OpenSimData" / "Dynamics", "*/kinematics_activations*.mot")

    @property
    def squat_muscle_driven(self) -> list[Path]:
        """The muscle-driven repetitions of trials named `sqt` or `squat`; all of them where none is."""
        files = self.muscle_driven
        return [path for path in files if _SQUAT_NAME.search(path.parent.name)] or files

    def trial(self, name: str | Path) -> Path:
        """A trial by file name, with or without `.mot` or a trailing `_ik`, or by path; InputError where none fits."""
        if Path(name).is_file():
            return Path(name)
        wanted = str(name).removesuffix(".mot").lower()
        for path in self.trials:
            if wanted in (path.stem.lower(), path.stem.lower().removesuffix("_ik")):
                return path
        raise InputError(f"{self.path}: no trial {name}; it has {', '.join(p.stem for p in self.trials) or 'none'}")

    def _positive(self, key: str) -> float | None:
        try:
            value = float(self.metadata.get(key, ""))
        except ValueError:
            return None
        return value if value > 0 else None


def repetition_of(muscle_driven: Path) -> tuple[str, int | None]:
    """The trial and number of a muscle-driven repetition: `<trial>_segment_<k>` (UCSD) or `<trial>_<k>` (OpenCap)."""
    match = _REPETITION_FOLDER.fullmatch(muscle_driven.parent.name)
    return (match["trial"], int(match["number"])) if match else (muscle_driven.parent.name, None)


def data_root(argument: str | Path | None) -> Path:
    """The folder of sessions: `--data-root` where given, else `$BIGE_DATA`; InputError where neither names a folder."""
    named = argument or os.environ.get(DATA_ROOT_VARIABLE)
    if not named:
        raise InputError(
            f"no recordings named: give --data-root, or set ${DATA_ROOT_VARIABLE} to the folder that holds Data/; "
            "--dataname demo runs now, without a download"
        )
    root = Path(named).expanduser()
    if not root.is_dir():
        origin = "--data-root" if argument else f"${DATA_ROOT_VARIABLE}"
        raise InputError(f"{root}: no such folder, though {origin} names it")
    return root


def discover_sessions(root: str | Path) -> list[Session]:
    """All sessions under a data root, by id.

    Looked for: `<root>/Data/<session>/`, `<root>/OpenCapData_<session>/`, `<root>/<session>/`, and `root` itself.
    Raises InputError, saying what is there, where none is found.
    """
    root = Path(root).expanduser()
    if _is_session(root):
        return [Session(root)]
    sessions = [Session(p) for folder in (root, root / "Data") for p in _files(folder, "*") if _is_session(p)]
    if not sessions:
        raise InputError(
            f"{root}: no OpenCap session (a folder holding OpenSimData/) in it or in its Data/; found {_contents(root)}"
        )
    return sorted(sessions, key=lambda session: _natural(session.id))


def open_session(path_or_id: str | Path, root: str | Path | None = None) -> Session:
    """A session by its folder, or by its id under a data root (`--data-root`, else `$BIGE_DATA`).

    Raises InputError where the folder is no session or the id is unknown.
    """
    path = Path(path_or_id).expanduser()
    if _is_session(path):
        return Session(path)
    if path.is_dir():
        raise InputError(f"{path}: not an OpenCap session, it has no OpenSimData/; found {_contents(path)}")
    if path.is_absolute() or not (root or os.environ.get(DATA_ROOT_VARIABLE)):
        raise InputError(
            f"{path_or_id}: no such session folder; to name a session by its id, give --data-root or set "
            f"${DATA_ROOT_VARIABLE}"
        )
    root = data_root(root)
    sessions = discover_sessions(root)
    wanted = str(path_or_id).removeprefix(_DOWNLOAD_PREFIX)
    for session in sessions:
        if session.id == wanted:
            return session
    known = [session.id for session in sessions]
    more = f" and {len(known) - 8} more" if len(known) > 8 else ""
    raise InputError(f"{root}: no session {path_or_id}; it has {', '.join(known[:8])}{more}")


def is_session_path(subject: str) -> bool:
    """Whether a subject is named by a path rather than by an id."""
    return Path(subject).expanduser().is_dir() or len(Path(subject).parts) > 1


def _is_session(path: Path) -> bool:
    return (path / "OpenSimData").is_dir()


def _files(folder: Path, pattern: str) -> list[Path]:
    """Entries that match, in natural order, without hidden ones (macOS leaves `._<name>` beside files it copies)."""
    return sorted((p for p in folder.glob(pattern) if not p.name.startswith(".")), key=lambda p: _natural(str(p)))


def _natural(text: str) -> list:
    """A sorting key by which `segment_10` follows `segment_9`."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def _contents(folder: Path, most: int = 8) -> str:
    if not folder.is_dir():
        return "no such folder"
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + more) or "nothing"
