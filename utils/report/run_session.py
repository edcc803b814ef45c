"""Whose run it was: the session that a run's arguments name, found again."""

import json
import logging
from pathlib import Path

from dataset.errors import InputError
from dataset.locations import REPOSITORY, demo_root
from dataset.sessions import Session, open_session

logger = logging.getLogger("bige")


def session_of(folder: Path, subject: str | None = None, data_root: Path | None = None) -> Session | None:
    """The session of a run's folder of motions; None, and a warning, where it cannot be found.

    subject: the session's folder or id, data_root: where ids are looked up; by default what args.json says. A subject
    that is named and not there is an InputError; so is one that is another session than the run's.
    """
    arguments = _arguments(folder)
    named = subject or (arguments.get("subject") and _as_the_run_saw(arguments["subject"]))
    if not named:
        logger.warning("%s: no args.json that names the session; name it with --subject", folder)
        return None
    try:
        session = open_session(named, None if _is_path(named) else _root(arguments, data_root))
    except InputError as error:
        if subject:
            raise
        logger.warning("%s; the report goes without the person's figure (--subject names the session)", error)
        return None
    own = folder.name.removeprefix("latents_subject_run_")
    if session.id != own:
        raise InputError(f"{session.path} is session {session.id}, and the run in {folder} is of {own}")
    return session


def _is_path(subject: str) -> bool:
    return Path(subject).expanduser().is_dir() or len(Path(subject).parts) > 1


def _as_the_run_saw(recorded: str) -> str:
    """A recorded path, which may be relative to where the run was started: most likely here or this code's folder."""
    beside_code = REPOSITORY / recorded
    return str(beside_code) if not Path(recorded).exists() and beside_code.exists() else recorded


def _root(arguments: dict, named: Path | None) -> Path | None:
    """Where an id is looked up: the folder named, else the run's own, else the demo data's or ($BIGE_DATA) None."""
    recorded = arguments.get("data_root")
    if named or recorded:
        return named or Path(_as_the_run_saw(recorded))
    return demo_root() if arguments.get("dataname") == "demo" else None


def _arguments(folder: Path) -> dict:
    path = folder / "args.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
