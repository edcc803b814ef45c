"""Draw panels without OpenGL, with matplotlib: a stick figure of the joint centres, the path of the hips, a grid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.colours import BACKGROUND, BONE_COLOURS, HIP_PATH_COLOUR
from utils.rendering.ground_grid import GRID_M
from utils.rendering.panels import Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 100
_GROUND_M = 1.0  # the grid reaches so far beyond the path of the hips
_GRID_COLOUR = "#dddddd"


class StickScene:
    """Draws frames of panels with matplotlib; see `Scene`."""

    draws_muscles = False
    colours: tuple[str, ...] = ("#444444", *BONE_COLOURS[1:])  # the ivory of bones is too faint for sticks

    def __init__(self, actors: Sequence[Actor], panels: Sequence[Panel], size: tuple[int, int]) -> None:
        """Put all actors into their panels; `size` is the width and height of the picture in pixels."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        inches = (size[0] / _DPI, size[1] / _DPI)
        self._canvas = FigureCanvasAgg(Figure(figsize=inches, dpi=_DPI, facecolor=BACKGROUND))
        self._figures = []
        for panel in panels:
            axes = _add_axes(self._canvas.figure, panel, size)
            scale = panel.camera.size[1] / 720
            shown = [actors[k] for k in panel.actors]
            _draw_grid(axes, panel, shown)
            for k, actor in zip(panel.actors, shown, strict=True):
                colour = self.colours[k % len(self.colours)]
                self._figures.append((k, _StickFigure(axes, panel, actor, colour, scale)))

    def draw(self, frames: Sequence[int]) -> np.ndarray:
        """The picture (H, W, 3) uint8 with each actor at its frame."""
        for k, figure in self._figures:
            figure.move(frames[k])
        self._canvas.draw()
        return np.array(self._canvas.buffer_rgba())[..., :3]

    def close(self) -> None:
        """Do nothing, since no window is open."""


class _StickFigure:
    """One actor in one panel."""

    def __init__(self, axes: "Axes", panel: Panel, actor: Actor, colour: str, scale: float) -> None:
        from matplotlib.collections import LineCollection

        to_floor = np.array([0, -actor.ground_m, 0])
        self._joints = panel.camera.project(actor.joints + to_floor)
        self._hips = panel.camera.project(actor.hips_m + to_floor)
        self._links = actor.links
        self._actor = actor
        (self._whole_path,) = axes.plot([], [], color=HIP_PATH_COLOUR, linewidth=scale, alpha=0.5)
        (self._head,) = axes.plot([], [], "o", color=colour, markersize=20 * scale)
        self._bones = LineCollection([], colors=colour, linewidths=4 * scale, capstyle="round")
        axes.add_collection(self._bones)
        (self._path,) = axes.plot([], [], color=HIP_PATH_COLOUR, linewidth=2.5 * scale)

    def move(self, frame: int) -> None:
        """Move the stick figure to one frame."""
        self._bones.set_segments(self._joints[frame][self._links])
        self._head.set_data(*self._joints[frame, -1:].T)
        start, end = self._actor.interval_at(frame)
        self._whole_path.set_data(*self._hips[start:end].T)
        self._path.set_data(*self._hips[start : frame + 1].T)


def _add_axes(figure: "Figure", panel: Panel, size: tuple[int, int]) -> "Axes":
    """Axes that cover the panel, with its pixels as coordinates."""
    (x, y), (width, height) = panel.corner, panel.camera.size
    axes = figure.add_axes((x / size[0], 1 - (y + height) / size[1], width / size[0], height / size[1]))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def _draw_grid(axes: "Axes", panel: Panel, actors: Sequence[Actor]) -> None:
    from matplotlib.collections import LineCollection

    hips = np.concatenate([actor.hips_m for actor in actors])[:, [0, 2]]
    low = np.floor((hips.min(0) - _GROUND_M) / GRID_M) * GRID_M
    high = np.ceil((hips.max(0) + _GROUND_M) / GRID_M) * GRID_M
    along_z = [[(x, 0, low[1]), (x, 0, high[1])] for x in np.arange(low[0], high[0] + 1e-6, GRID_M)]
    along_x = [[(low[0], 0, z), (high[0], 0, z)] for z in np.arange(low[1], high[1] + 1e-6, GRID_M)]
    lines = panel.camera.project(np.array(along_z + along_x))
    axes.add_collection(LineCollection(list(lines), colors=_GRID_COLOUR, linewidths=0.7))
