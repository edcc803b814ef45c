"""Inverse kinematics from joint positions, all frames of a motion at once.

Least squares of four residuals, each in units of its standard deviation: distances of the joints from their targets;
excess of the coordinates over the model's ranges; distance from the neutral pose, which matters for coordinates that
hardly move the joints; and second differences in time, which matter for coordinates that do not move them at all. For
example, the ankle of a straight leg does not move with the hip's rotation, but the frames before and after show it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, COORDINATES, TRANSLATION_INDICES
from models.skeleton.body_joints import BodyJoints
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.gauss_newton import SmoothFrames, minimise
from models.skeleton.joint_set import JOINT_INDEX

FITTED = tuple(
    JOINT_INDEX[name]
    for name in ("pelvis", "spine1", "neck")
    + tuple(f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist")
            for side in ("left", "right"))
)  # fmt: skip
# No joint position depends on these; the values are typical of OpenCap's recordings of squats.
FIXED_DEG = {"mtp_angle_l": -7.0, "mtp_angle_r": -7.0, "pro_sup_l": 90.0, "pro_sup_r": 90.0}
_SOLVED = [i for i, name in enumerate(COORDINATES) if name not in FIXED_DEG]
_LIMIT_SD_DEG = 0.3
# Standard deviations of angular and linear acceleration in exercise, which weigh the second differences. Where a first
# fit moves faster, its own are taken (empirical Bayes), see `fit_joints`.
_ACCELERATION_DEG_S2, _ACCELERATION_M_S2 = 2000.0, 20.0
_ACCELERATION_OF_DEG_S2 = {"subtalar_angle": 400.0, "hip_rotation": 1000.0}
# Standard deviations about the neutral angle.
_NEUTRAL_SD_OF_DEG = {"subtalar_angle": 15.0, "hip_rotation": 30.0, "arm_rot": 60.0}
_NEUTRAL_SD_DEG = 300.0
_DIFFERENCE_DEG = 0.05
_STEP_LIMIT_DEG, _TOLERANCE_DEG, _ITERATIONS = 25.0, 0.02, 40


@dataclass(frozen=True)
class JointFit:
    """Coordinates fitted to joint positions.

    Attributes:
        coordinates: (T, 33) degrees and metres, canonical order.
        joints: (T, 22, 3) metres, the joint positions of these coordinates.
        iterations: number of iterations taken.
        converged: whether the last step was below 0.02 degrees, or no longer reduced the cost.
    """

    coordinates: Tensor
    joints: Tensor
    iterations: int
    converged: bool


def fit_joints(
    body: BodyJoints,
    targets: Tensor,
    start: Tensor,
    rate_hz: float,
    position_sd_m: float,
    noise_sd_m: float | None = None,
    start_is_fit: bool = False,
) -> JointFit:
    """Fit a subject's coordinates to joint positions.

    Coordinates in `FIXED_DEG` are set to these values; the ranges of `coordinate_limits` are kept.

    Args:
        body: the subject's 22 joints.
        targets: (T, 22, 3) metres, ground frame; only the joints `FITTED` count.
        start: (T, 33) degrees and metres, close enough that no joint is half a turn away from its solution.
        rate_hz: frame rate.
        position_sd_m: standard deviation of the targets' errors along each axis, those that are constant included.
        noise_sd_m: the part of it that differs from frame to frame, which alone is smoothed; None for all of it.
        start_is_fit: whether `start` is the result of an earlier fit. If so, a coordinate whose acceleration there
            exceeds that of ordinary exercise is smoothed the less, so that fast movement is not flattened.
    """
    problem = _Problem(body, targets, start, rate_hz, position_sd_m, noise_sd_m or position_sd_m, start_is_fit)
    found = minimise(
        problem.linearise,
        problem.start[:, _SOLVED],
        step_limit=_STEP_LIMIT_DEG * problem.unit,
        tolerance=_TOLERANCE_DEG / _STEP_LIMIT_DEG,
        iterations=_ITERATIONS,
        cost=problem.cost,
    )
    motion = problem.within_limits(problem.motion(found.unknowns))
    return JointFit(motion, body(motion), found.iterations, found.converged)


def coordinate_limits(skeleton: OpenSimSkeleton) -> tuple[Tensor, Tensor]:
    """Least and largest coordinates, (33,) each, degrees and metres: the model's ranges.

    The pelvis and coordinates whose range is a whole turn are unlimited.
    """
    low, high = (skeleton.coordinate_range[:, i].clone() for i in (0, 1))
    unlimited = high - low >= 359.0
    unlimited[[i for i, name in enumerate(COORDINATES) if name.startswith("pelvis")]] = True
    low[unlimited], high[unlimited] = -torch.inf, torch.inf
    return low, high


def _by_coordinate(special: dict[str, float], otherwise: float) -> Tensor:
    """A value for each solved coordinate, by its name without the side."""
    return torch.tensor([special.get(COORDINATES[i].rsplit("_", 1)[0], otherwise) for i in _SOLVED])


class _Problem:
    """The residuals of one motion. Weights are per degree, or per centimetre for translations.

    Attributes:
        start: (T, 33) degrees and metres, fixed coordinates set, within the limits.
        unit: (U,) one degree, or one centimetre in metres, for each of the `_SOLVED` coordinates.
    """

    def __init__(
        self,
        body: BodyJoints,
        targets: Tensor,
        start: Tensor,
        rate_hz: float,
        position_sd_m: float,
        noise_sd_m: float,
        start_is_fit: bool,
    ) -> None:
        self.position_sd_m = position_sd_m
        self.body, self.targets = body, targets[:, FITTED]
        translations = [_SOLVED.index(i) for i in TRANSLATION_INDICES]
        self.unit = torch.ones(len(_SOLVED)).to(targets)
        self.unit[translations] = 0.01
        self.low, self.high = coordinate_limits(body.skeleton)
        self.start = self.within_limits(start.to(targets))
        for name, value in FIXED_DEG.items():
            self.start[:, COORDINATE_INDEX[name]] = value

        self.neutral_weight = (_by_coordinate(_NEUTRAL_SD_OF_DEG, _NEUTRAL_SD_DEG).double() ** -2).to(targets)
        self.neutral_weight[[k for k, i in enumerate(_SOLVED) if COORDINATES[i].startswith("pelvis")]] = 0.0
        acceleration = _by_coordinate(_ACCELERATION_OF_DEG_S2, _ACCELERATION_DEG_S2)
        acceleration[translations] = 100.0 * _ACCELERATION_M_S2
        acceleration = acceleration.to(targets)
        if start_is_fit:
            own = (self.start[:, _SOLVED] / self.unit).diff(n=2, dim=0) * rate_hz**2
            acceleration = torch.maximum(acceleration, own.square().mean(0).sqrt())
        # The residuals of the positions are in units of the whole error. An error that is the same in all frames, such
        # as a body's other shape, is no reason to smooth, so smoothness is weighed against the noise alone.
        self.smoothness = (acceleration.to(targets) / rate_hz**2) ** -2 * (noise_sd_m / position_sd_m) ** 2
        moves = body.moved_by[_SOLVED][:, list(FITTED)]
        self.groups = _independent_groups(moves)
        self.moves = torch.from_numpy(moves).to(targets)  # (U, J) which coordinates move which joints

    def motion(self, unknowns: Tensor) -> Tensor:
        """Whole motion (T, 33) of the solved coordinates (T, U)."""
        motion = self.start.clone()
        motion[:, _SOLVED] = unknowns
        return motion

    def within_limits(self, motion: Tensor) -> Tensor:
        """The motion (T, 33), clamped to the model's ranges."""
        return motion.clamp(self.low, self.high)

    def cost(self, unknowns: Tensor) -> float:
        """Sum of the squared residuals of the solved coordinates (T, U)."""
        motion, values = self.motion(unknowns), unknowns / self.unit
        distance = (self.body(motion)[:, FITTED] - self.targets) / self.position_sd_m
        excess = (motion - self.within_limits(motion)) / _LIMIT_SD_DEG
        total = distance.square().sum() + excess.square().sum() + (self.neutral_weight * values.square()).sum()
        return float(total + (self.smoothness * values.diff(n=2, dim=0).square()).sum())

    def linearise(self, unknowns: Tensor, frames: Tensor) -> SmoothFrames:
        """Normal equations of the solved coordinates (T, U) of all `frames`.

        By forward differences; coordinates that move no joint in common are moved together.
        """
        motion, count = self.motion(unknowns), len(_SOLVED)
        moved = motion.repeat(1 + len(self.groups), 1, 1)
        for k, group in enumerate(self.groups, 1):
            for c in group:
                moved[k, :, _SOLVED[c]] += _DIFFERENCE_DEG * self.unit[c]
        joints = self.body(moved)[:, :, FITTED]  # (1 + G, T, J, 3)
        slopes = (joints[1:] - joints[0]) / (_DIFFERENCE_DEG * self.position_sd_m)
        jacobian = joints.new_zeros(len(frames), count, len(FITTED), 3)
        for k, group in enumerate(self.groups):
            jacobian[:, group] = slopes[k][:, None] * self.moves[group][:, :, None]
        jacobian = jacobian.flatten(2)  # (T, U, 3 J)
        residual = ((joints[0] - self.targets) / self.position_sd_m).flatten(1)

        values = unknowns / self.unit
        excess = (motion - self.within_limits(motion))[:, _SOLVED] / _LIMIT_SD_DEG**2
        bend = self.smoothness * values.diff(n=2, dim=0)  # (T - 2, U)
        gradient = (jacobian @ residual[..., None])[..., 0] + excess + self.neutral_weight * values
        gradient[:-2] += bend
        gradient[1:-1] -= 2 * bend
        gradient[2:] += bend
        blocks = jacobian @ jacobian.transpose(1, 2)
        blocks.diagonal(dim1=1, dim2=2).add_((excess != 0) / _LIMIT_SD_DEG**2 + self.neutral_weight)
        return SmoothFrames(gradient, blocks, self.smoothness, self.unit)


def _independent_groups(moves: np.ndarray) -> list[list[int]]:
    """Coordinates in few groups, no two of a group moving the same joint; `moves` (U, J) bool."""
    groups: list[list[int]] = []
    covered: list[np.ndarray] = []
    for c in np.argsort(-moves.sum(1), kind="stable"):
        for group, joints in zip(groups, covered, strict=True):
            if not (joints & moves[c]).any():
                group.append(int(c))
                joints |= moves[c]
                break
        else:
            groups.append([int(c)])
            covered.append(moves[c].copy())
    return groups
