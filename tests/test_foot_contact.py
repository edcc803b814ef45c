"""A foot in the air carries nothing, and contact changes nothing for feet that stand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_run import make_result, save_run

from dataset.io.atomic_write import write_json
from dataset.io.guarded_files import read_json_object
from dataset.io.mot import read_motion
from dataset.io.safe_npy import read_npz, write_npz
from dataset.sessions import open_session
from dataset.windows.resample import to_even
from models.conventions import COORDINATE_INDEX, FEET
from models.muscles.foot_contact import foot_contact, standing_height
from models.muscles.simulation_settings import SimulationSettings
from utils.guidance.output.printed_tables import verification_table
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.summary import simulated_rows
from utils.report.sentences import simulation_paragraph
from utils.simulation.lost_contact import lost_contact_s, lost_contact_sentences
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
MEMBERS = torch.tensor([[1.0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], dtype=torch.float64)


@pytest.fixture(scope="module")
def simulator():
    return build_simulator(open_session(DEMO_PERSON).model_path, SimulationSettings(tolerance=1e-9))


@pytest.fixture(scope="module")
def standing():
    """Two seconds of quiet standing: the first frame of a trial, held."""
    motion = to_even(read_motion(open_session(DEMO_PERSON).trials[0]))
    return torch.tensor(motion.coordinates[:1]).expand(120, -1).clone(), 60.0


def lifted(frames, side, hip_deg, knee_deg, start=30, end=90, ramp=20):
    """Frames whose leg is lifted between two frames by flexion of hip and knee."""
    at = torch.arange(len(frames), dtype=torch.float64)
    share = torch.minimum((at - start) / ramp, (end - at) / ramp).clamp(0, 1)
    share, result = share.square() * (3 - 2 * share), frames.clone()
    result[:, COORDINATE_INDEX[f"hip_flexion_{side}"]] += hip_deg * share
    result[:, COORDINATE_INDEX[f"knee_angle_{side}"]] += knee_deg * share
    return result


def of_first(simulation):
    return type(simulation)(**{key: value[0] for key, value in vars(simulation).items()})


def flat_feet(heights):
    """Contact points of a right foot at y = 0 and of a left foot at the given heights, (6, 3, T), and no velocity."""
    points = torch.zeros(6, 3, len(heights), dtype=torch.float64)
    points[3:, 1] = heights
    return points, torch.zeros_like(points)


@pytest.mark.parametrize("side", FEET)
def test_a_lifted_foot_carries_nothing_and_the_other_carries_the_body(simulator, standing, side):
    frames, rate_hz = standing
    with torch.no_grad():
        simulation = simulator(lifted(frames, side, 45, 90)[None], rate_hz)
    up, down = FEET.index(side), 1 - FEET.index(side)
    middle = slice(50, 70)
    assert simulation.contact[0, middle, up].max() == 0
    assert simulation.ground_forces[0, middle, up].abs().max() == 0
    share = simulation.ground_forces[0, middle, down, 1] / simulator.weight_n
    assert bool((share > 0.85).all())
    assert bool((share < 1.05).all())
    assert simulation.contact[0, :, down].min() == 1
    assert bool(simulation.converged.all())


def test_preferences_between_the_feet_do_not_act_where_one_foot_stands(simulator, standing):
    """Among preferences, each as an equation with a slack, those that are soft by a thousand body weights are none."""
    frames, rate_hz = standing
    names = ("vertical_symmetry", "shear_symmetry", "pressure_symmetry_m", "knee_line_m", "inward_force")
    indifferent = replace(simulator.settings, **dict.fromkeys(names, 1e3))
    without = type(simulator)(simulator.dynamics.description, simulator.muscles, simulator.paths, indifferent)
    motion = lifted(frames, "l", 45, 90)[None]
    with torch.no_grad():
        ours, theirs = (run(motion, rate_hz).ground_forces[0] for run in (simulator, without))
    one_foot, both_feet = slice(58, 62), slice(0, 15)  # the forces are filtered over 0.1 s
    torch.testing.assert_close(ours[one_foot], theirs[one_foot], atol=0.2, rtol=0)
    assert (ours - theirs)[both_feet].abs().max() > 10


def test_both_feet_in_the_air_leave_everything_to_the_residuals(simulator, standing):
    frames, rate_hz = standing
    time_s = torch.arange(len(frames), dtype=torch.float64) / rate_hz
    flight = frames.clone()
    rise = 9.81 / 2 * (time_s - 0.8) * (1.2 - time_s)
    flight[:, COORDINATE_INDEX["pelvis_ty"]] += rise.clamp(min=0)
    with torch.no_grad():
        simulation = simulator(flight[None], rate_hz)
    up = simulation.contact[0] == 0
    assert bool((up[55:65]).all())
    assert not bool(up[:45].any())
    assert not bool(up[75:].any())
    assert simulation.ground_forces[0][up].abs().max() == 0
    assert bool(simulation.converged.all())
    found = lost_contact_s(simulation.contact[0].flip(-1), time_s.numpy())
    assert list(found) == ["left foot", "right foot"]
    assert found["right foot"][0] == pytest.approx((0.8, 1.2), abs=0.04)
    sentences = lost_contact_sentences(found, of_first(simulation), time_s.numpy(), simulator.weight_n)
    assert [sentence.split(" for ")[0] for sentence in sentences] == [
        "contact lost: the left foot is off the floor",
        "contact lost: the right foot is off the floor",
        "the feet cannot hold the body",
    ]


def test_squats_have_no_warning_and_a_body_that_leans_off_its_feet_has_one(simulator, standing):
    frames, rate_hz = standing
    leaning = frames.clone()
    leaning[:, COORDINATE_INDEX["lumbar_bending"]] += 60  # to the side of the right foot
    leaning[:, COORDINATE_INDEX["pelvis_list"]] += 25
    time_s = np.arange(len(frames)) / rate_hz
    counts = []
    for motion in (frames, leaning):
        with torch.no_grad():
            simulation = of_first(simulator(motion[None], rate_hz))
        found = lost_contact_s(simulation.contact.flip(-1), time_s)
        counts.append(len(lost_contact_sentences(found, simulation, time_s, simulator.weight_n)))
    assert counts[0] == 0
    assert counts[1] >= 1


def test_a_guided_run_says_which_foot_leaves_the_floor():
    result = make_result()
    verification = result.verification
    assert verification is not None
    assert "contact lost" not in verification_table(result)
    contact = verification.foot_contact.clone()
    contact[1, 60:91, 0] = 0.0
    lifted_foot = replace(result, verification=replace(verification, foot_contact=contact))
    sentence = "contact lost: the left foot is off the floor for 0.50 s (1.00 to 1.50 s) and carries nothing"
    assert verification_table(lifted_foot).splitlines()[-1] == f"sample 1: {sentence}"
    assert f"Sample 1: {sentence}." in simulation_paragraph(lifted_foot)
    assert simulated_rows(lifted_foot)[1]["off_floor_s"] == {"right foot": [], "left foot": [(1.0, 1.5)]}


def test_a_run_of_an_earlier_version_which_has_the_right_foot_first_says_the_same_foot(tmp_path):
    result = make_result()
    result.verification.foot_contact[1, 60:91, 0] = 0.0
    folder = save_run(tmp_path, result)
    assert load_guidance(folder).verification.off_floor_s() == result.verification.off_floor_s()
    arrays = read_npz(folder / "result.npz")[1]
    arrays["verification_contact"] = arrays.pop("verification_foot_contact")[..., ::-1]
    write_npz(folder / "result.npz", arrays)
    write_json(folder / "result.json", read_json_object(folder / "result.json") | {"files": None})
    assert load_guidance(folder).verification.off_floor_s() == result.verification.off_floor_s()


def test_single_frames_off_the_floor_are_no_flight():
    """A threshold that is crossed back and forth is one interval, and single frames are none."""
    contact = torch.ones(100, 2)
    contact[10], contact[30, 1], contact[50:60, 0], contact[61:70, 0] = 0.0, 0.0, 0.0, 0.0
    found = lost_contact_s(contact, np.arange(100) / 50)
    assert found == {"right foot": [], "left foot": [(1.0, 1.38)]}
    assert lost_contact_s(1 - contact, np.arange(100) / 50)["right foot"] == [(0.0, 1.98)]


def test_contact_changes_nothing_for_feet_that_stand(simulator):
    motion = to_even(read_motion(open_session(DEMO_PERSON).trials[0]))
    with torch.no_grad():
        simulation = simulator(torch.tensor(motion.coordinates)[None, :400], motion.rate_hz)
    assert simulation.contact.min() == 1


def test_contact_of_recorded_squats_is_full(recordings):
    """Feet of video-based capture float by centimetres, and stand all the same."""
    for name, trial in (("field-subject0", "Asym_0"), ("lab-subject2", "squats1"), ("lab-subject5", "squats1")):
        session = open_session(recordings / "opencap/Data" / name)
        motion = to_even(read_motion(session.trial(trial))).cut(0, 600)
        simulator = build_simulator(session.model_path)
        with torch.no_grad():
            assert simulator(torch.tensor(motion.coordinates)[None], motion.rate_hz).contact.min() == 1, name


def test_contact_falls_smoothly_with_height_and_with_speed():
    heights = torch.linspace(0, 0.1, 201, dtype=torch.float64)
    points, still = flat_feet(heights)
    contact = foot_contact(points, still, MEMBERS, len(heights))
    left = contact.feet[1]
    assert bool((contact.feet[0] == 1).all())
    assert bool((left[heights <= 0.0299] == 1).all())
    assert bool((left[heights >= 0.0701] == 0).all())
    assert bool((left.diff() <= 0).all())
    assert left.diff().abs().max() < 0.02
    torch.testing.assert_close(contact.points[3:], left.expand(3, -1))
    swinging = still.clone()
    swinging[3:, 0] = 1.5  # m/s, as a foot that is carried forward close to the floor
    assert foot_contact(points, swinging, MEMBERS, len(heights)).feet[1].max() == 0


def test_a_raised_heel_does_not_carry_while_the_toes_do():
    points, still = flat_feet(torch.zeros(10, dtype=torch.float64))
    points[3, 1] = 0.12
    contact = foot_contact(points, still, MEMBERS, 10)
    assert bool((contact.feet == 1).all())
    assert bool((contact.points[3] == 0).all())
    assert bool((contact.points[4:] == 1).all())


def test_the_floor_is_where_the_feet_stand_wherever_the_recording_has_it():
    stance, flight = torch.linspace(0.48, 0.52, 30), torch.full((45,), 0.9)
    assert float(standing_height(torch.cat([stance, flight]))) == pytest.approx(0.5, abs=1e-3)
    assert float(standing_height(stance - 3)) == pytest.approx(-2.5, abs=1e-3)


def test_force_fades_with_height_and_its_gradient_agrees_with_finite_differences(simulator, standing):
    frames, rate_hz = standing
    peak_deg = torch.tensor(32.0, dtype=torch.float64, requires_grad=True)

    def carried(angle):
        simulation = simulator(lifted(frames, "r", angle, 2 * angle)[None], rate_hz)
        return simulation.ground_forces[0, 55:65, 0, 1].mean()

    force = carried(peak_deg)
    assert 0.02 < float(force.detach()) / simulator.weight_n < 0.45  # half-way up
    force.backward()
    with torch.no_grad():
        difference = (carried(peak_deg + 1e-3) - carried(peak_deg - 1e-3)) / 2e-3
    assert np.isfinite(float(peak_deg.grad))
    torch.testing.assert_close(peak_deg.grad, difference, rtol=0.02, atol=0.05)
