"""Checks, before a run computes anything, that its results can be written."""

import os
import tempfile
from pathlib import Path

from dataset.errors import InputError
from utils.runs.os_errors import os_error_reason

_PROBE_BYTES = 65536  # as much as a full disk no longer takes


def require_writable(folder: str | Path, flag: str = "--out-dir") -> None:
    """Check that files can be written into a folder, which need not exist yet and is not made.

    A small file is written into the folder, or into the nearest parent that exists, and removed again.

    Args:
        folder: the folder.
        flag: the flag that names it, for the sentence.

    Raises:
        InputError: the folder cannot be written, or cannot be made.
    """
    folder = Path(folder)
    try:
        _existing_parent(folder).stat()
        if os.path.lexists(folder) and not folder.is_dir():
            raise NotADirectoryError(20, "Not a directory")
        with tempfile.NamedTemporaryFile(dir=_existing_parent(folder), prefix=".bige-", suffix=".part") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
    except OSError as error:
        raise InputError(
            f"{folder}: nothing can be written there ({os_error_reason(error)}); name another place with {flag}"
        ) from None


def require_writable_file(path: str | Path, flag: str) -> None:
    """Check that a file can be written or replaced; its folder need not exist yet.

    Args:
        path: the file.
        flag: the flag that names it, for the sentence.

    Raises:
        InputError: the file is a folder, or its folder cannot be written.
    """
    path = Path(path)
    require_writable(path.parent, flag)
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; name a file with {flag}")


def _existing_parent(folder: Path) -> Path:
    """The folder, or its nearest parent that exists; raises OSError where a name on the way cannot be used."""
    for place in (folder, *folder.parents):
        try:
            os.lstat(place)
        except FileNotFoundError:
            continue
        return place
    return Path()
