"""The subject's recorded squats, which guided motions are compared with."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.plausibility import is_leg_angle
from dataset.left_out import LeftOut
from dataset.sessions import Session
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.resample import resample
from dataset.windows.segmentation import segment_repetitions
from dataset.windows.window import MADE_FRAMES, Window
from models.conventions import FRAMES_PER_LATENT, LONGEST_SEQ_LEN, SIDES, WINDOW_FRAMES
from utils.guidance.subject.frozen_models import FrozenModels
from utils.guidance.subject.postprocessing import low_pass

logger = logging.getLogger("bige")

_STILL_DEG = 1.0  # an angle that changes by less does not move
LONGEST_REPETITION_FRAMES = LONGEST_SEQ_LEN * FRAMES_PER_LATENT - MADE_FRAMES


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


def load_own_squats(session: Session, frames: int = WINDOW_FRAMES) -> OwnSquats:
    """The squats of a session in windows of `frames`, and what of it could not be used; empty where it holds none."""
    recorded, left_out = _windows(session, frames, with_activations=False)
    simulated: tuple[Window, ...] = ()
    if session.muscle_driven:
        simulated, more = _windows(session, frames, with_activations=True)
        left_out = tuple(dict.fromkeys([*left_out, *more]))
    if not recorded:
        return OwnSquats(left_out=left_out)
    if beside := _beside_the_33(recorded):
        logger.warning(
            "%s: %s, up to %.0f degrees in the recording, cannot be guided; the own squats are shown without, and "
            "their feet stand elsewhere than recorded",
            session.id,
            " and ".join(beside),
            max(beside.values()),
        )
    return OwnSquats(recorded, simulated, left_out=left_out)


@torch.no_grad()
def with_predictions(own_squats: OwnSquats, models: FrozenModels) -> OwnSquats:
    """The same, with what the subject's surrogate predicts of them."""
    if not own_squats.recorded:
        return own_squats
    motion = torch.as_tensor(np.stack([window.coordinates for window in own_squats.recorded]), dtype=torch.float32)
    motion = low_pass(motion.to(models.device), models.smooth_hz)
    return replace(own_squats, predicted=models.describe_motion(motion).activations.cpu().numpy())


def own_phases(session: Session) -> Tensor:
    """Frames (A, 3) at 60 Hz of descent, hold and ascent of the squats on two feet that a window can hold.

    Files that cannot be read are passed over; `load_own_squats` says why.
    """
    found = []
    for path in session.squat_trials:
        try:
            repetitions = segment_repetitions(resample(read_motion(path)))
        except InputError:
            continue
        for one in repetitions:
            edges = (one.start_frame, one.descent_end_frame, one.ascent_start_frame, one.end_frame)
            if len(one.standing) == len(SIDES) and edges[3] - edges[0] <= LONGEST_REPETITION_FRAMES:
                found.append(np.diff(edges))
    return torch.as_tensor(np.array(found, dtype=float).reshape(-1, 3))


def _beside_the_33(windows: Sequence[Window]) -> dict[str, float]:
    """Leg angles beside the 33 coordinates that move, such as a knee adduction, and their largest values in degrees."""
    largest: dict[str, float] = {}
    for window in windows:
        for name, values in window.extra.items():
            if is_leg_angle(name) and np.ptp(values) > _STILL_DEG:
                largest[name] = max(largest.get(name, 0.0), float(np.abs(values).max()))
    return largest


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
