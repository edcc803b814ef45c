"""Muscle paths of a model in each frame, as OpenSim computes them, with conditional, moving and wrapping points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.opensim.opensim_library import (
    frame_in_body,
    generalised_coordinate_index,
    load_opensim,
    open_opensim_model,
)
from models.conventions import COORDINATES, MUSCLES, ROTATION_INDICES

_Placement = tuple[int, np.ndarray, np.ndarray]  # body, rotation and offset of a frame in it


@dataclass(frozen=True)
class MusclePoints:
    """Points along the paths of M muscles in T frames.

    Attributes:
        names: the muscles, in canonical order.
        bodies: (T, M, K), index of the body that each point is given in.
        locations: (T, M, K, 3), metres in the frame of that body.
        counts: (T, M), how many of the K points are in use; the others are padding.
        strength_n: (M,), maximum isometric forces, newtons.
    """

    names: tuple[str, ...]
    bodies: np.ndarray
    locations: np.ndarray
    counts: np.ndarray
    strength_n: np.ndarray

    def in_ground(self, rotations: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """The points in the ground frame.

        Args:
            rotations: (T, B, 3, 3) of the bodies.
            origins: (T, B, 3) of the bodies, metres.

        Returns:
            (T, M, K, 3), metres.
        """
        frames = np.arange(len(self.bodies))[:, None, None]
        rotated = np.einsum("tmkij,tmkj->tmki", rotations[frames, self.bodies], self.locations)
        return rotated + origins[frames, self.bodies]


def read_muscle_points(
    osim_path: str | Path, coordinates: np.ndarray, body_names: tuple[str, ...]
) -> MusclePoints | None:
    """Paths of those of the 80 muscles that the model has, in each frame.

    Args:
        osim_path: the scaled model.
        coordinates: (T, 33), degrees and metres, canonical order.
        body_names: names of the bodies, which the indices of the result refer to.

    Returns:
        The points, or None where the model has none of the muscles.

    Raises:
        InputError: the model cannot be read, or a muscle of it is attached to the ground.
    """
    opensim = load_opensim()
    model, state = open_opensim_model(osim_path)
    names = tuple(name for name in MUSCLES if model.getMuscles().contains(name))
    if not names:
        return None
    muscles = [model.getMuscles().get(name) for name in names]
    paths = [muscle.getGeometryPath() for muscle in muscles]
    body_index = {name: i for i, name in enumerate(body_names)}
    known: dict[str, _Placement] = {}  # by the absolute path of a frame

    def locate(frame: Any) -> _Placement:
        key = frame.getAbsolutePathString()
        body = frame.findBaseFrame().getName()
        if body not in body_index:
            raise InputError(f"{osim_path}: a muscle is attached to {body}; expected bodies of the model only")
        if key not in known:
            known[key] = (body_index[body], *frame_in_body(frame))
        return known[key]

    found: list[list[list[tuple[int, np.ndarray]]]] = []
    for pose in _poses(model, state, coordinates):
        state.setQ(opensim.Vector.createFromMat(pose))
        model.realizePosition(state)
        found.append([_points_of(opensim, path, state, locate) for path in paths])
    most = max(len(points) for frame in found for points in frame)
    shape = (len(found), len(names), most)
    bodies, locations, counts = np.zeros(shape, int), np.zeros((*shape, 3)), np.zeros(shape[:2], int)
    for t, frame in enumerate(found):
        for m, points in enumerate(frame):
            counts[t, m] = len(points)
            for k, (body, location) in enumerate(points):
                bodies[t, m, k], locations[t, m, k] = body, location
    return MusclePoints(
        names, bodies, locations, counts, np.array([muscle.getMaxIsometricForce() for muscle in muscles])
    )


def _points_of(
    opensim: ModuleType, path: Any, state: Any, locate: Callable[[Any], _Placement]
) -> list[tuple[int, np.ndarray]]:
    """Body and location in it of each point along a path in the current pose, with the arc over a wrapping surface."""
    current = path.getCurrentPath(state)
    points = []
    for i in range(current.getSize()):
        point = current.get(i)
        body, rotation, offset = locate(point.getParentFrame())
        wrap = opensim.PathWrapPoint.safeDownCast(point)
        if wrap is not None:
            arc = wrap.getWrapPath(state)
            points += [(body, rotation @ arc.get(j).to_numpy() + offset) for j in range(arc.getSize())]
        points.append((body, rotation @ point.getLocation(state).to_numpy() + offset))
    return points


def _poses(model: Any, state: Any, coordinates: np.ndarray) -> Iterator[np.ndarray]:
    """OpenSim's generalised coordinates in each frame: those of the motion, coupled ones, and defaults elsewhere."""
    values = np.array(coordinates, dtype=float)
    values[:, ROTATION_INDICES] = np.radians(values[:, ROTATION_INDICES])
    coordinate_set = model.getCoordinateSet()
    columns = {}
    default = state.getQ().to_numpy()
    for i in range(coordinate_set.getSize()):
        coordinate = coordinate_set.get(i)
        name = coordinate.getName().removesuffix("_beta")  # the patella follows the knee
        if name in COORDINATES:
            columns[generalised_coordinate_index(coordinate, state)] = COORDINATES.index(name)
    for frame in values:
        pose = default.copy()
        pose[list(columns)] = frame[list(columns.values())]
        yield pose
