"""Generation of OpenCap sessions of synthetic subjects who squat, with simulated muscle activations."""

import logging
import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from dataset.demo.population import finish_population, make_session, start_population
from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.sessions import Session
from dataset.windows.segmentation import segment_motion
from utils.demo_sessions.demo_config import DemoConfig
from utils.runs.hold import held
from utils.runs.progress import show_progress
from utils.runs.writable import require_writable
from utils.simulation.session_simulation import simulate_trials

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class DemoResult:
    """The sessions that were made.

    Attributes:
        folder: data root of the sessions.
        sessions: the sessions, in the order of the subjects.
        held_out: ids of the held-out sessions of the folder, which may have more people from an earlier call.
    """

    folder: Path
    sessions: tuple[Session, ...]
    held_out: tuple[str, ...]


def make_demo_sessions(config: DemoConfig) -> DemoResult:
    """Make the sessions of synthetic subjects, and simulate their muscle-driven repetitions where `config` says so.

    Sessions and repetitions that are there already are kept, so that an interrupted run continues. The same seed gives
    the same files.

    Raises:
        InputError: the folder holds other sessions, another process makes people there at this moment, or the generic
            model is not installed.
    """
    require_writable(config.out_dir)
    with held(
        config.out_dir / ".demo.lock",
        f"{config.out_dir}: another process is making demo people there; wait for its end",
    ):
        return _make_population(config)


def _make_population(config: DemoConfig) -> DemoResult:
    """Make the sessions in a folder that this process holds; see `make_demo_sessions`."""
    start_population(config.population)
    make = partial(_make_labelled_session, config)
    indices = range(config.people)
    jobs = min(config.jobs, config.people)
    if jobs == 1:
        sessions = _with_progress(map(make, indices), config)
    else:
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            sessions = _with_progress(pool.imap_unordered(make, indices), config)
    held_out = finish_population(config.out_dir, config.labels)
    return DemoResult(config.out_dir, tuple(sorted(sessions, key=lambda one: one.id)), held_out)


def _with_progress(sessions: Iterable[Session], config: DemoConfig) -> list[Session]:
    return list(show_progress(sessions, config.people, title=str(config.out_dir), unit="subjects"))


def _make_labelled_session(config: DemoConfig, person_index: int) -> Session:
    """Make the session of one subject, and simulate those of its repetitions that have no activations yet."""
    torch.set_num_threads(1)
    session = make_session(config.population, person_index)
    if config.labels:
        trials = [trial for trial in session.squat_trials if _has_repetitions(trial)]
        simulate_trials(session, trials, session.path.parent)
    return session


def _has_repetitions(trial: Path) -> bool:
    """Whether a trial has a repetition to simulate; if not, a line says why."""
    try:
        segmentation = segment_motion(read_motion(trial))
    except InputError as error:
        logger.warning("not simulated: %s", error)
        return False
    if not segmentation.repetitions:
        logger.warning("%s is not simulated: %s", trial, segmentation.reason)
    return bool(segmentation.repetitions)
