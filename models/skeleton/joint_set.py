"""The 22 joints of motion-generation datasets, in the order of SMPL and HumanML3D, and their template positions."""

import numpy as np

JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
JOINT_INDEX = {name: i for i, name in enumerate(JOINTS)}

# Offset of each joint from its parent, standing upright with the arms spread: forward, up and to the right, metres.
# Rounded values for an adult of 1.7 m, near the mean of published body models; they do not come from a licensed body
# model. Only their directions matter where a subject's own bone lengths replace them.
OFFSETS_M = {
    "pelvis": (0.0, 0.0, 0.0),
    "hip": (-0.005, -0.09, 0.07),
    "spine1": (-0.025, 0.11, 0.0),
    "knee": (-0.005, -0.38, 0.035),
    "spine2": (0.0, 0.135, 0.0),
    "ankle": (-0.045, -0.40, -0.015),
    "spine3": (0.025, 0.055, 0.0),
    "foot": (0.12, -0.052, 0.025),
    "neck": (-0.04, 0.215, 0.0),
    "collar": (-0.035, 0.12, 0.08),
    "head": (0.05, 0.065, 0.0),
    "shoulder": (-0.01, 0.03, 0.095),
    "elbow": (-0.025, -0.015, 0.255),
    "wrist": (-0.005, 0.01, 0.25),
}


def _rest_m() -> np.ndarray:
    positions = np.zeros((len(JOINTS), 3))
    for i, (name, parent) in enumerate(zip(JOINTS, PARENTS, strict=True)):
        side = -1.0 if name.startswith("left") else 1.0
        offset = np.array(OFFSETS_M[name.split("_")[-1]]) * (1.0, 1.0, side)
        positions[i] = offset + (positions[parent] if parent >= 0 else 0.0)
    return positions


REST_M = _rest_m()
