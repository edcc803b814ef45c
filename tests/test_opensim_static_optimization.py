"""Joint moments and activations of the shipped demo person equal those of OpenSim's own tools.

One squat is simulated by us; its ground reaction forces are given to OpenSim's InverseDynamicsTool and
StaticOptimization, which do everything else themselves: splines, multibody dynamics, muscle paths, muscle curves and
optimisation.
"""

from pathlib import Path

import numpy as np
import opensim
import pytest
import torch
from opensim_simulation import OpenSimSimulation

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.sessions import open_session
from dataset.windows.segmentation import segment_repetitions
from models.conventions import MUSCLE_INDEX
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import Simulation
from utils.simulation.session_simulation import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
SETTINGS = SimulationSettings()
AROUND, MARGIN, STEP = 30, 20, 15  # frames: simulated around the squat, left out at both ends, between comparisons
VASTI = ("vasmed", "vaslat", "vasint")


@pytest.fixture(scope="module", autouse=True)
def _quiet_opensim():
    opensim.Logger.setLevelString("Error")


@pytest.fixture(scope="module")
def squat() -> Motion:
    motion = read_motion(open_session(DEMO_PERSON).trials[0])
    repetition = segment_repetitions(motion)[0]
    return motion.cut(repetition.start_frame - AROUND, repetition.end_frame + AROUND)


def both(squat: Motion, folder: Path, *, rigid: bool):
    """Our simulation of the squat, and OpenSim's tools for it."""
    model_path = open_session(DEMO_PERSON).model_path
    simulator = build_simulator(model_path, SETTINGS)
    if rigid:
        slack = simulator.muscles.tendon_slack_length
        simulator.muscles.equilibrium_tendon = lambda activation, length, velocity, start=None: slack.expand_as(length)
    with torch.no_grad():
        ours = simulator(torch.tensor(squat.coordinates)[None], squat.rate_hz)
    assert bool(ours.converged.all())
    simulated = (ours.coordinates[0].T / simulator.coordinate_map.scale)[simulator.canonical]
    filtered = Motion(squat.time_s, simulated.T.numpy())
    return simulator, ours, OpenSimSimulation(model_path, folder, filtered, ours)


def differences(ours: Simulation, squat: Motion, time_s: np.ndarray, theirs: np.ndarray, muscles: tuple[str, ...]):
    """Correlation and RMSE of the activations of some muscles, or of all, of both legs."""
    columns = [MUSCLE_INDEX[f"{name}_{side}"] for name in muscles for side in "lr"] or list(range(80))
    activations = ours.activations[0].numpy()
    ours_there = np.stack([np.interp(time_s, squat.time_s, activations[:, i]) for i in columns], 1)
    theirs = theirs[:, columns]
    return np.corrcoef(ours_there.ravel(), theirs.ravel())[0, 1], np.sqrt(np.mean((ours_there - theirs) ** 2))


@pytest.fixture(scope="module")
def as_shipped(squat, tmp_path_factory):
    """With compliant tendons."""
    return both(squat, tmp_path_factory.mktemp("opensim"), rigid=False)


def test_joint_moments_equal_those_of_opensims_inverse_dynamics(squat, as_shipped):
    """To 0.15 Nm of up to 100 Nm, and the pelvis's residuals to 0.5 N.

    What remains is the knee's velocity-squared term (see test_inverse_dynamics). At the toes it is 0.4 Nm, because
    OpenSim applies the whole ground reaction force to the calcaneus, and we partly to the toes.
    """
    simulator, ours, opensim_tools = as_shipped
    time_s, theirs = opensim_tools.inverse_dynamics()
    inner = slice(MARGIN, -MARGIN)
    for i, name in enumerate(simulator.coordinate_names):
        moment = np.interp(time_s, squat.time_s, ours.moments[0, :, i].numpy())
        limit = 0.4 if name.startswith("mtp") else 0.5 if name.startswith("pelvis") else 0.15
        assert np.abs(moment - theirs[name])[inner].max() < limit, name
    knee = ours.moments[0, inner, simulator.coordinate_names.index("knee_angle_r")]
    assert knee.min() < -80  # a squat that is worth comparing


def test_activations_equal_opensims_static_optimization_of_the_same_muscles(squat, tmp_path):
    """With De Groote's curves and rigid tendons on both sides.

    Measured: all muscles r .995, RMSE .012; vasti r .9998, RMSE .001 to .013. What remains is where OpenSim's
    rigid-tendon force treats the fibre's velocity differently.
    """
    _, ours, opensim_tools = both(squat, tmp_path, rigid=True)
    time_s, theirs = opensim_tools.static_optimization(SETTINGS, MARGIN, STEP, de_groote_rigid=True)
    correlation, rmse = differences(ours, squat, time_s, theirs, ())
    assert correlation > 0.99
    assert rmse < 0.02
    for muscle in VASTI:
        correlation, rmse = differences(ours, squat, time_s, theirs, (muscle,))
        assert correlation > 0.999, muscle
        assert rmse < 0.02, muscle


def test_vasti_agree_with_opensims_static_optimization_of_the_models_own_muscles(squat, as_shipped):
    """As shipped, against the Millard muscles of the model.

    Measured: r .99, RMSE .02 to .04. The differences are Millard's curves for De Groote's, and OpenSim's rigid
    tendons for compliant ones.
    """
    _, ours, opensim_tools = as_shipped
    time_s, theirs = opensim_tools.static_optimization(SETTINGS, MARGIN, STEP, de_groote_rigid=False)
    for muscle in VASTI:
        correlation, rmse = differences(ours, squat, time_s, theirs, (muscle,))
        assert correlation > 0.98, muscle
        assert rmse < 0.05, muscle
