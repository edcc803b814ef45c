"""Check that the coordinates of a model turn its joints as in Rajagopal2015.

Headings are removed, trunks compared and networks fed by the coordinates' names. A model whose pelvis turns in another
order, or whose angles have another sign, would be simulated correctly and be wrong everywhere else.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from models.conventions import without_side
from models.skeleton.description import JointDescription, ModelDescription, PiecewisePolynomial

_PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
_AT_RAD = 0.2  # of every coordinate, at which the axes are compared
# Axes of models for whole persons are within 25 degrees of these, the ankle's and the subtalar joint's among them.
_LEAST_COSINE = 0.7
_FORWARD, _UP, _RIGHT = np.eye(3)
# Along the ground's axes where all coordinates are 0, of the right side; those of the left side are mirrored.
_AXES: Mapping[str, np.ndarray] = {
    "pelvis_tilt": _RIGHT,
    "pelvis_list": _FORWARD,
    "pelvis_rotation": _UP,
    "hip_flexion": _RIGHT,
    "hip_adduction": _FORWARD,
    "hip_rotation": _UP,
    "knee_angle": -_RIGHT,
    "ankle_angle": _RIGHT,
    "lumbar_extension": _RIGHT,
    "lumbar_bending": _FORWARD,
    "lumbar_rotation": _UP,
}
_MIRRORED = np.array([-1.0, -1.0, 1.0])


def require_usual_joints(path: str | Path, model: ModelDescription) -> None:
    """Check the directions in which pelvis, legs and trunk turn, and the order of the pelvis's rotations.

    Raises:
        InputError: a coordinate turns its joint about another axis, or the pelvis turns in another order.
    """
    upright: dict[int, np.ndarray] = {-1: np.eye(3)}  # of each body, to the ground
    for joint in model.joints:
        parent_frame = upright[joint.parent] @ joint.parent_rotation
        upright[joint.child] = parent_frame @ _rotation_at_zero(joint) @ joint.child_rotation.T
        turns = _turns(joint, parent_frame, model.coordinate_names)
        for name, axis in turns.items():
            expected = _expected_axis(name)
            if expected is not None and expected @ axis < _LEAST_COSINE * np.linalg.norm(axis):
                raise InputError(
                    f"{path}: {name} turns the joint {joint.name} about the axis {_shown(axis)}, where about "
                    f"{_shown(expected)} is expected (forward, up, right), as in the Rajagopal2015 and LaiUhlrich2022 "
                    "models"
                )
        order = tuple(name for name in turns if name in _PELVIS)
        if order and order != _PELVIS:
            raise InputError(
                f"{path}: the pelvis turns in the order {', '.join(order)}; expected {', '.join(_PELVIS)}, as in the "
                "Rajagopal2015 and LaiUhlrich2022 models"
            )


def _expected_axis(coordinate: str) -> np.ndarray | None:
    """The axis in the ground about which a coordinate should turn its joint; None where any will do."""
    axis = _AXES.get(without_side(coordinate))
    return axis * _MIRRORED if axis is not None and coordinate.endswith("_l") else axis


def _rotation_at_zero(joint: JointDescription) -> np.ndarray:
    """(3, 3) rotation of a joint's child frame in its parent frame where the coordinates are 0."""
    result = np.eye(3)
    for axis, function in zip(joint.axes[:3], joint.functions[:3], strict=True):
        result = result @ Rotation.from_rotvec(_value_and_slope(function, 0.0)[0] * axis).as_matrix()
    return result


def _turns(joint: JointDescription, parent_frame: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The axis (3,) in the ground about which each coordinate turns the joint, in the order of rotation."""
    found: dict[str, np.ndarray] = {}
    for axis, function in zip(joint.axes[:3], joint.functions[:3], strict=True):
        if function.coordinate is not None and not function.is_constant:
            name = names[function.coordinate]
            turn = _value_and_slope(function, _AT_RAD)[1] * parent_frame @ axis
            found[name] = found.get(name, np.zeros(3)) + turn
    return found


def _value_and_slope(function: PiecewisePolynomial, at: float) -> tuple[float, float]:
    piece = max(int(np.searchsorted(function.starts, at, side="right")) - 1, 0)
    polynomial = np.polynomial.Polynomial(function.coefficients[piece])
    x = at - function.starts[piece]
    return float(polynomial(x)), float(polynomial.deriv()(x))


def _shown(values: np.ndarray) -> str:
    return " ".join(f"{value + 0.0:.2g}" for value in values)
