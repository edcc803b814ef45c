"""How actors and views share a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from utils.rendering.actor import Actor
from utils.rendering.camera import Camera, fit_camera

_HEADER, _FOOTER = 0.12, 0.10  # of a panel's height, kept free for captions above and below the figures
_SAMPLES = 24  # frames that a camera is fitted to


@dataclass(frozen=True)
class Panel:
    """A part of the picture: its actors by index, its camera, and its top left corner in pixels."""

    actors: tuple[int, ...]
    view: str
    camera: Camera
    corner: tuple[int, int]


def arrange(
    actors: Sequence[Actor], views: Sequence[str], layout: str, size: tuple[int, int], captions: bool = True
) -> list[Panel]:
    """Panels that fill `size` (width, height) pixels: a column an actor, or one for all of them in an overlay.

    With several views and several columns, views are rows; otherwise all stand in one row. All cameras of a view are
    the same, so that figures can be compared by eye. captions: leave room above and below the figures.
    """
    groups = [tuple(range(len(actors)))] if layout == "overlay" else [(i,) for i in range(len(actors))]
    cells = [(view, group) for view in views for group in groups]
    rows = len(views) if len(groups) > 1 else 1
    columns = len(cells) // rows
    width, height = size[0] // columns, size[1] // rows
    points = sample_points(actors)
    header, footer = (_HEADER, _FOOTER) if captions else (0.02, 0.07)
    cameras = {
        view: _framed(fit_camera(points, view, (width, height), 1 - header - footer), header - footer) for view in views
    }
    return [
        Panel(group, view, cameras[view], ((i % columns) * width, (i // columns) * height))
        for i, (view, group) in enumerate(cells)
    ]


def sample_points(actors: Sequence[Actor]) -> np.ndarray:
    """Some points (P, 3) of all actors over their motions, each actor's floor at height 0."""
    points = []
    for actor in actors:
        frames = np.unique(np.linspace(0, len(actor) - 1, _SAMPLES).astype(int))
        points += [actor.body.vertices(frame)[::7] - [0, actor.ground_m, 0] for frame in frames]
    return np.concatenate(points)


def _framed(camera: Camera, lower: float) -> Camera:
    """The camera moved up, so that what it sees stands lower by half of `lower`, a share of the picture's height."""
    shift = lower * camera.reach_m[1] / 2 * camera.axes[1]
    return Camera(camera.position + shift, camera.target + shift, camera.size)
