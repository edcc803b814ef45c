"""How much latents change the subject's own squats."""

import torch
from torch import Tensor

from utils.guidance.latents.latent_updates import LatentUpdate


class OwnChange:
    """Squared change from the nearest of the squats that guidance starts from.

    With `PCAUpdate` it is the squared Mahalanobis distance of the training latents: changes are counted in standard
    deviations of the people in the training data along each principal component of their squats. A change that people
    show among each other, such as a deeper squat with hips, knees and ankles in step, costs little; one that they do
    not show, such as a lifted heel or a twitch of one joint, costs much.
    """

    def __init__(self, starts: Tensor, update: LatentUpdate):
        """Store the latents (M, L, D) of the squats, and the update whose units count."""
        self.update = update
        self.starts = update.coordinates(starts)  # (M, K)

    def __call__(self, z: Tensor) -> Tensor:
        """(B,) squared change of latents z (B, L, D), differentiable."""
        position = self.update.coordinates(z)
        with torch.no_grad():
            nearest = torch.cdist(position, self.starts).argmin(1)
        return (position - self.starts[nearest]).square().sum(1)
