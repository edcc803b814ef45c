"""Adjustment of the trunk that makes a recorded motion dynamically consistent, as in residual reduction.

The motion determines where the ground's reaction has to act. Recorded squats are not dynamically consistent: beside
force plates, this centre of pressure strays by 4 to 6 cm (standard deviation), which ankles and knees have to balance.
Two adjustments of OpenSim's residual reduction algorithm (Delp et al. 2007) mend that:

- The torso's mass centre is lowered. A model's torso, with the head, is one rigid body that turns about the lumbosacral
  joint, while a spine bends along its whole length and the head stays level, so that the mass of a leaning trunk moves
  forward less than the model's.
- The torso is turned by up to two degrees about the lumbar joint, smoothly in time, to bring the centre of pressure
  closer to where people keep it in a squat. Acceleration magnifies the noise of the coordinates; this takes it out
  where the smallest change of the motion explains it.
"""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import BSpline
from torch import Tensor, nn

from models.conventions import FEET
from models.filters import along_time, derivative_matrices
from models.skeleton.description import ModelDescription
from models.skeleton.inverse_dynamics import Dynamics, MotionState

TORSO = "torso"
_LUMBAR = "lumbar_extension"
# Centre of pressure of squats on force plates: its place between the heel (0) and the toes' joint (1), and its spread.
PRESSURE_AHEAD = 0.45
_PRESSURE_SPREAD_M = 0.03
_LARGEST_RAD = np.radians(2.0)
_KNOTS_S = 0.1
_FRAMES_A_KNOT = 2  # at least
_RIDGE = 1e-9  # for motions of so few frames that they do not determine a spline
_CLOSEST_FEET_M = 0.05


def with_torso_mass_height(description: ModelDescription, share: float) -> ModelDescription:
    """A model whose torso has its mass centre at a share of its height above the lumbar joint."""
    if TORSO not in description.body_names:
        return description
    centres = description.mass_centres.copy()
    centres[description.body_names.index(TORSO), 1] *= share
    return replace(description, mass_centres=centres)


class AdjustedMotion(NamedTuple):
    """A motion whose torso was turned about the lumbar joint; N frames.

    Attributes:
        coordinates: (C, N) radians and metres.
        speeds: (C, N) per second.
        state: of the bodies.
        turned: (N,) what was added to the lumbar extension, radians.
    """

    coordinates: Tensor
    speeds: Tensor
    state: MotionState
    turned: Tensor


class RotationBasis(NamedTuple):
    """Matrices over the T samples of a motion, with which rotations of the torso are found.

    Attributes:
        speed: (T, T), first time derivative of samples, per second.
        acceleration: (T, T), second time derivative.
        spline: (T, K) cubic splines that begin and end at rest, of which a rotation is made.
        curvature: (T, K) their second time derivatives.
    """

    speed: Tensor
    acceleration: Tensor
    spline: Tensor
    curvature: Tensor


class TrunkAdjustment(nn.Module):
    """Small rotations of the torso about the lumbar joint that bring the centre of pressure closer to its usual place.

    The usual place is on the line between the usual centres of pressure of both feet, where the lateral balance puts
    it. With M the moment about it that the motion needs, W the body weight and q the rotation, a cubic spline over
    time, the sum over time of (M(q) / (W * spread))² + (q / size)² is minimised; M is linear in q and its second
    derivative.
    """

    def __init__(self, dynamics: Dynamics, size_deg: float) -> None:
        """Set up the adjustment for a model.

        Args:
            dynamics: inverse dynamics of the model. One without lumbar extension is not adjusted.
            size_deg: rotation that costs as much as a centre of pressure that is off by its spread; 0 for none.
        """
        super().__init__()
        description = dynamics.description
        self.dynamics = dynamics
        self.coordinate = description.coordinate_names.index(_LUMBAR)
        axes = np.flatnonzero(dynamics.gather[self.coordinate, : dynamics.tree.axis_count].numpy())
        self.axis = int(axes[0]) if len(axes) and size_deg > 0 else None
        self.heels = [description.body_names.index(f"calcn_{foot}") for foot in FEET]
        self.toes = [description.body_names.index(f"toes_{foot}") for foot in FEET]
        self.size_rad = float(np.radians(size_deg))
        self.weight_n = float(description.masses_kg.sum() * np.linalg.norm(description.gravity))

    def forward(self, coordinates: Tensor, frames: int, rate_hz: float) -> AdjustedMotion:
        """Adjust motions.

        Args:
            coordinates: (C, N) radians and metres, low-pass filtered, of motions of `frames` frames each.
            frames: T.
            rate_hz: frame rate.
        """
        basis = RotationBasis(*derivative_matrices(frames, rate_hz), *spline_matrices(frames, rate_hz))
        speeds, accelerations = along_time(basis.speed, coordinates), along_time(basis.acceleration, coordinates)
        return self.adjust(coordinates, speeds, accelerations, basis)

    def adjust(
        self, coordinates: Tensor, speeds: Tensor, accelerations: Tensor, basis: RotationBasis
    ) -> AdjustedMotion:
        """Adjust motions whose time derivatives are known.

        Args:
            coordinates: (C, N) radians and metres, of motions of T samples each.
            speeds: (C, N) per second.
            accelerations: (C, N) per second squared.
            basis: of the rotations over the T samples, of the same type as the coordinates.
        """
        state = self.dynamics.state(coordinates, speeds, accelerations)
        if self.axis is None:
            return AdjustedMotion(coordinates, speeds, state, torch.zeros_like(coordinates[0]))
        turned = self._rotation(state, basis)

        def add(values: Tensor, change: Tensor) -> Tensor:
            lumbar = torch.tensor([self.coordinate], device=values.device)
            return values.index_add(0, lumbar, change[None])

        coordinates, speeds = add(coordinates, turned), add(speeds, along_time(basis.speed, turned))
        accelerations = add(accelerations, along_time(basis.acceleration, turned))
        return AdjustedMotion(coordinates, speeds, self.dynamics.state(coordinates, speeds, accelerations), turned)

    def whole_loads(
        self, state: MotionState, loads: tuple[Tensor, Tensor], basis: RotationBasis
    ) -> tuple[Tensor, Tensor]:
        """What the ground has to exert on the adjusted motion, to first order in the small rotation.

        Args:
            state: of the motion before the adjustment.
            loads: `Dynamics.body_loads` of it.
            basis: of the rotations over the T samples, of the same type as the state.

        Returns:
            Force (3, N) and moment about the ground's origin (3, N), N and Nm.
        """
        force, moment = (load.sum(0) for load in loads)
        if self.axis is None:
            return force, moment
        place, right = self._usual_place(state, force, moment)
        leaning, turning, pushing = self.dynamics.turning_loads(state, self.axis, place)
        turned = self._least_squares(
            torch.stack([moment - torch.linalg.cross(place, force, dim=0), leaning, turning]), right, basis
        )
        push = along_time(basis.acceleration, turned)
        turning = turning + torch.linalg.cross(place, pushing, dim=0)  # from the place to the origin
        return force + pushing * push, moment + leaning * turned + turning * push

    def _rotation(self, state: MotionState, basis: RotationBasis) -> Tensor:
        """The rotations (N,), radians."""
        assert self.axis is not None
        force, moment = (loads.sum(0) for loads in self.dynamics.body_loads(state))  # (3, N)
        place, right = self._usual_place(state, force, moment)
        about_place = moment - torch.linalg.cross(place, force, dim=0)
        leaning, turning, _ = self.dynamics.turning_loads(state, self.axis, place)
        return self._least_squares(torch.stack([about_place, leaning, turning]), right, basis)

    def _least_squares(self, moments: Tensor, right: Tensor, basis: RotationBasis) -> Tensor:
        """The rotations (N,), radians, that bring the centre of pressure closer to its usual place.

        Args:
            moments: (3, 3, N) about the usual place: that of the motion, Nm, its change by the rotation, Nm per radian,
                and its change by the second derivative of the rotation, Nm per rad/s².
            right: (3, N) direction to the right.
            basis: of the rotations.
        """
        # Each as a displacement of the centre of pressure, in spreads.
        scale = self.weight_n * _PRESSURE_SPREAD_M
        needed, leaning, turning = ((moments * right).sum(1) / scale).unflatten(-1, (-1, len(basis.spline)))  # (S, T)
        spline, curvature = basis.spline.to(needed), basis.curvature.to(needed)  # (T, K)
        change = leaning[..., None] * spline + turning[..., None] * curvature  # (S, T, K)
        normal = change.mT @ change + spline.T @ spline / self.size_rad**2
        normal = normal + _RIDGE * torch.eye(normal.shape[-1], dtype=normal.dtype, device=normal.device)
        weights = torch.linalg.solve(normal, change.mT @ needed[..., None])
        rotation = -(spline @ weights).flatten()
        return _LARGEST_RAD * torch.tanh(rotation / _LARGEST_RAD)

    def _usual_place(self, state: MotionState, force: Tensor, moment: Tensor) -> tuple[Tensor, Tensor]:
        """The usual centre of pressure of both feet together, and the direction to the right; (3, N) each."""
        heels, toes = state.origin[self.heels], state.origin[self.toes]  # (2, 3, N)
        level = heels.new_tensor([1.0, 0.0, 1.0])[:, None]
        ahead = (toes - heels).sum(0) * level
        ahead = ahead / ahead.norm(dim=0)
        right = torch.stack([-ahead[2], torch.zeros_like(ahead[0]), ahead[0]])
        floor = self.dynamics.contact_points(state)[:, 1].amin(0)
        feet = (heels + PRESSURE_AHEAD * (toes - heels)) * level + floor * (1 - level)
        # The centre of pressure from side to side, from the moment about an axis along the floor.
        about_floor = (moment * ahead).sum(0) - floor * (force * right).sum(0)
        across = -about_floor / force[1].clamp(min=0.1 * self.weight_n)
        side = (feet * right).sum(1)  # (2, N)
        width = (side[0] - side[1]).clamp(min=_CLOSEST_FEET_M)
        share = ((across - side[1]) / width).clamp(0, 1)
        return share * feet[0] + (1 - share) * feet[1], right


@lru_cache(maxsize=32)
def spline_matrices(frames: int, rate_hz: float, knots_s: float | None = None) -> tuple[Tensor, Tensor]:
    """Cubic splines over a motion, at rest at both its ends, and their second derivatives by time, (T, K) each.

    Without that, a rotation that gathers speed towards an end would balance what it does not have to stop from, and the
    answer in a frame would depend on how soon the motion ends.

    Args:
        frames: number of samples T.
        rate_hz: sampling rate.
        knots_s: time between knots, seconds; None for that of the simulation.
    """
    duration_s = (frames - 1) / rate_hz
    pieces = max(1, round(duration_s / (knots_s or max(_KNOTS_S, _FRAMES_A_KNOT / rate_hz))))
    knots = np.linspace(0, duration_s, pieces + 1)
    knots = np.concatenate([[knots[0]] * 3, knots, [knots[-1]] * 3])
    time_s = np.linspace(0, duration_s, frames)
    # A B-spline begins at rest where its first two weights are equal, and ends so where its last two are.
    equal = np.repeat(np.eye(pieces + 1), [2, *[1] * (pieces - 1), 2], axis=0)
    spline = BSpline(knots, equal, 3)
    return torch.from_numpy(spline(time_s)), torch.from_numpy(spline.derivative(2)(time_s))
