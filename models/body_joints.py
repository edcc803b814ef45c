"""The 22 joints of motion-generation datasets (SMPL's and HumanML3D's set) on a person's OpenSim skeleton.

Twelve are joint centres of the model: hips, knees, ankles, shoulders, elbows and wrists. The others have no counterpart
there and are points fixed to the pelvis, the torso and the feet, laid out as `REST_M` has them, so that a person who
stands upright has these bones in the same directions as the body that the datasets' joints come from.
"""

import numpy as np
import torch
from torch import Tensor, nn

from dataset.coordinates import COORDINATES
from dataset.joint_set import JOINT, JOINTS, OFFSETS_M, REST_M
from models.kinematic_tree import rotate

_CENTRES = {"hip": "hip", "knee": "walker_knee", "ankle": "ankle", "shoulder": "acromial", "elbow": "elbow",
            "wrist": "radius_hand"}  # fmt: skip
_ON_PELVIS = ("pelvis", "spine1")
_ON_TORSO = ("spine2", "spine3", "neck", "left_collar", "right_collar", "head")


class BodyJoints(nn.Module):
    """Where a person has the 22 joints.

    rest: (22, 3) metres, ground frame, in the model's neutral pose with the pelvis at the origin. back: (3,) the lumbar
    joint there. moved_by: (33, 22) bool, which coordinates move which joints. Attributes of a skeleton stay its own.
    """

    def __init__(self, skeleton):
        super().__init__()
        self.skeleton = skeleton
        neutral = torch.zeros(1, len(COORDINATES), device=skeleton.coordinate_range.device)
        with torch.no_grad():
            centres = skeleton.joint_centres(neutral)[0].double().cpu().numpy()
            rotation, origin = (value[0].double().cpu().numpy() for value in skeleton.bodies(neutral))
        centre = dict(zip(skeleton.joint_names, centres, strict=True))
        bodies = list(skeleton.body_names)
        self.back = centre["back"]
        self.rest, owners = _layout(centre)
        index = [bodies.index(owner) for owner in owners]
        local = [rotation[body].T @ (at - origin[body]) for body, at in zip(index, self.rest, strict=True)]
        self.moved_by = _moved_by(skeleton.description, index)
        self.register_buffer("body", torch.tensor(index, device=neutral.device))
        self.register_buffer("local", torch.tensor(np.array(local), dtype=skeleton.coordinate_range.dtype)[..., None])
        self.to(neutral.device)

    def forward(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """motion (..., 33), degrees and metres, canonical order -> joints (..., 22, 3), metres, ground frame.

        extra: the model's further coordinates by name, as for `Skeleton.bodies`.
        """
        tree = self.skeleton.tree
        rotation, origin, _ = tree.walk(tree.joints(self.skeleton.coordinate_map(motion, extra)))
        joints = rotate(rotation.index_select(0, self.body), self.local) + origin.index_select(0, self.body)
        return joints.movedim(-1, 0).reshape(*motion.shape[:-1], len(JOINTS), 3)


def _layout(centre: dict[str, np.ndarray]) -> tuple[np.ndarray, list[str]]:
    """(22, 3) neutral positions and the body that carries each, from the model's joint centres."""
    rest, owners = np.zeros((len(JOINTS), 3)), [""] * len(JOINTS)
    child = {"hip": "femur", "knee": "tibia", "ankle": "talus", "shoulder": "humerus", "elbow": "ulna", "wrist": "hand"}
    for i, name in enumerate(JOINTS):
        side, _, part = name.partition("_")
        if part in _CENTRES:
            rest[i] = centre[f"{_CENTRES[part]}_{side[0]}"]
            owners[i] = f"{child[part]}_{side[0]}"
        elif part == "foot":
            # The toe joint, at the height that gives the foot its slope in REST_M.
            ankle, toe = centre[f"ankle_{side[0]}"], centre[f"mtp_{side[0]}"]
            forward, up, across = OFFSETS_M["foot"]
            run = np.hypot(toe[0] - ankle[0], toe[2] - ankle[2])
            rest[i] = (toe[0], ankle[1] + up / np.hypot(forward, across) * run, toe[2])
            owners[i] = f"calcn_{side[0]}"
    for names, owner, pair in ((_ON_PELVIS, "pelvis", "hip"), (_ON_TORSO, "torso", "shoulder")):
        left, right = JOINT[f"left_{pair}"], JOINT[f"right_{pair}"]
        scale = np.linalg.norm(rest[right] - rest[left]) / np.linalg.norm(REST_M[right] - REST_M[left])
        middle, template_middle = (rest[left] + rest[right]) / 2, (REST_M[left] + REST_M[right]) / 2
        for name in names:
            rest[JOINT[name]] = middle + scale * (REST_M[JOINT[name]] - template_middle)
            owners[JOINT[name]] = owner
    return rest, owners


def _moved_by(description, bodies: list[int]) -> np.ndarray:
    """(33, J) whether a canonical coordinate moves a point fixed to each of `bodies`."""
    moved = np.zeros((len(COORDINATES), len(bodies)), dtype=bool)
    joints = {joint.child: joint for joint in description.joints}
    for point, body in enumerate(bodies):
        while body >= 0:
            joint = joints[body]
            for function in joint.functions:
                if not function.is_constant and description.coordinate_names[function.coordinate] in COORDINATES:
                    moved[COORDINATES.index(description.coordinate_names[function.coordinate]), point] = True
            body = joint.parent
    return moved
