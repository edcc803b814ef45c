"""What motion generators leave behind, read into clips of the 22 joints of `models.skeleton.joint_set`, metres, y up.

Of a file of many clips, one that cannot be used is refused by itself, and the others are read.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.safe_npy import read_array_or_dict
from models.rotations import about_axis
from models.skeleton.joint_set import JOINT, JOINTS, PARENTS, REST_M

logger = logging.getLogger("bige")

KINDS = ("mdm", "t2m", "humanml", "joints", "smpl")
GENERATOR_RATE_HZ = 20.0  # of HumanML3D, and of everything trained on it
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
FEATURES = 263
_LEG_M = (0.45, 1.3)
_FEWEST_FRAMES = 4
# A normalised feature has mean 0; the height of a root that stands, sits or squats has not.
_LEAST_HEIGHT_M = 0.25
_COUNT = len(JOINTS)
_POSITIONS, _TURNS = slice(4, 67), slice(67, 193)


@dataclass(frozen=True)
class JointClip:
    """One motion: joints (T, 22, 3), metres, y up, any heading. text: what was asked for, where the file says."""

    name: str
    joints: np.ndarray
    rate_hz: float
    text: str = ""


@dataclass(frozen=True)
class Baseline:
    """The clips of a file or folder, and a sentence for each that was refused."""

    clips: list[JointClip] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Normalisation:
    """What normalised HumanML3D features are brought back with: features * std + mean, (263,) each."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def read(cls, mean: str | Path, std: str | Path) -> "Normalisation":
        """From two .npy files; InputError where one is not (263,)."""
        values = []
        for path in (mean, std):
            value = _numbers(path, read_array_or_dict(path))
            if value.shape != (FEATURES,) or not np.isfinite(value).all():
                raise InputError(f"{path}: shape {value.shape}; a mean or deviation of features has ({FEATURES},)")
            values.append(value)
        return cls(*values)


def read_baseline(
    path: str | Path,
    kind: str,
    *,
    rate_hz: float | None = None,
    unit: str = "m",
    normalisation: Normalisation | None = None,
) -> Baseline:
    """Every clip of a file, or of the .npy (smpl: .npz) files of a folder.

    kind: of `KINDS`. rate_hz: of the frames; by default what the file says, else 20. unit: of joint positions.
    Raises InputError where a file named by itself cannot be read, or a folder holds none.
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        return _read_file(path, kind, rate_hz, unit, normalisation)
    files = sorted(p for p in path.glob("*.npz" if kind == "smpl" else "*.npy") if not p.name.startswith("."))
    if not files:
        raise InputError(f"{path}: no {'.npz' if kind == 'smpl' else '.npy'} file in it to read as {kind}")
    everything = Baseline()
    for file in files:
        try:
            part = _read_file(file, kind, rate_hz, unit, normalisation)
        except InputError as error:
            part = Baseline(refused=[str(error)])
        everything.clips.extend(part.clips)
        everything.refused.extend(part.refused)
    return everything


def _read_file(path: Path, kind: str, rate_hz, unit: str, normalisation) -> Baseline:
    file_rate_hz, texts = None, []
    if kind == "smpl":
        motions, file_rate_hz = _smpl_joints(path)
    elif kind == "mdm":
        motions, texts = _mdm_joints(path)
    elif kind == "humanml":
        motions = _clips_of(path, _numbers(path, read_array_or_dict(path)), (FEATURES,))
    else:
        motions = _clips_of(path, _numbers(path, read_array_or_dict(path)), (_COUNT, 3))
    baseline = Baseline()
    for k, motion in enumerate(motions):
        name = path.stem if len(motions) == 1 else f"{path.stem}_{k}"
        where = str(path) if len(motions) == 1 else f"{path}, motion {k}"
        try:
            if len(motion) < _FEWEST_FRAMES:
                raise InputError(f"{where}: {len(motion)} frame(s); a motion needs at least {_FEWEST_FRAMES}")
            _refuse_not_finite(where, motion)
            if kind == "humanml":
                motion = _joints_of_checked_features(where, motion, normalisation)
            joints = _checked(where, motion * (METRES[unit] if kind != "humanml" else 1.0), kind)
            rate = rate_hz or file_rate_hz or GENERATOR_RATE_HZ
            baseline.clips.append(JointClip(name, joints, rate, texts[k] if k < len(texts) else ""))
        except InputError as error:
            baseline.refused.append(str(error))
    if len(motions) == 1 and baseline.refused:
        raise InputError(baseline.refused[0])
    return baseline


def joints_of_features(features: np.ndarray) -> np.ndarray:
    """Joints (..., T, 22, 3), metres, of HumanML3D features (..., T, 263), as the format defines them.

    A frame holds: how the facing turns about y until the next frame, as half the angle (a quaternion's), in the sense
    that brings the facing back to z; the root's step along x and z until the next frame, seen facing z there; its
    height; the other 21 joints relative to the root's place on the floor, facing z; then rotations, velocities and
    foot contacts, which positions do not need. The motion begins at x = z = 0, facing z.
    Guo et al., Generating Diverse and Natural 3D Human Motions from Text, CVPR 2022.
    """
    turned = np.zeros(features.shape[:-1])
    turned[..., 1:] = -2.0 * np.cumsum(features[..., :-1, 0], -1)  # the heading about y, radians
    steps = np.zeros((*features.shape[:-1], 3))
    steps[..., 1:, 0], steps[..., 1:, 2] = features[..., :-1, 1], features[..., :-1, 2]
    heading = about_axis("y", turned)  # (..., T, 3, 3)
    root = np.cumsum((heading @ steps[..., None])[..., 0], -2)
    local = features[..., _POSITIONS].reshape(*features.shape[:-1], _COUNT - 1, 3)
    joints = np.concatenate([np.zeros_like(local[..., :1, :]), local], -2)
    joints[..., 0, 1] = features[..., 3]
    return joints @ heading.swapaxes(-1, -2) + root[..., None, :]


def smpl_joints(poses: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Joints (T, 22, 3), metres, of SMPL parameters on a body of standard proportions.

    poses: (T, 66 or more) axis-angle of each joint from its parent, radians. translation: (T, 3) metres. The bones are
    `REST_M`'s: the licensed body model, and so the shape parameters, are not used.
    """
    frames = len(poses)
    turns = Rotation.from_rotvec(poses[:, : 3 * _COUNT].reshape(-1, 3)).as_matrix().reshape(frames, _COUNT, 3, 3)
    rest = np.stack([-REST_M[:, 2], REST_M[:, 1], REST_M[:, 0]], -1)  # SMPL's axes: left, up, forward
    joints, rotations = np.zeros((frames, _COUNT, 3)), [turns[:, 0]]
    joints[:, 0] = translation
    for i in range(1, _COUNT):
        parent = PARENTS[i]
        joints[:, i] = joints[:, parent] + rotations[parent] @ (rest[i] - rest[parent])
        rotations.append(rotations[parent] @ turns[:, i])
    return joints


def _mdm_joints(path: Path) -> tuple[list[np.ndarray], list[str]]:
    content = read_array_or_dict(path)
    if not isinstance(content, dict) or "motion" not in content:
        held = f"holds {', '.join(map(str, content))}" if isinstance(content, dict) else "holds no dict"
        raise InputError(f"{path}: not the results.npy of MDM, it has no 'motion' ({held}); try --type joints")
    motion = _numbers(path, content["motion"])
    if motion.ndim != 4 or motion.shape[1:3] != (_COUNT, 3):
        raise InputError(f"{path}: 'motion' has the shape {motion.shape}; expected (N, {_COUNT}, 3, T)")
    lengths = np.asarray(content.get("lengths", np.full(len(motion), motion.shape[3]))).ravel()
    if len(lengths) != len(motion) or lengths.dtype.kind not in "iuf" or not np.isfinite(lengths).all():
        raise InputError(f"{path}: {len(lengths)} 'lengths' for {len(motion)} motions; expected a number for each")
    texts = content.get("text", [])
    texts = [str(text) for text in texts] if isinstance(texts, (list, np.ndarray)) else []
    clips = [one.transpose(2, 0, 1)[: max(0, int(length))] for one, length in zip(motion, lengths, strict=True)]
    return clips, texts


def _smpl_joints(path: Path) -> tuple[list[np.ndarray], float | None]:
    try:
        with np.load(path, allow_pickle=False) as content:
            held = set(content.files)
            if {"root_orient", "pose_body"} <= held and "poses" not in held:
                poses = np.concatenate([content["root_orient"], content["pose_body"]], 1)
            elif "poses" in held:
                poses = content["poses"]
            else:
                raise InputError(f"{path}: no 'poses' in it; it holds {', '.join(sorted(held)) or 'nothing'}")
            translation = content["trans"] if "trans" in held else np.zeros((len(poses), 3))
            names = ("mocap_framerate", "mocap_frame_rate", "fps")
            rates = [float(content[name]) for name in names if name in held]
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # numpy and zipfile fail in many ways on a file that is no .npz
        raise InputError(f"{path}: not an .npz of SMPL parameters ({str(error).splitlines()[0]})") from None
    poses, translation = _numbers(path, poses), _numbers(path, translation)
    if poses.ndim != 2 or poses.shape[1] < 3 * _COUNT or poses.shape[1] % 3:
        raise InputError(f"{path}: 'poses' has the shape {poses.shape}; expected (T, {3 * _COUNT} or more), axis-angle")
    if translation.shape != (len(poses), 3):
        raise InputError(f"{path}: 'trans' has the shape {translation.shape}; expected ({len(poses)}, 3)")
    _refuse_not_finite(str(path), np.concatenate([poses, translation], 1))
    rate_hz = rates[0] if rates and np.isfinite(rates[0]) and rates[0] > 0 else None
    return [smpl_joints(poses, translation)], rate_hz


def _joints_of_checked_features(where: str, features: np.ndarray, normalisation: Normalisation | None) -> np.ndarray:
    if normalisation:
        features = features * normalisation.std + normalisation.mean
    height_m = float(np.median(features[:, 3]))
    turns = features[:, _TURNS].reshape(len(features), _COUNT - 1, 6)
    # Two columns of a rotation matrix in each: sqrt(2) long, in whatever order they are written.
    length = float(np.median(np.linalg.norm(turns, axis=-1)) / np.sqrt(2))
    if not _LEAST_HEIGHT_M <= height_m <= _LEG_M[1] or not 0.7 < length < 1.3:
        raise InputError(
            f"{where}: the root's height is {height_m:.2f} (median) and rotations are {length:.2f} long, expected "
            "0.9 m, about, and 1; these features look normalised: give the dataset's Mean.npy and Std.npy as --mean "
            "and --std"
        )
    return joints_of_features(features)


def _clips_of(path: Path, values: np.ndarray, frame_shape: tuple[int, ...]) -> list[np.ndarray]:
    """(T, *frame_shape) or (N, T, *frame_shape) as a list of clips."""
    inner = len(frame_shape)
    if values.shape[-inner:] == frame_shape and values.ndim in (inner + 1, inner + 2):
        return [values] if values.ndim == inner + 1 else list(values)
    expected = ", ".join(map(str, frame_shape))
    hint = ""
    if values.ndim == 4 and values.shape[1:3] == (_COUNT, 3):
        hint = "; frames come last here, as MDM has them: move them in front of the joints"
    elif inner == 2 and values.ndim >= 3 and values.shape[-1] == 3 and values.shape[-2] > _COUNT:
        hint = "; of SMPL's 24 joints the first 22 are meant"
    elif values.shape[-1:] == (FEATURES,):
        hint = "; 263 features are --type humanml"
    raise InputError(f"{path}: shape {values.shape}; expected (T, {expected}) or (N, T, {expected}){hint}")


def _checked(where: str, joints: np.ndarray, kind: str) -> np.ndarray:
    """The joints as float64 with y up, if they are a body's: its size, its upright, its left and right."""
    joints = joints.astype(float)
    leg_m = _leg_length(joints)
    if not _LEG_M[0] <= leg_m <= _LEG_M[1]:
        fitting = [unit for unit, metres in METRES.items() if _LEG_M[0] <= leg_m * metres <= _LEG_M[1]]
        advice = f"these are {fitting[0]}: give --unit {fitting[0]}" if fitting else "these are not a body's joints"
        raise InputError(
            f"{where}: the leg measures {leg_m:.4g} m from hip to ankle, expected {_LEG_M[0]} to {_LEG_M[1]}; {advice}"
        )
    ankles = (joints[:, JOINT["left_ankle"]] + joints[:, JOINT["right_ankle"]]) / 2
    upright = np.median(joints[:, JOINT["neck"]] - ankles, 0)
    axis = int(np.abs(upright).argmax())
    if kind in ("joints", "smpl") and axis == 2 and upright[2] > 0:
        logger.info("%s: z is up in this file", where)
        joints = np.stack([joints[..., 0], joints[..., 2], -joints[..., 1]], -1)
    elif axis != 1 or upright[1] < 0:
        direction = "-+"[int(upright[axis] > 0)] + "xyz"[axis]
        raise InputError(f"{where}: the body stands along {direction}; expected joints with y up")
    right = (joints[:, JOINT["right_hip"]] - joints[:, JOINT["left_hip"]]).copy()
    forward = np.cross([0.0, 1.0, 0.0], right)
    feet = sum(joints[:, JOINT[f"{side}_foot"]] - joints[:, JOINT[f"{side}_ankle"]] for side in ("left", "right"))
    if np.median((forward * feet).sum(-1)) < 0:
        raise InputError(f"{where}: the toes point backwards; left and right are swapped, or the axes are mirrored")
    return joints


def _leg_length(joints: np.ndarray) -> float:
    total = 0.0
    for side in ("left", "right"):
        hip, knee, ankle = (joints[:, JOINT[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        total += float(np.median(np.linalg.norm(knee - hip, axis=-1) + np.linalg.norm(ankle - knee, axis=-1)))
    return total / 2


def _numbers(path: str | Path, values) -> np.ndarray:
    try:
        values = np.asarray(values)
    except ValueError:
        raise InputError(f"{path}: holds lists of different lengths where an array of numbers is expected") from None
    if values.dtype.kind not in "fiu":
        raise InputError(f"{path}: holds {values.dtype} where an array of numbers is expected")
    return values.astype(float)


def _refuse_not_finite(where: str, motion: np.ndarray) -> None:
    bad = ~np.isfinite(motion.reshape(len(motion), -1)).all(1)
    if bad.any():
        first = int(bad.argmax())
        raise InputError(f"{where}: {bad.sum()} of {len(motion)} frames hold NaN or infinity, the first is {first}")
