"""Write a guidance run into its run folder: what it finds while it runs, and the whole result at its end."""

import csv
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.sessions import Session
from utils.guidance.baseline import Baseline
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_observer import GuidanceObserver
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import HISTORY_COLUMNS, Term, loss_columns
from utils.guidance.optimisation.latent_optimizer import Row
from utils.guidance.output.guided_events import write_guided_events
from utils.guidance.output.guided_motion_files import write_own_squats
from utils.guidance.output.opensim_folders import write_opensim_folders
from utils.guidance.output.overview import draw_overview
from utils.guidance.output.result_files import save_guidance
from utils.guidance.output.result_record import read_record
from utils.guidance.output.summary import write_run_summary
from utils.guidance.output.unfinished_run import UnfinishedRun, has_unfinished, remove_finished
from utils.guidance.run_fingerprint import FINGERPRINT, changes_since, run_fingerprint
from utils.runs.os_errors import naming_file
from utils.runs.run_folder import RunFolder, replace_folder
from utils.runs.writable import require_writable


class RunWriter(GuidanceObserver):
    """A context manager and the observer of `run_guidance` that writes the run folder of a configuration.

    What is found is written while the run is going on, see `unfinished_run`, so that a run that was killed goes on
    there. What an earlier run has written is replaced only when all of the new result is there.
    """

    def __init__(self, config: GuidanceConfig) -> None:
        """Write into the run folder of `config`."""
        self.config = config
        self._folder: RunFolder | None = None
        self._iteration = 0
        self._fingerprint: dict[str, str] = {}
        self._unfinished: UnfinishedRun | None = None
        self._logs = ExitStack()  # closes the logs that are open

    @property
    def folder(self) -> RunFolder:
        """The files of the session's run; known once the run has started."""
        if self._folder is None:
            raise RuntimeError("the run has not started, so its session is not known")
        return self._folder

    @property
    def memory(self) -> UnfinishedRun:
        """What an interrupted run has found already."""
        if self._unfinished is None:
            raise RuntimeError("the run has not started")
        return self._unfinished

    def __enter__(self) -> "RunWriter":
        """Raises InputError where the run folder or the baseline cannot be written, or the session is not there."""
        require_writable(self.config.run_folder, within=self.config.out_dir)
        session = self.config.open_session()
        if self.config.baseline:
            self._baseline_path(session)
        self._fingerprint = run_fingerprint(self.config, session)  # before anything is read
        return self

    def on_start(self, session: Session, terms: Sequence[Term]) -> None:
        """Make the folder of the unfinished run, or go on there, and open the logs.

        Raises:
            InputError: the session's motions are there already, and the configuration does not say `overwrite`; or
                another process guides it.
        """
        folder = RunFolder(self.config.run_folder, session.id)
        try:
            folder.refuse_existing(self.config.overwrite or self._goes_on(folder))
        except InputError:
            self._finish_killed(folder)
            raise
        self._folder = folder
        self._unfinished = UnfinishedRun(folder.unfinished, self._fingerprint)
        self._open_logs(terms)

    def _goes_on(self, folder: RunFolder) -> bool:
        """Whether the result that is there is the first part of the same run, which was interrupted with Ctrl-C."""
        return bool(read_record(folder.motions).get("interrupted")) and has_unfinished(
            folder.unfinished, self._fingerprint
        )

    def _finish_killed(self, folder: RunFolder) -> None:
        """Do what is left of this run, where a process was killed after its result was in place."""
        record = read_record(folder.motions)
        if not record.get("interrupted") and not changes_since(record.get(FINGERPRINT), self._fingerprint):
            write_run_summary(folder.run)
            remove_finished(folder.unfinished, self._fingerprint)

    def _open_logs(self, terms: Sequence[Term]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._losses_path, self._events_path = self.memory.folder / "losses.csv", self.memory.folder / "tensorboard"
        shutil.rmtree(self._events_path, ignore_errors=True)
        losses = self._logs.enter_context(self._losses_path.open("w", newline=""))
        self._rows = csv.DictWriter(
            losses, [*HISTORY_COLUMNS, *dict.fromkeys(loss_columns(terms))], restval="", extrasaction="ignore"
        )
        self._rows.writeheader()
        self._events = self._logs.enter_context(SummaryWriter(str(self._events_path)))

    def on_iteration(self, row: Row) -> None:
        """Log one iteration."""
        with naming_file(self._losses_path):
            self._write_row(row)

    def on_accepted(self, samples: Sequence[GuidedSample]) -> None:
        """Write the motions that have been accepted so far."""
        self.memory.write_accepted(samples, self.config.run_folder.name)

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
        path = self._baseline_path(session)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"session": session.id} | baseline.record())
        return path

    def _baseline_path(self, session: Session) -> Path:
        path = self.config.run_folder / f"baseline_{session.id}.json"
        if path.exists() and not self.config.overwrite:
            raise InputError(f"{path} is there already; --overwrite replaces it, another --exp-name keeps both")
        return path

    def write(self, result: GuidanceResult, write_more: Callable[[Path], object] = lambda folder: None) -> bool:
        """Put all files of a result in the place of an earlier one, at once.

        Args:
            result: the result.
            write_more: writes further files, such as the report, into the folder of motions before it is in place.

        Returns:
            Whether they were written: an interrupted run does not replace an earlier result, and can go on.
        """
        if result.interrupted and list(self.folder.motions.glob("entry_*.mot")) and not self._goes_on(self.folder):
            return False
        with self.folder.replace_motions() as folder:
            save_guidance(result, folder, self._fingerprint)
            draw_overview(result, folder / "overview.png")
            write_more(folder)
            self._replace_beside_motions(result)
        write_run_summary(self.folder.run)
        if not result.interrupted:
            self.memory.remove()
        return True

    def _replace_beside_motions(self, result: GuidanceResult) -> None:
        """Put losses, events, own squats and folders for OpenSim's tools in the place of earlier ones."""
        tools, own_squats = self.memory.folder / "opensim", self.memory.folder / "own_squats"
        for folder in (tools, own_squats):
            shutil.rmtree(folder, ignore_errors=True)
        if self.config.opensim:
            write_opensim_folders(result, tools)
        if result.baseline:
            write_own_squats(own_squats, result.baseline)
        self._close_logs()
        with naming_file(self._events_path):
            write_guided_events(result, self._events_path)
        os.replace(self._losses_path, self.folder.losses)
        replace_folder(self._events_path, self.folder.events)
        for new, place in ((tools, self.folder.opensim), (own_squats, self.folder.own_squats)):
            if new.is_dir():
                replace_folder(new, place)
            else:
                shutil.rmtree(place, ignore_errors=True)  # that of an earlier run

    def _close_logs(self) -> None:
        with naming_file(self._losses_path):
            self._logs.close()

    def __exit__(self, *exception: object) -> None:
        if self._unfinished is None:
            return
        try:
            self._close_logs()
        finally:
            self._unfinished.release()
