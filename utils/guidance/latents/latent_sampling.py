"""Initial latents of the optimisation; the one of a given number is the same whatever batch it is in."""

from collections.abc import Callable

import torch
from torch import Tensor

_COMPARED_TOGETHER = 20  # latents
Sampler = Callable[[int], Tensor]  # number of a start -> its initial latent (L, D)


class LatentSampler:
    """Initial latents drawn from the training latents; none is repeated before all were used."""

    def __init__(self, latents: Tensor, seed: int, noise: float = 0.0):
        """Shuffle the training latents.

        Args:
            latents: (N, L, D) training latents.
            seed: seed of the order and of the noise.
            noise: standard deviation of added Gaussian noise, in standard deviations of the training latents.
        """
        self.latents, self.seed, self.noise = latents, seed, noise
        self.std = latents.float().std()
        self.order = torch.randperm(len(latents), generator=torch.Generator().manual_seed(seed))

    def prefer(self, count: int, misses: Callable[[Tensor], Tensor]) -> None:
        """Sort the first `count` of the drawn latents by how little they miss what is asked.

        Args:
            count: how many are compared.
            misses: latents (B, L, D) -> by how much each misses what is asked, (B,).
        """
        drawn = self.order[:count]
        found = torch.cat([misses(part) for part in self.latents[drawn].float().split(_COMPARED_TOGETHER)])
        self.order = torch.cat([drawn[found.argsort(stable=True).cpu()], self.order[count:]])

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        latent = self.latents[self.order[start % len(self.order)]].float()
        noise = torch.randn(latent.shape, generator=generator).to(latent)
        return latent + self.noise * self.std * noise


class CodebookSampler:
    """Initial latents of random codes, one per latent frame, for a checkpoint without its training latents."""

    def __init__(self, codebook: Tensor, frames: int, seed: int):
        """Store the codebook (codes, D); a latent has `frames` frames."""
        self.codebook, self.frames, self.seed = codebook, frames, seed

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        return self.codebook[torch.randint(len(self.codebook), (self.frames,), generator=generator)]


class SequenceSampler:
    """Given initial latents in their order."""

    def __init__(self, latents: Tensor):
        """Store the latents (M, L, D)."""
        self.latents = latents

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`; they repeat when all were used."""
        return self.latents[start % len(self.latents)]


class AlternatingSampler:
    """Initial latents of two samplers in turn."""

    def __init__(self, first: Sampler, second: Sampler):
        """Store the samplers; `first` has the even numbers."""
        self.samplers = (first, second)

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`."""
        return self.samplers[start % 2](start // 2)
