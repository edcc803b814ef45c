"""The session and the requested activation of a run, from the record that it left beside its motions."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.io.guarded_files import read_json_object_or_none
from dataset.locations import MOTIONS_FOLDER, REPOSITORY, SESSION_PREFIX, demo_root, expanded
from dataset.sessions import DATA_ROOT_VARIABLE, Session, open_session
from utils.runs.shared_configs import DEMO, RECORDED

_LONGEST_PATH = 4096
# Where an id is looked up, by the name of the data. As in a run, $BIGE_DATA (None) comes before the demo people, among
# whom there may be others of the same ids.
_ROOTS: dict[str | None, list[str | None]] = {RECORDED: [None], DEMO: [DEMO], None: [None, DEMO]}

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class RunRecord:
    """What a run says about one subject's folder of motions.

    Attributes:
        folder: the folder of motions.
        session: the subject's session; None where it is not found any more.
        low: lower limit of the requested peak activation; None where none was requested.
        high: upper limit of it.
        muscle: the muscle; None where none was requested.
    """

    folder: Path
    session: Session | None = None
    low: float | None = None
    high: float | None = None
    muscle: str | None = None


def find_run_records(folder: str | Path) -> list[RunRecord]:
    """The records of the subjects' folders of a run (`args.json`, or `retarget_args_<session>.json` of a retargeting).

    Args:
        folder: the run, its `mot_visualization`, or one subject's folder in it.
    """
    folder = expanded(folder)
    motions = folder / MOTIONS_FOLDER if (folder / MOTIONS_FOLDER).is_dir() else folder
    records = []
    for place in [motions, *sorted(motions.glob(f"{SESSION_PREFIX}*"))]:
        session_id = place.resolve().name.removeprefix(SESSION_PREFIX)
        run = place.resolve().parent.parent
        for path in (place / "args.json", run / f"retarget_args_{session_id}.json"):
            arguments = read_json_object_or_none(path) or {}
            if arguments.get("subject"):
                records.append(_record(place, arguments))
                break
    return records


def _record(folder: Path, arguments: dict[str, Any]) -> RunRecord:
    low, high, muscle = (arguments.get(name) for name in ("low", "high", "muscle"))
    complete = isinstance(low, int | float) and isinstance(high, int | float) and 0 <= low <= high <= 1
    return RunRecord(
        folder,
        session=_session(arguments),
        low=float(low) if complete and low is not None else None,
        high=float(high) if complete and high is not None else None,
        muscle=muscle if complete and isinstance(muscle, str) else None,
    )


def _session(arguments: dict[str, Any]) -> Session | None:
    """The run's session; a relative path may be relative to the working directory or to this repository."""
    try:
        return _find_session(arguments)
    except (OSError, ValueError) as error:  # a name that no path can have
        logger.warning("the session that the run was made for is not found: %s", error)
        return None


def _find_session(arguments: dict[str, Any]) -> Session | None:
    subject, root = str(arguments["subject"])[:_LONGEST_PATH], arguments.get("data_root")
    root = root if isinstance(root, str) else None
    model = Path(arguments["model"]) if isinstance(arguments.get("model"), str) else None
    model = model if model is not None and model.is_file() else None
    for place in (expanded(subject), REPOSITORY / subject):
        if (place / "OpenSimData").is_dir():
            return open_session(place, model=model)
    reasons = []
    for data in [root] if root else _roots(arguments):
        try:
            return open_session(subject, demo_root() if data == DEMO else data, model)
        except InputError as error:
            reasons.append(error)
    logger.warning("the session that the run was made for is not found: %s", reasons[0])
    return None


def _roots(arguments: dict[str, Any]) -> list[str | None]:
    """Where to look for the id of a run without `data_root`, first where $BIGE_DATA led when it was made."""
    name, variables = arguments.get("dataname"), arguments.get("_environment")
    roots = _ROOTS.get(name if isinstance(name, str) else None, _ROOTS[None])
    named = variables.get(DATA_ROOT_VARIABLE) if isinstance(variables, dict) else None
    return [named, *roots] if isinstance(named, str) and None in roots else roots
