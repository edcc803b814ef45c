"""Damped Gauss-Newton over the frames of a motion, the core of both inverse kinematics.

Levenberg 1944 and Marquardt 1963, as in Nocedal & Wright, Numerical Optimization, 2nd ed., section 10.3. The normal
equations are solved either frame by frame or, where the motion is to be smooth, as one banded system of all frames.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from scipy.linalg import solveh_banded
from torch import Tensor

_LEAST_DIAGONAL = 1e-3  # added to the diagonal before it is damped, so that an unknown without effect stays where it is
_SMALLEST_DAMPING, _RAISED_DAMPING, _LARGEST_DAMPING = 1e-6, 1e-3, 1e6
_LEAST_GAIN = 1e-5  # smallest relative decrease of the cost that is worth another iteration


class NormalEquations(Protocol):
    """A least-squares problem, linearised at the present unknowns."""

    def step(self, damping: float) -> Tensor:
        """The step (F, U) of U unknowns in each of F frames; `damping` is relative to the matrix's diagonal."""


@dataclass(frozen=True)
class SeparateFrames:
    """Normal equations of frames that do not depend on each other.

    Attributes:
        residual: (F, R), each in units of its standard deviation.
        jacobian: (F, R, U), its derivative.
    """

    residual: Tensor
    jacobian: Tensor

    def step(self, damping: float) -> Tensor:
        """See `NormalEquations.step`."""
        transposed = self.jacobian.transpose(-1, -2)
        normal = transposed @ self.jacobian
        normal = normal + damping * torch.diag_embed(normal.diagonal(dim1=-2, dim2=-1) + _LEAST_DIAGONAL)
        return -torch.linalg.solve(normal, transposed @ self.residual[..., None])[..., 0]


@dataclass(frozen=True)
class SmoothFrames:
    """Normal equations of frames whose second differences in time are part of the cost.

    Attributes:
        gradient: (F, U) of half the cost, smoothness included.
        blocks: (F, U, U) Gauss-Newton matrices of the frames, smoothness left out.
        smoothness: (U,) weight of the squared second difference of each unknown.
        unit: (U,) size of each unknown's unit, by which the step is multiplied.
    """

    gradient: Tensor
    blocks: Tensor
    smoothness: Tensor
    unit: Tensor

    def step(self, damping: float) -> Tensor:
        """See `NormalEquations.step`; a banded Cholesky factorisation of all frames at once."""
        frames, count = self.gradient.shape
        blocks = self.blocks.double().cpu().numpy()
        bands = np.zeros((2 * count + 1, frames, count))
        for offset in range(count):
            bands[offset, :, : count - offset] = blocks[:, range(offset, count), range(count - offset)]
        weight = self.smoothness.double().cpu().numpy()
        same_frame, next_frame = np.zeros(frames), np.zeros(frames)
        for shift, factor in ((0, 1.0), (1, 4.0), (2, 1.0)):
            same_frame[shift : frames - 2 + shift] += factor
        for shift in (0, 1):
            next_frame[shift : frames - 2 + shift] -= 2.0
        bands[0] += np.outer(same_frame, weight)
        bands[0] += damping * (bands[0] + _LEAST_DIAGONAL)
        bands[count] += np.outer(next_frame, weight)
        bands[2 * count, : frames - 2] += weight
        right_side = -self.gradient.double().cpu().numpy().ravel()
        solution = solveh_banded(bands.reshape(2 * count + 1, -1), right_side, lower=True, check_finite=False)
        return torch.from_numpy(solution.reshape(frames, count)).to(self.gradient) * self.unit


class Minimum(NamedTuple):
    """Result of `minimise`.

    Attributes:
        unknowns: (F, U).
        iterations: iterations that were taken.
        converged: whether the last step of every frame was below the tolerance, or the cost stopped falling.
    """

    unknowns: Tensor
    iterations: int
    converged: bool


def minimise(
    linearise: Callable[[Tensor, Tensor], NormalEquations],
    start: Tensor,
    *,
    step_limit: Tensor,
    tolerance: float,
    iterations: int,
    cost: Callable[[Tensor], float] | None = None,
) -> Minimum:
    """Minimise a sum of squares over the unknowns of all frames.

    Args:
        linearise: from unknowns (f, U) and the indices (f,) of their frames to the normal equations there.
        start: (F, U) first guess.
        step_limit: (U,) largest step of each unknown in an iteration; a larger one is shortened.
        tolerance: a frame has converged when its step is at most this fraction of `step_limit`.
        iterations: largest number of iterations.
        cost: from unknowns (F, U) to the sum of squares. Where it is given, the frames are one problem: a step that
            raises the cost is tried again with more damping. Without it the damping is constant, frames are separate
            problems, and those that have converged are left alone.
    """
    unknowns, damping = start.clone(), _SMALLEST_DAMPING
    frames = torch.arange(len(start), device=start.device)
    if cost is None:
        for iteration in range(1, iterations + 1):
            step, size = _shortened(linearise(unknowns[frames], frames).step(damping), step_limit)
            unknowns[frames] += step
            frames = frames[size > tolerance]
            if not len(frames):
                return Minimum(unknowns, iteration, True)
        return Minimum(unknowns, iterations, False)

    present = cost(unknowns)
    for iteration in range(1, iterations + 1):
        equations = linearise(unknowns, frames)
        while True:
            step, sizes = _shortened(equations.step(damping), step_limit, together=True)
            largest = float(sizes.max())
            trial = unknowns + step
            trial_cost = cost(trial)
            if trial_cost <= present or damping > _LARGEST_DAMPING or largest < tolerance:
                break
            damping = max(10.0 * damping, _RAISED_DAMPING)
        gain = present - trial_cost
        finished = largest <= tolerance or gain <= _LEAST_GAIN * present
        if gain > 0:
            unknowns, present, damping = trial, trial_cost, max(damping / 10.0, _SMALLEST_DAMPING)
        if finished:
            return Minimum(unknowns, iteration, True)
    return Minimum(unknowns, iterations, False)


def _shortened(step: Tensor, limit: Tensor, together: bool = False) -> tuple[Tensor, Tensor]:
    """The step (F, U) within its limit, and its size (F,) before that, in units of the limit.

    With `together`, all frames are shortened by the factor of the frame whose step is largest.
    """
    size = (step.abs() / limit).amax(-1)
    factor = size.max() if together else size[:, None]
    return step / factor.clamp(min=1.0), size
