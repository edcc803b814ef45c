"""Training samples of many sessions on disk, read a few sessions at a time.

Each session has a folder of its own, `<store>/<session>-<fingerprint>/`, so that an interrupted preparation continues,
and a session whose files have changed is prepared again; so is one of whose samples a file is lost or damaged.
"""

import hashlib
import json
import logging
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_folder, remove_path
from dataset.io.guarded_files import checksum, read_json_object_or_none
from dataset.left_out import LeftOut
from dataset.sessions import Session
from utils.runs.progress import show_progress
from utils.training.dynamics_samples import DynamicsSamples, models_of, samples_of_session

logger = logging.getLogger("bige")

KINDS = ("repetitions", "ground", "muscle")
_CAPACITY = "capacity"
_FILES = tuple(f"{name}.npy" for name in (*KINDS, _CAPACITY))
_CONTENTS = "contents.json"  # sentences about what was left out, and a checksum of each file
_POOL = 64  # sessions whose samples are in memory at a time
_SESSIONS_A_PROCESS = 4  # fewer are prepared sooner than another process has started
_LAYOUT = "14"  # changes with the content of the samples

Batch = dict[str, Tensor]


class SampleStore:
    """The training samples of sessions.

    Attributes:
        folders: one of each session.
        left_out: sessions without samples, and repetitions that could not be used, and why.
    """

    def __init__(self, folders: Sequence[Path], left_out: Sequence[LeftOut] = ()) -> None:
        self.folders, self.left_out = tuple(folders), tuple(left_out)
        self._sizes = {
            kind: sum(len(np.load(folder / f"{kind}.npy", mmap_mode="r")) for folder in self.folders) for kind in KINDS
        }

    def size(self, kind: str) -> int:
        """Number of samples of a kind, one of KINDS."""
        return self._sizes[kind]

    def batches(self, kind: str, batch_size: int, generator: torch.Generator) -> Iterator[Batch]:
        """All samples of a kind once, in random order, with `capacity` (N, 2, groups, poses) of each.

        Sessions are read in random order, some at a time, and the samples of those are mixed.

        Args:
            kind: one of KINDS.
            batch_size: number of samples in a batch; the last of each part may have fewer.
            generator: of the order.
        """
        order = torch.randperm(len(self.folders), generator=generator).tolist()
        for start in range(0, len(order), _POOL):
            samples = self.read(kind, order[start : start + _POOL])
            for chosen in torch.randperm(len(samples[_CAPACITY]), generator=generator).split(batch_size):
                yield {name: values[chosen] for name, values in samples.items()}

    def read(self, kind: str, sessions: Sequence[int]) -> Batch:
        """All samples of some sessions, by their positions in `folders`."""
        parts: dict[str, list[np.ndarray]] = {}
        for index in sessions:
            rows = np.load(self.folders[index] / f"{kind}.npy")
            for name in rows.dtype.names:
                parts.setdefault(name, []).append(rows[name])
            parts.setdefault(_CAPACITY, []).append(np.load(self.folders[index] / "capacity.npy")[rows["model"]])
        return {name: torch.from_numpy(np.concatenate(values)) for name, values in parts.items() if name != "model"}


def prepare_samples(sessions: Sequence[Session], store: Path, seed: int) -> SampleStore:
    """The samples of sessions, which are made where they are not in the store yet, on all processors.

    Args:
        sessions: the sessions; those without simulated repetitions are left out.
        store: folder of the samples.
        seed: of the random variations.

    Raises:
        InputError: no session has samples.
    """
    prepare = partial(_prepare, store, seed)
    processes = min(os.cpu_count() or 1, -(-len(sessions) // _SESSIONS_A_PROCESS))
    if processes == 1:
        results = _with_progress(map(prepare, sessions), len(sessions))
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            results = _with_progress(pool.imap(prepare, sessions), len(sessions))
    folders = [result for result in results if isinstance(result, Path)]
    left_out = [result for result in results if isinstance(result, LeftOut)]
    for folder in folders:
        left_out += [LeftOut(session_of(folder), sentence) for sentence in _stored_left_out(folder) or ()]
    for one in left_out:
        logger.warning("left out: %s", one.reason)
    if not folders:
        raise InputError(f"none of {len(sessions)} sessions has simulated repetitions; see the warnings above")
    return SampleStore(folders, left_out)


def session_of(folder: Path) -> str:
    """The id of the session whose samples a folder has."""
    return folder.name.rpartition("-")[0]  # without its fingerprint


def _with_progress(results: Iterator[Path | LeftOut], total: int) -> list[Path | LeftOut]:
    return list(show_progress(results, total, title="samples", unit="sessions"))


def _prepare(store: Path, seed: int, session: Session) -> Path | LeftOut:
    """The folder of a session's samples, or why it has none."""
    torch.set_num_threads(1)
    try:
        folder = store / f"{session.id}-{_fingerprint(session, seed)}"
        if _stored_left_out(folder) is not None:
            return folder
        samples = samples_of_session(session, seed)
    except InputError as error:
        return LeftOut(session.id, str(error))
    if os.path.lexists(folder):
        logger.info("%s: is damaged, and made again", folder)
        remove_path(folder)
    with atomic_folder(folder) as temporary:
        _write(temporary, samples)
    return folder


def _stored_left_out(folder: Path) -> list[str] | None:
    """What was left out of the samples in a folder; None where they are not there, or not as they were written."""
    content = read_json_object_or_none(folder / _CONTENTS) or {}
    sentences = content.get("left_out")
    is_whole = isinstance(sentences, list) and all(isinstance(sentence, str) for sentence in sentences)
    return sentences if is_whole and content.get("checksums") == _checksums(folder) else None


def _checksums(folder: Path) -> dict[str, int]:
    """The checksums of those files of the samples that are there."""
    return {name: checksum(folder / name) for name in _FILES if (folder / name).is_file()}


def _fingerprint(session: Session, seed: int) -> str:
    """A digest of what a session's samples are made from: names, sizes and times of its files."""
    digest = hashlib.sha256(f"{_LAYOUT} {seed}".encode())
    labels = [path for one in session.muscle_driven for path in sorted(one.parent.glob("*.mot"))]
    for path in [*session.trials, *labels, *models_of(session)]:
        stat = path.stat() if path.is_file() else None  # a link may lead nowhere, which the reader refuses by name
        digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}".encode() if stat else path.name.encode())
    return digest.hexdigest()[:16]


def _write(folder: Path, samples: DynamicsSamples) -> None:
    for kind in KINDS:
        values: dict[str, np.ndarray] = getattr(samples, kind)
        layout = [(name, array.dtype, array.shape[1:]) for name, array in values.items()]
        rows = np.empty(len(next(iter(values.values()))), dtype=layout)
        for name, array in values.items():
            rows[name] = array
        np.save(folder / f"{kind}.npy", rows)
    np.save(folder / "capacity.npy", samples.capacity)
    content = {"left_out": samples.left_out, "checksums": _checksums(folder)}
    (folder / _CONTENTS).write_text(json.dumps(content), encoding="utf-8")
