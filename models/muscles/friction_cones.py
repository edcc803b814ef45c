"""Friction cones of the contact points, as pyramids that are turned with the feet.

A force within a pyramid is a sum of non-negative forces along its four edges, which lean forwards, backwards, to the
right and to the left. They turn with the person, so that forces do not depend on the heading.
"""

import torch
from torch import Tensor

FRICTION = 0.8  # coefficient of friction of the feet
FRICTION_EDGES = 4


class FrictionCones:
    """Friction cones of P contact points in N frames."""

    def __init__(self, toes: Tensor, weight_n: float) -> None:
        """Turn the pyramids.

        Args:
            toes: (3, N) where both feet together point, of any length and slope.
            weight_n: vertical force of a unit along an edge.
        """
        level = toes[[0, 2]] / toes[[0, 2]].norm(dim=0)
        self.x, self.z = level  # (N,) each, of the forward direction; (-z, x) points to the right
        self.weight_n = weight_n

    def along_edges(self, rows: Tensor) -> Tensor:
        """Rows (P, 3, R, N) per newton along x, y and z as rows (N, R, P * 4) per unit along each edge."""
        up = self.weight_n * rows[:, 1]
        ahead = FRICTION * self.weight_n * (self.x * rows[:, 0] + self.z * rows[:, 2])
        right = FRICTION * self.weight_n * (self.x * rows[:, 2] - self.z * rows[:, 0])
        edges = torch.stack([up + ahead, up - ahead, up + right, up - right])  # (4, P, R, N)
        return edges.permute(3, 2, 1, 0).flatten(2)

    def forces(self, units: Tensor) -> Tensor:
        """Forces (P, 3, N), N, of units (N, P * 4) along the edges."""
        forwards, backwards, right, left = units.unflatten(1, (-1, FRICTION_EDGES)).permute(2, 1, 0)  # (P, N) each
        ahead, aside = FRICTION * (forwards - backwards), FRICTION * (right - left)
        up = forwards + backwards + right + left
        return self.weight_n * torch.stack([self.x * ahead - self.z * aside, up, self.z * ahead + self.x * aside], 1)
