"""Training samples of the surrogate after inverse dynamics, made from the simulated repetitions of a session.

Ground samples are what `GroundSharing` learns from: the dynamics of a motion every 1/15 s and the simulated ground
reaction; some repetitions are simulated again, each with a random variation of the muscles. Muscle samples are what
`MuscleSharing` learns from: moments, angles and speeds of the legs, and the activations by which static optimisation
shares the moments, on the subject's own muscles and on random variations of them, for moments and speeds that are
varied as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, read_table
from dataset.sessions import Session, repetition_of
from dataset.windows.resample import resample
from models.conventions import FEET, FRAME_RATE_HZ, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.moment_capacity import moment_capacity
from models.muscles.muscle_variation import vary_muscles
from models.muscles.static_optimization import ActivationSimulator
from models.surrogate.leg_dynamics import LegDynamics, MotionDynamics
from models.surrogate.time_sampling import FRAMES_A_SAMPLE
from utils.simulation.simulators import build_simulator
from utils.training.simulated_labels import require_repetition

_MARGIN_S = 1.0  # of the trial on both sides of a repetition, as in its simulation
_VARIED_REPETITIONS = 4  # of each model, that are simulated again with other muscles
_VARIATIONS = 8  # of the muscles of each model, beside its own
_OF_VARIATION = 250  # muscle samples of each
_MOMENT_SDS, _SPEED_SD = (0.2, 0.15), 0.35  # of the logarithm of all moments, and of each relative to the others


@dataclass(frozen=True)
class DynamicsSamples:
    """Training samples of one session or of several.

    Attributes:
        ground: fields of `LegDynamics`; `wrench` (N, 2, 6) and `net_moments` (N, 2, 7) as in `GroundReaction`; and of
            the same frames `angles`, `speeds` (N, 2, 7), `activations` (N, 2, 40) and `model` (N,), as of `muscle`;
            `session_model` (N,), the number of the model in `models_of`.
        varied_ground: fields of `LegDynamics`, `wrench`, `net_moments` and `model` as in `ground`, for varied muscles.
        muscle: `angles`, `speeds`, `moments` (M, 2, 7) as in `LegKinematics` and `GroundReaction`, `activations`
            (M, 2, 40), and `model` (M,), the row of `capacity`.
        capacity: (models, 2, groups, poses) as `moment_capacity`, over body weight, metres.
        left_out: the repetitions that could not be used, each a sentence.
    """

    ground: dict[str, np.ndarray]
    varied_ground: dict[str, np.ndarray]
    muscle: dict[str, np.ndarray]
    capacity: np.ndarray
    left_out: tuple[str, ...] = ()


def samples_of_session(session: Session, seed: int) -> DynamicsSamples:
    """The training samples of a session's simulated repetitions.

    Args:
        session: with the files that `simulate_activations.py` or `make_demo_sessions.py` wrote.
        seed: of the variations.

    Repetitions whose files cannot be used are left out.

    Raises:
        InputError: no repetition of the session has simulated forces and moments, or none can be used.
    """
    ground: list[dict[str, np.ndarray]] = []
    varied: list[dict[str, np.ndarray]] = []
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
            labels = np.full((2, len(one.ground["angles"])), [[own], [number]])
            ground.append(one.ground | {"model": labels[0], "session_model": labels[1]})
        for part, capacity in _muscle_samples(simulators[model], repetitions, generator):
            muscle.append(part | {"model": np.full(len(part["angles"]), len(capacities))})
            capacities.append(capacity)
        for part, capacity in _varied_ground(simulators[model], repetitions, generator):
            varied.append(part | {"model": np.full(len(part["wrench"]), len(capacities))})
            capacities.append(capacity)
    return DynamicsSamples(_joined(ground), _joined(varied), _joined(muscle), np.stack(capacities), tuple(left_out))


def models_of(session: Session) -> list[Path]:
    """The models of a session's simulated repetitions, in the order in which they come."""
    return list(dict.fromkeys(session.model_for(trial) for trial, _ in _simulated(session)))


def _simulated(session: Session) -> list[tuple[Path, Path]]:
    """The session's repetitions with simulated forces and moments: trial and activations of each."""
    pairs = ((_trial_of(session, path), path) for path in session.squat_muscle_driven)
    return [
        (trial, path)
        for trial, path in pairs
        if trial is not None and _forces_path(path).is_file() and _moments_path(path).is_file()
    ]


@dataclass(frozen=True)
class _Repetition:
    """One simulated repetition.

    Attributes:
        ground: see `DynamicsSamples`.
        coordinates: (C, N) filtered coordinates of the samples, radians and metres.
        speeds: (C, N) per second.
        moments_nm: (N, 2, 7) net moments, Nm.
        motion: the repetition with its surroundings, at 60 Hz.
        frames: (N,) of this motion, those of the samples.
    """

    ground: dict[str, np.ndarray]
    coordinates: Tensor
    speeds: Tensor
    moments_nm: Tensor
    motion: Motion
    frames: np.ndarray


def _trial_of(session: Session, muscle_driven: Path) -> Path | None:
    """The trial that a repetition was cut out of."""
    name = repetition_of(muscle_driven)[0]
    named = {path.stem.removesuffix("_ik"): path for path in session.trials} | {p.stem: p for p in session.trials}
    return named.get(name)


def _forces_path(muscle_driven: Path) -> Path:
    return muscle_driven.with_name(f"forces_resultant_{muscle_driven.parent.name}.mot")


def _moments_path(muscle_driven: Path) -> Path:
    return muscle_driven.with_name(f"kinetics_{muscle_driven.parent.name}.mot")


@torch.no_grad()
def _read_repetition(simulator: ActivationSimulator, trial: Path, path: Path) -> _Repetition:
    """The samples of one repetition, with its surroundings for the filters.

    Raises:
        InputError: its files, or the trial, cannot be used.
    """
    recorded, labels = read_motion(trial), read_motion(path)
    forces, moments = read_table(_forces_path(path)), read_table(_moments_path(path))
    require_repetition(recorded, labels, forces, moments, simulator.weight_n)
    whole = resample(recorded, FRAME_RATE_HZ)
    start_s, end_s = float(forces.time_s[0]), float(forces.time_s[-1])
    first, last = np.searchsorted(whole.time_s, [start_s - _MARGIN_S, end_s + _MARGIN_S])
    motion = whole.cut(int(first), int(last))
    dynamics = MotionDynamics(simulator, torch.float64)
    coordinates, extra = _as_batch(motion)
    sampling = dynamics.sampling(len(motion))
    found = dynamics(coordinates, sampling, extra)
    raw = dynamics.coordinate_map(coordinates, extra)
    frames = np.arange(len(found.force)) * FRAMES_A_SAMPLE
    time_s = motion.time_s[0] + frames / FRAME_RATE_HZ
    inside = (time_s >= start_s - 1e-6) & (time_s <= end_s + 1e-6)
    found = LegDynamics(*(values[inside] for values in found))
    times_s = time_s[inside]

    def at(table: Table, names: list[str]) -> np.ndarray:
        values = np.stack([table.column(name) for name in names], 1)
        return PchipInterpolator(table.time_s, values)(times_s.clip(table.time_s[0], table.time_s[-1]))

    present = [[name for name in LEG_COORDINATES if f"{name}_{side}_moment" in moments.names] for side in SIDES]
    net = np.zeros((len(times_s), 2, len(LEG_COORDINATES)))
    for leg, side in enumerate(SIDES):
        columns = [f"{name}_{side}_moment" for name in present[leg]]
        net[:, leg, [LEG_COORDINATES.index(name) for name in present[leg]]] = at(moments, columns)
    ground = {name: values.float().numpy() for name, values in found._asdict().items()}
    ground["wrench"] = _wrenches(found, {side: at(forces, _force_names(side)) for side in SIDES}, simulator.weight_n)
    ground["net_moments"] = (net / simulator.weight_n).astype(np.float32)
    kept = torch.from_numpy(np.flatnonzero(inside))
    values, speeds = (raw @ sampling.value.T)[:, kept], (raw @ sampling.speed.T)[:, kept]
    ground["angles"], ground["speeds"] = _of_legs(values, simulator), _of_legs(speeds, simulator)
    within_s = times_s.clip(labels.time_s[0], labels.time_s[-1])
    activations = PchipInterpolator(labels.time_s, labels.activations)(within_s)
    ground["activations"] = activations.reshape(len(times_s), 2, -1).astype(np.float32)
    return _Repetition(ground, values, speeds, torch.from_numpy(net), motion, frames[inside])


def _as_batch(motion: Motion) -> tuple[Tensor, dict[str, Tensor]]:
    """Coordinates (1, T, 33) of a motion, and the model's further ones (1, T)."""
    extra = {name: torch.as_tensor(values)[None] for name, values in motion.extra.items()}
    return torch.as_tensor(motion.coordinates)[None], extra


def _of_legs(coordinates: Tensor, simulator: ActivationSimulator) -> np.ndarray:
    """(N, 2, 7) the coordinates of the legs, of all (C, N)."""
    names = simulator.coordinate_names
    legs = [[names.index(f"{name}_{side}") for name in LEG_COORDINATES] for side in SIDES]
    return torch.stack([coordinates[leg] for leg in legs]).permute(2, 0, 1).float().numpy()


def _force_names(side: str) -> list[str]:
    kinds = (f"ground_force_{side}_v", f"ground_force_{side}_p", f"ground_torque_{side}_")
    return [f"{kind}{axis}" for kind in kinds for axis in "xyz"]


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
def _varied_ground(
    simulator: ActivationSimulator, repetitions: list[_Repetition], generator: np.random.Generator
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Ground samples of some repetitions, each simulated on a variation of the muscles, with the capacity of these."""
    own = simulator.muscles
    count = min(_VARIED_REPETITIONS, len(repetitions))
    for index in generator.choice(len(repetitions), count, replace=False).tolist():
        one = repetitions[index]
        simulator.muscles = vary_muscles(own, generator)
        coordinates, extra = _as_batch(one.motion)
        simulation = simulator(coordinates, FRAME_RATE_HZ, extra)
        resultant = torch.cat([simulation.ground_forces, simulation.centres_of_pressure, simulation.free_moments], -1)
        of_feet = {side: resultant[0, one.frames, foot].numpy() for foot, side in enumerate(FEET)}
        dynamics = LegDynamics(*(torch.from_numpy(one.ground[name]) for name in LegDynamics._fields))
        net = _of_legs(simulation.moments[0, one.frames].T, simulator) / simulator.weight_n
        capacity = moment_capacity(simulator.paths, simulator.muscles, simulator.able) / simulator.weight_n
        values = {name: one.ground[name] for name in LegDynamics._fields}
        wrench = _wrenches(dynamics, of_feet, simulator.weight_n)
        yield values | {"wrench": wrench, "net_moments": net.astype(np.float32)}, capacity.float().numpy()
    simulator.muscles = own


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
