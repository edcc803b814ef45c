"""Simulate the squat repetitions of a session: muscle activations, joint moments and ground reaction forces."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.mot import read_motion
from dataset.sessions import Session
from dataset.windows.segmentation import segment_repetitions
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import ActivationSimulator
from utils.runs.environment import configure_cpu
from utils.runs.progress import show_progress
from utils.runs.writable import require_writable
from utils.simulation.repetition_files import motion_path, summary_path, write_repetition
from utils.simulation.simulated_repetition import simulate_repetition
from utils.simulation.simulation_config import SimulationConfig
from utils.simulation.simulation_summary import summarise_repetition
from utils.simulation.simulators import build_simulator

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class SimulationResult:
    """The simulated repetitions of a session.

    Attributes:
        folder: `<out_dir>/<session>`.
        summaries: for each repetition its residuals, reserves, peak activations and warnings.
    """

    folder: Path
    summaries: tuple[dict[str, Any], ...]

    @property
    def summary_path(self) -> Path:
        """The file that holds all summaries."""
        return self.folder / "summary.json"


def simulate_session(config: SimulationConfig) -> SimulationResult:
    """Simulate every repetition of a session's squat trials from kinematics alone, and write the results.

    A repetition whose files are there already is kept, unless the configuration says `overwrite`.

    Raises:
        InputError: the session, its model or a trial cannot be used, or a trial holds no repetition.
    """
    configure_cpu(config.threads)
    session = config.open_session()
    require_writable(config.out_dir / session.id)
    trials = config.find_trials(session)
    summaries = simulate_trials(
        session,
        trials,
        config.out_dir,
        config.settings,
        exact_paths=config.exact_paths,
        overwrite=config.overwrite,
    )
    result = SimulationResult(config.out_dir / session.id, tuple(summaries))
    models = {trial.stem: session.model_for(trial) for trial in trials}
    several = len(set(models.values())) > 1
    record = {
        "session": session.id,
        "model": models if several else next(iter(models.values())),
        "repetitions": summaries,
    }
    write_json(result.summary_path, record)
    return result


def simulate_trials(
    session: Session,
    trials: Sequence[Path],
    out_dir: Path,
    settings: SimulationSettings | None = None,
    *,
    exact_paths: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Simulate the repetitions of trials into `<out_dir>/<session>/`; their summaries, in order."""
    folder = out_dir / session.id
    models = {trial: session.model_for(trial) for trial in trials}
    simulators = {
        model: build_simulator(model, folder / "cache", settings, exact_paths=exact_paths)
        for model in dict.fromkeys(models.values())
    }
    return [
        summary
        for trial, model in models.items()
        for summary in simulate_trial(simulators[model], trial, folder, overwrite=overwrite, progress=progress)
    ]


def simulate_trial(
    simulator: ActivationSimulator, trial: Path, folder: Path, *, overwrite: bool = False, progress: bool = True
) -> list[dict[str, Any]]:
    """Simulate every repetition of a trial into `<folder>/OpenSimData/Dynamics/<trial>_segment_<k>/`.

    Args:
        simulator: of the subject's model.
        trial: the motion file.
        folder: the session's folder in the output.
        overwrite: simulate repetitions again whose files are there already.
        progress: show a progress bar.

    Returns:
        The summary of each repetition, in order.

    Raises:
        InputError: the trial cannot be read, or holds no repetition.
    """
    motion = read_motion(trial)
    name = trial.stem.removesuffix("_ik")
    repetitions = segment_repetitions(motion)
    if not repetitions:
        raise InputError(f"{trial}: no squat repetition that starts and ends upright")
    summaries = []
    shown = show_progress(repetitions, title=name, unit="repetitions", enabled=progress)
    for k, repetition in enumerate(shown, start=1):
        segment = f"{name}_segment_{k}"
        target = folder / "OpenSimData" / "Dynamics" / segment
        if motion_path(target, segment).exists() and not overwrite:
            logger.info("kept %s; --overwrite simulates it again", motion_path(target, segment))
            summaries.append(json.loads(summary_path(target, segment).read_text()))
            continue
        simulated = simulate_repetition(simulator, motion, repetition, segment)
        summaries.append(summarise_repetition(simulator, simulated))
        write_repetition(simulator, simulated, summaries[-1], target)
    return summaries
