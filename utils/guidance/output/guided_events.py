"""Guided samples in TensorBoard: their latents among the training latents, and clips of three of them."""

import shutil
from pathlib import Path

import torch

from dataset.opensim.model_reader import load_skeleton
from utils.guidance.guidance_result import GuidanceResult
from utils.runs.tensorboard_views import show_clip, show_latents


def write_guided_events(result: GuidanceResult, folder: Path) -> None:
    """Add the samples of a result to TensorBoard's `folder`.

    The projector shows their latents among the training latents; clips show the first, the middle and the last sample.
    """
    from torch.utils.tensorboard import SummaryWriter

    # A run that replaces another's samples would list two projections, one of them of files that are gone.
    (folder / "projector_config.pbtxt").unlink(missing_ok=True)
    shutil.rmtree(folder / "00000", ignore_errors=True)
    names = [Path(name).stem for name in result.file_names]
    groups = {"guided": (torch.stack([sample.z for sample in result.samples]), names)}
    if result.training_latents is not None:
        groups = {"training": (result.training_latents, list(result.training_names))} | groups
    with SummaryWriter(str(folder)) as writer:
        show_latents(writer, 0, groups)
        if result.session is not None:
            skeleton = load_skeleton(result.session.model_path)
            last = len(result.samples) - 1
            for rank, i in {"first": 0, "middle": (last + 1) // 2, "last": last}.items():
                show_clip(writer, 0, f"guided/{rank}", [result.samples[i].motion], skeleton)
