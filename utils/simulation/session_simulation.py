"""Simulate the repetitions of recorded trials: muscle activations, moments and ground forces, as files."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.mot import Motion, read_motion, write_motion, write_table
from dataset.opensim.model_reader import read_osim
from dataset.opensim.muscle_geometry import MuscleGeometry
from dataset.opensim.muscle_path_cache import cached_muscle_paths
from dataset.sessions import Session
from dataset.windows.segmentation import Repetition, segment_repetitions
from models.conventions import MUSCLES, SIDES
from models.muscles.hill import Muscles
from models.muscles.paths import LEG_COORDINATES, MusclePath
from models.muscles.simulation_settings import FILTER_MARGIN_S, WEAKLY_ACTUATED, SimulationSettings
from models.muscles.static_optimization import PELVIS, ActivationSimulator, Simulation

logger = logging.getLogger("bige")

MARGIN_S = 1.0  # simulated before and after a repetition where the trial has it: the filters' ends stay outside
# Against OpenCap's own simulations of four repetitions these agree poorly (r < .9) or are over-activated; see README.
WEAK_MUSCLES = {
    "calf": ("gasmed", "gaslat", "soleus"),
    "foot": ("tibant", "tibpost", "edl", "ehl", "fdl", "fhl", "perbrev", "perlong"),
    "two-joint thigh": ("recfem", "semimem", "bflh", "sart", "tfl"),
    "hip": ("psoas", "iliacus", "glmed1", "glmed2", "glmed3", "glmin1", "glmin2", "glmin3"),
}
_LARGE_RESIDUAL = 0.05  # of body weight
_LARGE_RESERVE = 0.05  # of the largest moment of the same coordinate


@dataclass(frozen=True)
class SimulatedRepetition:
    """One repetition as simulated: the motion with activations, and everything else cut to the same frames."""

    name: str
    motion: Motion
    simulation: Simulation
    at_the_end_of_the_trial: bool


class ExactPaths:
    """Muscle paths by OpenSim itself, in place of the polynomials: slow, and without gradients."""

    def __init__(self, osim_path: Path):
        self.geometry = MuscleGeometry(osim_path)

    def __call__(self, motion: torch.Tensor) -> MusclePath:
        """Lengths (N, 80) and moment arms (N, 2, 7, 40) in metres of motion (N, 33), degrees and metres."""
        frames = motion.detach().cpu().numpy()
        lengths, arms = self.geometry.lengths(frames), self.geometry.moment_arms(frames)
        return MusclePath(torch.as_tensor(lengths).to(motion), torch.as_tensor(arms).to(motion))


def build_simulator(
    osim_path: Path, cache_dir: Path, settings: SimulationSettings | None = None, *, exact_paths: bool = False
) -> ActivationSimulator:
    """The simulator of a scaled model; its fitted muscle paths are kept in `cache_dir`.

    Raises InputError where the model cannot be read or lacks muscles.
    """
    geometry = ExactPaths(osim_path) if exact_paths else cached_muscle_paths(osim_path, cache_dir)
    parameters = (geometry.geometry if exact_paths else MuscleGeometry(osim_path)).parameters()
    return ActivationSimulator(read_osim(osim_path), Muscles(parameters), geometry, settings)


def simulate_repetition(
    simulator: ActivationSimulator, motion: Motion, repetition: Repetition, name: str
) -> SimulatedRepetition:
    """Simulate one repetition of a trial together with what surrounds it, and cut the result to the repetition."""
    start, end = repetition.start_frame, repetition.end_frame
    margin = round(MARGIN_S * motion.rate_hz)
    first, last = max(0, start - margin), min(len(motion), end + margin)
    surrounded = motion.cut(first, last)
    extra = {key: torch.as_tensor(values)[None] for key, values in surrounded.extra.items()}
    with torch.no_grad():
        whole = simulator(torch.as_tensor(surrounded.coordinates)[None], motion.rate_hz, extra)
    kept = slice(start - first, end - first)
    cut = Simulation(**{key: value[0, kept] for key, value in vars(whole).items()})
    own = motion.cut(start, end)
    ends = round(FILTER_MARGIN_S * motion.rate_hz)
    return SimulatedRepetition(
        name=name,
        motion=Motion(own.time_s, own.coordinates, cut.activations.numpy().clip(0, 1), own.extra, own.source),
        simulation=cut,
        at_the_end_of_the_trial=start < ends or len(motion) - end < ends,
    )


def simulate_trial(
    simulator: ActivationSimulator, trial: Path, out_folder: Path, *, overwrite: bool = False, progress: bool = True
) -> list[dict]:
    """Simulate every repetition of a trial and write its files; one summary a repetition, in order.

    out_folder: the session's folder in the output; each repetition goes to
    `OpenSimData/Dynamics/<trial>_segment_<k>/`. A repetition whose files are there is kept as it is unless `overwrite`.
    Raises InputError where the trial holds no repetition.
    """
    motion = read_motion(trial)
    name = trial.stem.removesuffix("_ik")
    repetitions = segment_repetitions(motion)
    if not repetitions:
        raise InputError(f"{trial}: no squat repetition that starts and ends upright")
    summaries = []
    for k, repetition in enumerate(tqdm(repetitions, desc=name, unit="rep", disable=not progress), start=1):
        segment = f"{name}_segment_{k}"
        folder = out_folder / "OpenSimData" / "Dynamics" / segment
        target = folder / f"kinematics_activations_{segment}_muscle_driven.mot"
        if target.exists() and not overwrite:
            logger.info("kept %s (--overwrite makes it anew)", target)
            summaries.append(json.loads((folder / f"summary_{segment}.json").read_text()))
            continue
        simulated = simulate_repetition(simulator, motion, repetition, segment)
        summaries.append(summarise(simulator, simulated))
        _write_beside(simulator, simulated, folder, summaries[-1])
        write_motion(target, simulated.motion, style="muscle_driven")  # last: its presence means all is there
    return summaries


def simulate_session(
    session: Session,
    trials: list[Path],
    out_dir: Path,
    settings: SimulationSettings | None = None,
    *,
    exact_paths: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> list[dict]:
    """Simulate all repetitions of a session's trials under `<out_dir>/<session>/`; one summary a repetition."""
    out_folder = out_dir / session.id
    simulator = build_simulator(session.model_path, out_folder / "cache", settings, exact_paths=exact_paths)
    return [
        summary
        for trial in trials
        for summary in simulate_trial(simulator, trial, out_folder, overwrite=overwrite, progress=progress)
    ]


def summarise(simulator: ActivationSimulator, simulated: SimulatedRepetition) -> dict:
    """How far a simulated repetition is to be trusted: reserves, residuals, warnings, and the peaks of its muscles."""
    simulation = simulated.simulation
    weight = simulator.weight_n
    residual = _rms(simulation.residuals)
    reserves = {}  # by coordinate: RMS of the reserve and the largest moment, Nm
    for leg, side in enumerate(SIDES):
        for row, name in enumerate(LEG_COORDINATES):
            moment = simulation.moments[:, simulator.coordinate_names.index(f"{name}_{side}")]
            rms = simulation.reserves[:, leg, row].square().mean().sqrt()
            reserves[f"{name}_{side}"] = float(rms), float(moment.abs().max())
    warnings = []
    if np.abs(residual[3:]).max() > _LARGE_RESIDUAL * weight:
        warnings.append(f"the ground cannot explain {max(residual[3:]):.0f} N of the pelvis's motion")
    warnings += [
        f"reserve at {name} is {rms:.1f} Nm, over {_LARGE_RESERVE:.0%} of its peak moment of {peak:.0f} Nm"
        for name, (rms, peak) in reserves.items()
        if rms > max(1.0, _LARGE_RESERVE * peak) and name[:-2] not in WEAKLY_ACTUATED
    ]
    if not bool(simulation.converged.all()):
        warnings.append(f"{int((~simulation.converged).sum())} frames did not converge")
    if simulated.at_the_end_of_the_trial:
        warnings.append("the repetition touches the end of its trial, where the filters are not to be trusted")
    peaks = simulated.motion.activations.max(0)
    return {
        "repetition": simulated.name,
        "frames": len(simulated.motion),
        "start_s": float(simulated.motion.time_s[0]),
        "end_s": float(simulated.motion.time_s[-1]),
        "residual_rms": dict(zip(PELVIS, (round(float(x), 3) for x in residual), strict=True)),
        "residual_units": "Nm for rotations, N for translations",
        "reserve_rms_nm": {name: round(rms, 3) for name, (rms, _) in reserves.items()},
        "peak_vertical_force_bw": round(float(simulation.ground_forces[..., 1].sum(1).max()) / weight, 3),
        "peak_activation": {name: round(float(peak), 4) for name, peak in zip(MUSCLES, peaks, strict=True)},
        "weak_muscles": {group: list(names) for group, names in WEAK_MUSCLES.items()},
        "warnings": warnings,
    }


def _rms(values: torch.Tensor) -> np.ndarray:
    return values.square().mean(0).sqrt().numpy()


def _write_beside(simulator: ActivationSimulator, simulated: SimulatedRepetition, folder: Path, summary: dict) -> None:
    """Moments, ground forces, reserves and residuals, and the summary, in the folder of the repetition."""
    simulation, time_s, name = simulated.simulation, simulated.motion.time_s, simulated.name
    translations = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
    columns = [f"{c}_{'force' if c in translations else 'moment'}" for c in simulator.coordinate_names]
    write_table(folder / f"kinetics_{name}.mot", columns, simulation.moments.numpy(), time_s, old_header=True)

    feet = [(i, side) for i, side in enumerate("rl")]
    parts = (("force", "v", simulation.ground_forces), ("force", "p", simulation.centres_of_pressure))
    names = [f"ground_{kind}_{side}_{letter}{axis}" for i, side in feet for kind, letter, _ in parts for axis in "xyz"]
    data = [values[:, i].numpy() for i, _ in feet for _, _, values in parts]
    names += [f"ground_torque_{side}_{axis}" for _, side in feet for axis in "xyz"]
    data += [simulation.free_moments[:, i].numpy() for i, _ in feet]
    write_table(folder / f"forces_resultant_{name}.mot", names, np.concatenate(data, 1), time_s, old_header=True)

    names = [f"{c}_reserve" for c in (f"{n}_{side}" for side in SIDES for n in LEG_COORDINATES)]
    names += [f"{c}_residual" for c in PELVIS]
    data = np.concatenate([simulation.reserves.flatten(1).numpy(), simulation.residuals.numpy()], 1)
    write_table(folder / f"reserves_{name}.mot", names, data, time_s, old_header=True)
    write_json(folder / f"summary_{name}.json", summary)
