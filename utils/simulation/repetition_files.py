"""Write a simulated repetition in the layout of OpenCap's muscle-driven simulations."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import files_together, remove_path, write_json
from dataset.io.mot import write_motion
from dataset.io.opensim_table import read_table, write_table
from models.conventions import SIDES, TRANSLATIONS
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.static_optimization import PELVIS, ActivationSimulator
from utils.simulation.simulated_repetition import SimulatedRepetition

TOOLS_FOLDER = "opensim"  # of a repetition, with which OpenSim's tools repeat its simulation


def motion_path(folder: Path, name: str) -> Path:
    """The muscle-driven motion of a repetition; it is written last, so that its presence means all is there."""
    return folder / f"kinematics_activations_{name}_muscle_driven.mot"


def summary_path(folder: Path, name: str) -> Path:
    """The summary of a repetition."""
    return folder / f"summary_{name}.json"


def table_paths(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Joint moments, ground reaction forces, and reserves with residuals of a repetition."""
    kinds = ("kinetics", "forces_resultant", "reserves")
    moments, forces, reserves = (folder / f"{kind}_{name}.mot" for kind in kinds)
    return moments, forces, reserves


def damaged_files(folder: Path, name: str) -> list[str]:
    """Names of those files of a repetition that are lost or cannot be read as a whole."""
    damaged = []
    for path in (motion_path(folder, name), *table_paths(folder, name)):
        try:
            read_table(path)
        except InputError:
            damaged.append(path.name)
    return damaged


def write_repetition(
    simulator: ActivationSimulator,
    simulated: SimulatedRepetition,
    summary: dict[str, Any],
    folder: Path,
    write_tools: Callable[[Path], object] | None = None,
) -> None:
    """Write motion, joint moments, ground reaction forces, reserves and residuals, and the summary of a repetition.

    They take the place of earlier ones when all of them are written.

    Args:
        simulator: of the subject's model.
        simulated: the repetition.
        summary: what its summary holds.
        folder: the folder of the repetition.
        write_tools: writes the folder for OpenSim's tools to a path; without it, an earlier one is removed.
    """
    name = simulated.name
    with files_together(folder) as new:
        moments, forces, reserves = table_paths(new, name)
        _write_moments(simulator, simulated, moments)
        _write_ground_forces(simulated, forces)
        _write_reserves(simulated, reserves)
        write_json(summary_path(new, name), summary)
        write_motion(motion_path(new, name), simulated.motion, style="muscle_driven")
        if write_tools is not None:
            write_tools(new / TOOLS_FOLDER)
        motion_path(folder, name).unlink(missing_ok=True)  # an old one, that nothing vouches for it beside new files
        remove_path(folder / TOOLS_FOLDER)
        if write_tools is not None:
            os.replace(new / TOOLS_FOLDER, folder / TOOLS_FOLDER)
        for path in (moments, forces, reserves, summary_path(new, name), motion_path(new, name)):
            os.replace(path, folder / path.name)


def _write_moments(simulator: ActivationSimulator, simulated: SimulatedRepetition, path: Path) -> None:
    kept = [i for i, name in enumerate(simulator.coordinate_names) if name not in simulator.not_in_model]
    names = [simulator.coordinate_names[i] for i in kept]
    columns = [f"{name}_{'force' if name in TRANSLATIONS else 'moment'}" for name in names]
    write_table(path, columns, simulated.simulation.moments[:, kept].numpy(), simulated.motion.time_s, old_header=True)


def _write_ground_forces(simulated: SimulatedRepetition, path: Path) -> None:
    """Force (N), centre of pressure (m) and free moment (Nm) of each foot, right first, in the ground frame."""
    simulation = simulated.simulation
    feet = [(i, side) for i, side in enumerate("rl")]
    parts = (("force", "v", simulation.ground_forces), ("force", "p", simulation.centres_of_pressure))
    names = [f"ground_{kind}_{side}_{letter}{axis}" for _, side in feet for kind, letter, _ in parts for axis in "xyz"]
    data = [values[:, i].numpy() for i, _ in feet for _, _, values in parts]
    names += [f"ground_torque_{side}_{axis}" for _, side in feet for axis in "xyz"]
    data += [simulation.free_moments[:, i].numpy() for i, _ in feet]
    write_table(path, names, np.concatenate(data, 1), simulated.motion.time_s, old_header=True)


def _write_reserves(simulated: SimulatedRepetition, path: Path) -> None:
    simulation = simulated.simulation
    names = [f"{c}_reserve" for c in (f"{n}_{side}" for side in SIDES for n in LEG_COORDINATES)]
    names += [f"{c}_residual" for c in PELVIS]
    data = np.concatenate([simulation.reserves.flatten(1).numpy(), simulation.residuals.numpy()], 1)
    write_table(path, names, data, simulated.motion.time_s, old_header=True)
