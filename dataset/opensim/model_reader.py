"""Reader of scaled OpenSim models (.osim), through OpenSim itself, into a `ModelDescription` and a skeleton."""

import logging
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset.errors import InputError
from dataset.opensim.arm_coordinates import with_arm_coordinates
from dataset.opensim.body_check import require_plausible_bodies
from dataset.opensim.coordinate_functions import JointFunctionReader, constant_function
from dataset.opensim.foot_contacts import read_contacts
from dataset.opensim.joint_conventions import require_usual_joints
from dataset.opensim.opensim_library import frame_in_body, load_opensim, naming_model, open_opensim_model
from dataset.opensim.standard_names import standard_names
from models.conventions import COORDINATES, NEEDED_COORDINATES
from models.skeleton.description import JointDescription, ModelDescription, PiecewisePolynomial

if TYPE_CHECKING:
    import torch

    from models.skeleton.forward_kinematics import OpenSimSkeleton

logger = logging.getLogger("bige")

_ANY_ANGLE_RAD = (-np.pi, np.pi)


def read_osim(path: str | Path) -> ModelDescription:
    """Read what kinematics and dynamics need of a model file.

    Supported are CustomJoint, PinJoint, UniversalJoint and WeldJoint, with Constant, LinearFunction,
    PolynomialFunction, SimmSpline and MultiplierFunction. CoordinateCouplerConstraints (the patella) are substituted.

    Joints are recognised by the coordinates that they carry, whatever their names. The pelvis's six coordinates and
    those of hips, knees and ankles have to be there; others that the model lacks are logged and have no effect.

    Raises:
        InputError: the file cannot be read; or a joint, function or body in it is not supported, or one that is needed
            is missing. The message names it.
    """
    with naming_model(path):
        return _read_model(Path(path))


def _read_model(path: Path) -> ModelDescription:
    model, _ = open_opensim_model(path)
    reader = _ModelReader(model, path)
    bodies, coordinates = reader.bodies, reader.functions.coordinates.values()
    missing = reader.missing_coordinates()
    names, joint_names = reader.standard_names()
    contacts = read_contacts(model, path, names, reader.joint_of_body)
    markers = reader.markers()
    description = ModelDescription(
        name=model.getName(),
        body_names=tuple(names[name] for name in bodies),
        joints=tuple(replace(reader.joint(name), name=joint_names[name]) for name in bodies),
        coordinate_names=(*reader.functions.coordinates, *missing),
        coordinate_defaults=np.array([c.getDefaultValue() for c in coordinates] + [0.0] * len(missing)),
        coordinate_ranges=np.array(
            [(c.getRangeMin(), c.getRangeMax()) for c in coordinates] + [_ANY_ANGLE_RAD] * len(missing)
        ),
        coordinate_is_rotation=np.array([c.getMotionType() == 1 for c in coordinates] + [True] * len(missing)),
        masses_kg=np.array([body.getMass() for body in bodies.values()]),
        mass_centres=np.array([body.getMassCenter().to_numpy() for body in bodies.values()]),
        inertias=np.array([_inertia_matrix(body) for body in bodies.values()]),
        gravity=model.getGravity().to_numpy(),
        marker_names=tuple(name for name, _, _ in markers),
        marker_bodies=np.array([body for _, body, _ in markers], dtype=int),
        marker_locations=np.array([location for _, _, location in markers]).reshape(-1, 3),
        contact_names=tuple(contact.name for contact in contacts),
        contact_bodies=np.array([contact.body for contact in contacts], dtype=int),
        contact_locations=np.array([contact.location for contact in contacts]),
        contact_radii=np.array([contact.radius for contact in contacts]),
        missing_coordinates=missing,
        own_body_names=tuple(bodies),
    )
    require_plausible_bodies(path, description)
    require_usual_joints(path, description)
    if missing:
        description = with_arm_coordinates(description)
        _log_missing(path, description)
    return description


def load_skeleton(path: str | Path, dtype: "torch.dtype | None" = None) -> "OpenSimSkeleton":
    """The skeleton of a model file; each file is loaded once in a process.

    Args:
        path: the scaled model (.osim).
        dtype: of the skeleton's tensors, by default float32.

    Raises:
        InputError: as `read_osim`.
    """
    import torch

    path = Path(path).resolve()
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file (expected an OpenSim .osim)")
    return _load_skeleton(path, path.stat().st_mtime_ns, dtype or torch.float32)


@lru_cache(maxsize=8)
def _load_skeleton(path: Path, modified_ns: int, dtype: "torch.dtype") -> "OpenSimSkeleton":
    from models.skeleton.forward_kinematics import OpenSimSkeleton

    return OpenSimSkeleton(read_osim(path), dtype=dtype)


class _ModelReader:
    """Reads the parts of one OpenSim model.

    Attributes:
        functions: the model's coordinates and functions.
        bodies: OpenSim bodies by name, a parent before its children.
    """

    def __init__(self, model: Any, path: Path) -> None:
        self._opensim = load_opensim()
        self._model = model
        self._path = path
        self.functions = JointFunctionReader(model, path)
        joints = [model.getJointSet().get(i) for i in range(model.getJointSet().getSize())]
        self._joints = {joint.getChildFrame().findBaseFrame().getName(): joint for joint in joints}
        self.bodies = self._bodies_in_tree_order()
        self._order = list(self.bodies)

    def missing_coordinates(self) -> tuple[str, ...]:
        """Those of the 33 coordinates that the model lacks.

        Raises:
            InputError: one is missing that a squat needs, or the knees bend in the negative direction.
        """
        own = self.functions.coordinates
        missing = tuple(name for name in COORDINATES if name not in own)
        needed = [name for name in missing if name in NEEDED_COORDINATES]
        if needed:
            raise InputError(
                f"{self._path}: the model has no coordinate {', '.join(needed)}; a squat needs the six of the pelvis "
                "and those of hips, knees and ankles, as in the Rajagopal2015 and LaiUhlrich2022 models"
            )
        for name in ("knee_angle_l", "knee_angle_r"):
            low, high = np.degrees([own[name].getRangeMin(), own[name].getRangeMax()])
            if low < -60 and high < 45:
                raise InputError(
                    f"{self._path}: {name} bends in the negative direction (its range is {low:.0f} to {high:.0f} "
                    "degrees, as in gait2392); a model whose knees bend in the positive direction is expected"
                )
        return missing

    def standard_names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Standard names of the bodies, and names of the joints, by the bodies' own names.

        Raises:
            InputError: the model lacks a part of the body.
        """
        parents = {body: self._parent_of(body) for body in self.bodies}
        names, joints, missing = standard_names(
            self._order, parents, {body: _coordinates_of(self._joints[body]) for body in self._order}
        )
        if missing:
            raise InputError(
                f"{self._path}: the model has no body {', '.join(missing)}; a whole person is expected, as in the "
                "Rajagopal2015 and LaiUhlrich2022 models"
            )
        taken = set(joints.values())
        for body in self._order:
            own = self._joints[body].getName()
            joints.setdefault(body, f"{own}_of_{body}" if own in taken else own)
        return names, joints

    def joint_of_body(self, body: str) -> Any:
        """The OpenSim joint by which a body is attached to its parent."""
        if body not in self._joints:
            raise InputError(f"{self._path}: body '{body}' is not attached by a joint")
        return self._joints[body]

    def joint(self, child: str) -> JointDescription:
        """The joint by which the body `child` is attached."""
        joint = self.joint_of_body(child)
        parent = self._parent_of(child)
        parent_rotation, parent_offset = frame_in_body(joint.getParentFrame())
        child_rotation, child_offset = frame_in_body(joint.getChildFrame())
        axes, functions = self._axes(joint)
        return JointDescription(
            name=joint.getName(),
            parent=-1 if parent == "ground" else self._order.index(parent),
            child=self._order.index(child),
            parent_rotation=parent_rotation,
            parent_offset=parent_offset,
            child_rotation=child_rotation,
            child_offset=child_offset,
            axes=axes,
            functions=functions,
        )

    def markers(self) -> list[tuple[str, int, np.ndarray]]:
        """Name, index of the body and location (3,) in the body's frame, in metres, of each marker."""
        found = []
        for i in range(self._model.getMarkerSet().getSize()):
            marker = self._model.getMarkerSet().get(i)
            rotation, offset = frame_in_body(marker.getParentFrame())
            location = offset + rotation @ marker.get_location().to_numpy()
            body = marker.getParentFrame().findBaseFrame().getName()
            if body in self.bodies:
                found.append((marker.getName(), self._order.index(body), location))
        return found

    def _bodies_in_tree_order(self) -> dict[str, Any]:
        body_set = self._model.getBodySet()
        bodies: dict[str, Any] = {}
        waiting = [body_set.get(i) for i in range(body_set.getSize())]
        while waiting:
            ready = [body for body in waiting if self._parent_of(body.getName()) in (*bodies, "ground")]
            if not ready:
                raise InputError(
                    f"{self._path}: bodies {[body.getName() for body in waiting]} are not connected to the ground"
                )
            bodies.update((body.getName(), body) for body in ready)
            waiting = [body for body in waiting if body.getName() not in bodies]
        return bodies

    def _parent_of(self, body: str) -> str:
        return self.joint_of_body(body).getParentFrame().findBaseFrame().getName()

    def _axes(self, joint: Any) -> tuple[np.ndarray, tuple[PiecewisePolynomial, ...]]:
        """Axes (6, 3), three of rotation and three of translation, and the function of each."""
        kind = joint.getConcreteClassName()
        names = _coordinates_of(joint)
        axes = np.concatenate([np.eye(3), np.eye(3)])
        functions = [constant_function(0.0)] * 6
        if kind == "PinJoint":
            axes[:3] = np.eye(3)[[2, 0, 1]]
            functions[0] = self.functions.linear(names[0])
        elif kind == "UniversalJoint":
            functions[:2] = [self.functions.linear(names[0]), self.functions.linear(names[1])]
        elif kind == "CustomJoint":
            transform = self._opensim.CustomJoint.safeDownCast(joint).getSpatialTransform()
            for i in range(6):
                axis = transform.getTransformAxis(i)
                axes[i] = axis.getAxis().to_numpy()
                axes[i] /= np.linalg.norm(axes[i])
                drivers = axis.getCoordinateNamesInArray()
                if drivers.getSize() > 1:
                    raise InputError(
                        f"{self._path}: joint '{joint.getName()}' has an axis that depends on {drivers.getSize()} "
                        "coordinates; at most one is supported"
                    )
                driver = drivers.get(0) if drivers.getSize() else None
                functions[i] = self.functions.convert(axis.getFunction(), driver, joint.getName())
        elif kind != "WeldJoint":
            raise InputError(f"{self._path}: joint '{joint.getName()}' is a {kind}, which is not supported")
        return axes, tuple(functions)


def _log_missing(path: Path, description: ModelDescription) -> None:
    own = [name for name in description.coordinate_names if name not in COORDINATES]
    also = f"; its own {', '.join(own)} are taken from motion files that have them" if own else ""
    if description.added_coordinates:
        _warn_once(
            f"{path}: the model's shoulders lack {', '.join(description.added_coordinates)}, which turn its arms as in "
            f"Rajagopal's model{also}"
        )
    if description.missing_coordinates:
        _warn_once(
            f"{path}: the model has no coordinate {', '.join(description.missing_coordinates)}; these joints stay as "
            f"the model has them{also}"
        )


def _coordinates_of(joint: Any) -> list[str]:
    return [joint.get_coordinates(i).getName() for i in range(joint.numCoordinates())]


@cache
def _warn_once(sentence: str) -> None:
    logger.warning(sentence)


def _inertia_matrix(body: Any) -> np.ndarray:
    """(3, 3) moments and products of inertia about the mass centre, kg m^2."""
    moments, products = body.getInertia().getMoments().to_numpy(), body.getInertia().getProducts().to_numpy()
    xy, xz, yz = products
    return np.array([[moments[0], xy, xz], [xy, moments[1], yz], [xz, yz, moments[2]]])
