"""Initial latents of the optimisation; the one of a given number is the same whatever batch it is in."""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from models.vqvae.autoencoder import VQVAE

_COMPARED_TOGETHER = 20  # latents
_ALIKE = 1.5  # times the least change, up to which sources are tried in turn
Sampler = Callable[[int], Tensor]  # number of a start -> its initial latent (L, D)


class LatentSampler:
    """Initial latents drawn from the training latents; none is repeated before all were used."""

    def __init__(self, latents: Tensor, seed: int, noise: float = 0.0) -> None:
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

    def __init__(self, vqvae: VQVAE, frames: int, seed: int) -> None:
        """Store the VQ-VAE whose codes are drawn; a latent has `frames` frames."""
        self.vqvae, self.frames, self.seed = vqvae, frames, seed

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        return self.vqvae.random_latents(self.frames, generator=generator)


class SequenceSampler:
    """Given initial latents in their order, until experience says which of their sources lead to the least change."""

    def __init__(self, latents: Tensor, sources: Sequence[int]) -> None:
        """Store the latents.

        Args:
            latents: (M, L, D).
            sources: (M,) what each was made from; those of one number have a source in common.
        """
        self.latents, self.sources = latents, sources
        self.order = list(range(len(latents)))

    def source_of(self, start: int) -> int:
        """The source of initial latent number `start`."""
        return self.sources[self._index(start)]

    def prefer(self, first: int, changes: Mapping[int, float]) -> None:
        """Sort the initial latents from number `first` on by what their sources led to.

        Those come first, in their order, whose source led to a change of at most `_ALIKE` times the least one; the
        others follow by the change that theirs led to, those of unknown sources last.

        Args:
            first: number of the first start that has not been used.
            changes: the change that a source led to, by source.
        """
        alike = _ALIKE * min(changes.values(), default=0.0)

        def rank(index: int) -> float:
            change = changes.get(self.sources[index], math.inf)
            return 0.0 if change <= alike else change

        self.order[first:] = sorted(self.order[first:], key=rank)

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`; they repeat when all were used."""
        return self.latents[self._index(start)]

    def _index(self, start: int) -> int:
        return self.order[start % len(self.order)]


class AlternatingSampler:
    """Initial latents of two samplers in turn."""

    def __init__(self, first: Sampler, second: Sampler) -> None:
        """Store the samplers; `first` has the even numbers."""
        self.samplers = (first, second)

    def __call__(self, start: int) -> Tensor:
        """Initial latent (L, D) number `start`."""
        return self.samplers[start % 2](start // 2)
