"""The subject's recorded squats, which guided motions are compared with."""

from dataclasses import dataclass

import numpy as np
import torch

from dataset.errors import InputError
from dataset.left_out import LeftOut
from dataset.sessions import Session
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.window import Window
from models.conventions import WINDOW_FRAMES
from utils.guidance.subject.frozen_models import FrozenModels
from utils.guidance.subject.postprocessing import low_pass


@dataclass(frozen=True)
class OwnSquats:
    """The subject's recorded squats, at 60 Hz, placed at the origin on the floor y = 0, facing +x.

    Attributes:
        recorded: windows of the session's squat trials.
        simulated: windows with muscle activations from the session's own muscle-driven repetitions; may be empty.
        predicted: (N, T, 80) activations, 0 to 1, that the surrogate predicts for `recorded`, low-pass filtered as
            guided motions are; None without any.
        left_out: files of the session that could not be used, and why.
    """

    recorded: tuple[Window, ...] = ()
    simulated: tuple[Window, ...] = ()
    predicted: np.ndarray | None = None
    left_out: tuple[LeftOut, ...] = ()


@torch.no_grad()
def load_own_squats(session: Session, models: FrozenModels, frames: int = WINDOW_FRAMES) -> OwnSquats:
    """The squats of a session in windows of `frames`, and what of it could not be used; empty where it holds none."""
    recorded, left_out = _windows(session, frames, with_activations=False)
    simulated: tuple[Window, ...] = ()
    if session.muscle_driven:
        simulated, more = _windows(session, frames, with_activations=True)
        left_out = tuple(dict.fromkeys([*left_out, *more]))
    if not recorded:
        return OwnSquats(left_out=left_out)
    motion = torch.as_tensor(np.stack([window.coordinates for window in recorded]), dtype=torch.float32)
    motion = low_pass(motion.to(models.device), models.smooth_hz)
    return OwnSquats(recorded, simulated, models.describe_motion(motion).activations.cpu().numpy(), left_out)


def _windows(
    session: Session, frames: int, *, with_activations: bool
) -> tuple[tuple[Window, ...], tuple[LeftOut, ...]]:
    if not session.squat_trials and not session.muscle_driven:
        return (), ()
    try:
        dataset = MotionDataset([session], with_activations=with_activations, frames=frames)
    except InputError as error:
        return (), (LeftOut(session.id, f"no squat to compare the guided motions with: {error}"),)
    return tuple(dataset.windows), tuple(dataset.left_out)
