"""Checkpoints as published with T2M-GPT and BIGE, which do not describe their own network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from dataset.errors import InputError
from dataset.io.guarded_files import read_json_object
from models.conventions import COORDINATES
from models.surrogate.published_transformer import PublishedSurrogate
from models.vqvae.vqvae_config import VQVAEConfig


def published_vqvae_state(path: Path, content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state dict of a published VQ-VAE, without the prefixes of its wrappers.

    Raises:
        InputError: the file is not a VQ-VAE of the 33 canonical coordinates.
    """
    state = content.get("net")
    if not isinstance(state, dict):
        raise InputError(f"{path} is not a VQ-VAE: it has neither this repository's format nor the published `net`")
    state = {name.removeprefix("module.").removeprefix("vqvae."): value for name, value in state.items()}
    if "encoder.model.0.weight" not in state or not {"quantizer.codebook", "quantizer.embedding.weight"} & set(state):
        raise InputError(f"{path} is not a VQ-VAE: its `net` lacks the weights of the encoder or of the codebook")
    coordinates = state["encoder.model.0.weight"].shape[1]
    if coordinates != len(COORDINATES):
        raise InputError(f"{path} was trained on {coordinates} channels; expected {len(COORDINATES)} coordinates")
    return state


def published_vqvae_config(path: Path, state: Mapping[str, Tensor]) -> VQVAEConfig:
    """The configuration of a published VQ-VAE.

    Sizes follow from the shapes of the weights. The growth of dilations, the activation function, the norm and the
    kind of quantizer do not: they come from `<name>.json` or `args.json` beside the file, and otherwise are T2M-GPT's.

    Raises:
        InputError: the JSON file beside the weights cannot be read.
    """
    learned = "quantizer.embedding.weight" in state
    codebook = state["quantizer.embedding.weight" if learned else "quantizer.codebook"]
    stages = {name.split(".")[2] for name in state if name.startswith("encoder.model.") and ".model.0.conv1." in name}
    blocks = {name.split(".")[5] for name in state if name.startswith("encoder.model.2.1.model.")}
    recorded = _recorded_arguments(path)
    has_norm = any(".norm1." in name for name in state)
    return VQVAEConfig(
        nb_code=codebook.shape[0],
        code_dim=codebook.shape[1],
        width=state["encoder.model.0.weight"].shape[0],
        down_t=len(stages),
        stride_t=state["encoder.model.2.0.weight"].shape[2] // 2,
        depth=len(blocks),
        dilation_growth_rate=recorded.get("dilation_growth_rate", 3),
        activation=recorded.get("activation", recorded.get("vq_act", "relu")),
        norm=(recorded.get("norm", recorded.get("vq_norm")) or "LN") if has_norm else None,
        quantizer="orig" if learned else recorded.get("quantizer", "ema_reset"),
    )


def _recorded_arguments(path: Path) -> dict[str, Any]:
    """Settings recorded beside a checkpoint: flat, as published, or nested under `network`, as `record_config` does."""
    for file in (path.with_suffix(".json"), path.with_name("args.json")):
        if not file.is_file():
            continue
        content = read_json_object(file)
        nested = content.get("network")
        return content | nested if isinstance(nested, dict) else content
    return {}


def published_surrogate_state(path: Path, content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state dict of a published surrogate, without the prefix of its wrapper.

    Raises:
        InputError: the file is not a surrogate.
    """
    state = {name.removeprefix("module."): value for name, value in content.items()}
    if not {"positional_encoding", "fc.weight", "transformer_layers.0.feedforward.0.weight"} <= set(state):
        raise InputError(f"{path} is not a surrogate: it has neither this repository's format nor the published names")
    return state


def published_surrogate(state: Mapping[str, Tensor]) -> PublishedSurrogate:
    """A published surrogate of the size of the weights in `state`, which are still to be loaded."""
    layers = {name.split(".")[1] for name in state if name.startswith("transformer_layers.")}
    return PublishedSurrogate(
        layers=len(layers),
        feedforward=state["transformer_layers.0.feedforward.0.weight"].shape[0],
        frames=state["positional_encoding"].shape[1],
    )
