"""Locks: one process at a time writes into a folder."""

import errno
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from dataset.errors import InputError

logger = logging.getLogger("bige")

LONGEST_WAIT_S = 60.0  # for a process that only puts finished files in place

# What a file system answers that has no locks: NFS without its lock service, Lustre without `flock`, some of FUSE.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextmanager
def held(lock: Path, refusal: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock; its file and the folders that are made for it are removed in the end, the folders if they are empty.

    The operating system lets the lock go when its process ends, however it ends, so that a file that is left over holds
    nobody up. On a file system without locks the block runs all the same, and a warning says that nothing is held.

    Args:
        lock: the file of the lock, in the folder that is held or beside it.
        refusal: the sentence for the user where another process holds it.
        wait_s: how long to wait for that process.

    Raises:
        InputError: another process holds it.
    """
    made = [folder for folder in lock.parents if not folder.exists()]
    lock.parent.mkdir(parents=True, exist_ok=True)
    file = FileLock(lock)
    try:
        _acquire(file, wait_s)
    except Timeout:
        raise InputError(refusal) from None
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()  # while it is held, so that it is not that of a process which comes next
        file.release()
        for folder in made:
            with suppress(OSError):  # it has files
                folder.rmdir()


def _acquire(file: FileLock, wait_s: float) -> None:
    """Acquire a lock, or warn that there is none. Raises Timeout where another process holds it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a file takes its place, which would stay after a kill
            file.acquire(timeout=wait_s)
        is_held = not isinstance(file, SoftFileLock)
    except NotImplementedError:
        is_held = False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        is_held = False
    if not is_held:
        file.release()
        logger.warning(
            "%s: this file system has no locks, so that nothing keeps a second process from writing there; start only "
            "one at a time", Path(file.lock_file).parent,
        )  # fmt: skip
