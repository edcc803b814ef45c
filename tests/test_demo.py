"""Synthetic subjects: anthropometry, planted feet, natural motions, and the same files for the same seed."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dataset.demo import population as sessions
from dataset.demo.anthropometry import draw_person
from dataset.demo.population_settings import PopulationSettings
from dataset.demo.squat_timeline import draw_targets
from dataset.demo.style_sampler import draw_style
from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.locations import COMPLETE_NAME, SHIPPED_DEMO, demo_holdout, demo_root, demo_validation
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import discover_sessions, open_session
from dataset.splits import read_ids
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATE_INDEX
from utils.demo_sessions.demo_config import DemoConfig
from utils.demo_sessions.demo_session_maker import make_demo_sessions
from utils.simulation.simulated_repetition import simulate_repetition
from utils.simulation.simulators import build_simulator

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nimblephysics") is None,
    reason="the nimblephysics wheel, which carries Rajagopal2015.osim, is not installed",
)
SEED, REPETITIONS, TRIALS = 3, 2, 2
REPOSITORY = Path(__file__).resolve().parents[1]


def settings(folder: Path) -> PopulationSettings:
    return PopulationSettings(folder=folder, seed=SEED, trials=TRIALS, repetitions=REPETITIONS)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Two people of two trials of two repetitions."""
    folder = tmp_path_factory.mktemp("demo")
    for index in range(2):
        sessions.make_session(settings(folder), index)
    return folder


@pytest.fixture(scope="module")
def trials(root) -> list[tuple]:
    """(session, skeleton, motion) of every trial."""
    found = []
    for session in discover_sessions(root):
        skeleton = load_skeleton(session.model_path, torch.float64)
        found += [(session, skeleton, read_motion(path)) for path in session.squat_trials]
    return found


def test_layout(root, trials):
    assert [session.id for session in discover_sessions(root)] == ["demo-person-001", "demo-person-002"]
    assert len(trials) == 2 * TRIALS
    for _, _, motion in trials:
        assert motion.rate_hz == pytest.approx(60, abs=1e-3)


def test_model_has_the_subjects_mass_and_unlocked_feet(trials):
    for session, skeleton, _ in trials:
        person = draw_person(SEED, int(session.id[-3:]) - 1)
        assert skeleton.mass_kg == pytest.approx(person.mass_kg, abs=1e-6)
        assert float(session.metadata["mass_kg"]) == person.mass_kg
        assert float(session.metadata["height_m"]) == person.stature_m
        assert session.subject == person.id
    import opensim

    model = opensim.Model(str(trials[0][0].model_path))
    assert not any(model.getCoordinateSet().get(f"{name}_r").get_locked() for name in ("subtalar_angle", "mtp_angle"))


def test_feet_stay_planted(trials):
    for _, skeleton, motion in trials:  # of this seed, all on both feet
        points = skeleton.contact_points(torch.as_tensor(motion.coordinates)).unflatten(1, (2, 6)).numpy()
        lifted = (points[..., 1] - points[0, :, :, 1]).max() > 0.02  # this person's heels rise
        slip = np.linalg.norm((points - points[0])[:, :, 1:3, [0, 2]], axis=-1)
        assert slip.max() < (0.008 if lifted else 0.003)
        sole = points[..., 1] - skeleton.contact_radii.numpy().reshape(2, 6)
        assert np.median(sole[:, :, 1:3]) == pytest.approx(0, abs=0.008)
        assert sole.min() > -0.03


def test_coordinates_within_the_models_ranges(trials):
    for _, skeleton, motion in trials:
        low, high = skeleton.coordinate_range.numpy().T
        assert (motion.coordinates >= low).all()
        assert (motion.coordinates <= high).all()


def test_repetitions_are_found_and_start_upright(trials):
    for _, _, motion in trials:
        found = segment_repetitions(motion)
        assert len(found) == REPETITIONS
        for repetition in found:
            knee = motion.column("knee_angle_r")
            assert knee[repetition.start_frame] < 0.35 * knee[repetition.bottom_frame]


def test_motion_is_smooth(trials):
    for _, _, motion in trials:
        speed = np.diff(motion.coordinates[:, COORDINATE_INDEX["hip_flexion_l"] : 18], axis=0) * 60
        assert np.abs(speed).max() < 500  # degrees a second; real squats reach 290
        acceleration = np.diff(motion.coordinates[:, 3:6], 2, axis=0) * 3600
        assert np.sqrt((acceleration**2).sum(1).mean()) < 40  # m/s²; the paper's recordings have 30


def test_same_seed_same_files_and_people_differ(root, tmp_path):
    again = sessions.make_session(settings(tmp_path), 1).path
    first = root / "Data" / again.name
    files = sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert len(files) == 3 + TRIALS
    for name in files:
        assert (again / name).read_bytes() == (first / name).read_bytes()

    people = [draw_person(SEED, index) for index in range(40)]
    assert len({(p.stature_m, p.mass_kg) for p in people}) == 40
    assert 12 <= sum(p.sex == "f" for p in people) <= 28
    assert draw_person(SEED + 1, 0) != people[0]


def test_population_is_spread():
    people = [draw_person(0, index) for index in range(64)]
    statures = [person.stature_m for person in people]
    assert min(statures) < 1.55
    assert max(statures) > 1.88
    masses = [person.mass_kg for person in people]
    assert 45 <= min(masses) < 50
    assert 125 < max(masses) <= 140
    styles = [draw_style(0, index, 0.85) for index in range(64)]
    depths = [style.knee.top + style.knee.change for style in styles]
    assert min(depths) < 75
    assert max(depths) > 130
    assert len({style.arm_style for style in styles}) == 8
    durations = [style.tempo.descent_s + style.tempo.bottom_s + style.tempo.ascent_s for style in styles]
    assert min(durations) < 1.2
    assert max(durations) > 7
    assert sum(style.swing is not None for style in styles) == 8  # one in eight is on one leg


def test_nobody_falls_or_leaps():
    """With the acceleration of a minimum-jerk movement, 5.77 d / t², no pelvis needs more than half of gravity."""
    for style in (draw_style(0, index, 0.85) for index in range(128)):
        drop_m = 0.85 * (1 - np.cos(np.radians(style.knee.top + style.knee.change) / 2))
        for duration_s in (style.tempo.descent_s, style.tempo.ascent_s):
            assert 5.77 * drop_m / duration_s**2 < 5.01


def test_targets_have_the_requested_number_of_repetitions():
    style = draw_style(0, 5, 0.85)
    depth = draw_targets(style, 0, 5, 4).depth
    rises = np.diff((depth > 0.5).astype(int))
    assert (rises == 1).sum() == (rises == -1).sum() == 4
    assert depth.max() == pytest.approx(1, abs=0.03)
    assert depth[0] == pytest.approx(0, abs=1e-6)


def test_complete_session_is_kept(root):
    path = open_session("demo-person-001", root).squat_trials[0]
    before = path.stat().st_mtime_ns
    sessions.make_session(settings(root), 0)
    assert path.stat().st_mtime_ns == before


def test_split_is_by_subject_and_another_population_is_an_error(tmp_path):
    population = settings(tmp_path)
    sessions.start_population(population)
    for index in range(12):
        sessions.session_folder(tmp_path, index).mkdir(parents=True)
    held_out = sessions.finish_population(tmp_path, labels=False)
    assert held_out == ("demo-person-005", "demo-person-010")
    assert tuple(read_ids(demo_holdout(tmp_path))) == held_out
    assert read_ids(demo_validation(tmp_path)) == ["demo-person-009"]
    for index in range(2, 12):
        sessions.session_folder(tmp_path, index).rmdir()
    sessions.finish_population(tmp_path, labels=False)  # too few for sets of their own, which are drawn then
    assert demo_holdout(tmp_path) is demo_validation(tmp_path) is None
    with pytest.raises(InputError, match=f"seed {SEED}"):
        sessions.start_population(replace(population, seed=SEED + 1))


def test_people_of_an_earlier_call_for_more_of_them_stay_held_out(tmp_path):
    """They were trained on, since the lists of who is held out were those of the people of the last call."""
    sessions.start_population(settings(tmp_path))
    for index in range(11):
        sessions.session_folder(tmp_path, index).mkdir(parents=True)
    (tmp_path / "Data" / "demo-person-005 (copy)").mkdir()
    population = {"trials": TRIALS, "repetitions": REPETITIONS, "seed": SEED, "out_dir": tmp_path}
    result = make_demo_sessions(DemoConfig(people=2, jobs=1, labels=False, **population))
    assert [session.id for session in result.sessions] == ["demo-person-001", "demo-person-002"]
    assert result.held_out == ("demo-person-005", "demo-person-010")
    assert tuple(read_ids(demo_holdout(tmp_path))) == result.held_out
    assert read_ids(demo_validation(tmp_path)) == ["demo-person-009"]


def test_demo_root_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGE_DEMO", str(tmp_path))
    assert demo_root() == tmp_path
    assert demo_holdout(tmp_path) is None
    monkeypatch.setenv("BIGE_DEMO", str(tmp_path / "missing"))
    with pytest.raises(InputError, match="BIGE_DEMO"):
        demo_root()


def test_shipped_subjects_are_whole_and_small():
    shipped = discover_sessions(SHIPPED_DEMO)
    assert [session.id for session in shipped] == ["demo-person-040", "demo-person-075"]
    size = sum(path.stat().st_size for path in SHIPPED_DEMO.rglob("*") if path.is_file())
    assert size < 3.4e6
    for session in shipped:
        assert sessions.is_held_out(int(session.id[-3:]) - 1)
        assert len(session.squat_trials) == 1
        assert len(session.muscle_driven) == 5
        assert all(read_motion(path).activations is not None for path in session.muscle_driven)
        for path in session.muscle_driven:  # with the moments and forces that a training needs
            assert path.with_name(f"kinetics_{path.parent.name}.mot").is_file()
            assert path.with_name(f"forces_resultant_{path.parent.name}.mot").is_file()


def test_labels_of_the_shipped_subjects_are_those_of_the_present_simulation():
    session = open_session("demo-person-075", SHIPPED_DEMO)
    motion = read_motion(session.squat_trials[0])
    repetition = segment_repetitions(motion)[0]
    simulated = simulate_repetition(build_simulator(session.model_path), motion, repetition, "again")
    shipped = read_motion(session.muscle_driven[0])
    np.testing.assert_allclose(shipped.time_s, simulated.motion.time_s, atol=1e-5)
    np.testing.assert_allclose(shipped.activations, simulated.motion.activations, atol=5e-3)


def test_one_call_makes_a_population(tmp_path):
    result = make_demo_sessions(DemoConfig(people=1, trials=1, repetitions=1, labels=False, out_dir=tmp_path / "one"))
    assert [session.id for session in result.sessions] == ["demo-person-001"]
    assert result.held_out == ()
    assert not result.sessions[0].muscle_driven
    with pytest.raises(InputError, match="people is 0"):
        DemoConfig(people=0)


@pytest.mark.parametrize("name", ["people", "trials", "repetitions"])
def test_a_population_that_no_disk_has_room_for_is_refused(name):
    with pytest.raises(InputError, match=rf"--{name} is 1000000, expected a number of at most"):
        DemoConfig(**{name: 1_000_000})


def test_there_are_no_more_processes_than_people(tmp_path, monkeypatch):
    def pool(jobs):
        raise KeyboardInterrupt(jobs)

    context = SimpleNamespace(Pool=pool)
    monkeypatch.setattr("utils.demo_sessions.demo_session_maker.multiprocessing.get_context", lambda _: context)
    with pytest.raises(KeyboardInterrupt, match="^3$"):
        make_demo_sessions(DemoConfig(people=3, jobs=100_000, out_dir=tmp_path))


def test_command_makes_people_and_their_split(tmp_path):
    command = [sys.executable, "make_demo_sessions.py", "--people", "1", "--trials", "1", "--repetitions", "1"]
    done = subprocess.run(
        [*command, "--no-labels", "--out-dir", str(tmp_path / "few")], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "1 people" in done.stdout
    assert (tmp_path / "few" / COMPLETE_NAME).is_file()
