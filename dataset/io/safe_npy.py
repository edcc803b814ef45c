"""Reader of .npy files, including those that hold a pickled dict of arrays, without running any code of the file.

A pickle is a program that names functions and has them called. Here, a name leads to one of four substitutes for what
numpy itself writes, and any other name is an error. The substitutes check their arguments and build arrays from bytes.
Sizes that a file states are compared with what it holds before anything of that size is allocated.
"""

import io
import pickle
import re
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.guarded_files import LARGEST_BYTES, file_size, read_bytes
from dataset.io.pickle_check import UnsoundPickleError, require_sound_pickle

_DTYPE = re.compile(r"[<>|=]?(?:[fiu][1248]|b1|f16|U\d+|S\d+|O8?)")

_LARGEST_ARRAYS_BYTES = 1 << 28  # of the arrays that are read of an .npz; an hour of SMPL parameters at 120 Hz
_USUAL_ARRAYS_BYTES = 1 << 26  # arrays of more bytes are read where they are at most so many times as large as the file
_PACKED = 10
_ZIP_START = b"PK\x03\x04"
_MOST_VALUES = 1_000_000  # of the lists and dicts of a pickle, those that it repeats counted each time


class _NotPlainError(Exception):
    """The pickle holds something other than arrays, numbers, texts, lists and dicts."""


class _DType:
    """Substitute for numpy.dtype of numbers, texts or objects, without fields and metadata."""

    def __init__(self, name: Any, *_: Any) -> None:
        if not isinstance(name, str) or not _DTYPE.fullmatch(name):
            raise _NotPlainError(f"an array of type {name!r}")
        self.name, self.order = name.lstrip("<>|="), "="

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise _NotPlainError("an array of an unknown byte order")
        self.order = state[1]

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(object if self.name.startswith("O") else self.order + self.name)


class _Array:
    """Substitute for numpy.ndarray; `values` is the array once its state has been set."""

    values: np.ndarray | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _DType) or not all(type(size) is int and size >= 0 for size in shape):
            raise _NotPlainError("an array of a malformed shape")
        count = int(np.prod(shape, dtype=object))
        if dtype.dtype == object:
            if type(content) is not list or len(content) != count:
                raise _NotPlainError("an array of objects whose content is not a list of its size")
            flat = np.empty(count, dtype=object)
            flat[:] = [_plain(item) for item in content]
        else:
            if type(content) is not bytes or len(content) != count * dtype.dtype.itemsize:
                raise _NotPlainError("an array whose content is not as long as its shape says")
            flat = np.frombuffer(content, dtype.dtype)
        self.values = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_: Any) -> _Array:
    return _Array()


def _scalar(dtype: Any, content: Any = b"") -> np.generic:
    if not isinstance(dtype, _DType) or dtype.dtype == object or type(content) is not bytes:
        raise _NotPlainError("a malformed number")
    return np.frombuffer(content, dtype.dtype)[0]


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is not str or encoding != "latin1":
        raise _NotPlainError(f"text in {encoding}")
    return text.encode("latin1")


_SUBSTITUTES: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _encode,  # how the oldest pickles spell bytes
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}


class _PlainUnpickler(pickle.Unpickler):
    """Unpickler that finds nothing but the substitutes."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in _SUBSTITUTES:
            raise _NotPlainError(f"{module}.{name}")
        return _SUBSTITUTES[module, name]


def _plain(value: Any, budget: list[int] | None = None) -> Any:
    """The value with every substitute replaced by its array.

    Args:
        value: what the pickle made.
        budget: one number, how many values may still be visited: lists that hold each other many times over would
            multiply without end.
    """
    budget = [_MOST_VALUES] if budget is None else budget
    budget[0] -= 1
    if budget[0] < 0:
        raise _NotPlainError(f"more than {_MOST_VALUES} values")
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        return {_plain(key, budget): _plain(item, budget) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, budget) for item in value]
    if value is None or isinstance(value, str | bytes | bool | int | float | np.generic):
        return value
    raise _NotPlainError(f"a {type(value).__name__}")


def read_array_or_dict(path: str | Path) -> Any:
    """Read a .npy file.

    Returns:
        The array; or, of a single pickled object, the dict of arrays, numbers, texts and lists that it is.

    Raises:
        InputError: the file cannot be read, is not a .npy file or is truncated; or its pickle names anything else. What
            it names is neither imported nor called.
    """
    return _array_or_dict(str(path), read_bytes(path))


def read_array(path: str | Path) -> np.ndarray:
    """Read a .npy file of plain values, without pickled objects.

    Raises:
        InputError: as `read_array_or_dict`, or the file holds objects.
    """
    return _array_or_dict(str(path), read_bytes(path), pickled=False)


def read_npz(path: str | Path, names: Collection[str] | None = None) -> tuple[set[str], dict[str, np.ndarray]]:
    """Read arrays of an .npz file.

    Args:
        path: the file.
        names: names of the arrays to be read, where the file has them; None for all.

    Returns:
        The names of all arrays of the file, and the arrays by name.

    Raises:
        InputError: the file cannot be read, is not an .npz file or is damaged, or the arrays that are asked for are too
            large when they are unpacked or hold objects.
    """
    size = file_size(path, LARGEST_BYTES)
    most = max(size, min(_LARGEST_ARRAYS_BYTES, max(_USUAL_ARRAYS_BYTES, _PACKED * size)))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            wanted = [name for name in entries if names is None or name in names]
            unpacked = sum(entries[name].file_size for name in wanted)
            if unpacked > most:
                raise InputError(
                    f"{path}: {', '.join(map(repr, wanted[:3]))} has {unpacked / 1e6:.0f} MB when it is unpacked, "
                    f"expected {most / 1e6:.0f} MB at most of a file of {size / 1e6:.1f} MB"
                )
            arrays = {
                name: _array_or_dict(f"{path}, '{name}'", archive.read(entries[name]), pickled=False) for name in wanted
            }
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # zipfile raises many kinds of errors for a file that is not a zip archive
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: not an .npz file, or damaged ({reason})") from None
    return set(entries), arrays


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name as a compressed archive, whole or not at all."""
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes arrays for allow_pickle


def _array_or_dict(where: str, content: bytes, pickled: bool = True) -> Any:
    """What the bytes of a .npy file hold; `where` names the file in errors, which are InputError."""
    if content.startswith(_ZIP_START):
        raise InputError(f"{where}: an archive of arrays (.npz); expected the array itself, as numpy.save writes it")
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}[version[0]]
        shape, fortran, dtype = read_header(file)
    except Exception as error:  # numpy evaluates the header as Python, which can fail in many ways
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{where}: not a numpy file, or damaged ({reason})") from None
    if not dtype.hasobject:
        stated, held = int(np.prod(shape, dtype=object)) * dtype.itemsize, len(content) - file.tell()
        if stated > held:
            raise InputError(f"{where}: damaged (its header states {stated} bytes of values, and it has {held})")
        try:
            return np.ndarray(shape, dtype, content, file.tell(), order="F" if fortran else "C").copy(order="K")
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise InputError(f"{where}: damaged ({str(error).splitlines()[0]})") from None
    if not pickled:
        raise InputError(f"{where}: holds objects; expected an array of numbers")
    try:
        require_sound_pickle(content[file.tell() :])
        value = _plain(_PlainUnpickler(file).load())
    except _NotPlainError as error:
        raise InputError(
            f"{where}: not read, because its pickle holds or asks for {error}; only dicts and lists of arrays, numbers "
            "and texts are read; save the arrays by themselves with numpy.save"
        ) from None
    except UnsoundPickleError as error:
        raise InputError(f"{where}: its pickle is not read, because it is damaged or hostile: {error}") from None
    except Exception as error:  # a malformed pickle can raise any error
        raise InputError(f"{where}: its pickle is damaged ({type(error).__name__})") from None
    if isinstance(value, np.ndarray) and value.shape == shape and value.size == 1:
        value = value.reshape(-1)[0]
    return value


def as_numbers(path: str | Path, values: Any) -> np.ndarray:
    """Values of a file as a float64 array.

    Raises:
        InputError: they are not an array of numbers; the message names `path`.
    """
    try:
        values = np.asarray(values)
    except ValueError:
        raise InputError(f"{path}: has lists of different lengths; expected an array of numbers") from None
    if values.dtype.kind not in "fiu":
        raise InputError(f"{path}: has values of type {values.dtype}; expected an array of numbers")
    return values.astype(float)
