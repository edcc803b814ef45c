"""A model's joints as tensors: every joint evaluated at once, frames last, only the tree walked level by level.

Each joint is rewritten once so that its constant rotations are folded away: the child's rotation in its parent body is
a product of up to three rotations about axes fixed in the parent body, times one constant; the joint's translation is
a constant plus moving components, also in the parent body. Shapes below: C coordinates, A moving rotation axes,
D moving translation directions, B bodies (one joint each), N frames.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.rotations import about_axis
from models.skeleton.description import MAX_DEGREE, ModelDescription, PiecewisePolynomial


def matrix_product(a: Tensor, b: Tensor) -> Tensor:
    """Product of 3x3 matrices with frames last: (K, 3, 3, N) and (K, 3, 3, N) -> (K, 3, 3, N)."""
    return (
        a[:, :, 0, None] * b[:, None, 0] + a[:, :, 1, None] * b[:, None, 1] + a[:, :, 2, None] * b[:, None, 2]
    )  # (K, 3, 1, N) * (K, 1, 3, N)


def rotate(matrix: Tensor, vector: Tensor) -> Tensor:
    """Rotate vectors with frames last: (K, 3, 3, N) and (K, 3, N or 1) -> (K, 3, N)."""
    x, y, z = (vector[:, None, i] for i in range(3))
    return matrix[:, :, 0] * x + matrix[:, :, 1] * y + matrix[:, :, 2] * z


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Cross product with frames last: (K, 3, N) and (K, 3, N) -> (K, 3, N)."""
    ax, ay, az = a.unbind(1)
    bx, by, bz = b.unbind(1)
    return torch.stack((ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx), 1)


def skew(axis: np.ndarray) -> np.ndarray:
    """The matrix K of an axis with K v = axis x v."""
    x, y, z = axis
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


class JointFunctions(nn.Module):
    """K piecewise polynomials, each of one coordinate, evaluated together with their derivatives."""

    def __init__(self, functions: list[PiecewisePolynomial], dtype: torch.dtype):
        super().__init__()
        simple = [i for i, f in enumerate(functions) if len(f.starts) == 1 and not f.coefficients[:, 2:].any()]
        curved = [i for i, f in enumerate(functions) if len(f.starts) == 1 and f.coefficients[:, 2:].any()]
        spline = [i for i, f in enumerate(functions) if len(f.starts) > 1]
        order = simple + curved + spline

        def driver(group):
            return torch.tensor([functions[i].coordinate for i in group], dtype=torch.long)

        def polynomials(group):
            rows = [functions[i].coefficients[0] for i in group]
            return torch.tensor(np.array(rows).reshape(len(rows), MAX_DEGREE + 1), dtype=dtype)

        self.register_buffer("restore", torch.tensor(np.argsort(order), dtype=torch.long))
        self.register_buffer("simple_driver", driver(simple))
        self.register_buffer("simple", polynomials(simple))
        self.register_buffer("curved_driver", driver(curved))
        self.register_buffer("curved", polynomials(curved))
        self.register_buffer("drivers", torch.tensor([f.coordinate for f in functions], dtype=torch.long))
        pieces = max((len(functions[i].starts) for i in spline), default=0)
        starts = np.full((len(spline), pieces), np.inf)
        coefficients = np.zeros((len(spline), pieces, MAX_DEGREE + 1))
        for row, i in enumerate(spline):
            starts[row, : len(functions[i].starts)] = functions[i].starts
            coefficients[row, : len(functions[i].starts)] = functions[i].coefficients
        self.register_buffer("spline_driver", driver(spline))
        self.register_buffer("spline_starts", torch.tensor(starts, dtype=dtype))
        self.register_buffer("spline", torch.tensor(coefficients[..., :4], dtype=dtype))

    def forward(self, coordinates: Tensor, derivatives: int = 0) -> list[Tensor]:
        """Values and the first `derivatives` derivatives by the driving coordinate, each (K, N).

        coordinates: (C, N) radians and metres.
        """
        groups = [[] for _ in range(derivatives + 1)]
        if len(self.simple_driver):
            slope, intercept = self.simple[:, 1:2], self.simple[:, 0:1]
            groups[0].append(intercept + slope * coordinates.index_select(0, self.simple_driver))
            for k in range(1, derivatives + 1):
                groups[k].append((slope if k == 1 else torch.zeros_like(slope)).expand(-1, coordinates.shape[1]))
        if len(self.curved_driver):
            x = coordinates.index_select(0, self.curved_driver)
            for k, value in enumerate(_horner(self.curved.unsqueeze(1).unbind(-1), x, derivatives)):
                groups[k].append(value)
        if len(self.spline_driver):
            x = coordinates.index_select(0, self.spline_driver)
            piece = torch.searchsorted(self.spline_starts[:, 1:].contiguous(), x.detach().contiguous(), right=True)
            offset = torch.gather(self.spline_starts, 1, piece)
            row = torch.arange(len(x), device=x.device).unsqueeze(1)
            for k, value in enumerate(_horner(self.spline[row, piece].unbind(-1), x - offset, derivatives)):
                groups[k].append(value)
        return [torch.cat(group).index_select(0, self.restore) for group in groups]


def _horner(powers: tuple[Tensor, ...], x: Tensor, derivatives: int) -> list[Tensor]:
    """A polynomial's value and derivatives; `powers` are its ascending coefficients, broadcastable to x."""
    results = []
    for k in range(derivatives + 1):
        value = torch.zeros_like(x)
        for power in range(len(powers) - 1, k - 1, -1):
            value = value * x + powers[power] * float(np.prod(range(power - k + 1, power + 1)))
        results.append(value)
    return results


@dataclass
class LocalJoints:
    """Joints of N frames before the tree is walked.

    rotation: (B, 3, 3, N) child in parent body. offset: (B, 3, N) joint centre in the parent body.
    axes: (A, 3, N) moving rotation axes in the parent body. first, second: derivatives of the functions by their
    coordinates, (A + D, N), or None.
    """

    rotation: Tensor
    offset: Tensor
    axes: Tensor | None
    first: Tensor | None
    second: Tensor | None


class KinematicTree(nn.Module):
    """The joints of a model (or of those of its bodies that are asked for and their ancestors).

    bodies: indices into the description's bodies; all of them by default.
    """

    def __init__(self, description: ModelDescription, dtype: torch.dtype, bodies: set[int] | None = None):
        super().__init__()
        wanted = set(range(len(description.joints))) if bodies is None else set()
        for body in bodies or ():
            while body >= 0:
                wanted.add(body)
                body = description.joints[body].parent
        self.body_indices = sorted(wanted)  # the description is in tree order
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
        for k, (joint, direction) in enumerate(zip(move_joint, move_directions, strict=True)):
            spread[joint, :, k] = direction
        self._buffer("move_spread", spread.reshape(len(joints) * 3, -1), dtype)
        self._buffer("move_direction", np.array(move_directions).reshape(-1, 3, 1), dtype)
        self._buffer("constant_offset", np.array(constant_offset)[..., None], dtype)
        self._buffer("child_offset", np.array([-joint.child_offset for joint in joints])[..., None], dtype)
        self._buffer("parent_index", np.array(self.parents), torch.long)

    def _buffer(self, name: str, value, dtype) -> None:
        self.register_buffer(name, torch.as_tensor(np.asarray(value), dtype=dtype))

    def _level_sizes(self) -> list[int]:
        depth = []
        for parent in self.parents:
            depth.append(0 if parent < 0 else depth[parent] + 1)
        if depth != sorted(depth):
            raise ValueError("bodies must be listed level by level, parents first")
        return [depth.count(level) for level in range(max(depth) + 1)]

    def _register_rotations(self, directions, axis_joint, constant_rotation, dtype) -> None:
        """Rodrigues' formula as rest + sin * sine + cos * cosine, the joint's constant folded into its last axis."""
        rest, sine, cosine = [], [], []
        for k, axis in enumerate(directions):
            last = k + 1 == len(axis_joint) or axis_joint[k + 1] != axis_joint[k]
            fold = constant_rotation[axis_joint[k]] if last else np.eye(3)
            cross_matrix = skew(axis)
            square = cross_matrix @ cross_matrix
            rest.append((np.eye(3) + square) @ fold)
            sine.append(cross_matrix @ fold)
            cosine.append(-square @ fold)
        for name, value in (("rest", rest), ("sine", sine), ("cosine", cosine)):
            self._buffer(f"axis_{name}", np.array(value)[..., None], dtype)
        self._buffer("axis_direction", directions[..., None], dtype)
        self._buffer("constant_rotation", constant_rotation[..., None], dtype)
        self.groups, order, axis_order = [], [], []
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
        """Evaluate every joint. coordinates: (C, N) radians and metres, the description's order."""
        values, *slopes = self.functions(coordinates, derivatives)
        angles = values[: self.axis_count, None, None]  # (A, 1, 1, N)
        turns = self.axis_rest + angles.sin() * self.axis_sine + angles.cos() * self.axis_cosine  # (A, 3, 3, N)
        products, axes = [], []
        for count, name in self.groups:
            if count == 0:
                members = self.constant_rotation.index_select(0, getattr(self, f"{name}_joints"))
                products.append(members.expand(-1, -1, -1, coordinates.shape[1]))
                continue
            product = None
            for index in getattr(self, f"{name}_axes"):
                if derivatives:
                    direction = self.axis_direction.index_select(0, index).expand(-1, -1, coordinates.shape[1])
                    axes.append(direction if product is None else rotate(product, direction))
                turn = turns.index_select(0, index)
                product = turn if product is None else matrix_product(product, turn)
            products.append(product)
        rotation = torch.cat(products).index_select(0, self.group_restore)
        moves = (self.move_spread @ values[self.axis_count :]).reshape(len(self.parents), 3, -1)
        return LocalJoints(
            rotation=rotation,
            offset=self.constant_offset + moves,
            axes=torch.cat(axes).index_select(0, self.axis_restore) if derivatives else None,
            first=slopes[0] if derivatives else None,
            second=slopes[1] if derivatives > 1 else None,
        )

    def walk(self, joints: LocalJoints) -> tuple[Tensor, Tensor, Tensor]:
        """Ground-frame rotations (B, 3, 3, N), body origins (B, 3, N) and joint centres (B, 3, N)."""
        rotations, origins, centres = [], [], []
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
