"""Muscle-tendon lengths and moment arms from the geometry of a model's paths, batched and differentiable.

A path is a chain of straight lines and of arcs on cylinders. The length of a shortest path does not change, to first
order, with the points where the lines touch the cylinders. So its derivative by a coordinate is the sum, over the lines
that bridge the coordinate's joint, of the line's direction times the velocity of its far end per speed of the
coordinate. Velocities and lines are written about the origin of the ground frame (twists and Plücker coordinates;
Featherstone, Rigid Body Dynamics Algorithms, 2008, ch. 2).

Shapes: K segments or lines, A rotation axes, D translation directions, N frames, which come last; radians and metres.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import COORDINATES, MUSCLES
from models.muscles.cylinder_wrapping import CylinderWrap, wrap_cylinders
from models.muscles.moment_arms import LEG_COORDINATES, LEG_INDICES, MUSCLES_PER_LEG, MuscleTendonGeometry
from models.muscles.path_description import MusclePath, PathPoint, PathSegment, WrapCylinder
from models.skeleton.attached_points import AttachedPoints
from models.skeleton.description import ModelDescription
from models.skeleton.kinematic_tree import KinematicTree, cross, rotate

# A path keeps its side of a cylinder where its turns about the axis differ by less than this in all poses considered.
LARGEST_SPREAD_RAD = math.pi
SWEEPS = 5  # over the cylinders of segments that have several


class MusclePaths(nn.Module):
    """Paths of the 80 muscles of one model. Everything but the legs stays in the model's default pose."""

    rest: Tensor
    legs: Tensor
    scale: Tensor
    constant_length: Tensor
    summed: Tensor
    combine: Tensor
    pair_screw: Tensor
    pair_line: Tensor
    pair_sign: Tensor
    pair_entry: Tensor

    def __init__(self, description: ModelDescription, paths: Sequence[MusclePath]) -> None:
        """Set up the paths.

        Args:
            description: the model.
            paths: of the 80 muscles, in the order of MUSCLES.
        """
        super().__init__()
        moving: dict[int, list[tuple[int, PathSegment]]] = {}
        constant = np.zeros(len(MUSCLES))
        for muscle, path in enumerate(paths):
            for segment in path.segments:
                if len(set(_chain(segment))) > 1:
                    moving.setdefault(len(segment.cylinders), []).append((muscle, segment))
                else:
                    constant[muscle] += np.linalg.norm(segment.end.location - segment.start.location)
        self.counts = {count: len(moving[count]) for count in sorted(moving)}  # segments by their number of cylinders
        segments = [entry for count in self.counts for entry in moving[count]]
        bodies = {body for _, segment in segments for body in _chain(segment)}
        self.tree = tree = KinematicTree(description, torch.float64, bodies)
        self.starts = AttachedPoints(tree, *_points([segment.start for _, segment in segments]))
        self.ends = AttachedPoints(tree, *_points([segment.end for _, segment in segments]))
        for count in self.counts:
            for i in range(count):
                cylinders = [segment.cylinders[i] for _, segment in moving[count]]
                self.add_module(f"cylinders_{count}_{i}", _Cylinders(tree, cylinders))

        names = description.coordinate_names
        default = np.array(description.coordinate_defaults)
        default[[i for i, name in enumerate(names) if name.startswith("knee_adduction")]] = 0.0
        self._buffer("rest", default[:, None])
        legs = [names.index(COORDINATES[index]) for side in LEG_INDICES for index in side]
        self.register_buffer("legs", torch.tensor(legs))
        self._buffer("constant_length", constant[:, None])
        summed = np.zeros((len(MUSCLES), len(segments)))
        summed[[muscle for muscle, _ in segments], np.arange(len(segments))] = 1.0
        self._buffer("summed", summed)
        lines = [
            (muscle, chain[i], chain[i + 1])
            for count in self.counts
            for i in range(count + 1)
            for muscle, chain in ((muscle, _chain(segment)) for muscle, segment in moving[count])
        ]
        self._register_pairs(lines)

    def _buffer(self, name: str, value: np.ndarray) -> None:
        self.register_buffer(name, torch.as_tensor(value, dtype=torch.float64))

    def _register_pairs(self, lines: list[tuple[int, int, int]]) -> None:
        """Register the twists of the legs' joints, and which of them each line (muscle, from body, to body) bridges."""
        tree = self.tree
        joints = [*tree.axis_joint, *tree.move_joint]
        drivers = tree.functions.drivers.tolist()
        legs = self.legs.tolist()
        screws = sorted({pair for pair in zip(joints, drivers, strict=True) if pair[1] in legs})
        combine = np.zeros((len(screws), len(joints)))
        for component, pair in enumerate(zip(joints, drivers, strict=True)):
            if pair in screws:
                combine[screws.index(pair), component] = 1.0
        self._buffer("combine", combine)
        screw_index, line_index, sign, entry = [], [], [], []
        for line, (muscle, near, far) in enumerate(lines):
            before, behind = self._lineage(near), self._lineage(far)
            leg, number = divmod(muscle, MUSCLES_PER_LEG)
            for screw, (joint, coordinate) in enumerate(screws):
                side, row = divmod(legs.index(coordinate), len(LEG_COORDINATES))
                bridges = (joint in behind) - (joint in before)
                if bridges and side == leg:
                    screw_index.append(screw)
                    line_index.append(line)
                    sign.append(-float(bridges))
                    entry.append((leg * len(LEG_COORDINATES) + row) * MUSCLES_PER_LEG + number)
        self._buffer("pair_sign", np.array(sign)[:, None])
        for name, index in (("screw", screw_index), ("line", line_index), ("entry", entry)):
            self.register_buffer(f"pair_{name}", torch.tensor(index))

    def _lineage(self, body: int) -> set[int]:
        """Positions in the tree of a body of the description and of its ancestors."""
        position, found = self.tree.position_of_body[body], set()
        while position >= 0:
            found.add(position)
            position = self.tree.parents[position]
        return found

    def forward(self, motion: Tensor) -> MuscleTendonGeometry:
        """Lengths and moment arms of poses.

        Args:
            motion: (..., 33) degrees and metres, canonical order.

        Returns:
            Lengths (..., 80) and moment arms (..., 2, 7, 40), metres.
        """
        shape = motion.shape[:-1]
        joints = self.tree.joints(self._coordinates(motion), derivatives=1)
        rotation, origin, centre = self.tree.traverse(joints)
        lengths, points, directions = self._lines(rotation, origin)
        lengths = self.constant_length + self.summed @ lengths

        lines = torch.cat([directions, cross(points, directions)], 1)  # (K, 6, N)
        above = torch.cat([rotation, torch.eye(3).to(rotation)[None, ..., None].expand_as(rotation[:1])])
        axis_joint, move_joint = self.tree.axis_joint, self.tree.move_joint
        parent = self.tree.parent_index  # -1, the ground, is the last row
        first = joints.first[:, None]
        axes = rotate(above[parent[axis_joint]], joints.axes) * first[: len(axis_joint)]
        moves = rotate(above[parent[move_joint]], self.tree.move_direction) * first[len(axis_joint) :]
        turning = torch.cat([cross(centre[axis_joint], axes), axes], 1)
        twists = torch.cat([turning, torch.cat([moves, torch.zeros_like(moves)], 1)])
        screws = (self.combine @ twists.flatten(1)).unflatten(1, (6, -1))  # velocity at the origin, angular velocity
        powers = (screws.index_select(0, self.pair_screw) * lines.index_select(0, self.pair_line)).sum(1)
        arms = lines.new_zeros(2 * len(LEG_COORDINATES) * MUSCLES_PER_LEG, lines.shape[-1])
        arms = arms.index_add(0, self.pair_entry, powers * self.pair_sign).T.contiguous()
        return MuscleTendonGeometry(
            lengths.T.reshape(*shape, len(MUSCLES)),
            arms.reshape(*shape, 2, len(LEG_COORDINATES), MUSCLES_PER_LEG),
        )

    @torch.no_grad()
    def keep_sides(self, motion: Tensor) -> None:
        """Let paths keep the side on which they pass a cylinder in the poses `motion` (N, 33), where it is one side.

        A path that takes the shorter side in each pose would otherwise jump to the other one where a joint bends so far
        that this is shorter: the vasti would bend the knee there. So the turn about the cylinder's axis is taken within
        180 degrees of the middle of those in these poses.
        """
        rotation, origin, _ = self.tree.traverse(self.tree.joints(self._coordinates(motion)))
        for start, end, cylinders in self._groups(rotation, origin):
            wraps = _over_cylinders(start, end, cylinders)[0] if cylinders else []
            for placed, wrap in zip(cylinders, wraps, strict=True):
                low, high = wrap.turn.aminmax(dim=1, keepdim=True)
                keeps = high - low < LARGEST_SPREAD_RAD
                placed.cylinders.turn_centre.copy_(torch.where(keeps, (low + high) / 2, 0))
                placed.cylinders.one_sided.mul_(~keeps)

    def _coordinates(self, motion: Tensor) -> Tensor:
        """Generalised coordinates (C, N), radians and metres, of poses (..., 33)."""
        flat = motion.reshape(-1, motion.shape[-1])
        indices = torch.tensor(LEG_INDICES, device=flat.device).flatten()
        angles = flat.index_select(1, indices).T.double() * (math.pi / 180)  # (14, N)
        return self.rest.expand(-1, len(flat)).index_copy(0, self.legs, angles)

    def _groups(self, rotation: Tensor, origin: Tensor) -> Iterator[tuple[Tensor, Tensor, list["_Placed"]]]:
        """Starts (K, 3, N), ends (K, 3, N) and cylinders of the segments, by their number of cylinders."""
        starts, ends = self.starts(rotation, origin), self.ends(rotation, origin)
        sizes = list(self.counts.values())
        for count, start, end in zip(self.counts, starts.split(sizes), ends.split(sizes), strict=True):
            cylinders = [getattr(self, f"cylinders_{count}_{i}") for i in range(count)]
            yield start, end, [_Placed(one, rotation, origin) for one in cylinders]

    def _lines(self, rotation: Tensor, origin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Lengths (S, N) of the segments, and a point (K, 3, N) and the direction (K, 3, N) of each straight line."""
        lengths, points, directions = [], [], []
        for start, end, cylinders in self._groups(rotation, origin):
            if cylinders:
                wraps, origins = _over_cylinders(start, end, cylinders)
                length = wraps[0].length
                for wrap in wraps[1:]:  # what two successive wraps both contain, the line between them, counts once
                    length = length + wrap.length - wrap.first_line
                points += [*origins, end]
                directions += [*(wrap.leaving for wrap in wraps), wraps[-1].arriving]
            else:
                straight = end - start
                length = straight.square().sum(1).sqrt()
                points.append(start)
                directions.append(straight / length[:, None])
            lengths.append(length)
        return torch.cat(lengths), torch.cat(points), torch.cat(directions)


class _Cylinders(nn.Module):
    """One cylinder of each of K segments."""

    owner: Tensor
    frame: Tensor
    radius: Tensor
    one_sided: Tensor
    turn_centre: Tensor

    def __init__(self, tree: KinematicTree, cylinders: Sequence[WrapCylinder]) -> None:
        super().__init__()
        self.centres = AttachedPoints(tree, *_points([PathPoint(one.body, one.centre) for one in cylinders]))
        self.register_buffer("owner", torch.tensor([tree.position_of_body[one.body] for one in cylinders]))
        for name, value in (
            ("frame", np.array([one.rotation for one in cylinders])[..., None]),
            ("radius", np.array([[one.radius_m] for one in cylinders])),
            ("one_sided", np.array([[float(one.one_sided)] for one in cylinders])),
            ("turn_centre", np.zeros((len(cylinders), 1))),
        ):
            self.register_buffer(name, torch.as_tensor(value, dtype=torch.float64))


class _Placed:
    """Cylinders in N poses."""

    def __init__(self, cylinders: _Cylinders, rotation: Tensor, origin: Tensor) -> None:
        self.cylinders = cylinders
        self.centre = cylinders.centres(rotation, origin)  # (K, 3, N)
        owners = rotation.index_select(0, cylinders.owner)
        self.to_ground = torch.stack([rotate(owners, cylinders.frame[:, :, i]) for i in range(3)], 2)  # (K, 3, 3, N)
        self.from_ground = self.to_ground.transpose(1, 2)

    def wrap(self, start: Tensor, end: Tensor) -> CylinderWrap:
        """Paths from `start` to `end` (K, 3, N); all vectors in the ground frame."""
        wrap = wrap_cylinders(
            rotate(self.from_ground, start - self.centre), rotate(self.from_ground, end - self.centre),
            self.cylinders.radius, self.cylinders.one_sided, self.cylinders.turn_centre,
        )  # fmt: skip
        return wrap._replace(
            leaving=rotate(self.to_ground, wrap.leaving), arriving=rotate(self.to_ground, wrap.arriving)
        )


def _over_cylinders(
    start: Tensor, end: Tensor, cylinders: Sequence[_Placed]
) -> tuple[list[CylinderWrap], list[Tensor]]:
    """Paths of K segments over the same number of cylinders, one or more.

    Over several cylinders, the path is found by repeated sweeps from the last cylinder to the first, in each of which
    it is made shortest over one cylinder after the other. Each sweep leaves about a fourth of the error of the one
    before in the gastrocnemii: after five, moment arms are exact to 0.002 mm.

    Args:
        start: (K, 3, N) metres.
        end: (K, 3, N) metres.
        cylinders: the first cylinder of each segment, the second one, ...

    Returns:
        The paths over each cylinder, and where they come from, (K, 3, N) each: the start, or the point where the path
        lifts off the cylinder before.
    """
    origins = [start] * len(cylinders)  # where the path comes from before each cylinder
    if len(cylinders) == 1:
        return [cylinders[0].wrap(start, end)], origins
    for _ in range(SWEEPS - 1):
        _, origins = _sweep(origins, end, cylinders)
    return _sweep(origins, end, cylinders)[0], origins


def _sweep(origins: list[Tensor], end: Tensor, cylinders: Sequence[_Placed]) -> tuple[list[CylinderWrap], list[Tensor]]:
    """Wrap over each cylinder, the last one first.

    Args:
        origins: where the path comes from before each cylinder, (K, 3, N) each.
        end: (K, 3, N) metres.
        cylinders: the first cylinder of each segment, the second one, ...

    Returns:
        The paths over each cylinder, and new `origins`.
    """
    target = end
    wraps: list[CylinderWrap] = []
    lifting: list[Tensor] = []
    for placed, origin in zip(reversed(cylinders), reversed(origins), strict=True):
        wrap = placed.wrap(origin, target)
        wraps.insert(0, wrap)
        lifting.insert(0, target - wrap.arriving * wrap.last_line[:, None])
        target = origin + wrap.leaving * wrap.first_line[:, None]
    return wraps, [origins[0], *lifting[:-1]]


def _chain(segment: PathSegment) -> list[int]:
    """Bodies that a segment passes: of its start, of its cylinders and of its end."""
    return [segment.start.body, *(cylinder.body for cylinder in segment.cylinders), segment.end.body]


def _points(points: Sequence[PathPoint]) -> tuple[np.ndarray, np.ndarray]:
    """Bodies (P,) and locations (P, 3) of points."""
    return np.array([point.body for point in points]), np.array([point.location for point in points])
