"""Guided samples in TensorBoard."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from utils.runs.tensorboard_views import show_clip, show_latents


def show_guided(folder: Path, samples: Sequence, paths: Sequence[Path], latents, skeleton) -> None:
    """Guided samples in TensorBoard's `folder`: their latents among the training latents, and clips of three.

    samples: utils.guidance.Sample, by peak activation; paths: where each was written. latents: the LatentSpace that
    they started from.
    """
    from torch.utils.tensorboard import SummaryWriter

    # A run that replaces another's samples would list two projections, one of them of files that are gone.
    (folder / "projector_config.pbtxt").unlink(missing_ok=True)
    shutil.rmtree(folder / "00000", ignore_errors=True)
    groups = {"guided": (torch.stack([sample.z for sample in samples]), [path.stem for path in paths])}
    if latents.names:
        groups = {"training": (latents.draw.latents, latents.names)} | groups
    with SummaryWriter(str(folder)) as writer:
        show_latents(writer, 0, groups)
        for rank, i in {"least": 0, "middle": len(samples) // 2, "greatest": len(samples) - 1}.items():
            show_clip(writer, 0, f"guided/{rank}_activation", [samples[i].motion], skeleton)
