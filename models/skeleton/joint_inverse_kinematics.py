"""Coordinates from joint positions: damped Gauss-Newton over a whole motion at once, on `models.skeleton`.

Least squares of three things, each in units of how far it may give way: the joints' distance from where they should be;
the coordinates' excess over the model's ranges; and the coordinates' second differences in time, which decide where
positions cannot (a straight leg hides how its hip is rotated, the frames before and after do not). The normal equations
of all frames are one banded system.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import solveh_banded
from torch import Tensor

from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES
from models.skeleton.body_joints import BodyJoints
from models.skeleton.joint_set import JOINT

FITTED = tuple(
    JOINT[name]
    for name in ("pelvis", "spine1", "neck")
    + tuple(f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist")
            for side in ("left", "right"))
)  # fmt: skip
# No joint position shows these: where they stand in OpenCap's recordings of squats.
HELD_DEG = {"mtp_angle_l": -7.0, "mtp_angle_r": -7.0, "pro_sup_l": 90.0, "pro_sup_r": 90.0}
_SOLVED = [i for i, name in enumerate(COORDINATES) if name not in HELD_DEG]
_LIMIT_SD_DEG = 0.3
# Angular and linear accelerations of exercise, as the spread of the second differences.
_ACCELERATION_DEG_S2, _ACCELERATION_M_S2 = 2000.0, 20.0
_ACCELERATION_OF_DEG_S2 = {"subtalar_angle": 400.0, "hip_rotation": 1000.0}
# Where positions say little, a joint stays near its neutral angle, by so much.
_NEUTRAL_SD_DEG = {"subtalar_angle": 15.0, "hip_rotation": 30.0, "arm_rot": 60.0}
_WEAK_SD_DEG = 300.0
_DIFFERENCE_DEG = 0.05
_LARGEST_STEP_DEG, _CONVERGED_DEG, _ITERATIONS = 25.0, 0.02, 40
_LEAST_GAIN = 1e-5  # of the sum of squares: what still changes below it moves nothing


@dataclass(frozen=True)
class Fit:
    """coordinates: (T, 33) degrees and metres. joints: (T, 22, 3) metres, where these put them. iterations: taken.
    converged: whether the last step was below 0.02 degrees or changed nothing.
    """

    coordinates: Tensor
    joints: Tensor
    iterations: int
    converged: bool


def fit_joints(body: BodyJoints, wanted: Tensor, start: Tensor, rate_hz: float, position_sd_m: float) -> Fit:
    """The coordinates that put a person's joints where they are wanted.

    wanted: (T, 22, 3) metres, ground frame; the joints `FITTED` count. start: (T, 33) degrees and metres, near enough
    that no joint is half a turn away; rate_hz: of the frames. position_sd_m: how far positions are to be trusted, each
    axis of each joint. Coordinates in `HELD_DEG` are set to these; the ranges of `limits` are kept.
    """
    problem = _Problem(body, wanted, rate_hz, position_sd_m)
    motion = problem.clamped(start.to(wanted))
    for name, value in HELD_DEG.items():
        motion[:, COORDINATE_INDEX[name]] = value
    cost = problem.cost(motion)
    damping, size, iteration = 1e-6, np.inf, 0
    while iteration < _ITERATIONS and size > _CONVERGED_DEG:
        iteration += 1
        gradient, blocks = problem.normal_equations(motion)
        while True:
            step = problem.step(gradient, blocks, damping)
            size = float(step.abs().max())
            step = step * min(1.0, _LARGEST_STEP_DEG / max(size, _CONVERGED_DEG))
            tried = motion.clone()
            tried[:, _SOLVED] += step * problem.unit
            tried_cost = problem.cost(tried)
            if tried_cost <= cost or damping > 1e6 or size < _CONVERGED_DEG:
                break
            damping = max(10.0 * damping, 1e-3)
        gained = cost - tried_cost
        if gained <= _LEAST_GAIN * cost:
            size = 0.0
        if gained > 0:
            motion, cost, damping = tried, tried_cost, max(damping / 10.0, 1e-6)
    motion = problem.clamped(motion)
    return Fit(motion, body(motion), iteration, size <= _CONVERGED_DEG)


def limits(skeleton) -> tuple[Tensor, Tensor]:
    """Least and largest coordinates, (33,) each, degrees and metres: the model's ranges.

    The pelvis goes anywhere, and a range of a whole turn is none.
    """
    low, high = (skeleton.coordinate_range[:, i].clone() for i in (0, 1))
    free = high - low >= 359.0
    free[[i for i, name in enumerate(COORDINATES) if name.startswith("pelvis")]] = True
    low[free], high[free] = -torch.inf, torch.inf
    return low, high


class _Problem:
    """What one motion asks for. Unknowns are the `_SOLVED` coordinates in degrees, translations in centimetres."""

    def __init__(self, body: BodyJoints, wanted: Tensor, rate_hz: float, position_sd_m: float):
        self.position_sd_m = position_sd_m
        self.body, self.wanted = body, wanted[:, FITTED]
        translations = [_SOLVED.index(i) for i in TRANSLATION_INDICES]
        self.unit = torch.ones(len(_SOLVED)).to(wanted)
        self.unit[translations] = 0.01
        pelvis = [i for i, name in enumerate(COORDINATES) if name.startswith("pelvis")]
        self.low, self.high = limits(body.skeleton)

        self.neutral_weight = torch.tensor(
            [_NEUTRAL_SD_DEG.get(COORDINATES[i].rsplit("_", 1)[0], _WEAK_SD_DEG) ** -2 for i in _SOLVED]
        ).to(wanted)
        self.neutral_weight[[k for k, i in enumerate(_SOLVED) if i in pelvis]] = 0.0
        acceleration = torch.tensor(
            [_ACCELERATION_OF_DEG_S2.get(COORDINATES[i].rsplit("_", 1)[0], _ACCELERATION_DEG_S2) for i in _SOLVED]
        )
        acceleration[translations] = 100.0 * _ACCELERATION_M_S2
        self.smooth_weight = (acceleration.to(wanted) / rate_hz**2) ** -2
        self.groups = _independent_groups(body.moved_by[_SOLVED][:, list(FITTED)])
        self.moved_by = torch.from_numpy(body.moved_by[_SOLVED][:, list(FITTED)]).to(wanted)  # (C, J)

    def clamped(self, motion: Tensor) -> Tensor:
        return motion.clamp(self.low, self.high)

    def _values(self, motion: Tensor) -> Tensor:
        return motion[:, _SOLVED] / self.unit

    def cost(self, motion: Tensor) -> float:
        values = self._values(motion)
        moved = (self.body(motion)[:, FITTED] - self.wanted) / self.position_sd_m
        beyond = (motion - self.clamped(motion)) / _LIMIT_SD_DEG
        total = moved.square().sum() + beyond.square().sum() + (self.neutral_weight * values.square()).sum()
        return float(total + (self.smooth_weight * values.diff(n=2, dim=0).square()).sum())

    def normal_equations(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient (T, C) and the frames' own blocks (T, C, C) of the Gauss-Newton matrix, smoothness left out there.

        Coordinates that move no joint in common are differenced together.
        """
        frames, count = len(motion), len(_SOLVED)
        tries = motion.repeat(1 + len(self.groups), 1, 1)
        for k, group in enumerate(self.groups, 1):
            for c in group:
                tries[k, :, _SOLVED[c]] += _DIFFERENCE_DEG * self.unit[c]
        joints = self.body(tries)[:, :, FITTED]  # (1 + G, T, J, 3)
        slopes = (joints[1:] - joints[0]) / (_DIFFERENCE_DEG * self.position_sd_m)
        jacobian = joints.new_zeros(frames, count, len(FITTED), 3)
        for k, group in enumerate(self.groups):
            jacobian[:, group] = slopes[k][:, None] * self.moved_by[group][:, :, None]
        jacobian = jacobian.flatten(2)  # (T, C, 3 J)
        residual = ((joints[0] - self.wanted) / self.position_sd_m).flatten(1)

        values = self._values(motion)
        beyond = (motion - self.clamped(motion))[:, _SOLVED] / _LIMIT_SD_DEG**2
        bend = self.smooth_weight * values.diff(n=2, dim=0)  # (T - 2, C)
        gradient = (jacobian @ residual[..., None])[..., 0] + beyond + self.neutral_weight * values
        gradient[:-2] += bend
        gradient[1:-1] -= 2 * bend
        gradient[2:] += bend
        blocks = jacobian @ jacobian.transpose(1, 2)
        blocks.diagonal(dim1=1, dim2=2).add_((beyond != 0) / _LIMIT_SD_DEG**2 + self.neutral_weight)
        return gradient, blocks

    def step(self, gradient: Tensor, blocks: Tensor, damping: float) -> Tensor:
        """The damped Gauss-Newton step (T, C), by a banded Cholesky factorisation."""
        frames, count = gradient.shape
        blocks = blocks.double().cpu().numpy()
        bands = np.zeros((2 * count + 1, frames, count))
        for offset in range(count):
            bands[offset, :, : count - offset] = blocks[:, range(offset, count), range(count - offset)]
        weight = self.smooth_weight.double().cpu().numpy()
        middle, near = np.zeros(frames), np.zeros(frames)
        for shift, factor in ((0, 1.0), (1, 4.0), (2, 1.0)):
            middle[shift : frames - 2 + shift] += factor
        for shift in (0, 1):
            near[shift : frames - 2 + shift] -= 2.0
        bands[0] += np.outer(middle, weight)
        bands[0] += damping * (bands[0] + 1e-3)
        bands[count] += np.outer(near, weight)
        bands[2 * count, : frames - 2] += weight
        solution = solveh_banded(
            bands.reshape(2 * count + 1, -1), -gradient.double().cpu().numpy().ravel(), lower=True, check_finite=False
        )
        return torch.from_numpy(solution.reshape(frames, count)).to(gradient)


def _independent_groups(moved_by: np.ndarray) -> list[list[int]]:
    """Coordinates (C, J) in as few groups as come easily, no two of a group moving the same joint."""
    groups, covered = [], []
    for c in np.argsort(-moved_by.sum(1), kind="stable"):
        for group, joints in zip(groups, covered, strict=True):
            if not (joints & moved_by[c]).any():
                group.append(int(c))
                joints |= moved_by[c]
                break
        else:
            groups.append([int(c)])
            covered.append(moved_by[c].copy())
    return groups
