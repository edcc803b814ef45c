"""What a guidance run has found before its end, on disk, so that it goes on there after an interruption.

<run>/unfinished/<session>/
    fingerprint.json             what the run is made from; another run of the session begins anew
    optimised_<k>.npz            what each finished batch of the optimisation has led to
    entry_<k>_<run>.mot          the motions accepted so far, in the order of their starts
    losses.csv, tensorboard/     the losses of the run that is going on
    lock                         held by the process that writes motions of the session
"""

import json
import logging
import math
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.guarded_files import read_json_object_or_none
from dataset.io.safe_npy import read_npz, write_npz
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import HISTORY_COLUMNS
from utils.guidance.optimisation.latent_optimizer import Row
from utils.guidance.output.guided_motion_files import write_guided_motion
from utils.guidance.run_fingerprint import changes_since
from utils.runs.run_folder import SESSION_LOCK, hold_session

logger = logging.getLogger("bige")

_FINGERPRINT_NAME = "fingerprint.json"
_ROW_COLUMNS = {*HISTORY_COLUMNS} - {"batch"}


class UnfinishedRun:
    """The folder of a run that is going on, held by this process; the `OptimisationMemory` of its batches."""

    def __init__(self, folder: Path, fingerprint: dict[str, str]) -> None:
        """Begin, or go on with a run that was made from the same.

        Raises:
            InputError: another process writes motions of the session at this moment.
        """
        self.folder = folder
        self._hold = ExitStack()
        self._hold.enter_context(hold_session(folder))
        self._next = 0  # batch
        self._written: dict[int, Tensor] = {}  # accepted motions by the number of their start
        try:
            self._begin(fingerprint)
        except BaseException:
            self.release()
            raise

    def _begin(self, fingerprint: dict[str, str]) -> None:
        """Remove what another run has found, and say what is known of this one."""
        if changes_since(_read_fingerprint(self.folder), fingerprint):
            self._clear()
            write_json(self.folder / _FINGERPRINT_NAME, fingerprint)
        elif known := len(list(self.folder.glob("optimised_*.npz"))):
            finished = f"{known} batch{'es are' if known > 1 else ' is'} finished"
            logger.info("going on with the interrupted run in %s: %s", self.folder, finished)

    def recall(self, initial: Tensor) -> tuple[Tensor, list[Row]] | None:
        """As of `OptimisationMemory`; a batch whose file is damaged, or is of other initial latents, is not known."""
        try:
            content = read_npz(self._batch_path())[1]
            known, latents, rows = content["initial"], content["latents"], json.loads(str(content["rows"]))
        except (InputError, ValueError, KeyError, RecursionError):
            return None
        if not np.array_equal(known, initial.cpu().numpy()) or not _sound_latents(latents, known) or not _sound(rows):
            return None
        self._next += 1
        return torch.from_numpy(latents), rows

    def remember(self, initial: Tensor, latents: Tensor, rows: Sequence[Row]) -> None:
        """Write what a batch has led to."""
        write_npz(
            self._batch_path(),
            {
                "initial": initial.cpu().numpy(),
                "latents": latents.cpu().numpy(),
                "rows": np.array(json.dumps(rows)),
            },
        )
        self._next += 1

    def write_accepted(self, samples: Sequence[GuidedSample], run: str) -> None:
        """Write those of the motions accepted so far that are not there yet, named after the folder of the run."""
        for sample in samples:
            old = self._written.get(sample.start)
            if old is not None and torch.equal(old, sample.motion):
                continue
            self._written[sample.start] = sample.motion
            write_guided_motion(self.folder / f"entry_{sample.start}_{run}.mot", sample)

    def release(self) -> None:
        """Let other processes go on with the run."""
        self._hold.close()

    def remove(self) -> None:
        """Remove the folder of a run that is finished, and release it."""
        with suppress(OSError):
            self._clear()
        self._hold.close()

    def _batch_path(self) -> Path:
        return self.folder / f"optimised_{self._next:03d}.npz"

    def _clear(self) -> None:
        """Remove everything of an earlier run but the lock."""
        for path in self.folder.iterdir():
            if path.name == SESSION_LOCK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def has_unfinished(folder: Path, fingerprint: dict[str, str]) -> bool:
    """Whether a folder holds a run that was made from the same, and that can go on."""
    return not changes_since(_read_fingerprint(folder), fingerprint)


def remove_finished(folder: Path, fingerprint: dict[str, str]) -> None:
    """Remove what a process that was killed after its result was in place has left of the run.

    A run that another process is going on with stays, and so does one that was made from something else.
    """
    if folder.is_dir() and (_read_fingerprint(folder) is None or has_unfinished(folder, fingerprint)):
        with suppress(InputError, OSError):
            UnfinishedRun(folder, fingerprint).remove()
    with suppress(OSError):  # other sessions are unfinished
        folder.parent.rmdir()


def _sound_latents(latents: np.ndarray, initial: np.ndarray) -> bool:
    return latents.shape == initial.shape and latents.dtype == initial.dtype and bool(np.isfinite(latents).all())


def _sound(rows: object) -> bool:
    """Whether what a file holds as rows of iterations are rows of numbers."""
    return isinstance(rows, list) and all(
        isinstance(row, dict) and set(row) >= _ROW_COLUMNS and all(map(_is_number, row.values())) for row in rows
    )


def _is_number(value: object) -> bool:
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < 1 << 53)


def _read_fingerprint(folder: Path) -> object:
    return read_json_object_or_none(folder / _FINGERPRINT_NAME)
