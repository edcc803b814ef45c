"""The same panels without OpenGL: joint centres joined by sticks, a grid and the hips' path, drawn by matplotlib."""

from collections.abc import Sequence

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.colours import BACKGROUND, BONE_COLOURS, HIP_PATH_COLOUR
from utils.rendering.panels import Panel

_GRID_M = 0.25
_GROUND_M = 1.0
_GRID_COLOUR = "#dddddd"


class StickScene:
    """Draws frames of panels, as `utils.rendering.scene.Scene` does."""

    draws_muscles = False
    colours = ("#444444", *BONE_COLOURS[1:])  # ivory is too faint for a stick

    def __init__(self, actors: Sequence[Actor], panels: Sequence[Panel], size: tuple[int, int]):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        dpi = 100
        self._canvas = FigureCanvasAgg(Figure(figsize=(size[0] / dpi, size[1] / dpi), dpi=dpi, facecolor=BACKGROUND))
        self._drawn = []
        for panel in panels:
            axes = _axes(self._canvas.figure, panel, size)
            unit = panel.camera.size[1] / 720
            shown = [actors[k] for k in panel.actors]
            _draw_grid(axes, panel, shown)
            for k, actor in zip(panel.actors, shown, strict=True):
                self._drawn.append((k, _Stick(axes, panel, actor, self.colours[k % len(self.colours)], unit)))

    def draw(self, frames: Sequence[int]) -> np.ndarray:
        """The picture (H, W, 3) uint8 with each actor at its frame."""
        for k, stick in self._drawn:
            stick.move(frames[k])
        self._canvas.draw()
        return np.array(self._canvas.buffer_rgba())[..., :3]

    def close(self) -> None:
        """Nothing is held open."""


class _Stick:
    """One actor in one panel."""

    def __init__(self, axes, panel: Panel, actor: Actor, colour: str, unit: float):
        from matplotlib.collections import LineCollection

        lift = np.array([0, -actor.ground_m, 0])
        self._joints = panel.camera.project(actor.joints + lift)
        self._hips = panel.camera.project(actor.hips_m + lift)
        self._links = actor.links
        self._actor = actor
        (self._whole_path,) = axes.plot([], [], color=HIP_PATH_COLOUR, linewidth=unit, alpha=0.5)
        (self._head,) = axes.plot([], [], "o", color=colour, markersize=20 * unit)
        self._bones = LineCollection([], colors=colour, linewidths=4 * unit, capstyle="round")
        axes.add_collection(self._bones)
        (self._path,) = axes.plot([], [], color=HIP_PATH_COLOUR, linewidth=2.5 * unit)

    def move(self, frame: int) -> None:
        """Bring the stick figure to one frame."""
        self._bones.set_segments(self._joints[frame][self._links])
        self._head.set_data(*self._joints[frame, -1:].T)
        start, end = self._actor.stretch_at(frame)
        self._whole_path.set_data(*self._hips[start:end].T)
        self._path.set_data(*self._hips[start : frame + 1].T)


def _axes(figure, panel: Panel, size: tuple[int, int]):
    """Axes over the panel, in its pixels."""
    (x, y), (width, height) = panel.corner, panel.camera.size
    axes = figure.add_axes((x / size[0], 1 - (y + height) / size[1], width / size[0], height / size[1]))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def _draw_grid(axes, panel: Panel, actors: Sequence[Actor]) -> None:
    from matplotlib.collections import LineCollection

    hips = np.concatenate([actor.hips_m for actor in actors])[:, [0, 2]]
    low = np.floor((hips.min(0) - _GROUND_M) / _GRID_M) * _GRID_M
    high = np.ceil((hips.max(0) + _GROUND_M) / _GRID_M) * _GRID_M
    along_z = [[(x, 0, low[1]), (x, 0, high[1])] for x in np.arange(low[0], high[0] + 1e-6, _GRID_M)]
    along_x = [[(low[0], 0, z), (high[0], 0, z)] for z in np.arange(low[1], high[1] + 1e-6, _GRID_M)]
    lines = panel.camera.project(np.array(along_z + along_x))
    axes.add_collection(LineCollection(lines, colors=_GRID_COLOUR, linewidths=0.7))
