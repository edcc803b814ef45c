"""Perspective cameras that show a whole motion, and their projection."""

from dataclasses import dataclass

import numpy as np

# Direction from the subject to the camera. A subject faces +x at first, with y up and z to the right. All cameras look
# slightly down, so that the ground is seen as a surface.
VIEWS = {
    "sagittal": (0.0, 0.13, 1.0),
    "frontal": (1.0, 0.13, 0.0),
    "oblique": (1.0, 0.35, 0.85),
}
VIEW_ANGLE_DEG = 22.0  # vertical; a narrow angle keeps proportions


@dataclass(frozen=True)
class Camera:
    """A perspective camera.

    Attributes:
        position: (3,) metres, ground frame.
        target: (3,) point in the middle of the picture, metres.
        size: width and height of the picture in pixels.
    """

    position: np.ndarray
    target: np.ndarray
    size: tuple[int, int]

    @property
    def axes(self) -> np.ndarray:
        """(3, 3) unit vectors as rows: right, up and backward (towards the camera) of the picture."""
        backward = self.position - self.target
        backward = backward / np.linalg.norm(backward)
        right = np.cross([0.0, 1.0, 0.0], backward)
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(backward, right), backward])

    @property
    def reach_m(self) -> np.ndarray:
        """(2,) width and height in metres that the picture covers at the distance of the target."""
        height = 2 * np.linalg.norm(self.position - self.target) * np.tan(np.radians(VIEW_ANGLE_DEG) / 2)
        return height * np.array([self.size[0] / self.size[1], 1.0])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels (..., 2) of points (..., 3) in metres: x to the right and y down from the top left corner."""
        seen = (points - self.position) @ self.axes.T
        scale = self.size[1] / 2 / np.tan(np.radians(VIEW_ANGLE_DEG) / 2)
        pixels = scale * seen[..., :2] / -seen[..., 2:]
        return np.array([self.size[0] / 2, self.size[1] / 2]) + pixels * [1, -1]


def fit_camera(points: np.ndarray, view: str, size: tuple[int, int], filled: float = 0.9) -> Camera:
    """The nearest camera of a view that shows all points.

    Args:
        points: (P, 3) metres, ground frame.
        view: a name in `VIEWS`.
        size: width and height of the picture in pixels.
        filled: fraction of the picture, around its middle, that the points fill.
    """
    target = (points.min(0) + points.max(0)) / 2
    direction = np.array(VIEWS[view]) / np.linalg.norm(VIEWS[view])
    tangent = filled * np.tan(np.radians(VIEW_ANGLE_DEG) / 2) * np.array([size[0] / size[1], 1.0])
    for _ in range(4):  # in perspective, the middle of the picture depends on the distance
        axes = Camera(target + direction, target, size).axes
        seen = (points - target) @ axes.T
        distance = (np.abs(seen[:, :2]) / tangent + seen[:, 2:]).max()
        slopes = seen[:, :2] / (distance - seen[:, 2:])
        target = target + (distance * (slopes.min(0) + slopes.max(0)) / 2) @ axes[:2]
    seen = (points - target) @ Camera(target + direction, target, size).axes.T
    distance = (np.abs(seen[:, :2]) / tangent + seen[:, 2:]).max()
    return Camera(target + distance * direction, target, size)
