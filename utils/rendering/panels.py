"""Layout of a picture: panels for actors and views."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.camera import Camera, fit_camera

_HEADER, _FOOTER = 0.12, 0.10  # fractions of a panel's height above and below the figures, for captions
_PLAIN_HEADER, _PLAIN_FOOTER = 0.02, 0.07  # the same without captions
_CAMERA_FRAMES = 24  # frames to which a camera is fitted
_EVERY_VERTEX = 7  # of the vertices, one in so many is used


@dataclass(frozen=True)
class Panel:
    """A part of the picture.

    Attributes:
        actors: indices of the actors in it.
        view: name of the view.
        camera: the camera, whose picture fills the panel.
        corner: top left corner in pixels, x and y.
    """

    actors: tuple[int, ...]
    view: str
    camera: Camera
    corner: tuple[int, int]


def arrange(
    actors: Sequence[Actor], views: Sequence[str], layout: str, size: tuple[int, int], captions: bool = True
) -> list[Panel]:
    """Panels that fill a picture: one column per actor, or one for all of them in an overlay.

    Several views of several columns are rows; otherwise all panels are in one row. All cameras of a view are equal, so
    that figures can be compared by eye.

    Args:
        actors: the motions.
        views: names in `VIEWS`.
        layout: `side-by-side` or `overlay`.
        size: width and height of the picture in pixels.
        captions: leave room for captions above and below the figures.
    """
    groups = [tuple(range(len(actors)))] if layout == "overlay" else [(i,) for i in range(len(actors))]
    cells = [(view, group) for view in views for group in groups]
    rows = len(views) if len(groups) > 1 else 1
    columns = len(cells) // rows
    width, height = size[0] // columns, size[1] // rows
    points = _sample_points(actors)
    header, footer = (_HEADER, _FOOTER) if captions else (_PLAIN_HEADER, _PLAIN_FOOTER)
    cameras = {
        view: _moved_up(fit_camera(points, view, (width, height), 1 - header - footer), header - footer)
        for view in views
    }
    return [
        Panel(group, view, cameras[view], ((i % columns) * width, (i // columns) * height))
        for i, (view, group) in enumerate(cells)
    ]


def _sample_points(actors: Sequence[Actor]) -> np.ndarray:
    """Points (P, 3) of all actors over their motions, with the ground of each at height 0, metres."""
    points = []
    for actor in actors:
        frames = np.unique(np.linspace(0, len(actor) - 1, _CAMERA_FRAMES).astype(int))
        points += [actor.body.vertices(frame)[::_EVERY_VERTEX] - [0, actor.ground_m, 0] for frame in frames]
    return np.concatenate(points)


def _moved_up(camera: Camera, fraction: float) -> Camera:
    """The camera moved up by half of `fraction` of the picture's height, so that the figures appear lower."""
    shift = fraction * camera.reach_m[1] / 2 * camera.axes[1]
    return Camera(camera.position + shift, camera.target + shift, camera.size)
