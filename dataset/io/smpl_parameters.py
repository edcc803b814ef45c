"""SMPL pose parameters, as AMASS and motion generators write them, and joint positions of a standard body in them."""

import contextlib
import logging
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.joint_clip import METRES_PER_UNIT, require_finite
from dataset.io.safe_npy import as_numbers, read_npz
from dataset.spelling import list_names
from models.skeleton.joint_set import JOINT_INDEX, JOINTS, PARENTS, REST_M

logger = logging.getLogger("bige")

_COUNT = len(JOINTS)
_RATE_NAMES = ("mocap_framerate", "mocap_frame_rate", "frame_rate", "framerate", "fps")
_POSE_NAMES, _TRANSLATION_NAMES = ("poses", "smpl_poses"), ("trans", "transl", "smpl_trans")
_JOINTS_OF_MODELS = (22, 23, 24, *range(51, 57))
_SPLIT_NAMES = ("root_orient", "pose_body")
_WILDEST_ANGLE = 100 * np.pi  # of any joint in any frame: rotation vectors that go on may pass a few turns
_LARGEST_ANGLE = 2 * np.pi + 0.1  # of a joint other than the root, radians
_FURTHEST_M = 20.0  # from the origin of a recording
_FASTEST_SLIDE_M_S, _SLOW_SLIDE_M_S, _LEAST_SLIDE_M_S = 4.0, 1.5, 0.1


def read_smpl_joints(path: Path, unit: str = "m", rate_hz: float | None = None) -> tuple[np.ndarray, float | None]:
    """Read an .npz of SMPL pose parameters.

    Args:
        path: the file.
        unit: unit of the translation, `m`, `cm` or `mm`.
        rate_hz: frames per second; None for what the file states.

    Returns:
        Joint positions (T, 22, 3) in metres, and the frame rate in hertz or None where it is neither given nor stated.

    Raises:
        InputError: the file cannot be read or holds something else, its frame rate is no rate, its angles are in
            degrees, or its translation is in another unit.
    """
    names, content = read_npz(path, _RATE_NAMES + _POSE_NAMES + _TRANSLATION_NAMES + _SPLIT_NAMES)
    given = [content[name] for name in _POSE_NAMES if name in content]
    if not given and set(_SPLIT_NAMES) <= names:
        given = [_joined_poses(path, [content[name] for name in _SPLIT_NAMES])]
    if not given:
        raise InputError(f"{path}: no array 'poses'; it has {list_names(sorted(names)) or 'no arrays'}")
    poses = as_numbers(path, given[0])
    if poses.ndim == 3 and poses.shape[2] == 3:
        poses = poses.reshape(len(poses), -1)  # (T, J, 3)
    if poses.ndim != 2 or poses.shape[1] < 3 * _COUNT or poses.shape[1] % 3:
        raise InputError(f"{path}: 'poses' has the shape {poses.shape}; expected (T, {3 * _COUNT} or more), axis-angle")
    joints_stated = poses.shape[1] // 3
    if joints_stated not in _JOINTS_OF_MODELS:
        raise InputError(
            f"{path}: 'poses' has {poses.shape[1]} columns, which are {joints_stated} joints in axis-angle; SMPL has "
            "22 to 24, and 51 to 56 with hands; are these rotation matrices or six-dimensional rotations?"
        )
    moved = [content[name] for name in _TRANSLATION_NAMES if name in content]
    if not moved:
        logger.warning("%s: no array 'trans'; the pelvis is taken to stay in its place", path)
    translation = as_numbers(path, moved[0]) if moved else np.zeros((len(poses), 3))
    if translation.shape != (len(poses), 3):
        raise InputError(f"{path}: 'trans' has the shape {translation.shape}; expected ({len(poses)}, 3)")
    require_finite(str(path), np.concatenate([poses, translation], 1))
    if not (poses.any() or translation.any()):
        raise InputError(f"{path}: every value of 'poses' and of the translation is 0, so there is no motion")
    wildest = np.abs(poses[:, : 3 * _COUNT]).max(1)
    if wildest.max() > _WILDEST_ANGLE:
        frame = int(wildest.argmax())
        raise InputError(
            f"{path}: 'poses' has an angle of {wildest[frame]:.4g} in frame {frame + 1}, expected radians; are these "
            "degrees, or is that a mark for missing data?"
        )
    largest = float(np.percentile(np.linalg.norm(poses[:, 3 : 3 * _COUNT].reshape(-1, 3), axis=-1), 99.5))
    if largest > _LARGEST_ANGLE:
        raise InputError(f"{path}: 'poses' has angles of {largest:.0f}, expected radians up to 6.3; are these degrees?")
    rate_hz = _rate_hz(path, content, rate_hz)
    translation = translation * METRES_PER_UNIT[unit]
    joints = smpl_joints(poses, translation)
    _require_metres(path, joints, translation, unit, rate_hz or 20.0)
    return joints, rate_hz


def _joined_poses(path: Path, parts: list[np.ndarray]) -> np.ndarray:
    """The poses (T, 3 J) of the root and of the body, which some files have in arrays of their own."""
    shapes = [part.shape for part in parts]
    if any(len(shape) < 2 or 0 in shape for shape in shapes) or shapes[0][0] != shapes[1][0]:
        found = " and ".join(f"'{name}' {shape}" for name, shape in zip(_SPLIT_NAMES, shapes, strict=True))
        raise InputError(f"{path}: the arrays have the shapes {found}; expected (T, 3) and (T, 63)")
    return np.concatenate([part.reshape(len(part), -1) for part in parts], 1)


def _rate_hz(path: Path, content: dict[str, np.ndarray], given_hz: float | None) -> float | None:
    """The frame rate: `given_hz`, else what the file states, else None. Raises InputError if it states no rate."""
    stated = {name: content[name] for name in _RATE_NAMES if name in content}
    rates = []
    for name, value in stated.items():
        numbers = np.empty(0)
        if value.dtype.kind in "fiuUS":
            with contextlib.suppress(ValueError):
                numbers = value.astype(float).ravel()  # of a text such as '60', too
        if len(numbers) != 1 or not 1 <= numbers[0] <= 1000:
            if given_hz:
                continue
            raise InputError(
                f"{path}: '{name}' is {value.tolist()}, expected one number of frames per second; give --fps"
            )
        rates.append(float(numbers[0]))
    if given_hz:
        if any(abs(rate - given_hz) > 0.01 * given_hz for rate in rates):
            logger.warning("%s: states %g frames a second; --fps %g is used", path, rates[0], given_hz)
        return given_hz
    if len(set(rates)) > 1:
        raise InputError(f"{path}: states several frame rates, {', '.join(map(str, rates))}; give --fps")
    return rates[0] if rates else None


def _require_metres(path: Path, joints: np.ndarray, translation: np.ndarray, unit: str, rate_hz: float) -> None:
    """Raise InputError where the translation (T, 3) is in another unit than `unit`.

    The feet of a body that moves on a floor hardly slide, so that the translation is about the opposite of the feet's
    movement relative to the pelvis. In a wrong unit it is many times as large.
    """
    feet = joints[:, [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot")]]
    relative, steps = np.diff(feet - translation[:, None], axis=0), np.diff(translation, axis=0)[:, None]

    def slide_m_s(factor: float) -> float:
        return rate_hz * float(np.linalg.norm(relative + factor * steps, axis=-1).min(1).mean()) if len(steps) else 0.0

    def size(name: str) -> float:
        return METRES_PER_UNIT[name] / METRES_PER_UNIT[unit]

    slides = {name: slide_m_s(size(name)) for name in METRES_PER_UNIT}
    furthest_m = float(np.abs(np.median(translation, 0)).max())
    if slides[unit] > _FASTEST_SLIDE_M_S or furthest_m > _FURTHEST_M:
        others = [name for name in slides if size(name) < 1]
        others = [name for name in others if slides[name] <= max(slides[unit] / 3, _FASTEST_SLIDE_M_S)]
    else:
        others = [name for name in slides if size(name) > 1 and slides[name] < slides[unit] / 5]
        if not others or slides[unit] < _LEAST_SLIDE_M_S:
            return
    found = f"the feet slide at {slides[unit]:.3g} m/s and the pelvis is {furthest_m:.3g} m away from the origin"
    # The unit in which feet are slow and the pelvis is about a metre away from the origin.
    others.sort(key=lambda name: (slides[name] > _SLOW_SLIDE_M_S, abs(np.log10(max(furthest_m * size(name), 1e-3)))))
    advice = "check 'trans' and the frame rate"
    if others:
        advice = f"'trans' looks like {others[0]}: give --unit {others[0]}"
    raise InputError(f"{path}: with 'trans' in {unit}, {found}; {advice}")


def smpl_joints(poses: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Joint positions of SMPL pose parameters on a body of standard proportions.

    The bones are those of `REST_M`: the licensed body model, and with it the shape parameters, are not used.

    Args:
        poses: (T, 66 or more), axis-angle of each joint relative to its parent, radians.
        translation: (T, 3), metres.

    Returns:
        (T, 22, 3), metres.
    """
    frames = len(poses)
    local = Rotation.from_rotvec(poses[:, : 3 * _COUNT].reshape(-1, 3)).as_matrix().reshape(frames, _COUNT, 3, 3)
    rest = np.stack([-REST_M[:, 2], REST_M[:, 1], REST_M[:, 0]], -1)  # SMPL's axes: left, up, forward
    joints, rotations = np.zeros((frames, _COUNT, 3)), [local[:, 0]]
    joints[:, 0] = translation
    for i in range(1, _COUNT):
        parent = PARENTS[i]
        joints[:, i] = joints[:, parent] + rotations[parent] @ (rest[i] - rest[parent])
        rotations.append(rotations[parent] @ local[:, i])
    return joints
