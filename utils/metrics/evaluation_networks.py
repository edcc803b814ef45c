"""The networks that an evaluation uses: the VQ-VAE for features and the surrogate for missing activations."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from models.conventions import MUSCLES
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.protocols import Surrogate
from models.surrogate.dynamics_surrogate import DynamicsSurrogate
from models.vqvae.autoencoder import VQVAE
from utils.checkpoints import SurrogateNetwork
from utils.networks.inference import load_frozen_surrogate, load_frozen_vqvae, surrogate_of_subject


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
    _of_model: dict[Path | None, Surrogate] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def vqvae(self) -> VQVAE:
        """The VQ-VAE whose encoder gives the features."""
        return load_frozen_vqvae(self.vqvae_path, self.device)

    @cached_property
    def surrogate(self) -> SurrogateNetwork:
        """The surrogate that predicts activations where files have none."""
        return load_frozen_surrogate(self.surrogate_path, self.device)

    @property
    def need_model(self) -> bool:
        """Whether activations are predicted on the subject's model only."""
        return isinstance(self.surrogate, DynamicsSurrogate)

    @torch.no_grad()
    def predict(
        self, motion: Tensor, mask: Tensor, model_path: Path | None, extra: dict[str, Tensor] | None = None
    ) -> Tensor:
        """Muscle activations (B, T, 80), 0 to 1, on the CPU.

        A motion that is longer than the surrogate's is predicted in overlapping pieces of the surrogate's length.
        Predictions are unreliable at both ends of a piece: consecutive ones overlap by twice `FILTER_MARGIN_FRAMES`, of
        which those at the beginning of each later piece are discarded.

        Args:
            motion: (B, T, 33) placed motions of one subject, degrees and metres, canonical order.
            mask: (B, T) bool, the frames that the surrogate may attend to.
            model_path: the subject's model; None where it is not known.
            extra: the model's further coordinates by name, (B, T), degrees or metres.

        Raises:
            InputError: the surrogate needs a model, and none is known.
        """
        if model_path not in self._of_model:
            self._of_model[model_path] = surrogate_of_subject(self.surrogate, model_path)
        surrogate = self._of_model[model_path]
        motion, mask = motion.to(self.device), mask.to(self.device)
        extra = {name: values.to(self.device) for name, values in (extra or {}).items()}
        longest, frames = surrogate.longest_frames, motion.shape[1]
        if longest is None or frames <= longest:
            return surrogate(motion, mask, extra).activations.cpu()
        activations = torch.zeros(*motion.shape[:2], len(MUSCLES))
        starts = range(0, frames - 2 * FILTER_MARGIN_FRAMES, longest - 2 * FILTER_MARGIN_FRAMES)
        for start in (min(start, frames - longest) for start in starts):
            part = slice(start, start + longest)
            piece = surrogate(
                motion[:, part], mask[:, part], {name: values[:, part] for name, values in extra.items()}
            ).activations.cpu()
            skipped = FILTER_MARGIN_FRAMES if start else 0
            activations[:, start + skipped : start + longest] = piece[:, skipped:]
        return activations
