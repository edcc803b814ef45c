"""Scatter plots of predicted over simulated muscle activations."""

from pathlib import Path

import numpy as np
from torch import Tensor

from dataset.io.atomic_write import atomic_write
from dataset.windows.motion_batch import MotionBatch
from models.conventions import MUSCLE_INDEX
from utils.training.surrogate_metrics import labelled_activations

_MUSCLES = ("vasmed", "vaslat", "vasint", "soleus", "glmax2", "semimem")
_MOST_POINTS = 4000


def plot_parity(path: Path, prediction: Tensor, windows: MotionBatch) -> None:
    """Draw predicted over simulated activations of the labelled frames as a PNG, one panel per muscle and side.

    Args:
        path: the .png file.
        prediction: (N, T, 80), 0 to 1.
        windows: N windows with simulated activations.
    """
    from matplotlib.figure import Figure

    activations, mask = labelled_activations(windows)
    target, predicted = activations[mask].cpu().numpy(), prediction[mask].cpu().numpy()  # (F, 80)
    plotted = np.linspace(0, len(target) - 1, min(len(target), _MOST_POINTS)).astype(int)
    figure = Figure(figsize=(2.2 * len(_MUSCLES), 4.8))
    axes = figure.subplots(2, len(_MUSCLES), sharex=True, sharey=True, squeeze=False)
    for row, side in zip(axes, "lr", strict=True):
        for axis, muscle in zip(row, _MUSCLES, strict=True):
            i = MUSCLE_INDEX[f"{muscle}_{side}"]
            r2 = 1 - np.mean((predicted[:, i] - target[:, i]) ** 2) / max(np.var(target[:, i]), 1e-12)
            axis.plot([0, 1], [0, 1], color="0.7", linewidth=0.8)
            axis.scatter(target[plotted, i], predicted[plotted, i], s=2, alpha=0.25, linewidths=0)
            axis.set_title(f"{muscle}_{side}   R² {r2:.2f}", fontsize=8)
            axis.set_aspect("equal")
    figure.supxlabel("simulated activation (0 to 1)", fontsize=9)
    figure.supylabel("predicted activation (0 to 1)", fontsize=9)
    figure.tight_layout()
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
