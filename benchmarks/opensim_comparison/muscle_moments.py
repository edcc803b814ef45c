"""Joint moments that OpenSim's own muscles make at the simulated activations, with tendons that stretch.

StaticOptimization takes tendons as rigid and leaves out pennation. Here OpenSim's DeGrooteFregly2016Muscle finds the
equilibrium of fibres and tendon at each simulated activation, and its tendon forces and moment arms must make the joint
moments, but for the reserves.
"""

from pathlib import Path
from typing import Any

import numpy as np
import opensim
from scipy.interpolate import make_interp_spline

from dataset.io.opensim_table import Table, read_table
from models.conventions import MUSCLES, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from utils.opensim_tools.tool_folder import ACTIVATIONS, MODEL, MOMENTS, MOTION, RESERVES, moment_label


def moment_imbalance(folder: Path, step_s: float) -> dict[str, np.ndarray]:
    """Moments of OpenSim's muscles and of the reserves minus the joint moments, Nm, by coordinate of the legs.

    Args:
        folder: exported for OpenSim's tools.
        step_s: time between frames; the first and last 0.2 s are left out.
    """
    motion, moments, reserves = (read_table(folder / name) for name in (MOTION, MOMENTS, RESERVES))
    activations = read_table(folder / ACTIVATIONS)
    speeds = make_interp_spline(motion.time_s, motion.data, k=5)(motion.time_s, 1)
    rate_hz = 1 / float(np.diff(motion.time_s).mean())
    ends, step = round(0.2 * rate_hz), max(1, round(step_s * rate_hz))
    frames = range(ends, len(motion.time_s) - ends, step)
    model = _compliant_model(folder / MODEL)
    state = model.initSystem()
    names = [f"{name}_{side}" for side in SIDES for name in LEG_COORDINATES if f"{name}_{side}" in motion.names]
    imbalance: dict[str, list[float]] = {name: [] for name in names}
    for frame in frames:
        forces = _tendon_forces(model, state, motion, speeds, activations, frame)
        for name in names:
            coordinate = model.getCoordinateSet().get(name)
            made = sum(
                force * model.getMuscles().get(muscle).getPath().computeMomentArm(state, coordinate)
                for muscle, force in forces.items()
                if muscle[-1] == name[-1]
            )
            made += reserves.column(f"{name}_reserve")[frame]
            imbalance[name].append(made - moments.column(moment_label(name))[frame])
    return {name: np.array(values) for name, values in imbalance.items()}


def _compliant_model(path: Path) -> Any:
    """The model with De Groote's muscles as the simulation has them: no passive force, quasi-static tendons."""
    opensim.Logger.setLevelString("Error")
    processor = opensim.ModelProcessor(str(path))
    processor.append(opensim.ModOpReplaceMusclesWithDeGrooteFregly2016())
    processor.append(opensim.ModOpIgnorePassiveFiberForcesDGF())
    processor.append(opensim.ModOpIgnoreActivationDynamics())
    model = processor.process()
    for name in MUSCLES:
        muscle = opensim.DeGrooteFregly2016Muscle.safeDownCast(model.getMuscles().get(name))
        muscle.set_ignore_tendon_compliance(False)
        muscle.set_tendon_compliance_dynamics_mode("implicit")  # in the explicit mode there is no equilibrium to solve
        muscle.set_fiber_damping(0.0)
    model.finalizeFromProperties()
    return model


def _tendon_forces(
    model: Any, state: Any, motion: Table, speeds: np.ndarray, activations: Table, frame: int
) -> dict[str, float]:
    """Tendon forces in equilibrium, N, by muscle that is not slack; `state` is set to the frame."""
    for name, value, speed in zip(motion.names, motion.data[frame], speeds[frame], strict=True):
        coordinate = model.getCoordinateSet().get(name)
        coordinate.setLocked(state, False)
        coordinate.setValue(state, value, False)
        coordinate.setSpeedValue(state, speed)
    model.realizeVelocity(state)
    muscles = {name: model.getMuscles().get(name) for name in MUSCLES}
    for name, muscle in muscles.items():
        muscle.setActivation(state, activations.column(name)[frame])
    model.realizeVelocity(state)
    balanced = [name for name, muscle in muscles.items() if _balances(muscle, state)]
    model.realizeDynamics(state)
    return {name: muscles[name].getTendonForce(state) for name in balanced}


def _balances(muscle: Any, state: Any) -> bool:
    """Find the equilibrium of a muscle; a slack one has none, and pulls at nothing."""
    try:
        muscle.computeEquilibrium(state)
    except RuntimeError as error:
        if "same sign at bounds" not in str(error):
            raise
        return False
    return True
