"""Surrogates that know a subject by anthropometric features at most, applied to one subject."""

import torch
from torch import Tensor, nn

from models.surrogate.prediction import MusclePrediction
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.transformer import SurrogateTransformer


class KinematicSurrogate(nn.Module):
    """A transformer from kinematics, applied to one subject; an implementation of `models.protocols.Surrogate`."""

    def __init__(
        self, network: SurrogateTransformer | PublishedSurrogate, anthropometry: tuple[float, ...] | None
    ) -> None:
        """Apply a network to a subject.

        Args:
            network: the network.
            anthropometry: see ANTHROPOMETRIC_FEATURES; None for the mean of the training set.
        """
        super().__init__()
        self.network = network
        self.longest_frames: int | None = None
        if isinstance(network, PublishedSurrogate):
            self.longest_frames = network.positional_encoding.shape[1]
        device = next(network.parameters()).device
        self.anthropometry = None if anthropometry is None else torch.tensor(anthropometry, device=device)

    def forward(
        self, motion: Tensor, mask: Tensor | None = None, extra: dict[str, Tensor] | None = None
    ) -> MusclePrediction:
        """Activations of motions; see `models.protocols.Surrogate`. Further coordinates are not seen.

        The published surrogate attends over the batch instead of over time, so each motion is given to it alone: a
        prediction then does not depend on the other motions of the batch.
        """
        if isinstance(self.network, PublishedSurrogate):
            return MusclePrediction(torch.cat([self.network(one) for one in motion.split(1)]))
        if mask is not None and bool(mask.all()):
            mask = None  # which is faster
        return MusclePrediction(self.network(motion, mask, self.anthropometry))
