"""The ground reaction forces lean inwards and pass medial of the knee, wherever a person stands."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from dataset.io.mot import read_motion
from dataset.io.opensim_table import read_table
from dataset.sessions import open_session
from dataset.windows.placement import Placement
from dataset.windows.resample import to_even
from models.muscles.ground_preferences import preference_rows
from models.muscles.simulation_settings import SimulationSettings
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
# Seconds by which a trial's plates are late, and the plate under the right foot.
PLATES = {("lab-subject4", "squats1"): (0.01, 1), ("lab-subject4", "squatsAsym1"): (0.01, 1)}
PLATES[("mocap-dls", "DLS01_ik")] = (0.14, 2)  # its left plate has turned axes


@pytest.fixture(scope="module")
def simulator():
    return build_simulator(open_session(DEMO_PERSON).model_path)


@pytest.fixture(scope="module")
def squat():
    motion = to_even(read_motion(open_session(DEMO_PERSON).trials[0]))
    return torch.tensor(motion.coordinates[:400]), motion.rate_hz


def pose(simulator, frames):
    """State, contact points and preference rows without offset of the knee or lean, of frames (T, 33)."""
    with torch.no_grad():
        coordinates = simulator.coordinate_map(frames)
        state = simulator.dynamics.state(coordinates, 0 * coordinates, 0 * coordinates)
        points = simulator.dynamics.contact_points(state)
        return state, points, preference_rows(state, simulator.leg_bodies, points, simulator.feet, 0.0, 0.0)


def test_rows_are_the_adduction_moment_about_the_knee_and_the_inward_force(simulator, squat):
    state, points, rows = pose(simulator, squat[0][::50])
    bodies = simulator.leg_bodies
    for foot, outward in ((0, 1.0), (1, -1.0)):
        point = int(simulator.feet[foot].argmax())
        through_knee = (rows[3, point] * (state.centre[bodies.tibia][foot] - points[point])).sum(0)
        torch.testing.assert_close(through_knee, torch.zeros_like(through_knee), atol=1e-12, rtol=0)
        assert bool((outward * rows[3, point, 2] < 0).all())  # pushing outwards lessens the adduction moment
        assert bool((outward * rows[4, point, 2] < -0.99).all())  # the demo person faces along x
    offset = preference_rows(state, bodies, points, simulator.feet, 0.03, 0.2)
    for row, share in ((3, 0.03), (4, 0.2)):
        of_vertical = torch.tensor([0.0, share, 0.0], dtype=torch.float64)[:, None].expand_as(points)
        torch.testing.assert_close(rows[row] - offset[row], of_vertical)
    torch.testing.assert_close(rows[:3], offset[:3])


def test_forces_turn_with_the_person(simulator, squat):
    frames, rate_hz = squat
    turned = Placement(np.array([2.0, 0.0, 1.0]), np.array(30.0)).restore(frames.numpy())
    with torch.no_grad():
        before, after = (
            simulator(torch.as_tensor(motion)[None], rate_hz).ground_forces[0, 12:-12] for motion in (frames, turned)
        )
    rotation = torch.tensor(Rotation.from_euler("Y", 30, degrees=True).as_matrix())
    torch.testing.assert_close(after, before @ rotation.T, atol=2.0, rtol=0)


@pytest.mark.parametrize(("subject", "trial"), PLATES)
def test_feet_push_inwards_as_on_force_plates(recordings, subject, trial):
    """The weights were chosen on lab-subject4; the deep squats of mocap-dls were kept back."""
    session = open_session(recordings / "opencap/Data" / subject)
    motion = to_even(read_motion(session.trial(trial)))
    extra = {name: torch.tensor(values)[None] for name, values in motion.extra.items()}
    with torch.no_grad():
        simulation = build_simulator(session.model_path)(torch.tensor(motion.coordinates)[None], motion.rate_hz, extra)
    delay_s, plate = PLATES[(subject, trial)]
    plates = read_table(session.path / "ForceData" / f"{trial.removesuffix('_ik')}_grf.mot")
    measured = -np.interp(motion.time_s + delay_s, plates.time_s, plates.column(f"ground_force_{plate}_vz"))
    inner = slice(round(0.3 * motion.rate_hz), -round(0.5 * motion.rate_hz))
    difference = (-simulation.ground_forces[0, :, 0, 2].numpy() - measured)[inner]
    assert abs(difference.mean()) <= 10
    assert np.sqrt(np.mean(difference**2)) <= 15


def test_preferences_change_how_forces_are_shared_but_not_their_sum(simulator, squat):
    frames, rate_hz = squat
    indifferent = SimulationSettings(knee_line_m=1e3, inward_force=1e3)
    without = type(simulator)(simulator.dynamics.description, simulator.muscles, simulator.paths, indifferent)
    with torch.no_grad():
        ours, theirs = (run(frames[None], rate_hz).ground_forces[0, 12:-12] for run in (simulator, without))
    torch.testing.assert_close(ours.sum(1), theirs.sum(1), atol=3.0, rtol=0)
    assert (ours - theirs)[..., 2].abs().max() > 10
