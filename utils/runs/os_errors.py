"""Errors of the operating system in plain words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space, or write to another disk",
    errno.EDQUOT: "the quota of the disk is used up; free some space, or write to another disk",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.EACCES: "there is no permission for this file or folder",
    errno.EPERM: "there is no permission for this file or folder",
    errno.EROFS: "the disk is read-only",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.EISDIR: "this is a folder; a file was expected",
    errno.ENOENT: "there is no such file or folder",
    errno.EEXIST: "a file of this name is in the way",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "this is a link that leads back to itself",
    errno.EMFILE: "too many files are open at once",
    errno.EIO: "the disk reports an error",
}


def describe_os_error(error: OSError) -> str:
    """One sentence, with the file where it is known: "output/args.json: the disk is full; ..."."""
    file = "" if error.filename is None else f"{os.fspath(error.filename)}: "
    return f"{file}{os_error_reason(error)}"


@contextmanager
def naming_file(path: str | Path) -> Iterator[None]:
    """Name `path` in an OSError of the block that names no file, as a write that fails does."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def os_error_reason(error: OSError) -> str:
    """What went wrong, without the file."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
