"""Positions of points that are fixed to bodies."""

import numpy as np
import torch
from torch import Tensor, nn

from models.skeleton.kinematic_tree import KinematicTree


class AttachedPoints(nn.Module):
    """Points fixed to bodies, grouped so that each body needs one matrix product."""

    restore: Tensor

    def __init__(self, tree: KinematicTree, bodies: np.ndarray, locations: np.ndarray) -> None:
        """Set up the points.

        Args:
            tree: holds the bodies.
            bodies: (P,) indices into the bodies of the tree's description.
            locations: (P, 3) metres, in the body frames.
        """
        super().__init__()
        positions = [tree.position_of_body[int(body)] for body in bodies]
        self.owners = sorted(set(positions))
        order: list[int] = []
        for owner in self.owners:
            members = [i for i, position in enumerate(positions) if position == owner]
            points = torch.tensor(locations[members], dtype=tree.constant_offset.dtype)
            self.register_buffer(f"points_{owner}", points)
            order += members
        self.register_buffer("restore", torch.tensor(order, dtype=torch.long).argsort())

    def forward(self, rotation: Tensor, origin: Tensor) -> Tensor:
        """Positions (P, 3, N) in the ground frame, from the bodies' rotations (B, 3, 3, N) and origins (B, 3, N)."""
        if not self.owners:
            return origin.new_zeros(0, 3, origin.shape[-1])
        placed = []
        for owner in self.owners:
            points = getattr(self, f"points_{owner}")  # (p, 3)
            columns = rotation[owner].transpose(0, 1).reshape(3, -1)  # (3, 3 N): for each axis j, all of R[:, j]
            placed.append((points @ columns).reshape(len(points), 3, -1) + origin[owner])
        return torch.cat(placed).index_select(0, self.restore)
