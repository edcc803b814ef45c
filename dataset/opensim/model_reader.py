"""Read a scaled OpenSim model (.osim) once, through OpenSim's own reader, into a `ModelDescription`."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.skeleton.description import MAX_DEGREE, JointDescription, ModelDescription, PiecewisePolynomial

_CONTACTS_OF_A_FOOT = 6
# Where OpenCap puts its six spheres under a right foot: body, then the centre along x and z as a fraction of the
# foot's length (heel to metatarsophalangeal joint), as measured in OpenCap's models with contacts (Uhlrich 2023).
_CONTACT_LAYOUT = (
    ("s1", "calcn", 0.01163, -0.02342),
    ("s2", "calcn", 0.90806, -0.17572),
    ("s3", "calcn", 0.81391, 0.31599),
    ("s4", "calcn", 0.40533, 0.16134),
    ("s5", "toes", 0.36718, -0.11481),
    ("s6", "toes", 0.27538, 0.37854),
)
_CONTACT_HEIGHT_M = -0.01
_CONTACT_RADIUS_M = 0.032


def load_opensim():
    """The `opensim` module, silent and without its log file."""
    import opensim

    opensim.Logger.setLevelString("off")
    opensim.Logger.removeFileSink()
    return opensim


def open_opensim_model(path: str | Path):
    """OpenSim's own model of a file, initialised, with its state: (model, state).

    Raises InputError where the file is missing or OpenSim cannot read it.
    """
    opensim = load_opensim()
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file (expected an OpenSim .osim)")
    try:
        model = opensim.Model(str(path))
        state = model.initSystem()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{path}: OpenSim cannot read this model ({reason})") from None
    return model, state


def read_osim(path: str | Path) -> ModelDescription:
    """Everything that kinematics and dynamics need of an .osim file.

    Handles CustomJoint, PinJoint, UniversalJoint and WeldJoint, with Constant, LinearFunction, PolynomialFunction,
    SimmSpline and MultiplierFunction; CoordinateCouplerConstraints (the patella) are substituted.
    Raises InputError naming the file and the joint, function or body that cannot be handled.
    """
    path = Path(path)
    model, state = open_opensim_model(path)
    reader = _Reader(model, path)
    bodies = reader.bodies()
    contacts, placed = reader.contacts(bodies)
    markers = reader.markers(bodies)
    return ModelDescription(
        name=model.getName(),
        body_names=tuple(bodies),
        joints=tuple(reader.joint(name, bodies) for name in bodies),
        coordinate_names=tuple(reader.coordinates),
        coordinate_defaults=np.array([c.getDefaultValue() for c in reader.coordinates.values()]),
        coordinate_ranges=np.array([(c.getRangeMin(), c.getRangeMax()) for c in reader.coordinates.values()]),
        coordinate_is_rotation=np.array([c.getMotionType() == 1 for c in reader.coordinates.values()]),
        masses_kg=np.array([body.getMass() for body in bodies.values()]),
        mass_centres=np.array([body.getMassCenter().to_numpy() for body in bodies.values()]),
        inertias=np.array([_inertia_matrix(body) for body in bodies.values()]),
        gravity=model.getGravity().to_numpy(),
        marker_names=tuple(marker[0] for marker in markers),
        marker_bodies=np.array([marker[1] for marker in markers], dtype=int),
        marker_locations=np.array([marker[2] for marker in markers]).reshape(-1, 3),
        contact_names=tuple(contact[0] for contact in contacts),
        contact_bodies=np.array([contact[1] for contact in contacts], dtype=int),
        contact_locations=np.array([contact[2] for contact in contacts]),
        contact_radii=np.array([contact[3] for contact in contacts]),
        contacts_are_placed=placed,
    )


@lru_cache(maxsize=8)
def _load_skeleton(path: Path, modified_ns: int, dtype):
    from models.skeleton.forward_kinematics import OpenSimSkeleton

    return OpenSimSkeleton(read_osim(path), dtype=dtype)


def load_skeleton(path: str | Path, dtype=None):
    """The skeleton of an .osim file, float32 by default; loaded once per file and process."""
    import torch

    path = Path(path).resolve()
    if not path.is_file():
        raise InputError(f"{path}: there is no such model file (expected an OpenSim .osim)")
    return _load_skeleton(path, path.stat().st_mtime_ns, dtype or torch.float32)


class _Reader:
    """Walks one OpenSim model."""

    def __init__(self, model, path: Path):
        self.opensim = load_opensim()
        self.model = model
        self.path = path
        self.couplers = self._couplers()
        every = [model.getCoordinateSet().get(i) for i in range(model.getCoordinateSet().getSize())]
        self.coordinates = {c.getName(): c for c in every if c.getName() not in self.couplers}
        self.index = {name: i for i, name in enumerate(self.coordinates)}

    def _couplers(self) -> dict[str, tuple[str, float, float]]:
        """Dependent coordinate -> (independent coordinate, slope, intercept)."""
        couplers = {}
        for i in range(self.model.getConstraintSet().getSize()):
            constraint = self.model.getConstraintSet().get(i)
            coupler = self.opensim.CoordinateCouplerConstraint.safeDownCast(constraint)
            if coupler is None:
                raise InputError(
                    f"{self.path}: constraint '{constraint.getName()}' is a {constraint.getConcreteClassName()}; "
                    "only coordinate couplers can be handled"
                )
            independent = coupler.getIndependentCoordinateNames().get(0)
            pieces = self._pieces(coupler.getFunction(), coupler.getName())
            if len(pieces[0]) != 1 or pieces[1][0, 2:].any():
                raise InputError(f"{self.path}: coupler '{coupler.getName()}' is not linear")
            couplers[coupler.getDependentCoordinateName()] = (independent, pieces[1][0, 1], pieces[1][0, 0])
        return couplers

    def bodies(self) -> dict:
        """Bodies by name in tree order: a parent before its children."""
        joints = self.model.getJointSet()
        self.joint_of_body = {}
        for i in range(joints.getSize()):
            self.joint_of_body[joints.get(i).getChildFrame().findBaseFrame().getName()] = joints.get(i)
        bodies, waiting = {}, [self.model.getBodySet().get(i) for i in range(self.model.getBodySet().getSize())]
        while waiting:
            ready = [b for b in waiting if self._parent_of(b.getName()) in (*bodies, "ground")]
            if not ready:
                raise InputError(f"{self.path}: bodies {[b.getName() for b in waiting]} hang on no joint")
            bodies.update((body.getName(), body) for body in ready)
            waiting = [body for body in waiting if body.getName() not in bodies]
        return bodies

    def _parent_of(self, body: str) -> str:
        if body not in self.joint_of_body:
            raise InputError(f"{self.path}: body '{body}' hangs on no joint")
        return self.joint_of_body[body].getParentFrame().findBaseFrame().getName()

    def joint(self, child: str, bodies: dict) -> JointDescription:
        joint = self.joint_of_body[child]
        order = list(bodies)
        parent = self._parent_of(child)
        parent_rotation, parent_offset = frame_in_body(joint.getParentFrame())
        child_rotation, child_offset = frame_in_body(joint.getChildFrame())
        axes, functions = self._axes(joint)
        return JointDescription(
            name=joint.getName(),
            parent=-1 if parent == "ground" else order.index(parent),
            child=order.index(child),
            parent_rotation=parent_rotation,
            parent_offset=parent_offset,
            child_rotation=child_rotation,
            child_offset=child_offset,
            axes=axes,
            functions=functions,
        )

    def _axes(self, joint) -> tuple[np.ndarray, tuple[PiecewisePolynomial, ...]]:
        kind = joint.getConcreteClassName()
        names = [joint.get_coordinates(i).getName() for i in range(joint.numCoordinates())]
        axes = np.concatenate([np.eye(3), np.eye(3)])
        functions = [_constant(0.0)] * 6
        if kind == "PinJoint":
            axes[:3] = np.eye(3)[[2, 0, 1]]
            functions[0] = self._linear(names[0])
        elif kind == "UniversalJoint":
            functions[:2] = [self._linear(names[0]), self._linear(names[1])]
        elif kind == "CustomJoint":
            transform = self.opensim.CustomJoint.safeDownCast(joint).getSpatialTransform()
            for i in range(6):
                axis = transform.getTransformAxis(i)
                axes[i] = axis.getAxis().to_numpy()
                axes[i] /= np.linalg.norm(axes[i])
                drivers = axis.getCoordinateNamesInArray()
                driver = drivers.get(0) if drivers.getSize() else None
                functions[i] = self._function(axis.getFunction(), driver, joint.getName())
        elif kind != "WeldJoint":
            raise InputError(f"{self.path}: joint '{joint.getName()}' is a {kind}, which is not handled")
        return axes, tuple(functions)

    def _linear(self, coordinate: str) -> PiecewisePolynomial:
        return PiecewisePolynomial(self.index[coordinate], np.zeros(1), _padded([[0.0, 1.0]]))

    def _function(self, function, driver: str | None, joint: str) -> PiecewisePolynomial:
        starts, coefficients = self._pieces(function, joint)
        if driver is None:
            return _constant(coefficients[0, 0])
        if driver in self.couplers:
            driver, slope, intercept = self.couplers[driver]
            # f(slope*q + intercept): each piece measured from its start, rescaled to the driving coordinate
            starts = (starts - intercept) / slope
            coefficients = coefficients * slope ** np.arange(MAX_DEGREE + 1)
            if slope < 0 and len(starts) > 1:
                raise InputError(f"{self.path}: joint '{joint}' has a spline behind a falling coupler")
        return PiecewisePolynomial(self.index[driver], starts, coefficients)

    def _pieces(self, function, owner: str) -> tuple[np.ndarray, np.ndarray]:
        """(starts, coefficients) of an OpenSim function of one argument."""
        opensim, kind = self.opensim, function.getConcreteClassName()
        if kind == "MultiplierFunction":
            multiplier = opensim.MultiplierFunction.safeDownCast(function)
            starts, coefficients = self._pieces(multiplier.getFunction(), owner)
            return starts, coefficients * multiplier.getScale()
        if kind == "Constant":
            return np.zeros(1), _padded([[opensim.Constant.safeDownCast(function).getValue()]])
        if kind == "LinearFunction":
            linear = opensim.LinearFunction.safeDownCast(function)
            return np.zeros(1), _padded([[linear.getIntercept(), linear.getSlope()]])
        if kind == "PolynomialFunction":
            descending = opensim.PolynomialFunction.safeDownCast(function).getCoefficients().to_numpy()
            if len(descending) > MAX_DEGREE + 1:
                raise InputError(f"{self.path}: joint '{owner}' has a polynomial of degree {len(descending) - 1}")
            return np.zeros(1), _padded([descending[::-1]])
        if kind == "SimmSpline":
            return _spline_pieces(opensim, opensim.SimmSpline.safeDownCast(function))
        raise InputError(f"{self.path}: joint '{owner}' has a function of kind {kind}, which is not handled")

    def markers(self, bodies: dict) -> list[tuple[str, int, np.ndarray]]:
        order, found = list(bodies), []
        for i in range(self.model.getMarkerSet().getSize()):
            marker = self.model.getMarkerSet().get(i)
            rotation, offset = frame_in_body(marker.getParentFrame())
            location = offset + rotation @ marker.get_location().to_numpy()
            body = marker.getParentFrame().findBaseFrame().getName()
            if body in order:
                found.append((marker.getName(), order.index(body), location))
        return found

    def contacts(self, bodies: dict) -> tuple[list[tuple[str, int, np.ndarray, float]], bool]:
        """Contact spheres, right foot first, six a foot; placed on the model's own foot where it has none."""
        order, found = list(bodies), []
        geometry = self.model.getContactGeometrySet()
        for i in range(geometry.getSize()):
            sphere = self.opensim.ContactSphere.safeDownCast(geometry.get(i))
            if sphere is not None:
                rotation, offset = frame_in_body(sphere.getFrame())
                location = offset + rotation @ sphere.get_location().to_numpy()
                body = sphere.getFrame().findBaseFrame().getName()
                found.append((sphere.getName(), order.index(body), location, sphere.getRadius()))
        feet = {side: [c for c in found if order[c[1]].endswith(f"_{side}")] for side in "rl"}
        if all(len(feet[side]) == _CONTACTS_OF_A_FOOT for side in "rl"):
            return feet["r"] + feet["l"], False
        for body in ("calcn_r", "calcn_l", "toes_r", "toes_l"):
            if body not in order:
                raise InputError(f"{self.path}: there is no body '{body}' to place contact points on")
        placed = []
        for side, sign in (("r", 1.0), ("l", -1.0)):
            _, toe_joint = frame_in_body(self.joint_of_body[f"toes_{side}"].getParentFrame())
            length = toe_joint[0]
            for name, body, x, z in _CONTACT_LAYOUT:
                location = np.array([x * length, _CONTACT_HEIGHT_M, sign * z * length])
                placed.append((f"{name}_{side}", order.index(f"{body}_{side}"), location, _CONTACT_RADIUS_M))
        return placed, True


def _padded(rows) -> np.ndarray:
    coefficients = np.zeros((len(rows), MAX_DEGREE + 1))
    for i, row in enumerate(rows):
        coefficients[i, : len(row)] = row
    return coefficients


def _constant(value: float) -> PiecewisePolynomial:
    return PiecewisePolynomial(None, np.zeros(1), _padded([[value]]))


def _spline_pieces(opensim, spline) -> tuple[np.ndarray, np.ndarray]:
    """A SimmSpline's cubics, recovered from four of its own values a piece; it is linear beyond its ends."""
    knots = np.array([spline.getX(i) for i in range(spline.getSize())])
    thirds = np.arange(4) / 3.0
    vandermonde = np.vander(thirds, 4, increasing=True)
    pieces = []
    for left, right in zip(knots[:-1], knots[1:], strict=True):
        values = [spline.calcValue(opensim.Vector(1, left + t * (right - left))) for t in thirds]
        pieces.append(np.linalg.solve(vandermonde, values) / (right - left) ** np.arange(4))
    first = [pieces[0][0], pieces[0][1]]
    width = knots[-1] - knots[-2]
    last = [np.polyval(pieces[-1][::-1], width), np.polyval(np.polyder(pieces[-1][::-1]), width)]
    return np.concatenate([knots[:1], knots]), _padded([first, *pieces, last])


def frame_in_body(frame) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (3, 3) and offset (3,) in metres of an OpenSim frame in the body that it hangs on."""
    transform = frame.findTransformInBaseFrame()
    rotation = transform.R()
    matrix = np.array([[rotation.get(i, j) for j in range(3)] for i in range(3)])
    return matrix, transform.p().to_numpy()


def _inertia_matrix(body) -> np.ndarray:
    moments, products = body.getInertia().getMoments().to_numpy(), body.getInertia().getProducts().to_numpy()
    xy, xz, yz = products
    return np.array([[moments[0], xy, xz], [xy, moments[1], yz], [xz, yz, moments[2]]])
