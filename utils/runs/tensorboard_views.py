"""Views of motions, activations, codes and latents in TensorBoard."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ, MUSCLE_INDEX
from models.protocols import Skeleton
from utils.runs.stick_figure_gif import stick_figure_gif

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch.utils.tensorboard import SummaryWriter

_JOINT_ANGLES = (
    ("knee_angle", "knee, degrees"),
    ("hip_flexion", "hip flexion, degrees"),
    ("ankle_angle", "ankle, degrees"),
)
_SHOWN_MUSCLES = ("vasmed", "vaslat", "glmax2", "soleus")
_SIDE_COLOURS = {"l": "#0072B2", "r": "#D55E00"}
_MOST_LATENTS = 1000  # about one megabyte of text


def is_view_step(step: int, every: int, last: int, views: int = 10) -> bool:
    """Whether an evaluation adds views: the last one and about `views` others, because each clip has 0.1 MB.

    Args:
        step: the step of the evaluation.
        every: steps between two evaluations.
        last: the last step.
        views: number of views in a whole run.
    """
    return step == last or step % (every * max(1, last // every // views)) == 0


def show_codes(writer: "SummaryWriter", step: int, codes: Tensor) -> None:
    """Show histograms of the codes in use, and of how often each of them is used.

    Args:
        writer: the TensorBoard writer.
        step: number of the training step.
        codes: (F, groups), one row per latent frame.
    """
    counts = torch.cat([torch.bincount(group) for group in codes.unbind(-1)])
    writer.add_histogram("codebook/code", codes.flatten(), step)
    writer.add_histogram("codebook/uses_of_a_code", counts[counts > 0], step)


def show_curves(
    writer: "SummaryWriter", step: int, tag: str, motion: Tensor, reconstruction: Tensor, recorded: Tensor
) -> None:
    """Show knee, hip and ankle angles and the pelvis's height of a motion and of its reconstruction.

    Args:
        writer: the TensorBoard writer.
        step: number of the training step.
        tag: name of the figure.
        motion: (T, 33), degrees and metres, at 60 Hz.
        reconstruction: (T, 33).
        recorded: (T,) bool, the frames that are drawn.
    """
    time_s, reference, predicted = _drawn_frames(motion, reconstruction, recorded)
    figure, axes = _new_figure(len(_JOINT_ANGLES) + 1)
    for axis, (name, title) in zip(axes, _JOINT_ANGLES, strict=False):
        for side, colour in _SIDE_COLOURS.items():
            channel = COORDINATE_INDEX[f"{name}_{side}"]
            _plot_pair(axis, time_s, reference[:, channel], predicted[:, channel], colour, side)
        axis.set_title(title, fontsize=9)
    height = COORDINATE_INDEX["pelvis_ty"]
    _plot_pair(axes[-1], time_s, reference[:, height], predicted[:, height], "black", "pelvis")
    axes[-1].set_title("pelvis height, metres", fontsize=9)
    _add_legend(figure, axes[0])
    writer.add_figure(tag, figure, step)


def show_activations(
    writer: "SummaryWriter", step: int, tag: str, target: Tensor, prediction: Tensor, labelled: Tensor
) -> None:
    """Show simulated and predicted activations of four muscles.

    Args:
        writer: the TensorBoard writer.
        step: number of the training step.
        tag: name of the figure.
        target: (T, 80) simulated activations, 0 to 1, at 60 Hz.
        prediction: (T, 80) predicted activations.
        labelled: (T,) bool, the frames that are drawn.
    """
    time_s, reference, predicted = _drawn_frames(target, prediction, labelled)
    figure, axes = _new_figure(len(_SHOWN_MUSCLES))
    for axis, name in zip(axes, _SHOWN_MUSCLES, strict=True):
        for side, colour in _SIDE_COLOURS.items():
            channel = MUSCLE_INDEX[f"{name}_{side}"]
            _plot_pair(axis, time_s, reference[:, channel], predicted[:, channel], colour, side)
        axis.set_title(f"{name}, activation", fontsize=9)
        axis.set_ylim(0, 1)
    _add_legend(figure, axes[0])
    writer.add_figure(tag, figure, step)


def show_clip(writer: "SummaryWriter", step: int, tag: str, motions: Sequence[Tensor], skeleton: Skeleton) -> None:
    """Show motions (T, 33) of one subject as an animated stick figure; see `stick_figure_gif`."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    content, (width, height) = stick_figure_gif(motions, skeleton)
    image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=content)
    writer._get_file_writer().add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)


def show_latents(writer: "SummaryWriter", step: int, groups: Mapping[str, tuple[Tensor, Sequence[str]]]) -> None:
    """Show latents in TensorBoard's projector; each point is the mean of a latent over time.

    Args:
        writer: the TensorBoard writer.
        step: number of the step.
        groups: for each kind of latents, the latents (N, L, D) and their N names. Of more than 1000 latents of a kind,
            1000 are shown, evenly spaced.
    """
    points, labels = [], []
    for kind, (latents, names) in groups.items():
        kept = np.unique(np.linspace(0, len(names) - 1, min(len(names), _MOST_LATENTS)).round().astype(int))
        points.append(latents[torch.from_numpy(kept)].float().mean(1).cpu())
        labels += [[kind, str(names[i])] for i in kept]
    writer.add_embedding(
        torch.cat(points), metadata=labels, metadata_header=["kind", "name"], global_step=step, tag="latents"
    )


def _drawn_frames(reference: Tensor, predicted: Tensor, drawn: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (F,) in seconds and values (F, C) of the frames that are drawn."""
    kept = drawn.cpu().numpy()
    reference_values, predicted_values = (
        value.detach().float().cpu().numpy()[kept] for value in (reference, predicted)
    )
    return np.flatnonzero(kept) / FRAME_RATE_HZ, reference_values, predicted_values


def _new_figure(panels: int) -> tuple["Figure", Sequence["Axes"]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * panels, 2.4), layout="constrained")
    axes = figure.subplots(1, panels)
    for axis in axes:
        axis.tick_params(labelsize=7)
        axis.set_xlabel("time, s", fontsize=8)
    return figure, axes


def _plot_pair(
    axis: "Axes", time_s: np.ndarray, reference: np.ndarray, predicted: np.ndarray, colour: str, label: str
) -> None:
    axis.plot(time_s, reference, color=colour, linewidth=1, alpha=0.5, label=label)
    axis.plot(time_s, predicted, color=colour, linewidth=1, linestyle="--", label=f"{label}, predicted")


def _add_legend(figure: "Figure", axis: "Axes") -> None:
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
