"""SMPL body model: joints as functions of shape and pose, and the mesh through smplx.

SMPL: Loper et al., ACM Transactions on Graphics 34(6), 2015.
"""

import contextlib
import io

import numpy as np
import torch
from torch import Tensor, nn

NAMES = (
    "pelvis", "hip_l", "hip_r", "spine1", "knee_l", "knee_r", "spine2", "ankle_l", "ankle_r", "spine3", "foot_l",
    "foot_r", "neck", "collar_l", "collar_r", "head", "shoulder_l", "shoulder_r", "elbow_l", "elbow_r", "wrist_l",
    "wrist_r", "hand_l", "hand_r",
)  # fmt: skip
_VERTEX_FRAMES = 64  # skinned together, so that a long motion does not fill the memory


class SmplBody(nn.Module):
    """SMPL's joints as functions of shape and pose, and its mesh.

    Rotations are (T, 24, 3, 3), relative to the parent joint, in SMPL's axes; positions are metres.

    Attributes:
        parents: index of each joint's parent, -1 for the pelvis.
        rest: (24, 3) joints of the mean shape in the T-pose.
        rest_shapes: (24, 3, B) derivatives of these by the shape parameters.
    """

    rest: Tensor
    rest_shapes: Tensor

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        """Set up the body from the arrays of a model file, by SMPL's names; see `dataset.io.smpl_model`."""
        super().__init__()
        import smplx
        from smplx.utils import Struct

        unused = dict.fromkeys(("nose", "reye", "leye", "rear", "lear"), 0)
        with contextlib.redirect_stdout(io.StringIO()):  # smplx prints the number of shape parameters
            self.layer = smplx.SMPLLayer(
                "", data_struct=Struct(**arrays), vertex_ids=unused, use_hands=False, use_feet_keypoints=False,
                num_betas=min(10, arrays["shapedirs"].shape[-1]),
            )  # fmt: skip
        self.parents = self.layer.parents.tolist()
        regressor = self.layer.J_regressor
        self.register_buffer("rest", regressor @ self.layer.v_template)  # (24, 3)
        self.register_buffer("rest_shapes", torch.einsum("jv,vcb->jcb", regressor, self.layer.shapedirs))

    @property
    def faces(self) -> np.ndarray:
        """Triangles (F, 3) of the mesh."""
        return self.layer.faces_tensor.cpu().numpy()

    def rest_joints(self, betas: Tensor) -> Tensor:
        """Joints (24, 3) in the T-pose of the body with shape parameters betas (B,)."""
        return self.rest + self.rest_shapes @ betas

    def joints(self, betas: Tensor, rotations: Tensor, root: Tensor) -> Tensor:
        """Joints (T, 24, 3) of a posed body whose pelvis joint is at root (T, 3)."""
        rest = self.rest_joints(betas)
        positions, in_ground = [root], [rotations[:, 0]]
        for i, parent in enumerate(self.parents[1:], 1):
            positions.append(positions[parent] + in_ground[parent] @ (rest[i] - rest[parent]))
            in_ground.append(in_ground[parent] @ rotations[:, i])
        return torch.stack(positions, 1)

    @torch.no_grad()
    def vertices(self, betas: Tensor, rotations: Tensor, root: Tensor) -> Tensor:
        """Vertices (T, V, 3) of a posed body whose pelvis joint is at root (T, 3)."""
        shift, parts = root - self.rest_joints(betas)[0], []
        for pose, moved in zip(rotations.split(_VERTEX_FRAMES), shift.split(_VERTEX_FRAMES), strict=True):
            shape = betas.expand(len(pose), -1)
            parts.append(self.layer(shape, pose[:, 1:], pose[:, :1], moved).vertices)
        return torch.cat(parts)
