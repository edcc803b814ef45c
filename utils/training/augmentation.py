"""Data augmentation: random variations of training windows, against overfitting to few recorded subjects."""

import torch
from torch import Tensor

from dataset.windows.motion_batch import MotionBatch
from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES
from utils.training.surrogate_metrics import labelled_activations
from utils.training.window_drawing import BatchShare

_UPPER_BODY = [i for i, name in enumerate(COORDINATES) if name.startswith(("lumbar", "arm", "elbow", "pro_sup"))]
_ARMS = [i for i, name in enumerate(COORDINATES) if name.startswith(("arm", "elbow", "pro_sup"))]
_PERIODS = (0.25, 0.5, 1.0, 2.0)  # of the drifts, in a window
_PLACED = [COORDINATE_INDEX[name] for name in ("pelvis_tx", "pelvis_tz", "pelvis_rotation")]


def augment(
    motion: Tensor, recorded: Tensor, partners: Tensor, strength: float = 1.0, share: BatchShare | None = None
) -> tuple[Tensor, Tensor]:
    """Vary windows at random; they still start at the origin and face +x.

    Windows are mixed, arms and trunk are exchanged between windows, constant offsets and slow drifts are added, and
    amplitude and tempo are changed. At strength 1 the standard deviations are 8 degrees (arms: 16) and 4 cm of the
    offset, 0.15 of the amplitude, and 1.5 degrees and 1 cm of the drift; the tempo changes by a factor of up to 1.3.

    Args:
        motion: (B, T, 33), degrees and metres, placed.
        recorded: (B, T), whether or with which weight a frame counts.
        partners: other windows that are mixed in, (B, T, 33); as many as the whole batch has if B windows are a part.
        strength: factor of every variation.
        share: the part of the batch that the windows are; None for all of it.

    Returns:
        The varied motion (B, T, 33) and the weights (B, T) of its frames.
    """
    count, frames, channels = motion.shape
    share = share or BatchShare.whole(count)

    def normal(*shape: int) -> Tensor:
        return share.of(torch.randn(share.size, *shape)).to(motion)

    def uniform(*shape: int) -> Tensor:
        return share.of(torch.rand(share.size, *shape)).to(motion)

    def happens(probability: float) -> Tensor:
        return uniform(1, 1) < probability * min(strength, 1.0)

    mixed, other = uniform(1, 1), share.of(partners)
    motion = torch.where(happens(0.5), mixed * motion + (1 - mixed) * other, motion)
    neighbours = share.of(partners.roll(1, 0))
    for part in (_UPPER_BODY, _ARMS):
        exchanged = motion.clone()
        exchanged[..., part] = neighbours[..., part]
        motion = torch.where(happens(0.25), exchanged, motion)

    scale = torch.ones(channels)
    scale[list(TRANSLATION_INDICES)] = 0.005  # metres per degree
    offset, drift = 8.0 * scale, 1.5 * scale
    offset[_ARMS] *= 2.0
    drift[list(TRANSLATION_INDICES)] = 0.01
    offset[_PLACED] = 0.0
    offset, drift = strength * offset.to(motion), strength * drift.to(motion)
    first = motion[:, :1]
    amplitude = 1 + 0.15 * strength * normal(1, channels)
    motion = first + amplitude * (motion - first) + offset * normal(1, channels)
    motion = motion + drift * _slow_curves(normal(channels, len(_PERIODS)), frames)
    return _change_tempo(motion, recorded, (1.3**strength) ** (2 * uniform(1) - 1))


def _slow_curves(amplitudes: Tensor, frames: int) -> Tensor:
    """Curves (B, T, channels) that start at 0, of about unit variance for random `amplitudes` (B, channels, 4)."""
    time = torch.linspace(0, 1, frames).to(amplitudes)
    periods = torch.tensor(_PERIODS).to(amplitudes)
    waves = torch.sin(2 * torch.pi * periods.unsqueeze(1) * time)  # (4, T)
    return torch.einsum("bcw,wt->btc", amplitudes, waves) / 2**0.5


def _change_tempo(motion: Tensor, recorded: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """Change the tempo by a factor (B, 1); after its end the last pose is held, with weight 0."""
    count, frames, _ = motion.shape
    position = torch.arange(frames).to(motion) * factor  # (B, T)
    before = position.floor().clamp_max(frames - 1).long()
    after = position.ceil().clamp_max(frames - 1).long()
    rest = (position - before).clamp_max(1.0).unsqueeze(-1)
    rows = torch.arange(count, device=motion.device).unsqueeze(1)
    played = torch.lerp(motion[rows, before], motion[rows, after], rest)
    counts = torch.minimum(recorded[rows, before], recorded[rows, after]) * (position <= frames - 1)
    return played, counts


def delay_windows(windows: MotionBatch, delay: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Delay windows by some frames, so that no frame number is tied to a phase of the squat.

    The first pose fills the frames before; they count as recorded but not as labelled. Frames beyond the end are lost.

    Args:
        windows: B windows with activations.
        delay: (B,) frames.

    Returns:
        Motion (B, T, 33), recorded (B, T), activations (B, T, 80) and labelled (B, T).
    """
    activations, labelled = labelled_activations(windows)
    earlier = torch.arange(windows.motion.shape[1], device=delay.device) - delay.unsqueeze(1)  # (B, T)
    rows, source = torch.arange(len(delay), device=delay.device).unsqueeze(1), earlier.clamp_min(0)
    return (
        windows.motion[rows, source],
        windows.recorded[rows, source],
        activations[rows, source],
        labelled[rows, source] & (earlier >= 0),
    )
