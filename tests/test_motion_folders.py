"""Folders of motions: every layout, the masks of their windows, and unreadable files."""

import numpy as np
import pytest
from synthetic_squats import RECORDED_REPETITIONS, squats

from dataset.errors import InputError
from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import write_table
from dataset.motion_folders.file_types import MUSCLE_DRIVEN
from dataset.motion_folders.folder_reader import read_motion_folder
from dataset.motion_folders.tiling import tiling_period
from dataset.sessions import Session
from models.conventions import MUSCLES


def one_squat(**options) -> Motion:
    return squats(1, **options)


def shape(folder):
    return {subject.subject: [motion.name for motion in subject.windows] for subject in folder.subjects}


def make_session(path, trial=None):
    (path / "OpenSimData" / "Model").mkdir(parents=True)
    (path / "OpenSimData" / "Kinematics").mkdir()
    if trial is not None:
        write_motion(path / "OpenSimData" / "Kinematics" / "squats1.mot", trial)
    return Session(path)


def test_a_guidance_runs_folder_is_read_from_above_with_each_persons_session(tmp_path):
    session = make_session(tmp_path / "people" / "person-1")
    run = tmp_path / "mine"
    for j in (0, 10, 2):
        write_motion(run / "mot_visualization" / "latents_subject_run_person-1" / f"entry_{j}_mine.mot", one_squat())
    write_motion(run / "mot_visualization" / "latents_subject_run_stranger" / "entry_0_mine.mot", one_squat())
    for path in (run, run / "mot_visualization"):
        found = read_motion_folder(path, "mot", sessions=[session])
        assert shape(found) == {
            "person-1": ["entry_0_mine", "entry_2_mine", "entry_10_mine"],
            "stranger": ["entry_0_mine"],
        }
        assert [subject.session for subject in found.subjects] == [session, None]
        assert found.name == "mine"
        assert found.count == 4


def test_plain_subject_folders_and_one_flat_folder(tmp_path):
    for name in ("a/x", "b/y", "b/z"):
        write_motion(tmp_path / f"{name}.mot", one_squat())
    assert shape(read_motion_folder(tmp_path, "mot")) == {"a": ["x"], "b": ["y", "z"]}
    assert shape(read_motion_folder(tmp_path / "b", "mot")) == {"b": ["y", "z"]}
    chosen = make_session(tmp_path / "people" / "p")
    found = read_motion_folder(tmp_path / "b", "mot", model_of=chosen)
    assert found.subjects[0].session == chosen


def test_a_session_without_a_model_gets_that_of_a_known_one_of_its_name(tmp_path):
    known, chosen = make_session(tmp_path / "known" / "anna"), make_session(tmp_path / "ben")
    own = make_session(tmp_path / "Data" / "anna", one_squat())
    for model, expected in ((None, known), ("a.osim", own)):
        if model:
            (own.path / "OpenSimData" / "Model" / model).touch()
        (found,) = read_motion_folder(own.path.parent, "mocap", sessions=[known]).subjects
        assert found.session == expected
        (found,) = read_motion_folder(own.path.parent, "mocap", sessions=[known], model_of=chosen).subjects
        assert found.session == chosen


def test_motions_of_one_subject_in_two_folders_and_with_endings_in_capitals_are_all_read(tmp_path):
    for folder, file in (("anna", "a.mot"), ("latents_subject_run_anna", "b.MOT")):
        (tmp_path / folder).mkdir()
        write_motion(tmp_path / folder / file, one_squat())
    assert shape(read_motion_folder(tmp_path, "mot")) == {"anna": ["a", "b"]}


def test_of_a_motion_in_both_units_the_file_in_degrees_is_read(tmp_path):
    write_motion(tmp_path / "walk_degrees.mot", one_squat(depth_deg=80))
    write_motion(tmp_path / "walk_radians.mot", one_squat(depth_deg=80), in_degrees=False)
    write_motion(tmp_path / "alone_radians.mot", one_squat(depth_deg=80), in_degrees=False)
    found = read_motion_folder(tmp_path, "mot").subjects[0].windows
    assert [motion.name for motion in found] == ["walk_degrees", "alone_radians"]
    for motion in found:
        assert motion.coordinates.max() == pytest.approx(80, abs=0.1)


def test_different_rates_and_lengths_become_sixty_hertz(tmp_path):
    for rate in (50, 60, 100, 200):
        write_motion(tmp_path / f"at_{rate}.mot", one_squat(rate_hz=rate, start_s=3.55))
    write_motion(tmp_path / "long.mot", squats(4))
    found = read_motion_folder(tmp_path, "mot").subjects[0].windows
    lengths = {motion.name: len(motion) for motion in found}
    assert {lengths[f"at_{rate}"] for rate in (50, 60, 100, 200)} == {181}
    assert lengths["long"] == 594
    for motion in found:
        assert motion.has_squat
        assert motion.counted.all()
        start, end = motion.repetition_span
        assert 90 < end - start < 160  # the first squat and no other
        knee = motion.coordinates[start:end, 12]
        assert knee.max() == pytest.approx(95, abs=0.5)
        assert max(knee[0], knee[-1]) < 20


def test_arrays_hold_one_motion_or_many(tmp_path):
    coordinates = one_squat().coordinates
    np.save(tmp_path / "one.npy", coordinates.astype(np.float32))
    np.save(tmp_path / "many.npy", np.stack([coordinates, coordinates + 1]))
    (tmp_path / "one.npy").rename(tmp_path / "one.NPY")
    found = read_motion_folder(tmp_path, "npy").subjects[0].windows
    assert [motion.name for motion in found] == ["one", "many_0", "many_1"]
    np.testing.assert_allclose(found[2].coordinates, coordinates + 1)


def test_arrays_of_another_rate_are_resampled(tmp_path):
    coordinates = one_squat().coordinates
    np.save(tmp_path / "slow.npy", coordinates[::3])
    (found,) = read_motion_folder(tmp_path, "npy", array_rate_hz=20).subjects[0].windows
    np.testing.assert_allclose(found.coordinates, coordinates[: len(found)], atol=0.05)
    assert len(found) == 3 * (len(coordinates[::3]) - 1) + 1


def test_unusable_arrays_are_left_out_and_named(tmp_path):
    np.save(tmp_path / "good.npy", one_squat().coordinates)
    np.save(tmp_path / "joints.npy", np.zeros((60, 22, 3)))
    np.save(tmp_path / "gap.npy", np.full((60, 33), np.nan))
    np.save(tmp_path / "words.npy", np.array([["no"] * 33] * 4))
    np.save(tmp_path / "object.npy", np.array([{"a": 1}]))
    np.save(tmp_path / "short.npy", np.zeros((2, 33)))
    (tmp_path / "text.npy").write_text("no array")
    found = read_motion_folder(tmp_path, "npy")
    assert [motion.name for motion in found.subjects[0].windows] == ["good"]
    assert len(found.left_out) == 6
    for name in ("joints", "gap", "words", "object", "short", "text"):
        assert any(f"{name}.npy" in sentence for sentence in found.left_out), name


def test_a_tiled_motion_counts_once():
    part = one_squat().coordinates
    assert tiling_period(np.concatenate([part, part])) == len(part)
    assert tiling_period(np.concatenate([part, part[:90]])) == len(part)
    assert tiling_period(part) is None
    assert tiling_period(np.zeros((196, 33))) is None
    drifting = squats(3).coordinates
    assert tiling_period(drifting + np.linspace(0, 1, len(drifting))[:, None]) is None


def test_the_copies_of_a_tiled_file_are_masked(tmp_path):
    part = one_squat(bend_s=0.9, stance_s=0.3).coordinates
    np.save(tmp_path / "tiled.npy", np.tile(part, (3, 1))[:196])
    motion = read_motion_folder(tmp_path, "npy").subjects[0].windows[0]
    assert motion.counted.all()
    assert motion.recorded.sum() == len(part)
    assert motion.repetition_span[1] <= len(part)


def test_a_motion_without_a_complete_squat_counts_as_one_repetition(tmp_path):
    half = one_squat()
    write_motion(tmp_path / "down.mot", half.cut(0, 90))
    motion = read_motion_folder(tmp_path, "mot").subjects[0].windows[0]
    assert not motion.has_squat
    assert motion.repetition_span == (0, 90)


def test_unreadable_files_are_left_out_and_named(tmp_path):
    write_motion(tmp_path / "good.mot", one_squat())
    write_table(tmp_path / "forces.mot", ["ground_force_vx"], np.zeros((10, 1)), np.arange(10) / 60)
    (tmp_path / "notes.mot").write_text("this is no motion\n")
    (tmp_path / "notes.txt").write_text("nor this, but it does not claim to be\n")
    broken = (tmp_path / "good.mot").read_text().splitlines()
    (tmp_path / "cut.mot").write_text("\n".join(broken[:40]))
    write_motion(tmp_path / "flash.mot", one_squat().cut(0, 3))
    found = read_motion_folder(tmp_path, "mot")
    assert [motion.name for motion in found.subjects[0].windows] == ["good"]
    assert len(found.left_out) == 4
    for name in ("forces", "notes", "cut", "flash"):
        assert any(f"{name}.mot" in sentence for sentence in found.left_out), name


def test_folders_without_motions_are_errors(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_motion_folder(tmp_path / "missing", "mot")
    with pytest.raises(InputError, match=r"holds no motion \(\*.mot\)"):
        read_motion_folder(tmp_path, "mot")
    with pytest.raises(InputError, match="no OpenCap session"):
        read_motion_folder(tmp_path, "mocap")
    (tmp_path / "bad.mot").write_text("no\n")
    with pytest.raises(InputError, match="nothing here can be evaluated.*bad.mot"):
        read_motion_folder(tmp_path, "mot")


def test_the_error_for_sessions_names_the_option_that_reads_them(tmp_path):
    make_session(tmp_path / "Data" / "person", squats(2))
    with pytest.raises(InputError, match="--file_type mocap"):
        read_motion_folder(tmp_path, "mot")
    assert read_motion_folder(tmp_path, "mocap").count == 2


def test_windows_of_a_trial_count_one_squat_and_the_standing_after_it(tmp_path):
    make_session(tmp_path / "person", squats(3, rate_hz=100))
    make_session(tmp_path / "empty")
    found = read_motion_folder(tmp_path, "mocap")
    assert shape(found) == {"person": ["squats1_1", "squats1_2", "squats1_3"]}
    assert len(found.left_out) == 1
    first = found.subjects[0].windows[0]
    assert first.recorded.all()
    assert first.standing.sum() > 20
    assert first.counted.sum() == pytest.approx(first.repetition_span[1], abs=12)
    assert first.repetition_span[1] < 196
    assert first.has_squat


def test_muscle_driven_repetitions_keep_their_activations(tmp_path):
    motion = squats(1, rate_hz=50, start_s=3.5)
    active = Motion(
        motion.time_s, motion.coordinates, np.tile(np.linspace(0.2, 0.4, len(motion))[:, None], len(MUSCLES))
    )
    session = make_session(tmp_path / "person")
    folder = session.path / "OpenSimData" / "Dynamics" / "squats1_segment_1"
    write_motion(folder / "kinematics_activations_squats1_segment_1_muscle_driven.mot", active, style="muscle_driven")
    found = read_motion_folder(tmp_path, MUSCLE_DRIVEN).subjects[0].windows[0]
    assert found.name == "squats1_segment_1"
    assert found.activations.shape == (len(found), 80)
    assert found.counted.all()


def test_recorded_sessions(recordings):
    data = recordings / "opencap" / "Data"
    found = read_motion_folder(data, "mocap")
    counts = {subject.subject: len(subject.windows) for subject in found.subjects}
    expected: dict[str, int] = {}
    for name, count in RECORDED_REPETITIONS.items():
        subject, trial = name.split("/")
        if trial != "Asym_0":  # not named a squat
            expected[subject] = expected.get(subject, 0) + count
    assert counts == expected
    assert not found.left_out
    driven = read_motion_folder(data, MUSCLE_DRIVEN)
    assert shape(driven) == {"field-subject0": ["Squats_0_1", "Squats_0_2"]}
    for motion in (*driven.subjects[0].windows, *(m for subject in found.subjects for m in subject.windows)):
        assert motion.has_squat, motion.name
        start, end = motion.repetition_span
        assert abs(end - start - motion.counted.sum()) < 25, motion.name
