"""Access to the OpenSim library: opening model files, frames and generalised coordinates."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.opensim.model_file_check import require_sound_model_file


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
    opensim = load_opensim()
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file (expected an OpenSim .osim)")
    require_sound_model_file(path)
    try:
        model = opensim.Model(str(path))
        state = model.initSystem()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{path}: OpenSim cannot read this model ({reason})") from None
    return model, state


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
