"""The subject's recorded squats, which guided motions are compared with."""

import logging
from dataclasses import dataclass

import numpy as np
import torch

from dataset.errors import InputError
from dataset.sessions import Session
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.window import Window
from utils.guidance.subject.frozen_models import FrozenModels
from utils.guidance.subject.postprocessing import low_pass

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class OwnSquats:
    """The subject's recorded squats, at 60 Hz, placed at the origin on the floor y = 0, facing +x.

    Attributes:
        recorded: windows of the session's squat trials.
        simulated: windows with muscle activations from the session's own muscle-driven repetitions; may be empty.
        predicted: (N, T, 80) activations, 0 to 1, that the surrogate predicts for `recorded`, low-pass filtered as
            guided motions are; None without any.
    """

    recorded: tuple[Window, ...] = ()
    simulated: tuple[Window, ...] = ()
    predicted: np.ndarray | None = None


@torch.no_grad()
def load_own_squats(session: Session, models: FrozenModels) -> OwnSquats:
    """The squats of a session; empty, with a warning for each file that cannot be used, where it holds none."""
    recorded = _windows(session, with_activations=False) if session.squat_trials or session.muscle_driven else ()
    simulated = _windows(session, with_activations=True) if session.muscle_driven else ()
    if not recorded:
        return OwnSquats()
    motion = torch.as_tensor(np.stack([window.coordinates for window in recorded]), dtype=torch.float32)
    motion = low_pass(motion.to(models.device), models.smooth_hz)
    return OwnSquats(recorded, simulated, models.describe_motion(motion).activations.cpu().numpy())


def _windows(session: Session, *, with_activations: bool) -> tuple[Window, ...]:
    try:
        return tuple(MotionDataset([session], with_activations=with_activations).windows)
    except InputError as error:
        logger.warning("no squats of the subject to compare with: %s", error)
        return ()
