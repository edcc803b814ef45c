"""Simulate the squat repetitions of a session: muscle activations, joint moments and ground reaction forces."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.mot import read_motion
from dataset.left_out import LeftOut
from dataset.sessions import Session
from dataset.windows.segmentation import segment_motion
from models.muscles.static_optimization import ActivationSimulator
from utils.opensim_tools.tool_folder import README, ToolMotion, write_tool_folder
from utils.runs.environment import configure_cpu
from utils.runs.hold import held
from utils.runs.progress import show_progress
from utils.runs.writable import require_writable
from utils.simulation.fingerprint import FINGERPRINT, fingerprint_of, kept_summary, remove_surplus, require_same_session
from utils.simulation.repetition_files import TOOLS_FOLDER, write_repetition
from utils.simulation.simulated_repetition import SimulatedRepetition, simulate_repetition
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
        left_out: trials that could not be simulated, and parts of trials that are no repetitions, with the reason.
    """

    folder: Path
    summaries: tuple[dict[str, Any], ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def summary_path(self) -> Path:
        """The file that holds all summaries."""
        return self.folder / "summary.json"


def simulate_session(config: SimulationConfig) -> SimulationResult:
    """Simulate every repetition of a session's squat trials from kinematics alone, and write the results.

    A repetition whose files are there already and were made from the same model, motion and settings is kept, unless
    the configuration says `overwrite`. A trial that cannot be used is left out.

    Raises:
        InputError: the session or its model cannot be used, no trial holds a repetition, or the folder holds
            the results of another session, or is that of another process at this moment.
    """
    configure_cpu(config.threads)
    session = config.open_session()
    folder = config.out_dir / session.id
    require_writable(folder / "OpenSimData" / "Dynamics", within=config.out_dir)
    trials = config.find_trials(session)
    names = repetition_names(session, trials)
    with held(folder / ".simulation.lock", f"{folder}: another process is simulating into it; wait until it has ended"):
        return _simulate_trials(config, session, trials, names)


def _simulate_trials(
    config: SimulationConfig, session: Session, trials: Sequence[Path], names: Mapping[Path, str]
) -> SimulationResult:
    """Simulate trials of a session into its folder, which this process holds; see `simulate_session`."""
    folder = config.out_dir / session.id
    if not config.overwrite:
        require_same_session(folder / "OpenSimData" / "Dynamics", session, trials)
    simulators: dict[Path, ActivationSimulator] = {}
    models: dict[str, Path] = {}
    summaries: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    for trial in trials:
        try:
            model = session.model_for(trial)
            if model not in simulators:
                simulators[model] = build_simulator(model, config.settings, exact_paths=config.exact_paths)
            fingerprint = fingerprint_of(
                model, trial, config.settings, exact_paths=config.exact_paths, session=session.path
            )
            made, refused = _simulate(
                simulators[model], trial, folder, names[trial], overwrite=config.overwrite, fingerprint=fingerprint,
                tools_model=model if config.opensim else None,
            )  # fmt: skip
        except InputError as error:
            if len(trials) == 1:
                raise
            logger.warning("left out: %s", error)
            left_out.append(LeftOut(trial.stem, str(error)))
            continue
        summaries += made
        left_out += refused
        models[trial.stem] = model
    if not summaries:
        reasons = dict.fromkeys(item.reason for item in left_out)
        raise InputError(f"{session.path}: none of {len(trials)} trials can be simulated: {'; '.join(reasons)}")
    result = SimulationResult(folder, tuple(summaries), tuple(left_out))
    used = list(dict.fromkeys(models.values()))
    record = {
        "session": session.id,
        "model": models if len(used) > 1 else used[0],
        "warnings": list(filter(None, map(session.mass_warning, used))),
        "repetitions": summaries,
        "left_out": {item.source: item.reason for item in left_out},
    }
    write_json(result.summary_path, record)
    return result


def repetition_names(session: Session, trials: Sequence[Path]) -> dict[Path, str]:
    """How the names of a trial's repetitions begin: as the trial's, without `_ik` unless that is another trial."""
    of_session = {trial.stem.lower() for trial in (*session.trials, *trials)}
    names = {}
    for trial in trials:
        short = trial.stem.removesuffix("_ik")
        clash = short != trial.stem and short.lower() in of_session
        if clash:
            logger.warning(
                "%s: its repetitions keep the name %s, since there is a trial %s too", trial, trial.stem, short
            )
        names[trial] = trial.stem if clash else short
    return names


def simulate_trials(session: Session, trials: Sequence[Path], out_dir: Path) -> list[dict[str, Any]]:
    """Simulate the repetitions of trials into `<out_dir>/<session>/`, without progress; their summaries, in order.

    Raises:
        InputError: a model or a trial cannot be used, or a trial holds no repetition.
    """
    folder = out_dir / session.id
    names = repetition_names(session, trials)
    models = {trial: session.model_for(trial) for trial in trials}
    simulators = {model: build_simulator(model) for model in dict.fromkeys(models.values())}
    summaries: list[dict[str, Any]] = []
    for trial, model in models.items():
        fingerprint = fingerprint_of(model, trial, None)
        simulator = simulators[model]
        found, _ = _simulate(simulator, trial, folder, names[trial], fingerprint=fingerprint, progress=False)
        summaries += found
    return summaries


def _simulate(
    simulator: ActivationSimulator,
    trial: Path,
    folder: Path,
    name: str,
    *,
    fingerprint: dict[str, str],
    overwrite: bool = False,
    progress: bool = True,
    tools_model: Path | None = None,
) -> tuple[list[dict[str, Any]], list[LeftOut]]:
    """Simulate every repetition of a trial into `<folder>/OpenSimData/Dynamics/<name>_segment_<k>/`.

    Args:
        simulator: of the subject's model. Not any `Simulator`, because the files have its coordinates' names.
        trial: the motion file.
        folder: the session's folder in the output.
        name: first part of the repetitions' names.
        fingerprint: of model, trial and settings; written into each summary.
        overwrite: simulate repetitions again whose files are there already.
        progress: show a progress bar.
        tools_model: the subject's model, to write folders for OpenSim's tools with it; None to write none.

    Returns:
        The summary of each repetition, in order, and the parts of the trial that were left out.

    Raises:
        InputError: the trial cannot be read, or holds no repetition.
    """
    motion = read_motion(trial)
    segmentation = segment_motion(motion)
    if not segmentation.repetitions:
        raise InputError(f"{trial}: {segmentation.reason}")
    summaries = []
    dynamics = folder / "OpenSimData" / "Dynamics"
    shown = show_progress(segmentation.repetitions, title=name, unit="repetitions", enabled=progress)
    for k, repetition in enumerate(shown, start=1):
        segment = f"{name}_segment_{k}"
        tools = dynamics / segment / TOOLS_FOLDER
        if not overwrite:
            ends_s = motion.time_s[[repetition.start_frame, repetition.end_frame - 1]]
            kept = kept_summary(dynamics / segment, segment, fingerprint, (float(ends_s[0]), float(ends_s[1])))
            if kept is not None and (tools_model is None or (tools / README).exists()):
                logger.info("kept %s; --overwrite simulates it again", dynamics / segment)
                summaries.append(kept)
                continue
        simulated = simulate_repetition(simulator, motion, repetition, segment)
        summaries.append(summarise_repetition(simulator, simulated) | {FINGERPRINT: fingerprint})
        write_tools = None
        if tools_model is not None:
            write_tools = partial(
                write_tool_folder, model_path=tools_model, simulator=simulator, simulated=_with_surroundings(simulated)
            )
        write_repetition(simulator, simulated, summaries[-1], dynamics / segment, write_tools)
    remove_surplus(dynamics, name, len(segmentation.repetitions))
    return summaries, segmentation.left_out(trial.stem)


def _with_surroundings(simulated: SimulatedRepetition) -> ToolMotion:
    """The repetition for OpenSim's tools, which need the motion around it for their splines."""
    span_s = float(simulated.motion.time_s[0]), float(simulated.motion.time_s[-1])
    return ToolMotion(simulated.name, simulated.surrounded_s, simulated.surrounded, span_s)
