"""Check of a checkpoint file before torch reads it, and of what it led to.

A checkpoint is a zip archive of a pickle, which says how tensors are made, and a file of bytes for each storage. torch
believes the sizes that the pickle states, and ignores the checksums of the archive. Here both are compared with the
bytes that are there.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from dataset.errors import InputError
from dataset.io.guarded_files import file_size
from dataset.io.pickle_check import require_sound_pickle

_LARGEST_BYTES = 1 << 34
_LARGEST_PICKLE_BYTES = 1 << 22
_ITEM_BYTES = {
    "Bool": 1, "Byte": 1, "Char": 1, "Short": 2, "Half": 2, "BFloat16": 2, "Int": 4, "Float": 4, "Long": 8, "Double": 8,
}  # fmt: skip
_STORAGES = {f"torch {name}Storage": size for name, size in _ITEM_BYTES.items()}
_MAKERS = {
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch Size",
    "torch device",
    "collections OrderedDict",
    *(f"torch {name}" for name in ("float16", "bfloat16", "float32", "float64", "int32", "int64", "uint8", "bool")),
}


class _Inert:
    """Stands for whatever the pickle makes of tensors."""

    def __init__(self, *_: Any) -> None:
        """Take any arguments."""

    def __setstate__(self, state: Any) -> None:
        """Take any state."""


class _StorageReader(pickle.Unpickler):
    """Unpickler that makes no tensor, and notes the bytes that the pickle expects of each storage."""

    def __init__(self, program: bytes) -> None:
        super().__init__(io.BytesIO(program), encoding="utf-8")
        self.expected: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        storage = f"{module} {name}"
        if storage in _STORAGES:
            return storage
        return OrderedDict if name == "OrderedDict" else _Inert

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, _, count = pid
        if type(count) is not int or count < 0 or not isinstance(key, str):
            raise ValueError("a storage without a size")
        self.expected[key] = max(self.expected.get(key, 0), count * _STORAGES[kind])
        return _Inert()


def require_sound_checkpoint(path: Path) -> None:
    """Check a checkpoint file without making anything of it.

    Raises:
        InputError: the file is no checkpoint of tensors and plain values, states sizes that it does not have, or has
            been damaged since it was written.
    """
    size = file_size(path, _LARGEST_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED or entry.file_size > size for entry in entries):
                raise ValueError("parts of it are packed, which torch does not do")
            if sum(entry.file_size for entry in entries) > size:
                raise ValueError("its parts overlap, and would be read many times over")
            if (damaged := archive.testzip()) is not None:  # torch reads what a disk or a copy has changed
                raise ValueError(f"{damaged[:40]} in it does not match its checksum; copy the file again")
            (program,) = (entry for entry in entries if entry.filename.endswith("/data.pkl"))
            if program.file_size > _LARGEST_PICKLE_BYTES:
                raise ValueError(f"its pickle has {program.file_size / 1e6:.0f} MB")
            content = archive.read(program)
            require_sound_pickle(content, lambda name: name in _MAKERS or name in _STORAGES)
            reader = _StorageReader(content)
            reader.load()
            folder = program.filename.removesuffix("data.pkl")
            held = {entry.filename: entry.file_size for entry in entries}
        for key, expected in reader.expected.items():
            if expected > held.get(f"{folder}data/{key}", -1):
                raise ValueError(f"storage {key[:20]} is shorter than its tensors")
    except InputError:
        raise
    except Exception as error:  # zipfile and pickle raise many kinds for a damaged file
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} is not a checkpoint of tensors and plain values ({reason})") from None


def require_own_values(path: Path, state: Mapping[Any, Any]) -> None:
    """Check that the tensors of a state dict have no more values than the file.

    Raises:
        InputError: tensors repeat their values, so that a copy of them would be larger without bound.
    """
    values = sum(one.numel() * one.element_size() for one in state.values() if isinstance(one, Tensor))
    if values > 2 * path.stat().st_size + (1 << 20):
        raise InputError(f"{path} is not a checkpoint: its tensors have {values / 1e6:.0f} MB, more than the file")
