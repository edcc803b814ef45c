"""Write a simulated motion as a folder with which OpenSim's own tools repeat the simulation.

model.osim                          the subject's model, changed only where the README of the folder says so
motion.mot                          the motion as simulated, that is filtered, with all coordinates of the model
ground_reaction.mot, .xml           ground reaction forces on heels and toes, and the ExternalLoads that name them
inverse_dynamics.xml                set-up of InverseDynamicsTool
static_optimization.xml             set-up of AnalyzeTool with StaticOptimization, on the model's own muscles
static_optimization_de_groote.xml   the same on DeGrooteFregly2016Muscle, whose curves the simulation uses
forces.xml, forces_de_groote.xml    muscles and reserve actuators of these two
simulation_moments.sto              joint moments of the simulation, to compare with
simulation_activations.sto          muscle activations of the simulation, to compare with
simulation_reserves.sto             moments of its reserve actuators at the joints of the legs
README.md                           what to run, and what to expect
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.io.opensim_table import write_table
from dataset.opensim.tool_model import coordinate_names, linear_couplers, write_force_set, write_tool_model
from dataset.opensim.tool_setups import (
    load_columns,
    write_external_loads,
    write_inverse_dynamics_setup,
    write_static_optimization_setup,
)
from models.conventions import MUSCLES, SIDES, TRANSLATIONS
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import FILTER_MARGIN_S, WEAKLY_ACTUATED, SimulationSettings
from models.muscles.static_optimization import ActivationSimulator, Simulation
from utils.opensim_tools.muscle_constants import muscle_constants
from utils.opensim_tools.tool_readme import write_readme

MODEL, MOTION, LOADS, RESULTS = "model.osim", "motion.mot", "ground_reaction.xml", "results"
LOAD_DATA = "ground_reaction.mot"
INVERSE_DYNAMICS = "inverse_dynamics"
STATIC_OPTIMIZATION = {False: "static_optimization", True: "static_optimization_de_groote"}  # by: De Groote's muscles
FORCES = {False: "forces.xml", True: "forces_de_groote.xml"}
MOMENTS, ACTIVATIONS, RESERVES = "simulation_moments.sto", "simulation_activations.sto", "simulation_reserves.sto"
README = "README.md"

_OPTIMISATIONS_PER_S = 20.0
_FREE_RESERVE = 100.0  # Nm or N, of coordinates that no muscle of the legs depends on
_FAINT_N = 1.0  # a body that carries less is loaded at the middle of its contact points


@dataclass(frozen=True)
class ToolMotion:
    """A simulated motion, as OpenSim's tools are to repeat it.

    Attributes:
        name: of the motion.
        time_s: (T,) evenly spaced.
        simulation: of these frames, its tensors (T, ...).
        span_s: first and last time for which the tools are set up; the frames around it serve splines and filters.
    """

    name: str
    time_s: np.ndarray
    simulation: Simulation
    span_s: tuple[float, float]


def write_tool_folder(folder: Path, model_path: Path, simulator: ActivationSimulator, simulated: ToolMotion) -> None:
    """Write the folder of a simulated motion; the README comes last and means that all is there.

    Args:
        folder: the folder; its files of the same names are replaced.
        model_path: the subject's model.
        simulator: that made the simulation.
        simulated: the motion.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / README).unlink(missing_ok=True)
    simulation, time_s = simulated.simulation, simulated.time_s
    columns = motion_columns(simulator, simulation, model_path)
    write_table(folder / MOTION, list(columns), np.stack(list(columns.values()), 1), time_s, in_degrees=False)
    moved = [name for name, values in columns.items() if np.ptp(values) > 1e-6]
    changes = write_tool_model(model_path, folder / MODEL, moved, simulator.dynamics.description)
    if added := simulator.dynamics.description.added_coordinates:
        changes.append(
            f"The model has no {', '.join(added)}. The simulation moved the arms by them, and OpenSim cannot, so that "
            "residuals and moments of the trunk differ by what the arms weigh."
        )

    loads = ground_loads(simulator, simulation)
    names = [name for body in loads for name in load_columns(body)]
    write_table(folder / LOAD_DATA, names, np.concatenate([*loads.values()], 1), time_s)
    write_external_loads(folder / LOADS, LOAD_DATA, list(loads))
    span_s = _safe_span(time_s, simulated.span_s)
    write_inverse_dynamics_setup(folder / f"{INVERSE_DYNAMICS}.xml", MODEL, MOTION, LOADS, RESULTS, span_s)
    reserves = reserve_sizes(simulator.settings, list(columns))
    step = max(1, round(1 / (_OPTIMISATIONS_PER_S * float(np.diff(time_s).mean()))))
    inside = (time_s >= span_s[0]) & (time_s <= span_s[1])
    constants = muscle_constants(simulator, simulation, 1 / float(np.diff(time_s).mean()), torch.as_tensor(inside))
    for de_groote, name in STATIC_OPTIMIZATION.items():
        write_force_set(
            folder / MODEL, folder / FORCES[de_groote], reserves, simulator.settings.activation_floor,
            constants if de_groote else None,
        )  # fmt: skip
        write_static_optimization_setup(
            folder / f"{name}.xml", MODEL, FORCES[de_groote], MOTION, LOADS, RESULTS, span_s=span_s, step=step
        )

    kept = [i for i, name in enumerate(simulator.coordinate_names) if name not in simulator.not_in_model]
    labels = [moment_label(simulator.coordinate_names[i]) for i in kept]
    write_table(folder / MOMENTS, labels, simulation.moments[:, kept].numpy(), time_s)
    write_table(folder / ACTIVATIONS, MUSCLES, simulation.activations.numpy().clip(0, 1), time_s)
    labels = [f"{name}_{side}_reserve" for side in SIDES for name in LEG_COORDINATES]
    write_table(folder / RESERVES, labels, simulation.reserves.flatten(1).numpy(), time_s)
    write_readme(folder / README, simulated.name, span_s, simulation.residuals[inside], changes)


def motion_columns(simulator: ActivationSimulator, simulation: Simulation, model_path: Path) -> dict[str, np.ndarray]:
    """The coordinates (T,) of a simulated motion by name, radians and metres.

    OpenSim's tools do not derive coupled coordinates, the patella's, from the knee's, and convert no degrees of them.
    A file of degrees moves the patella 57 times too far, and the moments of the hips are wrong by 30 to 50 Nm then.

    Args:
        simulator: that made the simulation.
        simulation: its tensors are (T, ...).
        model_path: the subject's model.
    """
    own = simulation.coordinates.double().numpy().T
    columns = dict(zip(simulator.coordinate_names, own, strict=True))
    for name, (driver, slope, intercept) in linear_couplers(model_path).items():
        columns[name] = slope * columns[driver] + intercept
    return {name: columns[name] for name in coordinate_names(model_path) if name in columns}


def ground_loads(simulator: ActivationSimulator, simulation: Simulation) -> dict[str, np.ndarray]:
    """Force, point of application and torque (T, 9) on each body that touches the ground, by the body's name.

    Heel and toes are loaded apart, as in the simulation, because the joint between them has muscles. The torque is the
    moment of all forces on a body about the point of application, so that nothing depends on where that is.
    """
    description = simulator.dynamics.description
    loads = {}
    for body in dict.fromkeys(description.contact_bodies.tolist()):
        members = torch.as_tensor(description.contact_bodies == body)
        forces, points = simulation.contact_forces[:, members], simulation.contact_points[:, members]
        weights = forces[..., 1:2].clamp(min=0)
        middle = points.mean(1)
        point = ((weights * points).sum(1) + _FAINT_N * middle) / (weights.sum(1) + _FAINT_N)
        torque = torch.linalg.cross(points - point[:, None], forces).sum(1)
        loads[description.own_body_names[body]] = _numpy(torch.cat([forces.sum(1), point, torque], 1))
    return loads


def reserve_sizes(settings: SimulationSettings, names: list[str]) -> Mapping[str, float]:
    """Optimal forces of reserve actuators, Nm or N: those of the simulation for the legs.

    The other coordinates, those of the pelvis included, are not moved by the muscles of the legs. Their actuators are
    so large that they cost nothing.
    """
    sizes = {}
    for name in names:
        of_leg = name[:-2] in LEG_COORDINATES
        weak = settings.large_reserve_nm if name[:-2] in WEAKLY_ACTUATED else settings.reserve_nm
        sizes[name] = weak if of_leg else _FREE_RESERVE
    return sizes


def moment_label(coordinate: str) -> str:
    """The column of a coordinate in the results of InverseDynamicsTool."""
    return f"{coordinate}_{'force' if coordinate in TRANSLATIONS else 'moment'}"


def _safe_span(time_s: np.ndarray, span_s: tuple[float, float]) -> tuple[float, float]:
    """The span without the ends of the motion, as the files have it."""
    start, end = max(span_s[0], time_s[0] + FILTER_MARGIN_S), min(span_s[1], time_s[-1] - FILTER_MARGIN_S)
    return round(float(start), 8), round(float(end), 8)


def _numpy(values: Tensor) -> np.ndarray:
    return values.double().numpy()
