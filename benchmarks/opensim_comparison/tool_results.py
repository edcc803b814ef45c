"""Run the set-ups of an exported folder with OpenSim, as its README says, and compare with the simulation."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dataset.io.mot import BETA_SUFFIX
from dataset.io.opensim_table import Table, read_table
from models.conventions import MUSCLES
from models.muscles.hill import Fibres
from models.muscles.static_optimization import ActivationSimulator
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


def optimise_few_frames(folder: Path, *, de_groote: bool, rows: int = 15) -> None:
    """Run a static optimisation on every so many rows of the motion, for it takes a quarter of a second each."""
    setup = folder / f"{STATIC_OPTIMIZATION[de_groote]}.xml"
    setup.write_text(re.sub(r"(<step_interval>)\d+", rf"\g<1>{rows}", setup.read_text()))
    run_tool(folder, setup.stem)


def without_pennation_and_tendons(simulator: ActivationSimulator) -> ActivationSimulator:
    """The simulator with muscles as OpenSim's static optimisation takes them; it is changed.

    Tendons are rigid, and a muscle pulls with the whole force of its fibres, whatever their pennation.
    """
    muscles, fibres = simulator.muscles, simulator.muscles.fibres

    def whole_force(length: Tensor, velocity: Tensor, tendon: Tensor | None = None) -> Fibres:
        state = fibres(length, velocity, tendon)
        return state._replace(gain=state.gain / state.cos_pennation, cos_pennation=torch.ones_like(state.gain))

    def rigid_tendon(
        activation: Tensor, length: Tensor, velocity: Tensor, start: Tensor | None = None, passes: int = 3
    ) -> Tensor:
        return muscles.tendon_slack_length.expand_as(length)

    muscles.fibres = whole_force  # type: ignore[method-assign]
    muscles.equilibrium_tendon = rigid_tendon  # type: ignore[method-assign]
    return simulator


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


def pelvis_residual_n(folder: Path) -> float:
    """RMS of the residual force of the pelvis in OpenSim's inverse dynamics."""
    theirs = read_table(folder / RESULTS / f"{INVERSE_DYNAMICS}.sto")
    forces = np.stack([theirs.column(f"pelvis_t{axis}_force") for axis in "xyz"])
    return float(np.sqrt(np.square(forces).sum(0).mean()))


@dataclass(frozen=True)
class Activations:
    """Activations (T, 80) at the times `time_s` of OpenSim's static optimisation, in the order of MUSCLES."""

    time_s: np.ndarray
    ours: np.ndarray
    theirs: np.ndarray

    @classmethod
    def of(cls, parts: Sequence["Activations"]) -> "Activations":
        """Those of several motions, one after the other."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("time_s", "ours", "theirs")))

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
