"""Guide many people: each whole or not at all, what is done already skipped, and a table of all at the end."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.locations import SHIPPED_VQVAE, expanded
from dataset.sessions import Session, is_session_path, open_session
from dataset.splits import find_subjects, read_ids
from utils.checkpoints import split_for_network
from utils.guidance.objective.published_terms import terms_of
from utils.guidance.output.result_record import read_record
from utils.guidance.output.summary import write_run_summary
from utils.networks.inference import load_frozen_surrogate, load_frozen_vqvae
from utils.people.people_config import ALL, PeopleConfig
from utils.people.people_table import write_tables
from utils.people.person_outcome import FAILED, MET, OPEN, PersonOutcome, outcome_on_disk
from utils.people.person_worker import PersonTask
from utils.people.ranks import Ranks, join_ranks
from utils.people.worker_pool import guide_in_processes
from utils.report.report_config import ReportConfig
from utils.report.run_reports import write_run_reports
from utils.runs.progress import Progress
from utils.runs.run_folder import RunFolder
from utils.runs.writable import require_writable

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class PeopleResult:
    """How the guidance of many people ended.

    Attributes:
        outcomes: one for each person, in the order of the sessions.
        table: the table as CSV, written by the first process of a launch.
        page: the table as a page with links to the reports.
        interrupted: whether the user stopped it.
        writes: whether this process is the one that writes the tables.
    """

    outcomes: tuple[PersonOutcome, ...]
    table: Path
    page: Path
    interrupted: bool = False
    writes: bool = True

    @property
    def all_met(self) -> bool:
        """Whether everybody has what was asked."""
        return all(outcome.status == MET for outcome in self.outcomes)


def guide_people(config: PeopleConfig) -> PeopleResult:
    """Guide people in processes of their own, and write `people.csv` and `people.html` into the run folder.

    A person whose result is there and was made from the same recordings, models, networks and settings is skipped;
    one whose guidance was interrupted goes on. What goes wrong for one person is written in the table, and does not
    stop the others. Ctrl-C ends all at once; what is finished is kept, and so is what the interrupted ones have found.

    Raises:
        InputError: the people, the constraints or the networks cannot be used, or nothing can be written.
    """
    require_writable(config.guidance.run_folder, within=config.guidance.out_dir)
    terms_of(config.guidance)  # before anybody is guided, what would be wrong for all of them
    load_frozen_vqvae(config.guidance.vq_name)
    load_frozen_surrogate(config.guidance.surrogate_name)
    number, count = config.part
    sessions = find_people(config)[number::count]
    if not sessions:
        raise InputError(f"--shard {config.shard} holds nobody; there are fewer people than shards")
    run = _PeopleRun(config, sessions)
    with join_ranks() as ranks:
        try:
            run.guide(ranks)
            outcomes, interrupted = ranks.share(run.outcomes), False
        except KeyboardInterrupt:
            outcomes, interrupted = run.outcomes, True
        return run.finish(outcomes, ranks, interrupted=interrupted)


def find_people(config: PeopleConfig) -> list[Session]:
    """The sessions of the people who are named.

    Raises:
        InputError: one of them is not there, or nobody is left.
    """
    root = config.find_data_root()[1]
    names = list(config.subjects)
    if len(names) == 1 and expanded(names[0]).is_file():
        names = read_ids(expanded(names[0]))
    folders = [] if names == [ALL] else [name for name in names if is_session_path(name)]
    ids = [name for name in names if name not in folders]
    sessions = [*(find_subjects(root, ids) if ids else ()), *map(open_session, folders)]
    _require_different_ids(sessions)
    if config.split is not None:
        split = split_for_network(config.guidance.vq_name or SHIPPED_VQVAE, root, config.guidance.seed)[1]
        chosen = {"training": split.training, "validation": split.validation, "test": split.held_out}[config.split]
        sessions = [session for session in sessions if session.id in chosen]
    if not sessions:
        raise InputError(f"{root}: none of {', '.join(names[:8])} is in the {config.split} set")
    return sessions


def _require_different_ids(sessions: Sequence[Session]) -> None:
    """Raise InputError where two of the sessions would write into one folder."""
    first: dict[str, Session] = {}
    for session in sessions:
        if first.setdefault(session.id, session) is not session:
            raise InputError(f"{first[session.id].path} and {session.path} have one id, so their results would too")


def _write_missing_report(outcome: PersonOutcome) -> None:
    """Write the report of a result that is there again, where it was removed."""
    if outcome.report is None or outcome.report.is_file():
        return
    try:
        write_run_reports(ReportConfig(run=outcome.report.parent))
        logger.info("%s: its report is written again", outcome.session)
    except InputError as error:
        logger.warning("%s: its report is missing: %s", outcome.session, error)


class _PeopleRun:
    """The people of a run, and how they have ended so far."""

    def __init__(self, config: PeopleConfig, sessions: Sequence[Session]) -> None:
        self.config, self.sessions = config, sessions
        threads = max(1, (os.cpu_count() or 2) // (2 * config.jobs))
        self.people = {session.id: config.guidance_of(session, threads) for session in sessions}
        self.outcomes: list[PersonOutcome] = []
        self._since = self._began_to_overwrite() if config.guidance.overwrite else None

    def _began_to_overwrite(self) -> datetime:
        """When the run began that guides everybody again; one that was interrupted goes on, and began then."""
        try:
            return datetime.fromisoformat(self._overwriting.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            now = datetime.now(UTC).replace(microsecond=0)  # as in the records of the results
            with atomic_write(self._overwriting) as temporary:
                temporary.write_text(now.isoformat(), encoding="utf-8")
            return now

    @property
    def _overwriting(self) -> Path:
        """The file that says that such a run is going on, or was interrupted."""
        return self.folder / f".{self.name}_overwritten_since"

    @property
    def name(self) -> str:
        """Name of the tables."""
        number, count = self.config.part
        return "people" if count == 1 else f"people_{number + 1}_of_{count}"

    @property
    def folder(self) -> Path:
        return self.config.guidance.run_folder

    def guide(self, ranks: Ranks) -> None:
        """Guide this process's part of the people."""
        mine = list(self.sessions)[ranks.rank :: ranks.count]
        tasks = [self._task(session) for session in mine if not self._is_done(session)]
        kept = len(mine) - len(tasks)
        if kept:
            logger.info("%d of %d are done already; --overwrite guides them again", kept, len(mine))
        with Progress(len(mine), title=self.folder.name, unit="people", done=kept) as progress:

            def on_outcome(outcome: PersonOutcome) -> None:
                self.outcomes.append(outcome)
                logger.info("%s", outcome.sentence)
                progress.advance()

            guide_in_processes(tasks, self.config.jobs, on_outcome, ranks.local_rank * self.config.jobs)

    def _is_done(self, session: Session) -> bool:
        """Whether the person's result is there, still valid, and not to be made again."""
        outcome, changed = outcome_on_disk(self.people[session.id], session, made_since=self._since)
        if outcome is not None:
            _write_missing_report(outcome)
            self.outcomes.append(outcome)
        elif changed:
            logger.info("%s: guided anew, because its %s changed", session.id, " and ".join(changed))
        return outcome is not None

    def _task(self, session: Session) -> PersonTask:
        """The task of a person; a result of this program that is not valid any more is replaced by it."""
        config = self.people[session.id]
        is_ours = bool(read_record(RunFolder(self.folder, session.id).motions))
        config = replace(config, overwrite=config.overwrite or is_ours)
        return PersonTask(session.id, config, self.folder / "logs" / f"{session.id}.log")

    def finish(self, outcomes: Sequence[PersonOutcome], ranks: Ranks, *, interrupted: bool) -> PeopleResult:
        """Write the tables, in the first process, and return what is known of everybody."""
        known = {outcome.session: outcome for outcome in outcomes}
        everyone = tuple(self._outcome_of(session, known.get(session.id)) for session in self.sessions)
        table, page = (self.folder / f"{self.name}.{suffix}" for suffix in ("csv", "html"))
        if ranks.rank == 0:
            write_tables(everyone, table, page)
            write_run_summary(self.folder)
            if not interrupted:
                self._overwriting.unlink(missing_ok=True)
        return PeopleResult(everyone, table, page, interrupted=interrupted, writes=ranks.rank == 0)

    def _outcome_of(self, session: Session, known: PersonOutcome | None) -> PersonOutcome:
        """The outcome of a person; of one who was not guided here or failed, what another process found meanwhile."""
        if known is not None and known.status != FAILED:
            return known
        outcome, _ = outcome_on_disk(self.people[session.id], session, made_since=self._since)
        why = "some is found" if RunFolder(self.folder, session.id).unfinished.is_dir() else ""
        return outcome or known or PersonOutcome(session.id, OPEN, why=why)
