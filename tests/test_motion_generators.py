"""Files of motion generators: they are read by the definitions of their formats, and others are errors."""

import pickle

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
        ("joints", np.where(np.arange(40)[:, None, None] == 7, np.nan, walk()), "infinity, the first is 7"),
    ],
)
def test_errors_name_the_fault(tmp_path, kind, value, words):
    with pytest.raises(InputError, match=words):
        read_baseline(saved(tmp_path / "x.npy", value), kind)


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
        ({"poses": np.array([Hostile(eval, "1")], dtype=object)}, "not an .npz of SMPL"),
    ],
)
def test_errors_of_smpl_parameters_name_the_fault(tmp_path, content, words):
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(InputError, match=words):
        read_baseline(tmp_path / "a.npz", "smpl")
