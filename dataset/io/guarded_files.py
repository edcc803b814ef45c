"""Access to files that anyone may have written: their kind and size are checked before their content is read.

Every reader of the project opens its files through a function of this module, through `safe_npy` (numpy), through
`opensim_library` (models) or through `utils.checkpoints` (networks). None of them waits for a pipe, reads a device, or
takes more memory than a few times the size of the file.
"""

import json
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from dataset.errors import InputError

LARGEST_BYTES = 1 << 30  # of any file that is read whole
LARGEST_MODEL_BYTES = 1 << 26  # a model of the whole body has about 0.5 to 6 MB
LARGEST_JSON_BYTES = 6 << 20
LARGEST_LIST_BYTES = 1 << 20  # of ids
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER_BYTES = 1024
_PART_BYTES = 1 << 20
_NOT_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def file_size(path: str | Path, most_bytes: int) -> int:
    """The size of a file in bytes, once it is known to be a file that can be read whole.

    Args:
        path: the file.
        most_bytes: the largest size that such a file has.

    Raises:
        InputError: there is no such file, it is a folder, a pipe or a device, it is larger, or it is the pointer that
            Git LFS leaves in the place of a file.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path}: cannot be read ({reason})") from None
    kind = next((name for is_kind, name in _NOT_FILES if is_kind(status.st_mode)), None)
    if kind:
        raise InputError(f"{path}: cannot be read, it is {kind}; expected a file")
    if status.st_size > most_bytes:
        raise InputError(f"{path}: has {_megabytes(status.st_size)}; expected {_megabytes(most_bytes)} at most")
    if status.st_size <= _LARGEST_POINTER_BYTES:
        _refuse_lfs_pointer(path)
    return status.st_size


def _refuse_lfs_pointer(path: str | Path) -> None:
    """Raise InputError where the content of a file is in Git LFS; who opens the file says whether it can be read."""
    with suppress(OSError), open(path, "rb") as file:
        if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
            raise InputError(f"{path}: is a Git LFS pointer in place of the file; run git lfs pull where it was cloned")


def read_bytes(path: str | Path, most_bytes: int = LARGEST_BYTES) -> bytes:
    """The content of a file of at most so many bytes.

    Raises:
        InputError: as `file_size`, or the file cannot be read.
    """
    size = file_size(path, most_bytes)
    try:
        with open(path, "rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def read_text(path: str | Path, most_bytes: int) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises:
        InputError: as `read_bytes`, or the file is binary or in another encoding.
    """
    content = read_bytes(path, most_bytes)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not encoded in UTF-8; save it as UTF-8 in a text editor") from None
    if "\0" in text:
        raise InputError(f"{path}: is not a text file, it is binary")
    return text


def read_json(path: str | Path, most_bytes: int = LARGEST_JSON_BYTES) -> Any:
    """The content of a JSON file, of plain values.

    Raises:
        InputError: as `read_text`, or the file is not JSON, is nested too deeply, or has an absurdly long number.
    """
    text = read_text(path, most_bytes)
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(f"{path}: its values are nested too deeply") from None
    except ValueError as error:
        raise InputError(f"{path}: not a JSON file ({error})") from None


def read_json_object(path: str | Path, most_bytes: int = LARGEST_JSON_BYTES) -> dict[str, Any]:
    """The content of a JSON file that is an object.

    Raises:
        InputError: as `read_json`, or the file holds something else.
    """
    content = read_json(path, most_bytes)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object, found a {type(content).__name__}")
    return content


def read_json_object_or_none(path: str | Path) -> dict[str, Any] | None:
    """The object of a JSON file that this program writes for itself, or None where there is none that can be read."""
    try:
        return read_json_object(path)
    except InputError:
        return None


def checksum(path: str | Path) -> int:
    """The CRC-32 of a file's content, by which a file is known that is not as this program has written it.

    Raises:
        OSError: the file cannot be read.
    """
    found = 0
    with open(path, "rb") as file:
        while part := file.read(_PART_BYTES):
            found = zlib.crc32(part, found)
    return found


def _megabytes(size: int) -> str:
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.3g} MB"
