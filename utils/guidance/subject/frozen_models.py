"""The frozen decoder and surrogate with the skeleton of the subject whose motion is guided."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.conventions import FRAMES_PER_LATENT
from models.protocols import Skeleton, Surrogate
from models.skeleton.foot_planting import FootPlanting
from models.surrogate.prediction import MusclePrediction
from models.vqvae.autoencoder import VQVAE
from utils.biomechanics.context import Context
from utils.guidance.guided_context import guided_context
from utils.guidance.subject.postprocessing import begin_still, low_pass, stand_on_floor, within_ranges
from utils.networks.inference import load_frozen_surrogate, load_frozen_vqvae, surrogate_of_subject


@dataclass(frozen=True)
class FrozenModels:
    """What guidance differentiates through and does not change.

    Attributes:
        vqvae: the VQ-VAE, whose decoder is used.
        surrogate: the subject's surrogate of muscle activation.
        skeleton: the subject's skeleton.
        planting: keeps the feet of that skeleton in place on the floor.
        smooth_hz: cut-off frequency of the low-pass filter on decoded motions, Hz; 0 for none.
        own: the subject's own squats, which quantities may compare with; None where there are none.
    """

    vqvae: VQVAE
    surrogate: Surrogate
    skeleton: Skeleton
    planting: FootPlanting
    smooth_hz: float
    own: Context | None = None

    @property
    def device(self) -> torch.device:
        """The device of the networks."""
        return next(self.vqvae.parameters()).device

    @property
    def longest_seq_len(self) -> int | None:
        """The longest window that the surrogate can read, in units of FRAMES_PER_LATENT frames; None for any."""
        longest = self.surrogate.longest_frames
        return None if longest is None else longest // FRAMES_PER_LATENT

    def describe(self, z: Tensor, surrogate: Surrogate | None = None) -> Context:
        """The `Context` of the subject's motions that latents z (B, L, D) decode to.

        Args:
            z: latents.
            surrogate: in place of the subject's; see `utils.guidance.optimisation.refinement`.
        """
        motion, points = self.placed(self.vqvae.decode(z))
        return self.describe_motion(motion, contact_points=points, surrogate=surrogate)

    def placed(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Motions (B, T, 33), decoded or recorded, that begin still, filtered, in the joints' ranges, on planted feet.

        Returns:
            The motions (B, T, 33) and their contact points (B, T, 12, 3), metres.
        """
        motion = low_pass(begin_still(within_ranges(motion, self.skeleton)), self.smooth_hz)
        return self.planting(stand_on_floor(motion, self.skeleton)[0])

    def describe_motion(
        self,
        motion: Tensor,
        *,
        prediction: MusclePrediction | None = None,
        contact_points: Tensor | None = None,
        surrogate: Surrogate | None = None,
    ) -> Context:
        """The `Context` of motions of the subject that stand on the floor y = 0.

        Args:
            motion: (B, T, 33), degrees and metres.
            prediction: activations and forces where they are known; None for those that the surrogate predicts.
            contact_points: (B, T, 12, 3) metres, where they are known.
            surrogate: in place of the subject's.
        """
        return guided_context(
            motion,
            prediction=prediction,
            surrogate=surrogate or self.surrogate,
            skeleton=self.skeleton,
            contact_points=contact_points,
            own=self.own,
        )


def load_models(
    vqvae: str | Path | None,
    surrogate: str | Path | None,
    session: Session,
    device: torch.device | str,
    smooth_hz: float,
) -> FrozenModels:
    """The networks of two checkpoints (None for the shipped ones) and the session's skeleton, on `device`.

    Raises:
        InputError: a checkpoint or the session's model cannot be read.
    """
    skeleton = deepcopy(load_skeleton(session.model_path, torch.float32)).to(device)  # the loaded one is shared
    return FrozenModels(
        vqvae=load_frozen_vqvae(vqvae, device),
        surrogate=surrogate_of_subject(load_frozen_surrogate(surrogate, device), session.model_path),
        skeleton=skeleton,
        planting=FootPlanting(skeleton),
        smooth_hz=smooth_hz,
    )
