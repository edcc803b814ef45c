"""Atomic writing: a file is written under a temporary name and renamed when it is complete."""

import json
import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_HOST = re.sub(r"[^A-Za-z0-9]", "-", platform.node())[:40]
_LEFTOVER = re.compile(r"\..+\.(?P<host>[A-Za-z0-9-]*)-(?P<process>\d+)\.part(\.\w+)?")
_FORGOTTEN_S = 86_400  # after which a file of another machine counts as left over


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` when the block ends without an error.

    Raises:
        OSError: the file cannot be written; `filename` is `path`. What was there before is kept, and nothing else is
            left behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{_HOST}-{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        # A write that fails names no file, and the temporary file is not the one that the user knows.
        if error.errno is None or error.filename not in (None, str(temporary), temporary):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: str | Path) -> None:
    """Remove the temporary files that `atomic_write` of killed processes has left in a folder.

    Those of running processes stay, and those of other machines for a day, since these processes cannot be seen.
    """
    for path in Path(folder).glob(".*.part*"):
        found = _LEFTOVER.fullmatch(path.name)
        if found is None or not path.is_file() or path.is_symlink():
            continue
        with suppress(OSError):
            here = found["host"] == _HOST
            gone = not _is_running(int(found["process"])) if here else False
            if gone or time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                path.unlink()


def _is_running(process: int) -> bool:
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
