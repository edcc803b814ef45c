"""Surrogate of muscle activation: a transformer over time from joint kinematics to activations (BIGE, section 3.2)."""

import torch
from torch import Tensor, nn

from models.conventions import ANTHROPOMETRIC_FEATURES, FRAME_RATE_HZ
from models.normalizer import Normalizer
from models.surrogate.ground_loads import LOAD_COUNT, ground_loads
from models.surrogate.joint_positions import POSITION_COUNT, joint_positions
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.windowed_attention import WindowedAttentionLayer

_REACH_FRAMES = 30  # half a second, through all layers; activations depend on no more of a motion
_LAG_FRAMES = 5  # differences over 1/12 s, because the simulated activations depend on motion below 4 Hz only


class SurrogateTransformer(nn.Module):
    """Transformer encoder from motions to activations; attention reaches half a second of the motion to both sides.

    A heavier subject needs more activation for the same kinematics, because OpenCap's models do not scale muscle
    strength with mass. Anthropometric features are therefore optional inputs.

    Attributes:
        config: hyperparameters.
    """

    def __init__(self, config: SurrogateConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SurrogateConfig()
        channels = config.coordinates
        if (config.stick_figure or config.ground_loads) and config.person_features != len(ANTHROPOMETRIC_FEATURES):
            raise ValueError("joint positions and ground loads need the anthropometry: person_features must not be 0")
        channels += 3 * POSITION_COUNT if config.stick_figure else 0
        channels *= 3 if config.derivatives else 1
        channels += LOAD_COUNT if config.ground_loads else 0
        self.normalizer = Normalizer(channels)
        self.person_normalizer = Normalizer(config.person_features) if config.person_features else None
        channels += config.person_features
        self.projection = nn.Identity() if channels == config.d_model else nn.Linear(channels, config.d_model)
        reach = max(1, (_REACH_FRAMES - (_LAG_FRAMES if config.derivatives else 0)) // config.layers)
        self.transformer = nn.ModuleList(
            WindowedAttentionLayer(
                config.d_model,
                config.heads,
                config.feedforward,
                reach,
                dropout=config.dropout,
                norm_first=config.norm_first,
            )
            for _ in range(config.layers)
        )
        self.head = nn.Linear(config.d_model, config.muscles)

    def channels(self, motion: Tensor, anthropometry: Tensor | None = None) -> Tensor:
        """Input channels of the network before normalisation.

        Args:
            motion: (B, T, coordinates) degrees and metres.
            anthropometry: (B, person_features).

        Returns:
            (B, T, channels): the motion; if configured, joint positions; first and second central differences of
            these, per frame; and the loads on the legs.
        """
        channels = motion
        if self.config.stick_figure:
            assert anthropometry is not None
            channels = torch.cat([motion, joint_positions(motion, anthropometry).flatten(-2)], -1)
        if self.config.derivatives:
            before = torch.cat([channels[:, :1].expand(-1, _LAG_FRAMES, -1), channels], 1)[:, : channels.shape[1]]
            after = torch.cat([channels, channels[:, -1:].expand(-1, _LAG_FRAMES, -1)], 1)[:, -channels.shape[1] :]
            speed = (after - before) / (2 * _LAG_FRAMES)
            acceleration = (after - 2 * channels + before) / _LAG_FRAMES**2
            channels = torch.cat([channels, speed, acceleration], -1)
        if self.config.ground_loads:
            assert anthropometry is not None
            channels = torch.cat([channels, ground_loads(motion, anthropometry, FRAME_RATE_HZ)], -1)
        return channels

    def forward(self, motion: Tensor, mask: Tensor | None = None, anthropometry: Tensor | None = None) -> Tensor:
        """Activations (B, T, muscles), 0 to 1, in the order of `models.conventions.MUSCLES`.

        Args:
            motion: (B, T, coordinates) degrees and metres, canonical order, placed at the origin, 60 Hz.
            mask: (B, T) bool, the frames that may be attended to (those that were recorded); None for all.
            anthropometry: (B, person_features) or (person_features,), see ANTHROPOMETRIC_FEATURES; None for the mean of
                the training set.
        """
        count, frames, _ = motion.shape
        if self.person_normalizer is not None:
            known = self.person_normalizer.mean if anthropometry is None else anthropometry
            anthropometry = known.to(motion).expand(count, -1)
        features = self.normalizer.normalize(self.channels(motion, anthropometry))
        if self.person_normalizer is not None:
            assert anthropometry is not None
            of_subject = self.person_normalizer.normalize(anthropometry).unsqueeze(1).expand(-1, frames, -1)
            features = torch.cat([features, of_subject], -1)
        hidden = self.projection(features)  # (B, T, d_model)
        for layer in self.transformer:
            hidden = layer(hidden, None if mask is None else ~mask.bool())
        return torch.sigmoid(self.head(hidden).float())
