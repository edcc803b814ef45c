"""Logs of a training: `losses.csv`, TensorBoard events and `train.log`."""

import csv
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from dataset.io.atomic_write import atomic_write
from utils.runs.os_errors import naming_file

logger = logging.getLogger("bige")


class _LogFile(logging.FileHandler):
    """A log file whose failure is that of the run: logging itself would print a traceback and go on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is that of logging)
        """Raise what was raised in writing a line."""
        with naming_file(self.baseFilename):
            raise


class TrainingLog:
    """Writes metrics to `losses.csv` and TensorBoard, and copies the package's log to `train.log`.

    Attributes:
        writer: the TensorBoard writer of the run folder; only where the log is enabled.
    """

    writer: SummaryWriter

    def __init__(
        self,
        folder: Path,
        columns: Sequence[str],
        *,
        resume_at: int | None = None,
        history: Path | None = None,
        enabled: bool = True,
    ) -> None:
        """Open the files of a run folder.

        Args:
            folder: the run folder.
            columns: names of the metrics; they follow the column `step`.
            resume_at: the step from which training is resumed; later rows are removed, since they are written again.
                None starts new files.
            history: the folder of the run that is resumed, whose earlier rows are kept; None for `folder`.
            enabled: whether anything is written; only the main process of a distributed training does.
        """
        self.columns, self.enabled = columns, enabled
        if not enabled:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "losses.csv"
        kept = []
        if resume_at is not None:
            header = ["step", *columns]
            kept = _rows_until((history or folder) / self.path.name, header, resume_at)
            if not kept:
                _set_aside(self.path, header)
        with atomic_write(self.path) as temporary, temporary.open("w", newline="") as file:
            csv.writer(file).writerows([["step", *columns], *kept])
        self.writer = SummaryWriter(str(folder), purge_step=None if resume_at is None else resume_at + 1)
        self.handler = _LogFile(folder / "train.log", mode="w" if resume_at is None else "a")
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(self.handler)

    def write(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add the metrics of a step; a column without a metric stays empty."""
        if not self.enabled:
            return
        with naming_file(self.path), self.path.open("a", newline="") as file:
            row = (f"{metrics[name]:.6g}" if name in metrics else "" for name in self.columns)
            csv.writer(file).writerow([step, *row])
        with naming_file(self.path.parent):
            for name, value in metrics.items():
                self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close all files."""
        if not self.enabled:
            return
        logger.removeHandler(self.handler)
        with naming_file(self.path.parent), closing(self.handler):
            self.writer.close()


def _rows_until(path: Path, header: Sequence[str], step: int) -> list[list[str]]:
    """The rows of an earlier `losses.csv` of these columns up to a step, but any that was not written to its end."""
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = list(csv.reader(line.replace("\0", "") for line in file))
    except FileNotFoundError:
        return []
    except csv.Error:
        rows = []
    if rows[:1] != [list(header)]:
        return []
    whole = [row for row in rows[1:] if len(row) == len(header) and row[0].isdecimal()]
    return [row for row in whole if int(row[0]) <= step]


def _set_aside(path: Path, header: Sequence[str]) -> None:
    """Give a `losses.csv` of other columns, as of another version, another name, so that it is not replaced."""
    if not path.is_file() or path.read_bytes().startswith(",".join(header).encode()):
        return
    aside = path.with_name(f"{path.stem}-{int(path.stat().st_mtime)}{path.suffix}")
    os.replace(path, aside)
    logger.warning("%s has other columns than this training; it is kept as %s", path, aside.name)
