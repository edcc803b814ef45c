"""Run the set-ups of an exported folder with OpenSim, as its README says, and compare with the simulation."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.io.mot import BETA_SUFFIX
from dataset.io.opensim_table import Table, read_table
from models.conventions import MUSCLES
from utils.opensim_tools.tool_folder import (
    ACTIVATIONS,
    INVERSE_DYNAMICS,
    MOMENTS,
    RESULTS,
    STATIC_OPTIMIZATION,
    moment_label,
)

_RUN = "import opensim; opensim.Logger.setLevelString('Warn'); assert opensim.{tool}('{setup}.xml').run()"


def run_tool(folder: Path, setup: str) -> None:
    """Run one set-up of a folder in a process of its own, which knows OpenSim alone."""
    tool = "InverseDynamicsTool" if setup == INVERSE_DYNAMICS else "AnalyzeTool"
    command = [sys.executable, "-c", _RUN.format(tool=tool, setup=setup)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{folder / setup}.xml: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def moment_differences(folder: Path) -> dict[str, np.ndarray]:
    """Simulated minus OpenSim's generalised forces (T,) by coordinate, Nm and N, the patella's added to the knee's."""
    theirs = read_table(folder / RESULTS / f"{INVERSE_DYNAMICS}.sto")
    ours = read_table(folder / MOMENTS)
    differences = {}
    for label in ours.names:
        coordinate = label.removesuffix("_moment").removesuffix("_force")
        found = theirs.column(label)
        patella = f"{coordinate}{BETA_SUFFIX}_force"
        if patella in theirs.names:
            found = found + theirs.column(patella)
        assert label == moment_label(coordinate)
        differences[coordinate] = np.interp(theirs.time_s, ours.time_s, ours.column(label)) - found
    return differences


@dataclass(frozen=True)
class Activations:
    """Activations (T, 80) at the times `time_s` of OpenSim's static optimisation, in the order of MUSCLES."""

    time_s: np.ndarray
    ours: np.ndarray
    theirs: np.ndarray

    def difference(self, muscle: str) -> tuple[float, float]:
        """Correlation and RMSE of a muscle of both legs."""
        columns = [MUSCLES.index(f"{muscle}_{side}") for side in "lr"]
        ours, theirs = self.ours[:, columns].ravel(), self.theirs[:, columns].ravel()
        return float(np.corrcoef(ours, theirs)[0, 1]), float(np.sqrt(np.mean((ours - theirs) ** 2)))


def activations(folder: Path, *, de_groote: bool) -> Activations:
    """What the simulation and OpenSim's static optimisation find."""
    theirs = read_table(folder / RESULTS / f"{STATIC_OPTIMIZATION[de_groote]}_StaticOptimization_activation.sto")
    ours = read_table(folder / ACTIVATIONS)
    return Activations(theirs.time_s, _at(ours, theirs.time_s), _at(theirs, theirs.time_s))


def _at(table: Table, time_s: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(time_s, table.time_s, table.column(name)) for name in MUSCLES], 1)
