"""Joints of a model as tensors: all joints are evaluated together, and the tree is traversed level by level.

Each joint is rewritten once so that its constant rotations vanish: the child's rotation in its parent body becomes a
product of up to three rotations about axes fixed in the parent body, times one constant; the joint's translation
becomes a constant plus moving components, also in the parent body. Shapes: C coordinates, A moving rotation axes, D
moving translation directions, B bodies (one joint each), N frames, which come last.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.rotations import about_axis
from models.skeleton.description import ModelDescription
from models.skeleton.joint_functions import JointFunctions


def matrix_product(a: Tensor, b: Tensor) -> Tensor:
    """Product (K, 3, 3, N) of 3x3 matrices (K, 3, 3, N) and (K, 3, 3, N), frames last."""
    # The sum of three outer products, (K, 3, 1, N) * (K, 1, 3, N). `unbind` has a cheaper gradient than indexing.
    (a1, a2, a3), (b1, b2, b3) = a.unsqueeze(3).unbind(2), b.unsqueeze(1).unbind(2)
    return a1 * b1 + a2 * b2 + a3 * b3


def rotate(matrix: Tensor, vector: Tensor) -> Tensor:
    """Rotate vectors (K, 3, N or 1) by matrices (K, 3, 3, N), frames last."""
    (x, y, z), (a, b, c) = vector.unsqueeze(1).unbind(2), matrix.unbind(2)
    return a * x + b * y + c * z


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Cross product (K, 3, N) of vectors (K, 3, N) and (K, 3, N), frames last."""
    ax, ay, az = a.unbind(1)
    bx, by, bz = b.unbind(1)
    return torch.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), 1)


def skew(axis: np.ndarray) -> np.ndarray:
    """The matrix K (3, 3) of an axis (3,) with K v = axis x v."""
    x, y, z = axis
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


@dataclass
class LocalJoints:
    """Joints of N frames, each relative to its parent body.

    Attributes:
        rotation: (B, 3, 3, N) child in parent body.
        offset: (B, 3, N) joint centre in the parent body.
        axes: (A, 3, N) moving rotation axes in the parent body; empty without derivatives.
        first: (A + D, N) first derivatives of the functions by their coordinates; empty without derivatives.
        second: (A + D, N) second derivatives; empty unless two derivatives were requested.
    """

    rotation: Tensor
    offset: Tensor
    axes: Tensor
    first: Tensor
    second: Tensor


class KinematicTree(nn.Module):
    """Joints of a model, or of some of its bodies and their ancestors.

    Attributes:
        body_indices: the description's bodies that are in the tree, in the order of the tree.
        position_of_body: position in the tree by index of the description's body.
        parents: position of each body's parent, -1 for the ground.
        functions: of the moving axes, then of the moving translations.
        axis_joint: (A,) joint of each moving rotation axis.
        move_joint: (D,) joint of each moving translation direction.
    """

    axis_rest: Tensor
    axis_sine: Tensor
    axis_cosine: Tensor
    axis_direction: Tensor
    axis_restore: Tensor
    constant_rotation: Tensor
    constant_offset: Tensor
    child_offset: Tensor
    group_restore: Tensor
    move_spread: Tensor
    move_direction: Tensor
    parent_index: Tensor

    def __init__(self, description: ModelDescription, dtype: torch.dtype, bodies: set[int] | None = None) -> None:
        """Set up the tree.

        Args:
            description: the model.
            dtype: of the coordinates and of all results.
            bodies: indices into the description's bodies; None for all.
        """
        super().__init__()
        included = set(range(len(description.joints))) if bodies is None else set()
        for body in bodies or ():
            while body >= 0:
                included.add(body)
                body = description.joints[body].parent
        self.body_indices = sorted(included)  # the description is in tree order
        self.position_of_body = {body: i for i, body in enumerate(self.body_indices)}
        joints = [description.joints[body] for body in self.body_indices]
        self.parents = [self.position_of_body.get(joint.parent, -1) for joint in joints]
        self.level_sizes = self._level_sizes()

        axis_functions, axis_directions, axis_joint = [], [], []
        move_functions, move_directions, move_joint = [], [], []
        constant_rotation, constant_offset = [], []
        for index, joint in enumerate(joints):
            constant = joint.parent_rotation
            for axis, function in zip(joint.axes[:3], joint.functions[:3], strict=True):
                if function.is_constant:
                    constant = constant @ about_axis(axis, function.constant_value)
                else:
                    axis_functions.append(function)
                    axis_directions.append(constant @ axis)
                    axis_joint.append(index)
            constant_rotation.append(constant @ joint.child_rotation.T)
            offset = joint.parent_offset.copy()
            for axis, function in zip(joint.axes[3:], joint.functions[3:], strict=True):
                direction = joint.parent_rotation @ axis
                if function.is_constant:
                    offset += direction * function.constant_value
                else:
                    move_functions.append(function)
                    move_directions.append(direction)
                    move_joint.append(index)
            constant_offset.append(offset)

        self.axis_count, self.move_count = len(axis_functions), len(move_functions)
        self.axis_joint, self.move_joint = axis_joint, move_joint
        self.functions = JointFunctions(axis_functions + move_functions, dtype)
        self._register_rotations(np.array(axis_directions), axis_joint, np.array(constant_rotation), dtype)

        spread = np.zeros((len(joints), 3, len(move_functions)))
        for k, (index, direction) in enumerate(zip(move_joint, move_directions, strict=True)):
            spread[index, :, k] = direction
        self._buffer("move_spread", spread.reshape(len(joints) * 3, -1), dtype)
        self._buffer("move_direction", np.array(move_directions).reshape(-1, 3, 1), dtype)
        self._buffer("constant_offset", np.array(constant_offset)[..., None], dtype)
        self._buffer("child_offset", np.array([-joint.child_offset for joint in joints])[..., None], dtype)
        self._buffer("parent_index", np.array(self.parents), torch.long)

    def _buffer(self, name: str, value: np.ndarray | list[Any], dtype: torch.dtype) -> None:
        self.register_buffer(name, torch.as_tensor(np.asarray(value), dtype=dtype))

    def _level_sizes(self) -> list[int]:
        depth: list[int] = []
        for parent in self.parents:
            depth.append(0 if parent < 0 else depth[parent] + 1)
        if depth != sorted(depth):
            raise ValueError("bodies must be listed level by level, parents first")
        return [depth.count(level) for level in range(max(depth) + 1)]

    def _register_rotations(
        self, directions: np.ndarray, axis_joint: list[int], constant_rotation: np.ndarray, dtype: torch.dtype
    ) -> None:
        """Rodrigues' formula as rest + sin * sine + cos * cosine; a joint's constant is a factor of its last axis.

        Joints with the same number of axes are grouped, so that their products are computed together.
        """
        rest, sine, cosine = [], [], []
        for k, axis in enumerate(directions):
            last = k + 1 == len(axis_joint) or axis_joint[k + 1] != axis_joint[k]
            factor = constant_rotation[axis_joint[k]] if last else np.eye(3)
            cross_matrix = skew(axis)
            square = cross_matrix @ cross_matrix
            rest.append((np.eye(3) + square) @ factor)
            sine.append(cross_matrix @ factor)
            cosine.append(-square @ factor)
        for name, value in (("rest", rest), ("sine", sine), ("cosine", cosine)):
            self._buffer(f"axis_{name}", np.array(value)[..., None], dtype)
        self._buffer("axis_direction", directions[..., None], dtype)
        self._buffer("constant_rotation", constant_rotation[..., None], dtype)
        self.groups: list[tuple[int, str]] = []  # number of axes, prefix of the buffers
        order: list[int] = []
        axis_order: list[int] = []
        counts = [axis_joint.count(joint) for joint in range(len(constant_rotation))]
        for count in sorted(set(counts)):
            members = [joint for joint, c in enumerate(counts) if c == count]
            first = [axis_joint.index(joint) if count else 0 for joint in members]
            name = f"group_{count}"
            axes = np.array([[f + k for f in first] for k in range(count)]).reshape(count, len(members))
            self._buffer(f"{name}_axes", axes, torch.long)
            self._buffer(f"{name}_joints", members, torch.long)
            self.groups.append((count, name))
            order += members
            axis_order += axes.flatten().tolist()
        self._buffer("axis_restore", np.argsort(axis_order), torch.long)
        self._buffer("group_restore", np.argsort(order), torch.long)

    def joints(self, coordinates: Tensor, derivatives: int = 0) -> LocalJoints:
        """Evaluate every joint.

        Args:
            coordinates: (C, N) radians and metres, in the order of the description.
            derivatives: 0, 1 or 2, number of derivatives of the joints' functions.
        """
        values, *slopes = self.functions(coordinates, derivatives)
        angles = values[: self.axis_count, None, None]  # (A, 1, 1, N)
        about_axes = self.axis_rest + angles.sin() * self.axis_sine + angles.cos() * self.axis_cosine  # (A, 3, 3, N)
        products, axes = [], []
        for count, name in self.groups:
            if count == 0:
                members = self.constant_rotation.index_select(0, getattr(self, f"{name}_joints"))
                products.append(members.expand(-1, -1, -1, coordinates.shape[1]))
                continue
            product: Tensor | None = None
            for index in getattr(self, f"{name}_axes"):
                if derivatives:
                    direction = self.axis_direction.index_select(0, index).expand(-1, -1, coordinates.shape[1])
                    axes.append(direction if product is None else rotate(product, direction))
                rotation = about_axes.index_select(0, index)
                product = rotation if product is None else matrix_product(product, rotation)
            assert product is not None
            products.append(product)
        rotation = torch.cat(products).index_select(0, self.group_restore)
        moves = (self.move_spread @ values[self.axis_count :]).reshape(len(self.parents), 3, -1)
        return LocalJoints(
            rotation=rotation,
            offset=self.constant_offset + moves,
            axes=torch.cat(axes).index_select(0, self.axis_restore) if derivatives else values.new_empty(0),
            first=slopes[0] if derivatives else values.new_empty(0),
            second=slopes[1] if derivatives > 1 else values.new_empty(0),
        )

    def traverse(self, joints: LocalJoints) -> tuple[Tensor, Tensor, Tensor]:
        """Ground-frame rotations (B, 3, 3, N), body origins (B, 3, N) and joint centres (B, 3, N)."""
        rotations: list[Tensor] = []
        origins: list[Tensor] = []
        centres: list[Tensor] = []
        start = previous = 0
        for size in self.level_sizes:
            level = slice(start, start + size)
            rotation, offset = joints.rotation[level], joints.offset[level]
            if start:
                parent = self.parent_index[level] - previous
                above = rotations[-1].index_select(0, parent)
                centre = origins[-1].index_select(0, parent) + rotate(above, offset)
                rotation = matrix_product(above, rotation)
            else:
                centre = offset
            rotations.append(rotation)
            centres.append(centre)
            origins.append(centre + rotate(rotation, self.child_offset[level]))
            previous, start = start, start + size
        return torch.cat(rotations), torch.cat(origins), torch.cat(centres)
