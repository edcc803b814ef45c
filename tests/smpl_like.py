"""A body in SMPL's format, small and our own: tubes of 96 vertices around 24 joints, standing in a T."""

import numpy as np

from models.skeleton.smpl_body import NAMES

_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)
# from the parent, metres: to the left, up, forward; the right side mirrors the left
_OFFSETS = {
    "pelvis": (0.0, 0.0, 0.0), "hip": (0.07, -0.09, 0.0), "spine1": (0.0, 0.11, -0.02), "knee": (0.02, -0.4, 0.0),
    "spine2": (0.0, 0.13, 0.0), "ankle": (0.0, -0.4, -0.04), "spine3": (0.0, 0.06, 0.02), "foot": (0.02, -0.05, 0.12),
    "neck": (0.0, 0.21, -0.03), "collar": (0.08, 0.11, -0.02), "head": (0.0, 0.09, 0.05), "shoulder": (0.09, 0.03, 0.0),
    "elbow": (0.26, 0.0, -0.02), "wrist": (0.25, 0.0, 0.0), "hand": (0.09, 0.0, 0.0),
}  # fmt: skip
_RADIUS_M = {"pelvis": 0.11, "spine1": 0.1, "spine2": 0.1, "spine3": 0.1, "hip": 0.08, "head": 0.08}


def rest_joints() -> np.ndarray:
    """(24, 3) metres in SMPL's axes."""
    joints = np.zeros((24, 3))
    for i, (name, parent) in enumerate(zip(NAMES, _PARENTS, strict=True)):
        mirror = [-1 if name.endswith("_r") else 1, 1, 1]
        joints[i] = (joints[parent] if i else 0) + np.array(_OFFSETS[name.split("_")[0]]) * mirror
    return joints


def smpl_like(pose_dependent: float = 1e-3) -> dict[str, np.ndarray]:
    """The arrays of a model file. Of its ten shapes the first is size, the next lengthen legs, arms and trunk and
    widen hips and shoulders."""
    joints, ring = rest_joints(), np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])
    vertices, faces, shapes = np.zeros((24, 4, 3)), [], np.zeros((24, 4, 3, 10))
    for i, name in enumerate(NAMES):
        part = name.split("_")[0]
        plane = [1, 2] if part in ("collar", "shoulder", "elbow", "wrist", "hand") else [0, 2]
        vertices[i] = joints[i]
        vertices[i][:, plane] += _RADIUS_M.get(part, 0.04) * ring
        if i:
            for k in range(4):
                a, b, c, d = 4 * _PARENTS[i] + k, 4 * _PARENTS[i] + (k + 1) % 4, 4 * i + (k + 1) % 4, 4 * i + k
                faces += [(a, b, c), (a, c, d)]
        shapes[i, :, 1, 1] = {"knee": -0.02, "ankle": -0.04, "foot": -0.04}.get(part, 0)
        shapes[i, :, 0, 2] = {"elbow": 0.02, "wrist": 0.04, "hand": 0.04}.get(part, 0) * np.sign(joints[i, 0])
        shapes[i, :, 1, 3] = 0.02 * (joints[i, 1] > 0.2)
        shapes[i, :, 0, 4] = 0.02 * np.sign(joints[i, 0]) * (joints[i, 1] < -0.05)
        shapes[i, :, 0, 5] = 0.02 * np.sign(joints[i, 0]) * (joints[i, 1] > 0.2)
    shapes[..., 0] = 0.05 * vertices
    random = np.random.default_rng(0)
    return {
        "v_template": vertices.reshape(96, 3),
        "shapedirs": shapes.reshape(96, 3, 10),
        "posedirs": pose_dependent * random.normal(size=(96, 3, 207)),
        "J_regressor": np.kron(np.eye(24), np.full((1, 4), 0.25)),
        "weights": np.kron(np.eye(24), np.ones((4, 1))),
        "kintree_table": np.array([[4294967295, *_PARENTS[1:]], range(24)], dtype=np.uint32),
        "f": np.array(faces, dtype=np.uint32),
    }
