"""Access to the OpenSim library: opening model files, frames and generalised coordinates."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.child_process import ChildDiedError, call_in_child
from dataset.opensim.model_file_check import require_sound_model_file

_MOST_SECONDS = 10  # of processor time; a model of the whole body takes 0.2
_MORE_BYTES = 1 << 30
_END_OF_XML = b"</OpenSimDocument>"
_LARGEST_MODEL_BYTES = 1 << 23  # of the models that are written here


def load_opensim() -> ModuleType:
    """Import `opensim`, without its messages and its log file."""
    import opensim

    opensim.Logger.setLevelString("off")
    opensim.Logger.removeFileSink()
    return opensim


def open_opensim_model(path: str | Path) -> tuple[Any, Any]:
    """Open a model file with OpenSim.

    Returns:
        The `opensim.Model`, initialised, and its `State` in the default pose.

    Raises:
        InputError: the file is missing, or OpenSim cannot read it.
    """
    load_opensim()  # before there is a child, which then has it
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file (expected an OpenSim .osim)")
    status = path.stat()
    _require_survivable(path, status.st_mtime_ns, status.st_size)
    return _open(path)


def print_xml(component: Any, path: Path) -> None:
    """Write an object of OpenSim as XML.

    Raises:
        OSError: the disk does not take it, which OpenSim does not say, or says without a reason.
    """
    try:
        component.printToXML(str(path))
        is_whole = path.read_bytes().rstrip().endswith(_END_OF_XML)
    except RuntimeError:
        is_whole = False
    if not is_whole:
        path.write_bytes(bytes(_LARGEST_MODEL_BYTES))  # raises what the operating system has against it
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def _open(path: Path) -> tuple[Any, Any]:
    opensim = load_opensim()
    try:
        model = opensim.Model(str(path))
        state = model.initSystem()
    except RuntimeError as error:
        reason = (str(error).strip().splitlines() or ["it does not say why"])[0]
        raise InputError(f"{path}: OpenSim cannot read this model ({reason})") from None
    return model, state


@lru_cache(maxsize=1024)
def _require_survivable(path: Path, modified_ns: int, size: int) -> None:
    """Raise InputError for a file that OpenSim cannot read or that would end this process; once for each file."""
    require_sound_model_file(path)
    try:
        call_in_child(_opens, str(path), seconds=_MOST_SECONDS, more_bytes=_MORE_BYTES)
    except ChildDiedError as error:
        raise InputError(
            f"{path}: OpenSim does not survive this model ({error}); a part of it is malformed, often a "
            "joint's function without its coordinate, or it names a file that cannot be read"
        ) from None


def _opens(path: str) -> bytes:
    model, state = _open(Path(path))
    with suppress(RuntimeError):  # only whether it dies of them
        model.realizeReport(state)
    return b""


@contextmanager
def naming_model(path: str | Path) -> Iterator[None]:
    """Turn what OpenSim raises for a malformed part of a model into an InputError that names the file."""
    try:
        yield
    except InputError:
        raise
    except (RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: a part of this model is malformed or missing ({reason})") from None


def frame_in_body(frame: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and offset (3,), in metres, of an OpenSim frame in the body that it is fixed to."""
    transform = frame.findTransformInBaseFrame()
    rotation = transform.R()
    matrix = np.array([[rotation.get(i, j) for j in range(3)] for i in range(3)])
    return matrix, transform.p().to_numpy()


def generalised_coordinate_index(coordinate: Any, state: Any) -> int:
    """Index of an OpenSim coordinate in the state's vector Q, found by moving it; it is left unlocked in `state`."""
    before = state.getQ().to_numpy()
    coordinate.setLocked(state, False)
    coordinate.setValue(state, coordinate.getValue(state) + 0.1, False)
    index = int(np.argmax(np.abs(state.getQ().to_numpy() - before)))
    state.setQ(load_opensim().Vector.createFromMat(before))
    return index
