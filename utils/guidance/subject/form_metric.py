"""How much a subject's motion changes in form when its latent is moved."""

import torch
from torch import Tensor

from utils.biomechanics.own_comparison import FORM
from utils.biomechanics.quantities.own import ARMS
from utils.guidance.latents.latent_updates import PCAUpdate
from utils.guidance.subject.frozen_models import FrozenModels

_DECODED_TOGETHER = 40  # motions


@torch.no_grad()
def form_metric(models: FrozenModels, z: Tensor, update: PCAUpdate) -> Tensor:
    """The Gauss-Newton matrix (K, K) of the squared change in form, float64, degrees squared.

    For a small change v (K,) of the variable of the principal components, v @ matrix @ v is the mean square over time
    and angles of the change of legs, pelvis and trunk, plus that of the arms.

    Args:
        models: the networks and the subject.
        z: (L, D) the latent of the squat from which the change is measured, one of the subject's own.
        update: the principal components.
    """
    unchanged = models.placed(models.vqvae.decode(z[None]))[0]
    differences = []
    for steps in torch.eye(len(update.components), device=z.device).split(_DECODED_TOGETHER):
        changed = models.placed(models.vqvae.decode(z + update(steps)))[0] - unchanged
        parts = (changed[..., angles].flatten(1) for angles in (FORM, ARMS))
        differences.append(torch.cat([part / part.shape[1] ** 0.5 for part in parts], 1))
    jacobian = torch.cat(differences).double()
    return jacobian @ jacobian.T
