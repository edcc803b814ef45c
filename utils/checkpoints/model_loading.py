"""Rebuild a VQ-VAE or a surrogate from a checkpoint, whichever format it has."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from dataset.errors import InputError
from dataset.spelling import list_names
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints.checkpoint_check import require_own_values
from utils.checkpoints.checkpoint_file import FORMATS, find_checkpoint, read_checkpoint
from utils.checkpoints.published_formats import (
    published_surrogate,
    published_surrogate_state,
    published_vqvae_config,
    published_vqvae_state,
)

logger = logging.getLogger("bige")

Network = TypeVar("Network", VQVAE, SurrogateTransformer, DynamicsSurrogate)
Built = TypeVar("Built", bound=nn.Module)
SurrogateNetwork = DynamicsSurrogate | SurrogateTransformer | PublishedSurrogate
_GREATEST_SIZE = 1 << 20
_LARGEST_WEIGHT = 1e9  # sums of a codebook over a long training reach thousands
_LARGEST_DILATION = 1 << 16  # frames between the inputs of a convolution
_LAYERS = ("depth", "down_t", "layers", "ground_networks", "ground_layers", "muscle_layers")
_EARLIER = "a surrogate after inverse dynamics of an earlier version, to be trained again"
_NAMES = {
    "bige-vqvae": "a VQ-VAE",
    "bige-surrogate": "a surrogate that is a transformer of kinematics",
    "bige-dynamics-surrogate": _EARLIER,
    "bige-dynamics-surrogate-2": _EARLIER,
    "bige-dynamics-surrogate-3": "a surrogate after inverse dynamics",
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
    with _refusing(path, "is not a VQ-VAE of the published format"):
        state = published_vqvae_state(path, content)
        config = published_vqvae_config(path, state)
    config = _sound_config(path, VQVAEConfig, asdict(config), len(state))
    model = _built(path, lambda: VQVAE(config), state)
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
    if content.get("format") == FORMATS[VQVAE]:
        raise InputError(f"{path} contains a VQ-VAE; expected a surrogate")
    if "format" in content:
        return _rebuild(path, content, DynamicsSurrogate, DynamicsSurrogateConfig).to(device).eval()
    with _refusing(path, "is not a surrogate of the published format"):
        state = published_surrogate_state(path, content)
    model = _built(path, lambda: published_surrogate(state), state)
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
            f"{path} was made by another version of this code: its configuration has {list_names(sorted(unknown))}"
        )
    config = _sound_config(path, config_class, content["config"], len(content["net"]))
    model = _built(path, lambda: model_class(config), content["net"])
    _require_complete(path, _load_state(path, model, content["net"]))
    return model


def _built(path: Path, make: Callable[[], Built], state: Mapping[str, Any]) -> Built:
    """The network that `make` makes, once it is known that the tensors of `state` have its shapes.

    Raises:
        InputError: they have others, or there is no such network.
    """
    require_own_values(path, state)
    with _refusing(path, "no network can be built from its configuration"):
        with torch.device("meta"):  # without memory, which a configuration can ask for without bound
            shapes = {name: value.shape for name, value in make().state_dict().items()}
        _require_shapes(path, shapes, state)
        return make()


@contextmanager
def _refusing(path: Path, what: str) -> Iterator[None]:
    """Turn any error into an InputError; each layer and each wrong type has its own."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:120]
        raise InputError(f"{path}: {what} ({type(error).__name__}: {reason})") from None


def _sound_config(path: Path, config_class: type, values: Mapping[str, Any], tensors: int) -> Any:
    """The configuration, if its values have the types of the defaults and there are tensors for so many layers.

    Raises:
        InputError: there is a value of another type or size.
    """
    for field in fields(config_class):
        value = values.get(field.name, field.default)
        expected = float if type(field.default) is float else type(field.default)
        fits = type(value) is expected or (expected is float and type(value) is int)
        if not fits and not (field.default is None and (value is None or isinstance(value, str))):
            raise InputError(
                f"{path}: `{field.name}` of its configuration is {str(value)[:40]!r}, expected {expected.__name__}"
            )
        if type(value) is int and not 0 <= value < _GREATEST_SIZE:
            raise InputError(f"{path}: `{field.name}` of its configuration is {value}, which no network has")
        if field.name in _LAYERS and value > tensors:
            raise InputError(f"{path}: `{field.name}` of its configuration is {value}, of {tensors} tensors")
    config = config_class(**values)
    if isinstance(config, VQVAEConfig):
        rate, blocks = config.dilation_growth_rate, config.depth
        if rate < 1 or rate ** (blocks - 1) > _LARGEST_DILATION:
            raise InputError(f"{path}: `dilation_growth_rate` of its configuration is {rate}, for {blocks} blocks")
    return config


def _require_shapes(path: Path, shapes: Mapping[str, torch.Size], state: Mapping[str, Any]) -> None:
    """Raise InputError where a tensor of the file has not the shape that the network has for it."""
    for name, shape in shapes.items():
        if name in state and getattr(state[name], "shape", None) != shape:
            found = tuple(getattr(state[name], "shape", ()))
            raise InputError(f"{path} does not fit its configuration: {name} is {found}, expected {tuple(shape)}")
    lacking = sum(shape.numel() for name, shape in shapes.items() if name not in state)
    if lacking > _GREATEST_SIZE:
        raise InputError(f"{path} is incomplete: it lacks {min(name for name in shapes if name not in state)}")


def _load_state(path: Path, model: nn.Module, state: Mapping[str, Tensor]) -> set[str]:
    """Load a state dict; returns the names that the model has and the file lacks.

    Raises:
        InputError: a tensor does not fit, is not part of this network, or has values that are not finite or integers.
    """
    require_own_values(path, state)
    known = model.state_dict()
    unexpected = [name for name in state if name not in known]
    if unexpected:
        raise InputError(f"{path} contains {str(unexpected[0])[:60]}, which is not part of this network")
    for name, value in state.items():
        if isinstance(value, Tensor) and known[name].is_floating_point() and not value.is_floating_point():
            kind = str(value.dtype).removeprefix("torch.")
            raise InputError(f"{path}: {name} is of type {kind}, expected floating-point weights")
        if isinstance(value, Tensor) and value.is_floating_point() and not bool((value.abs() <= _LARGEST_WEIGHT).all()):
            raise InputError(
                f"{path}: {name} has values that are NaN, infinite or huge, so its training diverged; use another "
                "checkpoint"
            )
    try:
        keys = model.load_state_dict(state, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        mismatch = str(error).splitlines()[-1].strip()
        raise InputError(f"{path} does not fit its configuration: {mismatch}") from None
    return set(keys.missing_keys)


def _require_complete(path: Path, missing: set[str]) -> None:
    if missing:
        raise InputError(f"{path} is incomplete: it lacks {min(missing)}")
