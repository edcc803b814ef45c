"""Distance from a latent to the training latents, or to the codebook."""

from collections.abc import Callable

import torch
from torch import Tensor


class Proximity:
    """Distance from latents to the nearest of many: the arg-min by one matrix product, the value exactly."""

    def __init__(self, latents: Tensor, candidates: int = 8):
        """Keep the latents to be near to.

        Args:
            latents: (N, L, D) training latents.
            candidates: how many of the matrix product's best are compared exactly, as it rounds.
        """
        self.latents = latents.flatten(1).float()
        self.centre = self.latents.mean(0)
        self.centred = self.latents - self.centre  # shorter vectors: less is lost in |z|^2 - 2 z.e + |e|^2
        self.square = self.centred.square().sum(1)
        self.candidates = min(candidates, len(latents))

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (B,) to the nearest latent, differentiable, and its index (B,), for z (B, L, D)."""
        flat = z.flatten(1)
        with torch.no_grad():
            ahead = self.square - 2 * (flat - self.centre) @ self.centred.T  # (B, N), up to |z|^2
            best = ahead.topk(self.candidates, dim=1, largest=False).indices.sort(dim=1).values
            exact = torch.linalg.vector_norm(flat.unsqueeze(1) - self.latents[best], dim=2)
            index = best.gather(1, exact.argmin(1, keepdim=True)).squeeze(1)
        return torch.linalg.vector_norm(flat - self.latents[index], dim=1), index


class CodebookProximity:
    """Distance from latents to their own codes, where a checkpoint comes without its training latents."""

    def __init__(self, quantize: Callable[[Tensor], Tensor]):
        self.quantize = quantize

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Distance (B,) from z (B, L, D) to the same with each frame replaced by its code; index -1."""
        codes = self.quantize(z.detach())
        return torch.linalg.vector_norm((z - codes).flatten(1), dim=1), z.new_full((len(z),), -1, dtype=torch.long)
