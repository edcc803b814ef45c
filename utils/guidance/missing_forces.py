"""Forces that guided motions need and that nothing gives, beside those of the person's own squats.

A model may be too weak for the squats that the person was recorded in, as a generic one often is for deep squats, in
which its muscles hardly hold the rotation of the hips. Such a reserve shows what the model lacks, and not that nobody
could perform the motion. So the reserve of a joint counts from where it exceeds that of the own squats.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.conventions import SIDES
from models.muscles.static_optimization import Simulation
from utils.simulation.saturation import RESERVE_NAMES
from utils.simulation.unexplained_forces import (
    MOST_FORCE_BW,
    MOST_MOMENT_BW_M,
    MOST_RESERVE_BW_M,
    UnexplainedForces,
    lasting_reserves,
    unexplained_forces,
)


def most_reserves(own: Tensor | None) -> Tensor:
    """(14,) the reserve of each joint up to which a motion is not refused for it, over body weight, metres.

    It is the same for both sides: the larger of their medians over the own squats, where that is more than usual.

    Args:
        own: (A, 14) `lasting_reserves` of the own squats; None where they are not known.
    """
    usual = torch.full((len(RESERVE_NAMES),), MOST_RESERVE_BW_M, dtype=torch.float64)
    if own is None or not len(own):
        return usual
    of_kind = own.median(0).values.unflatten(0, (len(SIDES), -1)).amax(0)
    return torch.maximum(usual, of_kind.repeat(len(SIDES)).double())


def missing_of(simulation: Simulation, weight_n: float, frames: slice, most: Tensor) -> Tensor:
    """What S simulated motions need and nothing gives.

    Args:
        simulation: of S motions.
        weight_n: body weight, newtons.
        frames: those that count.
        most: (14,) as of `most_reserves`.

    Returns:
        (S, 5): the four of `UnexplainedForces`, with the reserve that exceeds its most by the largest factor, and this
        most.
    """
    forces = unexplained_forces(simulation, weight_n, frames)
    reserves = lasting_reserves(simulation, weight_n, frames)
    joint = (reserves / most).argmax(1)
    reserve = reserves.gather(1, joint[:, None])[:, 0]
    return torch.stack([forces.force_bw, forces.moment_bw_m, reserve, joint, most[joint]], 1)


def missing_forces(missing: Tensor) -> Tensor:
    """(S,) float64, 1 and the forces that nothing gives in multiples of the most that counts as none; 0 below that.

    Args:
        missing: (S, 5) as of `missing_of`, or the first four of it, as in runs of earlier versions.
    """
    forces, most = _forces(missing)
    relative = forces._replace(reserve_bw_m=forces.reserve_bw_m * MOST_RESERVE_BW_M / most)
    excess = relative.excess().double()
    return torch.where(excess <= 1.0, 0.0, 1.0 + excess)


def missing_sentences(missing: Tensor) -> list[str]:
    """For each of S motions what it needs that nothing gives, of `missing` as of `missing_forces`; empty if little."""
    forces, most = _forces(missing)
    counted = forces._replace(reserve_bw_m=forces.reserve_bw_m.where(forces.reserve_bw_m > most, 0.0))
    return [
        counted.sentence(j)
        + (
            f", where the own squats lack {100 * float(most[j]):.1f} %"
            if counted.reserve_bw_m[j] > most[j] > MOST_RESERVE_BW_M
            else ""
        )
        for j in range(len(missing))
    ]


def own_squats_sentence(missing: Sequence[Tensor]) -> str:
    """What the own squats, (5,) each, need and nothing gives, where that is more than in squats of other people.

    Without this, a request that is refused for the same forces would seem to be at fault.
    """
    forces, _ = _forces(torch.stack(list(missing)))
    parts = []
    unheld = (forces.force_bw > MOST_FORCE_BW) | (forces.moment_bw_m > MOST_MOMENT_BW_M)
    if unheld.any():
        parts.append(
            f"in {int(unheld.sum())} of {len(missing)} own squats the feet cannot hold the body: up to "
            f"{100 * float(forces.force_bw.max()):.0f} % of body weight is missing at the pelvis, as where the "
            "recording is noisy or the feet drift"
        )
    lacking = forces.reserve_bw_m > MOST_RESERVE_BW_M
    if lacking.any():
        worst = int(forces.reserve_bw_m.argmax())
        parts.append(
            f"in {int(lacking.sum())} of {len(missing)} own squats the model's muscles are too weak: up to "
            f"{100 * float(forces.reserve_bw_m[worst]):.1f} % of body weight times metres is missing at "
            f"{RESERVE_NAMES[int(forces.reserve_joint[worst])]}"
        )
    return "; ".join(parts)


def _forces(missing: Tensor) -> tuple[UnexplainedForces, Tensor]:
    """The forces of (S, 5) or (S, 4), and the most (S,) up to which the reserve counts as none."""
    columns = missing.T
    most = columns[4] if len(columns) > 4 else torch.full_like(columns[2], MOST_RESERVE_BW_M)
    return UnexplainedForces(*columns[:4]), most
