"""The 22 joints of motion-generation datasets (those of SMPL and HumanML3D) on a subject's OpenSim skeleton.

In two variants. `centres`: hips, knees, ankles, shoulders, elbows and wrists are the model's joint centres, and a
straight leg is a straight line. `template`: in the model's neutral pose with hanging arms, the bones of the limbs have
the directions of `REST_M`, in which a straight leg is flexed by 10 degrees, because the joints of a body model are not
in the joint centres of a skeleton. In both, joints without a counterpart in the model are fixed to pelvis, torso or
foot, in the arrangement of `REST_M`.
"""

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import COORDINATES
from models.skeleton.description import ModelDescription
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.joint_set import JOINT_INDEX, JOINTS, OFFSETS_M, PARENTS, REST_M
from models.skeleton.kinematic_tree import rotate

# Joints that both SMPL and OpenSim's models have, and the latter's names of them.
CENTRES = {"hip": "hip", "knee": "walker_knee", "ankle": "ankle", "shoulder": "acromial", "elbow": "elbow",
            "wrist": "radius_hand"}  # fmt: skip
_ON_PELVIS = ("pelvis", "spine1")
_ON_TORSO = ("spine2", "spine3", "neck", "left_collar", "right_collar", "head")


_CARRIERS = {"knee": "femur", "ankle": "tibia", "foot": "calcn", "elbow": "humerus", "wrist": "ulna"}


class BodyJoints(nn.Module):
    """Positions of a subject's 22 joints.

    Attributes:
        skeleton: the subject's skeleton.
        kind: `centres` or `template`.
        rest: (22, 3) metres, ground frame, in the model's neutral pose, the pelvis at the origin.
        back: (3,) metres, the lumbar joint in that pose.
        moved_by: (33, 22) bool, which coordinates move which joints.
    """

    body: Tensor
    local: Tensor

    def __init__(self, skeleton: OpenSimSkeleton, kind: str = "centres") -> None:
        super().__init__()
        if kind not in ("centres", "template"):
            raise ValueError(f"kind must be 'centres' or 'template', not {kind!r}")
        self.skeleton, self.kind = skeleton, kind
        neutral = torch.zeros(1, len(COORDINATES), device=skeleton.coordinate_range.device)
        with torch.no_grad():
            centres = skeleton.joint_centres(neutral)[0].double().cpu().numpy()
            rotation, origin = (value[0].double().cpu().numpy() for value in skeleton.bodies(neutral))
        centre = dict(zip(skeleton.joint_names, centres, strict=True))
        bodies = list(skeleton.body_names)
        self.back = centre["back"]
        self.rest, owners = _layout(centre)
        self.bones = [] if kind == "centres" else [i for i in range(len(JOINTS)) if _part(i) in _CARRIERS]
        lengths = np.linalg.norm(self.rest - self.rest[list(PARENTS)], axis=1)
        for i in self.bones:
            self.rest[i] = self.rest[PARENTS[i]] + lengths[i] * _hanging(i)
            owners[i] = f"{_CARRIERS[_part(i)]}_{JOINTS[i][0]}"
        index = [bodies.index(owner) for owner in owners]
        # For a bone its vector in the body to which it is fixed, for any other joint its position there.
        fixed = [
            at - (self.rest[PARENTS[i]] if i in self.bones else origin[index[i]]) for i, at in enumerate(self.rest)
        ]
        local = [rotation[body].T @ vector for body, vector in zip(index, fixed, strict=True)]
        self.moved_by = _moved_by(skeleton.description, index)
        self.register_buffer("body", torch.tensor(index, device=neutral.device))
        self.register_buffer("local", torch.tensor(np.array(local), dtype=skeleton.coordinate_range.dtype)[..., None])
        self.to(neutral.device)

    def forward(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Joint positions (..., 22, 3), metres, ground frame.

        Args:
            motion: (..., 33) degrees and metres, canonical order.
            extra: the model's further coordinates by name, as for `OpenSimSkeleton.bodies`.
        """
        tree = self.skeleton.tree
        rotation, origin, _ = tree.traverse(tree.joints(self.skeleton.coordinate_map(motion, extra)))
        vectors = rotate(rotation.index_select(0, self.body), self.local)
        joints = list(vectors + origin.index_select(0, self.body))
        for i in self.bones:
            joints[i] = joints[PARENTS[i]] + vectors[i]
        return torch.stack(joints).movedim(-1, 0).reshape(*motion.shape[:-1], len(JOINTS), 3)


def _part(joint: int) -> str:
    return JOINTS[joint].split("_")[-1]


def _hanging(joint: int) -> np.ndarray:
    """Unit direction of the template's bone to a joint, the arms rotated from spread to hanging."""
    bone = REST_M[joint] - REST_M[PARENTS[joint]]
    if _part(joint) in ("elbow", "wrist"):
        forward, up, right = bone
        bone = np.array([forward, -right, up] if JOINTS[joint].startswith("right") else [forward, right, -up])
    return bone / np.linalg.norm(bone)


def _layout(centre: dict[str, np.ndarray]) -> tuple[np.ndarray, list[str]]:
    """Neutral positions (22, 3) from the model's joint centres, and the name of the body to which each is fixed."""
    rest, owners = np.zeros((len(JOINTS), 3)), [""] * len(JOINTS)
    child = {"hip": "femur", "knee": "tibia", "ankle": "talus", "shoulder": "humerus", "elbow": "ulna", "wrist": "hand"}
    for i, name in enumerate(JOINTS):
        side, _, part = name.partition("_")
        if part in CENTRES:
            rest[i] = centre[f"{CENTRES[part]}_{side[0]}"]
            owners[i] = f"{child[part]}_{side[0]}"
        elif part == "foot":
            # The toe joint, at the height that gives the foot its slope in REST_M.
            ankle, toe = centre[f"ankle_{side[0]}"], centre[f"mtp_{side[0]}"]
            forward, up, across = OFFSETS_M["foot"]
            run = np.hypot(toe[0] - ankle[0], toe[2] - ankle[2])
            rest[i] = (toe[0], ankle[1] + up / np.hypot(forward, across) * run, toe[2])
            owners[i] = f"calcn_{side[0]}"
    for names, owner, pair in ((_ON_PELVIS, "pelvis", "hip"), (_ON_TORSO, "torso", "shoulder")):
        left, right = JOINT_INDEX[f"left_{pair}"], JOINT_INDEX[f"right_{pair}"]
        scale = np.linalg.norm(rest[right] - rest[left]) / np.linalg.norm(REST_M[right] - REST_M[left])
        middle, template_middle = (rest[left] + rest[right]) / 2, (REST_M[left] + REST_M[right]) / 2
        for name in names:
            rest[JOINT_INDEX[name]] = middle + scale * (REST_M[JOINT_INDEX[name]] - template_middle)
            owners[JOINT_INDEX[name]] = owner
    return rest, owners


def _moved_by(description: ModelDescription, bodies: list[int]) -> np.ndarray:
    """Whether each canonical coordinate moves a point fixed to each of `bodies`, (33, J) bool."""
    moved = np.zeros((len(COORDINATES), len(bodies)), dtype=bool)
    joints = {joint.child: joint for joint in description.joints}
    for point, body in enumerate(bodies):
        while body >= 0:
            joint = joints[body]
            for function in joint.functions:
                if function.coordinate is None or function.is_constant:
                    continue
                name = description.coordinate_names[function.coordinate]
                if name in COORDINATES:
                    moved[COORDINATES.index(name), point] = True
            body = joint.parent
    return moved
