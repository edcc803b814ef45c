"""The adjusted trunk needs the ground reaction that force plates measured; the rest of the motion stays as it is."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from simulation_validation.comparisons import compare_with_plates

from dataset.io.mot import read_motion
from dataset.sessions import open_session
from dataset.windows.placement import Placement
from dataset.windows.segmentation import segment_repetitions
from dataset.windows.window_loading import load_windows
from models.conventions import WINDOW_FRAMES
from models.filters import along_time, derivative_matrices, low_pass_matrix
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.trunk_adjustment import RotationBasis, spline_matrices
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"


@pytest.fixture(scope="module")
def simulator():
    return build_simulator(open_session(DEMO_PERSON).model_path)


@pytest.fixture(scope="module")
def squat():
    """A squat of the demo person with half a second before and after it, and its frame rate."""
    motion = read_motion(open_session(DEMO_PERSON).trials[0])
    found = segment_repetitions(motion)[1]
    motion = motion.cut(found.start_frame - 30, found.end_frame + 30)
    return torch.tensor(motion.coordinates), motion.rate_hz


def adjust(simulator, frames, rate_hz, cutoff_hz=4.0):
    """Coordinates of a motion (T, 33) after the filter and after the adjustment, (C, T), and the adjusted motion."""
    filtered = simulator.coordinate_map(frames) @ low_pass_matrix(len(frames), rate_hz, cutoff_hz).T
    return filtered, simulator.trunk(filtered, len(frames), rate_hz)


def pressure_m(simulator, state):
    """Fore-aft centre of pressure that a motion needs, in front of the heels; the demo person faces about +x."""
    force, moment = (loads.sum(0) for loads in simulator.dynamics.body_loads(state))
    return moment[2] / force[1] - state.origin[simulator.trunk.heels, 0].mean(0)


def test_only_the_lumbar_joint_is_turned_by_at_most_two_degrees(simulator, squat):
    filtered, adjusted = adjust(simulator, *squat)
    change = adjusted.coordinates - filtered
    lumbar = simulator.coordinate_names.index("lumbar_extension")
    torch.testing.assert_close(change[lumbar], adjusted.turned)
    assert float(change.abs().sum()) == pytest.approx(float(adjusted.turned.abs().sum()))
    assert 0.1 < float(adjusted.turned.rad2deg().abs().max()) <= 2.0


def test_noise_of_the_trunk_moves_the_centre_of_pressure_half_as_far(simulator, squat):
    """A wobble of the trunk by 0.7 degrees at 1.5 Hz moves the needed centre of pressure by more than a centimetre, and
    half as far after the adjustment.
    """
    frames, rate_hz = squat
    wobble = frames.clone()
    time_s = torch.arange(len(frames)) / rate_hz
    wobble[:, 20] += 0.7 * (2 * np.pi * 1.5 * time_s).sin()  # lumbar extension
    spread = []
    for size in (SimulationSettings().trunk_adjustment_deg, 0.0):
        settings = SimulationSettings(trunk_adjustment_deg=size)
        other = build_simulator(open_session(DEMO_PERSON).model_path, settings)
        still, moved = (pressure_m(other, adjust(other, motion, rate_hz)[1].state) for motion in (frames, wobble))
        spread.append(float((moved - still)[20:-20].std()))
    assert spread[1] > 0.01
    assert spread[0] < spread[1] / 2


def test_change_of_the_needed_moment_is_that_of_inverse_dynamics(simulator, squat):
    """The linearised moment of a turned trunk against the whole inverse dynamics, of a motion at rest and of a push."""
    coordinates = simulator.coordinate_map(squat[0][::40])
    still, dynamics = torch.zeros_like(coordinates), simulator.dynamics
    point = torch.tensor([0.3, -0.1, 0.5], dtype=torch.float64)[:, None].expand(3, coordinates.shape[1])
    state = dynamics.state(coordinates, still, still)
    leaning, turning, pushing = dynamics.turning_loads(state, simulator.trunk.axis, point)

    def loads_at(position: float, acceleration: float) -> tuple[torch.Tensor, torch.Tensor]:
        place, push = coordinates.clone(), still.clone()
        place[simulator.trunk.coordinate] += position
        push[simulator.trunk.coordinate] += acceleration
        force, moment = (loads.sum(0) for loads in dynamics.body_loads(dynamics.state(place, still, push)))
        return force, moment - torch.linalg.cross(point, force, dim=0)

    (_, after), (_, before) = loads_at(1e-5, 0), loads_at(-1e-5, 0)
    torch.testing.assert_close((after - before) / 2e-5, leaning, rtol=1e-6, atol=1e-4)
    (force, moment), (force_at_rest, moment_at_rest) = loads_at(0, 1), loads_at(0, 0)
    torch.testing.assert_close(moment - moment_at_rest, turning, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(force - force_at_rest, pushing, rtol=1e-9, atol=1e-9)


def test_loads_of_the_adjusted_motion_are_known_without_its_bodies(simulator, squat):
    """Within 1 % of the body weight, and 5 mm of the centre of pressure, of those of the turned bodies."""
    frames, rate_hz = squat
    coordinates, adjusted = adjust(simulator, frames, rate_hz)
    basis = RotationBasis(*derivative_matrices(len(frames), rate_hz), *spline_matrices(len(frames), rate_hz))
    speeds, accelerations = along_time(basis.speed, coordinates), along_time(basis.acceleration, coordinates)
    dynamics, trunk = simulator.dynamics, simulator.trunk
    state = dynamics.state(coordinates, speeds, accelerations)
    loads = dynamics.body_loads(state)
    exact, before = ([load.sum(0) for load in one] for one in (dynamics.body_loads(adjusted.state), loads))
    place = state.origin[trunk.heels].mean(0)

    def off(found: Sequence[torch.Tensor]) -> tuple[float, float]:
        """Largest difference of the force (body weights), and of the moment about the heels over it (metres)."""
        force, moment = (one - other for one, other in zip(found, exact, strict=True))
        about_heels = moment - torch.linalg.cross(place, force, dim=0)
        return tuple(float(value[:, 20:-20].abs().max()) / trunk.weight_n for value in (force, about_heels))

    force, moment_m = off(trunk.whole_loads(state, loads, basis))
    assert force < 0.01
    assert moment_m < 0.005
    assert off(before)[1] > 4 * moment_m


def test_adjustment_does_not_depend_on_where_the_person_stands_and_faces(simulator, squat):
    frames, rate_hz = squat
    elsewhere = Placement(np.array([2.0, 0.3, -1.0]), np.array(75.0)).restore(frames.numpy())
    here, there = (adjust(simulator, torch.as_tensor(motion), rate_hz)[1].turned for motion in (frames, elsewhere))
    # The filter of the three pelvis angles is not quite the same in another heading.
    torch.testing.assert_close(here[10:-10].rad2deg(), there[10:-10].rad2deg(), atol=0.02, rtol=0)


@pytest.mark.parametrize(("frames", "rate_hz"), [(3, 60.0), (40, 10.0), (40, 500.0)])
def test_few_frames_and_any_rate_are_adjusted_too(simulator, squat, frames, rate_hz):
    _, adjusted = adjust(simulator, squat[0][:frames], rate_hz)
    assert bool(adjusted.turned.isfinite().all())


def test_torso_mass_centre_is_lowered_towards_the_lumbar_joint(simulator):
    settings = SimulationSettings(torso_mass_height=1.0)
    own = build_simulator(open_session(DEMO_PERSON).model_path, settings).dynamics.description
    torso = own.body_names.index("torso")
    lowered = simulator.dynamics.description.mass_centres
    expected = own.mass_centres.copy()
    expected[torso, 1] *= SimulationSettings().torso_mass_height
    np.testing.assert_array_equal(lowered, expected)
    assert own.mass_centres[torso, 1] > 0.2


@pytest.mark.parametrize(("session", "trial"), [("lab-subject4", "squats1"), ("mocap-dls", "DLS01_ik")])
def test_centre_of_pressure_and_moments_agree_with_force_plates(recordings, session, trial):
    """Of the person on whom the mass centre was chosen, and of another one."""
    found = compare_with_plates(recordings / "opencap/Data" / session, trial, SimulationSettings())
    for foot in range(2):
        off_m = found.ours.ahead_m[:, foot] - found.theirs.ahead_m[:, foot]
        assert off_m.std() <= 0.025
        assert abs(off_m.mean()) <= 0.015 or not found.position_known[foot]
        moments = found.ours.moments[:, foot] - found.theirs.moments[:, foot]
        ankle, knee = np.sqrt(np.square(moments).mean(0))[:2]
        assert ankle <= 10
        assert knee <= 10


def test_the_simulation_gives_a_frame_the_same_answer_however_long_the_person_stands_after_it(simulator):
    window = load_windows([open_session(DEMO_PERSON)], frames=WINDOW_FRAMES).motion[:1]
    longer = torch.cat([window, window[:, -1:].expand(-1, 60, -1)], 1)
    found, again = (simulator(motion, 60.0).activations[:, 30 : WINDOW_FRAMES - 30] for motion in (window, longer))
    torch.testing.assert_close(again, found, atol=0.01, rtol=0)


@pytest.mark.parametrize("frames", [6, 40, 200])
def test_rotations_of_the_torso_begin_and_end_at_rest(frames):
    spline, curvature = spline_matrices(frames, 60.0)
    weights = torch.linspace(-1, 1, spline.shape[1], dtype=torch.float64)
    for near in ([0, 1], [-1, -2]):
        at_end, beside = curvature[near] @ weights
        step = (spline[near] @ weights).diff()[0] * 60.0**2
        torch.testing.assert_close(step, at_end / 3 + beside / 6)  # a cubic without speed at the end
