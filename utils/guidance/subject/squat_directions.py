"""Directions of latent space along which one feature of a squat changes and the others stay, learnt from people."""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, KNEE_INDICES
from utils.guidance.subject.frozen_models import FrozenModels

# What varies on purpose, in degrees, degrees and metres, and what is held fixed meanwhile, in frames.
KNEE, LEAN, WIDTH, DESCENT, ASCENT = "knee flexion", "trunk lean", "stance width", "descent", "ascent"
FEATURES = (KNEE, LEAN, WIDTH, DESCENT, ASCENT)
_MOST_SQUATS = 256  # training latents that are decoded
_RIDGE = 0.01  # of the features' variance, so that features which go together do not blow each other up
_LEANS = [COORDINATE_INDEX[name] for name in ("pelvis_tilt", "lumbar_extension")]
_UNDER_WAY = 0.1  # of the depth, in which a squat's descent has begun and its ascent has not ended


@torch.no_grad()
def squat_directions(models: FrozenModels, latents: Tensor) -> dict[str, Tensor]:
    """For each feature the change (L, D) of a latent that raises it by one unit and no other feature.

    These are the coefficients of a ridge regression of the training latents on the features of their motions, so a step
    along one changes a squat as people who differ in that feature differ.

    Args:
        models: the decoder, and the subject's skeleton, on which stance width is measured.
        latents: (N, L, D) training latents.
    """
    chosen = latents[:: -(-len(latents) // _MOST_SQUATS)]
    features = torch.cat([squat_features(models.vqvae.decode(part), models) for part in chosen.split(64)])
    spread = features.std(0).clamp_min(1e-6)
    scaled = ((features - features.mean(0)) / spread).double()
    centred = (chosen - chosen.mean(0)).flatten(1).double()
    gram = scaled.T @ scaled + _RIDGE * len(chosen) * torch.eye(len(FEATURES)).to(scaled)
    coefficients = torch.linalg.solve(gram, scaled.T @ centred).to(latents) / spread[:, None]
    return dict(zip(FEATURES, coefficients.unflatten(1, latents.shape[1:]), strict=True))


def squat_features(motion: Tensor, models: FrozenModels) -> Tensor:
    """The features (B, 5) of motions (B, T, 33), degrees and metres, in the order of `FEATURES`.

    Knee flexion (mean of the sides) and the forward lean of the trunk at the bottom, degrees; distance between the feet
    in the first frame, metres; frames of descent and of ascent.
    """
    knee = motion[..., KNEE_INDICES].mean(-1)
    bottom = knee.argmax(1, keepdim=True)
    lean = -motion[..., _LEANS].sum(-1).gather(1, bottom)
    feet = models.skeleton.contact_points(motion[:, :1]).unflatten(2, (2, 6)).mean(3)  # (B, 1, 2, 3), right first
    width = (feet[..., 0, 2] - feet[..., 1, 2]).abs()
    bent = knee - knee[:, :1] > _UNDER_WAY * (knee.amax(1, keepdim=True) - knee[:, :1])
    frame = torch.arange(motion.shape[1], device=motion.device)
    descent = (bent & (frame <= bottom)).sum(1, keepdim=True)
    ascent = (bent & (frame > bottom)).sum(1, keepdim=True)
    return torch.cat([knee.gather(1, bottom), lean, width, descent, ascent], 1)
