"""Measures of how well the simulation agrees with OpenCap's own simulations and with force plates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, read_table
from dataset.sessions import open_session
from dataset.windows.segmentation import Repetition, segment_repetitions
from models.conventions import FEET, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import FILTER_MARGIN_S, SimulationSettings
from models.muscles.static_optimization import ActivationSimulator
from simulation_validation.force_plates import RecordedBodies, external_moments, read_plates, recorded_bodies
from utils.simulation.simulated_repetition import SimulatedRepetition, simulate_repetition
from utils.simulation.simulators import build_simulator

GROUPS = {"symmetric": ("Squats_0_1", "Squats_0_2"), "asymmetric": ("Asym_0_1", "Asym_0_2")}
# For the motion of OpenCap's simulation, which is dynamically consistent.
OPENCAP_MOTION: dict[str, Any] = {
    "coordinate_cutoff_hz": 8.0, "ground_cutoff_hz": 24.0, "torso_mass_height": 1.0, "trunk_adjustment_deg": 0.0
}  # fmt: skip
JOINTS = ("ankle_angle", "knee_angle", "hip_flexion", "hip_adduction", "hip_rotation")


@dataclass(frozen=True)
class Loads:
    """Loads of the right and the left leg in T frames.

    Attributes:
        vertical: (T, 2) vertical force, N.
        inward: (T, 2) mediolateral force, N, positive towards the other foot.
        free_moment: (T, 2) about the vertical through the centre of pressure, Nm, ground frame.
        ahead_m: (T, 2) centre of pressure in front of the heel, metres.
        moments: (T, 2, J) net joint moments, Nm, in the order of JOINTS.
    """

    vertical: np.ndarray
    inward: np.ndarray
    free_moment: np.ndarray
    ahead_m: np.ndarray
    moments: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """Simulations of ours beside a reference, in all frames of one or more repetitions.

    Attributes:
        name: what is compared.
        weight_n: body weight of the model.
        ours: loads by the simulation.
        theirs: loads by the reference.
        activations: (T, 80), ours and the reference's. Those of force plates are what the joint moments by the plates
            need, by static optimisation.
        position_known: for each foot, whether the reference's centre of pressure has a known position.
        note: what has to be known about the reference.
    """

    name: str
    weight_n: float
    ours: Loads
    theirs: Loads
    activations: tuple[np.ndarray, np.ndarray]
    position_known: tuple[bool, bool] = (True, True)
    note: str = ""


@lru_cache(maxsize=4)
def simulator_of(model: Path, settings: SimulationSettings, exact_paths: bool) -> ActivationSimulator:
    """The simulator of a model; each is built once."""
    return build_simulator(model, settings, exact_paths=exact_paths)


def compare_with_opencap(
    folder: Path, settings: SimulationSettings, *, same_motion: bool = False, exact_paths: bool = False
) -> list[Comparison]:
    """Compare with the repetitions that OpenCap simulated: the symmetric ones, and the asymmetric ones.

    Args:
        folder: the session.
        settings: of the simulation.
        same_motion: simulate the motion that OpenCap's simulation ended with, on its torso, in place of the recorded
            one, so that what differs is due to the ground and the muscles. The trunk is not adjusted then.
        exact_paths: use OpenSim's own muscle paths.
    """
    session = open_session(folder)
    if same_motion:
        settings = replace(settings, **OPENCAP_MOTION)
    simulator = simulator_of(session.model_path, settings, exact_paths)
    found = []
    for group, names in GROUPS.items():
        parts = []
        for name in names:
            dynamics = session.path / "OpenSimData/Dynamics" / name
            path = dynamics / "kinematics_activations.mot" if same_motion else session.trial(name[:-2])
            parts.append(_opencap_repetition(simulator, read_motion(path), dynamics))
        source = "OpenCap's motion" if same_motion else "OpenCap"
        found.append(_join(f"{source}, {group}", parts))
    return found


def compare_with_plates(
    folder: Path, trial: str, settings: SimulationSettings, *, exact_paths: bool = False
) -> Comparison:
    """Compare a trial's repetitions with force plates, and with the joint moments that follow from them."""
    session = open_session(folder)
    simulator = simulator_of(session.model_path, settings, exact_paths)
    motion = read_motion(session.trial(trial))
    bodies = recorded_bodies(simulator, motion)
    path = session.path / "ForceData" / f"{trial.removesuffix('_ik')}_grf.mot"
    plates = read_plates(path, motion, bodies, bodies.required[simulator.coordinate_names.index("pelvis_ty")].numpy())
    moments = bodies.required.T.numpy() - external_moments(bodies, simulator, plates)
    legs = [simulator.coordinate_names.index(f"{name}_{side}") for side in SIDES for name in LEG_COORDINATES]
    activations = simulator.activations_of_moments(
        bodies.coordinates, bodies.speeds, torch.as_tensor(moments[:, legs])
    ).numpy()
    inner = (motion.time_s >= motion.time_s[0] + FILTER_MARGIN_S) & (
        motion.time_s <= motion.time_s[-1] - FILTER_MARGIN_S
    )
    parts = []
    for k, repetition in enumerate(segment_repetitions(motion), 1):
        simulated = simulate_repetition(simulator, motion, repetition, f"{trial} {k}")
        frames = np.arange(repetition.start_frame, repetition.end_frame)[
            inner[repetition.start_frame : repetition.end_frame]
        ]
        time_s = motion.time_s[frames]
        theirs = _loads(
            simulator, bodies, motion.time_s, time_s,
            plates.forces[frames], plates.centres[frames], plates.torques[frames], moments[frames],
        )  # fmt: skip
        ours = _simulated(simulator, simulated, bodies, motion, time_s)
        pair = _at(time_s, simulated.motion.time_s, simulated.simulation.activations.numpy()), activations[frames]
        parts.append(Comparison("", simulator.weight_n, ours, theirs, pair))
    whole = _join(f"plates, {session.id} {trial}", parts)
    weighed = whole.theirs.vertical.sum(1).mean() / whole.ours.vertical.sum(1).mean() - 1
    note = (
        f"{len(parts)} repetitions; the plates' mean force is {100 * weighed:+.1f} % of ours, and they were "
        f"{1e3 * plates.delay_s:.0f} ms late"
    )
    return replace(whole, position_known=plates.position_known, note=note)


def _opencap_repetition(simulator: ActivationSimulator, motion: Motion, folder: Path) -> Comparison:
    """One repetition that OpenCap simulated, on its own time stamps, which are those of `kinetics.mot`."""
    reference = read_motion(folder / "kinematics_activations.mot")
    kinetics, forces = read_table(folder / "kinetics.mot"), read_table(folder / "forces_resultant.mot")
    time_s = kinetics.time_s
    inside = (time_s >= motion.time_s[0] + FILTER_MARGIN_S) & (time_s <= motion.time_s[-1] - FILTER_MARGIN_S)
    first, last = np.searchsorted(motion.time_s, (time_s[0], time_s[-1]), side="right")
    repetition = Repetition.without_hold(int(first) - 1, int(last) + 1, int(first))
    simulated = simulate_repetition(simulator, motion, repetition, folder.name)
    bodies = recorded_bodies(simulator, motion)
    names = ("ground_force_{}_v{}", "ground_force_{}_p{}", "ground_torque_{}_{}")
    ground = (_columns(forces, [name.format(foot, a) for foot in FEET for a in "xyz"]) for name in names)
    force, centre, torque = (_at(time_s, forces.time_s, part).reshape(-1, 2, 3) for part in ground)
    moments = _columns(kinetics, [f"{joint}_{foot}_moment" for foot in FEET for joint in JOINTS])
    theirs = _loads(
        simulator, bodies, motion.time_s, time_s,
        force, centre, torque, moments.reshape(len(time_s), 2, -1), ordered=True,
    )  # fmt: skip
    assert reference.activations is not None, f"{folder}: OpenCap's simulation holds no activations"
    activations = (
        _at(time_s, simulated.motion.time_s, simulated.simulation.activations.numpy()),
        _at(time_s, reference.time_s, reference.activations),
    )
    ours = _simulated(simulator, simulated, bodies, motion, time_s)
    ours, theirs = (Loads(**{key: values[inside] for key, values in vars(one).items()}) for one in (ours, theirs))
    return Comparison("", simulator.weight_n, ours, theirs, (activations[0][inside], activations[1][inside]))


def _simulated(
    simulator: ActivationSimulator,
    simulated: SimulatedRepetition,
    bodies: RecordedBodies,
    motion: Motion,
    time_s: np.ndarray,
) -> Loads:
    own_s, result = simulated.motion.time_s, simulated.simulation
    values = (result.ground_forces, result.centres_of_pressure, result.free_moments, result.moments)
    return _loads(simulator, bodies, motion.time_s, time_s, *(_at(time_s, own_s, value.numpy()) for value in values))


def _loads(
    simulator: ActivationSimulator,
    bodies: RecordedBodies,
    motion_s: np.ndarray,
    time_s: np.ndarray,
    force: np.ndarray,
    centre: np.ndarray,
    torque: np.ndarray,
    moments: np.ndarray,
    *,
    ordered: bool = False,
) -> Loads:
    """Loads at `time_s` from forces, centres of pressure and torques (T, 2, 3), N, m and Nm, and moments (T, C), Nm.

    The moments are those of all coordinates of the model, or with `ordered` (T, 2, J) those of JOINTS.
    """
    heels, ahead, inward = (_at(time_s, motion_s, values) for values in (bodies.heels, bodies.ahead, bodies.inward))
    if not ordered:
        names = simulator.coordinate_names
        moments = moments[:, [[names.index(f"{joint}_{foot}") for joint in JOINTS] for foot in FEET]]
    return Loads(
        vertical=force[:, :, 1],
        inward=(force * inward).sum(-1),
        free_moment=torque[:, :, 1],
        ahead_m=((centre - heels) * ahead[:, None]).sum(-1),
        moments=moments,
    )


def _join(name: str, parts: Sequence[Comparison]) -> Comparison:
    """All frames of several repetitions."""

    def joined(loads: Sequence[Loads]) -> Loads:
        return Loads(**{key: np.concatenate([getattr(one, key) for one in loads]) for key in vars(loads[0])})

    pairs = [one.activations for one in parts]
    return Comparison(
        name,
        parts[0].weight_n,
        joined([one.ours for one in parts]),
        joined([one.theirs for one in parts]),
        (np.concatenate([ours for ours, _ in pairs]), np.concatenate([theirs for _, theirs in pairs])),
    )


def _columns(table: Table, names: Sequence[str]) -> np.ndarray:
    return np.stack([table.column(name) for name in names], 1)


def _at(to_s: np.ndarray, from_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (T, ...) at other times."""
    columns = [np.interp(to_s, from_s, column) for column in values.reshape(len(from_s), -1).T]
    return np.stack(columns, 1).reshape(len(to_s), *values.shape[1:])
