"""How the ground reaction is shared where the motion does not determine it: preferences between feet that stand.

A motion determines the sum of the ground reaction and the sum of its moments, but not how hard the feet push against
each other, and hardly how each of them is loaded. Each preference is a linear function of the forces at the contact
points that should be close to 0; it enters the quadratic program as an equation with a slack.

Least activation alone makes the feet push outwards or inwards by tens of newtons that no force plate shows, because it
spares the abductors of the hips and knows no ligaments. On force plates, standing or squatting to 115 degrees of knee
flexion, the force leans inwards by about a tenth, as legs do that stand apart, and its line passes the knee centre some
4 cm on the medial side, as in walking (Schipplein and Andriacchi 1991): where deep squatters' knees go outwards, their
feet cease to push inwards. See docs/accuracy.md for the comparison with plates.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from models.skeleton.inverse_dynamics import MotionState


class LegBodies(NamedTuple):
    """Indices of the bodies of the right and the left leg."""

    tibia: list[int]
    calcaneus: list[int]


def preference_rows(
    state: MotionState, bodies: LegBodies, points: Tensor, feet: Tensor, knee_offset_m: float, inward_lean: float
) -> Tensor:
    """The preferences, as their values per unit force at each contact point along x, y and z.

    Args:
        state: of the bodies, N frames.
        bodies: of the legs.
        points: (P, 3, N) contact points, metres.
        feet: (2, P) whether a point belongs to the right and to the left foot, 0 or 1.
        knee_offset_m: how far medial of the knee centre the ground reaction force passes.
        inward_lean: inward force over vertical force of a foot.

    Returns:
        (5, P, 3, N): differences of the feet, right minus left, of the vertical force, of the fore-aft force, and of
        the fore-aft moment of the vertical force about the heels; and sums over the feet of the adduction moment of
        the force about the knee, less that at the offset, and of the inward force, less that of the lean.
    """
    toes = state.rotation[bodies.calcaneus, :, 0]  # (2, 3, N), the feet's x axes
    ahead = toes.sum(0) * toes.new_tensor([1.0, 0.0, 1.0])[:, None]
    ahead = ahead / ahead.norm(dim=0)
    up = toes.new_tensor([0.0, 1.0, 0.0])[:, None]
    side = (feet[0] - feet[1])[:, None, None]  # (P, 1, 1), 1 right and -1 left

    def of_foot(values: Tensor) -> Tensor:
        """Values (2, 3, N) of the legs as those of their contact points (P, 3, N)."""
        return torch.einsum("fp,fxn->pxn", feet, values)

    lever = ((points - of_foot(state.origin[bodies.calcaneus])) * ahead).sum(1, keepdim=True)
    # Moment about an axis through a centre, per unit force: ((p - c) x f) . a = f . (a x (p - c)).
    adduction_axis = side * of_foot(state.rotation[bodies.tibia, :, 0])
    knee = torch.linalg.cross(adduction_axis, points - of_foot(state.centre[bodies.tibia]), dim=1)
    inward = side * torch.linalg.cross(up.expand_as(ahead), ahead, dim=0)
    rows = [side * up, side * ahead, side * lever * up, knee - knee_offset_m * up, inward - inward_lean * up]
    return torch.stack([row.expand_as(points) for row in rows])
