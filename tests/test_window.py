"""Windows and placement: recorded frames are unchanged, windows end in stance, and placement is undone exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from opensim_poses import rajagopal2015
from synthetic_squats import RECORDED_REPETITIONS, recorded_trials, squats

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import open_session
from dataset.windows.floor import floor_height
from dataset.windows.mirror import mirror_motion
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.placement import Placement, place
from dataset.windows.resample import resample
from dataset.windows.segmentation import Repetition, segment_repetitions
from dataset.windows.squat_evidence import feet_of
from dataset.windows.window import (
    reason_not_to_fit,
    whole_repetition,
    window_of_motion,
    windows_of_repetitions,
    windows_of_trial,
)
from models.conventions import COORDINATE_INDEX, TRANSLATION_INDICES


def test_a_window_is_a_whole_repetition_and_then_standing():
    motion = squats(4)
    windows = windows_of_trial(motion)
    assert len(windows) == 4
    for window, repetition in zip(windows, segment_repetitions(motion), strict=True):
        start, length = repetition.start_frame, repetition.end_frame - repetition.start_frame
        recorded = int(window.recorded.sum())
        assert window.repetition_span == (0, length)
        assert np.array_equal(window.standing, ~window.first_repetition)
        assert window.recorded[:recorded].all()
        assert np.array_equal(window.coordinates[:recorded], motion.coordinates[start : start + recorded])
        # Between the squats of `squats`, people stand still for 0.7 s; the next descent is not in the window.
        assert 30 <= recorded - length <= 48
        knee = window.coordinates[:, COORDINATE_INDEX["knee_angle_r"]]
        assert knee[length:].max() < 6.0
        assert np.abs(np.diff(window.coordinates[-24:], axis=0)).max() < 1e-9
        assert knee[-1] == pytest.approx(4.0, abs=0.5)


@pytest.mark.parametrize(("bend_s", "hold_s", "frames"), [(6.0, 2.0, 600), (1.2, 0.0, 196), (1.2, 0.0, 600)])
def test_windows_of_any_tempo_end_at_rest_in_the_stance(bend_s, hold_s, frames):
    motion = squats(2, bend_s=bend_s, hold_s=hold_s, stance_s=0.3)
    windows = windows_of_trial(motion, frames)
    assert len(windows) == 2
    for window in windows:
        assert len(window) == frames
        assert window.first_repetition.sum() == pytest.approx(60 * (bend_s + hold_s), abs=12)
        assert np.abs(window.coordinates[-24:] - motion.coordinates[0]).max() < 0.6
        assert np.abs(np.diff(window.coordinates[-24:], axis=0)).max() < 1e-9


def test_standing_ends_where_the_next_descent_begins_however_slow_it_is():
    """The recording ends in a squat of six seconds down, so slowly that its speed alone would pass for sway."""
    first, second = squats(1, stance_s=0.5), squats(1, bend_s=12.0, stance_s=0.5).cut(0, 200)
    coordinates = np.concatenate([first.coordinates, second.coordinates])
    window = windows_of_trial(Motion(np.arange(len(coordinates)) / 60, coordinates), 600)[0]
    stood = window.coordinates[window.recorded & window.standing, COORDINATE_INDEX["knee_angle_r"]]
    assert len(stood) > 60
    assert stood.max() - stood.min() < 4


def test_a_repetition_that_does_not_fit_is_left_out_and_the_length_that_it_needs_is_named():
    motion = squats(1, bend_s=4.0, hold_s=1.0)
    (repetition,) = segment_repetitions(motion)
    assert windows_of_trial(motion) == []
    reason = reason_not_to_fit(repetition, 196)
    needed = int(reason.split("--seq-len ")[1].split()[0])
    assert reason_not_to_fit(repetition, 4 * needed) is None
    assert reason_not_to_fit(repetition, 4 * (needed - 1)) == reason
    assert len(windows_of_trial(motion, 4 * needed)) == 1
    longest = Repetition.without_hold(0, 700, 350)
    assert "longest window" in reason_not_to_fit(longest, 600)


@pytest.mark.parametrize("end_deg", [4.0, 16.0])
def test_a_recording_that_breaks_off_comes_to_the_stance_of_its_beginning(end_deg):
    """The knees come to the stance before the squat, without a jump, and the feet stay below the body."""
    motion = squats(1)
    knee = motion.column("knee_angle_l")
    bottom = int(knee.argmax())
    cut = bottom + int(np.argmax(knee[bottom:] <= end_deg))
    (window,) = windows_of_trial(motion.cut(0, cut))
    recorded = int(window.recorded.sum())
    assert recorded == window.first_repetition.sum()
    expected = motion.coordinates[0].copy()
    expected[3:6] = window.coordinates[-1, 3:6]
    np.testing.assert_allclose(window.coordinates[-1], expected, atol=1e-6)
    step = np.abs(np.diff(window.coordinates[recorded - 2 :], n=2, axis=0)).max(0)
    assert (step <= 2.0 * np.abs(np.diff(motion.coordinates, n=2, axis=0)).max(0) + 1e-9).all()


def test_the_stance_keeps_the_feet_where_they_are():
    """A person who stands elsewhere before the squat than after it does not slide back."""
    motion = squats(1)
    moved = motion.coordinates.copy()
    moved[:, COORDINATE_INDEX["pelvis_tx"]] += np.clip(motion.time_s - 1.0, 0.0, 1.0) * 0.1
    cut = segment_repetitions(motion)[0].end_frame
    (window,) = windows_of_trial(Motion(motion.time_s, moved).cut(0, cut))
    ankles_m, _ = feet_of(window.motion())
    drift_m = ankles_m[window.standing] - ankles_m[window.standing][0]
    assert np.abs(drift_m).max() < 0.005


def test_a_person_who_walks_away_after_the_squat_stands_still_in_the_window():
    motion = squats(1, stance_s=2.0)
    walking = motion.coordinates.copy()
    since_s = np.clip(motion.time_s - 4.2, 0.0, None)
    walking[:, COORDINATE_INDEX["pelvis_tx"]] += since_s
    walking[:, COORDINATE_INDEX["hip_flexion_l"]] += 30 * np.sin(4 * since_s)
    (window,) = windows_of_trial(Motion(motion.time_s, walking))
    assert 10 <= (window.recorded & window.standing).sum() <= 45
    assert np.ptp(window.coordinates[window.standing], axis=0).max() < 3.0


def test_masks_and_extra_coordinates_follow_the_frames():
    motion = squats(1)
    motion = replace(motion, extra={"knee_adduction_r": np.linspace(0.0, 2.0, len(motion))})
    (window,) = windows_of_trial(motion)
    start, end = window.repetition_span
    assert start == 0
    assert window.first_repetition.sum() == window.counted.sum() == end
    assert all(len(values) == len(window) == 196 for values in window.extra.values())
    cut = window.without_extension()
    assert len(cut) == window.recorded.sum() < 196
    assert cut.recorded.all()
    assert np.array_equal(cut.time_s, window.time_s[: len(cut)])
    first = round(window.start_s * 60)
    assert np.array_equal(cut.extra["knee_adduction_r"], motion.extra["knee_adduction_r"][first : first + len(cut)])


def test_a_whole_motion_as_a_window_is_the_motion():
    motion = squats(2)
    window = window_of_motion(motion)
    assert window.repetition_span == (0, len(motion))
    assert np.array_equal(window.coordinates, motion.coordinates)
    assert window.counted.all()
    assert window.without_extension().coordinates.shape == motion.coordinates.shape


@pytest.mark.parametrize("cut", [60, 75, 90, 110])
def test_no_jump_of_position_or_speed_where_the_recording_ends(cut):
    """Cut anywhere, in the fastest descent too: the speed changes little faster there than in the squat, though
    the body has to come up to the stance within 0.8 s.
    """
    motion = squats(1).cut(0, cut)
    (window,) = windows_of_repetitions(motion, [Repetition.without_hold(0, cut, 30)], [0])
    speed = np.diff(window.coordinates, axis=0)
    change = np.abs(np.diff(speed, axis=0))
    recorded, seam = change[: cut - 2].max(0), change[cut - 2 : cut + 1].max(0)
    assert (seam <= 2.0 * recorded + 1e-9).all()
    assert np.abs(speed[-24:]).max() < 1e-9
    assert np.array_equal(window.recorded, np.arange(196) < cut)


@pytest.mark.parametrize("name", RECORDED_REPETITIONS)
def test_recorded_windows_start_upright_and_end_at_rest(recordings, name):
    motion = read_motion(recorded_trials(recordings)[name])
    windows = windows_of_trial(motion)
    assert len(windows) == RECORDED_REPETITIONS[name]
    for window in windows:
        knee = window.coordinates[:, COORDINATE_INDEX["knee_angle_r"]]
        first = knee[window.first_repetition]
        assert first[0] < 25
        assert first[-1] < 25
        assert first.max() > 70
        step = np.abs(np.diff(window.coordinates, axis=0))
        own = np.abs(np.diff(resample(motion).coordinates, axis=0)).max(0)
        settling = np.where(np.isin(np.arange(33), TRANSLATION_INDICES), 0.2, 60.0) / 60.0  # m and degrees a frame
        assert (step.max(0) <= np.maximum(1.05 * own, settling)).all()
        assert np.abs(np.diff(window.coordinates[-24:], axis=0)).max() < 1e-9
        for side in "lr":
            assert window.coordinates[-1, COORDINATE_INDEX[f"knee_angle_{side}"]] < 20


def test_a_muscle_driven_repetition_fills_a_window(recordings):
    folder = recordings / "opencap" / "Data" / "field-subject0" / "OpenSimData" / "Dynamics" / "Squats_0_1"
    motion = resample(read_motion(folder / "kinematics_activations.mot"))
    (window,) = windows_of_repetitions(motion, [whole_repetition(motion)], [0])
    assert window.activations.shape == (196, 80)
    assert window.recorded.sum() == window.first_repetition.sum() == 104
    assert window.start_s == 3.55
    assert 0 <= window.activations.min() < window.activations.max() <= 1
    assert np.abs(np.diff(window.activations, axis=0)).max() < 0.12


def test_a_window_needs_60_hz():
    with pytest.raises(InputError, match="100 Hz"):
        windows_of_repetitions(squats(1, rate_hz=100.0), [Repetition.without_hold(0, 100, 50)], [0])


@pytest.fixture
def turning() -> np.ndarray:
    """(4, 50, 33): people who face anywhere, turn past 180 degrees, and lean and list."""
    draw = np.random.default_rng(0)
    coordinates = draw.normal(0, 12, (4, 50, 33))
    coordinates[..., 2] = np.array([0.0, 95.0, 178.0, -500.0])[:, None] + np.cumsum(draw.normal(0, 4, (4, 50)), axis=1)
    coordinates[..., 3:6] = draw.normal(0, 1, (4, 50, 3))
    return coordinates


@pytest.mark.parametrize("tilt_deg", [-85.0, 90.0])
def test_a_body_that_faces_floor_or_ceiling_is_placed_along_x(tilt_deg):
    lying = np.zeros((2, 20, 33))
    lying[..., COORDINATE_INDEX["pelvis_tilt"]] = tilt_deg + np.random.default_rng(0).normal(0, 2, 20)
    lying[1] = Placement(np.zeros(3), np.float64(130.0)).restore(lying[1])
    placed, placement = place(lying)
    for name in ("pelvis_list", "pelvis_rotation"):
        assert np.abs(placed[..., COORDINATE_INDEX[name]]).max() < 1e-6
    assert np.allclose(placed[1], placed[0])
    assert placement.heading_deg == pytest.approx([0, 130])


def test_placing_is_undone_exactly(turning):
    placed, placement = place(turning, floor_m=np.array([0.0, 0.1, -0.2, 0.3]))
    assert np.abs(placement.restore(placed) - turning).max() < 1e-9
    assert np.abs(placed[:, 0, [2, 3, 5]]).max() < 1e-9
    again, _ = place(placed)
    assert np.abs(again - placed).max() < 1e-9
    one, _ = place(turning[2], -0.2)
    assert np.abs(one - placed[2]).max() < 1e-9


def test_placing_moves_the_body_as_a_whole(turning):
    """All joint centres: the same distances, turned about the vertical only, and standing on the given floor."""
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    placed, _ = place(turning, floor_m=0.25)
    before = skeleton.joint_centres(torch.tensor(turning)).numpy().reshape(4, -1, 3)
    after = skeleton.joint_centres(torch.tensor(placed)).numpy().reshape(4, -1, 3)
    assert np.abs(after[..., 1] - (before[..., 1] - 0.25)).max() < 1e-9
    for person in range(4):
        relative = [points[person] - points[person, :1] for points in (before, after)]
        angles = [np.arctan2(-points[1:, 2], points[1:, 0]) for points in relative]
        turned = np.exp(1j * (angles[1] - angles[0]))
        level = np.hypot(relative[0][1:, 0], relative[0][1:, 2]) > 1e-6
        assert np.abs(turned[level] - turned[level][0]).max() < 1e-6
        assert np.allclose(np.linalg.norm(relative[0], axis=1), np.linalg.norm(relative[1], axis=1))


def test_the_mirrored_motion_is_the_mirrored_body(recordings, turning):
    """On a symmetric model every joint centre lands on its partner's reflection in the sagittal plane."""
    skeleton = load_skeleton(recordings / "models" / "LaiUhlrich2022.osim", torch.float64)
    motion = torch.tensor(turning)
    own, mirrored = skeleton.joint_centres(motion), skeleton.joint_centres(mirror_motion(motion))
    names = skeleton.joint_names
    other = {"_l": "_r", "_r": "_l"}
    partners = [names.index(name[:-2] + other.get(name[-2:], name[-2:])) for name in names]
    assert (mirrored[..., partners, :] * torch.tensor([1.0, 1.0, -1.0]) - own).abs().max() < 1e-9


def _session(folder, name, motion, mass_kg=70):
    path = folder / "Data" / name
    write_motion(path / "OpenSimData" / "Kinematics" / "squat1.mot", motion)
    (path / "sessionMetadata.yaml").write_text(f"mass_kg: {mass_kg}\n")
    return open_session(path)


def test_dataset_has_placed_windows_and_leaves_unreadable_files_out(tmp_path, caplog):
    good = _session(tmp_path, "good", squats(3))
    bad = _session(tmp_path, "bad", squats(3))
    trial = bad.trials[0]
    trial.write_text(trial.read_text().replace("knee_angle_l", "knee_angle_x"))
    data = MotionDataset([good, bad], floor_m=lambda session, motion: 0.1)
    assert data.names == ["good/squat1_1", "good/squat1_2", "good/squat1_3"]
    assert str(trial) in caplog.text
    item = data[1]
    assert item["motion"].shape == (196, 33)
    assert item["motion"].dtype == torch.float32
    assert item["motion"][0, 4] == pytest.approx(0.85, abs=1e-3)
    assert item["motion"][0, [2, 3, 5]].abs().max() < 1e-6
    assert set(item) == {"motion", "recorded", "first_repetition", "standing"}
    ((source, reason),) = [(one.source, one.reason) for one in data.left_out]
    assert source == "bad/squat1"
    assert "knee_angle_l" in reason
    with pytest.raises(InputError, match="no usable muscle-driven repetition"):
        MotionDataset([good], with_activations=True)


def test_a_trial_without_a_squat_is_left_out_with_the_reason(tmp_path):
    good = _session(tmp_path, "good", squats(1))
    still = _session(tmp_path, "still", Motion(np.arange(200) / 60, np.repeat(squats(1).coordinates[:1], 200, axis=0)))
    data = MotionDataset([good, still], floor_m=lambda session, motion: 0.0)
    assert len(data) == 1
    assert [(one.source, one.is_part) for one in data.left_out] == [("still/squat1", False)]
    assert "no squat repetition" in data.left_out[0].reason


def test_repetitions_that_do_not_fit_are_named_and_the_others_keep_their_numbers(tmp_path):
    parts = [squats(1), squats(1, bend_s=4.0, hold_s=1.0), squats(1)]
    coordinates = np.concatenate([part.coordinates for part in parts])
    session = _session(tmp_path, "mixed", Motion(np.arange(len(coordinates)) / 60, coordinates))
    data = MotionDataset([session], floor_m=lambda session, motion: 0.0)
    assert data.names == ["mixed/squat1_1", "mixed/squat1_3"]
    (left_out,) = data.left_out
    assert left_out.is_part
    assert "1 of 3 repetitions do not fit" in left_out.reason
    assert "--seq-len" in left_out.reason
    longer = MotionDataset([session], frames=400, floor_m=lambda session, motion: 0.0)
    assert len(longer) == 3
    assert not longer.left_out
    for item in longer:
        assert len(item["motion"]) == 400
        assert torch.equal(item["standing"], ~item["first_repetition"])
        assert (item["motion"][-24:] == item["motion"][-1]).all()


def test_dataset_of_recordings_stands_on_the_floor(recordings):
    """The lowest foot point of every placed window is at the floor, within the 2 cm that a foot's fit leaves."""
    sessions = [open_session(recordings / "opencap" / "Data" / name) for name in ("lab-subject4", "field-subject0")]
    data = MotionDataset(sessions)
    assert len(data) == 15
    for i, session in enumerate(data.sessions):
        skeleton = load_skeleton(session.model_path)
        motion = data[i]["motion"][data[i]["recorded"]]
        lowest = (skeleton.contact_points(motion)[..., 1] - skeleton.contact_radii).amin(-1)
        assert lowest.median().abs() < 0.02
    labelled = MotionDataset(sessions[1:], with_activations=True)
    assert labelled.names == ["field-subject0/Squats_0_1", "field-subject0/Squats_0_2"]
    assert labelled[0]["activations"].shape == (196, 80)


def test_floor_is_found_wherever_the_recording_puts_it(recordings):
    session = open_session(recordings / "opencap" / "Data" / "lab-subject5")
    motion = read_motion(session.trials[0])
    raised = motion.coordinates.copy()
    raised[:, COORDINATE_INDEX["pelvis_ty"]] += 0.5
    higher = floor_height(session, Motion(motion.time_s, raised)) - floor_height(session, motion)
    assert higher == pytest.approx(0.5, abs=1e-5)


def test_repetitions_cut_out_of_a_trial_label_its_windows(tmp_path):
    """Labels stand where their repetition lies in time, in every window that reaches it; the rest is not labelled."""
    trial = squats(3)
    session = _session(tmp_path, "labelled", trial)
    spans = []
    for k, repetition in enumerate(segment_repetitions(trial)[:2], start=1):
        cut = trial.cut(repetition.start_frame, repetition.end_frame)
        spans.append((cut.time_s[0] - 1e-6, cut.time_s[-1] + 1e-6))
        activations = np.repeat(cut.time_s[:, None] / 100, 80, axis=1)
        name = f"squat1_segment_{k}"
        path = session.path / f"OpenSimData/Dynamics/{name}/kinematics_activations_{name}_muscle_driven.mot"
        write_motion(path, replace(cut, activations=activations), style="muscle_driven")
    data = MotionDataset([session], with_activations=True, floor_m=lambda session, motion: 0.0)
    assert data.names == ["labelled/squat1_1", "labelled/squat1_2"]
    for item, window in zip(data, data.windows, strict=True):
        within = np.any([(window.time_s >= first) & (window.time_s <= last) for first, last in spans], axis=0)
        assert np.array_equal(window.labelled, within & window.recorded)
        labelled = item["activations"][item["labelled"]]
        expected = torch.tensor(window.time_s[window.labelled] / 100).float()[:, None].expand_as(labelled)
        torch.testing.assert_close(labelled, expected, atol=1e-6, rtol=0)


def test_repetitions_with_a_motion_of_their_own_keep_their_numbers_where_one_is_left_out(tmp_path):
    trial = squats(3)
    session = _session(tmp_path, "labelled", trial)
    for k, repetition in enumerate(segment_repetitions(trial), start=1):
        cut = trial.cut(repetition.start_frame, repetition.end_frame)
        own = replace(cut, coordinates=cut.coordinates + 0.01, activations=np.full((len(cut), 80), 0.1))
        own.activations[:, 0] += 0.001 * np.arange(len(cut))
        name = f"squat1_segment_{k}"
        path = session.path / f"OpenSimData/Dynamics/{name}/kinematics_activations_{name}_muscle_driven.mot"
        write_motion(path, replace(own, activations=None) if k == 1 else own, style="muscle_driven")
    data = MotionDataset([session], with_activations=True, floor_m=lambda session, motion: 0.0)
    assert data.names == ["labelled/squat1_2", "labelled/squat1_3"]
    assert [one.source for one in data.left_out] == ["labelled/squat1_segment_1"]
