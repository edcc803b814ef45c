"""The interface of the renderers, and the choice between them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.opengl_support import renderer_of_this_machine, require_opengl
from utils.rendering.panels import Panel


class Scene(Protocol):
    """Draws frames of panels. Close it when done."""

    draws_muscles: bool
    colours: tuple[str, ...]  # of the motions, #rrggbb, taken in turn where several share a panel

    def draw(self, frames: Sequence[int]) -> np.ndarray:
        """The picture (H, W, 3) uint8 with each actor at its frame."""

    def close(self) -> None:
        """Release the window, if there is one."""


def open_scene(
    actors: Sequence[Actor],
    panels: Sequence[Panel],
    size: tuple[int, int],
    renderer: str = "auto",
    supersampling: float = 1.5,
) -> Scene:
    """Open the renderer that is asked for.

    Args:
        actors: the motions.
        panels: parts of the picture, as `arrange` makes them.
        size: width and height of the picture in pixels.
        renderer: `opengl`, `stick`, or `auto` for OpenGL where it works and sticks elsewhere.
        supersampling: factor by which OpenGL draws finer than `size`, to smooth edges.

    Raises:
        InputError: OpenGL is asked for and does not work.
    """
    if renderer == "auto":
        renderer = renderer_of_this_machine()
    if renderer == "stick":
        from utils.rendering.stick_scene import StickScene

        return StickScene(actors, panels, size)
    require_opengl()
    from utils.rendering.opengl_scene import OpenGLScene

    return OpenGLScene(actors, panels, size, supersampling)
