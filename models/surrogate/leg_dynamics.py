"""Dynamics of a motion on a subject's model as far as they are exact: everything but the shares of the two feet.

Filter, adjustment of the trunk and inverse dynamics are those of the simulation (`models.muscles.static_optimization`).
They give the whole ground reaction, the moments that the legs need without it, and how each foot's part of it acts on
the joints. How the feet share it is for `models.surrogate.ground_sharing`.

The person's frame has its origin on the floor midway between the feet and the axes forward (the mean direction of the
feet), up and to the right. In the left leg's mirrored person's frame the third axis points to the left, so that one
network serves both legs.
"""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import SIDES
from models.filters import along_time
from models.muscles.foot_contact import foot_contact, standing_height
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.static_optimization import ActivationSimulator
from models.skeleton.description import ModelDescription
from models.skeleton.inverse_dynamics import MotionState
from models.skeleton.kinematic_tree import cross
from models.surrogate.time_sampling import TimeSampling, time_sampling

_POINTS = {"hip": ("femur", "centre"), "knee": ("tibia", "centre"), "ankle": ("talus", "centre")}
_LEAST_NORM = 1e-6


class LegDynamics(NamedTuple):
    """Dynamics of N samples; legs in the order left, right; forces over body weight, moments over it too (metres).

    Attributes:
        force: (N, 3) ground reaction of both feet that the motion demands, person's frame; not filtered.
        moment: (N, 3) its moment about the origin of the person's frame.
        joints: (N, 2, 5, 3) centres of hip, knee and ankle and origins of heel and toes, metres, person's frame.
        foot_axis: (N, 2, 3) direction in which the foot points, person's frame.
        shank_axis: (N, 2, 3) forward axis of the shank.
        contact: (N, 2) contact of the foot with the floor, 0 in the air and 1 standing.
        parts_contact: (N, 2, 2) the same of its rear and of its front part.
        clearance: (N, 2) height of the foot's lowest point above the floor, metres.
        unloaded: (N, 2, 7) moments on LEG_COORDINATES without ground reaction.
        from_wrench: (N, 2, 7, 6) what a unit of force (3) and moment (3) on the foot takes from these moments; the
            wrench in the person's frame, its moment about the origin.
        weight_n: (N,) body weight, newtons.
        origin: (N, 3) of the person's frame in the ground frame, metres.
        axes: (N, 3, 3) of the person's frame, one in each row, in the ground frame.
    """

    force: Tensor
    moment: Tensor
    joints: Tensor
    foot_axis: Tensor
    shank_axis: Tensor
    contact: Tensor
    parts_contact: Tensor
    clearance: Tensor
    unloaded: Tensor
    from_wrench: Tensor
    weight_n: Tensor
    origin: Tensor
    axes: Tensor


class LegKinematics(NamedTuple):
    """Filtered angles and speeds of the legs in every frame; legs in the order left, right.

    Attributes:
        angles: (N, 2, 7) of LEG_COORDINATES, radians.
        speeds: (N, 2, 7) radians per second.
    """

    angles: Tensor
    speeds: Tensor


class MotionDynamics(nn.Module):
    """Dynamics of motions on one subject's model."""

    feet: Tensor  # (2, P) whether a contact point belongs to the left and to the right foot
    foot_parts: Tensor  # (4, P) weight of each contact point in the rear and the front of the left and the right foot
    gather: Tensor  # (2, 7, A + D) which axes drive the coordinates of a leg and move its foot

    def __init__(self, simulator: ActivationSimulator, dtype: torch.dtype) -> None:
        """Take over the model of a simulator.

        Args:
            simulator: of the subject; it is left as it is.
            dtype: of the computation.
        """
        super().__init__()
        self.coordinate_map = deepcopy(simulator.coordinate_map).to(dtype)
        self.trunk = deepcopy(simulator.trunk).to(dtype)  # with its inverse dynamics
        self.cutoffs_hz = simulator.settings.coordinate_cutoff_hz, simulator.settings.ground_cutoff_hz
        self.weight_n = simulator.weight_n
        description = self.trunk.dynamics.description
        index = description.body_names.index
        self.heels, self.toes = ([index(f"{body}_{side}") for side in SIDES] for body in ("calcn", "toes"))
        self.bodies = {body: [index(f"{body}_{side}") for side in SIDES] for body, _ in _POINTS.values()}
        names = description.coordinate_names
        self.legs = [[names.index(f"{name}_{side}") for name in LEG_COORDINATES] for side in SIDES]
        self.register_buffer("feet", simulator.feet.flip(0).to(dtype))
        self.register_buffer("foot_parts", _foot_parts(description, self.feet))
        dynamics = self.trunk.dynamics
        moving = torch.cat([dynamics.axes_of_body, dynamics.lineage @ dynamics.mover], 1)  # (B, A + D)
        gather = [dynamics.gather[leg] * moving[heel] for leg, heel in zip(self.legs, self.heels, strict=True)]
        self.register_buffer("gather", torch.stack(gather).to(dtype))

    def sampling(self, frames: int) -> TimeSampling:
        """The matrices for motions of so many frames."""
        return time_sampling(frames, *self.cutoffs_hz, self.feet.dtype, self.feet.device)

    def kinematics(self, motion: Tensor, sampling: TimeSampling, extra: dict[str, Tensor] | None) -> LegKinematics:
        """Angles and speeds of the legs of motions (S, T, 33), degrees and metres; N = S * T."""
        raw = self.coordinate_map(motion, extra)[np.array(self.legs).flatten()]
        both = (along_time(matrix, raw).unflatten(0, (2, -1)) for matrix in (sampling.smooth, sampling.smooth_speed))
        return LegKinematics(*(values.permute(2, 0, 1) for values in both))

    def forward(
        self,
        motion: Tensor,
        sampling: TimeSampling,
        extra: dict[str, Tensor] | None = None,
        floor_m: float | None = None,
    ) -> LegDynamics:
        """Dynamics of motions.

        Args:
            motion: (S, T, 33) degrees and metres, canonical order, 60 Hz.
            sampling: matrices of T frames to K samples.
            extra: the model's further coordinates by name, (S, T), degrees or metres.
            floor_m: height of the floor, metres; None for each motion's own, as in the simulation.

        Returns:
            The dynamics of N = S * K samples.
        """
        raw = self.coordinate_map(motion, extra)
        value, speed, acceleration = (
            along_time(matrix, raw) for matrix in (sampling.value, sampling.speed, sampling.acceleration)
        )
        samples = len(sampling.value)
        dynamics = self.trunk.dynamics
        # The rotation of the torso changes the whole ground reaction; the legs and what moves them stay as they are.
        state = dynamics.state(value, speed, acceleration)
        loads = dynamics.body_loads(state)
        points = dynamics.contact_points(state)
        if floor_m is None:
            of_motion = standing_height(points[:, 1].amin(0).unflatten(-1, (-1, samples)))
        else:
            of_motion = points.new_full((len(motion),), floor_m)
        contact = foot_contact(points, along_time(sampling.basis.speed, points), self.feet, samples, of_motion)
        floor = of_motion.repeat_interleave(samples)
        lowest = torch.stack([points[foot, 1].amin(0) for foot in self.feet.bool()]) - floor
        heels = state.origin[self.heels].mean(0)
        origin, axes = torch.stack([heels[0], floor, heels[2]]), self._axes(state)

        def directed(vectors: Tensor) -> Tensor:
            return torch.einsum("axn,...xn->...an", axes, vectors)

        force, moment = self.trunk.whole_loads(state, loads, sampling.basis)
        moment = moment - torch.linalg.cross(origin, force, dim=0)
        required = dynamics.inverse_dynamics(state, loads)
        tensors = {
            "force": directed(force) / self.weight_n,
            "moment": directed(moment) / self.weight_n,
            "joints": directed(self._joints(state) - origin),
            "foot_axis": directed(state.rotation[self.heels][:, :, 0]),
            "shank_axis": directed(state.rotation[self.bodies["tibia"]][:, :, 0]),
            "contact": contact.feet,
            "parts_contact": (self.foot_parts @ contact.points).unflatten(0, (2, 2)),
            "clearance": lowest,
            "unloaded": required[np.array(self.legs)] / self.weight_n,
            "from_wrench": self._from_wrench(state, origin, axes),
            "weight_n": torch.full_like(floor, self.weight_n),
            "origin": origin,
            "axes": axes,
        }
        return LegDynamics(**{name: value.movedim(-1, 0) for name, value in tensors.items()})

    def _joints(self, state: MotionState) -> Tensor:
        """Hips, knees, ankles, heels and toes of both legs in the ground frame, (2, 5, 3, N)."""
        centres = [getattr(state, kind)[self.bodies[body]] for body, kind in _POINTS.values()]
        return torch.stack([*centres, state.origin[self.heels], state.origin[self.toes]], 1)

    def _axes(self, state: MotionState) -> Tensor:
        """The axes (3, 3, N) of the person's frame: forward, up and to the right."""
        toes = state.rotation[self.heels, :, 0].sum(0)
        ahead = torch.stack([toes[0], torch.zeros_like(toes[0]), toes[2]])
        ahead = ahead / ahead.norm(dim=0).clamp(min=_LEAST_NORM)
        up = torch.zeros_like(ahead)
        up[1] = 1
        return torch.stack([ahead, up, torch.linalg.cross(ahead, up, dim=0)])

    def _from_wrench(self, state: MotionState, origin: Tensor, axes: Tensor) -> Tensor:
        """See `LegDynamics.from_wrench`; (2, 7, 6, N)."""
        dynamics = self.trunk.dynamics
        lever = state.centre[dynamics.axis_joint] - origin  # (A, 3, N)
        # The moment about a joint axis is axis . (moment - lever x force) = axis . moment - (axis x lever) . force.
        turning = torch.cat([-cross(state.axes, lever), state.axes], 1)
        sliding = torch.cat([state.directions, torch.zeros_like(state.directions)], 1)
        rows = torch.cat([turning, sliding]) * state.first[:, None]  # (A + D, 6, N)
        rows = torch.einsum("lca,axn->lcxn", self.gather, rows).unflatten(2, (2, 3))
        return torch.einsum("ixn,lckxn->lckin", axes, rows).flatten(2, 3)


def on_the_floor(places: Tensor, dynamics: LegDynamics) -> Tensor:
    """Places (N, K, 2) on the floor, x and z in the person's frame, in the ground frame: (N, K, 3), metres."""
    return dynamics.origin[:, None] + places @ dynamics.axes[:, [0, 2]]


def _foot_parts(description: ModelDescription, feet: Tensor) -> Tensor:
    """Weights of the contact points in the mean over the rear and over the front half of each foot's points, (4, P).

    Points on the toes are in front of those on the rear foot; otherwise their x coordinates decide.
    """
    on_toes = np.array([description.body_names[body].startswith("toes") for body in description.contact_bodies])
    ahead = torch.from_numpy(description.contact_locations[:, 0] + on_toes).to(feet.device)
    rows = []
    for foot in feet.bool():
        order = torch.nonzero(foot)[:, 0][ahead[foot].argsort()]
        for part in (order[: len(order) // 2], order[len(order) // 2 :]):
            rows.append(torch.zeros_like(feet[0]).index_fill(0, part, 1 / max(1, len(part))))
    return torch.stack(rows)
