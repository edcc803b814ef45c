"""What guidance looks through: the frozen decoder and surrogate, and the person whose motion it is to be."""

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dataset.locations import SHIPPED_SURROGATE, SHIPPED_VQVAE
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.surrogate.published_transformer import PublishedSurrogate
from utils.biomechanics.context import Context
from utils.checkpoints import load_surrogate, load_vqvae
from utils.guidance.optimisation.refinement import corrected
from utils.guidance.subject.postprocessing import low_pass, stand_on_floor

logger = logging.getLogger("bige")


@dataclass
class FrozenModels:
    """The decoder, the surrogate and a person's skeleton, none of which guidance changes."""

    vqvae: torch.nn.Module
    surrogate: torch.nn.Module
    skeleton: torch.nn.Module
    smooth_hz: float = 6.0  # low-pass of decoded motions; 0: none

    def __post_init__(self):
        for model in (self.vqvae, self.surrogate):
            model.eval().requires_grad_(False)
        self.anthropometry = torch.tensor(self.skeleton.anthropometry, dtype=torch.float32, device=self.device)

    @property
    def device(self) -> torch.device:
        """Where all of it is."""
        return next(self.vqvae.parameters()).device

    def describe(self, z: Tensor, correction: Tensor | None = None) -> Context:
        """Latents (B, L, D) -> the Context of the motions that they are for this person.

        correction: (B, T, 80) log odds to add to what the surrogate says, see `utils.guidance.optimisation.refinement`.
        """
        motion = low_pass(self.vqvae.decode(z), self.smooth_hz)
        motion, points = stand_on_floor(motion, self.skeleton)
        surrogate = self._activations if correction is None else corrected(self._activations, correction)
        return self.describe_motion(motion, contact_points=points, surrogate=surrogate)

    def describe_motion(self, motion: Tensor, **options) -> Context:
        """The Context of motions (B, T, 33) that stand on the floor y = 0; options as for `Context`."""
        options.setdefault("surrogate", self._activations)
        return Context(
            motion,
            anthropometry=self.anthropometry,
            skeleton=self.skeleton,
            floor_height_m=0.0,
            ends_s=FILTER_MARGIN_S,
            **options,
        )

    def _activations(self, motion: Tensor, mask: Tensor, anthropometry: Tensor) -> Tensor:
        if isinstance(self.surrogate, PublishedSurrogate):  # alone: its attention would mix a batch's motions
            return torch.cat([self.surrogate(one, None, None) for one in motion.split(1)])
        return self.surrogate(motion, None if mask.all() else mask, anthropometry)


def load_models(
    vqvae: str | Path | None, surrogate: str | Path | None, session: Session, device, smooth_hz: float
) -> FrozenModels:
    """The models of two checkpoints (None: the shipped ones) and the session's skeleton, on `device`."""
    return FrozenModels(
        load_vqvae(vqvae or SHIPPED_VQVAE, device),
        load_surrogate(surrogate or SHIPPED_SURROGATE, device),
        load_skeleton(session.model_path, torch.float32).to(device),
        smooth_hz,
    )
