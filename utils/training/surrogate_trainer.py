"""Pieces of surrogate training: the training batch, held-out figures a muscle, and the parity plot."""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dataset.io.atomic_write import atomic_write
from dataset.windows.motion_batch import MotionBatch
from models.conventions import ANTHROPOMETRIC_FEATURES, MUSCLES, ROTATION_INDICES
from models.surrogate.ground_loads import LOAD_COUNT
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer

_LEAST_ACTIVITY = 1e-3  # standard deviation of an activation below which a muscle is idle
_LEAST_STD = 1e-4  # metres, and metres a frame: below it a channel does not move
_LEAST_STD_DEG = 1e-2  # the same for degrees
_LEAST_STD_PERSON = 1e-2  # kilograms and metres
GROUPS = {
    "vasti": ("vasint", "vaslat", "vasmed"),
    "soleus": ("soleus",),
    "gluteus maximus": ("glmax1", "glmax2", "glmax3"),
    "hamstrings": ("bflh", "semimem", "semiten"),
}


def config_of(arguments) -> SurrogateConfig:
    """The network that the arguments of surrogate_training.py describe."""
    return SurrogateConfig(
        d_model=arguments.d_model,
        layers=arguments.layers,
        heads=arguments.heads,
        feedforward=arguments.feedforward,
        dropout=arguments.dropout,
        stick_figure=arguments.stick_figure,
        derivatives=arguments.derivatives,
        ground_loads=arguments.ground_loads,
        norm_first=arguments.norm_first,
        person_features=0 if arguments.no_person else len(ANTHROPOMETRIC_FEATURES),
    )


@torch.no_grad()
def fit_to_data(model: SurrogateTransformer, windows: MotionBatch) -> None:
    """Take the normalisation of motion and person from the training windows, and begin at their mean activations."""
    channels = model.channels(windows.motion, windows.anthropometry)
    least_std = torch.full((channels.shape[-1],), _LEAST_STD)
    loads = LOAD_COUNT if model.config.ground_loads else 0
    orders = 3 if model.config.derivatives else 1
    least_std[: len(least_std) - loads].view(orders, -1)[:, list(ROTATION_INDICES)] = _LEAST_STD_DEG
    model.normalizer.fit(channels, windows.recorded, least_std=least_std.to(channels))
    if model.person_normalizer is not None:
        model.person_normalizer.fit(windows.anthropometry, least_std=_LEAST_STD_PERSON)
    model.head.weight.mul_(0.1)
    model.head.bias.copy_(torch.logit(windows.activations[windows.labelled].mean(0), eps=1e-3))


def cosine_rate(lr: float, epochs_done: float, epochs: int) -> float:
    """Learning rate after `epochs_done`, not only whole ones: up over the first epoch, then down to 0 at `epochs`."""
    return lr * min(1.0, epochs_done) * 0.5 * (1 + math.cos(math.pi * min(1.0, epochs_done / epochs)))


def shifted(windows: MotionBatch, chosen: Tensor, shift: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Motion, recorded, activations and labelled of the windows `chosen` (B,), each `shift` (B,) frames later.

    The first pose stands in the frames before, which count as recorded, not as labelled; what leaves is cut off.
    """
    frames = windows.motion.shape[1]
    earlier = torch.arange(frames, device=chosen.device) - shift.unsqueeze(1)  # (B, T)
    rows, source = chosen.unsqueeze(1), earlier.clamp_min(0)
    labelled = windows.labelled[rows, source] & (earlier >= 0)
    return windows.motion[rows, source], windows.recorded[rows, source], windows.activations[rows, source], labelled


def masked_smooth_l1(prediction: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """Smooth L1 of activations (B, T, 80), mean over the labelled (B, T) frames and all muscles."""
    loss = nn.functional.smooth_l1_loss(prediction, target, reduction="none").mean(-1)
    return (loss * labelled).sum() / labelled.sum().clamp_min(1)


@torch.no_grad()
def predict_all(model: nn.Module, windows: MotionBatch, batch: int = 64) -> Tensor:
    """Predicted activations (N, T, 80) of all windows."""
    model.eval()
    predictions = []
    for start in range(0, len(windows), batch):
        part = slice(start, start + batch)
        anthropometry = None if windows.anthropometry is None else windows.anthropometry[part]
        predictions.append(model(windows.motion[part], windows.recorded[part], anthropometry))
    return torch.cat(predictions)


def evaluate(prediction: Tensor, windows: MotionBatch) -> dict:
    """Figures over the labelled frames of all windows: `loss`, and for each muscle R2 and RMSE (activation, 0 to 1).

    R2 = 1 - (squared error) / (squared deviation from the muscle's mean over these frames); None for a muscle whose
    standard deviation is below 0.001, of which there is nothing to explain.
    """
    mask = windows.labelled
    target, found = windows.activations[mask].double(), prediction[mask].double()  # (F, 80)
    squared_error = (found - target).square().mean(0)
    variance = target.var(0, unbiased=False)
    r2 = torch.where(variance > _LEAST_ACTIVITY**2, 1 - squared_error / variance, torch.nan)
    rmse = squared_error.sqrt()
    muscles = {name: {"r2": _figure(r2[i]), "rmse": _figure(rmse[i])} for i, name in enumerate(MUSCLES)}
    groups = {}
    for group, members in GROUPS.items():
        indices = [MUSCLES.index(f"{muscle}_{side}") for muscle in members for side in "lr"]
        own = r2[indices]
        groups[group] = {
            "r2_least": _figure(own.nan_to_num(torch.inf).min() if own.isfinite().any() else own[0]),
            "r2_mean": _figure(own.nanmean()),
            "rmse_mean": _figure(rmse[indices].mean()),
        }
    return {
        "loss": float(masked_smooth_l1(prediction, windows.activations, mask)),
        "rmse": float(squared_error.mean().sqrt()),
        "r2_median": float(r2.nanmedian()),
        "windows": len(windows),
        "groups": groups,
        "muscles": muscles,
    }


def table(metrics: dict) -> str:
    """The figures of `evaluate` for a person to read: a line a muscle, left and right, then a line a group."""

    def shown(value: float | None, width: int) -> str:
        return f"{'idle' if value is None else format(value, '.3f'):>{width}}"

    lines = [f"{'muscle':<16}{'R2 left':>9}{'R2 right':>9}{'RMSE left':>11}{'RMSE right':>11}"]
    for muscle in (name[:-2] for name in metrics["muscles"] if name.endswith("_l")):
        sides = [metrics["muscles"][f"{muscle}_{side}"] for side in "lr"]
        figures = [shown(s["r2"], 9) for s in sides] + [shown(s["rmse"], 11) for s in sides]
        lines.append(f"{muscle:<16}" + "".join(figures))
    for group, values in metrics["groups"].items():
        r2, least, rmse = (shown(values[name], 0) for name in ("r2_mean", "r2_least", "rmse_mean"))
        lines.append(f"{group}: R2 {r2} (least {least}), RMSE {rmse}")
    return "\n".join(lines)


def _figure(value: Tensor) -> float | None:
    """A number for a table; None where there is none."""
    return None if value.isnan() else round(float(value), 4)


def plot_parity(path: Path, prediction: Tensor, windows: MotionBatch, muscles: tuple[str, ...]) -> None:
    """Predicted over simulated activation, one panel a muscle and side, of the labelled frames."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    mask = windows.labelled
    target, found = windows.activations[mask].cpu().numpy(), prediction[mask].cpu().numpy()
    kept = np.linspace(0, len(target) - 1, min(len(target), 4000)).astype(int)
    figure, axes = plt.subplots(2, len(muscles), figsize=(2.2 * len(muscles), 4.8), sharex=True, sharey=True)
    for row, side in zip(axes, "lr", strict=True):
        for axis, muscle in zip(row, muscles, strict=True):
            i = MUSCLES.index(f"{muscle}_{side}")
            r2 = 1 - np.mean((found[:, i] - target[:, i]) ** 2) / max(np.var(target[:, i]), 1e-12)
            axis.plot([0, 1], [0, 1], color="0.7", linewidth=0.8)
            axis.scatter(target[kept, i], found[kept, i], s=2, alpha=0.25, linewidths=0)
            axis.set_title(f"{muscle}_{side}   R² {r2:.2f}", fontsize=8)
            axis.set_aspect("equal")
    figure.supxlabel("simulated activation (0 to 1)", fontsize=9)
    figure.supylabel("surrogate's activation (0 to 1)", fontsize=9)
    figure.tight_layout()
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
    plt.close(figure)
