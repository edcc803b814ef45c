"""Where a model's muscles run, frame by frame: OpenSim's own paths, with conditional, moving and wrapping points."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.opensim.model_reader import frame_in_body, load_opensim, open_opensim_model
from models.conventions import COORDINATES, MUSCLES, ROTATION_INDICES


@dataclass(frozen=True)
class MusclePoints:
    """Points along muscles, each fixed in a body's frame at its moment.

    names: the M muscles that the model has, canonical order. bodies: (T, M, K) index into the body names given.
    locations: (T, M, K, 3) metres in that body's frame. counts: (T, M) points in use, the rest is padding.
    strength_n: (M,) maximal isometric force.
    """

    names: tuple[str, ...]
    bodies: np.ndarray
    locations: np.ndarray
    counts: np.ndarray
    strength_n: np.ndarray

    def in_ground(self, rotations: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """The points (T, M, K, 3) in the ground frame; rotations (T, B, 3, 3) and origins (T, B, 3) of the bodies."""
        frames = np.arange(len(self.bodies))[:, None, None]
        turned = np.einsum("tmkij,tmkj->tmki", rotations[frames, self.bodies], self.locations)
        return turned + origins[frames, self.bodies]


def read_muscle_points(
    osim_path: str | Path, coordinates: np.ndarray, body_names: tuple[str, ...]
) -> MusclePoints | None:
    """The paths of those of the 80 muscles that the model has, at each frame; None where it has none of them.

    coordinates: (T, 33), degrees and metres, canonical order. body_names: bodies in the order that indices refer to.
    Raises InputError where the model cannot be read.
    """
    opensim = load_opensim()
    model, state = open_opensim_model(osim_path)
    names = tuple(name for name in MUSCLES if model.getMuscles().contains(name))
    if not names:
        return None
    muscles = [model.getMuscles().get(name) for name in names]
    paths = [muscle.getGeometryPath() for muscle in muscles]
    body_index = {name: i for i, name in enumerate(body_names)}
    placed = {}  # a frame's absolute path -> (body, rotation, offset)

    def place(frame) -> tuple[int, np.ndarray, np.ndarray]:
        key = frame.getAbsolutePathString()
        if key not in placed:
            placed[key] = (body_index[frame.findBaseFrame().getName()], *frame_in_body(frame))
        return placed[key]

    found: list[list[list[tuple[int, np.ndarray]]]] = []
    for pose in _poses(model, state, coordinates):
        state.setQ(opensim.Vector.createFromMat(pose))
        model.realizePosition(state)
        found.append([_points_of(opensim, path, state, place) for path in paths])
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


def _points_of(opensim, path, state, place) -> list[tuple[int, np.ndarray]]:
    """(body, location in it) along a path in its present pose, the arc over a wrapping surface included."""
    current = path.getCurrentPath(state)
    points = []
    for i in range(current.getSize()):
        point = current.get(i)
        body, rotation, offset = place(point.getParentFrame())
        wrap = opensim.PathWrapPoint.safeDownCast(point)
        if wrap is not None:
            arc = wrap.getWrapPath(state)
            points += [(body, rotation @ arc.get(j).to_numpy() + offset) for j in range(arc.getSize())]
        points.append((body, rotation @ point.getLocation(state).to_numpy() + offset))
    return points


def _poses(model, state, coordinates: np.ndarray):
    """OpenSim's generalised coordinates, frame by frame: what the motion says, couplers obeyed, defaults elsewhere."""
    values = np.array(coordinates, dtype=float)
    values[:, ROTATION_INDICES] = np.radians(values[:, ROTATION_INDICES])
    coordinate_set = model.getCoordinateSet()
    columns = {}
    default = state.getQ().to_numpy()
    for i in range(coordinate_set.getSize()):
        coordinate = coordinate_set.get(i)
        name = coordinate.getName().removesuffix("_beta")  # the patella follows the knee
        if name in COORDINATES:
            columns[_q_index(coordinate, state)] = COORDINATES.index(name)
    for frame in values:
        pose = default.copy()
        pose[list(columns)] = frame[list(columns.values())]
        yield pose


def _q_index(coordinate, state) -> int:
    before = state.getQ().to_numpy()
    coordinate.setLocked(state, False)
    value = coordinate.getValue(state)
    coordinate.setValue(state, value + 0.1, False)
    index = int(np.argmax(np.abs(state.getQ().to_numpy() - before)))
    coordinate.setValue(state, value, False)
    return index
