"""Checkpoint files: found in run folders, written atomically, and read without unpickling code.

A checkpoint is a dictionary of `format` (one of FORMATS), `config` (the fields of the network's configuration), `net`
(its state dict) and, where training can be resumed from it, `training` and `run`.
"""

import io
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.guarded_files import file_size
from dataset.locations import expanded
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints.checkpoint_check import require_sound_checkpoint

TrainedNetwork = VQVAE | SurrogateTransformer | DynamicsSurrogate
FORMATS: dict[type, str] = {
    VQVAE: "bige-vqvae",
    SurrogateTransformer: "bige-surrogate",
    DynamicsSurrogate: "bige-dynamics-surrogate-3",
}
_RUN_FOLDER_NAMES = ("best.pth", "last.pth", "vqvae.pth", "surrogate.pth")


def save_checkpoint(
    path: str | Path,
    model: TrainedNetwork,
    training: dict[str, Any] | None = None,
    run: dict[str, Any] | None = None,
) -> None:
    """Write a model with its configuration, so that it can be rebuilt without further information.

    Args:
        path: the checkpoint file.
        model: the network.
        training: state from which training can be resumed (step, optimiser, ...), or None.
        run: seed, length of the windows and split of the run, which stay when it is resumed.

    Raises:
        OSError: the file cannot be written.
    """
    content = {
        "format": FORMATS[type(model)],
        "config": asdict(model.config),
        "net": {name: value.detach().cpu() for name, value in model.state_dict().items()},
    }
    if training is not None:
        content["training"] = _sorted(training)
    if run is not None:
        content["run"] = run
    buffer = io.BytesIO()  # torch itself does not say why a file cannot be written
    torch.save(_with_equal_words_once(content, {}), buffer)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        os.fsync(file.fileno())  # before it replaces the last good one: a machine that is switched off loses the rest


def _sorted(values: Any) -> Any:
    """The same values with the keys of all dictionaries in order, which a resumed optimiser has in another."""
    if isinstance(values, dict):
        return {key: _sorted(values[key]) for key in sorted(values, key=lambda key: (type(key).__name__, key))}
    return [_sorted(value) for value in values] if isinstance(values, list) else values


def _with_equal_words_once(values: Any, known: dict[str, str]) -> Any:
    """The same values with one object for each word: pickle writes an object once, and its bytes tell how many."""
    if isinstance(values, str):
        return known.setdefault(values, values)
    if isinstance(values, dict):
        words = _with_equal_words_once
        return {words(key, known): words(value, known) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(_with_equal_words_once(value, known) for value in values)
    return values


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint file, or of the best checkpoint of a run folder, on the CPU.

    Raises:
        InputError: there is no such file, or it is not a checkpoint.
    """
    path = find_checkpoint(path)
    if not file_size(path, sys.maxsize):
        raise InputError(f"{path} is empty, as a full disk or a broken copy leaves it; use another checkpoint")
    require_sound_checkpoint(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different type for each way in which a file can be damaged
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} is not a checkpoint of tensors and plain values ({reason})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} contains a {type(content).__name__}; expected the dictionary of a checkpoint")
    return content


def find_checkpoint(path: str | Path) -> Path:
    """The checkpoint at `path`: the file itself, or the best one of a run folder.

    Raises:
        InputError: there is no such file or folder, or the folder contains no checkpoint.
    """
    path = expanded(path)
    if path.is_dir():
        for name in _RUN_FOLDER_NAMES:
            if (path / name).is_file():
                return path / name
        raise InputError(f"{path} is a folder without best.pth or last.pth; expected a checkpoint (.pth) or run folder")
    if not path.is_file():
        raise InputError(f"{path} does not exist; expected a checkpoint (.pth) or a run folder that contains one")
    return path
