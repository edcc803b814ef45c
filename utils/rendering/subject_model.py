"""A subject's model, with what the renderers need of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dataset.opensim.bone_meshes import BoneMesh, read_bone_meshes
from dataset.opensim.model_reader import load_skeleton
from models.conventions import SIDES
from models.skeleton.forward_kinematics import OpenSimSkeleton

_HEAD_HEIGHT = 0.55  # of the head above the shoulders, as a fraction of the distance from lumbar joint to shoulders
_UNDRAWN = ("patella",)  # bodies that no link of a stick figure passes through


@dataclass(frozen=True)
class SubjectModel:
    """An OpenSim model, read once for all motions of its subject.

    Attributes:
        model_path: the .osim file.
    """

    model_path: Path

    @cached_property
    def skeleton(self) -> OpenSimSkeleton:
        """The subject's skeleton, float32."""
        return load_skeleton(self.model_path)

    @cached_property
    def meshes(self) -> tuple[BoneMesh, ...]:
        """The bones; capsules where mesh files are missing."""
        return read_bone_meshes(self.model_path, self.skeleton.description)

    @cached_property
    def links(self) -> np.ndarray:
        """Pairs (L, 2) of `stick_points` that a stick figure connects: limbs, pelvis, shoulders, back, neck, head."""
        names, joints = self.skeleton.joint_names, self.skeleton.description.joints
        neck, head = len(names), len(names) + 1
        drawn = [j for j in joints if j.parent > 0 and not self.skeleton.body_names[j.child].startswith(_UNDRAWN)]
        limbs = [(j.parent, j.child) for j in drawn if j.child not in self._shoulders]
        sides_of_pelvis = (("hip_l", "hip_r"), ("hip_l", "back"), ("hip_r", "back"))
        pelvis = [(names.index(a), names.index(b)) for a, b in sides_of_pelvis]
        shoulders = [(names.index(f"acromial_{side}"), neck) for side in SIDES]
        return np.array([*limbs, *pelvis, *shoulders, (names.index("back"), neck), (neck, head)])

    @cached_property
    def _shoulders(self) -> set[int]:
        """The bodies from below the torso to each humerus, which are connected by a line of their own."""
        joints, names = self.skeleton.description.joints, self.skeleton.body_names
        torso, bodies = names.index("torso"), set()
        for side in SIDES:
            body = names.index(f"humerus_{side}")
            while body not in (torso, -1):
                bodies.add(body)
                body = joints[body].parent
        return bodies

    def stick_points(self, joints: np.ndarray) -> np.ndarray:
        """Points of a stick figure: the joint centres, the midpoint of the shoulders, and the head.

        Args:
            joints: (T, J, 3) joint centres, metres.

        Returns:
            (T, J + 2, 3), metres. The head is on the line from the lumbar joint through the shoulders.
        """
        names = self.skeleton.joint_names
        neck = joints[:, [names.index(f"acromial_{side}") for side in SIDES]].mean(1)
        back = joints[:, names.index("back")]
        head = neck + _HEAD_HEIGHT * (neck - back)
        return np.concatenate([joints, neck[:, None], head[:, None]], axis=1)
