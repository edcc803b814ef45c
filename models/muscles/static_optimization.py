"""Muscle activations from kinematics alone, batched and differentiable: filter, inverse dynamics, two QPs a frame.

What a squat takes is told by its motion up to how the ground shares the load between the feet and how each leg shares
a moment between its muscles. Both are settled by the least sum of squared activations (static optimisation,
Crowninshield and Brand 1981; Anderson and Pandy 2001): a first quadratic program of both legs finds the ground reaction
under a friction cone with a soft preference for symmetry, a second finds the muscles of each leg with the smoothed
ground reaction given. Muscles follow De Groote et al. (2016) with quasi-static compliant tendons and no passive force,
the settings of OpenCap's squat simulations (Uhlrich et al. 2023).

Shapes: S motions, T frames, N = S * T, P contact points, legs ordered left, right as the muscles are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import COORDINATES, MUSCLES, SIDES
from models.filters import derivative_matrices, low_pass_matrix
from models.muscles.hill import Muscles
from models.muscles.paths import LEG_COORDINATES, MusclePath, velocities
from models.muscles.quadratic_program import Block, Start, solve_quadratic_program
from models.skeleton.coordinate_map import CoordinateMap
from models.skeleton.description import ModelDescription
from models.skeleton.inverse_dynamics import Dynamics
from models.skeleton.squat_targets import FEET

PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz")
FRICTION = 0.8
ENDS_S = 0.2  # of a motion's beginning and end, where filters have nothing to look at: activations there do not count
LOOSE = ("hip_rotation", "mtp_angle")  # what muscles and a rigid foot hold poorly, given large reserves


@dataclass(frozen=True)
class SimulationSettings:
    """What the simulation assumes. Reserve scales: a reserve of that size costs as much as one muscle fully active."""

    activation_floor: float = 0.05  # the bound of OpenCap's squat simulations; 0.01 is its other setting
    coordinate_cutoff_hz: float = 4.0
    force_cutoff_hz: float = 3.0  # generalised forces; less smoothing lets the centre of pressure leave the foot
    ground_cutoff_hz: float = 4.0
    reserve_nm: float = 1.0
    loose_reserve_nm: float = 30.0  # hip rotation and toes, as OpenCap's reserves
    residual_nm: float = 1.0  # pelvis rotations
    residual_n: float = 2.0  # pelvis translations
    vertical_symmetry: float = 1.0  # of body weight: softness of equal vertical force
    shear_symmetry: float = 0.02  # of body weight: softness of equal fore-aft force
    pressure_symmetry_m: float = 0.2  # of body weight times metres: softness of equal fore-aft centre of pressure
    ground_weight: float = 1e-2  # price of ground force squared, in body weights
    passes: int = 2  # of each program, the tendons stretched by the last one's activations
    tolerance: float = 1e-5  # of the QPs; gradients want 1e-9
    chunk: int = 256


@dataclass(frozen=True)
class Simulation:
    """What a motion takes, all (S, T, ...).

    activations (80) 0..1, order of MUSCLES. moments (C): net joint moments, Nm, and the residuals of the pelvis, in the
    order of `coordinate_names`. ground_forces (2, 3) N on the right and the left foot, ground frame. pressure_centres
    (2, 3) m. free_moments (2, 3) Nm about the pressure centres. reserves (2, 7) Nm, left and right leg, order of
    LEG_COORDINATES. residuals (6) on the pelvis. converged: (S, T) bool.
    """

    activations: Tensor
    moments: Tensor
    ground_forces: Tensor
    pressure_centres: Tensor
    free_moments: Tensor
    reserves: Tensor
    residuals: Tensor
    converged: Tensor


class ActivationSimulator(nn.Module):
    """Simulates motions of one person: `simulator(motion, rate_hz)` -> Simulation."""

    def __init__(
        self,
        description: ModelDescription,
        muscles: Muscles,
        paths: Callable[[Tensor], MusclePath],  # (N, 33) degrees and metres -> lengths and moment arms
        settings: SimulationSettings | None = None,
    ):
        super().__init__()
        self.settings = s = settings or SimulationSettings()
        self.coordinate_map = CoordinateMap(description, torch.float64)
        self.dynamics = Dynamics(description, torch.float64)
        self.muscles = muscles
        self.paths = paths
        self.coordinate_names = names = description.coordinate_names
        rows = [*PELVIS, *(f"{name}_{side}" for side in SIDES for name in LEG_COORDINATES)]
        self.rows = [names.index(name) for name in rows]
        self.contact_rows = [self.dynamics.contact_coordinates.index(row) for row in self.rows]
        self.canonical = [names.index(name) for name in COORDINATES]
        self.heels = [description.body_names.index(f"calcn_{side}") for side in FEET]
        self.weight_n = float(description.masses_kg.sum() * np.linalg.norm(description.gravity))
        reserve = [s.loose_reserve_nm if name in LOOSE else s.reserve_nm for name in LEG_COORDINATES]
        residual = [s.residual_nm] * 3 + [s.residual_n] * 3
        symmetry = [self.weight_n * x for x in (s.vertical_symmetry, s.shear_symmetry, s.pressure_symmetry_m)]
        edges = np.array([(FRICTION, 1, 0), (-FRICTION, 1, 0), (0, 1, FRICTION), (0, 1, -FRICTION)]) * self.weight_n
        right = np.array([1.0 if name.endswith("_r") else 0.0 for name in description.contact_names])
        bounds = [s.activation_floor] * len(MUSCLES) + [0.0] * (len(edges) * len(right))
        price = [1.0] * len(MUSCLES) + [s.ground_weight] * (len(edges) * len(right))
        for name, value in (
            ("reserve_scale", reserve),
            ("softness", [*residual, *reserve, *reserve, *symmetry]),
            ("edges", edges),
            ("feet", np.stack([right, 1 - right])),  # (2, P): which points belong to the right and the left foot
            ("lower", bounds),
            ("upper", [1.0] * len(MUSCLES) + [np.inf] * (len(bounds) - len(MUSCLES))),
            ("price", price),
        ):
            self.register_buffer(name, torch.as_tensor(np.asarray(value), dtype=torch.float64))

    def forward(self, motion: Tensor, rate_hz: float, extra: dict[str, Tensor] | None = None) -> Simulation:
        """motion: (S, T, 33) degrees and metres at `rate_hz`; extra: further coordinates by name, (S, T).

        The first and last `ENDS_S` suffer from the filters' ends.
        """
        s, (motions, frames) = self.settings, motion.shape[:2]

        def along_time(matrix: Tensor, values: Tensor) -> Tensor:
            """Apply a (T, T) matrix to each motion of (..., N)."""
            return (values.unflatten(-1, (motions, frames)) @ matrix.to(values.device).T).flatten(-2)

        low_pass = low_pass_matrix(frames, rate_hz, s.coordinate_cutoff_hz)
        speed, acceleration = derivative_matrices(frames, rate_hz)
        raw = self.coordinate_map(motion.double(), extra)  # (C, N)
        coordinates = along_time(low_pass, raw)
        speeds = along_time(speed @ low_pass, raw)
        state = self.dynamics.state(coordinates, speeds, along_time(acceleration @ low_pass, raw))
        demand = self.dynamics.inverse_dynamics(state)
        demand = along_time(low_pass_matrix(frames, rate_hz, s.force_cutoff_hz), demand)  # (C, N)
        points = self.dynamics.contact_points(state)  # (P, 3, N)
        jacobian = self.dynamics.contact_jacobian(state, points)[:, :, self.contact_rows]  # (P, 3, 20, N)
        geometry = self._muscle_geometry(coordinates, speeds)

        ground, activations, tendon = self._share_between_feet(demand, state, points, jacobian, geometry)
        ground = along_time(low_pass_matrix(frames, rate_hz, s.ground_cutoff_hz), ground)
        support = torch.einsum("pxrn,pxn->rn", jacobian, ground)
        left_over = demand[self.rows] - support
        activations, reserves, converged = self._share_between_muscles(left_over[6:].T, geometry, activations, tendon)

        moments = demand.index_copy(0, torch.tensor(self.rows, device=demand.device), left_over)
        forces, centres, free = self._resultants(ground, points)
        result = (activations, moments.T, forces, centres, free, reserves, left_over[:6].T, converged)
        return Simulation(*(value.unflatten(0, (motions, frames)) for value in result))

    def _muscle_geometry(self, coordinates: Tensor, speeds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Lengths (N, 80) m, velocities (N, 80) m/s and moment arms (N, 2, 7, 40) m."""
        lengths, arms = self.paths((coordinates / self.coordinate_map.scale)[self.canonical].T)
        return lengths, velocities(arms, speeds[self.canonical].T), arms

    def _share_between_feet(self, demand, state, points, jacobian, geometry) -> tuple[Tensor, Tensor, Tensor]:
        """First program, legs and ground: ground forces (P, 3, N) N, activations (N, 80), tendon lengths (N, 80) m."""
        lengths, speeds, arms = geometry
        frames = demand.shape[1]
        leg, muscles = len(LEG_COORDINATES), len(MUSCLES) // 2
        contact = torch.einsum("pxrn,ex->nrpe", jacobian, self.edges).flatten(2)  # (N, 20, 48)
        contact = torch.cat([contact, self._symmetry_rows(state, points)], 1)  # (N, 23, 48)
        target = torch.cat([demand[self.rows].T, demand.new_zeros(frames, 3)], 1)
        tendon = start = None
        for _ in range(self.settings.passes):
            gain = self.muscles.fibres(lengths, speeds, tendon).gain
            strength = arms * gain.unflatten(1, (2, 1, muscles))
            blocks = [
                Block(strength[:, 0], slice(6, 6 + leg)),
                Block(strength[:, 1], slice(6 + leg, 6 + 2 * leg)),
                Block(contact, slice(0, contact.shape[1])),
            ]
            solution = self._solve(self.price, blocks, target, self.softness, self.lower, self.upper, start)
            activations = solution.x[:, : 2 * muscles]
            tendon = self.muscles.equilibrium_tendon(activations, lengths, speeds, tendon)
            start = Start(solution.x.detach(), solution.y.detach())
        shares = solution.x[:, 2 * muscles :].unflatten(1, (-1, len(self.edges)))  # (N, P, 4)
        return torch.einsum("npe,ex->pxn", shares, self.edges), activations, tendon

    def _symmetry_rows(self, state, points) -> Tensor:
        """Right minus left, (N, 3, 48): vertical force, fore-aft force, moment of vertical force about the heels."""
        toes = state.rotation[self.heels, :, 0]  # (2, 3, N), the feet's x axes
        ahead = toes.sum(0) * toes.new_tensor([1.0, 0.0, 1.0])[:, None]
        ahead = ahead / ahead.norm(dim=0)
        side = self.feet[0] - self.feet[1]  # (P,)
        vertical = (side[:, None] * self.edges[:, 1]).flatten().expand(points.shape[-1], -1)
        shear = torch.einsum("p,ex,xn->npe", side, self.edges, ahead).flatten(1)
        heels = torch.einsum("fp,fxn->pxn", self.feet, state.origin[self.heels])
        lever = ((points - heels) * ahead).sum(1)  # (P, N)
        pressure = torch.einsum("p,pn,e->npe", side, lever, self.edges[:, 1]).flatten(1)
        return torch.stack([vertical, shear, pressure], 1)

    def _share_between_muscles(self, target, geometry, activations, tendon) -> tuple[Tensor, Tensor, Tensor]:
        """Second program, a leg at a time: activations (N, 80), reserves (N, 2, 7) Nm, converged (N,)."""
        lengths, speeds, arms = geometry
        legs, (leg, muscles) = target.reshape(-1, len(LEG_COORDINATES)), arms.shape[2:]
        start = None
        for _ in range(self.settings.passes):
            gain = self.muscles.fibres(lengths, speeds, tendon).gain
            strength = (arms * gain.unflatten(1, (2, 1, muscles))).flatten(0, 1)  # (2 N, 7, 40)
            if start is None:
                start = Start(activations.detach().reshape(-1, muscles), legs.new_zeros(len(legs), leg))
            solution = self._solve(
                self.price[:muscles], strength, legs, self.reserve_scale,
                self.lower[:muscles], self.upper[:muscles], start, chunks=4,
            )  # fmt: skip
            activations = solution.x.reshape(-1, 2 * muscles)
            tendon = self.muscles.equilibrium_tendon(activations, lengths, speeds, tendon)
            start = Start(solution.x.detach(), solution.y.detach())
        reserves = legs - torch.einsum("nrm,nm->nr", strength, solution.x)
        return activations, reserves.unflatten(0, (-1, 2)), solution.converged.reshape(-1, 2).all(1)

    def _solve(self, price, blocks, target, softness, lower, upper, start, chunks: int = 1):
        return solve_quadratic_program(
            price, torch.zeros_like(price), blocks, target, softness, lower, upper,
            start=start, tolerance=self.settings.tolerance, chunk=chunks * self.settings.chunk,
        )  # fmt: skip

    def _resultants(self, ground: Tensor, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Force, centre of pressure and free moment of each foot, each (N, 2, 3), from point forces (P, 3, N)."""
        force = torch.einsum("fp,pxn->nfx", self.feet, ground)
        share = torch.einsum("fp,pn,pxn->nfx", self.feet, ground[:, 1], points)
        centre = share / force[..., 1:2].clamp(min=1.0)  # below a newton the centre means nothing
        moment = torch.einsum("fp,pxn->nfx", self.feet, torch.linalg.cross(points, ground, dim=1))
        return force, centre, moment - torch.linalg.cross(centre, force)
