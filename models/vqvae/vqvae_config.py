"""Configuration of the VQ-VAE, which is stored in every checkpoint."""

import math
from dataclasses import dataclass

from models.conventions import FRAMES_PER_LATENT

ACTIVATION_FUNCTIONS = ("relu", "silu", "gelu")
NORMS = ("LN", "GN", "BN")  # layer, group and batch normalisation
PADDINGS = ("zeros", "edge")  # beyond both ends of a sequence: zeros, or copies of its first and last element
QUANTIZERS = ("ema_reset", "ema", "reset", "orig")  # see models/vqvae/quantizer.py


@dataclass(frozen=True)
class VQVAEConfig:
    """Hyperparameters of a VQ-VAE.

    Attributes:
        coordinates: number of coordinates of a motion.
        nb_code: number of codes in the codebook.
        code_dim: channels of a latent frame.
        code_groups: groups of channels, each with a codebook of its own.
        width: channels of the hidden layers.
        down_t: number of stages, each of which divides the frame rate by `stride_t`.
        stride_t: stride of a stage.
        depth: residual blocks in a stage.
        dilation_growth_rate: factor between the dilations of successive residual blocks.
        activation: activation function of the residual blocks, one of ACTIVATION_FUNCTIONS.
        norm: normalisation in the residual blocks, one of NORMS, or None.
        padding: what the convolutions see beyond the ends, one of PADDINGS.
        quantizer: one of QUANTIZERS.
        mu: decay of the codebook's moving averages, per step.
    """

    coordinates: int = 33
    nb_code: int = 512
    code_dim: int = 512
    code_groups: int = 1
    width: int = 512
    down_t: int = 2
    stride_t: int = 2
    depth: int = 3
    dilation_growth_rate: int = 3
    activation: str = "relu"
    norm: str | None = None
    padding: str = "zeros"
    quantizer: str = "ema_reset"
    mu: float = 0.99

    @property
    def frames_per_latent(self) -> int:
        """Number of motion frames that one latent frame represents."""
        return self.stride_t**self.down_t

    @property
    def seq_len_step(self) -> int:
        """What the length of a window, in units of FRAMES_PER_LATENT frames, is a multiple of."""
        return math.lcm(self.frames_per_latent, FRAMES_PER_LATENT) // FRAMES_PER_LATENT
