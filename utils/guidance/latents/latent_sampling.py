"""Initial latents of the optimisation."""

import torch
from torch import Tensor


class LatentSampler:
    """Where optimisation starts: start j is the same whatever batch it is in."""

    def __init__(self, latents: Tensor, seed: int, noise: float = 0.0):
        """Draw from the training latents without repeating one before all were used.

        Args:
            latents: (N, L, D) training latents.
            noise: standard deviation of Gaussian noise on a start, in units of the latents' own standard deviation.
        """
        self.latents, self.seed, self.noise = latents, seed, noise
        self.spread = latents.float().std()
        self.order = torch.randperm(len(latents), generator=torch.Generator().manual_seed(seed))

    def __call__(self, start: int) -> Tensor:
        """(L, D) latent of start number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        latent = self.latents[self.order[start % len(self.order)]].float()
        noise = torch.randn(latent.shape, generator=generator).to(latent)
        return latent + self.noise * self.spread * noise


class CodebookSampler:
    """LatentSampler of random codes, one a latent frame, where a checkpoint comes without its training latents."""

    def __init__(self, codebook: Tensor, frames: int, seed: int):
        self.codebook, self.frames, self.seed = codebook, frames, seed

    def __call__(self, start: int) -> Tensor:
        """(L, D) latent of start number `start`."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + start)
        return self.codebook[torch.randint(len(self.codebook), (self.frames,), generator=generator)]
