"""Training samples of the surrogate after inverse dynamics, made from the simulated repetitions of a session.

Ground samples are what `GroundSharing` learns from: the dynamics of a motion every 1/15 s and the simulated ground
reaction before its filter. For them each repetition is simulated again, as it is, and with a random variation of the
muscles and a random error of the trunk's angle, as recordings have it, which no ground reaction explains as a whole.
Muscle samples are what `MuscleSharing` learns from: moments, angles and speeds of the legs, and the activations by
which static optimisation shares the moments, on the subject's own muscles and on random variations of them, for moments
and speeds that are varied as well. The repetitions as they were simulated are what the surrogate is compared with.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, read_table
from dataset.opensim.tool_setups import load_columns
from dataset.sessions import Session, repetition_of
from dataset.windows.cut_repetitions import trials_by_name
from dataset.windows.resample import resample
from models.conventions import COORDINATES, FEET, FRAME_RATE_HZ, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.moment_capacity import moment_capacity
from models.muscles.muscle_variation import vary_muscles
from models.muscles.static_optimization import ActivationSimulator
from models.muscles.trunk_adjustment import spline_matrices
from models.surrogate.leg_dynamics import LegDynamics, MotionDynamics
from models.surrogate.time_sampling import FRAMES_A_SAMPLE
from utils.simulation.repetition_files import table_paths
from utils.simulation.simulated_repetition import MARGIN_S
from utils.simulation.simulators import build_simulator
from utils.training.simulated_labels import require_repetition

_SIMULATED_AGAIN = 12  # repetitions of each model, at most
# Errors of the trunk's angle in these: the largest standard deviation, and the time between the knots of their splines.
_TRUNK_ERROR_DEG, _TRUNK_KNOTS_S = 8.0, 0.25
_VARIATIONS = 8  # of the muscles of each model, beside its own
_OF_VARIATION = 250  # muscle samples of each
_TRUNK = COORDINATES.index("lumbar_extension")
_MOMENT_SDS, _SPEED_SD = (0.2, 0.15), 0.35  # of the logarithm of all moments, and of each relative to the others


@dataclass(frozen=True)
class DynamicsSamples:
    """Training samples of one session or of several.

    Attributes:
        repetitions: fields of `LegDynamics` over each repetition and its surroundings, in order; `repetition` (N,), its
            number, and `inside` (N,), whether a sample belongs to it and not to the surroundings, of which nothing else
            is known; `net_moments` (N, 2, 7) and `wrench` (N, 2, 6) as in `GroundReaction`; `angles`, `speeds`
            (N, 2, 7), `activations` (N, 2, 40) and `model` (N,), as of `muscle`; `session_model` (N,), the number of
            the model in `models_of`.
        ground: fields of `LegDynamics`; `wrench` and `net_moments` before the filter, and `model`, as in `repetitions`,
            of the motion as it is, and for varied muscles with errors of the trunk.
        muscle: `angles`, `speeds`, `moments` (M, 2, 7) as in `LegKinematics` and `GroundReaction`, `activations`
            (M, 2, 40), and `model` (M,), the row of `capacity`.
        capacity: (models, 2, groups, poses) as `moment_capacity`, over body weight, metres.
        left_out: the repetitions that could not be used, each a sentence.
    """

    repetitions: dict[str, np.ndarray]
    ground: dict[str, np.ndarray]
    muscle: dict[str, np.ndarray]
    capacity: np.ndarray
    left_out: tuple[str, ...] = ()


def samples_of_session(session: Session, seed: int) -> DynamicsSamples:
    """The training samples of a session's simulated repetitions; those whose files cannot be used are left out.

    Args:
        session: with the files that `simulate_activations.py` or `make_demo_sessions.py` wrote.
        seed: of the variations.

    Raises:
        InputError: no repetition of the session has simulated forces and moments, or none can be used.
    """
    samples: list[dict[str, np.ndarray]] = []
    ground: list[dict[str, np.ndarray]] = []
    muscle: list[dict[str, np.ndarray]] = []
    capacities: list[np.ndarray] = []
    simulators = {model: build_simulator(model) for model in models_of(session)}
    collected: dict[Path, list[_Repetition]] = {}
    left_out: list[str] = []
    for trial, path in _simulated(session):
        model = session.model_for(trial)
        try:
            repetition = _read_repetition(simulators[model], trial, path)
        except InputError as error:
            left_out.append(str(error))
        else:
            collected.setdefault(model, []).append(repetition)
    if not collected and left_out:
        more = f" (and {len(left_out) - 1} more of its repetitions)" if len(left_out) > 1 else ""
        raise InputError(f"{left_out[0]}{more}")
    if not collected:
        raise InputError(
            f"{session.path}: no squat repetition has simulated ground reaction forces and joint moments beside its "
            "activations; simulate_activations.py --out-dir makes them"
        )
    generator = np.random.default_rng([seed, *session.id.encode()])
    numbers = {model: number for number, model in enumerate(simulators)}
    for model, repetitions in collected.items():
        number = numbers[model]
        own = len(capacities)  # the first of the model's capacities is that of its own muscles
        for one in repetitions:
            of_all = {"model": own, "session_model": number, "repetition": len(samples)}
            labels = {name: np.full(len(one.inside), value) for name, value in of_all.items()}
            samples.append(one.samples | labels)
        for part, capacity in _muscle_samples(simulators[model], repetitions, generator):
            muscle.append(part | {"model": np.full(len(part["angles"]), len(capacities))})
            capacities.append(capacity)
        for part, capacity in _ground_samples(simulators[model], repetitions, generator):
            ground.append(part | {"model": np.full(len(part["wrench"]), len(capacities))})
            capacities.append(capacity)
    return DynamicsSamples(_joined(samples), _joined(ground), _joined(muscle), np.stack(capacities), tuple(left_out))


def models_of(session: Session) -> list[Path]:
    """The models of a session's simulated repetitions, in the order in which they come."""
    return list(dict.fromkeys(session.model_for(trial) for trial, _ in _simulated(session)))


def _simulated(session: Session) -> list[tuple[Path, Path]]:
    """The session's repetitions with simulated forces and moments: trial and activations of each."""
    trials = trials_by_name(session)
    pairs = ((trials.get(repetition_of(path)[0]), path) for path in session.squat_muscle_driven)
    return [(trial, path) for trial, path in pairs if trial is not None and all(p.is_file() for p in _tables_of(path))]


def _tables_of(muscle_driven: Path) -> tuple[Path, Path]:
    """The files of the ground reaction forces and of the joint moments of a simulated repetition."""
    moments, forces, _ = table_paths(muscle_driven.parent, muscle_driven.parent.name)
    return forces, moments


@dataclass(frozen=True)
class _Repetition:
    """One simulated repetition.

    Attributes:
        samples: see `DynamicsSamples.repetitions`.
        inside: (N,) the same.
        coordinates: (C, M) filtered coordinates of the samples inside, radians and metres.
        speeds: (C, M) per second.
        moments_nm: (M, 2, 7) net moments, Nm.
        motion: the repetition with its surroundings, at 60 Hz.
    """

    samples: dict[str, np.ndarray]
    inside: np.ndarray
    coordinates: Tensor
    speeds: Tensor
    moments_nm: Tensor
    motion: Motion


@torch.no_grad()
def _read_repetition(simulator: ActivationSimulator, trial: Path, path: Path) -> _Repetition:
    """The samples of one repetition, with its surroundings for the filters.

    Raises:
        InputError: its files, or the trial, cannot be used.
    """
    recorded, labels = read_motion(trial), read_motion(path)
    forces, moments = map(read_table, _tables_of(path))
    require_repetition(recorded, labels, forces, moments, simulator.weight_n)
    whole = resample(recorded, FRAME_RATE_HZ)
    start_s, end_s = float(forces.time_s[0]), float(forces.time_s[-1])
    first, last = np.searchsorted(whole.time_s, [start_s - MARGIN_S, end_s + MARGIN_S])
    motion = whole.cut(int(first), int(last))
    dynamics = MotionDynamics(simulator, torch.float64)
    coordinates, extra = _as_batch(motion)
    sampling = dynamics.sampling(len(motion))
    found = dynamics(coordinates, sampling, extra)
    raw = dynamics.coordinate_map(coordinates, extra)
    times_s = motion.time_s[0] + np.arange(len(found.force)) * FRAMES_A_SAMPLE / FRAME_RATE_HZ
    inside = (times_s >= start_s - 1e-6) & (times_s <= end_s + 1e-6)

    def at(table: Table, names: list[str]) -> np.ndarray:
        values = np.stack([table.column(name) for name in names], 1)
        return PchipInterpolator(table.time_s, values)(times_s.clip(table.time_s[0], table.time_s[-1]))

    present = [[name for name in LEG_COORDINATES if f"{name}_{side}_moment" in moments.names] for side in SIDES]
    net = np.zeros((len(times_s), 2, len(LEG_COORDINATES)))
    for leg, side in enumerate(SIDES):
        columns = [f"{name}_{side}_moment" for name in present[leg]]
        net[:, leg, [LEG_COORDINATES.index(name) for name in present[leg]]] = at(moments, columns)
    samples = _as_arrays(found) | {"inside": inside}
    samples["wrench"] = _wrenches(found, {side: at(forces, load_columns(side)) for side in SIDES}, simulator.weight_n)
    samples["net_moments"] = (net / simulator.weight_n).astype(np.float32)
    values, speeds = raw @ sampling.value.T, raw @ sampling.speed.T
    samples["angles"], samples["speeds"] = _of_legs(values, simulator), _of_legs(speeds, simulator)
    within_s = times_s.clip(labels.time_s[0], labels.time_s[-1])
    activations = PchipInterpolator(labels.time_s, labels.activations)(within_s)
    samples["activations"] = activations.reshape(len(times_s), 2, -1).astype(np.float32)
    kept = torch.from_numpy(inside)
    return _Repetition(samples, inside, values[:, kept], speeds[:, kept], torch.from_numpy(net)[kept], motion)


def _as_batch(motion: Motion) -> tuple[Tensor, dict[str, Tensor]]:
    """Copies of a motion's coordinates (1, T, 33), and of the model's further ones (1, T)."""
    extra = {name: torch.tensor(values)[None] for name, values in motion.extra.items()}
    return torch.tensor(motion.coordinates)[None], extra


def _of_legs(coordinates: Tensor, simulator: ActivationSimulator) -> np.ndarray:
    """(N, 2, 7) the coordinates of the legs, of all (C, N)."""
    names = simulator.coordinate_names
    legs = [[names.index(f"{name}_{side}") for name in LEG_COORDINATES] for side in SIDES]
    return torch.stack([coordinates[leg] for leg in legs]).permute(2, 0, 1).float().numpy()


def _wrenches(dynamics: LegDynamics, resultants: dict[str, np.ndarray], weight_n: float) -> np.ndarray:
    """Wrenches as in `GroundReaction`, from force (N), centre of pressure (m) and free moment (Nm) of each foot."""
    origin, axes = dynamics.origin.numpy(), dynamics.axes.numpy()
    wrenches = []
    for side in SIDES:
        force, centre, free = resultants[side].reshape(-1, 3, 3).swapaxes(0, 1)
        moment = np.cross(centre - origin, force) + free
        wrenches.append(np.concatenate([np.einsum("nax,nx->na", axes, part) for part in (force, moment)], 1))
    return (np.stack(wrenches, 1) / weight_n).astype(np.float32)


@torch.no_grad()
def _muscle_samples(
    simulator: ActivationSimulator, repetitions: list[_Repetition], generator: np.random.Generator
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Muscle samples on a model's own muscles and on variations of them, with the capacity of each."""
    coordinates = torch.cat([one.coordinates for one in repetitions], 1)
    speeds = torch.cat([one.speeds for one in repetitions], 1)
    moments_nm = torch.cat([one.moments_nm for one in repetitions])
    own = simulator.muscles
    for number in range(_VARIATIONS + 1):
        chosen = torch.from_numpy(generator.integers(0, len(moments_nm), _OF_VARIATION))
        moment, speed = moments_nm[chosen], speeds[:, chosen]
        if number:
            simulator.muscles = vary_muscles(own, generator)
            common, single = _MOMENT_SDS
            factor = np.exp(common * generator.standard_normal() + single * generator.standard_normal((1, 2, 7)))
            moment = moment * torch.from_numpy(factor)
            speed = speed * float(np.exp(_SPEED_SD * generator.standard_normal()))
        activations = simulator.activations_of_moments(coordinates[:, chosen], speed, moment.flatten(1))
        capacity = moment_capacity(simulator.paths, simulator.muscles, simulator.able) / simulator.weight_n
        values = {
            "angles": _of_legs(coordinates[:, chosen], simulator),
            "speeds": _of_legs(speed, simulator),
            "moments": (moment / simulator.weight_n).float().numpy(),
            "activations": activations.unflatten(1, (2, -1)).float().numpy(),
        }
        yield values, capacity.float().numpy()
    simulator.muscles = own


@torch.no_grad()
def _ground_samples(
    simulator: ActivationSimulator, repetitions: list[_Repetition], generator: np.random.Generator
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Ground samples of each repetition on a variation of the muscles and on the model's own, with their capacity.

    Those on varied muscles have errors of the trunk.
    """
    own, settings = simulator.muscles, simulator.settings
    simulator.settings = replace(settings, ground_cutoff_hz=math.inf)
    chosen = generator.choice(len(repetitions), min(_SIMULATED_AGAIN, len(repetitions)), replace=False).tolist()
    for index in chosen:
        simulator.muscles = vary_muscles(own, generator)
        error_deg = _trunk_error_deg(len(repetitions[index].motion), generator)
        yield _ground_samples_of(simulator, repetitions[index], error_deg)
    simulator.muscles = own
    for index in chosen:
        yield _ground_samples_of(simulator, repetitions[index], 0.0)
    simulator.settings = settings


def _ground_samples_of(
    simulator: ActivationSimulator, repetition: _Repetition, error_deg: Tensor | float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Ground samples of a repetition with an error of the trunk's angle, and the capacity of the muscles."""
    coordinates, extra = _as_batch(repetition.motion)
    coordinates[..., _TRUNK] += error_deg
    simulation = simulator(coordinates, FRAME_RATE_HZ, extra)
    of_motion = MotionDynamics(simulator, torch.float64)
    dynamics = of_motion(coordinates, of_motion.sampling(coordinates.shape[1]), extra)
    dynamics = LegDynamics(*(values[repetition.inside] for values in dynamics))
    frames = np.flatnonzero(repetition.inside) * FRAMES_A_SAMPLE
    resultant = torch.cat([simulation.ground_forces, simulation.centres_of_pressure, simulation.free_moments], -1)
    of_feet = {side: resultant[0, frames, foot].numpy() for foot, side in enumerate(FEET)}
    net = _of_legs(simulation.moments[0, frames].T, simulator) / simulator.weight_n
    capacity = moment_capacity(simulator.paths, simulator.muscles, simulator.able) / simulator.weight_n
    values = _as_arrays(dynamics)
    values["wrench"] = _wrenches(dynamics, of_feet, simulator.weight_n)
    return values | {"net_moments": net.astype(np.float32)}, capacity.float().numpy()


def _trunk_error_deg(frames: int, generator: np.random.Generator) -> Tensor:
    """A random error of the trunk's angle, smooth over the frames, degrees."""
    spline, _ = spline_matrices(frames, FRAME_RATE_HZ, _TRUNK_KNOTS_S)
    knots = generator.uniform(0, _TRUNK_ERROR_DEG) * generator.standard_normal(spline.shape[1])
    return spline @ torch.from_numpy(knots)


def _as_arrays(dynamics: LegDynamics) -> dict[str, np.ndarray]:
    return {name: values.float().numpy() for name, values in dynamics._asdict().items()}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
