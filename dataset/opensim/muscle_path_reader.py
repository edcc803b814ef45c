"""Reader of the muscle paths of an OpenSim model into a `MusclePath` for each muscle."""

from typing import Any

import numpy as np
import torch

from dataset.opensim.muscle_geometry import POSE_RANGE_DEG, MuscleGeometry
from dataset.opensim.opensim_library import frame_in_body, load_opensim
from models.conventions import COORDINATES, MUSCLES
from models.muscles.moment_arms import LEG_INDICES
from models.muscles.path_description import MusclePath, PathPoint, PathSegment, WrapCylinder
from models.muscles.wrapped_paths import MusclePaths
from models.skeleton.description import ModelDescription

LARGEST_DIFFERENCE_M = 1e-3
POSES_FOR_SIDES, CHECKED_POSES = 1024, 64
_QUADRANTS = {"x": (0, 1), "+x": (0, 1), "-x": (0, -1), "y": (1, 1), "+y": (1, 1), "-y": (1, -1)}


class UnsupportedPathError(Exception):
    """A muscle path of a kind that `MusclePaths` does not compute as OpenSim does; the message names the muscle."""


def read_muscle_paths(geometry: MuscleGeometry, description: ModelDescription) -> MusclePaths:
    """The paths of the 80 muscles of a model, checked against OpenSim's lengths in random poses.

    Supported are points that are fixed to bodies, and cylinders. A cylinder acts on the first of the segments which the
    model allows it that joins two bodies. Paths keep the side on which they pass a cylinder in these poses.

    Args:
        geometry: the model's muscles in OpenSim.
        description: the same model.

    Raises:
        UnsupportedPathError: a path has other parts, or its length differs from OpenSim's.
    """
    bodies = {name: index for index, name in enumerate(description.own_body_names)}
    paths = MusclePaths(description, [_read(geometry.paths[i], name, bodies) for i, name in enumerate(MUSCLES)])
    paths.keep_sides(torch.from_numpy(_random_poses(POSES_FOR_SIDES)))
    motion = _random_poses(CHECKED_POSES)
    difference = np.abs(paths(torch.from_numpy(motion)).lengths.numpy() - geometry.lengths(motion)).max(axis=0)
    if difference.max() > LARGEST_DIFFERENCE_M:
        worst = int(difference.argmax())
        raise UnsupportedPathError(
            f"the length of {MUSCLES[worst]} differs by up to {1e3 * difference.max():.1f} mm from OpenSim's"
        )
    return paths


def _random_poses(count: int) -> np.ndarray:
    """Poses (count, 33), degrees, uniform over `POSE_RANGE_DEG`, independently for each leg."""
    low, high = np.array(POSE_RANGE_DEG).T
    motion = np.zeros((count, len(COORDINATES)))
    generator = np.random.default_rng(0)
    for indices in LEG_INDICES:
        motion[:, indices] = generator.uniform(low, high, (count, len(indices)))
    return motion


def _read(path: Any, muscle: str, bodies: dict[str, int]) -> MusclePath:
    """The path of one muscle."""
    opensim = load_opensim()
    if path.getConcreteClassName() != "GeometryPath":
        raise UnsupportedPathError(f"{muscle} has a {path.getConcreteClassName()}")
    point_set = path.getPathPointSet()
    points = []
    for i in range(point_set.getSize()):
        point = point_set.get(i)
        kind = point.getConcreteClassName()
        if kind != "PathPoint":
            raise UnsupportedPathError(f"{muscle} has a {kind}")
        body, rotation, offset = _place(point.getParentFrame(), muscle, bodies)
        location = opensim.PathPoint.safeDownCast(point).get_location().to_numpy()
        points.append(PathPoint(body, offset + rotation @ location))
    cylinders: list[list[WrapCylinder]] = [[] for _ in points[1:]]
    for i in range(path.getWrapSet().getSize()):
        wrap = path.getWrapSet().get(i)
        surface = wrap.getWrapObject()
        if not surface.get_active():
            continue
        # Numbers of the first and last point, from 1; those that are not positive stand for the ends of the path.
        first, last = (wrap.get_range(end) for end in (0, 1))
        allowed = range(max(first, 1) - 1, (last if last > 0 else len(points)) - 1)
        between = [k for k in allowed if points[k].body != points[k + 1].body]
        if between:
            cylinders[between[0]].append(_cylinder(surface, muscle, bodies))
    return MusclePath(
        tuple(
            PathSegment(start, end, tuple(sorted(over, key=lambda one: one.body)))
            for start, end, over in zip(points[:-1], points[1:], cylinders, strict=True)
        )
    )


def _cylinder(surface: Any, muscle: str, bodies: dict[str, int]) -> WrapCylinder:
    """A wrapping surface, its frame turned about its axis so that +x is the side on which a path has to pass it."""
    kind, quadrant = surface.getConcreteClassName(), surface.get_quadrant().lower()
    if kind != "WrapCylinder" or quadrant not in (*_QUADRANTS, "all"):
        raise UnsupportedPathError(f"{muscle} wraps over a {kind} with the quadrant '{quadrant}'")
    body, rotation, offset = _place(surface.getFrame(), muscle, bodies)
    transform = surface.getTransform()
    own = np.array([[transform.R().get(i, j) for j in range(3)] for i in range(3)])
    axis, sign = _QUADRANTS.get(quadrant, (0, 1))
    turned = np.eye(3)
    turned[:, 0] = sign * np.eye(3)[axis]
    turned[:, 1] = np.cross(np.eye(3)[2], turned[:, 0])
    radius = load_opensim().WrapCylinder.safeDownCast(surface).get_radius()
    centre = offset + rotation @ transform.p().to_numpy()
    return WrapCylinder(body, rotation @ own @ turned, centre, radius, quadrant != "all")


def _place(frame: Any, muscle: str, bodies: dict[str, int]) -> tuple[int, np.ndarray, np.ndarray]:
    """Index of a frame's body, and rotation and offset of the frame in it."""
    name = frame.findBaseFrame().getName()
    if name not in bodies:
        raise UnsupportedPathError(f"{muscle} is attached to {name}, which is no body")
    return bodies[name], *frame_in_body(frame)
