"""HumanML3D's motion features: their normalisation, and the joint positions that they describe."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.joint_clip import LEG_LENGTH_RANGE_M
from dataset.io.safe_npy import as_numbers, read_array_or_dict
from models.rotations import about_axis
from models.skeleton.joint_set import JOINTS

FEATURES = 263
_ROOT_HEIGHT = 3
_POSITIONS, _ROTATIONS = slice(4, 67), slice(67, 193)
# A normalised feature has mean 0; the root of a body that stands, sits or squats is higher.
_LEAST_ROOT_HEIGHT_M = 0.25


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
            InputError: an array cannot be read or is not (263,) finite numbers.
        """
        return cls(_read_features_vector(mean), _read_features_vector(std))

    def inverse(self, features: np.ndarray) -> np.ndarray:
        """Features (..., 263) in their own units, of normalised ones."""
        return features * self.std + self.mean


def _read_features_vector(path: str | Path) -> np.ndarray:
    value = as_numbers(path, read_array_or_dict(path))
    if value.shape != (FEATURES,) or not np.isfinite(value).all():
        raise InputError(
            f"{path}: shape {value.shape}; expected ({FEATURES},) finite numbers, a mean or standard deviation of "
            "features"
        )
    return value


def require_unnormalised(where: str, features: np.ndarray) -> None:
    """Raise InputError where features (T, 263) look as if they were still normalised."""
    height_m = float(np.median(features[:, _ROOT_HEIGHT]))
    columns = features[:, _ROTATIONS].reshape(len(features), len(JOINTS) - 1, 6)
    # Each holds two columns of a rotation matrix, whose norm is sqrt(2) in whatever order they are written.
    norm = float(np.median(np.linalg.norm(columns, axis=-1)) / np.sqrt(2))
    if not _LEAST_ROOT_HEIGHT_M <= height_m <= LEG_LENGTH_RANGE_M[1] or not 0.7 < norm < 1.3:
        raise InputError(
            f"{where}: the median height of the root is {height_m:.2f} and the norm of rotation columns {norm:.2f}, "
            "expected about 0.9 m and 1; these features look normalised: give the dataset's Mean.npy and Std.npy as "
            "--mean and --std"
        )


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
