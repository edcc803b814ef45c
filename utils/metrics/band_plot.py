"""A plot of the time-normalised curves of a set of motions beside its reference, mean ± 2 SD."""

from pathlib import Path

import numpy as np

from dataset.io.atomic_write import atomic_write
from models.conventions import COORDINATE_INDEX
from utils.metrics.motion_set import MotionSet

_SHOWN = (
    "pelvis_tilt", "hip_flexion_l", "knee_angle_l", "ankle_angle_l",
    "lumbar_extension", "hip_flexion_r", "knee_angle_r", "ankle_angle_r",
)  # fmt: skip
_REFERENCE_COLOUR, _COLOUR = "0.45", "#b03a2e"


def plot_bands(path: Path, reference: MotionSet, motions: MotionSet) -> Path:
    """Plot the leg and trunk angles of both sets over one repetition; a single motion has no band.

    Args:
        path: the picture to write; its suffix gives the format.
        reference: the reference motions, in grey.
        motions: the evaluated motions, in red.

    Returns:
        The path.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(_SHOWN) // 2, sharex=True)
    for panel, name in zip(panels.flat, _SHOWN, strict=True):
        for motion_set, colour in ((reference, _REFERENCE_COLOUR), (motions, _COLOUR)):
            curves = motion_set.curves[..., COORDINATE_INDEX[name]]
            mean, percent = curves.mean(0), np.linspace(0, 100, curves.shape[1])
            panel.plot(percent, mean, color=colour, label=f"{motion_set.name}, {len(curves)} motions")
            if len(curves) > 1:
                spread = 2 * curves.std(0, ddof=1)
                panel.fill_between(percent, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
        panel.set_title(name.replace("_", " "), fontsize=10)
        panel.set_xlim(0, 100)
        panel.grid(alpha=0.2)
    for panel in panels[:, 0]:
        panel.set_ylabel("degrees")
    for panel in panels[-1]:
        panel.set_xlabel("% of the repetition")
    figure.suptitle("mean ± 2 SD over motions", fontsize=11)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=130)
    return path
