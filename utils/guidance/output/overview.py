"""One picture of a guidance run: every sample over time, in front of the subject's own repetitions."""

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dataset.io.atomic_write import atomic_write
from models.conventions import FRAME_RATE_HZ, SIDES, without_side
from models.muscles.simulation_settings import FILTER_MARGIN_S
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.subject.postprocessing import low_pass

_PANELS = (
    ("knee_flexion", None, "knee flexion, mean of both [deg]"),
    ("hip_flexion", None, "hip flexion, mean of both [deg]"),
    ("ankle_dorsiflexion", None, "ankle dorsiflexion, mean of both [deg]"),
    ("pelvis_tilt", None, "pelvis tilt [deg]"),
    ("pelvis_height", None, "pelvis height [m]"),
)
_MOST_SHOWN = 5  # of the subject's own repetitions


def draw_overview(result: GuidanceResult, path: Path) -> None:
    """Draw quantities over time (mean of left and right), and the constrained muscle on each side with its range.

    The subject's own repetitions are grey, with the activations that the surrogate predicts for them. Where the motions
    were simulated, the last panel shows simulated over predicted peaks.
    """
    from matplotlib import colormaps

    config = result.config
    guided = Context(result.motion, activations=result.activations, floor_height_m=0.0, ends_s=FILTER_MARGIN_S)
    drawn = [(guided, colormaps["viridis"](np.linspace(0, 0.95, len(result.samples))), 1.0)]
    own = _own_repetitions(result)
    if own is not None:
        drawn.insert(0, (own, np.full(len(own.motion), "0.6"), 2.0))
    figure = Figure(figsize=(16, 7), layout="constrained")
    axes = figure.subplots(2, 4)
    muscle = without_side(config.muscle)
    muscles = [("activation", f"{muscle}_{side}", f"{muscle} {side} [0–1]") for side in SIDES]
    for axis, (quantity, argument, title) in zip(axes.flat, [*_PANELS, *muscles], strict=False):
        for context, colours, width in drawn:
            _draw_curves(axis, context, quantity, argument, colours, width)
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_xlabel("time [s]")
        if quantity == "activation":
            axis.set_ylim(0, 1)
            if config.muscle in (muscle, argument):
                _draw_range(axis, result)
    first = "least change from the own squats" if result.changes else "least peak activation"
    title = f"{result.session_id}: {len(result.samples)} guided motions (dark: {first})"
    if own is not None:
        title += "; grey: the subject's own repetitions, with predicted activation"
    figure.suptitle(title, fontsize=11)
    _draw_verification(axes.flat[-1], result)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110, metadata={"Software": None})


def _own_repetitions(result: GuidanceResult) -> Context | None:
    own = result.own_squats
    if not own.recorded or own.predicted is None:
        return None
    motion = np.stack([window.coordinates for window in own.recorded[:_MOST_SHOWN]])
    return Context(
        low_pass(torch.as_tensor(motion, dtype=torch.float32), result.config.smooth_hz),
        activations=torch.as_tensor(own.predicted[:_MOST_SHOWN]),
        floor_height_m=0.0,
        ends_s=FILTER_MARGIN_S,
    )


def _draw_curves(
    axis: Axes, context: Context, quantity: str, argument: str | None, colours: np.ndarray, width: float
) -> None:
    trace = evaluate_quantity(quantity, context, argument)
    values = trace.values.mean(-1).masked_fill(~trace.valid, torch.nan)  # (B, T)
    time_s = np.arange(values.shape[1]) / FRAME_RATE_HZ
    for curve, colour in zip(values, colours, strict=True):
        axis.plot(time_s, curve, color=colour, linewidth=width)
    axis.set_xlim(0, time_s[-1])


def _draw_range(axis: Axes, result: GuidanceResult) -> None:
    """The range that was asked for, where there is one."""
    if result.activation_range is not None:
        axis.axhspan(*result.activation_range, color="tab:green", alpha=0.15)


def _draw_verification(axis: Axes, result: GuidanceResult) -> None:
    """Simulated over predicted peak activation of the muscle, a point per motion and side."""
    found = result.verification
    if found is None:
        axis.axis("off")
        return
    for side, marker in enumerate("<>"):
        peaks, name = (found.predicted[:, side], found.simulated[:, side]), ("left", "right")[side]
        axis.scatter(*peaks, marker=marker, s=28, label=name, clip_on=False)  # a peak of 1 lies on the edge
    _draw_range(axis, result)
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axis.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted by the surrogate", ylabel="simulated")
    axis.set_title(f"peak {without_side(result.config.muscle)} [0–1]", loc="left", fontsize=10)
    axis.legend(fontsize=8)
