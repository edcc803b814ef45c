"""All windows of a data set as tensors in memory: a few hundred windows train faster by indexing than by workers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.locations import demo_holdout
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session, discover_sessions
from dataset.splits import Split, split_sessions
from dataset.windows.mirror import mirror_activations, mirror_motion
from dataset.windows.motion_dataset import MotionDataset


@dataclass(frozen=True)
class MotionBatch:
    """N windows, on one device.

    motion: (N, T, 33) float32, degrees and metres, canonical order, placed. recorded: (N, T) bool, False where the
    window was extended beyond the recording. activations: (N, T, 80) float32, known where labelled (N, T) bool, or both
    None. anthropometry: (N, 7) float32, see `ANTHROPOMETRIC_FEATURES`, or None. subjects, names, models: N strings,
    whose window, which, and the person's .osim file.
    """

    motion: Tensor
    recorded: Tensor
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    models: tuple[str, ...]
    activations: Tensor | None = None
    labelled: Tensor | None = None
    anthropometry: Tensor | None = None

    def __len__(self) -> int:
        return len(self.motion)

    def take(self, indices: Sequence[int] | Tensor) -> "MotionBatch":
        """The windows at `indices`, in that order."""
        chosen = torch.as_tensor(indices, dtype=torch.long)
        rows = chosen.tolist()
        on_device = chosen.to(self.motion.device)
        return replace(
            self,
            motion=self.motion[on_device],
            recorded=self.recorded[on_device],
            subjects=tuple(self.subjects[i] for i in rows),
            names=tuple(self.names[i] for i in rows),
            models=tuple(self.models[i] for i in rows),
            activations=None if self.activations is None else self.activations[on_device],
            labelled=None if self.labelled is None else self.labelled[on_device],
            anthropometry=None if self.anthropometry is None else self.anthropometry[on_device],
        )

    def with_mirrored(self) -> "MotionBatch":
        """These windows, and then their mirror images under the names `<name>_mirrored`."""
        return replace(
            self,
            motion=torch.cat([self.motion, mirror_motion(self.motion)]),
            recorded=torch.cat([self.recorded, self.recorded]),
            subjects=self.subjects * 2,
            names=self.names + tuple(f"{name}_mirrored" for name in self.names),
            models=self.models * 2,
            activations=None
            if self.activations is None
            else torch.cat([self.activations, mirror_activations(self.activations)]),
            labelled=None if self.labelled is None else torch.cat([self.labelled, self.labelled]),
            anthropometry=None if self.anthropometry is None else torch.cat([self.anthropometry, self.anthropometry]),
        )

    def to(self, device: torch.device | str) -> "MotionBatch":
        """The same windows on `device`."""
        moved = {
            name: None if value is None else value.to(device)
            for name, value in (
                ("motion", self.motion),
                ("recorded", self.recorded),
                ("activations", self.activations),
                ("labelled", self.labelled),
                ("anthropometry", self.anthropometry),
            )
        }
        return replace(self, **moved)


def load_windows(sessions: Sequence[Session], *, activations: bool = False) -> MotionBatch:
    """Every squat window of the sessions, on the CPU; with activations, the windows of muscle-driven repetitions.

    The person is known from the session's model. Raises InputError where no usable window is left.
    """
    dataset = MotionDataset(sessions, with_activations=activations)
    people = {}
    for session in {session.path: session for session in dataset.sessions}.values():
        skeleton = load_skeleton(session.model_path)
        people[session.path] = skeleton.anthropometry
    items = [dataset[i] for i in range(len(dataset))]
    return MotionBatch(
        motion=torch.stack([item["motion"] for item in items]),
        recorded=torch.stack([item["recorded"] for item in items]),
        subjects=tuple(session.subject for session in dataset.sessions),
        names=tuple(dataset.names),
        models=tuple(str(session.model_path) for session in dataset.sessions),
        activations=torch.stack([item["activations"] for item in items]) if activations else None,
        labelled=torch.stack([item["labelled"] for item in items]) if activations else None,
        anthropometry=torch.tensor([people[session.path] for session in dataset.sessions]),
    )


def load_split(root: Path, *, seed: int, activations: bool = False) -> tuple[MotionBatch, MotionBatch, Split]:
    """Training and held-out windows of the sessions under `root`, split by subject, and the split itself."""
    sessions, split = _split_by_subject(root, seed)
    training = load_windows([sessions[name] for name in split.training], activations=activations)
    held_out = load_windows([sessions[name] for name in split.held_out], activations=activations)
    return training, held_out, split


def load_held_out(root: Path, *, seed: int, activations: bool = False) -> tuple[MotionBatch, Split]:
    """The held-out windows of `load_split`, without reading the training sessions, and the split."""
    sessions, split = _split_by_subject(root, seed)
    return load_windows([sessions[name] for name in split.held_out], activations=activations), split


def _split_by_subject(root: Path, seed: int) -> tuple[dict[str, Session], Split]:
    """The sessions under `root` by their id, and their split by subject."""
    sessions = discover_sessions(root)
    split = split_sessions(sessions, seed=seed, holdout_file=demo_holdout(root))
    return {session.id: session for session in sessions}, split


def load_subjects(root: Path, subjects: Sequence[str], *, activations: bool = False) -> MotionBatch:
    """Windows of the sessions or subjects named in `subjects` under `root`, or of every session for `all`."""
    sessions = discover_sessions(root)
    if list(subjects) != ["all"]:
        known = {name for session in sessions for name in (session.id, session.subject)}
        unknown = [name for name in subjects if name not in known]
        if unknown:
            raise InputError(f"{root} has no session or subject {unknown[0]}; it has {', '.join(sorted(known))}")
        sessions = [session for session in sessions if {session.id, session.subject} & set(subjects)]
    return load_windows(sessions, activations=activations)
