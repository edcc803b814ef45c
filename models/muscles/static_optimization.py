"""Muscle activations from kinematics by static optimisation, batched and differentiable.

The motion determines the net joint moments, but not how the feet share the ground reaction and how the muscles of a leg
share a moment. Both are determined by the least sum of squared activations (static optimisation, Crowninshield and
Brand 1981; Anderson and Pandy 2001). The coordinates are filtered, the trunk is adjusted so that the centre of pressure
is where people keep it (`trunk_adjustment`), inverse dynamics gives the generalised forces, and
two quadratic programs are solved in each frame: the first, of both legs, finds the ground reaction forces within
friction cones, with preferences between feet that stand and none for feet in the air; the second finds
the muscles of each leg for the smoothed ground reaction. Muscles follow De Groote et al. (2016) with quasi-static
compliant tendons and no passive force, the settings of OpenCap's squat simulations (Uhlrich et al. 2023).

Shapes: S motions, T frames, N = S * T, P contact points; legs in the order left, right, as the muscles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import COORDINATES, FEET, MUSCLES, SIDES
from models.filters import along_time, derivative_matrices, low_pass_matrix
from models.muscles.foot_contact import FootContact, foot_contact
from models.muscles.friction_cones import FRICTION_EDGES, FrictionCones
from models.muscles.ground_preferences import LegBodies, preference_rows
from models.muscles.hill import Muscles
from models.muscles.interior_point import WarmStart
from models.muscles.moment_arms import LEG_COORDINATES, MuscleTendonGeometry, velocities
from models.muscles.quadratic_program import ColumnBlock, Solution, solve_quadratic_program
from models.muscles.simulation_settings import WEAKLY_ACTUATED, SimulationSettings
from models.muscles.trunk_adjustment import TrunkAdjustment
from models.skeleton.coordinate_map import CoordinateMap
from models.skeleton.description import ModelDescription
from models.skeleton.inverse_dynamics import Dynamics, MotionState

PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz")
_FAINT_CONTACT_COST = 1e4  # of the squared force in body weights, where contact is one half
_GPU_CHUNK = 1 << 14  # frames solved together on a GPU, which takes as long for all of them as for few
_LEAST_CONTACT = 1e-3  # less contact counts as this much in the cost of a force, which is finite then


@dataclass(frozen=True)
class Simulation:
    """Result of static optimisation of S motions of T frames.

    Attributes:
        activations: (S, T, 80) 0 to 1, in the order of MUSCLES.
        moments: (S, T, C) net joint moments, Nm, and residuals of the pelvis, Nm and N, in the order of the simulator's
            `coordinate_names`.
        ground_forces: (S, T, 2, 3) ground reaction forces on the right and the left foot, N, ground frame.
        centres_of_pressure: (S, T, 2, 3) of the right and the left foot, metres, ground frame.
        free_moments: (S, T, 2, 3) about the centres of pressure, Nm, ground frame.
        contact_points: (S, T, P, 3) lowest points of the foot contact spheres, metres, ground frame.
        contact_forces: (S, T, P, 3) forces of the ground at these points, N, ground frame.
        contact: (S, T, 2) contact of the right and the left foot with the floor, 0 in the air and 1 standing.
        reserves: (S, T, 2, 7) moments of the reserve actuators of the left and the right leg, Nm, in the order of
            LEG_COORDINATES.
        residuals: (S, T, 6) on the pelvis, Nm for rotations and N for translations, in the order of PELVIS.
        converged: (S, T) bool, whether the quadratic programs of a frame converged.
        coordinates: (S, T, C) the motion that the forces belong to, that is the filtered and adjusted one: generalised
            coordinates, radians and metres, in the order of the simulator's `coordinate_names`.
        trunk_adjustment_deg: (S, T) what was added to the lumbar extension of the filtered motion.
    """

    activations: Tensor
    moments: Tensor
    ground_forces: Tensor
    centres_of_pressure: Tensor
    free_moments: Tensor
    contact_points: Tensor
    contact_forces: Tensor
    contact: Tensor
    reserves: Tensor
    residuals: Tensor
    converged: Tensor
    coordinates: Tensor
    trunk_adjustment_deg: Tensor


@dataclass(frozen=True)
class _MuscleTendons:
    """Muscle-tendon geometry of N frames: lengths (N, 80) m, velocities (N, 80) m/s, moment arms (N, 2, 7, 40) m."""

    lengths: Tensor
    velocities: Tensor
    moment_arms: Tensor


class ActivationSimulator(nn.Module):
    """Static optimisation of one subject's motions; the implementation of `models.protocols.Simulator`.

    Attributes:
        settings: assumptions of the simulation.
        coordinate_names: the model's coordinates, in the order of `Simulation.moments`.
        missing_coordinates: those of them that the model lacks, whose moments are 0.
        not_in_model: `missing_coordinates`, and those that the reader added to the model's shoulders.
        weight_n: body weight in newtons.
        feet: (2, P) whether a contact point belongs to the right and to the left foot, 0 or 1.
        able: (80,) 1 for muscles that apply force, 0 for those that are switched off.
    """

    reserve_scale: Tensor  # (7,) Nm
    slack_scale: Tensor  # (25,) residuals, reserves of both legs, and the preferences of the ground reaction
    feet: Tensor
    able: Tensor
    lower: Tensor
    upper: Tensor
    cost: Tensor

    def __init__(
        self,
        description: ModelDescription,
        muscles: Muscles,
        paths: Callable[[Tensor], MuscleTendonGeometry],
        settings: SimulationSettings | None = None,
        switched_off: Tensor | None = None,
    ) -> None:
        """Set up the simulation of a subject.

        Args:
            description: the subject's model.
            muscles: its muscles.
            paths: from motions (N, 33), degrees and metres, to muscle-tendon lengths and moment arms.
            settings: assumptions; None for the defaults.
            switched_off: (80,) bool, muscles that apply no force, whose activation is 0; None for none.
        """
        super().__init__()
        self.settings = s = settings or SimulationSettings()
        self.coordinate_map = CoordinateMap(description, torch.float64)
        self.dynamics = Dynamics(description, torch.float64)
        self.trunk = TrunkAdjustment(self.dynamics, s.trunk_adjustment_deg)
        self.muscles = muscles
        self.paths = paths
        self.coordinate_names = names = description.coordinate_names
        self.missing_coordinates = description.missing_coordinates
        self.not_in_model = {*description.missing_coordinates, *description.added_coordinates}
        rows = [*PELVIS, *(f"{name}_{side}" for side in SIDES for name in LEG_COORDINATES)]
        self.rows = [names.index(name) for name in rows]
        # A coordinate that does not move the feet, because the model lacks it, takes the row of zeros after the others.
        moving = self.dynamics.contact_coordinates
        self.contact_rows = [moving.index(row) if row in moving else len(moving) for row in self.rows]
        self.canonical = [names.index(name) for name in COORDINATES]
        self.leg_bodies = LegBodies(
            *([description.body_names.index(f"{body}_{side}") for side in FEET] for body in ("tibia", "calcn"))
        )
        self.weight_n = float(description.masses_kg.sum() * np.linalg.norm(description.gravity))
        reserve = [s.large_reserve_nm if name in WEAKLY_ACTUATED else s.reserve_nm for name in LEG_COORDINATES]
        residual = [s.residual_nm] * 3 + [s.residual_n] * 3
        preferences = [s.vertical_symmetry, s.shear_symmetry, s.pressure_symmetry_m, s.knee_line_m, s.inward_force]
        right = np.array([1.0 if name.endswith("_r") else 0.0 for name in description.contact_names])
        bounds = [s.activation_floor] * len(MUSCLES) + [0.0] * (FRICTION_EDGES * len(right))
        able = np.ones(len(MUSCLES)) if switched_off is None else 1.0 - switched_off.double().numpy()
        values: dict[str, Sequence[float] | np.ndarray] = {
            "able": able,
            "reserve_scale": reserve,
            "slack_scale": [*residual, *reserve, *reserve, *(self.weight_n * x for x in preferences)],
            "feet": np.stack([right, 1 - right]),
            "lower": bounds,
            "upper": [1.0] * len(MUSCLES) + [np.inf] * (len(bounds) - len(MUSCLES)),
            "cost": [1.0] * len(MUSCLES) + [s.ground_weight] * (FRICTION_EDGES * len(right)),
        }
        for name, value in values.items():
            self.register_buffer(name, torch.as_tensor(np.asarray(value), dtype=torch.float64))

    @property
    def device(self) -> torch.device:
        """Where it computes, and expects motions."""
        return self.cost.device

    def forward(self, motion: Tensor, rate_hz: float, extra: dict[str, Tensor] | None = None) -> Simulation:
        """Simulate motions.

        Activations within `FILTER_MARGIN_S` of both ends are unreliable.

        Args:
            motion: (S, T, 33) degrees and metres, canonical order, evenly sampled.
            rate_hz: frame rate.
            extra: the model's further coordinates by name, (S, T), degrees or metres.
        """
        s, (motions, frames) = self.settings, motion.shape[:2]
        raw = self.coordinate_map(motion.double(), extra)  # (C, N)
        filtered = along_time(low_pass_matrix(frames, rate_hz, s.coordinate_cutoff_hz), raw)
        coordinates, speeds, state, turned = self.trunk(filtered, frames, rate_hz)
        required = self.dynamics.inverse_dynamics(state)  # (C, N)
        points = self.dynamics.contact_points(state)  # (P, 3, N)
        of_all = self.dynamics.contact_jacobian(state, points)  # (P, 3, M, N)
        jacobian = torch.cat([of_all, torch.zeros_like(of_all[:, :, :1])], 2)[:, :, self.contact_rows]
        speed, _ = derivative_matrices(frames, rate_hz)
        contact = foot_contact(points, along_time(speed, points), self.feet, frames)
        tendons = self._muscle_tendons(coordinates, speeds)

        ground, activations, tendon, balanced = self._solve_ground_forces(
            required, state, points, jacobian, contact, tendons
        )
        # The filter carries force into the air, and contact takes it away.
        ground = along_time(low_pass_matrix(frames, rate_hz, s.ground_cutoff_hz), ground)
        ground = ground * (self.feet.T @ contact.feet)[:, None]
        moving = torch.tensor(self.dynamics.contact_coordinates, device=required.device)
        moments = required.index_add(0, moving, torch.einsum("pxmn,pxn->mn", of_all, ground), alpha=-1)
        net = moments[self.rows]
        activations, reserves, converged = self._solve_muscles(net[6:].T, tendons, activations, tendon)

        forces, centres, free = self._resultants(ground, points)
        result = (
            activations * self.able, moments.T, forces, centres, free, points.permute(2, 0, 1),
            ground.permute(2, 0, 1), contact.feet.T, reserves, net[:6].T, balanced & converged, coordinates.T,
            turned.rad2deg(),
        )  # fmt: skip
        return Simulation(*(value.unflatten(0, (motions, frames)) for value in result))

    def activations_of_moments(self, coordinates: Tensor, speeds: Tensor, moments: Tensor) -> Tensor:
        """Static optimisation of given joint moments, for example of those by force plates.

        Args:
            coordinates: (C, N) radians and metres.
            speeds: (C, N) per second.
            moments: (N, 14) net moments of the left and the right leg in the order of LEG_COORDINATES, Nm.

        Returns:
            (N, 80) activations.
        """
        tendons = self._muscle_tendons(coordinates, speeds)
        low = torch.full_like(tendons.lengths, self.settings.activation_floor)
        tendon = self.muscles.equilibrium_tendon(low, tendons.lengths, tendons.velocities, None)
        return self._solve_muscles(moments, tendons, low, tendon)[0] * self.able

    def _muscle_tendons(self, coordinates: Tensor, speeds: Tensor) -> _MuscleTendons:
        """Muscle-tendon geometry of coordinates and speeds (C, N), radians and metres (per second)."""
        lengths, arms = self.paths((coordinates / self.coordinate_map.scale)[self.canonical].T)
        return _MuscleTendons(lengths, velocities(arms, speeds[self.canonical].T), arms)

    def _solve_ground_forces(
        self,
        required: Tensor,
        state: MotionState,
        points: Tensor,
        jacobian: Tensor,
        touching: FootContact,
        tendons: _MuscleTendons,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """First quadratic program, both legs and the ground.

        Args:
            required: (C, N) generalised forces of inverse dynamics without ground reaction.
            state: of the bodies.
            points: (P, 3, N) contact points, metres.
            jacobian: (P, 3, 20, N) of the contact points by pelvis and leg coordinates.
            touching: contact of the feet and the points.
            tendons: muscle-tendon geometry.

        Returns:
            Forces (P, 3, N) N at the contact points, activations (N, 80), tendon lengths (N, 80) m, and whether each
            frame converged (N,).
        """
        frames = required.shape[1]
        leg, muscles = len(LEG_COORDINATES), len(MUSCLES) // 2
        both_stand = touching.feet.prod(0)  # a foot in the air need not share the load
        offsets = self.settings.knee_offset_m, self.settings.inward_lean
        preferred = both_stand * preference_rows(state, self.leg_bodies, points, self.feet, *offsets)
        cones = FrictionCones(state.rotation[self.leg_bodies.calcaneus, :, 0].sum(0), self.weight_n)
        contact = cones.along_edges(torch.cat([jacobian, preferred.permute(1, 2, 0, 3)], 2))  # (N, 25, 48)
        # Force at a point is as expensive as contact is faint, so that other points and the other foot carry the body.
        faint = (1 / touching.points.T.clamp(min=_LEAST_CONTACT) - 1).square() * _FAINT_CONTACT_COST
        faint = faint.repeat_interleave(FRICTION_EDGES, 1)
        cost = self.cost + torch.cat([torch.zeros_like(tendons.lengths), faint], 1)
        target = torch.cat([required[self.rows].T, required.new_zeros(frames, len(preferred))], 1)
        tendon, start = None, None
        for _ in range(self.settings.passes):
            gain = self.muscles.fibres(tendons.lengths, tendons.velocities, tendon).gain * self.able
            strength = tendons.moment_arms * gain.unflatten(1, (2, 1, muscles))
            blocks = [
                ColumnBlock(strength[:, 0], slice(6, 6 + leg)),
                ColumnBlock(strength[:, 1], slice(6 + leg, 6 + 2 * leg)),
                ColumnBlock(contact, slice(0, contact.shape[1])),
            ]
            solution = self._solve(cost, blocks, target, self.slack_scale, self.lower, self.upper, start)
            activations = solution.x[:, : 2 * muscles]
            tendon = self.muscles.equilibrium_tendon(activations, tendons.lengths, tendons.velocities, tendon)
            start = WarmStart(solution.x.detach(), solution.y.detach())
        assert tendon is not None
        return cones.forces(solution.x[:, 2 * muscles :]), activations, tendon, solution.converged

    def _solve_muscles(
        self, target: Tensor, tendons: _MuscleTendons, activations: Tensor, tendon: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Second quadratic program, one leg at a time.

        Args:
            target: (N, 14) net moments of both legs, Nm.
            tendons: muscle-tendon geometry.
            activations: (N, 80) from the first program.
            tendon: (N, 80) tendon lengths from the first program, m.

        Returns:
            Activations (N, 80), reserves (N, 2, 7) Nm, and whether each frame converged (N,).
        """
        legs, (leg, muscles) = target.reshape(-1, len(LEG_COORDINATES)), tendons.moment_arms.shape[2:]
        start = None
        for _ in range(self.settings.passes):
            gain = self.muscles.fibres(tendons.lengths, tendons.velocities, tendon).gain * self.able
            strength = (tendons.moment_arms * gain.unflatten(1, (2, 1, muscles))).flatten(0, 1)  # (2 N, 7, 40)
            if start is None:
                start = WarmStart(activations.detach().reshape(-1, muscles), legs.new_zeros(len(legs), leg))
            solution = self._solve(
                self.cost[:muscles], strength, legs, self.reserve_scale,
                self.lower[:muscles], self.upper[:muscles], start, chunks=4,
            )  # fmt: skip
            activations = solution.x.reshape(-1, 2 * muscles)
            tendon = self.muscles.equilibrium_tendon(activations, tendons.lengths, tendons.velocities, tendon)
            start = WarmStart(solution.x.detach(), solution.y.detach())
        reserves = legs - torch.einsum("nrm,nm->nr", strength, solution.x)
        return activations, reserves.unflatten(0, (-1, 2)), solution.converged.reshape(-1, 2).all(1)

    def _solve(
        self,
        cost: Tensor,
        blocks: Sequence[ColumnBlock] | Tensor,
        target: Tensor,
        slack_scale: Tensor,
        lower: Tensor,
        upper: Tensor,
        start: WarmStart | None,
        chunks: int = 1,
    ) -> Solution:
        chunk = chunks * self.settings.chunk if self.device.type == "cpu" else _GPU_CHUNK
        return solve_quadratic_program(
            cost, torch.zeros_like(cost), blocks, target, slack_scale, lower, upper,
            start=start, tolerance=self.settings.tolerance, chunk=chunk,
        )  # fmt: skip

    def _resultants(self, ground: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Force, centre of pressure and free moment of each foot, each (N, 2, 3), from point forces (P, 3, N)."""
        force = torch.einsum("fp,pxn->nfx", self.feet, ground)
        weighted = torch.einsum("fp,pn,pxn->nfx", self.feet, ground[:, 1], points)
        middle = torch.einsum("fp,pxn->nfx", self.feet / self.feet.sum(1, keepdim=True), points)
        vertical = force[..., 1:2]  # below one newton its centre has no meaning, and the foot's middle stands for it
        centre = torch.where(vertical >= 1.0, weighted / vertical.clamp(min=1.0), middle)
        moment = torch.einsum("fp,pxn->nfx", self.feet, torch.linalg.cross(points, ground, dim=1))
        return force, centre, moment - torch.linalg.cross(centre, force)
