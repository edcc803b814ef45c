"""Fit of a subject's coordinates to a source motion, and measures of how well it fits."""

import numpy as np
import torch

from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_inverse_kinematics import FITTED, JointFit, fit_joints
from models.skeleton.joint_set import JOINT_INDEX, PARENTS
from utils.retargeting.initial_coordinates import initial_coordinates
from utils.retargeting.joint_targets import LIMBS, JointTargets, find_targets

# Limits of `position_sd_m`. The template is an average body, which differs from any source's by about a centimetre.
_LEAST_SD_M, _LARGEST_SD_M = {"centres": 0.0005, "template": 0.01}, 0.02
_LEAST_NOISE_M = 0.0005
_ROUNDS = 3
_STILL_M = 1e-4  # movement of a bone from frame to frame below which it does not move
# Pairs of joints whose distance is constant in every kind of body; knee and scapula change the distances of others.
_RIGID = [(JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"])] + [
    (JOINT_INDEX[f"{side}_{bone[0]}"], JOINT_INDEX[f"{side}_{bone[1]}"])
    for side in ("left", "right")
    for bone in (("knee", "ankle"), ("shoulder", "elbow"))
]


def fit_motion(source: np.ndarray, body: BodyJoints, rate_hz: float) -> tuple[JointTargets, JointFit]:
    """Find the subject's coordinates for a source motion.

    The fit is made three times: from the second time on, the limbs' lengths are those in the pose that the fit before
    found, and the accelerations that are expected of the coordinates are at least those that it found.

    Args:
        source: (T, 22, 3) metres, y up.
        body: the subject's joints.
        rate_hz: frame rate of the source.

    Returns:
        The target positions of the joints, and the fit to them.
    """
    pose = None
    motion = torch.as_tensor(initial_coordinates(find_targets(source, body), body)).to(body.local)
    sd_m, noise_m = position_sd_m(source, body.kind), noise_sd_m(source)
    for k in range(_ROUNDS):
        targets = find_targets(source, body, pose)
        with torch.no_grad():
            wanted = torch.as_tensor(targets.joints).to(body.local)
            fit = fit_joints(body, wanted, motion, rate_hz, sd_m, noise_m, start_is_fit=k > 0)
        motion, pose = fit.coordinates, fit.joints.double().cpu().numpy()
    return targets, fit


def position_sd_m(source: np.ndarray, kind: str) -> float:
    """Standard deviation of the errors of a source's joint positions along each axis, metres.

    It is estimated from bones whose length should be constant: the length has sqrt(2) times the standard deviation of
    its ends.

    Args:
        source: (T, 22, 3) metres.
        kind: kind of `BodyJoints`.
    """
    return float(np.clip(np.sqrt(_rigid_lengths_m(source).var(0).mean() / 2), _LEAST_SD_M[kind], _LARGEST_SD_M))


def noise_sd_m(source: np.ndarray) -> float:
    """Standard deviation along each axis of the noise of a source's joint positions from frame to frame, metres.

    It is estimated as in `position_sd_m`, but from second differences in time of the lengths, whose variance is 6 times
    that of white noise. Movement does not change these lengths, however fast it is, so that it does not count as noise.

    Args:
        source: (T, 22, 3) metres.
    """
    bends = np.diff(_rigid_lengths_m(source), n=2, axis=0)
    return float(np.clip(np.sqrt((bends**2).mean() / 12), _LEAST_NOISE_M, _LARGEST_SD_M))


def _rigid_lengths_m(source: np.ndarray) -> np.ndarray:
    """Lengths (T, P) in metres of what should be rigid in a source (T, 22, 3)."""
    return np.linalg.norm(np.stack([source[:, a] - source[:, b] for a, b in _RIGID], 1), axis=-1)


def joint_errors_mm(targets: JointTargets, fit: JointFit) -> np.ndarray:
    """Distances (T, 17) between the fitted joints and their targets, millimetres."""
    found = fit.joints.double().cpu().numpy()
    return 1000.0 * np.linalg.norm(found - targets.joints, axis=-1)[:, FITTED]


def speed_kept_percent(targets: JointTargets, fit: JointFit) -> float:
    """Speed of the limbs' bones in the fit in percent of their speed in the targets.

    It is 100 |v|^2 / <v, w> of the velocities v of the fit and w of the targets, both of the far end of each bone
    relative to its near end. Where the fit is a smoothed copy, v = g w, this is 100 g. Noise of the targets that
    the fit does not follow hardly counts. 100 for limbs that do not move.
    """
    found = fit.joints.double().cpu().numpy()
    near = [PARENTS[i] for i in LIMBS]
    v, w = (np.diff(joints[:, LIMBS] - joints[:, near], axis=0) for joints in (found, targets.joints))
    shared = float((v * w).sum(-1).mean())
    return 100.0 * float((v**2).sum(-1).mean()) / shared if shared > _STILL_M**2 else 100.0


def bone_stretch_percent(joints: np.ndarray) -> float:
    """Largest coefficient of variation of the lengths of the limbs' bones, percent.

    About 0 for a real body, and above for positions that a network generated.

    Args:
        joints: (T, 22, 3).
    """
    lengths = np.linalg.norm(joints[:, LIMBS] - joints[:, [PARENTS[i] for i in LIMBS]], axis=-1)
    return float((100.0 * lengths.std(0) / lengths.mean(0)).max())
