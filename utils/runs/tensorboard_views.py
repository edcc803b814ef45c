"""What TensorBoard shows beside scalars: the codebook's use, curves, short clips, and where latents lie."""

import io
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ, MUSCLES

_CURVES = (("knee_angle", "knee, degrees"), ("hip_flexion", "hip flexion, degrees"), ("ankle_angle", "ankle, degrees"))
_MUSCLES = ("vasmed", "vaslat", "glmax2", "soleus")
_COLOURS = {"l": "#0072B2", "r": "#D55E00"}
_GIF_COLOURS = ((150, 150, 150), (0, 114, 178), (213, 94, 0), (0, 158, 115))  # the first motion's is grey
_GIF_STEP = 3  # of 60 frames a second every third: a frame lasts 50 ms, and GIF counts in 10 ms
_GIF_SIZE = 240  # pixels a side of each of the two views
_MOST_LATENTS = 1000  # a megabyte as text
_UNDRAWN = "patella"


def due(step: int, every: int, last: int, views: int = 10) -> bool:
    """Whether views are due at an evaluation: at the last step, and about `views` times before it.

    every: evaluations are that many steps apart. A clip is 0.1 MB, so not every evaluation shows one.
    """
    return step == last or step % (every * max(1, last // every // views)) == 0


def show_codes(writer, step: int, codes: Tensor, recorded: Tensor) -> None:
    """Histograms of which codes stand for recorded frames, and of how often each of those is used.

    codes: (N, L) or (N, L, groups). recorded: (N, T) bool.
    """
    codes = codes.view(*codes.shape[:2], -1)
    used = codes[recorded.view(len(codes), codes.shape[1], -1).any(-1)]  # (F, groups)
    counts = torch.cat([torch.bincount(group) for group in used.unbind(-1)])
    writer.add_histogram("codebook/code", used.flatten(), step)
    writer.add_histogram("codebook/uses_of_a_code", counts[counts > 0], step)


def show_curves(writer, step: int, tag: str, motion: Tensor, reconstruction: Tensor, recorded: Tensor) -> None:
    """A figure of knees, hips, ankles and pelvis height of a window and of its reconstruction, each (T, 33).

    recorded: (T,) bool, the frames that are drawn.
    """
    kept = recorded.cpu().numpy()
    own, found = (value.detach().float().cpu().numpy()[kept] for value in (motion, reconstruction))
    time_s = np.flatnonzero(kept) / FRAME_RATE_HZ
    figure, axes = _figure(len(_CURVES) + 1)
    for axis, (name, label) in zip(axes, _CURVES, strict=False):
        for side, colour in _COLOURS.items():
            channel = COORDINATE_INDEX[f"{name}_{side}"]
            _pair(axis, time_s, own[:, channel], found[:, channel], colour, side)
        axis.set_title(label, fontsize=9)
    height = COORDINATE_INDEX["pelvis_ty"]
    _pair(axes[-1], time_s, own[:, height], found[:, height], "black", "pelvis")
    axes[-1].set_title("pelvis height, metres", fontsize=9)
    _legend(figure, axes[0])
    writer.add_figure(tag, figure, step)


def show_activations(writer, step: int, tag: str, target: Tensor, prediction: Tensor, labelled: Tensor) -> None:
    """A figure of simulated and predicted activations (T, 80), 0 to 1, of four muscles; labelled: (T,) bool."""
    kept = labelled.cpu().numpy()
    own, found = (value.detach().float().cpu().numpy()[kept] for value in (target, prediction))
    time_s = np.flatnonzero(kept) / FRAME_RATE_HZ
    figure, axes = _figure(len(_MUSCLES))
    for axis, name in zip(axes, _MUSCLES, strict=True):
        for side, colour in _COLOURS.items():
            channel = MUSCLES.index(f"{name}_{side}")
            _pair(axis, time_s, own[:, channel], found[:, channel], colour, side)
        axis.set_title(f"{name}, activation", fontsize=9)
        axis.set_ylim(0, 1)
    _legend(figure, axes[0])
    writer.add_figure(tag, figure, step)


def show_clip(writer, step: int, tag: str, motions: Sequence[Tensor], skeleton) -> None:
    """Motions (T, 33) of one person as a stick-figure clip, from the right and from the front, the first in grey."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    content, (width, height) = stick_figure_gif(motions, skeleton)
    image = Summary.Image(width=width, height=height, colorspace=3, encoded_image_string=content)
    writer.file_writer.add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)


@torch.no_grad()
def stick_figure_gif(motions: Sequence[Tensor], skeleton) -> tuple[bytes, tuple[int, int]]:
    """An animated GIF that runs at life speed, and its width and height in pixels. motions: (T, 33) at 60 Hz."""
    from PIL import Image, ImageDraw

    device = skeleton.coordinate_range.device
    joints = [skeleton.joint_centres(motion.to(device)[::_GIF_STEP]).cpu().numpy() for motion in motions]
    links = [
        (joint.parent, joint.child)
        for joint in skeleton.description.joints
        if joint.parent >= 0 and not skeleton.body_names[joint.child].startswith(_UNDRAWN)
    ]
    every = np.concatenate([places.reshape(-1, 3) for places in joints])
    low, high = every.min(0), every.max(0)
    middle, metres = (low + high) / 2, 1.15 * max(high - low)
    frames = []
    for frame in range(max(map(len, joints))):
        picture = Image.new("RGB", (2 * _GIF_SIZE, _GIF_SIZE), "white")
        draw = ImageDraw.Draw(picture)
        for view, (axis, sign) in enumerate(
            ((0, 1.0), (2, -1.0))
        ):  # forward to the right; the person's right to the left

            def pixel(place: np.ndarray, view=view, axis=axis, sign=sign) -> tuple[float, float]:
                across = (view + 0.5 + sign * (place[axis] - middle[axis]) / metres) * _GIF_SIZE
                return across, (0.5 - (place[1] - middle[1]) / metres) * _GIF_SIZE

            _, floor = pixel(low)
            draw.line([(view * _GIF_SIZE, floor), ((view + 1) * _GIF_SIZE, floor)], fill=(220, 220, 220))
            for number, places in enumerate(joints):
                place = places[min(frame, len(places) - 1)]
                colour = _GIF_COLOURS[min(number, len(_GIF_COLOURS) - 1)]
                for above, below in links:
                    draw.line([pixel(place[above]), pixel(place[below])], fill=colour, width=2)
        frames.append(picture.quantize(16))
    stream = io.BytesIO()
    frames[0].save(
        stream, "GIF", save_all=True, append_images=frames[1:], duration=round(1000 * _GIF_STEP / FRAME_RATE_HZ), loop=0
    )
    return stream.getvalue(), frames[0].size


def show_latents(writer, step: int, groups: dict[str, tuple[Tensor, Sequence[str]]]) -> None:
    """A projection of latents, each a window's mean over time. groups: kind -> latents (N, L, D) and their names (N,)

    A kind of more than 1000 latents is thinned out evenly.
    """
    points, labels = [], []
    for kind, (latents, names) in groups.items():
        kept = np.unique(np.linspace(0, len(names) - 1, min(len(names), _MOST_LATENTS)).round().astype(int))
        points.append(latents[torch.from_numpy(kept)].float().mean(1).cpu())
        labels += [[kind, str(names[i])] for i in kept]
    writer.add_embedding(
        torch.cat(points), metadata=labels, metadata_header=["kind", "name"], global_step=step, tag="latents"
    )


def _figure(panels: int):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * panels, 2.4), layout="constrained")
    axes = figure.subplots(1, panels)
    for axis in axes:
        axis.tick_params(labelsize=7)
        axis.set_xlabel("time, s", fontsize=8)
    return figure, axes


def _pair(axis, time_s: np.ndarray, own: np.ndarray, found: np.ndarray, colour: str, label: str) -> None:
    axis.plot(time_s, own, color=colour, linewidth=1, alpha=0.5, label=label)
    axis.plot(time_s, found, color=colour, linewidth=1, linestyle="--", label=f"{label}, by the network")


def _legend(figure, axis) -> None:
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
