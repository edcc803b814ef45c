"""Loading of the windows of sessions: all into memory, or opened on disk and split by subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dataset.locations import cache_folder
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from dataset.splits import Split, split_by_subject
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.window_source import WindowSource
from dataset.windows.window_store import Watch, WindowStore, open_windows, unwatched
from models.conventions import WINDOW_FRAMES


def load_windows(sessions: Sequence[Session], *, activations: bool = False, frames: int = WINDOW_FRAMES) -> MotionBatch:
    """Read the windows of sessions into memory, on the CPU; a few hundred windows need no worker processes.

    Args:
        sessions: the sessions, whose models give the anthropometry.
        activations: whether to read the muscle-driven repetitions, with activations, in place of the squat trials.
        frames: length of the windows, a multiple of 4.

    Raises:
        InputError: there is no usable window.
    """
    dataset = MotionDataset(sessions, with_activations=activations, frames=frames)
    models = [
        session.model_for(window.source) for session, window in zip(dataset.sessions, dataset.windows, strict=True)
    ]
    anthropometry = {model: load_skeleton(model).anthropometry for model in dict.fromkeys(models)}
    items = [dataset[i] for i in range(len(dataset))]
    return MotionBatch(
        motion=torch.stack([item["motion"] for item in items]),
        recorded=torch.stack([item["recorded"] for item in items]),
        repetition=torch.stack([item["first_repetition"] for item in items]),
        standing=torch.stack([item["standing"] for item in items]),
        subjects=tuple(session.subject for session in dataset.sessions),
        names=tuple(dataset.names),
        left_out=tuple(dataset.left_out),
        models=tuple(map(str, models)),
        activations=torch.stack([item["activations"] for item in items]) if activations else None,
        labelled=torch.stack([item["labelled"] for item in items]) if activations else None,
        anthropometry=torch.tensor([anthropometry[model] for model in models]),
    )


@dataclass(frozen=True)
class SplitWindows:
    """The windows of a data root, split by subject.

    Attributes:
        training: windows to train on; they stay on disk.
        validation: windows whose loss chooses the checkpoint.
        held_out: windows that are looked at once, at the end.
        split: the sessions of each set.
    """

    training: WindowSource
    validation: WindowSource
    held_out: WindowSource
    split: Split


def open_split(
    root: Path,
    *,
    seed: int,
    activations: bool = False,
    frames: int = WINDOW_FRAMES,
    watch: Watch = unwatched,
    kept: Split | None = None,
) -> SplitWindows:
    """Open the windows of all sessions under a data root; those that are not stored yet are made, see `open_windows`.

    Args:
        root: the data root; a demo root names its own sets of subjects.
        seed: seed of a random split, see `split_sessions`.
        activations: whether to read the muscle-driven repetitions, with activations, in place of the squat trials.
        frames: length of the windows, a multiple of 4.
        watch: as of `open_windows`.
        kept: a split that was made before, which is used instead.

    Raises:
        InputError: there are no sessions, or one of the sets is empty or has no usable window.
    """
    sessions, split = split_by_subject(root, seed, kept)
    settings = {"with_activations": activations, "frames": frames}

    def opened(names: Sequence[str]) -> WindowStore:
        return open_windows([sessions[name] for name in names], cache_folder(root, "windows"), settings, watch=watch)

    return SplitWindows(opened(split.training), opened(split.validation), opened(split.held_out), split)
