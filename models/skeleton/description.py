"""Description of an OpenSim model in plain numpy, without files and OpenSim objects.

Frames are OpenSim's: metres, radians, ground y up. A joint places its child body in its parent body as

    parent body -> parent frame (constant) -> three rotations about listed axes, then one translation
    along listed directions (functions of coordinates) -> child frame (constant, inverted) -> child body.
"""

from dataclasses import dataclass

import numpy as np

MAX_DEGREE = 5


@dataclass(frozen=True)
class PiecewisePolynomial:
    """A function of one coordinate, or a constant.

    Attributes:
        coordinate: index into `ModelDescription.coordinate_names`, or None for a constant.
        starts: (P,) abscissa from which piece p is measured. Piece p holds from starts[p] to starts[p + 1], the first
            piece also below starts[0] and the last one without an upper bound.
        coefficients: (P, MAX_DEGREE + 1) of ascending powers of (x - starts[p]).
    """

    coordinate: int | None
    starts: np.ndarray
    coefficients: np.ndarray

    @property
    def is_constant(self) -> bool:
        """Whether the function does not depend on a coordinate."""
        return self.coordinate is None or not self.coefficients[:, 1:].any()

    @property
    def constant_value(self) -> float:
        """Value of a constant function."""
        return float(self.coefficients[0, 0])


@dataclass(frozen=True)
class JointDescription:
    """A joint, which places a child body in a parent body.

    Attributes:
        name: name of the joint in the model.
        parent: index of the parent body, -1 for the ground.
        child: index of the child body.
        parent_rotation: (3, 3) rotation of the joint's parent frame in the parent body.
        parent_offset: (3,) origin of that frame, metres.
        child_rotation: (3, 3) rotation of the joint's child frame in the child body.
        child_offset: (3,) origin of that frame, metres.
        axes: (6, 3) three rotation axes in the order of rotation (body-fixed), then three translation directions.
        functions: the six functions of coordinates that give rotations and translations, radians and metres.
    """

    name: str
    parent: int
    child: int
    parent_rotation: np.ndarray
    parent_offset: np.ndarray
    child_rotation: np.ndarray
    child_offset: np.ndarray
    axes: np.ndarray
    functions: tuple[PiecewisePolynomial, ...]


@dataclass(frozen=True)
class ModelDescription:
    """An OpenSim model, with bodies in tree order (a parent before its children) and one joint for each body.

    Attributes:
        name: name of the model.
        body_names: names of the bodies, those of standard bodies as in Rajagopal's model (`femur_r`).
        joints: the joint of each body, named as in Rajagopal's model (`walker_knee_r`) where it has the same role.
        coordinate_names: the independent coordinates; coupled ones such as `knee_angle_r_beta` are replaced by the
            coordinate on which they depend. Those of the 33 that the model lacks come last and move nothing.
        coordinate_defaults: (C,) radians or metres.
        coordinate_ranges: (C, 2) radians or metres.
        coordinate_is_rotation: (C,) bool.
        masses_kg: (B,).
        mass_centres: (B, 3) metres, in the body frame.
        inertias: (B, 3, 3) kg m², about the mass centre, in the body frame.
        gravity: (3,) m/s², ground frame.
        marker_names: names of the markers.
        marker_bodies: (M,) indices of their bodies.
        marker_locations: (M, 3) metres, in the body frame.
        contact_names: names of the contact spheres under the feet, right foot first.
        contact_bodies: (P,) indices of their bodies.
        contact_locations: (P, 3) centres, metres, in the body frame.
        contact_radii: (P,) metres.
        missing_coordinates: those of the 33 coordinates that the model lacks, which have no effect.
        added_coordinates: those of the 33 that the model lacks and that move it all the same, see
            `dataset.opensim.arm_coordinates`.
        own_body_names: names of the bodies in the model's file.
    """

    name: str
    body_names: tuple[str, ...]
    joints: tuple[JointDescription, ...]
    coordinate_names: tuple[str, ...]
    coordinate_defaults: np.ndarray
    coordinate_ranges: np.ndarray
    coordinate_is_rotation: np.ndarray
    masses_kg: np.ndarray
    mass_centres: np.ndarray
    inertias: np.ndarray
    gravity: np.ndarray
    marker_names: tuple[str, ...]
    marker_bodies: np.ndarray
    marker_locations: np.ndarray
    contact_names: tuple[str, ...]
    contact_bodies: np.ndarray
    contact_locations: np.ndarray
    contact_radii: np.ndarray
    missing_coordinates: tuple[str, ...] = ()
    added_coordinates: tuple[str, ...] = ()
    own_body_names: tuple[str, ...] = ()
