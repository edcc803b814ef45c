"""SMPL pose parameters, as AMASS and motion generators write them, and joint positions of a standard body in them."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.joint_clip import require_finite
from dataset.io.safe_npy import as_numbers
from models.skeleton.joint_set import JOINTS, PARENTS, REST_M

_COUNT = len(JOINTS)
_RATE_NAMES = ("mocap_framerate", "mocap_frame_rate", "fps")


def read_smpl_joints(path: Path) -> tuple[np.ndarray, float | None]:
    """Read an .npz of SMPL pose parameters.

    Returns:
        Joint positions (T, 22, 3) in metres, and the frame rate in hertz or None where the file does not state it.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            names = set(content.files)
            if {"root_orient", "pose_body"} <= names and "poses" not in names:
                poses = np.concatenate([content["root_orient"], content["pose_body"]], 1)
            elif "poses" in names:
                poses = content["poses"]
            else:
                raise InputError(f"{path}: no array 'poses'; it has {', '.join(sorted(names)) or 'no arrays'}")
            translation = content["trans"] if "trans" in names else np.zeros((len(poses), 3))
            rates = [float(content[name]) for name in _RATE_NAMES if name in names]
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except Exception as error:  # numpy and zipfile raise many kinds of errors for a file that is not an .npz
        raise InputError(f"{path}: not an .npz of SMPL parameters ({str(error).splitlines()[0]})") from None
    poses, translation = as_numbers(path, poses), as_numbers(path, translation)
    if poses.ndim != 2 or poses.shape[1] < 3 * _COUNT or poses.shape[1] % 3:
        raise InputError(f"{path}: 'poses' has the shape {poses.shape}; expected (T, {3 * _COUNT} or more), axis-angle")
    if translation.shape != (len(poses), 3):
        raise InputError(f"{path}: 'trans' has the shape {translation.shape}; expected ({len(poses)}, 3)")
    require_finite(str(path), np.concatenate([poses, translation], 1))
    rate_hz = rates[0] if rates and np.isfinite(rates[0]) and rates[0] > 0 else None
    return smpl_joints(poses, translation), rate_hz


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
