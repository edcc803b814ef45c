"""Recognition of joint positions that are those of a body model although they are read as a skeleton's."""

import numpy as np

from models.skeleton.joint_set import JOINT_INDEX, JOINTS, PARENTS, REST_M

# Pairs of joints that --export-joints fixes to pelvis or torso as in `REST_M`, each with the pair that gives the scale.
_HIPS, _COLLARS = ("left_hip", "right_hip"), ("left_collar", "right_collar")
_EXPORTED = ((("pelvis", "spine1"), _HIPS), (("spine2", "neck"), _COLLARS), (("spine3", "head"), _COLLARS))
_EXPORT_DIFFERS = 0.02
# Bones, by their far end, that tell a body model from joint centres of other origin, and by how much people differ.
_BONES_TO = ("hip", "spine1", "spine2", "neck", "collar", "shoulder", "knee", "ankle", "elbow", "wrist")
_PEOPLE_DIFFER = 0.35


def looks_like_body_model(joints: np.ndarray) -> bool:
    """Whether joints (T, 22, 3) are arranged as those of SMPL and HumanML3D and are not this project's own export.

    The export of joint centres keeps the template's arrangement within pelvis and torso exactly, which no body model
    has. Joint centres of other origin, such as a pelvis in the middle of the hips, differ from a body model by far.
    """
    if all(_ratio_differs(joints, *pairs) < _EXPORT_DIFFERS for pairs in _EXPORTED):
        return False
    own, template = _proportions(joints), _proportions(REST_M[None])
    return bool((np.abs(own / template - 1) < _PEOPLE_DIFFER).all())


def _ratio_differs(joints: np.ndarray, pair: tuple[str, str], scale: tuple[str, str]) -> float:
    """Relative difference of the ratio of two distances from that in the template."""
    own, template = (
        np.median(_distance_m(at, *pair) / np.maximum(_distance_m(at, *scale), 1e-9)) for at in (joints, REST_M[None])
    )
    return float(abs(own / template - 1))


def _distance_m(joints: np.ndarray, first: str, second: str) -> np.ndarray:
    return np.linalg.norm(joints[:, JOINT_INDEX[first]] - joints[:, JOINT_INDEX[second]], axis=-1)


def _proportions(joints: np.ndarray) -> np.ndarray:
    """Lengths of the bones of `_BONES_TO`, relative to the length of all of them, median over frames."""
    ends = [i for i, name in enumerate(JOINTS) if name.split("_")[-1] in _BONES_TO]
    lengths = np.median(np.linalg.norm(joints[:, ends] - joints[:, [PARENTS[i] for i in ends]], axis=-1), 0)
    return lengths / lengths.sum()
