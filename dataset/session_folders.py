"""Folders of sessions: what they hold, and what is there instead of a session."""

import logging
import os
import re
from functools import lru_cache
from pathlib import Path

from dataset.spelling import list_names

logger = logging.getLogger("bige")

DOWNLOAD_PREFIX = "OpenCapData_"
_ARCHIVES = (".zip", ".gz", ".tgz", ".7z", ".rar")
_NO_SESSIONS = (
    "__MACOSX",  # macOS writes it into archives, with an empty copy of their folders
    "lost+found",  # at the root of a disk, for nobody but its administrator
)


def is_session_folder(path: Path) -> bool:
    """Whether a folder holds what OpenCap computes for a session.

    One that may not be looked into is taken for an empty session where its place or its name says that it is one.
    """
    try:
        return (path / "OpenSimData").is_dir()
    except PermissionError:
        is_one = path.parent.name == "Data" or path.name.startswith(DOWNLOAD_PREFIX)
        if is_one:
            _log_closed(path)
        return is_one


@lru_cache(maxsize=1024)
def _log_closed(path: Path) -> None:
    logger.warning("%s: there is no permission to look into this folder, so that nothing of it is used", path)


def is_packed(path: Path) -> bool:
    """Whether a file is an archive, by its name."""
    return path.suffix.lower() in _ARCHIVES


def packed_or_deeper(root: Path) -> list[Path]:
    """Archives and broken links that may be sessions, and sessions a folder too deep, as some programs unpack them."""
    found = []
    for folder in (root, root / "Data"):
        for path in entries(folder, "*"):
            is_lost = path.is_symlink() and not os.path.exists(path)
            if is_lost or (is_packed(path) and path.name.startswith(DOWNLOAD_PREFIX)):
                found.append(path)
            elif path.is_dir() and path.name != "Data" and not is_session_folder(path):
                found += [inner for inner in entries(path, "*") if is_session_folder(inner)]
    return found


def advice(folder: Path) -> str:
    """What to do about a folder that is no session and no data root, as the end of a sentence; empty if unknown."""
    found = [path for path in entries(folder, "*") if is_session_folder(path)] + packed_or_deeper(folder)
    if not found:
        return ""
    if not os.path.exists(found[0]):
        return f"; {found[0]} is a link that leads nowhere"
    return f"; unpack {found[0]}" if is_packed(found[0]) else f"; {found[0]} is one, name that"


@lru_cache(maxsize=64)
def log_overlooked(paths: tuple[Path, ...]) -> None:
    """Log a warning, once for each data root, of what `packed_or_deeper` found beside sessions."""
    if paths:
        logger.warning(
            "not used, since they are archives, links that lead nowhere, or lie a folder too deep: %s; unpack or move "
            "them, or mend the link, if they are sessions",
            list_names([str(path) for path in paths], most=5),
        )


@lru_cache(maxsize=1024)
def log_not_trials(session: Path, names: tuple[str, ...]) -> None:
    """Log, once for each session, the names of files that may be trials and are not used."""
    if names:
        logger.info(
            "%s: trials are .mot files; not used: %s; --trial takes the path of one", session, list_names(names)
        )


def entries(folder: Path, pattern: str) -> list[Path]:
    """Matching entries in natural order, without hidden ones, as macOS creates them, and `_NO_SESSIONS`."""
    found = folder.glob(pattern) if is_folder(folder) else ()
    kept = (p for p in found if not p.name.startswith(".") and p.name not in _NO_SESSIONS)
    return sorted(kept, key=lambda p: natural(str(p)))


def is_folder(path: Path) -> bool:
    """Whether there is a folder that may be looked into."""
    try:
        return path.is_dir() and os.access(path, os.R_OK | os.X_OK)
    except PermissionError:  # of the folder above it
        return False


def natural(text: str) -> list[tuple[int, int, str]]:
    """Sorting key for natural order, in which `segment_10` follows `segment_9`."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def no_trial(session: Path) -> str:
    """That a session has no motion file where trials are, and where one is instead, as in OpenCap's validation data."""
    folder = session / "OpenSimData"
    others = (path for path in folder.rglob("*") if path.suffix.lower() == ".mot" and not path.name.startswith("."))
    other = min((path for path in others if path.relative_to(folder).parts[0] != "Dynamics"), default=None)
    where = f"{session}: no motion file (*.mot) in OpenSimData/Kinematics"
    if other is None:
        return where
    return f"{where}; {other.relative_to(session)} is one: move trials there, and the model to OpenSimData/Model"


def contents(folder: Path, most: int = 8) -> str:
    """Names of a folder's entries for an error message."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except PermissionError:
        return "a folder without the permission to look into it"
    except (FileNotFoundError, NotADirectoryError):
        return "no such folder"
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + more) or "nothing"
