"""What the folders of a guidance run hold, without loading it: their records, and whether all is as written."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.io.guarded_files import read_json_object_or_none
from dataset.locations import MOTIONS_FOLDER, SESSION_PREFIX
from utils.guidance.run_fingerprint import content_hash

RECORD_NAME = "result.json"
FILES = "files"  # hashes of the other files of a result, in its record


def session_folders(run: Path) -> list[Path]:
    """The folders of a run that hold a result, one for each session: `run` itself, or those below it.

    Raises:
        InputError: there is none, or beside them is one that holds motions without a result.
    """
    if (run / RECORD_NAME).is_file():
        return [run.resolve()]
    motions = run / MOTIONS_FOLDER if (run / MOTIONS_FOLDER).is_dir() else run
    places = sorted(motions.glob(f"{SESSION_PREFIX}*"))
    folders = [place for place in places if os.path.lexists(place / RECORD_NAME)]
    for place in places if folders else ():
        if place not in folders and any(place.glob("entry_*.mot")):
            raise InputError(
                f"{place}: holds motions, but no {RECORD_NAME}, so that it would be missing among the other people; "
                "guide this person again, or move the folder away"
            )
    if not folders:
        if not run.is_dir():
            raise InputError(f"{run}: there is no such folder; expected the run folder of LIMO_Surrogate.py")
        raise InputError(
            f"{run}: holds no finished guidance run of this version; expected {MOTIONS_FOLDER}/{SESSION_PREFIX}*/"
            f"{RECORD_NAME}, as LIMO_Surrogate.py writes it, or the folder of one session"
        )
    return folders


def read_record(folder: Path) -> dict[str, Any]:
    """The record of a result that is there, with its `fingerprint` and `interrupted`; empty where there is none."""
    return read_json_object_or_none(folder / RECORD_NAME) or {}


def changed_files(folder: Path, record: dict[str, Any]) -> list[str]:
    """Names of those files of a result that are not as they were written with its record; of motions and tables too.

    The record of an earlier version, which does not say how they were, has none.
    """
    files = record.get(FILES)
    if not isinstance(files, dict):
        return []
    return [name for name, found in hashes_of(folder, files).items() if found != files[name]]


def hashes_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Hashes of the content of files in a folder, by their names."""
    return {name: content_hash(folder / name) for name in names}
