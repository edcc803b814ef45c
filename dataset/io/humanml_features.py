"""HumanML3D's motion features: their normalisation, and the joint positions that they describe."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.joint_clip import LEG_LENGTH_RANGE_M
from dataset.io.safe_npy import as_numbers, read_array_or_dict
from models.rotations import about_axis
from models.skeleton.joint_set import JOINT_INDEX, JOINTS, PARENTS

FEATURES = 263
_LEAST_STD = 1e-8  # below it, a feature is constant
_ROOT_HEIGHT = 3
_POSITIONS, _ROTATIONS = slice(4, 67), slice(67, 193)
_ROOT_STEPS, _ROOT_VELOCITY = [1, 2], [193, 195]
# The root of a body that lies on the floor is as low as this; the mean of a normalised feature is 0.
_LEAST_ROOT_HEIGHT_M = 0.04
# Largest standard deviation of the length of the bone to each joint. Generators stretch bones, those of a leg more.
_LARGEST_STRETCH_M = {"hip": 0.03, "knee": 0.08, "ankle": 0.08}
# Steps of the root below this are noise; above, those in two features differ by less than this factor.
_LEAST_STEP_M, _LARGEST_STEP_RATIO = 0.004, 4.0
KIT_FEATURES = 251
KIT_HINT = f"; {KIT_FEATURES} are the features of KIT-ML, whose 21 joints are others and are not read"


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of HumanML3D features.

    Attributes:
        mean: (263,).
        std: (263,).
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def read(cls, mean: str | Path, std: str | Path) -> "Normalisation":
        """Read both from .npy files.

        Raises:
            InputError: an array cannot be read or is not (263,) finite numbers, the two are swapped, or most standard
                deviations are 0.
        """
        both = cls(_read_features_vector(mean), _read_features_vector(std))
        if (both.std < 0).any():
            raise InputError(
                f"{std}: has negative values, so it is no standard deviation; are --mean and --std swapped?"
            )
        constant = int((both.std < _LEAST_STD).sum())
        if 2 * constant > FEATURES:
            raise InputError(
                f"{std}: {constant} of {FEATURES} standard deviations are 0, so these features would be the same in "
                "every frame"
            )
        return both

    def inverse(self, features: np.ndarray) -> np.ndarray:
        """Features (..., 263) in their own units, of normalised ones."""
        return features * self.std + self.mean


def _read_features_vector(path: str | Path) -> np.ndarray:
    value = as_numbers(path, read_array_or_dict(path))
    if value.shape != (FEATURES,) or not np.isfinite(value).all():
        raise InputError(
            f"{path}: shape {value.shape}; expected ({FEATURES},) finite numbers, the mean or standard deviation of "
            f"HumanML3D's features{KIT_HINT if value.shape[-1:] == (KIT_FEATURES,) else ''}"
        )
    return value


def denormalised(where: str, features: np.ndarray, normalisation: Normalisation | None) -> np.ndarray:
    """Features (T, 263) in their own units.

    Args:
        where: name of the motion, for error messages.
        features: (T, 263), as the file has them.
        normalisation: mean and standard deviation of the data set, if they are normalised.

    Raises:
        InputError: the features are normalised and no normalisation is given, are given in their own units together
            with a normalisation, or the normalisation is that of other features.
    """
    fault = _fault_of(features)
    if normalisation is None:
        if fault:
            raise InputError(
                f"{where}: {fault}; these features look normalised: give the data set's Mean.npy and Std.npy as --mean "
                "and --std"
            )
        return features
    own = normalisation.inverse(features)
    if not fault and not np.allclose(own, features, atol=1e-3):
        raise InputError(
            f"{where}: the features are in their own units already (metres), so they are not normalised; leave out "
            "--mean and --std"
        )
    if fault_after := _fault_of(own):
        raise InputError(
            f"{where}: after denormalisation with --mean and --std, {fault_after}; these are the statistics of another "
            "data set or of another representation"
        )
    return own


def _fault_of(features: np.ndarray) -> str:
    """Why features (T, 263) cannot be a body's in their own units, in words; empty where they can be."""
    height_m = float(np.median(features[:, _ROOT_HEIGHT]))
    columns = features[:, _ROTATIONS].reshape(len(features), len(JOINTS) - 1, 6)
    # Each holds two columns of a rotation matrix, whose norm is sqrt(2) in whatever order they are written.
    norm = float(np.median(np.linalg.norm(columns, axis=-1)) / np.sqrt(2))
    if not _LEAST_ROOT_HEIGHT_M <= height_m <= LEG_LENGTH_RANGE_M[1] or not 0.7 < norm < 1.3:
        return (
            f"the median height of the root is {height_m:.2f} and the norm of rotation columns {norm:.2f}, expected "
            "about 0.9 m and 1"
        )
    local = features[:, _POSITIONS].reshape(len(features), len(JOINTS) - 1, 3)
    joints = np.concatenate([np.zeros_like(local[:, :1]), local], 1)
    joints[:, 0, 1] = features[:, _ROOT_HEIGHT]
    for part, largest_m in _LARGEST_STRETCH_M.items():
        ends = [JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right")]
        lengths_m = np.linalg.norm(joints[:, ends] - joints[:, [PARENTS[i] for i in ends]], axis=-1)
        stretch_m = float(lengths_m.std(0).max())
        if stretch_m > largest_m:
            return (
                f"the length of the bone to the {part} changes by {100 * stretch_m:.0f} cm (standard deviation), "
                f"expected {100 * largest_m:.0f} at most"
            )
    return _fault_of_velocities(features, joints)


def _fault_of_velocities(features: np.ndarray, joints: np.ndarray) -> str:
    """Why the root's steps cannot belong to the joints' velocities, in words; empty where they can."""
    steps = features[:-1, _ROOT_STEPS]
    velocity = features[:-1, _ROOT_VELOCITY]
    rms_m = [float(np.sqrt((values**2).sum(-1).mean())) for values in (steps, velocity)] if len(joints) > 1 else [0, 0]
    if min(rms_m) > _LEAST_STEP_M and max(rms_m) > _LARGEST_STEP_RATIO * min(rms_m):
        return (
            f"the root moves by {1000 * rms_m[0]:.0f} mm a frame in one feature and by {1000 * rms_m[1]:.0f} in another"
        )
    return ""


def joints_of_features(features: np.ndarray) -> np.ndarray:
    """Joint positions of HumanML3D features.

    Each frame holds, in this order: half the angle by which the heading turns about y until the next frame, with the
    sign that turns the heading back to z; the step of the root along x and z until the next frame, in the frame of the
    heading there; the height of the root; the positions of the other 21 joints relative to the root's projection on the
    floor, in the frame of the heading; then rotations, velocities and foot contacts, which are not needed here. The
    motion begins at x = z = 0 with a heading of z. Source: Guo et al., Generating Diverse and Natural 3D Human Motions
    from Text, CVPR 2022.

    Args:
        features: (..., T, 263), in their own units.

    Returns:
        (..., T, 22, 3), metres.
    """
    turned = np.zeros(features.shape[:-1])
    turned[..., 1:] = -2.0 * np.cumsum(features[..., :-1, 0], -1)  # the heading about y, radians
    steps = np.zeros((*features.shape[:-1], 3))
    steps[..., 1:, 0], steps[..., 1:, 2] = features[..., :-1, 1], features[..., :-1, 2]
    heading = about_axis("y", turned)  # (..., T, 3, 3)
    root = np.cumsum((heading @ steps[..., None])[..., 0], -2)
    local = features[..., _POSITIONS].reshape(*features.shape[:-1], len(JOINTS) - 1, 3)
    joints = np.concatenate([np.zeros_like(local[..., :1, :]), local], -2)
    joints[..., 0, 1] = features[..., _ROOT_HEIGHT]
    return joints @ heading.swapaxes(-1, -2) + root[..., None, :]
