"""Checkpoints: written whole, read without unpickling anything but tensors and plain values.

Ours: {"format": "bige-vqvae" or "bige-surrogate", "config": {...}, "net": state dict, "training": {...} or absent}.
Published ones (T2M-GPT's and BIGE's code) are recognised by their keys.
"""

import json
import logging
from dataclasses import asdict, fields
from pathlib import Path

import torch

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from models.conventions import COORDINATES
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig

logger = logging.getLogger("bige")

FORMATS = {VQVAE: "bige-vqvae", SurrogateTransformer: "bige-surrogate"}
_NAMES = {"bige-vqvae": "a VQ-VAE", "bige-surrogate": "a surrogate"}


def save_checkpoint(path: str | Path, model: VQVAE | SurrogateTransformer, training: dict | None = None) -> None:
    """Write model, configuration and, to continue from, the `training` state (optimiser, iteration, ...)."""
    content = {
        "format": FORMATS[type(model)],
        "config": asdict(model.config),
        "net": {name: value.detach().cpu() for name, value in model.state_dict().items()},
    }
    if training is not None:
        content["training"] = training
    with atomic_write(path) as temporary:
        torch.save(content, temporary)


def read_checkpoint(path: str | Path) -> dict:
    """The content of a checkpoint file, on the CPU; of a run folder, its `best.pth` or `last.pth`.

    Raises InputError where there is no such file or it is not a checkpoint.
    """
    path = checkpoint_in(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a different one for each way a file can be broken
        reason = str(error).splitlines()[0][:120]
        raise InputError(f"{path} is not a checkpoint of tensors and plain values ({reason})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} holds a {type(content).__name__}, and a checkpoint holds a dictionary")
    return content


def checkpoint_in(path: str | Path) -> Path:
    """`path` itself, or the checkpoint of the run folder that it names. Raises InputError where there is none."""
    path = Path(path).expanduser()
    if path.is_dir():
        for name in ("best.pth", "last.pth", "vqvae.pth", "surrogate.pth"):
            if (path / name).is_file():
                return path / name
        raise InputError(f"{path} is a folder without best.pth or last.pth; name a checkpoint (.pth) or a run folder")
    if not path.is_file():
        raise InputError(f"{path} does not exist; name a checkpoint (.pth) or a run folder that holds one")
    return path


def load_vqvae(path: str | Path, device: torch.device | str = "cpu") -> VQVAE:
    """The VQ-VAE of a checkpoint, ours or published, in eval mode on `device`.

    A published file does not say its dilation growth, activation and norm: they are taken from `<name>.json` or
    `args.json` beside it where there is one, and are otherwise T2M-GPT's (3, relu, none or LN).
    Raises InputError where the file is not a VQ-VAE of these 33 coordinates.
    """
    path = checkpoint_in(path)
    content = read_checkpoint(path)
    if "format" in content:
        return _ours(path, content, VQVAE, VQVAEConfig).to(device).eval()
    state = _published_vqvae_state(path, content)
    config = _published_vqvae_config(path, state)
    model = VQVAE(config)
    missing = _load_state(path, model, state)
    expected = {name for name in missing if name.startswith(("normalizer.", "quantizer."))}
    _refuse_missing(path, missing - expected)
    model.quantizer.mark_initialised()
    return model.to(device).eval()


def load_surrogate(path: str | Path, device: torch.device | str = "cpu") -> SurrogateTransformer | PublishedSurrogate:
    """The surrogate of a checkpoint in eval mode on `device`: ours, or a PublishedSurrogate for published weights.

    Raises InputError where the file is not a surrogate.
    """
    path = checkpoint_in(path)
    content = read_checkpoint(path)
    if "format" in content:
        return _ours(path, content, SurrogateTransformer, SurrogateConfig).to(device).eval()
    state = {name.removeprefix("module."): value for name, value in content.items()}
    if "positional_encoding" not in state or "fc.weight" not in state:
        raise InputError(f"{path} is not a surrogate: it holds neither our format nor the published weights' names")
    layers = {int(name.split(".")[1]) for name in state if name.startswith("transformer_layers.")}
    frames = state["positional_encoding"].shape[1]
    feedforward = state["transformer_layers.0.feedforward.0.weight"].shape[0]
    model = PublishedSurrogate(layers=len(layers), feedforward=feedforward, frames=frames)
    _refuse_missing(path, _load_state(path, model, state))
    logger.warning("%s: published surrogate; its attention runs over the batch, not over time", path.name)
    return model.to(device).eval()


def _ours(path: Path, content: dict, model_class: type, config_class: type):
    expected = FORMATS[model_class]
    if content["format"] != expected:
        found = _NAMES.get(content["format"], repr(content["format"]))
        raise InputError(f"{path} holds {found}, and {_NAMES[expected]} is needed here")
    known = {field.name for field in fields(config_class)}
    unknown = set(content["config"]) - known
    if unknown:
        raise InputError(f"{path} was made by another version: its configuration holds {', '.join(sorted(unknown))}")
    model = model_class(config_class(**content["config"]))
    _refuse_missing(path, _load_state(path, model, content["net"]))
    return model


def _load_state(path: Path, model: torch.nn.Module, state: dict) -> set[str]:
    """Load `state`; the names that the model has and the file does not. Raises InputError on anything that misfits."""
    try:
        answer = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        mismatch = str(error).splitlines()[-1].strip()
        raise InputError(f"{path} does not fit its configuration: {mismatch}") from None
    if answer.unexpected_keys:
        raise InputError(f"{path} holds {answer.unexpected_keys[0]}, which this network does not have")
    return set(answer.missing_keys)


def _refuse_missing(path: Path, missing: set[str]) -> None:
    if missing:
        raise InputError(f"{path} lacks {sorted(missing)[0]} and so is not whole")


def _published_vqvae_state(path: Path, content: dict) -> dict:
    state = content.get("net")
    if not isinstance(state, dict):
        raise InputError(f"{path} is not a VQ-VAE: it holds neither our format nor a published checkpoint's `net`")
    state = {name.removeprefix("module.").removeprefix("vqvae."): value for name, value in state.items()}
    if "encoder.model.0.weight" not in state or not {"quantizer.codebook", "quantizer.embedding.weight"} & set(state):
        raise InputError(f"{path} is not a VQ-VAE: its `net` lacks the encoder's or the codebook's weights")
    coordinates = state["encoder.model.0.weight"].shape[1]
    if coordinates != len(COORDINATES):
        raise InputError(f"{path} was trained on {coordinates} channels, and a motion here has {len(COORDINATES)}")
    return state


def _published_vqvae_config(path: Path, state: dict) -> VQVAEConfig:
    """Sizes from the weights themselves; what they do not tell from the JSON file beside them, or as in T2M-GPT."""
    learned = "quantizer.embedding.weight" in state
    codebook = state["quantizer.embedding.weight" if learned else "quantizer.codebook"]
    stages = {name.split(".")[2] for name in state if name.startswith("encoder.model.") and ".model.0.conv1." in name}
    depth = {name.split(".")[5] for name in state if name.startswith("encoder.model.2.1.model.")}
    beside: dict = {}
    for name in (path.with_suffix(".json"), path.with_name("args.json")):
        if name.is_file():
            beside = json.loads(name.read_text())
            break
    normed = any(".norm1." in name for name in state)
    return VQVAEConfig(
        nb_code=codebook.shape[0],
        code_dim=codebook.shape[1],
        width=state["encoder.model.0.weight"].shape[0],
        down_t=len(stages),
        stride_t=state["encoder.model.2.0.weight"].shape[2] // 2,
        depth=len(depth),
        dilation_growth_rate=beside.get("dilation_growth_rate", 3),
        activation=beside.get("activation", beside.get("vq_act", "relu")),
        norm=(beside.get("norm", beside.get("vq_norm")) or "LN") if normed else None,
        quantizer="orig" if learned else beside.get("quantizer", "ema_reset"),
    )
