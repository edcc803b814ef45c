"""Captions over the panels of a video: names, time and phase, the scale of activation, lines at the hips' height."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.camera import Camera
from utils.rendering.colours import ACTIVATION_COLOURS, FAINT_TEXT_COLOUR, HIP_HEIGHT_COLOURS, TEXT_COLOUR
from utils.rendering.panels import Panel
from utils.rendering.scene import Scene

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_HIP_HEIGHT_COLOUR_NAMES = ("green", "red")
_LINES_PER_PICTURE = 36  # a line of text has this part of the picture's height
_SMALL, _SMALLEST = 0.8, 0.7  # font sizes in lines


class Captions:
    """Writes captions on pictures. What does not change from frame to frame is drawn once."""

    def __init__(
        self,
        scene: Scene,
        actors: Sequence[Actor],
        panels: Sequence[Panel],
        size: tuple[int, int],
        *,
        compare: bool = False,
    ) -> None:
        """Draw the captions that do not change.

        Args:
            scene: the renderer of the pictures.
            actors: the motions.
            panels: parts of the picture.
            size: width and height of the picture in pixels.
            compare: draw lines at the height of the hips of the first two actors at half of the repetition.
        """
        from PIL import Image, ImageDraw

        self._actors, self._panels, self._colours = actors, panels, scene.colours
        self._size = size
        self._line = max(6, round(size[1] / _LINES_PER_PICTURE))  # height of a line in pixels
        self._overlay = Image.new("RGBA", size, (255, 255, 255, 0))
        pen = ImageDraw.Draw(self._overlay)
        several_views = len({panel.view for panel in panels}) > 1
        for panel in panels:
            self._write_names(pen, panel, several_views)
            if compare:
                self._draw_hip_heights(pen, panel)
        if compare:
            self._write_hip_heights(pen)
        if scene.draws_muscles and any(actor.muscles is not None for actor in actors):
            self._draw_activation_scale(pen)

    def write(self, picture: np.ndarray, frames: Sequence[int]) -> np.ndarray:
        """A picture (H, W, 3) uint8 with its captions, each actor at its frame."""
        from PIL import Image, ImageDraw

        image = Image.fromarray(picture)
        image.paste(self._overlay, mask=self._overlay)
        pen = ImageDraw.Draw(image)
        font = font_of(self._line * _SMALL)
        for panel in self._panels:
            for row, k in enumerate(panel.actors):
                x, y = self._name_corner(panel, row)
                pen.text((x, y + 1.25 * self._line), phase_text(self._actors[k], frames[k]), TEXT_COLOUR, font)
        return np.asarray(image)

    def _name_corner(self, panel: Panel, row: int) -> tuple[float, float]:
        """Top left corner of an actor's name in pixels."""
        return panel.corner[0] + 0.8 * self._line, panel.corner[1] + self._line * (0.6 + 2.6 * row)

    def _write_names(self, pen: "ImageDraw", panel: Panel, with_view: bool) -> None:
        for row, k in enumerate(panel.actors):
            x, y = self._name_corner(panel, row)
            if len(panel.actors) > 1:
                box = (x, y + 0.15 * self._line, x + 0.8 * self._line, y + 0.95 * self._line)
                pen.rectangle(box, fill=self._colours[k % len(self._colours)], outline=FAINT_TEXT_COLOUR)
                x += 1.1 * self._line
            width = panel.corner[0] + panel.camera.size[0] - x - 0.5 * self._line
            font = font_of(self._line, bold=True)
            pen.text((x, y - 0.1 * self._line), shortened(self._actors[k].label, font, width), TEXT_COLOUR, font)
        if with_view:
            x, y = self._name_corner(panel, len(panel.actors))
            pen.text((x, y), panel.view, FAINT_TEXT_COLOUR, font_of(self._line * _SMALL))

    def _draw_hip_heights(self, pen: "ImageDraw", panel: Panel) -> None:
        for actor, colour in zip(self._actors, HIP_HEIGHT_COLOURS, strict=False):
            y = panel.corner[1] + hip_height_row(actor, self._actors, panel.camera)
            left = panel.corner[0] + 0.06 * panel.camera.size[0]
            right = panel.corner[0] + 0.94 * panel.camera.size[0]
            pen.line((left, y, right, y), fill=colour, width=self._line_width)

    def _write_hip_heights(self, pen: "ImageDraw") -> None:
        for row, (actor, colour) in enumerate(zip(self._actors, HIP_HEIGHT_COLOURS, strict=False)):
            top = self._size[1] - self._line * (2.9 - 1.3 * row)
            y = top + 0.55 * self._line
            pen.line((0.8 * self._line, y, 2.6 * self._line, y), fill=colour, width=self._line_width)
            pen.text(
                (3 * self._line, top),
                hip_height_text(actor, row),
                TEXT_COLOUR,
                font_of(self._line * _SMALL),
                stroke_width=2,
                stroke_fill="#ffffff",
            )

    @property
    def _line_width(self) -> int:
        return max(2, self._line // 7)

    def _draw_activation_scale(self, pen: "ImageDraw") -> None:
        width, height = 9 * self._line, 0.55 * self._line
        left, top = self._size[0] - width - 1.3 * self._line, self._size[1] - 2.1 * self._line
        for i in range(round(width)):
            pen.line((left + i, top, left + i, top + height), fill=_activation_colour(i / width))
        font = font_of(self._line * _SMALLEST)
        for value in (0, 0.5, 1):
            pen.text((left + value * width, top + 0.75 * self._line), f"{value:g}", TEXT_COLOUR, font, anchor="mt")
        pen.text((left + width / 2, top - 0.25 * self._line), "muscle activation", TEXT_COLOUR, font, anchor="mb")


def phase_text(actor: Actor, frame: int) -> str:
    """Time and phase at one frame, such as `1.25 s · repetition 1, 43 %, descending`."""
    text = f"{actor.time_s[frame] - actor.time_s[0]:.2f} s"
    if actor.repetition[frame]:
        direction = "ascending" if actor.ascending[frame] else "descending"
        return f"{text} · repetition {actor.repetition[frame]}, {100 * actor.cycle[frame]:.0f} %, {direction}"
    return f"{text} · between repetitions" if actor.repetition.any() else text


def hip_height_text(actor: Actor, row: int) -> str:
    """Caption of the line at the height of the hips of the first (row 0) or second (row 1) actor."""
    height_cm = 100 * actor.half_cycle_hip_height_m
    return f"{_HIP_HEIGHT_COLOUR_NAMES[row]}: {actor.label}, hips {height_cm:.1f} cm high at half of the repetition"


def hip_height_row(actor: Actor, actors: Sequence[Actor], camera: Camera) -> float:
    """Pixel row of an actor's hip height at half of the repetition, midway between the first two actors' hips."""
    middle = np.mean([other.half_cycle_hips_m for other in actors[:2]], axis=0)
    return float(camera.project(np.array([middle[0], actor.half_cycle_hip_height_m, middle[2]]))[1])


def _activation_colour(value: float) -> str:
    """The colour of an activation from 0 to 1, as #rrggbb."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    return to_hex(LinearSegmentedColormap.from_list("activation", ACTIVATION_COLOURS)(value))


@cache
def font_of(size: float, bold: bool = False) -> "FreeTypeFont":
    """A font that every installation of matplotlib has, of `size` pixels."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / name), max(6, round(size)))


def shortened(text: str, font: "FreeTypeFont", width: float) -> str:
    """The text, without its middle where it is wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = text[: (kept + 1) // 2] + "…" + text[-(kept // 2) :]
        if font.getlength(short) <= width:
            break
    return short
