"""Batched, differentiable inverse dynamics and contact Jacobians of an OpenSim model.

Without recursion over bodies: relative motions of all joints are evaluated together, sums over ancestors are a product
with a constant 0/1 matrix, and sums over descendants one with its transpose (Featherstone, Rigid Body Dynamics
Algorithms, 2008, ch. 5, with all quantities in the ground frame). Shapes: C coordinates, A rotation axes, D translation
directions, B bodies, P contact points, N frames, which come last; radians, metres, newtons.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.skeleton.description import ModelDescription
from models.skeleton.kinematic_tree import KinematicTree, cross, rotate


@dataclass
class MotionState:
    """Positions, velocities and accelerations of all bodies in N frames, in the ground frame.

    Attributes:
        rotation: (B, 3, 3, N) of the bodies.
        origin: (B, 3, N) of the bodies, metres.
        centre: (B, 3, N) joint centres, metres.
        axes: (A, 3, N) of the moving rotations.
        directions: (D, 3, N) of the moving translations.
        first: (A + D, N) first derivatives of the functions of these by their coordinates.
        angular_velocity: (B, 3, N) of the bodies, rad/s.
        angular_acceleration: (B, 3, N) of the bodies, rad/s².
        acceleration: (B, 3, N) of the bodies' origins, m/s².
    """

    rotation: Tensor
    origin: Tensor
    centre: Tensor
    axes: Tensor
    directions: Tensor
    first: Tensor
    angular_velocity: Tensor
    angular_acceleration: Tensor
    acceleration: Tensor


class Dynamics(nn.Module):
    """Inverse dynamics of a model.

    Attributes:
        description: the model.
        tree: its joints.
        contact_coordinates: indices of the coordinates that move the contact points.
    """

    lineage: Tensor  # (B, B) 1 where a column's body is a row's body or one of its ancestors
    axes_of_body: Tensor  # (B, A) 1 where a rotation about an axis moves a body
    mover: Tensor  # (B, D) 1 where a direction belongs to a body's joint
    prior: Tensor  # (A, A) 1 where a rotation about a column's axis moves a row's axis
    gather: Tensor  # (C, A + D) 1 where a coordinate drives an axis or direction
    mass: Tensor
    mass_centre: Tensor
    inertia: Tensor
    gravity: Tensor
    axis_joint: Tensor
    move_joint: Tensor
    contact_bodies: Tensor
    contact_locations: Tensor
    contact_radii: Tensor
    contact_restore: Tensor

    def __init__(self, description: ModelDescription, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.description = description
        self.tree = tree = KinematicTree(description, dtype)
        bodies, axes, moves = len(tree.parents), tree.axis_count, tree.move_count
        lineage = np.zeros((bodies, bodies))
        for body in range(bodies):
            ancestor = body
            while ancestor >= 0:
                lineage[body, ancestor] = 1.0
                ancestor = tree.parents[ancestor]
        owner = np.zeros((bodies, axes))
        owner[tree.axis_joint, np.arange(axes)] = 1.0
        mover = np.zeros((bodies, moves))
        mover[tree.move_joint, np.arange(moves)] = 1.0
        axes_of_body = lineage @ owner
        earlier = np.tril(np.ones((axes, axes)), -1)
        same_joint = np.equal.outer(tree.axis_joint, tree.axis_joint)
        prior = (axes_of_body[tree.axis_joint] - same_joint) + same_joint * earlier

        self._register("lineage", lineage, dtype)
        self._register("axes_of_body", axes_of_body, dtype)
        self._register("mover", mover, dtype)
        self._register("prior", prior, dtype)
        drivers = np.zeros((len(description.coordinate_names), axes + moves))
        drivers[tree.functions.drivers.numpy(), np.arange(axes + moves)] = 1.0
        self._register("gather", drivers, dtype)
        self._register("mass", description.masses_kg[:, None, None], dtype)
        self._register("mass_centre", description.mass_centres[..., None], dtype)
        self._register("inertia", description.inertias[..., None], dtype)
        self._register("gravity", description.gravity[None, :, None], dtype)
        self.register_buffer("axis_joint", torch.tensor(tree.axis_joint))
        self.register_buffer("move_joint", torch.tensor(tree.move_joint))
        self.register_buffer("contact_bodies", torch.as_tensor(description.contact_bodies))
        self._register("contact_locations", description.contact_locations[..., None], dtype)
        self._register("contact_radii", description.contact_radii[:, None], dtype)
        self._register_feet(axes_of_body, lineage @ mover, drivers)

    def _register(self, name: str, value: np.ndarray, dtype: torch.dtype) -> None:
        self.register_buffer(name, torch.as_tensor(np.asarray(value), dtype=dtype))

    def _register_feet(self, axes_of_body: np.ndarray, moves_of_body: np.ndarray, drivers: np.ndarray) -> None:
        """Register the axes, directions and coordinates that move the contact points of each foot."""
        bodies = self.description.contact_bodies
        moving = np.concatenate([axes_of_body, moves_of_body], 1)[bodies] > 0
        self.contact_coordinates = tuple(np.flatnonzero(drivers @ moving.any(0)).tolist())
        self.feet = sorted({tuple(row) for row in moving[:, : self.tree.axis_count] @ np.eye(self.tree.axis_count)})
        order: list[int] = []
        for foot, pattern in enumerate(self.feet):
            members = np.flatnonzero((moving[:, : self.tree.axis_count] == np.array(pattern)).all(1))
            driven = np.flatnonzero(moving[members[0]])
            self.register_buffer(f"foot_{foot}_points", torch.as_tensor(members))
            self.register_buffer(f"foot_{foot}_axes", torch.as_tensor(driven[driven < self.tree.axis_count]))
            self.register_buffer(
                f"foot_{foot}_moves", torch.as_tensor(driven[driven >= self.tree.axis_count] - self.tree.axis_count)
            )
            rows = np.array(self.contact_coordinates)
            self._register(f"foot_{foot}_gather", drivers[np.ix_(rows, driven)], self.mass.dtype)
            order += members.tolist()
        self.register_buffer("contact_restore", torch.tensor(order).argsort())

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """Names of the coordinates, in the order of the generalised forces."""
        return self.description.coordinate_names

    def state(self, coordinates: Tensor, speeds: Tensor, accelerations: Tensor) -> MotionState:
        """Positions, velocities and accelerations of all bodies.

        Args:
            coordinates: (C, N) radians and metres.
            speeds: (C, N) per second.
            accelerations: (C, N) per second squared.
        """
        tree = self.tree
        joints = tree.joints(coordinates, derivatives=2)
        rotation, origin, centre = tree.traverse(joints)
        ground = torch.eye(3, dtype=rotation.dtype, device=rotation.device)[None, ..., None].expand_as(rotation[:1])
        parent = tree.parent_index  # -1, the ground, is the last row
        above = torch.cat([rotation, ground])[parent]
        axes = rotate(above[self.axis_joint], joints.axes)
        directions = rotate(above[self.move_joint], tree.move_direction)

        drivers = tree.functions.drivers
        speed = speeds[drivers]
        rate = joints.first * speed
        growth = joints.first * accelerations[drivers] + joints.second * speed * speed
        spins = axes * rate[: tree.axis_count, None]
        angular_velocity = _sum(self.axes_of_body, spins)
        turning = axes * growth[: tree.axis_count, None] + cross(_sum(self.prior, spins), spins)
        angular_acceleration = _sum(self.axes_of_body, turning)

        zero = torch.zeros_like(origin[:1])
        omega_above = torch.cat([angular_velocity, zero])[parent]
        alpha_above = torch.cat([angular_acceleration, zero])[parent]
        to_joint = centre - torch.cat([origin, zero])[parent]
        to_origin = origin - centre
        sliding = _sum(self.mover, directions * rate[tree.axis_count :, None])
        pushing = _sum(self.mover, directions * growth[tree.axis_count :, None])
        steps = (
            _carried(alpha_above, omega_above, to_joint)
            + 2 * cross(omega_above, sliding)
            + pushing
            + _carried(angular_acceleration, angular_velocity, to_origin)
        )
        return MotionState(
            rotation=rotation,
            origin=origin,
            centre=centre,
            axes=axes,
            directions=directions,
            first=joints.first,
            angular_velocity=angular_velocity,
            angular_acceleration=angular_acceleration,
            acceleration=_sum(self.lineage, steps),
        )

    def inverse_dynamics(self, state: MotionState, loads: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Generalised forces (C, N) of a motion without external forces, Nm for rotations and N for translations.

        The force of a coupled coordinate (the patella's) is added to that of the coordinate on which it depends.

        Args:
            state: of the bodies.
            loads: `body_loads` of the state, where they are known already.
        """
        force, moment = self.body_loads(state) if loads is None else loads
        return self._project(state, _sum(self.lineage.T, force), _sum(self.lineage.T, moment))

    def body_loads(self, state: MotionState) -> tuple[Tensor, Tensor]:
        """Force and moment that the motion of each body needs, gravity included (Newton and Euler).

        Returns:
            Forces (B, 3, N) in N and moments about the ground's origin (B, 3, N) in Nm.
        """
        arm = rotate(state.rotation, self.mass_centre)
        acceleration = state.acceleration + _carried(state.angular_acceleration, state.angular_velocity, arm)
        force = self.mass * (acceleration - self.gravity)
        back = state.rotation.transpose(1, 2)
        momentum = self._rotated_inertia_times(state.rotation, back, state.angular_velocity)
        moment = self._rotated_inertia_times(state.rotation, back, state.angular_acceleration)
        return force, moment + cross(state.angular_velocity, momentum) + cross(state.origin + arm, force)

    def turning_loads(self, state: MotionState, axis: int, point: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Change of the whole body's moment and force as it is turned about one joint axis.

        Forces on the turned bodies are taken to stay as they are while the bodies move; their accelerations by the
        turn, 1 rad/s², are added.

        Args:
            state: of the bodies.
            axis: index of the rotation axis.
            point: (3, N) about which moments are taken, metres.

        Returns:
            Change of the moment (3, N): Nm per radian, and Nm per rad/s²; change of the force (3, N), N per rad/s².
        """
        turned = torch.nonzero(self.axes_of_body[:, axis])[:, 0]
        direction = (state.axes[axis] * state.first[axis]).expand(len(turned), -1, -1)
        rotation, mass = state.rotation[turned], self.mass[turned]
        arm = rotate(rotation, self.mass_centre[turned])
        place = state.origin[turned] + arm
        moved = cross(direction, place - state.centre[self.axis_joint[axis]])
        omega, alpha = state.angular_velocity[turned], state.angular_acceleration[turned]
        force = mass * (state.acceleration[turned] + _carried(alpha, omega, arm) - self.gravity)
        inertia = rotate(rotation, rotate(self.inertia[turned], rotate(rotation.transpose(1, 2), direction)))
        pushing = mass * moved
        return cross(moved, force).sum(0), (cross(place - point, pushing) + inertia).sum(0), pushing.sum(0)

    def _rotated_inertia_times(self, rotation: Tensor, back: Tensor, vector: Tensor) -> Tensor:
        """Inertia in the ground frame times a vector (B, 3, N); `back` is the transposed rotation (B, 3, 3, N)."""
        return rotate(rotation, rotate(self.inertia, rotate(back, vector)))

    def _project(self, state: MotionState, force: Tensor, moment: Tensor) -> Tensor:
        """Generalised forces of each joint's force (B, 3, N) and moment about the ground origin (B, 3, N)."""
        about_joint = moment - cross(state.centre, force)
        turning = (state.axes * about_joint[self.axis_joint]).sum(1)
        sliding = (state.directions * force[self.move_joint]).sum(1)
        return self.gather @ (torch.cat([turning, sliding]) * state.first)

    def contact_points(self, state: MotionState) -> Tensor:
        """Lowest points of the contact spheres, (P, 3, N) metres."""
        bodies = self.contact_bodies
        centres = state.origin[bodies] + rotate(state.rotation[bodies], self.contact_locations)
        return torch.stack((centres[:, 0], centres[:, 1] - self.contact_radii, centres[:, 2]), 1)

    def contact_jacobian(self, state: MotionState, points: Tensor) -> Tensor:
        """Derivatives of the velocities of points on the feet by the speeds of `contact_coordinates`.

        Args:
            state: of the bodies.
            points: (P, 3, N) metres, in the order of the description's contacts.

        Returns:
            (P, 3, len(contact_coordinates), N).
        """
        feet = []
        for foot in range(len(self.feet)):
            members, axes, moves = (getattr(self, f"foot_{foot}_{name}") for name in ("points", "axes", "moves"))
            lever = points[members, None] - state.centre[self.axis_joint[axes]]  # (p, a, 3, N)
            arms = state.axes[axes] * state.first[axes, None]
            turning = cross(arms.expand_as(lever).flatten(0, 1), lever.flatten(0, 1)).unflatten(0, lever.shape[:2])
            sliding = state.directions[moves] * state.first[self.tree.axis_count + moves, None]
            moving = torch.cat([turning, sliding.expand(len(members), -1, -1, -1)], 1).transpose(1, 2)  # (p, 3, k, N)
            feet.append(getattr(self, f"foot_{foot}_gather") @ moving)
        return torch.cat(feet)[self.contact_restore]


def _sum(matrix: Tensor, vectors: Tensor) -> Tensor:
    """Product (R, 3, N) of a constant matrix (R, K) and vectors (K, 3, N)."""
    return (matrix @ vectors.flatten(1)).unflatten(1, vectors.shape[1:])


def _carried(alpha: Tensor, omega: Tensor, arm: Tensor) -> Tensor:
    """Acceleration at the end of a rigidly rotating arm: alpha x r + omega x (omega x r)."""
    return cross(alpha, arm) + cross(omega, cross(omega, arm))
