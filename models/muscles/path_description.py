"""Description of muscle paths in plain numpy, without files and OpenSim objects: points on bodies, and cylinders.

A path is a chain of straight segments between points that are fixed to bodies. A segment may wrap over cylinders.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PathPoint:
    """A point of a muscle's path.

    Attributes:
        body: index of the body that it is fixed to, into `ModelDescription.body_names`.
        location: (3,) metres, in the body frame.
    """

    body: int
    location: np.ndarray


@dataclass(frozen=True)
class WrapCylinder:
    """A cylinder that a muscle wraps over. It has no ends.

    Attributes:
        body: index of the body that it is fixed to.
        rotation: (3, 3) of the cylinder's frame in the body frame; its axis is z.
        centre: (3,) origin of the cylinder's frame, metres, in the body frame.
        radius_m: radius.
        one_sided: whether the path passes the cylinder on its +x side in every pose; otherwise it may pass on either.
    """

    body: int
    rotation: np.ndarray
    centre: np.ndarray
    radius_m: float
    one_sided: bool


@dataclass(frozen=True)
class PathSegment:
    """A segment of a path from one point to the next, over cylinders in the order from `start` to `end`."""

    start: PathPoint
    end: PathPoint
    cylinders: tuple[WrapCylinder, ...] = ()


@dataclass(frozen=True)
class MusclePath:
    """The path of a muscle, from origin to insertion."""

    segments: tuple[PathSegment, ...]
