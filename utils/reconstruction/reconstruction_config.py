"""Settings of `reconstruct` and `sample`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.locations import SHIPPED_VQVAE
from utils.runs.shared_configs import ComputeConfig, DataConfig, OutputConfig, WindowConfig, require_at_least


@dataclass(frozen=True, kw_only=True)
class _TrainedVQVAEConfig(OutputConfig, WindowConfig, ComputeConfig):
    """Which VQ-VAE is used.

    Attributes:
        checkpoint: checkpoint or run folder of a VQ-VAE, in this repository's or the published format; None for the
            shipped one.
    """

    exp_name: str = "VQVAE_eval"
    checkpoint: Path | None = None

    @property
    def checkpoint_path(self) -> Path:
        """The checkpoint or run folder."""
        return SHIPPED_VQVAE if self.checkpoint is None else self.checkpoint


@dataclass(frozen=True, kw_only=True)
class ReconstructionConfig(_TrainedVQVAEConfig, DataConfig):
    """Which motions a VQ-VAE reconstructs.

    Attributes:
        subjects: ids of sessions or subjects under the data root, or `all`; empty for the held-out subjects.
    """

    subjects: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class SamplingConfig(_TrainedVQVAEConfig):
    """How many motions are decoded from random latents.

    Attributes:
        count: number of motions.
        noise: standard deviation of the noise on a training latent, in standard deviations of its channel.
        subject: session after which the folder of the motions is named, as guidance does; None for `unguided`.
    """

    count: int
    noise: float = 0.5
    subject: str | None = None

    def __post_init__(self) -> None:
        """Raise InputError where a value is out of its range."""
        super().__post_init__()
        require_at_least(1, sample=self.count)
        require_at_least(0, sample_noise=self.noise)
