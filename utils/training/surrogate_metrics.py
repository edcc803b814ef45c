"""Metrics of predicted muscle activations against simulated ones, muscle by muscle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dataset.muscle_names import MUSCLE_GROUPS
from dataset.windows.motion_batch import MotionBatch
from models.conventions import MUSCLES
from models.muscles.moment_capacity import TWO_JOINT_HAMSTRINGS
from utils.checkpoints import SurrogateNetwork
from utils.networks.inference import surrogate_of_subject
from utils.training.motion_losses import ELEMENTWISE, weighted_loss

_LEAST_ACTIVITY = 1e-3  # standard deviation of an activation below which a muscle is idle
EVALUATED_GROUPS = {
    "vasti": MUSCLE_GROUPS["vasti"],
    "soleus": ("soleus",),
    "gluteus maximus": MUSCLE_GROUPS["gluteus_maximus"],
    "two-joint hamstrings": TWO_JOINT_HAMSTRINGS,
}


def activation_loss(prediction: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
    """Smooth L1 loss of activations (B, T, 80), mean over the labelled (B, T) frames and all muscles."""
    return weighted_loss("l1_smooth", prediction, target, labelled)


@torch.no_grad()
def predict_all(model: SurrogateNetwork, windows: MotionBatch, batch: int = 64) -> Tensor:
    """Predicted activations (N, T, 80), 0 to 1, of all windows, each on its subject's model, `batch` at a time."""
    model.eval()
    activations = windows.motion.new_zeros(*windows.motion.shape[:2], len(MUSCLES))
    for path in dict.fromkeys(windows.models):
        surrogate = surrogate_of_subject(model, Path(path) if path else None)
        chosen = torch.tensor([i for i, one in enumerate(windows.models) if one == path], device=windows.motion.device)
        for part in chosen.split(batch):
            seen = windows.recorded[part] | windows.standing[part]
            activations[part] = surrogate(windows.motion[part], seen).activations
    return activations


def activation_metrics(prediction: Tensor, windows: MotionBatch) -> dict[str, Any]:
    """Metrics of predicted activations over the labelled frames of all windows.

    R2 = 1 - (squared error) / (squared deviation from the muscle's mean over these frames). It is None for an idle
    muscle, whose standard deviation is below 0.001, because there is nothing to explain.

    Args:
        prediction: (N, T, 80), 0 to 1.
        windows: N windows with simulated activations.

    Returns:
        `loss` (smooth L1), `rmse` over all muscles, `r2_median` over muscles, `windows` (their number), `muscles` (`r2`
        and `rmse` of each muscle) and `groups` (`r2_least`, `r2_mean`, `rmse_mean` of each of EVALUATED_GROUPS).
    """
    target_all, mask = labelled_activations(windows)
    target, predicted = target_all[mask].double(), prediction[mask].double()  # (F, 80)
    squared_error = (predicted - target).square().mean(0)
    variance = target.var(0, unbiased=False)
    r2 = torch.where(variance > _LEAST_ACTIVITY**2, 1 - squared_error / variance, torch.nan)
    rmse = squared_error.sqrt()
    muscles = {name: {"r2": _rounded(r2[i]), "rmse": _rounded(rmse[i])} for i, name in enumerate(MUSCLES)}
    groups = {}
    for group, members in EVALUATED_GROUPS.items():
        indices = [MUSCLES.index(f"{muscle}_{side}") for muscle in members for side in "lr"]
        own = r2[indices]
        groups[group] = {
            "r2_least": _rounded(own.nan_to_num(torch.inf).min() if own.isfinite().any() else own[0]),
            "r2_mean": _rounded(own.nanmean()),
            "rmse_mean": _rounded(rmse[indices].mean()),
        }
    return {
        "loss": float(ELEMENTWISE["l1_smooth"](predicted, target).mean()),
        "rmse": float(squared_error.mean().sqrt()),
        "r2_median": float(r2.nanmedian()),
        "windows": len(windows),
        "groups": groups,
        "muscles": muscles,
    }


def labelled_activations(windows: MotionBatch) -> tuple[Tensor, Tensor]:
    """Simulated activations (N, T, 80) of windows, and the frames (N, T) where they are known.

    Raises:
        ValueError: the windows were loaded without activations.
    """
    if windows.activations is None or windows.labelled is None:
        raise ValueError("these windows have no simulated activations; load them with activations=True")
    return windows.activations, windows.labelled


def metrics_table(metrics: Mapping[str, Any]) -> str:
    """The result of `activation_metrics` as text: a row for each muscle, left and right, then a line for each group."""

    def shown(value: float | None, width: int) -> str:
        return f"{'idle' if value is None else format(value, '.3f'):>{width}}"

    lines = [f"{'muscle':<16}{'R2 left':>9}{'R2 right':>9}{'RMSE left':>11}{'RMSE right':>11}"]
    for muscle in (name[:-2] for name in metrics["muscles"] if name.endswith("_l")):
        sides = [metrics["muscles"][f"{muscle}_{side}"] for side in "lr"]
        cells = [shown(side["r2"], 9) for side in sides] + [shown(side["rmse"], 11) for side in sides]
        lines.append(f"{muscle:<16}" + "".join(cells))
    for group, values in metrics["groups"].items():
        r2, least, rmse = (shown(values[name], 0) for name in ("r2_mean", "r2_least", "rmse_mean"))
        lines.append(f"{group}: mean R2 {r2} (least {least}), mean RMSE {rmse}")
    return "\n".join(lines)


def _rounded(value: Tensor) -> float | None:
    """A number with four decimals; None for NaN."""
    return None if value.isnan() else round(float(value), 4)
