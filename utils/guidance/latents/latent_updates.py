"""Parametrisations of the change of a latent: element by element, or in the PCA space of the training latents."""

import torch
from torch import Tensor


class ElementwiseUpdate:
    """The published move: every element of z goes its own way."""

    def start(self, z: Tensor) -> Tensor:
        """The variable (B, L, D) that moves nothing."""
        return torch.zeros_like(z)

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of z, (B, L, D)."""
        return variable


class PCAUpdate:
    """Moves along the ways in which the training latents differ from one another, each as far as they do.

    Adam steps every element alike, and in a latent of thousands of elements that finds spikes of a few frames that fool
    a surrogate. The principal axes of whole training latents are changes that real motions show, over all of their
    time. A unit is a tenth of the latents' spread along each axis, whatever the scale of a checkpoint's latents.
    """

    def __init__(self, latents: Tensor, share: float = 0.999):
        """Take the axes that hold `share` of the variance of latents (N, L, D)."""
        self.shape = latents.shape[1:]
        centred = (latents - latents.mean(0)).flatten(1).double()
        variance, vectors = torch.linalg.eigh(centred @ centred.T)  # N x N: there are fewer windows than elements
        order = variance.argsort(descending=True)
        kept = order[: int((variance[order].cumsum(0) < share * variance.sum()).sum()) + 1]
        self.axes = (0.1 * vectors[:, kept].T @ centred / len(latents) ** 0.5).float()  # (K, L * D)

    def start(self, z: Tensor) -> Tensor:
        """The variable (B, K) that moves nothing."""
        return z.new_zeros(len(z), len(self.axes))

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of z, (B, L, D)."""
        return (variable @ self.axes).unflatten(1, self.shape)
