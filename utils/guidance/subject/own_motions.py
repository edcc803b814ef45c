"""The subject's own squats on two feet, as motions that guided ones are compared with and start from.

`OwnSquats` are all that were recorded, as windows, for the report. `OwnMotions` are at most six of those on two feet,
as tensors, and filtered and planted as guided motions are too.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dataset.windows.window import Window
from utils.biomechanics.registry import evaluate_quantity
from utils.guidance.subject.frozen_models import FrozenModels
from utils.guidance.subject.postprocessing import low_pass, stand_on_floor

logger = logging.getLogger("bige")

_IN_THE_AIR_M = 0.05  # of one foot for most of a repetition: a single-leg squat
_MOST = 6  # squats; of more, those that lie evenly in the recordings are taken


@dataclass(frozen=True)
class OwnMotions:
    """Own squats in windows of one length.

    Attributes:
        names: (A,) where each was recorded, for example `squats1, 2.3 s`.
        recorded: (A, T, 33) as recorded, degrees and metres, at 60 Hz, placed at the origin.
        placed: (A, T, 33) filtered and placed on the floor as guided motions are.
        repetition: (A,) frames of the repetition, from the first frame of each.
        on_two_feet: how many squats on two feet the session holds, of which these are at most six.
        on_one_leg: how many on one leg, which are left out.
    """

    names: tuple[str, ...]
    recorded: Tensor
    placed: Tensor
    repetition: tuple[int, ...]
    on_two_feet: int
    on_one_leg: int = 0


@torch.no_grad()
def own_motions(windows: Sequence[Window], models: FrozenModels) -> OwnMotions | None:
    """The own squats on two feet in recorded windows, on the models' device; None where there is none.

    Squats on one leg are left out: guided motions stand on both feet, and with the other foot put on the floor they
    would be squats that nobody did.
    """
    if not windows:
        return None
    recorded = torch.as_tensor(np.stack([window.coordinates for window in windows]), dtype=torch.float32)
    recorded = recorded.to(models.device)
    usable = _on_two_feet(recorded, models)
    if not usable:
        logger.warning(
            "the session's %d squat(s) are on one leg; guided motions are squats on both feet, and are neither begun "
            "from these nor compared with them", len(windows),
        )  # fmt: skip
        return None
    count = min(_MOST, len(usable))
    chosen = [usable[round(k)] for k in np.linspace(0, len(usable) - 1, count)]
    return OwnMotions(
        names=tuple(name_of_squat(windows[i]) for i in chosen),
        recorded=recorded[chosen],
        placed=models.placed(recorded[chosen])[0],
        repetition=tuple(int(windows[i].first_repetition.sum()) for i in chosen),
        on_two_feet=len(usable),
        on_one_leg=len(windows) - len(usable),
    )


def _on_two_feet(motion: Tensor, models: FrozenModels) -> list[int]:
    """Which of the motions (A, T, 33) are squats on both feet."""
    context = models.describe_motion(stand_on_floor(low_pass(motion, models.smooth_hz), models.skeleton)[0])
    lift = evaluate_quantity("foot_lift", context).values.amax(-1)  # (A, T)
    typical = lift.masked_fill(~context.mask, torch.nan).nanmedian(1).values
    return [i for i, height in enumerate(typical.tolist()) if height < _IN_THE_AIR_M]


def name_of_squat(window: Window) -> str:
    """Where a squat was recorded: its trial, and when in it, seconds; for example `squats1, 2.3 s`."""
    return f"{window.source.stem if window.source else 'squat'}, {window.start_s:.1f} s"
