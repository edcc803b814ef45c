"""Reader of .npy files, including those that hold a pickled dict of arrays, without running any code of the file.

A pickle is a program that names functions and has them called. Here, a name leads to one of four substitutes for what
numpy itself writes, and any other name is an error. The substitutes check their arguments and build arrays from bytes.
"""

import io
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError

_DTYPE = re.compile(r"[<>|=]?(?:[fiu][1248]|b1|f16|U\d+|S\d+|O8?)")


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


def _plain(value: Any) -> Any:
    """The value with every substitute replaced by its array."""
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
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
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}[version[0]]
        shape, _, dtype = read_header(file)
    except (ValueError, KeyError) as error:
        raise InputError(f"{path}: not a numpy file, or damaged ({str(error).splitlines()[0]})") from None
    if not dtype.hasobject:
        try:
            return np.load(io.BytesIO(content), allow_pickle=False)
        except (ValueError, EOFError, MemoryError) as error:  # the header may state more values than there are
            raise InputError(f"{path}: damaged ({str(error).splitlines()[0]})") from None
    try:
        value = _plain(_PlainUnpickler(file).load())
    except _NotPlainError as error:
        raise InputError(
            f"{path}: not read, because its pickle holds or asks for {error}; only dicts and lists of arrays, numbers "
            "and texts are read; save the arrays by themselves with numpy.save"
        ) from None
    except Exception as error:  # a malformed pickle can raise any error
        raise InputError(f"{path}: its pickle is damaged ({type(error).__name__})") from None
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
