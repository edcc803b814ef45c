"""What is written over the panels: names, time and phase, the scale of activation, depth lines."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.camera import Camera
from utils.rendering.colours import ACTIVATION_COLOURS, DEPTH_COLOURS, FAINT_TEXT_COLOUR, TEXT_COLOUR
from utils.rendering.panels import Panel

_DEPTH_NAMES = ("green", "red")


class Captions:
    """Writes on the pictures of `scene`, which are of `size` (width, height).

    compare: draw the first two actors' depth lines at half cycle.
    """

    def __init__(self, scene, actors: Sequence[Actor], panels: Sequence[Panel], size: tuple[int, int], compare=False):
        from PIL import Image, ImageDraw

        self._actors, self._panels, self._colours = actors, panels, scene.colours
        self._unit = max(6, round(size[1] / 36))  # a line's height
        self._still = Image.new("RGBA", size, (255, 255, 255, 0))
        pen = ImageDraw.Draw(self._still)
        several_views = len({panel.view for panel in panels}) > 1
        for panel in panels:
            self._write_names(pen, panel, several_views)
            if compare:
                self._draw_depths(pen, panel)
        if compare:
            self._write_depths(pen, size)
        if scene.draws_muscles and any(actor.muscles is not None for actor in actors):
            self._draw_scale(pen, size)

    def write(self, picture: np.ndarray, frames: Sequence[int]) -> np.ndarray:
        """The picture (H, W, 3) uint8 with its captions, each actor at its frame."""
        from PIL import Image, ImageDraw

        image = Image.fromarray(picture)
        image.paste(self._still, mask=self._still)
        pen = ImageDraw.Draw(image)
        for panel in self._panels:
            for row, k in enumerate(panel.actors):
                x, y = self._place(panel, row)
                pen.text(
                    (x, y + 1.25 * self._unit),
                    phase_text(self._actors[k], frames[k]),
                    TEXT_COLOUR,
                    _font(self._unit * 0.8),
                )
        return np.asarray(image)

    def _place(self, panel: Panel, row: int) -> tuple[float, float]:
        return panel.corner[0] + 0.8 * self._unit, panel.corner[1] + self._unit * (0.6 + 2.6 * row)

    def _write_names(self, pen, panel: Panel, with_view: bool) -> None:
        for row, k in enumerate(panel.actors):
            x, y = self._place(panel, row)
            if len(panel.actors) > 1:
                box = (x, y + 0.15 * self._unit, x + 0.8 * self._unit, y + 0.95 * self._unit)
                pen.rectangle(box, fill=self._colours[k % len(self._colours)], outline=FAINT_TEXT_COLOUR)
                x += 1.1 * self._unit
            room = panel.corner[0] + panel.camera.size[0] - x - 0.5 * self._unit
            font = _font(self._unit, bold=True)
            name = _shortened(self._actors[k].label, font, room)
            pen.text((x, y - 0.1 * self._unit), name, TEXT_COLOUR, font)
        if with_view:
            x, y = self._place(panel, len(panel.actors))
            pen.text((x, y), panel.view, FAINT_TEXT_COLOUR, _font(self._unit * 0.8))

    def _draw_depths(self, pen, panel: Panel) -> None:
        for actor, colour in zip(self._actors, DEPTH_COLOURS, strict=False):
            y = panel.corner[1] + depth_line(actor, self._actors, panel.camera)
            left = panel.corner[0] + 0.06 * panel.camera.size[0]
            right = panel.corner[0] + 0.94 * panel.camera.size[0]
            pen.line((left, y, right, y), fill=colour, width=max(2, self._unit // 7))

    def _write_depths(self, pen, size) -> None:
        for row, actor in enumerate(self._actors[:2]):
            y = size[1] - self._unit * (2.9 - 1.3 * row)
            pen.line(
                (0.8 * self._unit, y + 0.55 * self._unit, 2.6 * self._unit, y + 0.55 * self._unit),
                fill=DEPTH_COLOURS[row],
                width=max(2, self._unit // 7),
            )
            pen.text(
                (3 * self._unit, y),
                depth_text(actor, row),
                TEXT_COLOUR,
                _font(self._unit * 0.8),
                stroke_width=2,
                stroke_fill="#ffffff",
            )

    def _draw_scale(self, pen, size) -> None:
        width, height = 9 * self._unit, 0.55 * self._unit
        left, top = size[0] - width - 1.3 * self._unit, size[1] - 2.1 * self._unit
        for i in range(round(width)):
            pen.line((left + i, top, left + i, top + height), fill=activation_colour(i / width))
        font = _font(self._unit * 0.7)
        for value in (0, 0.5, 1):
            pen.text((left + value * width, top + 0.75 * self._unit), f"{value:g}", TEXT_COLOUR, font, anchor="mt")
        pen.text((left + width / 2, top - 0.25 * self._unit), "muscle activation", TEXT_COLOUR, font, anchor="mb")


def phase_text(actor: Actor, frame: int) -> str:
    """Time and phase at one frame, such as `1.25 s · repetition 1, 43 %, descending`."""
    text = f"{actor.time_s[frame] - actor.time_s[0]:.2f} s"
    if actor.repetition[frame]:
        way = "rising" if actor.rising[frame] else "descending"
        return f"{text} · repetition {actor.repetition[frame]}, {100 * actor.cycle[frame]:.0f} %, {way}"
    return f"{text} · between repetitions" if actor.repetition.any() else text


def depth_text(actor: Actor, row: int) -> str:
    """What the depth line of the first (row 0) or second motion says."""
    return f"{_DEPTH_NAMES[row]}: {actor.label}, hips {100 * actor.half_cycle_hip_m:.1f} cm high at half cycle"


def depth_line(actor: Actor, actors: Sequence[Actor], camera: Camera) -> float:
    """Row of pixels where a camera sees the hips' height at half cycle, midway between the first two actors' hips."""
    middle = np.mean([other.half_cycle_hips_m for other in actors[:2]], axis=0)
    return float(camera.project(np.array([middle[0], actor.half_cycle_hip_m, middle[2]]))[1])


def activation_colour(value: float) -> str:
    """The colour of an activation from 0 to 1, as #rrggbb."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    return to_hex(LinearSegmentedColormap.from_list("activation", ACTIVATION_COLOURS)(value))


@cache
def _font(size: float, bold: bool = False):
    """matplotlib's own font, which every installation has."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), max(6, round(size)))


def _shortened(text: str, font, room: float) -> str:
    """The text, with its middle left out where it is wider than `room` pixels."""
    if font.getlength(text) <= room:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = text[: (kept + 1) // 2] + "…" + text[-(kept // 2) :]
        if font.getlength(short) <= room:
            break
    return short
