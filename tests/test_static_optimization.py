"""Static optimisation against OpenCap's simulations and force plates, Newton's laws and finite differences."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.opensim_table import read_table
from dataset.sessions import open_session
from dataset.windows.segmentation import segment_repetitions
from models.conventions import MUSCLE_INDEX, MUSCLES
from models.filters import derivative_matrices, low_pass_matrix
from models.muscles import static_optimization
from models.muscles.quadratic_program import solve_quadratic_program
from models.muscles.simulation_settings import SimulationSettings
from utils.simulation.session_simulation import simulate_trials
from utils.simulation.simulated_repetition import simulate_repetition
from utils.simulation.simulation_config import SimulationConfig
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
OPENCAP_REPETITIONS = ("Squats_0_1", "Squats_0_2", "Asym_0_1", "Asym_0_2")


@pytest.fixture(scope="module")
def field_subject(recordings):
    return open_session(recordings / "opencap/Data/field-subject0")


@pytest.fixture(scope="module", params=["demo person", "recorded subject"])
def subject(request):
    """A session and one of its trials: of the shipped demo person, and of a recorded subject where there is one."""
    if request.param == "demo person":
        session = open_session(DEMO_PERSON)
        return session, session.trials[0]
    session = request.getfixturevalue("field_subject")
    return session, session.trial("Squats_0")


@pytest.fixture(scope="module")
def repetition(subject):
    """The second squat of the trial, with a third of a second before and after it."""
    motion = read_motion(subject[1])
    found, around = segment_repetitions(motion)[1], round(motion.rate_hz / 3)
    return motion.cut(found.start_frame - around, found.end_frame + around)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_low_pass_keeps_lines_and_derivatives_of_a_sine_are_exact():
    time = torch.arange(120, dtype=torch.float64) / 60
    line = 3 + 2 * time
    torch.testing.assert_close(low_pass_matrix(120, 60.0, 4.0) @ line, line, atol=1e-6, rtol=0)
    speed, acceleration = derivative_matrices(120, 60.0)
    inner = slice(6, -6)
    torch.testing.assert_close((speed @ (5 * time).sin())[inner], (5 * (5 * time).cos())[inner], atol=1e-5, rtol=0)
    torch.testing.assert_close(
        (acceleration @ (5 * time).sin())[inner], (-25 * (5 * time).sin())[inner], atol=1e-2, rtol=0
    )
    wave = (2 * np.pi * 15 * time).sin()
    assert (low_pass_matrix(120, 60.0, 4.0) @ wave)[20:-20].abs().max() < 0.01


def test_vasti_agree_with_opencaps_own_simulation(field_subject):
    """Four repetitions that OpenCap simulated (Uhlrich et al. 2023), from inverse kinematics, on their time base.

    With the torso's mass centre where OpenCap's model has it. Lower, the vasti do more: see test_trunk_adjustment.
    """
    simulator = build_simulator(field_subject.model_path, SimulationSettings(torso_mass_height=1.0))
    ours, theirs = [], []
    for name in OPENCAP_REPETITIONS:
        reference = read_motion(field_subject.path / "OpenSimData/Dynamics" / name / "kinematics_activations.mot")
        motion = read_motion(field_subject.trial(name[:-2]))
        first, last = np.searchsorted(motion.time_s, (reference.time_s[0] - 1, reference.time_s[-1] + 1))
        motion = motion.cut(int(first), int(last))
        with torch.no_grad():
            simulation = simulator(torch.tensor(motion.coordinates)[None], motion.rate_hz)
        assert bool(simulation.converged.all())
        activations = simulation.activations[0].numpy()
        ours.append([np.interp(reference.time_s, motion.time_s, activations[:, i]) for i in range(len(MUSCLES))])
        theirs.append(reference.activations.T)
    ours, theirs = np.concatenate(ours, 1), np.concatenate(theirs, 1)
    for muscle, least_r, most_rmse in (("vasmed", 0.98, 0.04), ("vaslat", 0.98, 0.05), ("vasint", 0.96, 0.04)):
        legs = [MUSCLE_INDEX[f"{muscle}_{side}"] for side in "lr"]
        assert np.corrcoef(ours[legs].ravel(), theirs[legs].ravel())[0, 1] >= least_r, muscle
        assert rms(ours[legs] - theirs[legs]) <= most_rmse, muscle


@pytest.mark.parametrize(("trial", "foot_limit"), [("squats1", 4.0), ("squatsAsym1", 8.0)])
def test_ground_forces_agree_with_force_plates(recordings, trial, foot_limit):
    """Vertical force within 5 % of body weight in all, and the share of a foot without being told of asymmetry."""
    session = open_session(recordings / "opencap/Data/lab-subject4")
    simulator = build_simulator(session.model_path)
    motion = read_motion(session.trial(trial))
    plates = read_table(session.path / "ForceData" / f"{trial}_grf.mot")
    with torch.no_grad():
        simulation = simulator(torch.tensor(motion.coordinates)[None], motion.rate_hz)
    inner = slice(20, -20)
    measured = np.stack(
        [np.interp(motion.time_s, plates.time_s, plates.column(f"ground_force_{k}_vy")) for k in (1, 2)], 1
    )[inner]
    ours = simulation.ground_forces[0, inner, :, 1].numpy()
    percent = 100 / simulator.weight_n
    assert percent * rms(ours.sum(1) - measured.sum(1)) <= 5.0
    assert percent * rms(ours - measured) <= foot_limit


def test_exact_paths_give_the_same_activations(subject, repetition):
    frames, model_path = torch.tensor(repetition.coordinates)[None], subject[0].model_path
    with torch.no_grad():
        exact = build_simulator(model_path, exact_paths=True)(frames, repetition.rate_hz)
        ours = build_simulator(model_path)(frames, repetition.rate_hz)
    difference = (exact.activations - ours.activations)[0, 12:-12].numpy()
    vasti = [MUSCLE_INDEX[f"vas{part}_{side}"] for part in ("med", "lat", "int") for side in "lr"]
    assert np.abs(difference[:, vasti]).max() < 0.002
    assert np.abs(difference).max() < 0.02


def test_forces_and_moments_balance(subject):
    """Newton: the ground carries the mass, and muscles with reserves make the moments."""
    simulator = build_simulator(subject[0].model_path)
    motion = read_motion(subject[1])
    repetition = simulate_repetition(simulator, motion, segment_repetitions(motion)[1], "segment_2")
    simulation = repetition.simulation
    mean_force = simulation.ground_forces[..., 1].sum(1).mean()
    assert abs(float(mean_force) / simulator.weight_n - 1) < 0.03  # starts and ends at rest
    assert simulation.residuals[:, 3:].abs().max() < 0.05 * simulator.weight_n
    assert simulation.activations.min() >= simulator.settings.activation_floor - 1e-9
    # The centre of pressure lies within the spheres of its foot.
    with torch.no_grad():
        coordinates = simulator.coordinate_map(torch.tensor(repetition.motion.coordinates))
        state = simulator.dynamics.state(coordinates, 0 * coordinates, 0 * coordinates)
        points = simulator.dynamics.contact_points(state)
    for foot in range(2):
        members = simulator.feet[foot] > 0
        centre = simulation.centres_of_pressure[:, foot]
        for axis in (0, 2):
            low, high = points[members, axis].amin(0), points[members, axis].amax(0)
            assert bool(((centre[:, axis] > low - 0.01) & (centre[:, axis] < high + 0.01)).all())


def test_heavier_subjects_need_more_activation(subject, repetition):
    simulator = build_simulator(subject[0].model_path)
    description = simulator.dynamics.description
    loaded = replace(description, masses_kg=description.masses_kg * 1.3, inertias=description.inertias * 1.3)
    heavier = type(simulator)(loaded, simulator.muscles, simulator.paths)
    frames = torch.tensor(repetition.coordinates)[None]
    with torch.no_grad():
        peaks = [
            run(frames, repetition.rate_hz).activations[0, :, MUSCLE_INDEX["vasmed_r"]].max()
            for run in (simulator, heavier)
        ]
    assert peaks[1] > 1.2 * peaks[0]


def test_gradient_of_peak_activation_agrees_with_finite_differences(subject, repetition):
    """The derivative of peak vastus medialis by a smooth change of the motion, to 1 %."""
    simulator = build_simulator(subject[0].model_path, SimulationSettings(tolerance=1e-11))
    motion, frames = repetition, torch.tensor(repetition.coordinates)[None]
    bump = torch.hann_window(len(motion), periodic=False, dtype=torch.float64)
    channels = {"pelvis_tilt": 0, "knee_angle_r": 13, "hip_flexion_r": 9, "pelvis_ty": 4}

    def peak(amount):
        changed = frames.clone()
        for value, index in zip(amount, channels.values(), strict=True):
            changed[0, :, index] = frames[0, :, index] + value * bump
        return simulator(changed, motion.rate_hz).activations[0, 12:-12, MUSCLE_INDEX["vasmed_r"]].max()

    amount = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    peak(amount).backward()
    for i, step in enumerate((0.0005, 0.0005, 0.0005, 0.000005)):
        change = torch.zeros(4, dtype=torch.float64)
        change[i] = step
        with torch.no_grad():
            difference = (peak(change) - peak(-change)) / (2 * step)
        torch.testing.assert_close(amount.grad[i], difference, rtol=0.01, atol=0)


@pytest.mark.parametrize("rows", [25, 7])  # of the ground reaction's program, and of the muscles' program of a leg
def test_a_frame_whose_program_did_not_converge_is_named_whichever_of_the_two_it_is(
    subject, repetition, monkeypatch, rows
):
    def limited(*arguments, **options):
        most = {"max_iterations": 3} if arguments[3].shape[1] == rows else {}
        return solve_quadratic_program(*arguments, **options, **most)

    motion = torch.as_tensor(repetition.coordinates)[None, ::4]
    simulator = build_simulator(subject[0].model_path)
    assert bool(simulator(motion, repetition.rate_hz / 4).converged.all())
    monkeypatch.setattr(static_optimization, "solve_quadratic_program", limited)
    assert not bool(simulator(motion, repetition.rate_hz / 4).converged.all())


def test_trial_is_written_in_the_layout_of_the_ucsd_set(subject, tmp_path):
    session, trial = subject
    simulator = build_simulator(session.model_path)
    summaries = simulate_trials(session, [trial], tmp_path)
    assert len(summaries) == len(segment_repetitions(read_motion(trial))) == 5
    name = f"{trial.stem}_segment_3"
    folder = tmp_path / session.id / "OpenSimData" / "Dynamics" / name
    written = read_motion(folder / f"kinematics_activations_{name}_muscle_driven.mot")
    recorded = read_motion(trial)
    repetition = segment_repetitions(recorded)[2]
    np.testing.assert_allclose(
        written.time_s, recorded.time_s[repetition.start_frame : repetition.end_frame], atol=1e-7
    )
    np.testing.assert_allclose(
        written.coordinates, recorded.coordinates[repetition.start_frame : repetition.end_frame], atol=1e-6
    )
    forces = read_table(folder / f"forces_resultant_{name}.mot")
    weights = (forces.column("ground_force_r_vy") + forces.column("ground_force_l_vy")) / simulator.weight_n
    assert 1.0 < weights.max() < 1.6
    assert read_table(folder / f"kinetics_{name}.mot").column("knee_angle_r_moment").min() < -30
    assert json.loads((folder / f"summary_{name}.json").read_text())["repetition"] == name
    before = (folder / f"kinetics_{name}.mot").stat().st_mtime_ns
    simulate_trials(session, [trial], tmp_path)
    assert (folder / f"kinetics_{name}.mot").stat().st_mtime_ns == before


def test_script_refuses_a_folder_that_is_no_session(run_script, tmp_path):
    with pytest.raises(InputError, match="OpenSimData"):
        run_script("simulate_activations.py", "--subject", tmp_path, "--out-dir", tmp_path / "out")


def test_an_activation_floor_that_leaves_no_room_is_refused():
    with pytest.raises(InputError, match="--activation-floor is 1, expected a number below 1"):
        SimulationConfig(subject="x", out_dir=Path("out"), settings=SimulationSettings(activation_floor=1.0))
