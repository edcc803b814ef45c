"""The squat windows of a set of sessions, as a torch Dataset held in memory."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch.utils.data import Dataset

from dataset.errors import InputError
from dataset.floor import floor_height
from dataset.motion_file import Motion, read_motion
from dataset.session import Session
from dataset.window import Window, window_of_repetition, windows_of_trial

logger = logging.getLogger("bige")


class MotionDataset(Dataset):
    """One placed window for each squat repetition of the sessions, in the sessions' order.

    Item i is a dict of tensors: `motion` (196, 33) float32, degrees and metres, canonical order, placed on the floor at
    the origin facing +x; `recorded` and `first_repetition` (196,) bool; with activations also `activations` (196, 80)
    float32. Beside it lie `windows[i]`, `sessions[i]` and `names[i]`, `<session>/<trial or repetition>[_<k>]`.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        *,
        with_activations: bool = False,
        floor_m: Callable[[Session, Motion], float] = floor_height,
        strict: bool = False,
    ):
        """Read every window into memory.

        sessions: where to look. with_activations: take the muscle-driven repetitions, and only them; otherwise the
        continuous squat trials, and the muscle-driven repetitions of a session that has no trial. floor_m: the height
        of the floor in metres for a session's recording. strict: a file that cannot be used raises its InputError; by
        default it is named in a warning and left out. Raises InputError where no window is left.
        """
        self.windows: list[Window] = []
        self.sessions: list[Session] = []
        self.names: list[str] = []
        for session in sessions:
            for path, is_repetition in _files(session, with_activations):
                try:
                    windows = list(_windows(session, path, is_repetition, with_activations, floor_m))
                except InputError as error:
                    if strict:
                        raise
                    logger.warning("left out: %s", error)
                    continue
                stem = path.parent.name if is_repetition else path.stem
                self.windows += windows
                self.sessions += [session] * len(windows)
                self.names += [
                    f"{session.id}/{stem}" + ("" if is_repetition else f"_{k + 1}") for k in range(len(windows))
                ]
        if not self.windows:
            kind = "muscle-driven repetition" if with_activations else "squat repetition"
            raise InputError(f"no usable {kind} in the {len(sessions)} session(s); see the warnings above")

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        window = self.windows[index]
        item = {
            "motion": torch.as_tensor(window.coordinates, dtype=torch.float32),
            "recorded": torch.as_tensor(window.recorded),
            "first_repetition": torch.as_tensor(window.first_repetition),
        }
        if window.activations is not None:
            item["activations"] = torch.as_tensor(window.activations, dtype=torch.float32)
        return item


def _files(session: Session, with_activations: bool) -> Iterator[tuple[Path, bool]]:
    """The files to read, and whether each holds one repetition."""
    trials = [] if with_activations else session.squat_trials
    repetitions = [] if trials else session.squat_muscle_driven
    if not (trials or repetitions):
        kind = "muscle-driven repetition" if with_activations else "motion file"
        logger.warning("left out: %s has no %s", session.path, kind)
    yield from ((path, False) for path in trials)
    yield from ((path, True) for path in repetitions)


def _windows(session: Session, path: Path, is_repetition: bool, with_activations: bool, floor_m) -> Iterator[Window]:
    motion = read_motion(path)
    if with_activations and motion.activations is None:
        raise InputError(f"{path}: holds no muscle activations")
    windows = [window_of_repetition(motion)] if is_repetition else windows_of_trial(motion)
    if not windows:
        raise InputError(f"{path}: no squat repetition that starts and ends upright")
    height_m = floor_m(session, motion)
    for window in windows:
        yield window.placed(height_m)[0]
