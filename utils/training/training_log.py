"""What a training run leaves behind: `train.log`, `losses.csv` and TensorBoard events in its folder."""

import csv
import logging
from pathlib import Path

from dataset.io.atomic_write import atomic_write

logger = logging.getLogger("bige")


class TrainingLog:
    """Writes a row of figures to `losses.csv` and TensorBoard, and sends the package's log to `train.log`.

    folder: the run folder. columns: names of the figures; the first column of the file is `step`.
    resume_at: rows after this step are dropped (a run that goes on from a checkpoint writes them again); None: a new
    file. enabled: False in all but the first process of a distributed run, which then writes nothing.
    """

    def __init__(self, folder: Path, columns: list[str], *, resume_at: int | None = None, enabled: bool = True) -> None:
        self.columns, self.enabled = columns, enabled
        if not enabled:
            return
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "losses.csv"
        kept = _rows_until(self.path, resume_at) if resume_at is not None else []
        with atomic_write(self.path) as temporary, temporary.open("w", newline="") as file:
            csv.writer(file).writerows([["step", *columns], *kept])
        self.writer = SummaryWriter(str(folder), purge_step=None if resume_at is None else resume_at + 1)
        self.handler = logging.FileHandler(folder / "train.log", mode="w" if resume_at is None else "a")
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(self.handler)

    def write(self, step: int, figures: dict[str, float]) -> None:
        """Add the figures of `step`; a column without a figure stays empty."""
        if not self.enabled:
            return
        with self.path.open("a", newline="") as file:
            row = (f"{figures[name]:.6g}" if name in figures else "" for name in self.columns)
            csv.writer(file).writerow([step, *row])
        for name, value in figures.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close all files."""
        if self.enabled:
            self.writer.close()
            logger.removeHandler(self.handler)
            self.handler.close()


def _rows_until(path: Path, step: int) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return [row for row in list(csv.reader(file))[1:] if row and int(row[0]) <= step]
