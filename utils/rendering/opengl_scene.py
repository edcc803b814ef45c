"""Draw panels off screen with OpenGL: bones or a surface, muscles, the path of the hips, and the ground."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.camera import VIEW_ANGLE_DEG
from utils.rendering.colours import BACKGROUND, BONE_COLOURS
from utils.rendering.ground_grid import draw_ground
from utils.rendering.opengl_figure import BoneSurfaces, OpenGLFigure
from utils.rendering.opengl_support import prefer_egl
from utils.rendering.panels import Panel

if TYPE_CHECKING:
    from pyvista import Plotter

_FULL_DETAIL = 2.0  # supersampling from which bones keep all of their triangles
_REDUCTION = 0.55  # fraction of triangles removed below it; software renderers lose time on those under a pixel


class OpenGLScene:
    """Draws frames of panels with OpenGL; see `Scene`. One window off screen is open until `close`."""

    draws_muscles = True
    colours: tuple[str, ...] = BONE_COLOURS

    def __init__(
        self, actors: Sequence[Actor], panels: Sequence[Panel], size: tuple[int, int], supersampling: float = 1.5
    ) -> None:
        """Put all actors into their panels.

        Args:
            actors: the motions.
            panels: parts of the picture.
            size: width and height of the picture in pixels.
            supersampling: factor by which the picture is drawn finer than `size`, to smooth edges. OpenGL's own
                smoothing takes software renderers twice as long.
        """
        prefer_egl()
        import pyvista
        from vtkmodules.vtkCommonCore import vtkLogger

        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)  # VTK reports a missing display, which is not an error
        self._size = size
        rows, columns = _grid_of(panels)
        self._plotter = pyvista.Plotter(
            off_screen=True,
            window_size=[round(pixels * supersampling) for pixels in size],
            shape=(rows, columns),
            border=False,
            lighting="none",
        )
        self._plotter.disable_anti_aliasing()
        assert self._plotter.render_window is not None
        self._plotter.render_window.SetMultiSamples(0)
        self._figures = []
        surfaces = BoneSurfaces(0.0 if supersampling >= _FULL_DETAIL else _REDUCTION)
        for i, panel in enumerate(panels):
            self._plotter.subplot(i // columns, i % columns)
            self._plotter.set_background(BACKGROUND)  # type: ignore[arg-type]  # the stub of the method is wrong
            _add_lights(self._plotter, panel)
            _set_camera(self._plotter, panel)
            draw_ground(self._plotter, panel)
            for k in panel.actors:
                colour = self.colours[k % len(self.colours) if len(panel.actors) > 1 else 0]
                self._figures.append((k, OpenGLFigure(self._plotter, actors[k], colour, surfaces)))
            # Only the shadows are transparent and they lie on the ground, so no order has to be found for them.
            self._plotter.renderer.SetUseOIT(False)
            self._plotter.renderer.ResetCameraClippingRange()
        self._is_shown = False

    def draw(self, frames: Sequence[int]) -> np.ndarray:
        """The picture (H, W, 3) uint8 with each actor at its frame."""
        from PIL import Image

        for k, figure in self._figures:
            figure.move(frames[k])
        if not self._is_shown:
            self._plotter.show(auto_close=False)
            self._is_shown = True
        else:
            self._plotter.render()
        picture = Image.fromarray(np.asarray(self._plotter.screenshot(return_img=True)))
        return np.asarray(picture.resize(self._size, Image.Resampling.BILINEAR))

    def close(self) -> None:
        """Close the window."""
        self._plotter.close()


def _grid_of(panels: Sequence[Panel]) -> tuple[int, int]:
    """Rows and columns of the panels."""
    rows = len({panel.corner[1] for panel in panels})
    return rows, len(panels) // rows


def _add_lights(plotter: "Plotter", panel: Panel) -> None:
    """A key light from above the camera's left, a weak one from its right, and one from behind the subject."""
    import pyvista

    camera = panel.camera
    right, up, backward = camera.axes
    for direction, intensity in (
        (-0.6 * right + 1.1 * up + 1.0 * backward, 0.85),
        (1.0 * right + 0.2 * up + 0.6 * backward, 0.4),
        (0.3 * right + 0.8 * up - 1.0 * backward, 0.45),
    ):
        light = pyvista.Light(position=camera.target + 5 * direction, focal_point=camera.target, intensity=intensity)
        light.positional = False
        plotter.add_light(light, only_active=True)


def _set_camera(plotter: "Plotter", panel: Panel) -> None:
    camera = panel.camera
    plotter.camera.position = tuple(camera.position)
    plotter.camera.focal_point = tuple(camera.target)
    plotter.camera.up = (0.0, 1.0, 0.0)
    plotter.camera.view_angle = VIEW_ANGLE_DEG
