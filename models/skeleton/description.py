"""What the physics needs to know of an OpenSim model, as plain numpy: no file, no OpenSim object.

Frames follow OpenSim: metres, radians, ground y up. A joint places its child body in its parent body as

    parent body -> parent frame (constant) -> three rotations about listed axes, then one translation
    along listed directions (functions of coordinates) -> child frame (constant, inverted) -> child body.
"""

from dataclasses import dataclass

import numpy as np

MAX_DEGREE = 5


@dataclass(frozen=True)
class PiecewisePolynomial:
    """A function of one coordinate, or a constant.

    coordinate: index into `ModelDescription.coordinate_names`, or None for a constant.
    starts: (P,) abscissa from which piece p is measured; piece p holds from starts[p] to starts[p + 1],
        the first and the last piece without bound (piece 0 covers everything below starts[1]).
    coefficients: (P, MAX_DEGREE + 1) ascending powers of (x - starts[p]).
    """

    coordinate: int | None
    starts: np.ndarray
    coefficients: np.ndarray

    @property
    def is_constant(self) -> bool:
        """True where no coordinate moves it."""
        return self.coordinate is None or not self.coefficients[:, 1:].any()

    @property
    def constant_value(self) -> float:
        """The value of a constant function."""
        return float(self.coefficients[0, 0])


@dataclass(frozen=True)
class JointDescription:
    """One joint. Rotations (3, 3) and offsets (3,) are of the joint's frames in their bodies.

    parent, child: body indices; parent -1 is the ground.
    axes: (6, 3) three rotation axes in the order they apply (body-fixed), then three translation directions.
    functions: the six functions that drive them, radians and metres.
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
    """A whole model: bodies in tree order (a parent before its children), one joint a body.

    coordinate_names: the model's independent coordinates (coupled ones such as `knee_angle_r_beta` are
        substituted by the coordinate that drives them).
    coordinate_defaults: (C,), coordinate_ranges: (C, 2), radians or metres.
    coordinate_is_rotation: (C,) bool.
    masses_kg: (B,), mass_centres: (B, 3) in the body frame, inertias: (B, 3, 3) about the mass centre.
    marker_bodies, marker_locations: (M,), (M, 3). contact_*: the spheres under the feet, right foot first.
    contacts_are_placed: True where the model brought none and they were placed on its own foot.
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
    contacts_are_placed: bool
