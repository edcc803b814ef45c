"""Distance from latents to the training latents, or to the codebook."""

from collections.abc import Callable

import torch
from torch import Tensor


class Proximity:
    """Distance from latents to the nearest training latent.

    The nearest one is found by one matrix product, |z|^2 - 2 z.e + |e|^2; the best few are compared exactly, because
    the product rounds; the distance to the winner is exact.
    """

    def __init__(self, latents: Tensor, candidates: int = 8) -> None:
        """Store the training latents.

        Args:
            latents: (N, L, D) training latents.
            candidates: how many of the matrix product's best are compared exactly.
        """
        self.latents = latents.flatten(1).float()
        self.centre = self.latents.mean(0)
        self.centred = self.latents - self.centre  # shorter vectors lose less to rounding
        self.square = self.centred.square().sum(1)
        self.candidates = min(candidates, len(latents))

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (B,) of z (B, L, D) to the nearest training latent, differentiable, and its index (B,)."""
        flat = z.flatten(1)
        with torch.no_grad():
            ranking = self.square - 2 * (flat - self.centre) @ self.centred.T  # (B, N), squared distance less |z|^2
            best = ranking.topk(self.candidates, dim=1, largest=False).indices.sort(dim=1).values
            exact = torch.linalg.vector_norm(flat.unsqueeze(1) - self.latents[best], dim=2)
            index = best.gather(1, exact.argmin(1, keepdim=True)).squeeze(1)
        return torch.linalg.vector_norm(flat - self.latents[index], dim=1), index


class CodebookProximity:
    """Distance from latents to their own codes, for a checkpoint without its training latents."""

    def __init__(self, quantize: Callable[[Tensor], Tensor]) -> None:
        """Store the quantiser, latents (B, L, D) -> the nearest codes (B, L, D)."""
        self.quantize = quantize

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (B,) from z (B, L, D) to the same with each frame replaced by its code; index -1."""
        codes = self.quantize(z.detach())
        return torch.linalg.vector_norm((z - codes).flatten(1), dim=1), z.new_full((len(z),), -1, dtype=torch.long)
