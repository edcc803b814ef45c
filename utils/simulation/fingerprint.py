"""Fingerprints of what a simulated repetition was made from, so that results of another model are not kept."""

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.io.guarded_files import read_bytes, read_json_object_or_none
from dataset.sessions import Session
from models.muscles.simulation_settings import SIMULATION_VERSION, SimulationSettings
from utils.simulation.repetition_files import damaged_files, motion_path, summary_path
from utils.simulation.simulation_summary import is_whole_summary

logger = logging.getLogger("bige")

FINGERPRINT = "fingerprint"
_SESSION = "session"  # its folder: tells sessions of one name apart; the results of one that was moved are still valid


def fingerprint_of(
    model: Path,
    trial: Path,
    settings: SimulationSettings | None,
    *,
    exact_paths: bool = False,
    session: Path | None = None,
) -> dict[str, str]:
    """Hashes of the model's content, the trial's content and the settings, the simulation's version, and the session.

    The session is its folder, where given.

    Raises:
        InputError: one of the files cannot be read.
    """
    chosen = asdict(settings or SimulationSettings()) | {"exact_paths": exact_paths, "muscle_paths": "geometry"}
    return {
        "model": _hash(read_bytes(model)),
        "motion": _hash(read_bytes(trial)),
        "settings": _hash(json.dumps(chosen, sort_keys=True).encode()),
        "simulation": SIMULATION_VERSION,
    } | ({} if session is None else {_SESSION: str(session.resolve())})


def require_same_session(dynamics: Path, session: Session, trials: Sequence[Path]) -> None:
    """Refuse a folder that holds repetitions of another session of the same name.

    Repetitions that say another folder are taken for the session's own, which was moved, where model and motion are
    those of one of its trials.

    Args:
        dynamics: folder of the repetitions.
        session: to be simulated into it.
        trials: to be simulated, which may be none of the session's own.

    Raises:
        InputError: a repetition there is another session's.
    """
    here = str(session.path.resolve())
    own: set[tuple[str, str]] | None = None
    for folder in sorted(dynamics.glob("*")):
        old = (read_summary(folder, folder.name) or {}).get(FINGERPRINT)
        if not isinstance(old, dict) or old.get(_SESSION, here) == here:
            continue
        if own is None:
            own = _contents_of(session, trials)
        if (str(old.get("model")), str(old.get("motion"))) not in own:
            raise InputError(
                f"{dynamics.parents[1]} holds the results of another session of this name, {old[_SESSION]}, which "
                f"those of {here} would replace; give another --out-dir, or --overwrite to replace them"
            )


def _contents_of(session: Session, trials: Sequence[Path]) -> set[tuple[str, str]]:
    """Hashes of model and motion for each trial that has a model."""
    found = set()
    for trial in dict.fromkeys([*session.trials, *trials]):
        try:
            found.add((_hash(read_bytes(session.model_for(trial))), _hash(read_bytes(trial))))
        except InputError:
            continue
    return found


def kept_summary(folder: Path, name: str, fingerprint: dict[str, str], frames: tuple[float, float]) -> Any:
    """The summary of a repetition that is there already and is still valid; None where it has to be simulated.

    Args:
        folder: folder of the repetition.
        name: name of the repetition.
        fingerprint: of what it would be made from now.
        frames: its first and last time stamp now, seconds.

    Raises:
        InputError: the files there were not written by this program, so that they must not be replaced.
    """
    if not motion_path(folder, name).exists():
        return None
    summary = read_summary(folder, name)
    if summary is None:
        raise InputError(
            f"{motion_path(folder, name)} is there already, without the summary that this program writes; give "
            "--overwrite to replace it, or another --out-dir"
        )
    old = summary.get(FINGERPRINT)
    if not isinstance(old, dict):
        logger.info("%s: simulated anew, it does not say which model, motion and settings it was made from", name)
        return None
    changed = [what for what, value in fingerprint.items() if what != _SESSION and old.get(what) != value]
    if not changed and not is_whole_summary(summary):
        changed = ["summary"]
    if not changed and max(abs(summary["start_s"] - frames[0]), abs(summary["end_s"] - frames[1])) > 1e-6:
        changed = ["boundaries"]
    changed = changed or damaged_files(folder, name)
    if changed:
        logger.warning("%s: simulated anew, because its %s changed since", name, " and ".join(changed))
        return None
    return summary


def remove_surplus(dynamics: Path, trial: str, count: int) -> None:
    """Remove repetitions that an earlier run of this program simulated and that the trial does not have any more."""
    for folder in sorted(dynamics.glob("*_segment_*")):
        name, _, number = folder.name.rpartition("_segment_")
        if name != trial or not number.isdecimal() or int(number) <= count:
            continue
        summary = read_summary(folder, folder.name)
        if summary is None or FINGERPRINT not in summary:
            logger.warning("%s is of an earlier run; the trial has %d repetitions now", folder, count)
            continue
        shutil.rmtree(folder)
        logger.warning("removed %s of an earlier run; the trial has %d repetitions now", folder, count)


def read_summary(folder: Path, name: str) -> dict[str, Any] | None:
    """The summary of a repetition, or None where there is none that can be read."""
    content = read_json_object_or_none(summary_path(folder, name))
    return content if content is not None and "start_s" in content else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
