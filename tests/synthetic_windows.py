"""Small synthetic windows for the tests of models and training."""

import torch

from dataset.windows.motion_batch import MotionBatch
from models.conventions import COORDINATE_INDEX, MUSCLES

PEOPLE = [[60.0, 0.80, 0.36, 0.15, 0.33, 0.52, 0.13], [90.0, 0.90, 0.42, 0.17, 0.37, 0.58, 0.15]]


def squat_windows(count: int = 8, frames: int = 32, seed: int = 0) -> MotionBatch:
    """Windows (count, frames, 33) that bend hips, knees and ankles once, each person a little differently; the last
    quarter of every other window is not recorded. The vasti's activation follows the knee.
    """
    generator = torch.Generator().manual_seed(seed)
    depth_deg = 60 + 50 * torch.rand(count, 1, generator=generator)
    bend = torch.sin(torch.linspace(0, torch.pi, frames)).square() * depth_deg  # (count, frames)
    motion = 5 * torch.randn(count, 1, 33, generator=generator).expand(-1, frames, -1).clone()
    motion[..., 3:6] *= 0.01
    for side in "lr":
        for name, share in (("hip_flexion", 0.9), ("knee_angle", 1.0), ("ankle_angle", 0.3)):
            motion[..., COORDINATE_INDEX[f"{name}_{side}"]] += share * bend
    motion[..., COORDINATE_INDEX["pelvis_ty"]] += 0.9 - 0.004 * bend
    recorded = torch.ones(count, frames, dtype=torch.bool)
    recorded[1::2, -frames // 4 :] = False
    follows = torch.tensor([name.startswith("vas") for name in MUSCLES])
    activations = torch.where(follows, bend.unsqueeze(-1) / 200, 0.05)
    return MotionBatch(
        motion=motion,
        recorded=recorded,
        repetition=recorded,
        standing=~recorded,
        subjects=tuple(f"person{i // 2}" for i in range(count)),
        names=tuple(f"person{i // 2}/squat_{i % 2 + 1}" for i in range(count)),
        models=("",) * count,
        activations=activations,
        labelled=recorded,
        anthropometry=torch.tensor(PEOPLE).repeat(count // 2 + 1, 1)[:count],
    )
