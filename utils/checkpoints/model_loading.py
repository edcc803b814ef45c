"""Rebuild a VQ-VAE or a surrogate from a checkpoint, whichever format it has."""

import logging
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dataset.errors import InputError
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints.checkpoint_file import FORMATS, find_checkpoint, read_checkpoint
from utils.checkpoints.published_formats import (
    published_surrogate,
    published_surrogate_state,
    published_vqvae_config,
    published_vqvae_state,
)

logger = logging.getLogger("bige")

Network = TypeVar("Network", VQVAE, SurrogateTransformer, DynamicsSurrogate)
SurrogateNetwork = DynamicsSurrogate | SurrogateTransformer | PublishedSurrogate
_NAMES = {
    "bige-vqvae": "a VQ-VAE",
    "bige-surrogate": "a surrogate that is a transformer of kinematics",
    "bige-dynamics-surrogate": "a surrogate after inverse dynamics",
}


def load_vqvae(path: str | Path, device: torch.device | str = "cpu") -> VQVAE:
    """The VQ-VAE of a checkpoint, in this repository's or the published format.

    Args:
        path: a checkpoint file or a run folder.
        device: device of the weights.

    Returns:
        The model in evaluation mode.

    Raises:
        InputError: the file is not a VQ-VAE of the 33 canonical coordinates, or its weights are not finite.
    """
    path = find_checkpoint(path)
    content = read_checkpoint(path)
    if "format" in content:
        return _rebuild(path, content, VQVAE, VQVAEConfig).to(device).eval()
    state = published_vqvae_state(path, content)
    model = VQVAE(published_vqvae_config(path, state))
    missing = _load_state(path, model, state)
    # Published files have neither a normaliser nor the moving averages of the codebook.
    _require_complete(path, {name for name in missing if not name.startswith(("normalizer.", "quantizer."))})
    model.quantizer.mark_initialised()
    return model.to(device).eval()


def load_surrogate(path: str | Path, device: torch.device | str = "cpu") -> SurrogateNetwork:
    """The surrogate of a checkpoint; for weights in the published format, a `PublishedSurrogate`.

    Args:
        path: a checkpoint file or a run folder.
        device: device of the weights.

    Returns:
        The model in evaluation mode.

    Raises:
        InputError: the file is not a surrogate, or its weights are not finite.
    """
    path = find_checkpoint(path)
    content = read_checkpoint(path)
    if content.get("format") == FORMATS[SurrogateTransformer]:
        return _rebuild(path, content, SurrogateTransformer, SurrogateConfig).to(device).eval()
    if "format" in content:
        return _rebuild(path, content, DynamicsSurrogate, DynamicsSurrogateConfig).to(device).eval()
    state = published_surrogate_state(path, content)
    model = published_surrogate(state)
    _require_complete(path, _load_state(path, model, state))
    logger.warning("%s: published surrogate, whose attention runs over the batch instead of over time", path.name)
    return model.to(device).eval()


def _rebuild(path: Path, content: Mapping[str, Any], model_class: type[Network], config_class: type) -> Network:
    """The network of a checkpoint in this repository's format."""
    expected = FORMATS[model_class]
    if content["format"] != expected:
        found = _NAMES.get(content["format"], repr(content["format"]))
        raise InputError(f"{path} contains {found}; expected {_NAMES[expected]}")
    for key in ("config", "net"):
        if not isinstance(content.get(key), dict):
            raise InputError(f"{path} is incomplete: it has no `{key}`")
    unknown = set(content["config"]) - {field.name for field in fields(config_class)}
    if unknown:
        raise InputError(
            f"{path} was made by another version of this code: its configuration has {', '.join(sorted(unknown))}"
        )
    try:
        model = model_class(config_class(**content["config"]))
    except (TypeError, ValueError, AssertionError) as error:
        raise InputError(f"{path}: no network can be built from its configuration ({error})") from None
    _require_complete(path, _load_state(path, model, content["net"]))
    return model


def _load_state(path: Path, model: nn.Module, state: Mapping[str, Tensor]) -> set[str]:
    """Load a state dict; returns the names that the model has and the file lacks.

    Raises:
        InputError: a tensor does not fit, is not part of this network, or has values that are not finite.
    """
    for name, value in state.items():
        if isinstance(value, Tensor) and not torch.isfinite(value).all():
            raise InputError(
                f"{path}: {name} has values that are NaN or infinite, so its training diverged; use another checkpoint"
            )
    try:
        keys = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        mismatch = str(error).splitlines()[-1].strip()
        raise InputError(f"{path} does not fit its configuration: {mismatch}") from None
    if keys.unexpected_keys:
        raise InputError(f"{path} contains {keys.unexpected_keys[0]}, which is not part of this network")
    return set(keys.missing_keys)


def _require_complete(path: Path, missing: set[str]) -> None:
    if missing:
        raise InputError(f"{path} is incomplete: it lacks {min(missing)}")
