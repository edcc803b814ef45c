"""A .npy file that holds a pickled dict of arrays, read without running anything of it.

A pickle is a program: it names functions and has them called. Here a name finds one of four stand-ins for what numpy
itself writes, or nothing; the stand-ins check what they are given and build arrays from plain bytes.
"""

import io
import pickle
import re
from pathlib import Path

import numpy as np

from dataset.errors import InputError

_DTYPE = re.compile(r"[<>|=]?(?:[fiu][1248]|b1|f16|U\d+|S\d+|O8?)")


class _NotPlain(Exception):
    """The pickle asks for something other than arrays, numbers, texts, lists and dicts."""


class _DType:
    """Stands in for numpy.dtype: of numbers, texts or objects, no fields, no metadata."""

    def __init__(self, name, *_):
        if not isinstance(name, str) or not _DTYPE.fullmatch(name):
            raise _NotPlain(f"an array of type {name!r}")
        self.name, self.order = name.lstrip("<>|="), "="

    def __setstate__(self, state):
        if state[1] not in ("<", ">", "|", "="):
            raise _NotPlain("an array of an unknown byte order")
        self.order = state[1]

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(object if self.name.startswith("O") else self.order + self.name)


class _Array:
    """Stands in for numpy.ndarray; `values` is the array, once its state has come."""

    values = None

    def __setstate__(self, state):
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _DType) or not all(type(size) is int and size >= 0 for size in shape):
            raise _NotPlain("an array of a malformed shape")
        count = int(np.prod(shape, dtype=object))
        if dtype.dtype == object:
            if type(content) is not list or len(content) != count:
                raise _NotPlain("an array of objects whose content is not a list of its size")
            flat = np.empty(count, dtype=object)
            flat[:] = [_plain(item) for item in content]
        else:
            if type(content) is not bytes or len(content) != count * dtype.dtype.itemsize:
                raise _NotPlain("an array whose content is not as long as its shape says")
            flat = np.frombuffer(content, dtype.dtype)
        self.values = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(*_):
    return _Array()


def _scalar(dtype, content=b""):
    if not isinstance(dtype, _DType) or dtype.dtype == object or type(content) is not bytes:
        raise _NotPlain("a malformed number")
    return np.frombuffer(content, dtype.dtype)[0]


def _encode(text, encoding="latin1"):
    if type(text) is not str or encoding != "latin1":
        raise _NotPlain(f"text in {encoding}")
    return text.encode("latin1")


_STAND_INS = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _encode,  # how the oldest pickles spell bytes
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in _STAND_INS:
            raise _NotPlain(f"{module}.{name}")
        return _STAND_INS[module, name]


def _plain(value):
    """The value with every stand-in replaced by its array."""
    if isinstance(value, _Array):
        return value.values
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, bytes, bool, int, float, np.generic)):
        return value
    raise _NotPlain(f"a {type(value).__name__}")


def read_array_or_dict(path: str | Path):
    """The array in a .npy file, or the dict of arrays, numbers, texts and lists that a single pickled object is.

    Raises InputError where the file cannot be read, is no .npy, is truncated, or its pickle asks for anything else:
    nothing that it names is imported or called.
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
        except (ValueError, EOFError, MemoryError) as error:  # its header may promise more than there is
            raise InputError(f"{path}: damaged ({str(error).splitlines()[0]})") from None
    try:
        value = _plain(_PlainUnpickler(file).load())
    except _NotPlain as error:
        raise InputError(
            f"{path}: its pickle holds or asks for {error}, and it is not read: only dicts and lists of arrays, "
            "numbers and texts are; save the arrays by themselves with numpy.save"
        ) from None
    except Exception as error:  # a malformed pickle can fail in any way
        raise InputError(f"{path}: its pickle is damaged ({type(error).__name__})") from None
    if isinstance(value, np.ndarray) and value.shape == shape and value.size == 1:
        value = value.reshape(-1)[0]
    return value
