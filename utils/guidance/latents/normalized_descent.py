"""Gradient descent by steps whose length does not depend on the size of the gradient."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_TINY = 1e-12  # a zero gradient makes no step
_MOMENTUM = 0.5


class NormalizedDescent(torch.optim.SGD):
    """Steepest descent with momentum, of which every row of a variable (B, ...) makes steps of its own of length `lr`.

    Weights of constraints are raised while these are missed, so that a gradient's size says little of how far there is
    to go; the schedule of `lr` says that. Adam normalises too, but element by element, which turns a step away from the
    gradient.
    """

    def __init__(self, variables: Iterable[Tensor], lr: float) -> None:
        """Prepare the descent of the variables, each with a row for each sample."""
        super().__init__(variables, lr=lr, momentum=_MOMENTUM, dampening=_MOMENTUM)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One step along the normalised gradients."""
        for group in self.param_groups:
            for variable in group["params"]:
                lengths = variable.grad.flatten(1).norm(dim=1).clamp_min(_TINY)
                variable.grad /= lengths.view(-1, *[1] * (variable.dim() - 1))
        return super().step(closure)
