"""A guess of how two feet share the ground reaction, by least squares with learned weights.

It stands for the simulation's first quadratic program: small joint moments, which spare muscles, and the simulation's
preferences between the feet (`models.muscles.ground_preferences`). Its unknowns are the force and the moment on the
right foot; what is left of the whole ground reaction is on the left foot.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import SimulationSettings
from models.surrogate.leg_dynamics import LegDynamics

_MOMENTS = LEG_COORDINATES[:-1]  # the toes' joint is before the wrench
# Moments that cost as much as one muscle at full activation, at first, in body weights times metres.
_MOMENT_SIZES = {"hip_flexion": 0.2, "hip_adduction": 0.1, "hip_rotation": 0.3, "knee_angle": 0.2, "ankle_angle": 0.15}
_OTHER_MOMENT_SIZE = 0.05
_PRESSURE_SIZES_M = (0.05, 0.03, 0.03)  # centre of pressure forwards and sideways, free moment over body weight
_AIR_SIZE = 0.02  # force in body weights on a foot whose contact is one half
_LEAST_CONTACT = 1e-2
_RIDGE = 1e-3


class GroundBalance(nn.Module):
    """Least squares for the wrench on the right foot; the weights of its equations are learned."""

    def __init__(self) -> None:
        super().__init__()
        s = SimulationSettings()
        self.knee_offset_m, self.inward_lean = s.knee_offset_m, s.inward_lean
        moments = [_MOMENT_SIZES.get(name, _OTHER_MOMENT_SIZE) for name in _MOMENTS]
        preferences = [s.vertical_symmetry, s.shear_symmetry, s.pressure_symmetry_m, s.knee_line_m, s.inward_force]
        sizes = [*moments, *_PRESSURE_SIZES_M, _AIR_SIZE, *preferences]
        self.log_sizes = nn.Parameter(torch.tensor([math.log(size) for size in sizes]))

    def forward(self, dynamics: LegDynamics, usual: Tensor) -> Tensor:
        """The wrenches (N, 2, 6), left foot first, as in `ground_sharing.GroundReaction`.

        Args:
            dynamics: N samples.
            usual: (N, 2, 2) usual centres of pressure of the feet, x and z in the person's frame, metres.
        """
        total = torch.cat([dynamics.force, dynamics.moment], 1)
        of_leg, wanted = self._equations_of_legs(dynamics, usual)  # (N, 2, R, 6), (N, 2, R)
        pairs, targets = self._equations_of_both(dynamics)  # (N, 2, 5, 6), (N, 5)
        # The left wrench is the total minus the unknown one.
        rows = torch.cat([-of_leg[:, 0], of_leg[:, 1], pairs[:, 1] - pairs[:, 0]], 1)
        left = (of_leg[:, 0] @ total[..., None])[..., 0]
        both = (pairs[:, 0] @ total[..., None])[..., 0]
        values = torch.cat([wanted[:, 0] - left, wanted[:, 1], targets - both], 1)
        sizes = self.log_sizes.exp()
        leg = len(sizes) - targets.shape[1]
        weights = 1 / torch.cat([sizes[:leg], sizes[:leg], sizes[leg:]])
        rows, values = rows * weights[:, None], values * weights
        normal = rows.mT @ rows + _RIDGE * torch.eye(6, dtype=rows.dtype, device=rows.device)
        right = torch.linalg.solve(normal, (rows.mT @ values[..., None])[..., 0])
        return torch.stack([total - right, right], 1)

    def _equations_of_legs(self, dynamics: LegDynamics, usual: Tensor) -> tuple[Tensor, Tensor]:
        """Equations of the wrench on each foot, (N, 2, R, 6), and their values (N, 2, R).

        Joint moments, the moments about the usual centre of pressure, and the force on a foot in the air are to be 0.
        """
        moments = dynamics.from_wrench[:, :, : len(_MOMENTS)]
        x, z = usual.unbind(-1)
        zero, one = torch.zeros_like(x), torch.ones_like(x)
        faint = 1 / dynamics.contact.clamp(min=_LEAST_CONTACT) - 1
        rows = [
            [zero, -x, zero, zero, zero, one],  # moment of the vertical force, forwards
            [zero, -z, zero, -one, zero, zero],  # and sideways
            [-z, zero, x, zero, one, zero],  # free moment
            [zero, faint, zero, zero, zero, zero],
        ]
        pressure = torch.stack([torch.stack(row, -1) for row in rows], 2)  # (N, 2, 4, 6)
        wanted = functional.pad(dynamics.unloaded[..., : len(_MOMENTS)], (0, len(rows)))
        return torch.cat([moments, pressure], 2), wanted

    def _equations_of_both(self, dynamics: LegDynamics) -> tuple[Tensor, Tensor]:
        """Preferences between the feet as sums over both of rows (N, 2, 5, 6), and their values (N, 5)."""
        count = len(dynamics.force)
        side = dynamics.force.new_tensor([-1.0, 1.0]).expand(count, 2)
        zero, one = torch.zeros_like(side), torch.ones_like(side)
        heel, knee = dynamics.joints[:, :, 3], dynamics.joints[:, :, 1]
        axis = dynamics.shank_axis * side[..., None]  # of adduction: about the shank's forward axis
        about_knee = torch.cat([torch.linalg.cross(axis, -knee, dim=-1), axis], -1)
        rows = [
            torch.stack([zero, side, zero, zero, zero, zero], -1),
            torch.stack([side, zero, zero, zero, zero, zero], -1),
            torch.stack([zero, -side * heel[..., 0], zero, zero, zero, side], -1),
            about_knee - self.knee_offset_m * torch.stack([zero, one, zero, zero, zero, zero], -1),
            torch.stack([zero, -self.inward_lean * one, -side, zero, zero, zero], -1),
        ]
        standing = dynamics.contact.prod(1)  # a foot in the air need not share the load
        return torch.stack(rows, 2) * standing[:, None, None, None], dynamics.force.new_zeros(count, len(rows))
