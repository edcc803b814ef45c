"""Pass batches of motions through a VQ-VAE, and count the codes that represent them."""

import torch
from torch import Tensor

from models.vqvae.autoencoder import VQVAE


@torch.no_grad()
def reconstruct_all(model: VQVAE, motion: Tensor, *, quantised: bool = True, batch: int = 64) -> tuple[Tensor, Tensor]:
    """Reconstruct motions, `batch` of them at a time.

    Args:
        model: the VQ-VAE.
        motion: (N, T, 33), degrees and metres, placed, on the device of the model.
        quantised: decode the codes; otherwise decode the latents before quantisation.
        batch: motions that are passed through together.

    Returns:
        Reconstructions (N, T, 33), and codes (N, L) or, of a product quantizer, (N, L, groups).
    """
    model.eval()
    reconstructions, codes = [], []
    for part in motion.split(batch):
        latents = model.encode(part)
        codes.append(model.quantizer.codes_of(latents))
        reconstructions.append(model.decode(model.quantizer.vectors_of(codes[-1]) if quantised else latents))
    return torch.cat(reconstructions), torch.cat(codes)


def used_codes_of(codes: Tensor, recorded: Tensor) -> Tensor:
    """The codes (F, groups) of the F latent frames that represent at least one recorded frame.

    Args:
        codes: (N, L) or (N, L, groups).
        recorded: (N, T) bool.
    """
    codes = codes.view(*codes.shape[:2], -1)
    return codes[recorded.view(len(codes), codes.shape[1], -1).any(-1)]


def code_usage(codes: Tensor) -> tuple[float, float]:
    """Perplexity of codes (F, groups) and the number of different ones, means over the groups; see `used_codes_of`."""
    perplexities, counts = [], []
    for group in codes.unbind(-1):
        count = torch.bincount(group)
        share = count[count > 0].double() / count.sum()
        perplexities.append(float(torch.exp(-(share * share.log()).sum())))
        counts.append(len(share))
    return sum(perplexities) / len(perplexities), sum(counts) / len(counts)
