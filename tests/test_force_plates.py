"""What the validation makes of force plates: their clock, their feet, and joint moments by virtual work."""

from pathlib import Path

import numpy as np
import pytest
import torch
from simulation_validation.force_plates import PlateForces, external_moments, read_plates, recorded_bodies

from dataset.io.mot import read_motion
from dataset.io.opensim_table import write_table
from dataset.sessions import open_session
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import PELVIS
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"


@pytest.fixture(scope="module")
def simulated():
    """A simulator, three seconds of a trial, their bodies, and the simulated ground reactions as if from plates."""
    session = open_session(DEMO_PERSON)
    simulator = build_simulator(session.model_path, SimulationSettings(trunk_adjustment_deg=0.0))
    motion = read_motion(session.trials[0]).cut(0, 180)
    with torch.no_grad():
        simulation = simulator(torch.tensor(motion.coordinates)[None], motion.rate_hz)
    values = (simulation.ground_forces, simulation.centres_of_pressure, simulation.free_moments)
    plates = PlateForces(*(value[0].numpy() for value in values), (True, True), 0.0)
    return simulator, motion, recorded_bodies(simulator, motion), plates, simulation.moments[0].numpy()


def test_moments_by_virtual_work_are_those_of_the_simulation(simulated):
    """The same forces give the same joint moments; the toes' differ, because plates load the calcaneus."""
    simulator, motion, bodies, plates, moments = simulated
    found = bodies.required.T.numpy() - external_moments(bodies, simulator, plates)
    names = [f"{name}_{side}" for name in LEG_COORDINATES if name != "mtp_angle" for side in "lr"]
    for name in (*PELVIS, *names):
        column = simulator.coordinate_names.index(name)
        np.testing.assert_allclose(found[:, column], moments[:, column], atol=1e-6, err_msg=name)


def test_plates_are_given_to_the_feet_that_stand_on_them_on_the_motions_clock(simulated, tmp_path):
    """A file whose first plate is empty, whose second is the left foot's, and whose clock is 0.1 s late."""
    _, motion, bodies, plates, _ = simulated
    columns = {}
    for k, foot in ((1, None), (2, 1), (3, 0)):
        parts = {"v": plates.forces, "p": plates.centres, "m": plates.torques}
        for part, values in parts.items():
            for i, axis in enumerate("xyz"):
                columns[f"ground_force_{k}_{part}{axis}"] = np.zeros(180) if foot is None else values[:, foot, i]
    path = tmp_path / "squats1_grf.mot"
    write_table(path, list(columns), np.stack(list(columns.values()), 1), motion.time_s + 0.1)
    found = read_plates(path, motion, bodies, plates.forces[:, :, 1].sum(1))
    assert found.delay_s == pytest.approx(0.1)
    np.testing.assert_allclose(found.forces[10:-10], plates.forces[10:-10], atol=1e-4)
    np.testing.assert_allclose(found.centres[10:-10], plates.centres[10:-10], atol=1e-6)
