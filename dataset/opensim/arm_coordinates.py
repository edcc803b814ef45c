"""The coordinates of Rajagopal's arm, added to models whose shoulders have others.

OpenCap's shoulder model (LaiUhlrich2022_shoulder) has `sh_plane_elev`, `sh_elev` and `sh_axial_rot` in place of
`arm_flex`, `arm_add` and `arm_rot`. The model keeps its own coordinates, and a body without mass is inserted above the
humerus that the missing ones turn, about the axes of Rajagopal's shoulder. So a motion in either set of coordinates
moves the arm exactly as it says, because in both sets the arm hangs where all are zero, and a file that has both sets
has zeros in one of them.
"""

from dataclasses import replace

import numpy as np

from dataset.opensim.coordinate_functions import constant_function
from models.skeleton.description import MAX_DEGREE, JointDescription, ModelDescription, PiecewisePolynomial

_COORDINATES = ("arm_flex", "arm_add", "arm_rot")
_AXES = {
    "r": ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "l": ((0.0, 0.0, 1.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)),
}


def with_arm_coordinates(description: ModelDescription) -> ModelDescription:
    """The description, in which the missing coordinates of an arm move it.

    Only such that come first in the order of rotation are added (`arm_flex`; `arm_flex` and `arm_add`; all three):
    after a coordinate that the model has itself, a rotation would have another meaning.
    """
    for side, axes in _AXES.items():
        names = [f"{name}_{side}" for name in _COORDINATES]
        missing = [name in description.missing_coordinates for name in names]
        count = missing.index(False) if False in missing else len(missing)
        humerus = f"humerus_{side}"
        if count and not any(missing[count:]) and humerus in description.body_names:
            description = _insert_above(description, humerus, names[:count], np.array(axes))
    return description


def _insert_above(description: ModelDescription, body: str, names: list[str], axes: np.ndarray) -> ModelDescription:
    """The description with a body without mass between `body` and its parent, turned by the named coordinates."""
    at = description.body_names.index(body)
    joint = description.joints[at]
    turns = [
        PiecewisePolynomial(description.coordinate_names.index(name), np.zeros(1), _identity_coefficients())
        for name in names
    ]
    still = [constant_function(0.0)] * (6 - len(turns))
    inserted = JointDescription(
        name=f"{joint.name}_arm",
        parent=joint.parent,
        child=at,
        parent_rotation=np.eye(3),
        parent_offset=joint.parent_offset,
        child_rotation=np.eye(3),
        child_offset=np.zeros(3),
        axes=np.concatenate([axes, np.eye(3)]),
        functions=(*turns, *still),
    )

    joints = [replace(one, parent=_moved(one.parent, at), child=_moved(one.child, at)) for one in description.joints]
    joints[at] = replace(joints[at], parent=at, parent_offset=np.zeros(3))
    name = f"{body}_arm"
    return _by_depth(
        replace(
            description,
            body_names=(*description.body_names[:at], name, *description.body_names[at:]),
            own_body_names=(*description.own_body_names[:at], name, *description.own_body_names[at:]),
            joints=(*joints[:at], inserted, *joints[at:]),
            masses_kg=np.insert(description.masses_kg, at, 0.0),
            mass_centres=np.insert(description.mass_centres, at, 0.0, axis=0),
            inertias=np.insert(description.inertias, at, 0.0, axis=0),
            marker_bodies=np.array([_moved(index, at) for index in description.marker_bodies], dtype=int),
            contact_bodies=np.array([_moved(index, at) for index in description.contact_bodies], dtype=int),
            missing_coordinates=tuple(one for one in description.missing_coordinates if one not in names),
            added_coordinates=(*description.added_coordinates, *names),
        )
    )


def _moved(index: int, at: int) -> int:
    """Index of a body after one was inserted at `at`."""
    return index + (index >= at)


def _by_depth(description: ModelDescription) -> ModelDescription:
    """The description with its bodies in the order of their depth in the tree, as `KinematicTree` traverses them."""
    depth: list[int] = []
    for joint in description.joints:
        depth.append(0 if joint.parent < 0 else depth[joint.parent] + 1)
    order = np.argsort(depth, kind="stable")
    place = {int(old): new for new, old in enumerate(order)} | {-1: -1}
    joints = [description.joints[old] for old in order]
    return replace(
        description,
        body_names=tuple(description.body_names[old] for old in order),
        own_body_names=tuple(description.own_body_names[old] for old in order),
        joints=tuple(replace(one, parent=place[one.parent], child=place[one.child]) for one in joints),
        masses_kg=description.masses_kg[order],
        mass_centres=description.mass_centres[order],
        inertias=description.inertias[order],
        marker_bodies=np.array([place[int(index)] for index in description.marker_bodies], dtype=int),
        contact_bodies=np.array([place[int(index)] for index in description.contact_bodies], dtype=int),
    )


def _identity_coefficients() -> np.ndarray:
    coefficients = np.zeros((1, MAX_DEGREE + 1))
    coefficients[0, 1] = 1.0
    return coefficients
