"""The networks that an evaluation uses: the VQ-VAE for features and the surrogate for missing activations."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ, MUSCLES
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from utils.networks.inference import load_frozen_surrogate, load_frozen_vqvae, predict_activations

# At both ends of a motion, where predicted activations are unreliable.
MARGIN_FRAMES = round(FILTER_MARGIN_S * FRAME_RATE_HZ)


@dataclass
class EvaluationNetworks:
    """The networks of an evaluation, each loaded when it is first used.

    Attributes:
        device: where they compute.
        vqvae_path: checkpoint or run folder of the VQ-VAE; None for the shipped one.
        surrogate_path: checkpoint or run folder of the surrogate; None for the shipped one.
    """

    device: torch.device | str = "cpu"
    vqvae_path: Path | None = None
    surrogate_path: Path | None = None

    @cached_property
    def vqvae(self) -> VQVAE:
        """The VQ-VAE whose encoder gives the features."""
        return load_frozen_vqvae(self.vqvae_path, self.device)

    @cached_property
    def surrogate(self) -> SurrogateTransformer | PublishedSurrogate:
        """The surrogate that predicts activations where files have none."""
        return load_frozen_surrogate(self.surrogate_path, self.device)

    @torch.no_grad()
    def predict(self, motion: Tensor, mask: Tensor, anthropometry: Tensor | None) -> Tensor:
        """Muscle activations (B, T, 80), 0 to 1, on the CPU.

        A motion that is longer than the surrogate's is predicted in overlapping pieces of the surrogate's length.
        Consecutive pieces overlap by twice `MARGIN_FRAMES`, and the first `MARGIN_FRAMES` of each later one are
        discarded.

        Args:
            motion: (B, T, 33) placed motions, degrees and metres, canonical order.
            mask: (B, T) bool, the frames that the surrogate may attend to.
            anthropometry: (P,) anthropometric features of the subject, (B, P) of each motion's model, or None.
        """
        longest = self.surrogate.positional_encoding.shape[1]
        frames = motion.shape[1]
        if frames <= longest:
            return self._predict_piece(motion, mask, anthropometry)
        activations = motion.new_zeros(*motion.shape[:2], len(MUSCLES))
        starts = range(0, frames - 2 * MARGIN_FRAMES, longest - 2 * MARGIN_FRAMES)
        for start in (min(start, frames - longest) for start in starts):
            end = start + longest
            piece = self._predict_piece(motion[:, start:end], mask[:, start:end], anthropometry)
            skipped = MARGIN_FRAMES if start else 0
            activations[:, start + skipped : end] = piece[:, skipped:]
        return activations

    def _predict_piece(self, motion: Tensor, mask: Tensor, anthropometry: Tensor | None) -> Tensor:
        anthropometry = None if anthropometry is None else anthropometry.to(self.device)
        return predict_activations(self.surrogate, motion.to(self.device), mask.to(self.device), anthropometry).cpu()
