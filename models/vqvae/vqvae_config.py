"""Configuration of the VQ-VAE; it is stored in every checkpoint."""

from dataclasses import dataclass

ACTIVATION_FUNCTIONS = ("relu", "silu", "gelu")
NORMS = ("LN", "GN", "BN")  # layer, group and batch normalisation
QUANTIZERS = ("ema_reset", "ema", "reset", "orig")  # see models/vqvae/quantizer.py


@dataclass(frozen=True)
class VQVAEConfig:
    """All that shapes a VQ-VAE; kept in its checkpoint."""

    coordinates: int = 33
    nb_code: int = 512  # codes in the codebook
    code_dim: int = 512  # channels of a latent frame
    code_groups: int = 1  # groups of channels, each with its own codes
    width: int = 512  # channels of the hidden layers
    down_t: int = 2  # stages, each of which divides the frame rate by stride_t
    stride_t: int = 2
    depth: int = 3  # residual blocks a stage
    dilation_growth_rate: int = 3
    activation: str = "relu"  # one of ACTIVATION_FUNCTIONS, inside the residual blocks
    norm: str | None = None  # one of NORMS or None, inside the residual blocks
    quantizer: str = "ema_reset"  # one of QUANTIZERS
    mu: float = 0.99  # decay of the codebook's moving averages, a step

    @property
    def frames_per_latent(self) -> int:
        """Motion frames that one latent frame stands for."""
        return self.stride_t**self.down_t
