"""A soft shadow on the ground: the surface above a spot darkens it, the more the nearer it is."""

import numpy as np

from utils.rendering.actor import Actor

_PIXEL_M = 0.012
_BLUR_M = 0.03
_MARGIN_M = 0.15
_LIGHT = np.array([-0.1, -0.15])  # how far a shadow falls along x and z for each metre of height
_FADING_M = 0.9  # height at which a point's shadow has fallen to 37 %
_DARKEST = 0.5
_AREA_M2 = 0.004  # of surface, over a square decimetre of ground, that darkens it by 63 % of that
_COLOUR = (40, 44, 58)


class Shadow:
    """The shadow of one actor: `plane` with a `texture` that `cast` redraws."""

    def __init__(self, actor: Actor):
        import pyvista

        self._actor = actor
        self._corner, self._shape = self._extent()
        (x, z), (rows, columns) = self._corner, self._shape
        far_x, far_z = x + columns * _PIXEL_M, z + rows * _PIXEL_M
        corners = np.array([[x, 0, z], [far_x, 0, z], [far_x, 0, far_z], [x, 0, far_z]])
        self.plane = pyvista.PolyData(corners, faces=[4, 0, 1, 2, 3])
        self.plane.active_texture_coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
        self._pixels = np.zeros((rows, columns, 4), np.uint8)
        self._pixels[..., :3] = _COLOUR
        self.texture = pyvista.Texture(self._pixels)
        self.texture.InterpolateOn()
        corner_points = actor.body.vertices(0)[actor.body.faces]
        areas = (
            np.linalg.norm(
                np.cross(corner_points[:, 1] - corner_points[:, 0], corner_points[:, 2] - corner_points[:, 0]), axis=1
            )
            / 2
        )
        self._weights = np.bincount(actor.body.faces.ravel(), np.repeat(areas / 3, 3), len(actor.body.vertices(0)))

    def _extent(self) -> tuple[np.ndarray, tuple[int, int]]:
        frames = np.unique(np.linspace(0, len(self._actor) - 1, 40).astype(int))
        spots = np.concatenate([self._spots(frame)[0] for frame in frames])
        low, high = spots.min(0) - _MARGIN_M, spots.max(0) + _MARGIN_M
        columns, rows = np.ceil((high - low) / _PIXEL_M).astype(int)
        return low, (int(rows), int(columns))

    def _spots(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Where vertices cast their shadow (V, 2) along x and z, and how high they are (V,)."""
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
        weight = self._weights * np.exp(-height.clip(0) / _FADING_M)
        area = np.bincount((row * columns + column)[inside], weight[inside], rows * columns).reshape(rows, columns)
        area = gaussian_filter(area.astype(np.float32), _BLUR_M / _PIXEL_M, mode="constant")
        density = area / _PIXEL_M**2 * 0.01 / _AREA_M2  # surface over a square decimetre
        self._pixels[..., 3] = 255 * _DARKEST * (1 - np.exp(-density))
        self._update()

    def _update(self) -> None:
        from vtkmodules.util.numpy_support import numpy_to_vtk

        image = self.texture.GetInput()
        image.GetPointData().SetScalars(numpy_to_vtk(self._pixels.reshape(-1, 4), deep=True))
        image.Modified()
