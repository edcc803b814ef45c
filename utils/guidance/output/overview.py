"""One picture of a guidance run: every sample's squat over time, before the person's own repetitions."""

import logging
from pathlib import Path

import numpy as np
import torch

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.sessions import Session
from dataset.windows.floor import floor_height
from dataset.windows.window import windows_of_trial
from models.conventions import FRAME_RATE_HZ
from utils.biomechanics.registry import evaluate
from utils.guidance.subject.postprocessing import low_pass

logger = logging.getLogger("bige")

PANELS = (
    ("knee_flexion", None, "knee flexion [deg]"),
    ("hip_flexion", None, "hip flexion [deg]"),
    ("ankle_dorsiflexion", None, "ankle dorsiflexion [deg]"),
    ("pelvis_tilt", None, "pelvis tilt [deg]"),
    ("pelvis_height", None, "pelvis height [m]"),
)


def own_repetitions(session: Session, most: int = 5) -> torch.Tensor | None:
    """Up to `most` windows (N, 196, 33) of the session's own squats, placed on the floor; None where it has none."""
    windows = []
    for path in session.squat_trials:
        try:
            motion = read_motion(path)
            height_m = floor_height(session, motion)
            windows += [window.placed(height_m)[0].coordinates for window in windows_of_trial(motion)]
        except InputError as error:
            logger.warning("not shown: %s", error)
        if len(windows) >= most:
            break
    return torch.as_tensor(np.stack(windows[:most]), dtype=torch.float32) if windows else None


@torch.no_grad()
def draw_overview(path: Path, samples, models, session: Session, arguments, verification=None) -> None:
    """Draw mean of left and right of each quantity over time, and the muscle on each side with the range asked.

    The person's own repetitions are grey, where the session holds squats; their activations are the surrogate's too.
    verification: the samples' Verification, whose peaks then stand against the promised ones in the last panel.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    guided = models.describe_motion(
        torch.stack([sample.motion for sample in samples]),
        activations=torch.stack([sample.activations for sample in samples]),  # refined: not the bare surrogate's
    )
    own = own_repetitions(session)
    drawn = [(guided, plt.cm.viridis(np.linspace(0, 0.95, len(samples))), 1.0)]
    if own is not None:
        own = low_pass(own.to(models.device), models.smooth_hz)  # as the guided ones are
        drawn.insert(0, (models.describe_motion(own), ["0.6"] * len(own), 2.0))
    panels = [*PANELS, *((("activation"), f"{arguments.muscle}_{side}", f"{arguments.muscle} {side}") for side in "lr")]
    figure, axes = plt.subplots(2, 4, figsize=(16, 7), constrained_layout=True)
    for axis, (quantity, argument, label) in zip(axes.flat, panels, strict=False):
        for context, colours, width in drawn:
            trace = evaluate(quantity, context, argument)
            values = trace.values.mean(-1).masked_fill(~trace.valid, torch.nan).cpu()  # (B, T)
            time_s = np.arange(values.shape[1]) / FRAME_RATE_HZ
            for trace, colour in zip(values, colours, strict=True):
                axis.plot(time_s, trace, color=colour, linewidth=width)
        axis.set_title(label, loc="left", fontsize=10)
        axis.set_xlim(0, time_s[-1])
        if quantity == "activation":
            axis.axhspan(arguments.low, arguments.high, color="tab:green", alpha=0.15)
            axis.set_ylim(0, 1)
    legend = f"{session.id}: {len(samples)} guided motions (dark: least peak activation)"
    if own is not None:
        legend += "; grey: the person's own repetitions, activation as the surrogate predicts it"
    figure.suptitle(legend, fontsize=11)
    for axis in axes[-1]:
        axis.set_xlabel("time [s]")
    _draw_verification(axes.flat[-1], verification, arguments)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _draw_verification(axis, verification, arguments) -> None:
    """Promised against simulated peaks of the muscle, a point a motion and side."""
    if verification is None:
        axis.axis("off")
        return
    for side, marker in enumerate("<>"):
        promised, found = verification.predicted[:, side], verification.simulated[:, side]
        axis.scatter(promised, found, marker=marker, s=28, label=("left", "right")[side])
    axis.axhspan(arguments.low, arguments.high, color="tab:green", alpha=0.15)
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="promised by the surrogate", ylabel="found by simulation")
    axis.set_title(f"peak {arguments.muscle}", loc="left", fontsize=10)
    axis.legend(fontsize=8)
