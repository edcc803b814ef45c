"""A soft shadow on the ground: the more surface is above a spot, and the nearer it is, the darker the spot."""

import numpy as np

from utils.rendering.actor import Actor

_PIXEL_M = 0.012
_BLUR_M = 0.03
_MARGIN_M = 0.15
_LIGHT = np.array([-0.1, -0.15])  # displacement of the shadow along x and z per metre of height
_FADING_M = 0.9  # height at which the shadow of a point is reduced to 1/e
_GREATEST_OPACITY = 0.5
_AREA_M2 = 0.004  # surface above a square decimetre of ground that gives 1 - 1/e of the greatest opacity
_EXTENT_FRAMES = 40  # frames from which the extent of the shadow is found
_COLOUR = (40, 44, 58)


class Shadow:
    """The shadow of one actor.

    Attributes:
        plane: rectangle on the ground that contains the shadow in all frames.
        texture: picture of the shadow on it, which `cast` redraws.
    """

    def __init__(self, actor: Actor) -> None:
        """Find the extent of an actor's shadow."""
        import pyvista

        self._actor = actor
        self._corner, self._shape = self._extent()
        (x, z), (rows, columns) = self._corner, self._shape
        far_x, far_z = x + columns * _PIXEL_M, z + rows * _PIXEL_M
        corners = np.array([[x, 0, z], [far_x, 0, z], [far_x, 0, far_z], [x, 0, far_z]])
        self.plane = pyvista.PolyData(corners, faces=[4, 0, 1, 2, 3])
        self.plane.active_texture_coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
        self._pixels = np.zeros((rows, columns, 4), np.uint8)
        self._pixels[..., :3] = _COLOUR
        self.texture = pyvista.Texture(self._pixels)
        self.texture.InterpolateOn()
        vertices = actor.body.vertices(0)
        a, b, c = np.moveaxis(vertices[actor.body.faces], 1, 0)
        areas = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
        self._areas = np.bincount(actor.body.faces.ravel(), np.repeat(areas / 3, 3), len(vertices))  # per vertex

    def _extent(self) -> tuple[np.ndarray, tuple[int, int]]:
        """Corner (x, z) of the rectangle, metres, and the rows and columns of its texture."""
        frames = np.unique(np.linspace(0, len(self._actor) - 1, _EXTENT_FRAMES).astype(int))
        spots = np.concatenate([self._spots(frame)[0] for frame in frames])
        low, high = spots.min(0) - _MARGIN_M, spots.max(0) + _MARGIN_M
        columns, rows = np.ceil((high - low) / _PIXEL_M).astype(int)
        return low, (int(rows), int(columns))

    def _spots(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """(V, 2) x and z where vertices cast their shadow, and (V,) their height above the ground, metres."""
        vertices = self._actor.body.vertices(frame)
        height = vertices[:, 1] - self._actor.ground_m
        return vertices[:, [0, 2]] + height[:, None] * _LIGHT, height

    def cast(self, frame: int) -> None:
        """Redraw the texture for one frame."""
        from scipy.ndimage import gaussian_filter

        spots, height = self._spots(frame)
        column, row = ((spots - self._corner) / _PIXEL_M).astype(int).T
        rows, columns = self._shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        weight = self._areas * np.exp(-height.clip(0) / _FADING_M)
        area = np.bincount((row * columns + column)[inside], weight[inside], rows * columns).reshape(rows, columns)
        area = gaussian_filter(area.astype(np.float32), _BLUR_M / _PIXEL_M, mode="constant")
        density = area / _PIXEL_M**2 * 0.01 / _AREA_M2  # surface per square decimetre
        self._pixels[..., 3] = 255 * _GREATEST_OPACITY * (1 - np.exp(-density))
        self._update()

    def _update(self) -> None:
        from vtkmodules.util.numpy_support import numpy_to_vtk

        image = self.texture.GetInput()
        image.GetPointData().SetScalars(numpy_to_vtk(self._pixels.reshape(-1, 4), deep=True))
        image.Modified()
