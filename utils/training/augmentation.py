"""Windows beyond the recorded ones, so that the VQ-VAE learns to carry motion and not to recall its training set.

Every batch is varied anew: squats are mixed, arms and trunk are exchanged between people, poses are set off, amplitudes
and tempo change, and slow drifts are added. A varied window still starts at the origin and faces +x.
"""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES

_UPPER_BODY = [i for i, name in enumerate(COORDINATES) if name.startswith(("lumbar", "arm", "elbow", "pro_sup"))]
_ARMS = [i for i, name in enumerate(COORDINATES) if name.startswith(("arm", "elbow", "pro_sup"))]
_PLACED = [COORDINATE_INDEX[name] for name in ("pelvis_tx", "pelvis_tz", "pelvis_rotation")]


def vary(motion: Tensor, recorded: Tensor, partners: Tensor, strength: float = 1.0) -> tuple[Tensor, Tensor]:
    """Varied motion (B, T, 33) and what counts of it (B, T), from windows and their weights.

    motion: degrees and metres, placed. recorded: (B, T), bool or weight. partners: (B, T, 33), other windows to mix in.
    strength scales every change; at 1 the standard deviations are 8 degrees (16 for arms) and 4 cm of constant offset,
    0.15 of amplitude, 1.5 degrees and 1 cm of drift, and tempo varies by a factor of up to 1.3.
    """
    count, frames, channels = motion.shape

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape).to(motion)

    def share(probability: float) -> Tensor:
        return (torch.rand(count, 1, 1) < probability * min(strength, 1.0)).to(motion.device)

    mixed = torch.rand(count, 1, 1).to(motion)
    motion = torch.where(share(0.5), mixed * motion + (1 - mixed) * partners, motion)
    for part in (_UPPER_BODY, _ARMS):
        exchanged = motion.clone()
        exchanged[..., part] = partners.roll(1, 0)[..., part]
        motion = torch.where(share(0.25), exchanged, motion)

    scale = torch.ones(channels)
    scale[list(TRANSLATION_INDICES)] = 0.005  # metres for a degree
    offset, drift = 8.0 * scale, 1.5 * scale
    offset[_ARMS] *= 2.0
    drift[list(TRANSLATION_INDICES)] = 0.01
    offset[_PLACED] = 0.0
    offset, drift = strength * offset.to(motion), strength * drift.to(motion)
    first = motion[:, :1]
    amplitude = 1 + 0.15 * strength * normal(count, 1, channels)
    motion = first + amplitude * (motion - first) + offset * normal(count, 1, channels)
    motion = motion + drift * _slow_curves(count, frames, channels, motion)
    return _change_tempo(motion, recorded, 1.3**strength)


def _slow_curves(count: int, frames: int, channels: int, like: Tensor) -> Tensor:
    """Smooth random curves of about unit variance that start at 0: sines of 1/4 to 2 periods a window."""
    time = torch.linspace(0, 1, frames).to(like)
    periods = torch.tensor([0.25, 0.5, 1.0, 2.0]).to(like)
    waves = torch.sin(2 * torch.pi * periods.unsqueeze(1) * time)  # (4, T)
    return torch.einsum("bcw,wt->btc", torch.randn(count, channels, len(periods)).to(like), waves) / 2**0.5


def _change_tempo(motion: Tensor, recorded: Tensor, most: float) -> tuple[Tensor, Tensor]:
    """Play each window at a factor between 1 / most and most; beyond its end the last pose holds and does not count."""
    count, frames, _ = motion.shape
    factor = most ** (2 * torch.rand(count, 1).to(motion) - 1)
    position = torch.arange(frames).to(motion) * factor  # (B, T)
    before = position.floor().clamp_max(frames - 1).long()
    after = position.ceil().clamp_max(frames - 1).long()
    rest = (position - before).clamp_max(1.0).unsqueeze(-1)
    rows = torch.arange(count, device=motion.device).unsqueeze(1)
    played = torch.lerp(motion[rows, before], motion[rows, after], rest)
    counts = torch.minimum(recorded[rows, before], recorded[rows, after]) * (position <= frames - 1)
    return played, counts
