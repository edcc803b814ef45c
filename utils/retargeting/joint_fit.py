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
# Pairs of joints whose distance is constant in every kind of body; knee and scapula change the distances of others.
_RIGID = [(JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"])] + [
    (JOINT_INDEX[f"{side}_{bone[0]}"], JOINT_INDEX[f"{side}_{bone[1]}"])
    for side in ("left", "right")
    for bone in (("knee", "ankle"), ("shoulder", "elbow"))
]


def fit_motion(source: np.ndarray, body: BodyJoints, rate_hz: float) -> tuple[JointTargets, JointFit]:
    """Find the subject's coordinates for a source motion.

    The fit is made twice: the second time, the limbs' lengths are those in the pose that the first fit found.

    Args:
        source: (T, 22, 3) metres, y up.
        body: the subject's joints.
        rate_hz: frame rate of the source.

    Returns:
        The target positions of the joints, and the fit to them.
    """
    pose = None
    motion = torch.as_tensor(initial_coordinates(find_targets(source, body), body)).to(body.local)
    sd_m = position_sd_m(source, body.kind)
    for _ in range(2):
        targets = find_targets(source, body, pose)
        with torch.no_grad():
            fit = fit_joints(body, torch.as_tensor(targets.joints).to(body.local), motion, rate_hz, sd_m)
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
    lengths = np.linalg.norm(np.stack([source[:, a] - source[:, b] for a, b in _RIGID], 1), axis=-1)
    return float(np.clip(np.sqrt(lengths.var(0).mean() / 2), _LEAST_SD_M[kind], _LARGEST_SD_M))


def joint_errors_mm(targets: JointTargets, fit: JointFit) -> np.ndarray:
    """Distances (T, 17) between the fitted joints and their targets, millimetres."""
    found = fit.joints.double().cpu().numpy()
    return 1000.0 * np.linalg.norm(found - targets.joints, axis=-1)[:, FITTED]


def bone_stretch_percent(joints: np.ndarray) -> float:
    """Largest coefficient of variation of the lengths of the limbs' bones, percent.

    About 0 for a real body, and above for positions that a network generated.

    Args:
        joints: (T, 22, 3).
    """
    lengths = np.linalg.norm(joints[:, LIMBS] - joints[:, [PARENTS[i] for i in LIMBS]], axis=-1)
    return float((100.0 * lengths.std(0) / lengths.mean(0)).max())
