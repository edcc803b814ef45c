"""Forces that a simulated motion needs and that neither the ground nor a muscle gives: residuals and reserves.

Inverse dynamics explains any motion; what ground and muscles cannot supply is left to residual actuators on the pelvis
and reserve actuators on the joints. A motion that needs much of these cannot be performed, whatever its activations.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from models.muscles.static_optimization import Simulation
from utils.simulation.saturation import RESERVE_NAMES

# Recorded squats of six people, with their feet planted, reach .09, .045 m and .04 m; as recorded, .11 and .025 m.
MOST_FORCE_BW, MOST_MOMENT_BW_M, MOST_RESERVE_BW_M = 0.15, 0.06, 0.05
_FRAMES = 3  # a peak of fewer frames says nothing in motions that are filtered at 2.7 Hz


class UnexplainedForces(NamedTuple):
    """The largest of S motions, each lasting 0.05 s at least, over body weight.

    Attributes:
        force_bw: (S,) residual force on the pelvis.
        moment_bw_m: (S,) residual moment on the pelvis, metres.
        reserve_bw_m: (S,) reserve moment of a joint, metres.
        reserve_joint: (S,) which one, index into `RESERVE_NAMES`.
    """

    force_bw: Tensor
    moment_bw_m: Tensor
    reserve_bw_m: Tensor
    reserve_joint: Tensor

    def excess(self) -> Tensor:
        """(S,) the largest of the three over the most that counts as none; above 1 the motion cannot be performed."""
        shares = (
            self.force_bw / MOST_FORCE_BW,
            self.moment_bw_m / MOST_MOMENT_BW_M,
            self.reserve_bw_m / MOST_RESERVE_BW_M,
        )
        return torch.stack(shares).amax(0)

    def sentence(self, motion: int) -> str:
        """What motion number `motion` needs that nothing gives; empty where it is little."""
        force, moment, reserve = (float(values[motion]) for values in self[:3])
        parts = []
        if force > MOST_FORCE_BW or moment > MOST_MOMENT_BW_M:
            parts.append(
                f"the feet cannot hold the body: {100 * force:.0f} % of body weight and {100 * moment:.1f} % of body "
                f"weight times metres are missing at the pelvis"
            )
        if reserve > MOST_RESERVE_BW_M:
            joint = RESERVE_NAMES[int(self.reserve_joint[motion])]
            parts.append(f"the muscles cannot supply {100 * reserve:.1f} % of body weight times metres at {joint}")
        return "; ".join(parts)


def unexplained_forces(simulation: Simulation, weight_n: float, frames: slice) -> UnexplainedForces:
    """The residuals and reserves of a simulation of S motions.

    Args:
        simulation: of S motions, (S, T, ...).
        weight_n: body weight, newtons.
        frames: those that count.
    """
    residuals = simulation.residuals[:, frames] / weight_n
    largest = lasting_reserves(simulation, weight_n, frames).max(1)
    return UnexplainedForces(
        force_bw=_lasting(residuals[..., 3:].norm(dim=-1, keepdim=True))[:, 0],
        moment_bw_m=_lasting(residuals[..., :3].norm(dim=-1, keepdim=True))[:, 0],
        reserve_bw_m=largest.values,
        reserve_joint=largest.indices,
    )


def lasting_reserves(simulation: Simulation, weight_n: float, frames: slice) -> Tensor:
    """(S, 14) the largest reserve moment of each joint that lasts 0.05 s, over body weight, metres.

    The arguments are those of `unexplained_forces`, and the joints are in the order of `RESERVE_NAMES`.
    """
    return _lasting(simulation.reserves[:, frames].flatten(2).abs() / weight_n)


def _lasting(values: Tensor) -> Tensor:
    """(S, C) the largest level that values (S, T, C) keep for some frames in a row."""
    return values.unfold(1, min(_FRAMES, values.shape[1]), 1).amin(-1).amax(1)
