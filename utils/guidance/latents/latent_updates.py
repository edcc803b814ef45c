"""How latents are updated: element by element, along principal components, or by what changes a motion alike."""

from typing import Protocol

import torch
from torch import Tensor

from utils.guidance.latents.normalized_descent import NormalizedDescent
from utils.guidance.objective.own_bounds import FormWeights

_EXPLAINED = 0.999  # share of the variance of training latents
_UNIT = 0.1  # standard deviations along a principal component in one unit of its variable


class LatentUpdate(Protocol):
    """A parametrisation of the change of latents: an optimiser updates a variable, which displaces the latents.

    Attributes:
        usual_lr: step size that suits the variable.
    """

    usual_lr: float

    def optimizer(self, variable: Tensor, lr: float) -> torch.optim.Optimizer:
        """The optimiser of the variable (B, ...), whose rows do not influence each other."""

    def zero(self, z: Tensor) -> Tensor:
        """The variable (B, ...) that leaves the latents z (B, L, D) unchanged."""

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of the latents, (B, L, D)."""

    def squared_size(self, displacement: Tensor) -> Tensor:
        """(B,) squared length of displacements (B, L, D), in units of how latents differ between people."""


class ElementwiseUpdate:
    """The published update: Adam changes every element of a latent on its own."""

    usual_lr = 0.5

    def __init__(self, spread: float = 1.0) -> None:
        """Store the standard deviation of latents between people, the unit of `squared_size`."""
        self.spread = spread

    def optimizer(self, variable: Tensor, lr: float) -> torch.optim.Optimizer:
        """Adam, whose steps are in units of the latent."""
        return torch.optim.Adam([variable], lr=lr)

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

    usual_lr = 0.5

    def __init__(self, latents: Tensor) -> None:
        """Take the components that explain nearly all of the variance of training latents (N, L, D)."""
        self.shape = latents.shape[1:]
        centred = (latents - latents.mean(0)).flatten(1).double()
        variance, vectors = torch.linalg.eigh(centred @ centred.T)  # N x N: there are fewer windows than elements
        order = variance.argsort(descending=True)
        kept = order[: int((variance[order].cumsum(0) < _EXPLAINED * variance.sum()).sum()) + 1]
        self.components = (_UNIT * vectors[:, kept].T @ centred / len(latents) ** 0.5).float()  # (K, L * D)
        self.projection = (self.components / self.components.square().sum(1, keepdim=True)).T  # (L * D, K)

    def optimizer(self, variable: Tensor, lr: float) -> torch.optim.Optimizer:
        """Adam, whose steps are in tenths of a standard deviation."""
        return torch.optim.Adam([variable], lr=lr)

    def zero(self, z: Tensor) -> Tensor:
        """The variable (B, K) that leaves the latents unchanged."""
        return z.new_zeros(len(z), len(self.components))

    def variable(self, displacement: Tensor) -> Tensor:
        """The variable (B, K) of displacements (B, L, D), which lie in the space of the components."""
        return displacement.flatten(1) @ self.projection

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of the latents, (B, L, D)."""
        return (variable @ self.components).unflatten(1, self.shape)

    def squared_size(self, displacement: Tensor) -> Tensor:
        """(B,) squared Mahalanobis length of displacements (B, L, D).

        Each principal component counts in standard deviations of the training latents. So a change that people show
        among each other, such as a deeper squat with hips, knees and ankles in step, is small; one that they do not
        show, such as a lifted heel or a twitch of one joint, is large.
        """
        return (_UNIT * self.variable(displacement)).square().sum(1)


class FormUpdate:
    """Updates along the principal components in which steps of equal length change a motion by equally much.

    A tenth of a standard deviation along the first components changes a squat by degrees, along the last ones by
    hundredths of a degree. What is to change as little as possible has ellipsoids of that shape as its level sets, on
    which gradient descent and Adam, which scales element by element, make slow progress. The variable is one in which
    the level sets are spheres: the components, transformed by the inverse root of the Gauss-Newton matrix of what is
    to be small. The gradient of a constraint then points where the constraint is met at the least change.
    """

    usual_lr = 1.0

    def __init__(self, principal: PCAUpdate, form: Tensor, weights: FormWeights) -> None:
        """Find the transformation.

        Args:
            principal: the principal components.
            form: (K, K) such that variable @ form @ variable is the mean squared change of the motion in form, degrees
                squared, of a change of the principal components' variable (K,), to first order.
            weights: of a squared degree, where a squared standard deviation along a component counts one.
        """
        self.principal = principal
        mahalanobis = _UNIT**2 * torch.eye(len(form)).to(form)
        self.size = (mahalanobis + weights.start * form).float()
        values, vectors = torch.linalg.eigh((mahalanobis + sum(weights) * form).double())
        self.transform = ((vectors * values.rsqrt()) @ vectors.T).float()

    def optimizer(self, variable: Tensor, lr: float) -> torch.optim.Optimizer:
        """Descent by steps of the same length for every sample."""
        return NormalizedDescent([variable], lr=lr)

    def zero(self, z: Tensor) -> Tensor:
        """The variable (B, K) that leaves the latents unchanged."""
        return self.principal.zero(z)

    def __call__(self, variable: Tensor) -> Tensor:
        """Displacement of the latents, (B, L, D)."""
        return self.principal(variable @ self.transform)

    def squared_size(self, displacement: Tensor) -> Tensor:
        """(B,) squared size of displacements (B, L, D): that of `PCAUpdate`, and the weighted change in form."""
        variable = self.principal.variable(displacement)
        return ((variable @ self.size) * variable).sum(1)
