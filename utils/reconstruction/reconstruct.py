"""Pass motions through a VQ-VAE, and count the codes that they use."""

import torch
from torch import Tensor

from models.vqvae.autoencoder import VQVAE


def root_mean_square(error: Tensor, recorded: Tensor) -> Tensor:
    """RMS of errors (N, T, C) over the recorded (N, T) frames, for each channel (C,)."""
    weight = recorded.to(error).unsqueeze(-1)
    return ((error.square() * weight).sum((0, 1)) / weight.sum().clamp_min(1)).sqrt()


def code_usage(codes: Tensor, recorded: Tensor) -> tuple[float, float]:
    """Perplexity and number of different codes, of the codes (N, L) or (N, L, groups) that stand for recorded frames.

    recorded: (N, T) bool. Of groups, the mean.
    """
    codes = codes.view(*codes.shape[:2], -1)
    used = codes[recorded.view(len(codes), codes.shape[1], -1).any(-1)]  # (F, groups)
    perplexities, counts = [], []
    for group in used.unbind(-1):
        count = torch.bincount(group)
        share = count[count > 0].double() / count.sum()
        perplexities.append(float(torch.exp(-(share * share.log()).sum())))
        counts.append(len(share))
    return sum(perplexities) / len(perplexities), sum(counts) / len(counts)


@torch.no_grad()
def reconstruct_all(model: VQVAE, motion: Tensor, *, quantised: bool = True, batch: int = 64) -> tuple[Tensor, Tensor]:
    """Reconstructions (N, T, 33) of motions (N, T, 33), through the codebook or around it, and the codes (N, L)."""
    model.eval()
    reconstructions, codes = [], []
    for part in motion.split(batch):
        latents = model.encode(part)
        codes.append(model.quantizer.codes_of(latents))
        reconstructions.append(model.decode(model.quantizer.vectors_of(codes[-1]) if quantised else latents))
    return torch.cat(reconstructions), torch.cat(codes)
