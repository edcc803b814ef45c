"""A figure of phases: one row a motion, its poses through a repetition side by side."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from dataset.io.atomic_write import atomic_write
from utils.rendering.actor import Actor
from utils.rendering.captions import depth_line, depth_text
from utils.rendering.colours import ACTIVATION_COLOURS, BACKGROUND, DEPTH_COLOURS
from utils.rendering.panels import arrange
from utils.rendering.video import open_scene

PHASES = (0.0, 0.25, 0.5, 0.75, 1.0)
_CELL = 0.62  # width of a pose, as a share of its height
_FINENESS = 2.0


def render_strip(
    path: str | Path,
    actors: Sequence[Actor],
    *,
    view: str = "sagittal",
    layout: str = "side-by-side",
    compare: bool = False,
    renderer: str = "auto",
    height_px: int = 480,
) -> Path:
    """Write a picture of five phases of each motion's first repetition, whole or not at all.

    layout: `side-by-side` gives each motion a row, `overlay` draws all in one. compare: lines at the hips' height at
    half cycle, green for the first motion and red for the second. height_px: of a row.
    """
    path = Path(path)
    groups = [actors] if layout == "overlay" else [[actor] for actor in actors]
    size = (round(height_px * _CELL) // 2 * 2, height_px)
    camera = arrange(actors, [view], "overlay", size, captions=False)[0].camera
    rows, muscles, colours = zip(*(_draw_row(group, view, camera, size, renderer) for group in groups), strict=True)
    with atomic_write(path) as temporary:
        _compose(
            temporary, path.suffix[1:].lower(), rows, groups, actors, camera, size, compare, any(muscles), colours[0]
        )
    return path


def _draw_row(group, view: str, camera, size, renderer: str) -> tuple[list[np.ndarray], bool, tuple[str, ...]]:
    """A pose a phase, whether muscles are drawn, and the colours of the figures."""
    panels = [replace(arrange(group, [view], "overlay", size)[0], camera=camera)]
    with closing(open_scene(group, panels, size, renderer, _FINENESS)) as scene:
        pictures = [scene.draw([actor.frame_at(phase) for actor in group]) for phase in PHASES]
        return pictures, scene.draws_muscles and any(actor.muscles is not None for actor in group), scene.colours


def _compose(path, kind: str, rows, groups, actors, camera, size, compare: bool, muscles: bool, colours) -> None:
    """Put the poses together, with phases above, names beside, and legends below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    dpi, side, top = 200, 0.13 * max(len(group) for group in groups) + 0.07, 0.25  # inches beside and above the poses
    bottom = 0.5 if compare or muscles else 0.05
    pose = (size[0] / dpi, size[1] / dpi)
    inches = (side + len(PHASES) * pose[0], top + len(rows) * pose[1] + bottom)
    figure = Figure(figsize=inches, dpi=dpi, facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    for i, (row, group) in enumerate(zip(rows, groups, strict=True)):
        low = bottom + (len(rows) - 1 - i) * pose[1]
        for k, actor in enumerate(group):
            x, y = 0.1 + 0.13 * k, low + pose[1] * (0.5 if len(group) == 1 else 0.93)
            colour = colours[k % len(colours)] if len(group) > 1 else "none"
            figure.text(
                x / inches[0],
                y / inches[1],
                actor.label,
                rotation=90,
                va="center" if len(group) == 1 else "top",
                ha="center",
                fontsize=7,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": colour, "edgecolor": "none"},
            )
        for j, picture in enumerate(row):
            area = ((side + j * pose[0]) / inches[0], low / inches[1], pose[0] / inches[0], pose[1] / inches[1])
            axes = figure.add_axes(area)
            axes.imshow(picture, interpolation="none", aspect="auto")
            axes.axis("off")
            if i == 0:
                figure.text(
                    area[0] + area[2] / 2,
                    1 - 0.4 * top / inches[1],
                    f"{100 * PHASES[j]:.0f} %",
                    ha="center",
                    va="center",
                    fontsize=8,
                )
            if compare and PHASES[j] == 0.5:
                for actor, colour in zip(actors, DEPTH_COLOURS, strict=False):
                    axes.axhline(depth_line(actor, actors, camera), color=colour, linewidth=1.4)
    if compare:
        for k, actor in enumerate(actors[:2]):
            figure.text(
                (side + 0.08) / inches[0],
                (bottom - 0.16 - 0.17 * k) / inches[1],
                depth_text(actor, k),
                color=DEPTH_COLOURS[k],
                fontsize=7,
                va="center",
            )
    if muscles:
        _draw_scale(figure, inches)
    figure.savefig(path, format={"jpg": "jpeg", "tif": "tiff"}.get(kind, kind), dpi=dpi)


def _draw_scale(figure, inches: tuple[float, float]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap

    axes = figure.add_axes((1 - 1.35 / inches[0], 0.24 / inches[1], 1.2 / inches[0], 0.08 / inches[1]))
    colours = LinearSegmentedColormap.from_list("activation", ACTIVATION_COLOURS)
    figure.colorbar(ScalarMappable(cmap=colours), cax=axes, orientation="horizontal", ticks=[0, 0.5, 1])
    axes.set_title("muscle activation", fontsize=6, pad=2)
    axes.tick_params(labelsize=6, length=2, pad=1)
