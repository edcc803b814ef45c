"""Atomic writing: a file is written under a temporary name and renamed when it is complete."""

import errno
import json
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_HOST = re.sub(r"[^A-Za-z0-9]", "-", platform.node())[:40]
_LEFTOVER = re.compile(r"\..+\.(?P<host>[A-Za-z0-9-]*)-(?P<process>\d+)\.part(\.[^.]*)?")
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")
_FORGOTTEN_S = 86_400  # after which a file of another machine counts as left over

_in_use: set[str] = set()  # temporary files of this process
_cleaned: set[str] = set()  # folders that this process has cleaned


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` when the block ends without an error.

    Before the first file that a process writes into a folder, what killed processes have left there is removed.

    Raises:
        OSError: the file cannot be written; `filename` is `path`. What was there before is kept, and nothing else is
            left behind.
    """
    path = Path(path)
    with _temporary(path) as temporary:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _clean_once(path.parent)
            yield temporary
            os.replace(temporary, path)
        except OSError as error:
            _refuse_short_write(error, path)
            # A write that fails names no file, and the temporary file is not the one that the user knows.
            if error.errno is None or error.filename not in (None, str(temporary), temporary):
                raise
            raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a new temporary folder beside `path` and rename it to `path` when the block ends without an error.

    A folder that another process has put at `path` meanwhile stays.

    Raises:
        OSError: a file cannot be written; `filename` is as if it were written in `path`.
    """
    path = Path(path)
    with _temporary(path) as temporary, named_in_place(temporary, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _clean_once(path.parent)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            yield temporary
        except OSError as error:
            _refuse_short_write(error, path)
            raise
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise


@contextmanager
def files_together(folder: Path) -> Iterator[Path]:
    """Yield a new temporary folder in `folder`, for files that are moved there once all are written; it is removed.

    Raises:
        OSError: a file cannot be written; `filename` is as if it were written in `folder`.
    """
    with _temporary(folder / "files") as temporary, named_in_place(temporary, folder):
        folder.mkdir(parents=True, exist_ok=True)
        _clean_once(folder)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        yield temporary


@contextmanager
def named_in_place(temporary: Path, place: Path) -> Iterator[None]:
    """Name a file below `temporary`, in an OSError of the block, as if it were below `place`, which the user knows."""
    try:
        yield
    except OSError as error:
        if error.errno is None or not str(error.filename).startswith(str(temporary)):
            raise
        file = str(error.filename).replace(str(temporary), str(place), 1)
        raise OSError(error.errno, error.strerror, file) from error


def _refuse_short_write(error: OSError, path: Path) -> None:
    """Name the file and the reason in numpy's error of a write that the disk has cut short, which has neither."""
    if error.errno is None and _SHORT_WRITE.search(str(error)):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error


def temporary_path(path: Path) -> Path:
    """A name beside `path` that is this process's, by which `remove_leftovers` knows whether it is left over."""
    return path.with_name(f".{path.name}{temporary_ending()}{path.suffix}")


def temporary_ending() -> str:
    """What names of this process's temporary files end in, before the suffix of the file."""
    return f".{_HOST}-{os.getpid()}.part"


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A name for a temporary file or folder, which is removed in the end."""
    temporary = temporary_path(path)
    _in_use.add(os.path.abspath(temporary))
    try:
        yield temporary
    finally:
        remove_path(temporary)
        _in_use.discard(os.path.abspath(temporary))


def _clean_once(folder: Path) -> None:
    key = os.path.abspath(folder)
    if key not in _cleaned:
        _cleaned.add(key)
        remove_leftovers(folder)


def remove_leftovers(folder: str | Path) -> None:
    """Remove the temporary files and folders that killed processes have left in a folder.

    Those of running processes stay, and those of other machines for a day, since these processes cannot be seen.
    """
    for path in Path(folder).glob(".*.part*"):
        found = _LEFTOVER.fullmatch(path.name)
        if found is None or path.is_symlink() or os.path.abspath(path) in _in_use:
            continue
        with suppress(OSError):
            here = found["host"] == _HOST
            gone = not _is_running(int(found["process"])) if here else False
            if gone or time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                remove_path(path)


def remove_path(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it, if it is there and can be removed."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Whether a process is running, other than this one, which knows its own files."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's, or no number of a process
        return True
    return True


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as indented JSON, atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
