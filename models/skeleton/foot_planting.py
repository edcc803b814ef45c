"""Plant both feet of motions: the least change of pelvis and legs with which each foot stays in place on the floor.

A decoded or recorded foot drifts by centimetres, floats and penetrates. In each frame four things are required of each
foot: the mean of its contact points stays where it is on average, the foot points where it points on average, and its
lowest contact point is on the floor. How it rolls and lifts its heel is left as it is. Pelvis and legs have 18 degrees
of freedom, so many motions meet these conditions; Newton's method takes the one that changes the coordinates least,
each in units of its standard deviation below. That is resolved motion rate control with a weighted pseudo-inverse
(Whitney 1969, Resolved motion rate control of manipulators and human prostheses).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.conventions import COORDINATE_INDEX, FEET, TRANSLATION_INDICES
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.kinematic_tree import cross, rotate

# Standard deviations: how much each coordinate may change, relative to the others.
_LEGS_SD_DEG, _TURN_SD_DEG, _SHIFT_SD_M = 1.0, 0.3, 0.01
_LEG = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
_UNKNOWNS = {
    **dict.fromkeys(("pelvis_tilt", "pelvis_list", "pelvis_rotation"), _TURN_SD_DEG),
    **dict.fromkeys(("pelvis_tx", "pelvis_ty", "pelvis_tz"), _SHIFT_SD_M),
    **dict.fromkeys((f"{name}_{side}" for name in _LEG for side in FEET), _LEGS_SD_DEG),
}
_ITERATIONS = 2
_ROUNDING_M = 2e-3  # rounds off the change from one lowest point to another, which would jerk the pelvis
_HEIGHT_M = 0.3 * _ROUNDING_M  # of the rounded lowest point, so that no foot floats or penetrates by more
_LEVER_M = 0.1  # converts a foot's rotation to a length, about half a foot
_DAMPING = 1e-8  # square metres, of what the feet move with a standard deviation of a coordinate, about 1e-4


class _Jacobian(NamedTuple):
    """Derivatives in N frames by the unknowns in units of their standard deviations.

    Attributes:
        feet: (N, 12, 18) of each foot's mean contact point (3) and rotation (3, times `_LEVER_M`): about the vertical,
            and about the two horizontal axes.
        lowest: (N, 2, 18) of the height of each foot's lowest point.
    """

    feet: Tensor
    lowest: Tensor


class FootPlanting(nn.Module):
    """Plants the feet of one subject's motions; differentiable, and every frame is solved at once."""

    moved: Tensor  # (2, 18, A + D) by how much each unknown turns and moves the axes and directions above each foot
    along: Tensor  # (2, P) weights that make a vector along the foot of its contact points
    members: Tensor  # (2, P) bool, whether a contact point belongs to the right and to the left foot
    deviation: Tensor  # (18,) degrees and metres

    def __init__(self, skeleton: OpenSimSkeleton) -> None:
        """Take over a subject's skeleton, its dtype and its contact points."""
        super().__init__()
        self.skeleton = skeleton
        tree, description = skeleton.contact_tree, skeleton.description
        radii = skeleton.contact_radii
        drivers = [description.coordinate_names[i] for i in tree.functions.drivers.tolist()]
        owners = [*tree.axis_joint, *tree.move_joint]
        moved = torch.zeros(2, len(_UNKNOWNS), len(owners))
        for foot, side in enumerate(FEET):
            above, body = set(), tree.position_of_body[description.body_names.index(f"calcn_{side}")]
            while body >= 0:
                above.add(body)
                body = tree.parents[body]
            for unknown, (name, deviation) in enumerate(_UNKNOWNS.items()):
                scale = deviation if COORDINATE_INDEX[name] in TRANSLATION_INDICES else math.radians(deviation)
                for k, (driver, owner) in enumerate(zip(drivers, owners, strict=True)):
                    moved[foot, unknown, k] = scale * (driver == name and owner in above)
        of_foot = [[name.endswith(f"_{side}") for name in description.contact_names] for side in FEET]
        members = torch.tensor(of_foot, device=radii.device)
        neutral = skeleton.contact_points(torch.zeros(1, len(COORDINATE_INDEX)).to(radii))[0, :, 0]
        offset = torch.where(members, neutral - (members * neutral).sum(1, keepdim=True) / members.sum(1)[:, None], 0)
        self.register_buffer("moved", moved.to(radii))
        self.register_buffer("members", members)
        self.register_buffer("along", (offset / offset.square().sum(1, keepdim=True)).to(radii))
        self.unknowns = [COORDINATE_INDEX[name] for name in _UNKNOWNS]
        self.register_buffer("deviation", torch.tensor(list(_UNKNOWNS.values())).to(radii))

    def forward(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Plant the feet.

        The gradient is that of the nearest motion with planted feet (implicit function theorem): the part of a change
        that would move a foot does not count. The toes' angle counts as fixed.

        Args:
            motion: (B, T, 33) degrees and metres, canonical order, near the floor y = 0.

        Returns:
            The motion (B, T, 33) and its contact points (B, T, 12, 3), metres.
        """
        frames = motion.shape[1]
        with torch.no_grad():
            planted = motion.detach().clone()
            state, jacobian = self._feet_and_jacobian(planted)
            inverse = _least_change(jacobian.feet)
            target = _home(state, frames, _HEIGHT_M)
            for iteration in range(_ITERATIONS):
                if iteration:
                    state = self._conditions(self._points(planted))
                planted[..., self.unknowns] -= self._step(inverse, state - target, motion)
        # The change of the motion, without what of it moves the feet.
        change = motion - motion.detach()
        in_deviations = (change[..., self.unknowns] / self.deviation).flatten(0, 1).unsqueeze(-1)
        x, _, z, turn, *_ = (jacobian.feet @ in_deviations).squeeze(-1).T.unflatten(0, (2, 6)).unbind(1)
        lowest = (jacobian.lowest @ in_deviations).squeeze(-1).T
        moving = torch.stack([x, lowest, z, turn], 1)  # (2, 4, N)
        undone = torch.zeros_like(motion)
        undone[..., self.unknowns] = self._step(inverse, moving - _home(moving, frames, 0.0), motion)
        planted = planted + change - undone
        return planted, self.skeleton.contact_points(planted)

    def _step(self, inverse: Tensor, excess: Tensor, motion: Tensor) -> Tensor:
        """Changes (B, T, 18) in degrees and metres that move the feet by (2, 4, N) and do not roll or pitch them."""
        excess = torch.cat([excess, torch.zeros_like(excess[:, :2])], 1).flatten(0, 1)  # (12, N)
        step = (inverse @ excess.T.unsqueeze(-1)).squeeze(-1)
        return (step * self.deviation).unflatten(0, motion.shape[:2])

    def _points(self, motion: Tensor) -> Tensor:
        """Contact points (P, 3, N) of motions."""
        points: Tensor = self.skeleton.contact_points(motion)
        return points.flatten(0, 1).permute(1, 2, 0)

    def _conditions(self, points: Tensor) -> Tensor:
        """What is required of each foot, (2, 4, N) metres, of contact points (P, 3, N).

        The x of its mean point, the height of its lowest point, the z of its mean point, and its direction.
        """
        mean = self._mean(points)
        along = self._along(points)
        lowest = self._lowest(points)[0]
        angle = torch.atan2(along[:, 0], along[:, 2])
        return torch.stack([mean[:, 0], lowest, mean[:, 2], _LEVER_M * angle], 1)

    def _mean(self, points: Tensor) -> Tensor:
        """(2, 3, N) mean contact point of each foot."""
        return torch.stack([points[foot].mean(0) for foot in self.members])

    def _along(self, points: Tensor) -> Tensor:
        """(2, 3, N) vector along each foot."""
        return torch.einsum("fp,pxn->fxn", self.along, points)

    def _lowest(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """The height of each foot's lowest contact sphere, (2, N) metres, and its derivative by all heights, (2, P, N).

        The mean of the heights, weighted by how near each sphere is to the lowest one. It is exact where one sphere
        is lowest and where all are level, and 0.3 times `_ROUNDING_M` too high in between.
        """
        heights = (points[:, 1] - self.skeleton.contact_radii[:, None])[None]  # (1, P, N)
        far = heights.masked_fill(~self.members[..., None], torch.inf) / _ROUNDING_M
        weights = (-far).softmax(1)
        lowest = (weights * heights).sum(1)
        return lowest, weights * (1 - (heights - lowest[:, None]) / _ROUNDING_M)

    def _feet_and_jacobian(self, motion: Tensor) -> tuple[Tensor, _Jacobian]:
        """The conditions (2, 4, N) on the feet of motions (B, T, 33), and the Jacobian."""
        skeleton, tree = self.skeleton, self.skeleton.contact_tree
        joints = tree.joints(skeleton.coordinate_map(motion), derivatives=1)
        rotation, origin, centre = tree.traverse(joints)
        points = skeleton.contact_groups(rotation, origin)  # (P, 3, N)
        ground = torch.eye(3).to(rotation)[None, ..., None].expand_as(rotation[:1])
        above = torch.cat([rotation, ground])[tree.parent_index]
        axes = rotate(above[tree.axis_joint], joints.axes)
        directions = rotate(above[tree.move_joint], tree.move_direction)
        axis_centre, still = centre[tree.axis_joint], torch.zeros_like(directions)
        mean, along = self._mean(points), self._along(points)
        lowest = torch.einsum("fpn,pxn->fxn", self._lowest(points)[1], points)  # moves as the lowest height does
        rows, lowest_rows = [], []
        for foot in range(2):
            of_mean = cross(axes, mean[foot] - axis_centre)
            of_lowest = cross(axes, lowest[foot] - axis_centre)
            x, y, z = along[foot]
            turn = axes[:, 1] - y * (x * axes[:, 0] + z * axes[:, 2]) / (x * x + z * z)
            turned = torch.stack([turn, axes[:, 0], axes[:, 2]], 1) * _LEVER_M  # (A, 3, N)
            by_axis = torch.cat([of_mean, turned, of_lowest[:, 1:2]], 1)
            by_move = torch.cat([directions, still, directions[:, 1:2]], 1)
            by_unknown = torch.einsum(
                "uk,kin->niu", self.moved[foot], torch.cat([by_axis, by_move]) * joints.first[:, None]
            )
            rows.append(by_unknown[:, :6])
            lowest_rows.append(by_unknown[:, 6])
        return self._conditions(points), _Jacobian(torch.cat(rows, 1), torch.stack(lowest_rows, 1))


def _least_change(jacobian: Tensor) -> Tensor:
    """Weighted pseudo-inverse (N, 18, 12) of Jacobians (N, 12, 18)."""
    square = jacobian @ jacobian.mT + _DAMPING * torch.eye(jacobian.shape[1]).to(jacobian)
    return jacobian.mT @ torch.linalg.inv(square)


def _home(values: Tensor, frames: int, height_m: float) -> Tensor:
    """What the feet's conditions (2, 4, N) shall be: their means over each motion's frames, and a height."""
    by_motion = values.unflatten(2, (-1, frames))
    home = by_motion.mean(3, keepdim=True).expand_as(by_motion).clone()
    home[:, 1] = height_m
    return home.flatten(2)
