"""Files of motion generators: they are read by the definitions of their formats, and others are errors."""

import io
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.humanml_features import Normalisation
from dataset.io.motion_generators import read_baseline
from dataset.io.safe_npy import read_array_or_dict
from dataset.io.smpl_parameters import smpl_joints
from models.skeleton.joint_set import JOINT_INDEX, PARENTS, REST_M

REST = np.stack([-REST_M[:, 2], REST_M[:, 1], REST_M[:, 0]], -1) + (0, 0.95, 0)  # left, up, forward


def walk(frames=40, seed=0) -> np.ndarray:
    """(T, 22, 3) metres, y up: a standing body that walks a curve and fidgets."""
    t = np.linspace(0, 1, frames)
    turn = Rotation.from_euler("y", (1.9 * t**2 + 0.4 * np.sin(5 * t))[:, None])
    joints = np.stack([one.apply(REST) for one in turn])
    joints += np.stack([np.sin(t), 0.05 * np.cos(9 * t), 2 * t**2], -1)[:, None]
    fidget = np.random.default_rng(seed).normal(0, 0.003, (3, 22, 3))
    joints += sum(np.sin((k + 2) * 4 * t)[:, None, None] * fidget[k] for k in range(3))
    joints[:, :, [0, 2]] -= joints[0, 0, [0, 2]]
    return joints


def features_of(joints: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """HumanML3D's features (T, 263) from their definition; heading (T,) radians about y, 0 in the first frame."""
    frames = len(joints)
    to_z = Rotation.from_euler("y", -heading[:, None])
    features = np.zeros((frames, 263))
    # sin of half the angle of the rotation that brings the facing of the next frame to z, relative to this one's
    features[:-1, 0] = np.arcsin((to_z[1:] * to_z[:-1].inv()).as_quat()[:, 1])
    features[:-1, 1:3] = to_z[1:].apply(np.diff(joints[:, 0], axis=0))[:, [0, 2]]
    features[:, 3] = joints[:, 0, 1]
    relative = joints[:, 1:] - joints[:, :1] * (1, 0, 1)
    for j in range(21):
        features[:, 4 + 3 * j : 7 + 3 * j] = to_z.apply(relative[:, j])
    for j in range(22):
        features[:-1, 193 + 3 * j : 196 + 3 * j] = to_z[:-1].apply(np.diff(joints[:, j], axis=0))
    features[:, 67:193] = np.tile([1, 0, 0, 0, 1, 0], 21)
    return features


def saved(path, value):
    np.save(path, value)
    return path


def test_joints_are_recovered_from_the_263_features(tmp_path):
    joints = walk()
    heading = np.cumsum(np.r_[0, np.full(39, 0.06)]) * np.linspace(0.5, 1, 40)
    features = features_of(joints, heading - heading[0])
    clip = read_baseline(saved(tmp_path / "f.npy", features), "humanml").clips[0]
    assert clip.rate_hz == 20
    assert np.abs(clip.joints - joints).max() < 1e-9


def test_normalised_features_are_detected_and_restored(tmp_path):
    features = features_of(walk(), np.linspace(0, 1, 40))
    mean, std = features.mean(0), features.std(0) + 0.01
    path = saved(tmp_path / "f.npy", np.stack([(features - mean) / std] * 2))
    refused = read_baseline(path, "humanml").refused
    assert len(refused) == 2
    assert "normalised" in refused[0]
    assert "--mean" in refused[0]
    features[:, 67:193] *= 1.8  # the height alone may happen to be right
    assert "normalised" in read_baseline(saved(path, np.stack([features] * 2)), "humanml").refused[0]
    features[:, 67:193] /= 1.8
    saved(path, np.stack([(features - mean) / std] * 2))
    given = Normalisation.read(saved(tmp_path / "mean.npy", mean), saved(tmp_path / "std.npy", std))
    clips = read_baseline(path, "humanml", normalisation=given).clips
    plain = read_baseline(saved(tmp_path / "g.npy", features), "humanml").clips[0]
    assert np.allclose(clips[1].joints, plain.joints, atol=1e-9)


def squat_features(frames=40) -> np.ndarray:
    """Features (T, 263) of a body that walks and goes up and down by 0.4 m on legs that fold."""
    joints, lift = walk(frames), 0.4 * np.sin(np.linspace(0, np.pi, frames))
    upper = [i for i in range(22) if i not in (4, 5, 7, 8, 10, 11)]
    joints[:, upper, 1] -= lift[:, None]
    for knee, hip in ((4, 1), (5, 2)):  # both parts of the leg keep their length
        half = (joints[:, hip] - joints[:, knee + 3]) / 2
        height = np.linalg.norm(half, axis=-1, keepdims=True)
        joints[:, knee] = joints[:, knee + 3] + half
        joints[:, knee, 2] += np.sqrt(np.maximum(0.4**2 - height[:, 0] ** 2, 0))
    return features_of(joints, np.linspace(0, 1, frames))


def test_statistics_are_refused_for_features_in_metres_and_those_of_other_features(tmp_path):
    features = squat_features()
    mean, std = features.mean(0), features.std(0) + 0.01
    given = Normalisation(mean, std)
    in_metres, normalised = (
        saved(tmp_path / name, values) for name, values in (("m.npy", features), ("z.npy", (features - mean) / std))
    )
    with pytest.raises(InputError, match="in their own units already"):
        read_baseline(in_metres, "humanml", normalisation=given)
    unity = Normalisation(np.zeros(263), np.ones(263))
    plain = read_baseline(in_metres, "humanml").clips[0].joints
    assert np.array_equal(read_baseline(in_metres, "humanml", normalisation=unity).clips[0].joints, plain)
    assert np.allclose(read_baseline(normalised, "humanml", normalisation=given).clips[0].joints, plain)
    weighted = std.copy()  # statistics in which the root weighs five times as much
    weighted[:4] /= 5
    for other in (
        Normalisation(mean, weighted),
        Normalisation(np.roll(mean, 4), np.roll(std, 4)),
        Normalisation(mean, np.concatenate([std[:1], 20 * std[1:3], std[3:]])),
    ):
        with pytest.raises(InputError, match="statistics of another"):
            read_baseline(normalised, "humanml", normalisation=other)


def test_statistics_of_other_shape_or_in_the_wrong_place_are_named(tmp_path):
    ones, negative = saved(tmp_path / "ones.npy", np.ones(263)), saved(tmp_path / "negative.npy", -np.ones(263))
    with pytest.raises(InputError, match="swapped"):
        Normalisation.read(ones, negative)
    with pytest.raises(InputError, match=r"zeros\.npy: 263 of 263 standard deviations are 0"):
        Normalisation.read(ones, saved(tmp_path / "zeros.npy", np.zeros(263)))
    few = np.where(np.arange(263) < 9, 0.0, 1.0)  # some features of a data set may be constant
    assert (Normalisation.read(ones, saved(tmp_path / "few.npy", few)).std == few).all()
    with pytest.raises(InputError, match="KIT-ML"):
        Normalisation.read(saved(tmp_path / "kit.npy", np.ones(251)), ones)
    with pytest.raises(InputError, match="KIT-ML"):
        read_baseline(saved(tmp_path / "kit.npy", np.ones((30, 251))), "humanml")


def test_statistics_among_the_clips_are_left_out_and_said(tmp_path, caplog):
    saved(tmp_path / "a.npy", features_of(walk(), np.linspace(0, 1, 40)))
    for name in ("Mean.npy", "Std.npy"):
        saved(tmp_path / name, np.ones(263))
    found = read_baseline(tmp_path, "humanml")
    assert [clip.name for clip in found.clips] == ["a"]
    assert found.refused == []
    assert "Mean.npy and Std.npy" in caplog.text


def test_clips_whose_endings_are_in_capitals_are_read(tmp_path):
    for name in ("a", "b"):
        saved(tmp_path / f"{name}.npy", walk(seed=1))
    (tmp_path / "b.npy").rename(tmp_path / "b.NPY")
    assert [clip.name for clip in read_baseline(tmp_path, "joints").clips] == ["a", "b"]


def test_results_of_mdm_are_cut_to_their_lengths_and_keep_their_texts(tmp_path):
    motion = np.stack([walk(seed=k) for k in range(3)]).transpose(0, 2, 3, 1).astype(np.float32)
    content = {
        "motion": motion,
        "text": ["a person squats", "deep squat", "jump"],
        "lengths": np.array([40, 25, 30]),
        "num_samples": 3,
        "num_repetitions": np.int64(1),
    }
    clips = read_baseline(saved(tmp_path / "results.npy", content), "mdm").clips
    assert [len(clip.joints) for clip in clips] == [40, 25, 30]
    assert clips[1].text == "deep squat"
    assert np.allclose(clips[2].joints, walk(seed=2)[:30], atol=1e-6)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4])
def test_plain_pickles_of_every_protocol_are_read_without_unpickling(tmp_path, protocol):
    content = {
        "motion": np.arange(24, dtype=">f4").reshape(2, 3, 4),
        "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "text": np.array(["a", "b"], dtype=object),
        "names": np.array(["left", "right"]),
        "number": np.float32(2.5),
        "list": [1, "x", None, {"deep": np.ones(2)}],
    }
    path = tmp_path / "results.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        holder = np.empty((), dtype=object)
        holder[()] = content
        pickle.dump(holder, file, protocol=protocol)
    read = read_array_or_dict(path)
    for name in ("motion", "turned", "names", "text"):
        assert np.array_equal(read[name], content[name]), name
    assert read["number"] == 2.5
    assert np.array_equal(read["list"][3]["deep"], np.ones(2))


class Hostile:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("where", ["alone", "in motion", "as a key"])
def test_a_malicious_pickle_is_an_error_and_runs_nothing(tmp_path, where):
    import os

    mark = tmp_path / "mark"
    bomb = Hostile(os.mkdir, str(mark))
    content = {
        "alone": bomb,
        "in motion": {"motion": np.array([bomb, 1], dtype=object)},
        "as a key": {"motion": np.zeros((1, 22, 3, 8)), bomb: 1},
    }[where]
    path = saved(tmp_path / "results.npy", content)
    with pytest.raises(InputError, match="mkdir"):
        read_baseline(path, "mdm")
    assert not mark.exists()


@pytest.mark.parametrize(
    "bomb",
    [
        Hostile(eval, "1"),
        Hostile(getattr, "", "join"),
        Hostile(np.load, "x"),
        Hostile(np.frombuffer, b"1234"),
        Hostile(pickle.loads, b"N."),
    ],
)
def test_other_callables_are_not_called_either(tmp_path, bomb):
    with pytest.raises(InputError, match="its pickle holds or asks for"):
        read_array_or_dict(saved(tmp_path / "x.npy", {"motion": bomb}))


def test_a_damaged_file_is_an_input_error(tmp_path):
    whole = saved(tmp_path / "a.npy", {"motion": np.zeros((1, 22, 3, 8))}).read_bytes()
    for cut in (0, 5, 100, 140, len(whole) // 2, len(whole) - 1):
        path = tmp_path / "b.npy"
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"b\.npy"):
            read_baseline(path, "mdm")
    # a shape that is larger than what the array holds must not be believed
    path.write_bytes(whole.replace(pickle.dumps((1, 22, 3, 8), 4)[11:-1], pickle.dumps((9, 22, 3, 8), 4)[11:-1]))
    with pytest.raises(InputError, match="not as long as its shape"):
        read_baseline(path, "mdm")


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("joints", np.zeros((10, 24, 3)), "first 22"),
        ("joints", np.zeros((10, 22, 2)), "expected"),
        ("t2m", np.zeros((10, 21, 3)), "KIT-ML"),
        ("joints", np.zeros((2, 22, 3, 10)), "frames are the last axis"),
        ("t2m", np.zeros((10, 263)), "--type humanml"),
        ("humanml", np.zeros((10, 251)), "263"),
        ("mdm", {"text": ["x"]}, "which has 'motion'"),
        ("mdm", {"motion": np.zeros((2, 263, 1, 20))}, "expected"),
        ("mdm", {"motion": np.zeros((2, 22, 3, 20)), "lengths": [20.0, np.nan]}, "'lengths'"),
        ("mdm", {"motion": np.zeros((2, 22, 3, 20)), "lengths": ["a", "b"]}, "'lengths'"),
        ("mdm", {"motion": [[1, 2], [3]]}, "array of numbers"),
        ("mdm", walk(), "it is not a dict"),
        ("joints", np.zeros((10, 22, 3)), "not a body's"),
        ("joints", walk()[:2], "at least 4"),
        ("joints", walk() * 100, "--unit cm"),
        ("joints", walk() * 1000, "--unit mm"),
        ("joints", walk() * (-1, 1, 1), "backwards"),
        ("joints", walk() * (1, -1, -1), "stands along -y"),
        ("joints", walk()[..., [1, 0, 2]], r"stands along \+x"),
        ("joints", np.where(np.arange(40)[:, None, None] == 7, np.nan, walk()), "infinity, the first is frame 8"),
    ],
)
def test_errors_name_the_fault(tmp_path, kind, value, words):
    with pytest.raises(InputError, match=words):
        read_baseline(saved(tmp_path / "x.npy", value), kind)


def on_floor(poses: dict[str, tuple[float, float, float]], frames=30) -> np.ndarray:
    """Joints (T, 22, 3) of axis-angle poses in degrees, the lowest joint at y = 0, with a little movement."""
    values = np.zeros((frames, 22, 3))
    for name, degrees in poses.items():
        values[:, JOINT_INDEX[name]] = np.radians(degrees)
    values[:, JOINT_INDEX["spine1"], 0] += 0.1 * np.sin(np.linspace(0, 3, frames))
    joints = smpl_joints(values.reshape(frames, -1), np.zeros((frames, 3)))
    return joints - (0, joints[..., 1].min(), 0)


POSES = {
    "kneeling": {f"{side}_{part}": (angle, 0, 0) for side in ("left", "right")
                 for part, angle in (("knee", 90), ("ankle", 60))},
    "sitting on the heels": {f"{side}_{part}": (angle, 0, 0) for side in ("left", "right")
                             for part, angle in (("hip", -70), ("knee", 140), ("ankle", 60))},
    "push-up": {"pelvis": (77, 0, 0), **{f"{side}_shoulder": (-80, 0, 0) for side in ("left", "right")}},
    "lying on the back": {"pelvis": (-90, 0, 0), "left_hip": (-30, 0, 0), "left_knee": (60, 0, 0)},
    "lying on the side": {"pelvis": (0, 0, 90), "left_shoulder": (0, 0, -80), "right_shoulder": (0, 0, 80)},
    "downward dog": {"pelvis": (130, 0, 0), "left_hip": (-80, 0, 0), "right_hip": (-80, 0, 0)},
}  # fmt: skip


@pytest.mark.parametrize("pose", POSES)
def test_poses_of_exercise_are_no_errors_of_orientation(tmp_path, pose):
    joints = on_floor(POSES[pose])
    sine, cosine = np.sin(2.0), np.cos(2.0)
    turned = joints @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]]) + (1.0, 0, 2.0)
    for motion in (joints, turned):
        assert np.allclose(read_baseline(saved(tmp_path / "x.npy", motion), "t2m").clips[0].joints, motion)
    for swapped in (joints * (-1, 1, 1), turned * (1, 1, -1)):
        with pytest.raises(InputError, match="mirrored"):
            read_baseline(saved(tmp_path / "x.npy", swapped), "t2m")


def test_a_lying_body_with_z_up_is_turned(tmp_path, caplog):
    joints = on_floor(POSES["push-up"])
    z_up = np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], -1)
    assert np.allclose(read_baseline(saved(tmp_path / "x.npy", z_up), "joints").clips[0].joints, joints)
    assert "with z up" in caplog.text
    with pytest.raises(InputError, match="the floor has to be at y = 0"):
        read_baseline(saved(tmp_path / "x.npy", joints - (0, 0.5, 0)), "t2m")


def test_a_body_faster_than_a_human_is_refused(tmp_path):
    joints = walk()
    joints[..., 0] += 3.0 * np.arange(40)[:, None]
    with pytest.raises(InputError, match="m/s.*--fps"):
        read_baseline(saved(tmp_path / "x.npy", joints), "t2m")


def test_an_unusable_motion_leaves_the_others(tmp_path):
    motions = np.stack([walk(), walk(), walk()])
    motions[1, 3] = np.inf
    baseline = read_baseline(saved(tmp_path / "x.npy", motions), "t2m")
    assert len(baseline.clips) == 2
    assert "motion 1" in baseline.refused[0]
    (tmp_path / "notes.npy").write_text("no numpy file")
    assert len(read_baseline(tmp_path, "t2m").refused) == 2


def test_centimetres_are_converted_and_z_up_is_turned(tmp_path):
    joints = walk()
    turned = np.stack([joints[..., 0], -joints[..., 2], joints[..., 1]], -1)  # z up
    clip = read_baseline(saved(tmp_path / "x.npy", turned * 100), "joints", unit="cm", rate_hz=30).clips[0]
    assert np.allclose(clip.joints, joints)
    assert clip.rate_hz == 30


def test_smpl_parameters_rotate_their_joints(tmp_path):
    poses = np.zeros((6, 72))
    standing = smpl_joints(poses, np.zeros((6, 3)))
    assert np.allclose(standing[0], REST - REST[0])
    poses[:, 3 * JOINT_INDEX["left_knee"]] = np.pi / 2  # about the axis to the left: the shank goes back
    bent = smpl_joints(poses, np.zeros((6, 3)))[0]
    shank = REST[JOINT_INDEX["left_ankle"]] - REST[JOINT_INDEX["left_knee"]]
    found = bent[JOINT_INDEX["left_ankle"]] - bent[JOINT_INDEX["left_knee"]]
    assert np.allclose(found, (shank[0], -shank[2], shank[1]))
    assert found[2] < -0.3
    for i, parent in enumerate(PARENTS[1:], 1):
        assert np.linalg.norm(bent[i] - bent[parent]) == pytest.approx(np.linalg.norm(REST[i] - REST[parent]))
    poses[:, :3] = (np.pi / 2, 0, 0)  # AMASS: z up
    np.savez(tmp_path / "a.npz", poses=poses, trans=np.zeros((6, 3)), mocap_framerate=120.0, gender="female")
    clip = read_baseline(tmp_path / "a.npz", "smpl").clips[0]
    assert clip.rate_hz == 120
    assert np.allclose(clip.joints[0] - clip.joints[0, 0], bent - bent[0], atol=1e-9)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"body": np.zeros(3)}, "no array 'poses'"),
        ({"poses": np.zeros((5, 63))}, "66 or more"),
        ({"poses": np.zeros((5, 72)), "trans": np.zeros((4, 3))}, "'trans'"),
        ({"poses": np.full((5, 72), np.nan)}, "NaN"),
        ({"poses": np.array([Hostile(eval, "1")], dtype=object)}, "'poses': holds objects"),
        (
            {"poses": np.tile([1.0, 0, 0, 0, 1, 0], (40, 24)), "trans": np.ones((40, 3))},
            "144 columns.*48 joints.*rotations",
        ),
        ({"poses": np.zeros((40, 72)), "trans": np.zeros((40, 3))}, "every value .* is 0"),
    ],
)
def test_errors_of_smpl_parameters_name_the_fault(tmp_path, content, words):
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(InputError, match=words):
        read_baseline(tmp_path / "a.npz", "smpl")


def squatting(frames=60) -> dict[str, np.ndarray]:
    """SMPL parameters of a squat on feet that stay, in radians and metres."""
    bend = np.radians(45) * (1 - np.cos(np.linspace(0, 2 * np.pi, frames)))
    poses = np.zeros((frames, 22, 3))
    for side in ("left", "right"):
        for part, share in (("hip", -0.5), ("knee", 1.0), ("ankle", -0.5)):
            poses[:, JOINT_INDEX[f"{side}_{part}"], 0] = share * bend
    poses = poses.reshape(frames, -1)
    joints = smpl_joints(poses, np.zeros((frames, 3)))
    return {"poses": poses, "trans": -joints[:, [7, 8]].mean(1)}


@pytest.mark.parametrize("unit", ["cm", "mm"])
def test_translations_in_another_unit_are_refused_and_read_with_it(tmp_path, unit):
    made, per_metre = squatting(), {"cm": 100.0, "mm": 1000.0}[unit]
    for name, values in (("m", made["trans"]), (unit, made["trans"] * per_metre)):
        np.savez(tmp_path / f"{name}.npz", poses=made["poses"], trans=values, mocap_framerate=30.0)
    with pytest.raises(InputError, match=f"give --unit {unit}"):
        read_baseline(tmp_path / f"{unit}.npz", "smpl")
    read = read_baseline(tmp_path / f"{unit}.npz", "smpl", unit=unit).clips[0]
    assert np.allclose(read.joints, read_baseline(tmp_path / "m.npz", "smpl").clips[0].joints)
    with pytest.raises(InputError, match="give --unit m"):
        read_baseline(tmp_path / "m.npz", "smpl", unit=unit)


@pytest.mark.parametrize(
    "rate", [np.array([60.0]), np.array(60), np.array([[60]]), np.float32(60), "60", np.array([b"60.0"])]
)
def test_the_rate_may_be_an_array_of_one_number(tmp_path, rate):
    np.savez(tmp_path / "a.npz", **squatting(), mocap_framerate=rate)
    assert read_baseline(tmp_path / "a.npz", "smpl").clips[0].rate_hz == 60


@pytest.mark.parametrize("rate", [np.array([30.0, 60.0]), 0.0, -20.0, np.nan, "sixty"])
def test_a_rate_that_is_none_is_refused_unless_one_is_given(tmp_path, rate):
    np.savez(tmp_path / "a.npz", **squatting(), mocap_framerate=rate)
    with pytest.raises(InputError, match=r"a\.npz: 'mocap_framerate' is .* give --fps"):
        read_baseline(tmp_path / "a.npz", "smpl")
    assert read_baseline(tmp_path / "a.npz", "smpl", rate_hz=50.0).clips[0].rate_hz == 50


def test_an_assumed_rate_is_said_once(tmp_path, caplog):
    for name in ("a", "b", "c"):
        np.savez(tmp_path / f"{name}.npz", **squatting())
    assert [clip.rate_hz for clip in read_baseline(tmp_path, "smpl").clips] == [20] * 3
    assert caplog.text.count("20 Hz is assumed") == 1
    assert "a.npz and 2 more" in caplog.text
    caplog.clear()
    read_baseline(tmp_path, "smpl", rate_hz=60.0)
    assert "assumed" not in caplog.text


def test_poses_in_degrees_or_as_a_table_of_joints(tmp_path):
    made = squatting()
    np.savez(tmp_path / "a.npz", poses=np.degrees(made["poses"]), trans=made["trans"], fps=30)
    with pytest.raises(InputError, match="degrees"):
        read_baseline(tmp_path / "a.npz", "smpl")
    np.savez(tmp_path / "b.npz", poses=made["poses"].reshape(60, 22, 3), trans=made["trans"], fps=30)
    np.savez(tmp_path / "c.npz", **made, fps=30)
    root, body = made["poses"][:, :3], made["poses"][:, 3:]
    np.savez(tmp_path / "d.npz", root_orient=root, pose_body=body, trans=made["trans"], fps=30)
    whole, *others = (read_baseline(tmp_path / f"{n}.npz", "smpl").clips[0].joints for n in "bcd")
    assert all(np.array_equal(whole, other) for other in others)


@pytest.mark.parametrize(("root", "body"), [((), (60, 63)), ((59, 3), (60, 63)), ((0, 3), (0, 63)), ((60,), (60, 63))])
def test_arrays_of_root_and_body_that_do_not_fit_together_are_refused(tmp_path, root, body):
    np.savez(tmp_path / "a.npz", root_orient=np.ones(root), pose_body=np.ones(body))
    with pytest.raises(InputError, match=r"a\.npz: .*'root_orient' \(.*; expected \(T, 3\) and \(T, 63\)"):
        read_baseline(tmp_path / "a.npz", "smpl")


def pickled(program: bytes) -> bytes:
    """A .npy file whose one object is what a pickle program makes."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
    return file.getvalue() + program


def stated(shape: tuple[int, ...]) -> bytes:
    """The beginning of a .npy file of this shape, without values."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pickled(b"\x80\x02Nr\x00\x00\x00\x10."),  # a memo of 2^28 entries
        pickled(b"\x80\x04\x8e\x00\x00\x00\x00\x01\x00\x00\x00."),  # 4 GB of bytes that are not there
        pickled(b"\x80\x02]q\x00(" + b"h\x00h\x00" + b"e."),  # a list that holds itself
        pickled(b"\x80\x02]q\x00" + b"".join(b"]q%c(h%ch%ce" % (k + 1, k, k) for k in range(60)) + b"."),
        stated((1 << 34, 66)),
    ],
)
def test_sizes_stated_in_a_header_are_checked(tmp_path, content):
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"x\.npy"):
        read_array_or_dict(path)
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert largest < 200e6


def test_an_archive_that_unpacks_to_more_than_any_motion_is_refused(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("poses.npy", "w") as entry,
    ):
        entry.write(stated((600_000, 66)))
        for _ in range(20):
            entry.write(bytes(16_000_000))
    with pytest.raises(InputError, match="when it is unpacked"):
        read_baseline(tmp_path / "a.npz", "smpl")


@pytest.mark.parametrize(
    ("joint", "frames", "value", "says"),
    [
        ("right_knee", slice(7, 8), 1e30, "right_knee is at 1e.30 1e.30 1e.30 m in frame 8"),
        ("left_wrist", slice(7, 8), -999, "left_wrist is .* m from left_elbow in frame 8"),
        (
            "left_wrist",
            slice(7, 20),
            0,
            "left_wrist is exactly at 0 0 0 in frame 8, as some joint is in 13 of 40 frames",
        ),
        (slice(None), slice(30, 40), 0, "left_hip is exactly at 0 0 0 in frame 31, .* 10 of 40 frames; .* padding"),
        ("left_knee", slice(7, 8), "left_hip", "left_knee is 0 m from left_hip in frame 8"),
    ],
)
def test_joints_that_are_missing_in_some_frames_are_named(tmp_path, joint, frames, value, says):
    joints = walk()
    columns = JOINT_INDEX[joint] if isinstance(joint, str) else joint
    joints[frames, columns] = joints[frames, JOINT_INDEX[value]] if isinstance(value, str) else value
    np.save(tmp_path / "a.npy", joints)
    with pytest.raises(InputError, match=says):
        read_baseline(tmp_path / "a.npy", "joints", rate_hz=20)


def test_the_origin_of_a_body_may_be_its_pelvis(tmp_path):
    joints = walk() - walk()[:, :1]
    np.save(tmp_path / "a.npy", joints)
    assert len(read_baseline(tmp_path / "a.npy", "joints", rate_hz=20).clips) == 1


def test_a_file_of_many_arrays_is_refused_by_a_short_sentence(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"array_{i}": 0 for i in range(3000)})
    with pytest.raises(InputError, match="no array 'poses'; it has array_0, .* and 2994 more") as error:
        read_baseline(tmp_path / "a.npz", "smpl")
    assert len(str(error.value)) < 500


def test_lengths_beyond_the_frames_are_refused(tmp_path):
    content = {"motion": walk().transpose(1, 2, 0)[None], "lengths": [1000]}
    with pytest.raises(InputError, match="'lengths' has 1000 frames, but 'motion' has"):
        read_baseline(saved(tmp_path / "results.npy", content), "mdm")
