"""Plot of a segmented trial."""

import textwrap
from pathlib import Path

from dataset.io.atomic_write import atomic_write
from dataset.io.motion import Motion
from dataset.windows.segmentation import Segmentation


def plot_segments(path: str | Path, motion: Motion, segmentation: Segmentation, title: str) -> None:
    """Plot knee and hip flexion (degrees) and the descent of the pelvis (cm) over time as a PNG.

    Repetitions are shaded, holds at the bottom in blue. What was left out is marked with the reason.

    Args:
        path: the file.
        motion: the trial.
        segmentation: its repetitions, in frames of `motion`, and what was left out.
        title: name of the trial.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.5), layout="constrained")
    angles, height = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    for joint, colour in (("knee_angle", "tab:blue"), ("hip_flexion", "tab:orange")):
        for side, style in (("l", "-"), ("r", "--")):
            angles.plot(motion.time_s, motion.column(f"{joint}_{side}"), style, color=colour, label=f"{joint}_{side}")
    pelvis_m = motion.column("pelvis_ty")
    height.plot(motion.time_s, 100 * (pelvis_m - pelvis_m.max()), color="black")
    for k, repetition in enumerate(segmentation.repetitions):
        start_s, end_s = motion.time_s[repetition.start_frame], motion.time_s[repetition.end_frame - 1]
        hold_s = motion.time_s[[repetition.descent_end_frame, repetition.ascent_start_frame]]
        for axes in (angles, height):
            axes.axvspan(start_s, end_s, color=("tab:green", "tab:gray")[k % 2], alpha=0.2, linewidth=0)
            axes.axvspan(*hold_s, color="tab:blue", alpha=0.15, linewidth=0)
            axes.axvline(motion.time_s[repetition.bottom_frame], color="black", linewidth=0.8, linestyle=":")
        on_one_foot = (
            "" if len(repetition.standing) == 2 else {"l": ", left leg", "r": ", right leg"}[repetition.standing[0]]
        )
        angles.annotate(
            f"{k + 1}{on_one_foot}", ((start_s + end_s) / 2, 1.01), xycoords=("data", "axes fraction"), ha="center"
        )
    for part in segmentation.refused:
        for axes in (angles, height):
            axes.axvline(part.bottom_s, color="tab:red", linewidth=1.0)
        angles.annotate(
            textwrap.fill(f"left out: {part.reason}", 34), (part.bottom_s, 0.98), xycoords=("data", "axes fraction"),
            color="tab:red", fontsize="x-small", ha="left", va="top",
        )  # fmt: skip
    if segmentation.reason and not segmentation.refused:
        angles.annotate(
            textwrap.fill(segmentation.reason, 80), (0.5, 0.95), xycoords="axes fraction",
            color="tab:red", fontsize="small", ha="center", va="top",
        )  # fmt: skip
    angles.set_title(f"{title}: {len(segmentation.repetitions)} repetitions", pad=16)
    angles.set_ylabel("angle (degrees)")
    figure.legend(loc="outside right upper", fontsize="small")
    height.set_ylabel("pelvis, from its highest (cm)")
    height.set_xlabel("time (s)")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
