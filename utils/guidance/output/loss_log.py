"""Losses of a guidance run as CSV and TensorBoard scalars."""

import csv
from collections.abc import Sequence

from utils.guidance.objective.constraints import Term
from utils.runs.run_folder import RunFolder


class LossLog:
    """A row an iteration to `losses_<session>.csv` and TensorBoard."""

    def __init__(self, folder: RunFolder, terms: Sequence[Term]):
        from torch.utils.tensorboard import SummaryWriter

        names = ["batch", "iteration", "active", "met", "objective", "proximity", *(term.label for term in terms)]
        self._file = folder.losses.open("w", newline="")
        self._rows = csv.DictWriter(self._file, names, restval="")
        self._rows.writeheader()
        self._writer = SummaryWriter(str(folder.events))
        self._step = 0

    def write(self, row: dict) -> None:
        """Add one row of `Guidance.optimise`'s report."""
        self._rows.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
        for key, value in row.items():
            self._writer.add_scalar(key, value, self._step)
        self._step += 1

    def close(self) -> None:
        """Flush both."""
        self._file.close()
        self._writer.close()
