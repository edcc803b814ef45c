"""The windows of many sessions on disk, of which a training reads only those of a batch."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.left_out import LeftOut
from dataset.sessions import Session
from dataset.windows.motion_batch import MotionBatch
from dataset.windows.session_file import SessionIndex, StoredWindow, read_frames, store_session, stored_index

logger = logging.getLogger("bige")

_SESSIONS_PER_PROCESS = 8  # fewer are read sooner than another process has started

Watch = Callable[[Iterator[SessionIndex], int], Iterator[SessionIndex]]


def unwatched(indices: Iterator[SessionIndex], total: int) -> Iterator[SessionIndex]:
    """The `total` indices of sessions as they are; another function may show the progress of their making."""
    return indices


@dataclass(frozen=True)
class WindowStore:
    """N windows of T frames on disk.

    Attributes:
        folder: of the files of frames.
        indices: the indices of the sessions.
        rows: (N, 3), number of the session, number of its window, and whether it is the mirror image.
        left_out: the files of the sessions that could not be used.
    """

    folder: Path
    indices: tuple[SessionIndex, ...]
    rows: np.ndarray = field(repr=False)
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def stored(self, row: int) -> tuple[SessionIndex, StoredWindow]:
        """The session's index and the description of the window number `row`."""
        session, window, _ = self.rows[row]
        index = self.indices[session]
        return index, index.windows[window]

    @property
    def names(self) -> list[str]:
        """N names of the windows; mirror images are named `<name>_mirrored`."""
        mirrored = ("", "_mirrored")
        return [self.stored(i)[1].name + mirrored[row[2]] for i, row in enumerate(self.rows)]

    @property
    def subjects(self) -> list[str]:
        """N ids of the subjects."""
        return [self.stored(i)[0].subject for i in range(len(self))]

    def with_mirrored(self) -> "WindowStore":
        """These windows, followed by their mirror images."""
        return replace(self, rows=np.concatenate([self.rows, self.rows ^ (0, 0, 1)]))

    def depth_and_duration(self) -> Tensor:
        """(N, 2) largest knee flexion in the repetition, degrees, and its duration, seconds."""
        stored = [self.stored(i)[1] for i in range(len(self))]
        return torch.tensor([(window.depth_deg, window.repetition_s) for window in stored])

    def take(self, chosen: Sequence[int] | Tensor) -> MotionBatch:
        """Read the windows at these indices, in that order, on the CPU."""
        rows = torch.as_tensor(chosen, dtype=torch.long).tolist()
        stored = [self.stored(i) for i in rows]
        frames = [read_frames(self.folder / index.frame_file, index.dtype, window) for index, window in stored]
        names = frames[0].dtype.names or ()
        arrays = {name: torch.from_numpy(np.stack([one[name] for one in frames])) for name in names}
        batch = MotionBatch(
            motion=arrays["motion"],
            recorded=arrays["recorded"],
            repetition=arrays["first_repetition"],
            standing=arrays["standing"],
            subjects=tuple(index.subject for index, _ in stored),
            names=tuple(window.name for _, window in stored),
            models=tuple(window.model for _, window in stored),
            activations=arrays.get("activations"),
            labelled=arrays.get("labelled"),
            anthropometry=torch.tensor([index.anthropometry[window.model] for index, window in stored]),
        )
        mirrored = torch.from_numpy(self.rows[rows, 2].astype(bool))
        return batch.with_mirror_images_at(mirrored) if mirrored.any() else batch

    def batches(self, size: int) -> Iterator[MotionBatch]:
        """Read all windows in their order, `size` of them at a time."""
        for chosen in torch.arange(len(self)).split(size):
            yield self.take(chosen)


def open_windows(
    sessions: Sequence[Session],
    folder: Path,
    settings: Mapping[str, Any],
    *,
    watch: Watch = unwatched,
) -> WindowStore:
    """Open the windows of sessions, and make those that are not stored yet, one on each core at the same time.

    Each session is stored as soon as it has been read, so that an interrupted call goes on where it stopped.

    Args:
        sessions: the sessions.
        folder: of the stored windows, see `dataset.locations.cache_folder`.
        settings: keywords of `read_session`; they are a part of what identifies stored windows.
        watch: wraps the iterator over the indices of the `total` sessions that are made.

    Raises:
        InputError: there is no usable window.
    """
    indices = {session.path: stored_index(session, folder, settings) for session in sessions}
    missing = [session for session in sessions if indices[session.path] is None]
    if missing:
        made = _store_sessions(missing, folder, settings)
        for session, index in zip(missing, watch(made, len(missing)), strict=True):
            indices[session.path] = index
    return _store_of(folder, [index for index in indices.values() if index is not None])


def _store_sessions(sessions: Sequence[Session], folder: Path, settings: Mapping[str, Any]) -> Iterator[SessionIndex]:
    store = partial(store_session, folder=folder, settings=settings)
    count = min(os.cpu_count() or 1, len(sessions) // _SESSIONS_PER_PROCESS)
    if count < 2:
        yield from map(store, sessions)
        return
    with get_context("spawn").Pool(count, torch.set_num_threads, (1,)) as pool:
        yield from pool.imap(store, sessions)


def _store_of(folder: Path, indices: Sequence[SessionIndex]) -> WindowStore:
    for index in indices:
        for warning in index.warnings:
            logger.warning("%s", warning)
    rows = [(i, k, 0) for i, index in enumerate(indices) for k in range(len(index.windows))]
    if not rows:
        raise InputError(f"no usable repetition in the {len(indices)} session(s); see the warnings above")
    left_out = tuple(item for index in indices for item in index.left_out)
    return WindowStore(folder, tuple(indices), np.array(rows), left_out)
