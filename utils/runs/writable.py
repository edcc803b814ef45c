"""Checks, before a run computes anything, that its results can be written."""

import os
import tempfile
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import remove_leftovers, temporary_ending
from utils.runs.os_errors import os_error_reason

_PROBE_BYTES = 65536  # as much as a full disk no longer takes


def require_writable(folder: str | Path, flag: str = "--out-dir", *, within: Path | None = None) -> None:
    """Check that files can be written into a folder, which need not exist yet and is not made.

    A small file is written into the folder, or into the nearest parent that exists, and removed again. What killed
    processes have left there is removed.

    Args:
        folder: the folder.
        flag: the flag that names it, for the sentence.
        within: the folder that nothing may be written outside of, through links either.

    Raises:
        InputError: the folder cannot be written, or cannot be made; or a link in it, or on the way to it, leaves
            `within`.
    """
    folder = Path(folder)
    if within is not None:
        _require_within(folder, within)
    try:
        parent = _existing_parent(folder)
        parent.stat()
        if os.path.lexists(folder) and not folder.is_dir():
            raise NotADirectoryError(20, "Not a directory")
        ending = temporary_ending()
        with tempfile.NamedTemporaryFile(dir=parent, prefix=".bige-", suffix=ending) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
        remove_leftovers(parent)
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


def _require_within(folder: Path, within: Path) -> None:
    """Raise InputError for a link out of `within` on the way to `folder` or in it."""
    boundary = within.resolve()
    links = [place for place in (folder, *folder.parents) if place.is_relative_to(within) and place != within]
    for parent, folders, files in os.walk(folder):
        links += [Path(parent, name) for name in (*folders, *files)]
    for link in links:
        if link.is_symlink() and not Path(os.path.realpath(link)).is_relative_to(boundary):
            raise InputError(
                f"{link}: this is a link that leads out of {within}, and nothing is written through it; remove it, or "
                "name the place where it leads with --out-dir"
            )


def _existing_parent(folder: Path) -> Path:
    """The folder, or its nearest parent that exists; raises OSError where a name on the way cannot be used."""
    for place in (folder, *folder.parents):
        try:
            os.lstat(place)
        except FileNotFoundError:
            continue
        return place
    return Path()
