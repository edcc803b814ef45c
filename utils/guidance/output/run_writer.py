"""Write a guidance run into its run folder: losses while it runs, and everything else at its end."""

import csv
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.sessions import Session
from utils.guidance.baseline import Baseline
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.objective.constraints import Term
from utils.guidance.optimisation.latent_optimizer import Row
from utils.guidance.output.guided_events import write_guided_events
from utils.guidance.output.opensim_folders import write_opensim_folders
from utils.guidance.output.overview import draw_overview
from utils.guidance.output.result_files import save_guidance
from utils.guidance.output.summary import write_run_summary
from utils.runs.os_errors import naming_file
from utils.runs.run_folder import RunFolder
from utils.runs.writable import require_writable

HISTORY_COLUMNS = ("batch", "iteration", "active", "met", "objective", "proximity")


class RunWriter:
    """A context manager and the observer of `run_guidance` that writes the run folder of a configuration.

    The losses go to `losses_<session>.csv` and TensorBoard while the run is going on. Motions of an earlier run are
    replaced only when the new ones are there.
    """

    def __init__(self, config: GuidanceConfig):
        """Write into the run folder of `config`."""
        self.config = config
        self._folder: RunFolder | None = None
        self._iteration = 0

    @property
    def folder(self) -> RunFolder:
        """The files of the session's run; known once the run has started."""
        if self._folder is None:
            raise RuntimeError("the run has not started, so its session is not known")
        return self._folder

    def __enter__(self) -> "RunWriter":
        """Raises InputError where the run folder cannot be written."""
        require_writable(self.config.run_folder)
        return self

    def on_start(self, session: Session, terms: Sequence[Term]) -> None:
        """Make the run folder and open the logs.

        Raises:
            InputError: the session's motions are there already, and the configuration does not say `overwrite`.
        """
        from torch.utils.tensorboard import SummaryWriter

        folder = RunFolder(self.config.run_folder, session.id)
        folder.refuse_existing(self.config.overwrite)
        self._folder = folder
        self.folder.motions.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder.events, ignore_errors=True)
        self._losses = self.folder.losses.open("w", newline="")
        self._rows = csv.DictWriter(
            self._losses, [*HISTORY_COLUMNS, *dict.fromkeys(term.column for term in terms)], restval=""
        )
        self._rows.writeheader()
        self._events = SummaryWriter(str(self.folder.events))

    def on_iteration(self, row: Row) -> None:
        """Log one iteration."""
        with naming_file(self.folder.losses):
            self._write_row(row)

    def _write_row(self, row: Row) -> None:
        self._rows.writerow({key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()})
        for key, value in row.items():
            self._events.add_scalar(key, value, self._iteration)
        self._iteration += 1

    def write_baseline(self, session: Session, baseline: Baseline) -> Path:
        """Write `<run folder>/baseline_<session>.json`, what the person does now, and return its path.

        Raises:
            InputError: the file is there already, and the configuration does not say `overwrite`.
        """
        path = self.config.run_folder / f"baseline_{session.id}.json"
        if path.exists() and not self.config.overwrite:
            raise InputError(f"{path} is there already; --overwrite replaces it, another --exp-name keeps both")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"session": session.id} | baseline.record())
        return path

    def write(self, result: GuidanceResult) -> None:
        """Write all files of a finished run but the report."""
        with self.folder.replace_motions() as folder:
            save_guidance(result, folder)
            draw_overview(result, folder / "overview.png")
        shutil.rmtree(self.folder.opensim, ignore_errors=True)  # those of an earlier run
        if self.config.opensim:
            write_opensim_folders(result, self.folder.opensim)
        write_run_summary(self.folder.run)
        with naming_file(self.folder.events):
            write_guided_events(result, self.folder.events)

    def __exit__(self, *exception: object) -> None:
        if self._folder is not None:
            with naming_file(self.folder.losses), closing(self._losses):
                self._events.close()
