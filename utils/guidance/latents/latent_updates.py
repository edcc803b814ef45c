"""How latents are updated: element by element, or in the PCA space of the training latents."""

from typing import Protocol

import torch
from torch import Tensor


class LatentUpdate(Protocol):
    """A parametrisation of the change of latents: the optimiser updates a variable, which displaces the latents."""

    def zero(self, z: Tensor) -> Tensor:
        """The variable (B, ...) that leaves the latents z (B, L, D) unchanged."""

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of the latents, (B, L, D)."""

    def squared_size(self, displacement: Tensor) -> Tensor:
        """(B,) squared length of displacements (B, L, D), in units of how latents differ between people."""


class ElementwiseUpdate:
    """The published update: every element of a latent changes on its own."""

    def __init__(self, spread: float = 1.0) -> None:
        """Store the standard deviation of latents between people, the unit of `squared_size`."""
        self.spread = spread

    def zero(self, z: Tensor) -> Tensor:
        """The variable (B, L, D) that leaves the latents unchanged."""
        return torch.zeros_like(z)

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of the latents, (B, L, D)."""
        return variable

    def squared_size(self, displacement: Tensor) -> Tensor:
        """(B,) squared length of displacements (B, L, D), all elements in standard deviations."""
        return (displacement / self.spread).square().flatten(1).sum(1)


class PCAUpdate:
    """Updates along the principal components of the training latents.

    Adam steps every element of its variable alike; on the thousands of elements of a latent it finds spikes of a few
    frames that mislead a surrogate. The principal components of whole training latents are changes that recorded
    motions show, over all of their time. One unit of the variable is a tenth of the training latents' standard
    deviation along its component, whatever the scale of a checkpoint's latents.
    """

    def __init__(self, latents: Tensor, explained: float = 0.999) -> None:
        """Take the components that explain a share of the variance.

        Args:
            latents: (N, L, D) training latents.
            explained: share of the variance that the components explain.
        """
        self.shape = latents.shape[1:]
        centred = (latents - latents.mean(0)).flatten(1).double()
        variance, vectors = torch.linalg.eigh(centred @ centred.T)  # N x N: there are fewer windows than elements
        order = variance.argsort(descending=True)
        kept = order[: int((variance[order].cumsum(0) < explained * variance.sum()).sum()) + 1]
        self.components = (0.1 * vectors[:, kept].T @ centred / len(latents) ** 0.5).float()  # (K, L * D)
        self.projection = (0.1 * self.components / self.components.square().sum(1, keepdim=True)).T  # (L * D, K)

    def zero(self, z: Tensor) -> Tensor:
        """The variable (B, K) that leaves the latents unchanged."""
        return z.new_zeros(len(z), len(self.components))

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of the latents, (B, L, D)."""
        return (variable @ self.components).unflatten(1, self.shape)

    def squared_size(self, displacement: Tensor) -> Tensor:
        """(B,) squared Mahalanobis length of displacements (B, L, D).

        Each principal component counts in standard deviations of the training latents. So a change that people show
        among each other, such as a deeper squat with hips, knees and ankles in step, is small; one that they do not
        show, such as a lifted heel or a twitch of one joint, is large.
        """
        return (displacement.flatten(1) @ self.projection).square().sum(1)
