"""The ground of a panel: a grid that fades into the background."""

from typing import TYPE_CHECKING

import numpy as np

from utils.rendering.colours import BACKGROUND
from utils.rendering.panels import Panel

if TYPE_CHECKING:
    from pyvista import Plotter

GRID_M = 0.25  # distance between the lines of the grid
_LINE_HALF_WIDTH_M = 0.003
_HEIGHT_M = -0.002  # just below the floor, so that shadows are drawn over it
_PIXELS = 512
_LINE_SHADE, _GROUND_SHADE = 0.83, 0.93


def draw_ground(plotter: "Plotter", panel: Panel) -> None:
    """Add a grid of 0.25 m on a ground that fades into the background at the panel's edge."""
    import pyvista

    middle, radius = panel.camera.target[[0, 2]], panel.camera.reach_m[0] / 2
    low, high = middle - radius, middle + radius
    y = _HEIGHT_M
    corners = np.array([[low[0], y, low[1]], [high[0], y, low[1]], [high[0], y, high[1]], [low[0], y, high[1]]])
    plane = pyvista.PolyData(corners, faces=[4, 0, 1, 2, 3])
    plane.active_texture_coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    texture = pyvista.Texture(_ground_pixels(low, high)[::-1])
    texture.InterpolateOn()
    texture.MipmapOn()
    plotter.add_mesh(plane, texture=texture, lighting=False, reset_camera=False)


def _ground_pixels(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The picture of the ground between two corners (x, z), (512, 512, 3) uint8; rows run along z."""
    import pyvista

    x, z = (np.linspace(low[i], high[i], 2 * _PIXELS + 1)[1::2] for i in (0, 1))
    from_middle = np.hypot(
        *np.meshgrid((2 * x - low[0] - high[0]) / (high - low)[0], (2 * z - low[1] - high[1]) / (high - low)[1])
    )
    opacity = np.clip((1 - from_middle) / 0.6, 0, 1)
    step = (high - low) / _PIXELS
    on_line = [
        np.abs((v + GRID_M / 2) % GRID_M - GRID_M / 2) < _LINE_HALF_WIDTH_M + s / 2
        for v, s in ((x, step[0]), (z, step[1]))
    ]
    line = on_line[0][None, :] | on_line[1][:, None]
    shade = np.where(line, _LINE_SHADE, _GROUND_SHADE)[..., None] * np.array([1.0, 1.0, 1.005])
    background = np.array(pyvista.Color(BACKGROUND).float_rgb)
    colour = background + opacity[..., None] * (shade - background)
    return (255 * colour.clip(0, 1)).astype(np.uint8)
