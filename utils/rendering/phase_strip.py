"""A figure of phases: one row per motion, with its poses through a repetition side by side."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dataset.io.atomic_write import atomic_write
from utils.rendering.actor import Actor
from utils.rendering.camera import Camera
from utils.rendering.captions import font_of, hip_height_row, hip_height_text, shortened
from utils.rendering.colours import ACTIVATION_COLOURS, BACKGROUND, HIP_HEIGHT_COLOURS
from utils.rendering.panels import arrange
from utils.rendering.scene import open_scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PHASES = (0.0, 0.25, 0.5, 0.75, 1.0)  # positions within the repetition
_ASPECT = 0.62  # width of a pose divided by its height
_SUPERSAMPLING = 2.0
_DPI = 200
_NAME_INCHES = 0.13  # width of one name, which is written upwards
_NAME_POINTS, _NAME_HEIGHT = 7, 0.85  # size of a name, and how much of the pose's height it may take
_HEADER_INCHES = 0.25


def render_phase_strip(
    path: str | Path,
    actors: Sequence[Actor],
    *,
    view: str = "sagittal",
    layout: str = "side-by-side",
    compare: bool = False,
    renderer: str = "auto",
    height_px: int = 480,
) -> Path:
    """Write a figure of five phases of each motion's first repetition.

    Args:
        path: the figure; it appears only when it is complete.
        actors: the motions.
        view: view from which the motions are shown.
        layout: `side-by-side` gives each motion a row, `overlay` draws all motions in one row.
        compare: draw lines at the height of the hips at half of the repetition, green for the first motion and red for
            the second.
        renderer: `opengl`, `stick`, or `auto` for OpenGL where it works and sticks elsewhere.
        height_px: height of a row in pixels.
    """
    path = Path(path)
    groups = [actors] if layout == "overlay" else [[actor] for actor in actors]
    size = (round(height_px * _ASPECT) // 2 * 2, height_px)
    camera = arrange(actors, [view], "overlay", size, captions=False)[0].camera
    rows = [_draw_row(group, view, camera, renderer) for group in groups]
    figure = _Composition(rows, actors, camera, compare).draw()
    suffix = path.suffix[1:].lower()
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format={"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix), dpi=_DPI)
    return path


@dataclass(frozen=True)
class _Row:
    """The poses of one or more actors: a picture per phase, and the colours that tell the actors apart."""

    actors: Sequence[Actor]
    pictures: list[np.ndarray]
    colours: tuple[str, ...]
    draws_muscles: bool


def _draw_row(actors: Sequence[Actor], view: str, camera: Camera, renderer: str) -> _Row:
    panels = [replace(arrange(actors, [view], "overlay", camera.size)[0], camera=camera)]
    with closing(open_scene(actors, panels, camera.size, renderer, _SUPERSAMPLING)) as scene:
        pictures = [scene.draw([actor.frame_at(phase) for actor in actors]) for phase in PHASES]
        muscles = scene.draws_muscles and any(actor.muscles is not None for actor in actors)
        return _Row(actors, pictures, scene.colours, muscles)


@dataclass(frozen=True)
class _Composition:
    """The figure: phases above the poses, names to the left, and legends below. Lengths are in inches."""

    rows: Sequence[_Row]
    actors: Sequence[Actor]
    camera: Camera
    compare: bool

    @property
    def names_width(self) -> float:
        return _NAME_INCHES * max(len(row.actors) for row in self.rows) + 0.07

    @property
    def legend_height(self) -> float:
        return 0.5 if self.compare or self.draws_muscles else 0.05

    @property
    def draws_muscles(self) -> bool:
        return any(row.draws_muscles for row in self.rows)

    @property
    def pose(self) -> tuple[float, float]:
        """Width and height of a pose."""
        return self.camera.size[0] / _DPI, self.camera.size[1] / _DPI

    @cached_property
    def inches(self) -> tuple[float, float]:
        """Width and height of the figure."""
        width = self.names_width + len(PHASES) * self.pose[0]
        return width, _HEADER_INCHES + len(self.rows) * self.pose[1] + self.legend_height

    def draw(self) -> "Figure":
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=self.inches, dpi=_DPI, facecolor=BACKGROUND)
        FigureCanvasAgg(figure)
        for i, row in enumerate(self.rows):
            bottom = self.legend_height + (len(self.rows) - 1 - i) * self.pose[1]
            self._write_names(figure, row, bottom)
            self._draw_poses(figure, row, bottom)
        self._write_phases(figure)
        if self.compare:
            self._write_hip_heights(figure)
        if self.draws_muscles:
            self._draw_activation_scale(figure)
        return figure

    def _write_names(self, figure: "Figure", row: _Row, bottom: float) -> None:
        several, font = len(row.actors) > 1, font_of(_NAME_POINTS * _DPI / 72)
        for k, actor in enumerate(row.actors):
            x, y = 0.1 + _NAME_INCHES * k, bottom + self.pose[1] * (0.93 if several else 0.5)
            colour = row.colours[k % len(row.colours)] if several else "none"
            figure.text(
                x / self.inches[0],
                y / self.inches[1],
                shortened(actor.label, font, _NAME_HEIGHT * self.camera.size[1]),
                rotation=90,
                va="top" if several else "center",
                ha="center",
                fontsize=_NAME_POINTS,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": colour, "edgecolor": "none"},
            )

    def _draw_poses(self, figure: "Figure", row: _Row, bottom: float) -> None:
        (width, height), (pose_width, pose_height) = self.inches, self.pose
        for j, (phase, picture) in enumerate(zip(PHASES, row.pictures, strict=True)):
            left = self.names_width + j * pose_width
            axes = figure.add_axes((left / width, bottom / height, pose_width / width, pose_height / height))
            axes.imshow(picture, interpolation="none", aspect="auto")
            axes.axis("off")
            if self.compare and phase == 0.5:
                for actor, colour in zip(self.actors, HIP_HEIGHT_COLOURS, strict=False):
                    axes.axhline(hip_height_row(actor, self.actors, self.camera), color=colour, linewidth=1.4)

    def _write_phases(self, figure: "Figure") -> None:
        for j, phase in enumerate(PHASES):
            x = (self.names_width + (j + 0.5) * self.pose[0]) / self.inches[0]
            y = 1 - 0.4 * _HEADER_INCHES / self.inches[1]
            figure.text(x, y, f"{100 * phase:.0f} %", ha="center", va="center", fontsize=8)

    def _write_hip_heights(self, figure: "Figure") -> None:
        for k, (actor, colour) in enumerate(zip(self.actors, HIP_HEIGHT_COLOURS, strict=False)):
            x, y = self.names_width + 0.08, self.legend_height - 0.16 - 0.17 * k
            text = hip_height_text(actor, k)
            figure.text(x / self.inches[0], y / self.inches[1], text, color=colour, fontsize=7, va="center")

    def _draw_activation_scale(self, figure: "Figure") -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LinearSegmentedColormap

        width, height = self.inches
        axes = figure.add_axes((1 - 1.35 / width, 0.24 / height, 1.2 / width, 0.08 / height))
        colours = LinearSegmentedColormap.from_list("activation", ACTIVATION_COLOURS)
        figure.colorbar(ScalarMappable(cmap=colours), cax=axes, orientation="horizontal", ticks=[0, 0.5, 1])
        axes.set_title("muscle activation", fontsize=6, pad=2)
        axes.tick_params(labelsize=6, length=2, pad=1)
