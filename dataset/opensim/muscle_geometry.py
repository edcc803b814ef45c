"""Muscles of a scaled OpenSim model: parameters, exact muscle-tendon lengths and moment arms."""

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from dataset.errors import InputError
from dataset.opensim.muscle_check import require_plausible_muscles
from dataset.opensim.opensim_library import generalised_coordinate_index, load_opensim, naming_model, open_opensim_model
from models.conventions import COORDINATES, MUSCLES
from models.muscles.hill import MuscleParameters
from models.muscles.moment_arms import LEG_COORDINATES, LEG_INDICES, MUSCLES_PER_LEG

# Angles of `LEG_COORDINATES` in squats, with a margin. Beyond 131 degrees of knee flexion, paths of OpenSim jump to the
# other side of the knee in some models.
POSE_RANGE_DEG = ((-30, 130), (-30, 30), (-40, 40), (-5, 130), (-40, 40), (-25, 25), (-30, 30))
STEP_RAD = 1e-3  # of central differences
LONGEST_ARM_M = 0.15  # a longer moment arm of a leg's muscle is the difference over a jump of its path
_LARGEST_MIN_CONTROL = 0.1  # of a muscle that may be at rest; those of models of persons have 0 to 0.02
_FLOOR_CONTACTS = {
    "ElasticFoundationForce",
    "ExponentialContactForce",
    "HuntCrossleyForce",
    "SmoothSphereHalfSpaceForce",
}


class MuscleGeometry:
    """The 80 muscles of one model, evaluated by OpenSim. Everything but the legs stays in the default pose."""

    def __init__(self, osim_path: str | Path) -> None:
        """Open the model.

        Raises:
            InputError: the file is not an OpenSim model with these muscles and leg coordinates.
        """
        self._path = osim_path
        with naming_model(osim_path):
            self._open(osim_path)

    def _open(self, osim_path: str | Path) -> None:
        self._model, self._state = open_opensim_model(osim_path)
        opensim = load_opensim()
        self._vector, self._wrap_point = opensim.Vector, opensim.PathWrapPoint
        muscles = self._model.getMuscles()
        missing = [name for name in MUSCLES if not muscles.contains(name)]
        if missing:
            raise InputError(
                f"{osim_path}: the model lacks {len(missing)} of the 80 muscles (first: {missing[0]}); "
                "a Rajagopal2015, LaiArnoldModified2017 or LaiUhlrich2022 model is expected"
            )
        self._muscles = [muscles.get(name) for name in MUSCLES]
        self.paths = [_path_of(opensim, muscle) for muscle in self._muscles]
        coordinates = self._model.getCoordinateSet()
        for i in range(coordinates.getSize()):
            coordinates.get(i).setLocked(self._state, False)
        for name in ("knee_adduction_l", "knee_adduction_r"):
            if coordinates.contains(name):
                coordinates.get(name).setValue(self._state, 0.0, False)
        self._default = self._state.getQ().to_numpy()
        # Indices into Q of each leg's coordinates; a welded one has none. The patella follows the knee, slope 1.
        self._columns = [
            [
                generalised_coordinate_index(coordinates.get(own), self._state)
                for own in (f"{name}_{side}", f"{name}_{side}_beta")
                if coordinates.contains(own)
            ]
            for side in "lr"
            for name in LEG_COORDINATES
        ]

    def parameters(self) -> MuscleParameters:
        """Parameters of the 80 muscles, canonical order, float64.

        Raises:
            InputError: they are not those of a person's muscles, see `require_plausible_muscles`.
        """

        def read(getter: Callable[[Any], float]) -> torch.Tensor:
            return torch.tensor([getter(muscle) for muscle in self._muscles], dtype=torch.float64)

        parameters = MuscleParameters(
            read(lambda muscle: muscle.getMaxIsometricForce() or 1.0),  # that of a muscle without force is not used
            read(lambda muscle: muscle.getOptimalFiberLength()),
            read(lambda muscle: muscle.getTendonSlackLength()),
            read(lambda muscle: muscle.getPennationAngleAtOptimalFiberLength()),
            read(lambda muscle: muscle.getMaxContractionVelocity()),
        )
        upright = self.lengths(np.zeros((1, len(COORDINATES))))[0]
        require_plausible_muscles(self._path, parameters, upright, self.switched_off())
        return parameters

    def switched_off(self) -> torch.Tensor:
        """(80,) bool, muscles without active force: `appliesForce` is false, or strength or `max_control` is 0."""
        return torch.tensor(
            [
                not muscle.get_appliesForce() or muscle.getMaxIsometricForce() == 0 or muscle.getMaxControl() <= 0
                for muscle in self._muscles
            ]
        )

    def limited(self) -> dict[str, tuple[float, float]]:
        """Muscles whose excitation has other limits than that of most: `min_control` and `max_control`, by name."""
        off = self.switched_off().tolist()
        limits = {
            name: (muscle.getMinControl(), muscle.getMaxControl())
            for name, muscle, is_off in zip(MUSCLES, self._muscles, off, strict=True)
            if not is_off
        }
        return {name: (low, high) for name, (low, high) in limits.items() if low > _LARGEST_MIN_CONTROL or high < 1}

    def other_forces(self) -> list[str]:
        """Names of what else applies force to the body: springs, bushings, ligaments and muscles beside the 80.

        Contact with the floor and actuators without a control of their own are not among them.
        """
        opensim, forces = load_opensim(), self._model.getForceSet()
        found = [forces.get(i) for i in range(forces.getSize()) if forces.get(i).get_appliesForce()]
        return [
            force.getName() or force.getConcreteClassName()
            for force in found
            if force.getName() not in MUSCLES
            and (opensim.Muscle.safeDownCast(force) or not opensim.Actuator.safeDownCast(force))
            and force.getConcreteClassName() not in _FLOOR_CONTACTS
        ]

    def _lengths(self, q: np.ndarray, muscles: Iterable[int]) -> list[float]:
        """Lengths, in metres, of some muscles (indices) at generalised coordinates q."""
        self._state.setQ(self._vector.createFromMat(q))
        self._model.realizePosition(self._state)
        return [self._length(self.paths[i]) for i in muscles]

    def _length(self, path: Any) -> float:
        """Length of a path in metres.

        Where a path wraps over two surfaces, OpenSim places the points on them by repeated sweeps. `getLength` of
        OpenSim 4.6 adds up the distances between the points of the first sweep and the arcs of the last one, which is
        up to 10 mm short. Its path holds the points of the last sweep, from which the length is computed here.
        """
        if path.getConcreteClassName() != "GeometryPath" or path.getWrapSet().getSize() < 2:
            return path.getLength(self._state)
        points = path.getCurrentPath(self._state)
        length, previous, on_surface = 0.0, None, False
        for i in range(points.getSize()):
            point = points.get(i)
            place = point.getParentFrame().findStationLocationInGround(self._state, point.getLocation(self._state))
            place, wrap = place.to_numpy(), self._wrap_point.safeDownCast(point)
            if on_surface:
                length += wrap.getWrapLength(self._state)
            elif previous is not None:
                length += float(np.linalg.norm(place - previous))
            previous, on_surface = place, wrap is not None and not on_surface
        return length

    def _pose(self, angles: np.ndarray) -> np.ndarray:
        """Generalised coordinates of a pose of both legs (2, 7), in radians."""
        q = self._default.copy()
        for columns, angle in zip(self._columns, angles.ravel(), strict=True):
            q[columns] = angle
        return q

    def lengths(self, motion: np.ndarray) -> np.ndarray:
        """Muscle-tendon lengths of a motion.

        Args:
            motion: (T, 33), degrees and metres, canonical order.

        Returns:
            (T, 80), metres.
        """
        return np.array([self._lengths(self._pose(angles), range(len(MUSCLES))) for angles in _leg_angles(motion)])

    def moment_arms(self, motion: np.ndarray) -> np.ndarray:
        """Moment arms of a motion, the negative derivatives of the lengths, by central differences.

        Where a path jumps within the step, the difference is that of the side on which it does not.

        Args:
            motion: (T, 33), degrees and metres, canonical order.

        Returns:
            (T, 2, 7, 40), metres: by leg, leg coordinate and muscle of the leg.
        """
        arms = np.zeros((len(motion), len(MUSCLES), len(LEG_COORDINATES)))
        for t, angles in enumerate(_leg_angles(motion)):
            q = self._pose(angles)
            lengths = np.array(self._lengths(q, range(len(MUSCLES))))
            for together in self._independent:
                self._difference(q, lengths, together, arms[t])
        return arms.reshape(-1, 2, MUSCLES_PER_LEG, len(LEG_COORDINATES)).transpose(0, 1, 3, 2)

    def applied_moment_arms(self, motion: np.ndarray) -> np.ndarray:
        """Moment arms by which OpenSim applies the forces of muscles, as `moment_arms`; takes 0.2 s for each pose.

        They differ from the derivatives of the lengths where the points on wrapping surfaces are not those of the
        shortest path.
        """
        coordinates = self._model.getCoordinateSet()
        arms = np.zeros((len(motion), 2, len(LEG_COORDINATES), MUSCLES_PER_LEG))
        for t, angles in enumerate(_leg_angles(motion)):
            self._state.setQ(self._vector.createFromMat(self._pose(angles)))
            self._model.realizePosition(self._state)
            for leg, side in enumerate("lr"):
                paths = self.paths[leg * MUSCLES_PER_LEG :][:MUSCLES_PER_LEG]
                for j, name in enumerate(LEG_COORDINATES):
                    if coordinates.contains(f"{name}_{side}"):
                        coordinate = coordinates.get(f"{name}_{side}")
                        arms[t, leg, j] = [path.computeMomentArm(self._state, coordinate) for path in paths]
        return arms

    def _difference(self, q: np.ndarray, lengths: np.ndarray, together: list[int], arms: np.ndarray) -> None:
        """Write moment arms for coordinates that no muscle shares into `arms` (80, 7), with the lengths (80,) at q."""
        moved = [index for j in together for leg in (0, 1) for index in self._columns[leg * len(LEG_COORDINATES) + j]]
        touched = np.flatnonzero(self.spans[:, together].any(axis=1))
        ahead, behind = q.copy(), q.copy()
        ahead[moved] += STEP_RAD
        behind[moved] -= STEP_RAD
        forward = (np.array(self._lengths(ahead, touched)) - lengths[touched]) / STEP_RAD
        backward = (lengths[touched] - np.array(self._lengths(behind, touched))) / STEP_RAD
        slopes = (forward + backward) / 2
        one_sided = np.where(np.abs(forward) < np.abs(backward), forward, backward)
        slopes = np.where(np.abs(slopes) > LONGEST_ARM_M, one_sided, slopes)
        block = np.ix_(touched, np.array(together))
        arms[block] = np.where(self.spans[block], -slopes[:, None], 0)

    @cached_property
    def spans(self) -> np.ndarray:
        """Which leg coordinates each muscle's length depends on, (80, 7) bool, found by moving each of them."""
        everything = range(len(MUSCLES))
        spans = np.zeros((len(MUSCLES), len(LEG_COORDINATES)), dtype=bool)
        # At several fractions of the range, since a path may touch a wrapping surface in some poses only.
        for bend in (0.1, 0.5, 0.9):
            low, high = np.radians(POSE_RANGE_DEG).T
            q = self._pose(np.tile(low + bend * (high - low), (2, 1)))
            here = np.array(self._lengths(q, everything))
            for j in range(len(LEG_COORDINATES)):
                moved = q.copy()
                for columns in (self._columns[j], self._columns[j + len(LEG_COORDINATES)]):
                    moved[columns] += 0.05
                spans[:, j] |= np.abs(np.array(self._lengths(moved, everything)) - here) > 1e-6
        return spans

    @cached_property
    def _independent(self) -> list[list[int]]:
        """Leg coordinates in groups that share no muscle, so that a group can be moved at once."""
        groups: list[list[int]] = []
        for j in range(len(LEG_COORDINATES)):
            for group in groups:
                if not (self.spans[:, group].any(axis=1) & self.spans[:, j]).any():
                    group.append(j)
                    break
            else:
                groups.append([j])
        return groups


def _path_of(opensim: ModuleType, muscle: Any) -> Any:
    """The path of a muscle: a GeometryPath of points and surfaces, or one of another class."""
    path = muscle.getPath()
    return path if path.getConcreteClassName() != "GeometryPath" else opensim.GeometryPath.safeDownCast(path)


def _leg_angles(motion: np.ndarray) -> np.ndarray:
    """Angles of both legs (T, 2, 7), in radians, of a motion (T, 33), degrees and metres."""
    return np.radians(np.asarray(motion)[:, np.array(LEG_INDICES)])
