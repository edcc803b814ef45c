"""Joints of a motion go onto a person's skeleton and give the person's angles back."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from dataset.io.joint_clip import JointClip
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.smpl_parameters import smpl_joints
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import open_session
from dataset.windows.resample import resample
from models.conventions import COORDINATE_INDEX, COORDINATES, ROTATION_INDICES
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_inverse_kinematics import FITTED, FIXED_DEG, coordinate_limits
from models.skeleton.joint_set import JOINT_INDEX, JOINTS, PARENTS, REST_M
from utils.retargeting.joint_definition import looks_like_body_model
from utils.retargeting.joint_export import joints_of_motion
from utils.retargeting.joint_fit import (
    bone_stretch_percent,
    fit_motion,
    joint_errors_mm,
    noise_sd_m,
    position_sd_m,
    speed_kept_percent,
)
from utils.retargeting.joint_targets import find_targets
from utils.retargeting.retarget_motions import RetargetedMotion, RetargetingResult, retarget_clip

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "demo" / "shipped" / "Data"
LEG = [
    COORDINATE_INDEX[f"{name}_{side}"]
    for name in ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
    for side in "lr"
]


@pytest.fixture(scope="module")
def session():
    return open_session(SHIPPED / "demo-person-075")


@pytest.fixture(scope="module")
def body(session):
    return BodyJoints(load_skeleton(session.model_path))


@pytest.fixture(scope="module")
def squat(session):
    """Six seconds of a demo person's squats at 20 Hz."""
    return resample(read_motion(session.trials[0]), 20.0).cut(0, 120)


def placed_fit(joints, body, rate_hz=20.0):
    target, fit = fit_motion(joints, body, rate_hz)
    return fit.coordinates.double().numpy(), target, fit


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def angle_errors(found: np.ndarray, motion: Motion) -> np.ndarray:
    """Errors (T, 33) of all coordinates; only those of the joint angles are compared."""
    return found - motion.coordinates


def test_the_22_joints_are_the_models_joint_centres_and_stand_like_the_template(body):
    skeleton = body.skeleton
    draw = torch.Generator().manual_seed(0)
    motion = 30 * torch.randn(8, 33, generator=draw)
    joints, centres = body(motion), skeleton.joint_centres(motion)
    for joint, centre in (("hip", "hip"), ("knee", "walker_knee"), ("wrist", "radius_hand"), ("shoulder", "acromial")):
        index = list(skeleton.joint_names).index(f"{centre}_l")
        assert torch.allclose(joints[:, JOINT_INDEX[f"left_{joint}"]], centres[:, index], atol=1e-5)
    for first, second in (("spine2", "neck"), ("pelvis", "spine1"), ("spine3", "left_collar")):
        own = body.rest[JOINT_INDEX[second]] - body.rest[JOINT_INDEX[first]]
        template = REST_M[JOINT_INDEX[second]] - REST_M[JOINT_INDEX[first]]
        assert np.allclose(own / np.linalg.norm(own), template / np.linalg.norm(template))
    slope = [
        np.divide(*(at[JOINT_INDEX["left_foot"]] - at[JOINT_INDEX["left_ankle"]])[[1, 0]]) for at in (body.rest, REST_M)
    ]
    assert slope[0] == pytest.approx(slope[1], abs=0.03)


def test_bones_of_a_straight_body_model_have_the_directions_of_the_template(body):
    template = BodyJoints(body.skeleton, "template")
    at = template(torch.zeros(33)).double().numpy()
    assert np.allclose(at, template.rest, atol=1e-5)
    for name in ("left_knee", "right_ankle", "left_foot"):
        i, parent = JOINT_INDEX[name], PARENTS[JOINT_INDEX[name]]
        own, other = at[i] - at[parent], REST_M[i] - REST_M[parent]
        assert np.allclose(own / np.linalg.norm(own), other / np.linalg.norm(other), atol=1e-5)
        assert np.linalg.norm(own) == pytest.approx(np.linalg.norm(body.rest[i] - body.rest[parent]), abs=1e-5)
    draw = torch.Generator().manual_seed(0)
    moved = template(30 * torch.randn(8, 33, generator=draw)).double().numpy()
    for i in template.bones:  # rigid whatever the pose
        lengths = np.linalg.norm(moved[:, i] - moved[:, PARENTS[i]], axis=-1)
        assert np.ptp(lengths) < 1e-5


def test_the_angles_of_a_body_models_squat_are_those_it_was_posed_with(body):
    bend = 0.5 - 0.5 * np.cos(np.linspace(0, 4 * np.pi, 80))
    poses = np.zeros((80, 22, 3))  # SMPL's axes: x to the left, so that a thigh lifts about -x
    for side, turned in (("left", -1.0), ("right", 1.0)):
        poses[:, JOINT_INDEX[f"{side}_hip"], 0] = np.radians(-80) * bend
        poses[:, JOINT_INDEX[f"{side}_knee"], 0] = np.radians(90) * bend
        poses[:, JOINT_INDEX[f"{side}_ankle"], 0] = np.radians(-25) * bend
        poses[:, JOINT_INDEX[f"{side}_shoulder"], 2] = turned * np.radians(80)
    poses[:, 0, 0] = np.radians(20) * bend
    joints = smpl_joints(poses.reshape(80, -1), np.zeros((80, 3)))
    found, target, fit = placed_fit(joints, BodyJoints(body.skeleton, "template"))
    wanted = {"hip_flexion": 80, "knee_angle": 90, "ankle_angle": 25, "hip_adduction": 0, "hip_rotation": 0}
    for name, peak in wanted.items():
        for side in "lr":
            assert rms(found[:, COORDINATE_INDEX[f"{name}_{side}"]] - peak * bend) < 2.0, name
    assert rms(found[:, COORDINATE_INDEX["pelvis_tilt"]] + 20 * bend) < 0.5
    assert rms(found[:, COORDINATE_INDEX["arm_add_l"]] + 10) < 2
    assert joint_errors_mm(target, fit).mean() < 2


@pytest.mark.parametrize("turn_deg", [0.0, 140.0])
@pytest.mark.parametrize("noise_m", [0.0, 0.003])
@pytest.mark.parametrize(
    ("pelvis_deg", "tilt_deg", "limbs"),
    [
        (80, -80, {"shoulder": (-85, "arm_flex", 85), "knee": (15, "knee_angle", 15)}),  # a push-up
        (-90, 90, {"hip": (-40, "hip_flexion", 40), "knee": (60, "knee_angle", 60)}),  # lying on the back
        (0, 0, {"hip": (-10, "hip_flexion", 10), "knee": (95, "knee_angle", 95)}),  # kneeling
    ],
)
def test_bodies_that_lie_or_kneel_are_fitted(body, session, pelvis_deg, tilt_deg, limbs, noise_m, turn_deg):
    poses = np.zeros((40, 22, 3))
    poses[:, 0] = (Rotation.from_euler("y", turn_deg, True) * Rotation.from_euler("x", pelvis_deg, True)).as_rotvec()
    for side, outwards in (("left", -1.0), ("right", 1.0)):
        down = Rotation.from_euler("z", outwards * 80, degrees=True)
        for part, (degrees, _, _) in ({"shoulder": (0, "", 0)} | limbs).items():
            turned = Rotation.from_euler("x", degrees, degrees=True)
            turned = turned * down if part == "shoulder" else turned
            poses[:, JOINT_INDEX[f"{side}_{part}"]] = turned.as_rotvec()
    joints = smpl_joints(poses.reshape(40, -1), np.zeros((40, 3)))
    joints += np.random.default_rng(0).normal(0, noise_m, joints.shape) - (0, joints[..., 1].min(), 0)
    motion, quality = retarget_clip(JointClip("x", joints, 20.0), BodyJoints(body.skeleton, "template"), session)
    expected = {"pelvis_tilt": tilt_deg, "pelvis_list": 0, "pelvis_rotation": 0}
    expected |= {f"{name}_{side}": degrees for _, name, degrees in limbs.values() for side in "lr"}
    for name, degrees in expected.items():
        found = np.median(motion.coordinates[:, COORDINATE_INDEX[name]])
        assert found == pytest.approx(degrees, abs=4 + 1000 * noise_m), name
    assert quality.joint_error_mean_mm < 8


def test_joints_of_a_body_model_are_told_from_exported_ones(body, session, squat, tmp_path, script):
    rest = joints_of_motion(squat, BodyJoints(body.skeleton, "template"), session)
    assert not looks_like_body_model(rest)
    assert not looks_like_body_model(joints_of_motion(squat, body, session))
    other = np.repeat(np.stack([-REST_M[:, 2], REST_M[:, 1], REST_M[:, 0]], -1)[None], 8, 0)
    other += np.random.default_rng(0).normal(0, 0.015, (1, 22, 3))  # another person's shape
    other -= (0, other[..., 1].min(), 0)
    assert looks_like_body_model(other)
    in_middle = other.copy()
    in_middle[:, 0] = other[:, [1, 2]].mean(1)
    assert not looks_like_body_model(in_middle)
    np.save(tmp_path / "a.npy", other)
    common = ("--subject", session.path, "--out-dir", tmp_path, "--type", "joints", "--input", tmp_path / "a.npy")
    _, _, said = script(*common)
    assert "--joints-of body-model" in said
    _, _, said = script(*common, "--joints-of", "skeleton", "--overwrite")
    assert "--joints-of body-model" not in said


def test_recorded_squats_are_recovered_from_joints_of_a_body_model(recordings):
    session = open_session(recordings / "opencap" / "Data" / "field-subject0")
    template = BodyJoints(load_skeleton(session.model_path), "template")
    motion = resample(read_motion(session.trial("Squats_0")), 20.0)
    found, _, _ = placed_fit(joints_of_motion(motion, template, session), template)
    assert rms(angle_errors(found, motion)[:, LEG]) < 1.5


def test_each_joint_moves_with_exactly_the_coordinates_listed_for_it(body):
    draw = torch.Generator().manual_seed(1)
    still = 20 * torch.randn(33, generator=draw)
    moved = still.repeat(33, 1) + torch.diag(torch.full((33,), 5.0))
    differs = (body(moved) - body(still[None])).norm(dim=-1) > 1e-5
    assert not (differs.numpy() & ~body.moved_by).any()
    assert (differs.numpy() | ~body.moved_by).mean() > 0.95  # a point on an axis moves not at all


@pytest.mark.parametrize(
    "trial",
    [
        "field-subject0/Squats_0",
        "field-subject0/Asym_0",
        "lab-subject2/squats1",
        "lab-subject4/squats1",
        "lab-subject4/squatsAsym1",
        "lab-subject5/squats1",
        "mocap-dls/DLS01_ik",
    ],
)
def test_recorded_squats_are_recovered_from_their_joints(recordings, trial):
    name, file = trial.split("/")
    assert_recovered_from_joints(open_session(recordings / "opencap" / "Data" / name), file)


@pytest.mark.parametrize("person", ["demo-person-040", "demo-person-075"])
def test_demo_squats_are_recovered_from_their_joints(person):
    session = open_session(SHIPPED / person)
    assert_recovered_from_joints(session, session.trials[0].stem)


def assert_recovered_from_joints(session, trial):
    body = BodyJoints(load_skeleton(session.model_path))
    motion = resample(read_motion(session.trial(trial)), 20.0)
    found, target, fit = placed_fit(joints_of_motion(motion, body, session), body)
    errors = angle_errors(found, motion)
    assert fit.converged
    assert rms(errors[:, LEG]) < 1.5  # asked for: 3 degrees
    for i in LEG:
        assert rms(errors[:, i]) < 3.0, COORDINATES[i]
    assert max(rms(errors[:, COORDINATE_INDEX[n]]) for n in ("pelvis_tilt", "knee_angle_l", "hip_flexion_r")) < 0.3
    assert joint_errors_mm(target, fit).mean() < 0.5
    low, high = coordinate_limits(body.skeleton)
    assert ((fit.coordinates >= low) & (fit.coordinates <= high)).all()


def test_noise_of_5_mm_is_not_amplified(body, session, squat):
    joints = joints_of_motion(squat, body, session)
    noisy = joints + np.random.default_rng(0).normal(0, 0.005, joints.shape)
    found, target, fit = placed_fit(noisy, body)
    errors = angle_errors(found, squat)
    assert rms(errors[:, LEG]) < 3.5
    assert rms(errors[:, COORDINATE_INDEX["knee_angle_l"]]) < 1.5
    assert 1 < joint_errors_mm(target, fit).mean() < 10
    assert position_sd_m(noisy, "centres") == pytest.approx(0.005, rel=0.2)
    assert position_sd_m(joints, "centres") < 0.001


def sinusoid_amplitude(values: np.ndarray, time_s: np.ndarray, frequency_hz: float) -> float:
    """Amplitude of the sinusoid of this frequency in values (T,), by least squares, half a second from the ends."""
    inner = (time_s > 0.5) & (time_s < time_s[-1] - 0.5)
    phase = 2 * np.pi * frequency_hz * time_s[inner]
    columns = np.stack([np.cos(phase), np.sin(phase), np.ones_like(phase)], 1)
    return float(np.hypot(*np.linalg.lstsq(columns, values[inner], rcond=None)[0][:2]))


def bending_legs(kind: str, body: BodyJoints, session, frequency_hz: float, rate_hz: float):
    """Joints of knees that bend from 5 to 55 degrees, hips and ankles half as far, and their time stamps."""
    time_s = np.arange(round(4 * rate_hz) + 1) / rate_hz
    knee = 30 - 25 * np.cos(2 * np.pi * frequency_hz * time_s)
    if kind == "template":
        poses = np.zeros((len(time_s), 22, 3))
        for side, turned in (("left", -1.0), ("right", 1.0)):
            for part, share in (("hip", -0.5), ("knee", 1.0), ("ankle", -0.5)):
                poses[:, JOINT_INDEX[f"{side}_{part}"], 0] = share * np.radians(knee)
            poses[:, JOINT_INDEX[f"{side}_shoulder"], 2] = turned * np.radians(80)
        return smpl_joints(poses.reshape(len(poses), -1), np.zeros((len(poses), 3))), time_s
    coordinates = np.zeros((len(time_s), 33))
    for side in "lr":
        coordinates[:, COORDINATE_INDEX[f"knee_angle_{side}"]] = knee
        for part in ("hip_flexion", "ankle_angle"):
            coordinates[:, COORDINATE_INDEX[f"{part}_{side}"]] = knee / 2
    return joints_of_motion(Motion(time_s, coordinates), body, session), time_s


@pytest.mark.parametrize("rate_hz", [20.0, 60.0])
@pytest.mark.parametrize("frequency_hz", [1.0, 2.5, 4.0])
@pytest.mark.parametrize("kind", ["centres", "template"])
def test_fast_movement_keeps_its_amplitude(body, session, kind, frequency_hz, rate_hz):
    own = BodyJoints(body.skeleton, kind)
    joints, time_s = bending_legs(kind, own, session, frequency_hz, rate_hz)
    found, target, fit = placed_fit(joints, own, rate_hz)
    for name, amplitude in (("knee_angle", 25.0), ("hip_flexion", 12.5), ("ankle_angle", 12.5)):
        kept = sinusoid_amplitude(found[:, COORDINATE_INDEX[f"{name}_l"]], time_s, frequency_hz) / amplitude
        assert kept == pytest.approx(1.0, abs=0.05), name
    assert speed_kept_percent(target, fit) == pytest.approx(100, abs=1)

    noisy = joints + np.random.default_rng(0).normal(0, 0.005, joints.shape)
    assert noise_sd_m(noisy) == pytest.approx(0.005, rel=0.2)
    found, target, fit = placed_fit(noisy, own, rate_hz)
    for name, amplitude, least in (("knee_angle", 25.0, 0.9), ("hip_flexion", 12.5, 0.8), ("ankle_angle", 12.5, 0.75)):
        kept = sinusoid_amplitude(found[:, COORDINATE_INDEX[f"{name}_l"]], time_s, frequency_hz) / amplitude
        assert least < kept < 1.06, name
    assert 85 < speed_kept_percent(target, fit) < 112


def test_the_speed_that_a_fit_keeps_is_the_factor_by_which_it_is_smoothed(body, session):
    joints, _ = bending_legs("centres", body, session, 4.0, 20.0)
    _, target, fit = placed_fit(joints, body)
    middle = target.joints.mean(0)
    still = replace(target, joints=target.joints[:1].repeat(20, 0))
    assert speed_kept_percent(still, replace(fit, joints=fit.joints[:20])) == 100
    half = replace(fit, joints=torch.as_tensor(middle + 0.5 * (target.joints - middle)))
    assert speed_kept_percent(target, half) == pytest.approx(50)


def test_a_turned_and_moved_source_gives_the_same_angles(body, session, squat):
    joints = joints_of_motion(squat, body, session)
    sine, cosine = np.sin(2.4), np.cos(2.4)
    turned = joints @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]]) + (3.0, 0, -8.0)
    first, _, _ = placed_fit(joints, body)
    second, _, _ = placed_fit(turned, body)
    assert np.abs(first - second)[:, ROTATION_INDICES].max() < 0.1


def test_a_squat_of_another_subject_keeps_its_directions(body):
    other = open_session(SHIPPED / "demo-person-040")
    their = BodyJoints(load_skeleton(other.model_path))
    motion = resample(read_motion(other.trials[0]), 20.0).cut(0, 100)
    joints = joints_of_motion(motion, their, other)
    found, target, fit = placed_fit(1.15 * joints, body)
    errors = angle_errors(found, motion)
    assert rms(errors[:, LEG]) < 4.0
    assert rms(errors[:, COORDINATE_INDEX["knee_angle_l"]]) < 1.0
    assert target.scale == pytest.approx(body.skeleton.leg_length_m / their.skeleton.leg_length_m / 1.15, rel=0.02)
    at = fit.joints.double().numpy()
    for i in (JOINT_INDEX["left_knee"], JOINT_INDEX["right_ankle"], JOINT_INDEX["left_wrist"]):
        length = np.linalg.norm(at[:, i] - at[:, PARENTS[i]], axis=-1)
        assert length == pytest.approx(np.linalg.norm(body.rest[i] - body.rest[PARENTS[i]]), rel=0.03)
    feet = [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]]
    source = joints[:, feet].mean(1) - joints[:1, feet].mean(1)
    assert np.abs(at[:, feet].mean(1) - at[:1, feet].mean(1))[:, 1].max() < np.abs(source[:, 1]).max() + 0.01


def test_a_pose_beyond_the_joint_ranges_does_not_fit(body, session, squat):
    joints = joints_of_motion(squat, body, session)
    knee, hip = joints[:, JOINT_INDEX["left_knee"]], joints[:, JOINT_INDEX["left_hip"]]
    below = [JOINT_INDEX[f"left_{name}"] for name in ("ankle", "foot")]
    forward = 0.6 * (knee - hip)[:, [0, 2, 1]] * (1, -1, -1)  # the shank swung forward and up: the knee overstretched
    joints[:, below] += (forward - (joints[:, below[:1]] - knee[:, None])[:, 0])[:, None]
    found, target, fit = placed_fit(joints, body)
    assert found[:, COORDINATE_INDEX["knee_angle_l"]].min() >= 0.0
    assert joint_errors_mm(target, fit).max() > 60


def test_coordinates_that_move_no_joint_are_fixed(body, session, squat):
    found, _, _ = placed_fit(joints_of_motion(squat, body, session), body)
    for name, value in FIXED_DEG.items():
        assert np.allclose(found[:, COORDINATE_INDEX[name]], value)


def test_bone_stretch_is_the_coefficient_of_variation(body):
    joints = np.repeat(body.rest[None], 50, 0)
    assert bone_stretch_percent(joints) == pytest.approx(0, abs=1e-9)
    stretch = 1 + 0.1 * np.sqrt(2) * np.sin(2 * np.pi * np.arange(50) / 50)
    knee, ankle = JOINT_INDEX["left_knee"], JOINT_INDEX["left_ankle"]
    joints[:, ankle] = joints[:, knee] + stretch[:, None] * (joints[:, ankle] - joints[:, knee])
    joints[:, JOINT_INDEX["left_foot"]] += joints[:, ankle] - body.rest[ankle]
    assert bone_stretch_percent(joints) == pytest.approx(10, rel=1e-6)


def test_an_identical_body_is_its_own_target(body, session, squat):
    joints = joints_of_motion(squat, body, session)
    ground = np.stack([joints[..., 2], joints[..., 1], -joints[..., 0]], -1)
    target = find_targets(joints, body, ground)
    relative = target.joints - target.joints[:, :1]
    heading = np.linalg.norm(relative - (ground - ground[:, :1]), axis=-1)
    assert heading[:, FITTED].max() < 0.03  # the first frame is turned to face +x


@pytest.fixture
def script(monkeypatch, capsys, caplog):
    """Run retarget_baselines.py in this process: its exit status, its output, and its log and standard error."""
    import retarget_baselines
    from utils.cli import run

    def call(*arguments):
        caplog.clear()
        monkeypatch.setattr(sys, "argv", ["retarget_baselines.py", *map(str, arguments)])
        try:
            run(retarget_baselines.main)
            status = 0
        except SystemExit as end:
            status = end.code
        output = capsys.readouterr()
        return status, output.out, output.err + caplog.text

    return call


def test_the_script_exports_joints_and_retargets_them(tmp_path, script, session, squat):
    trial = tmp_path / "short.mot"
    write_motion(trial, squat)
    common = ("--subject", session.path, "--out-dir", tmp_path, "--device", "cpu", "--threads", 1)
    status, _, said = script(*common, "--export-joints", "--trial", trial, "--exp-name", "joints")
    assert status == 0, said
    exported = tmp_path / "joints" / f"joints_{session.id}" / "short.npy"
    other = tmp_path / "other" / "short.mot"
    write_motion(other, squat)
    status, _, said = script(*common, "--export-joints", "--trial", trial, other, "--exp-name", "joints", "--overwrite")
    assert (status, "have one name" in said) == (2, True)  # the second replaced the first
    broken = tmp_path / "broken.mot"
    broken.write_text("no motion")
    status, found, _ = script(
        *common, "--export-joints", "--trial", broken, trial, "--exp-name", "joints", "--overwrite"
    )
    assert (status, "short.npy" in found, "broken.mot" in found) == (1, True, True)  # nothing was written
    broken = np.load(exported)
    bent = [JOINT_INDEX["left_ankle"], JOINT_INDEX["left_foot"]]
    broken[:, bent] += (0, 0.1, 0.9)  # a knee bent the wrong way
    np.save(exported.with_name("wild.npy"), broken)
    both = ("--type", "joints", "--input", exported.parent, "--exp-name", "back")
    status, printed, said = script(*common, *both)
    assert status == 1, said
    assert printed.count("does not fit") == 1
    folder = tmp_path / "back" / "mot_visualization" / f"latents_subject_run_{session.id}"
    summary = json.loads((folder / "summary.json").read_text())
    assert [row["fits"] for row in summary["motions"]] == [True, False]
    assert summary["motions"][0]["joint_error_mean_mm"] < 1
    found = read_motion(folder / "entry_0_back.mot")
    assert found.rate_hz == pytest.approx(60)
    assert found.coordinates[0, [COORDINATE_INDEX["pelvis_tx"], COORDINATE_INDEX["pelvis_tz"]]] == pytest.approx(0)
    own = resample(squat)
    shared = min(len(own), len(found))
    assert rms((found.coordinates[:shared] - own.coordinates[:shared])[:, LEG]) < 1.5

    status, _, said = script(*common, *both)
    assert status == 2
    assert "--overwrite" in said
    np.save(exported.with_name("wild.npy"), np.full_like(broken, np.nan))
    status, printed, _ = script(*common, *both, "--overwrite")
    assert status == 1
    assert "left out: " in printed
    assert "wild.npy" in printed.split("left out: ")[1]
    (folder / "result.json").write_text("{}")  # as guidance leaves it
    status, _, said = script(*common, *both, "--overwrite")
    assert status == 2
    assert "already holds motions of guidance" in said
    assert (folder / "entry_0_back.mot").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--export-joints"),
        (("--type", "joints", "--input", "nowhere.npy", "--trial", "squats1"), "--export-joints"),
        (("--export-joints", "--type", "joints"), "--type"),
        (("--type", "mdm", "--input", "nowhere.npy"), "nowhere.npy"),
        (("--type", "joints", "--input", "nowhere.npy", "--mean", "x.npy"), "--std"),
        (("--type", "humanml", "--input", ROOT / "README.md"), "not a numpy file"),
        (("--type", "humanml", "--input", "nowhere.npy", "--unit", "cm"), "--unit"),
        (
            ("--type", "joints", "--input", ROOT / "pretrained/vqvae/latents.npz"),
            "an archive of arrays (.npz); expected",
        ),
    ],
)
def test_the_script_refuses_missing_and_incompatible_arguments(tmp_path, script, session, arguments, words):
    status, _, said = script("--subject", session.path, "--out-dir", tmp_path, *arguments)
    assert status == 2
    assert words in said
    assert list(tmp_path.iterdir()) == []


def test_the_table_has_the_speed_that_a_fit_keeps_and_marks_smoothed_motions(body, session):
    joints, _ = bending_legs("centres", body, session, 4.0, 20.0)
    joints -= (0, joints[..., 1].min(), 0)
    motion, quality = retarget_clip(JointClip("fast", joints, 20.0), body, session)
    knee = motion.coordinates[:, COORDINATE_INDEX["knee_angle_l"]]
    assert sinusoid_amplitude(knee, motion.time_s, 4.0) == pytest.approx(25, rel=0.03)  # at 60 Hz
    rows = (
        RetargetedMotion(Path("a.mot"), motion, quality, True),
        RetargetedMotion(Path("b.mot"), motion, replace(quality, speed_kept_percent=60.0), True),
    )
    head, kept, smoothed = RetargetingResult(Path("x"), rows, ()).text.splitlines()
    assert "speed kept" in head
    assert " 100 %" in kept
    assert "smoothed" not in kept
    assert smoothed.endswith("smoothed")


def test_joint_names_are_in_the_datasets_order():
    assert [JOINTS[i] for i in (0, 4, 8, 12, 16, 21)] == [
        "pelvis", "left_knee", "right_ankle", "neck", "left_shoulder", "right_wrist",
    ]  # fmt: skip
