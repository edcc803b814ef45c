"""Batched interior-point method for the quadratic programs of `models.muscles.quadratic_program`.

Mehrotra's predictor-corrector (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 16.4). Eliminating all
unknowns but the multipliers y of the equations leaves, in each iteration, one m×m Cholesky factorisation of
A h⁻¹ Aᵀ + E² for each problem, with the diagonal h = d + z₁/s₁ + z₂/s₂.
"""

from typing import NamedTuple

import torch
from torch import Tensor

STEP_FRACTION = 0.995  # of the distance to the nearest bound
MOST_RUNNING = 0.75  # of the problems: converged ones are put aside when no more than these have not converged yet
WARM_MARGIN = 1e-2  # least distance of a warm start from the bounds, over the distance of the bounds or 1


class WarmStart(NamedTuple):
    """Warm start from the solution of similar problems.

    Attributes:
        x: (N, n) variables.
        y: (N, m) multipliers of the equations.
    """

    x: Tensor
    y: Tensor


class Columns:
    """A as blocks of columns, with the products that the solver needs; vectors are (N, length)."""

    def __init__(self, matrices: list[Tensor], rows: tuple[slice, ...], m: int) -> None:
        self.matrices, self.rows, self.m = matrices, rows, m
        ends = [0]
        for matrix in matrices:
            ends.append(ends[-1] + matrix.shape[2])
        self.columns = [slice(a, z) for a, z in zip(ends[:-1], ends[1:], strict=True)]

    def take(self, rows: Tensor) -> "Columns":
        """The blocks of the problems of some rows."""
        return Columns([matrix[rows] for matrix in self.matrices], self.rows, self.m)

    def times(self, x: Tensor) -> Tensor:
        """A x (N, m) of x (N, n)."""
        product = x.new_zeros(x.shape[0], self.m)
        for matrix, rows, columns in zip(self.matrices, self.rows, self.columns, strict=True):
            product[:, rows] += torch.bmm(x[:, None, columns], matrix.mT)[:, 0]
        return product

    def transposed_times(self, y: Tensor) -> Tensor:
        """Aᵀ y (N, n) of y (N, m)."""
        products = [
            torch.bmm(y[:, None, rows], matrix)[:, 0] for matrix, rows in zip(self.matrices, self.rows, strict=True)
        ]
        return torch.cat(products, dim=1)

    def gram(self, weights: Tensor) -> Tensor:
        """A diag(weights) Aᵀ (N, m, m) of weights (N, n)."""
        total = weights.new_zeros(weights.shape[0], self.m, self.m)
        for matrix, rows, columns in zip(self.matrices, self.rows, self.columns, strict=True):
            total[:, rows, rows] += torch.bmm(matrix * weights[:, None, columns], matrix.mT)
        return total

    def outer(self, y: Tensor, wx: Tensor, wy: Tensor, x: Tensor) -> list[Tensor]:
        """The gradient with respect to A, y wxᵀ − wy xᵀ, in each block."""
        return [
            y[:, rows, None] * wx[:, None, columns] - wy[:, rows, None] * x[:, None, columns]
            for rows, columns in zip(self.rows, self.columns, strict=True)
        ]


def cholesky_of_normal(blocks: Columns, inverse_h: Tensor, slack_scale_squared: Tensor) -> Tensor:
    """Cholesky factor (N, m, m) of A h⁻¹ Aᵀ + E².

    Where it is singular, because exact equations depend on each other, a very small multiple of the identity is added.
    """
    normal = blocks.gram(inverse_h)
    diagonal = normal.diagonal(dim1=1, dim2=2)
    diagonal += slack_scale_squared
    factor, failed = torch.linalg.cholesky_ex(normal)
    if bool(failed.any()):
        added = 1e-10 * diagonal.amax(dim=1, keepdim=True) + torch.finfo(normal.dtype).tiny
        diagonal += torch.where(failed[:, None] > 0, added, 0.0)
        factor = torch.linalg.cholesky_ex(normal)[0]
    return factor


def solve_cholesky(factor: Tensor, rhs: Tensor) -> Tensor:
    """Solve a linear system (N, m) with a Cholesky factor (N, m, m)."""
    return torch.cholesky_solve(rhs[:, :, None], factor)[:, :, 0]


def _first_iterate(
    d: Tensor,
    c: Tensor,
    blocks: Columns,
    b: Tensor,
    slack_scale_squared: Tensor,
    lower: Tensor,
    upper: Tensor,
    start: WarmStart | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First x within the bounds, y, and multipliers of the lower and the upper bounds that fit these."""
    width = upper - lower
    if start is None:
        x = lower + 0.5 * width.clamp(max=2)
        y = solve_cholesky(cholesky_of_normal(blocks, 1 / d, slack_scale_squared), b - blocks.times(x))
        slope = d * x + c - blocks.transposed_times(y)
        floor: Tensor | float = slope.abs().mean(dim=1, keepdim=True) + 1e-2
    else:
        margin = WARM_MARGIN * width.clamp(max=1)
        x = torch.minimum(torch.maximum(start.x, lower + margin), upper - margin)
        y = start.y.clone()
        slope = d * x + c - blocks.transposed_times(y)
        floor = WARM_MARGIN
    return x, y, slope.clamp(min=0) + floor, (-slope).clamp(min=0) + floor


class _Problems(NamedTuple):
    """Problems that are solved together.

    Attributes:
        d: (N, n).
        c: (N, n).
        blocks: A.
        b: (N, m).
        slack_scale_squared: (N, m).
        bounded: (N, n) 1 where a variable has an upper bound, otherwise 0.
        dual_scale: (N, 1) to which dual residuals are relative.
        primal_scale: (N, 1) to which primal residuals are relative.
        products: (N, 1) number of complementarity products.
    """

    d: Tensor
    c: Tensor
    blocks: Columns
    b: Tensor
    slack_scale_squared: Tensor
    bounded: Tensor
    dual_scale: Tensor
    primal_scale: Tensor
    products: Tensor

    def take(self, rows: Tensor) -> "_Problems":
        """The problems of some rows."""
        tensors = {name: getattr(self, name)[rows] for name in self._fields if name != "blocks"}
        return self._replace(blocks=self.blocks.take(rows), **tensors)


class _Iterate(NamedTuple):
    """Iterates of N problems: x, y, multipliers of both bounds, and distances of x to both bounds."""

    x: Tensor
    y: Tensor
    z1: Tensor
    z2: Tensor
    s1: Tensor
    s2: Tensor

    def take(self, rows: Tensor) -> "_Iterate":
        """The iterates of some rows."""
        return _Iterate(*(part[rows] for part in self))

    def put(self, rows: Tensor, iterate: "_Iterate") -> "_Iterate":
        """These iterates with others in some rows."""
        return _Iterate(*(part.index_copy(0, rows, value) for part, value in zip(self, iterate, strict=True)))


class _Residuals(NamedTuple):
    """Residuals of N problems: dual (N, n), primal (N, m), and the complementarity products of both bounds (N, n)."""

    dual: Tensor
    primal: Tensor
    c1: Tensor
    c2: Tensor

    def take(self, rows: Tensor) -> "_Residuals":
        """The residuals of some rows."""
        return _Residuals(*(part[rows] for part in self))

    def error(self, problems: _Problems) -> Tensor:
        """The largest of them in each problem, relative to its scales, (N,)."""
        dual = self.dual.abs().amax(dim=1, keepdim=True) / problems.dual_scale
        primal = self.primal.abs().amax(dim=1, keepdim=True) / problems.primal_scale
        products = torch.maximum(self.c1.amax(dim=1, keepdim=True), self.c2.amax(dim=1, keepdim=True))
        return torch.maximum(torch.maximum(dual, primal), products)[:, 0]


def interior_point(
    d: Tensor,
    c: Tensor,
    blocks: Columns,
    b: Tensor,
    slack_scale_squared: Tensor,
    lower: Tensor,
    upper: Tensor,
    start: WarmStart | None,
    tolerance: float,
    max_iterations: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, int]:
    """Solve some problems together; the arguments are those of `solve_quadratic_program`, expanded.

    Where a variable has no upper bound, its upper multiplier stays 0 and the distance to its upper bound 1, so that no
    division needs care. Problems that have converged are put aside, so that the slowest ones do not make the others
    cost more.

    Returns:
        x, y, the multipliers of both bounds, these over the distances to the bounds, converged, and iterations.
    """
    bounded = torch.isfinite(upper).to(d.dtype)
    x, y, z1, z2 = _first_iterate(d, c, blocks, b, slack_scale_squared, lower, upper, start)
    problems = _Problems(
        d, c, blocks, b, slack_scale_squared, bounded,
        dual_scale=1 + c.abs().amax(dim=1, keepdim=True),
        primal_scale=1 + b.abs().amax(dim=1, keepdim=True),
        products=d.shape[1] + bounded.sum(dim=1, keepdim=True),
    )  # fmt: skip
    iterate = _Iterate(x, y, z1, z2 * bounded, x - lower, (upper - x).nan_to_num(posinf=1.0))
    found, rows = iterate, torch.arange(len(d), device=d.device)  # of all problems; which of them `iterate` holds

    for iteration in range(max_iterations + 1):
        residuals = _residuals(problems, iterate)
        running = ~(residuals.error(problems) <= tolerance)  # with NaN, too, which is larger than nothing
        count = int(running.sum())
        if iteration == max_iterations or not count:
            break
        if count <= MOST_RUNNING * len(running):
            found = found.put(rows, iterate)
            rows, kept = rows[running], running.nonzero()[:, 0]
            problems, iterate, residuals = problems.take(kept), iterate.take(kept), residuals.take(kept)
            running = running[kept]
        iterate = _step(problems, iterate, residuals, running)
    found = found.put(rows, iterate)
    converged = torch.ones(len(d), dtype=torch.bool, device=d.device).index_copy(0, rows, ~running)
    x = torch.minimum(torch.maximum(found.x, lower), upper)  # remove rounding errors
    pulls = found.z1 / found.s1, found.z2 / found.s2
    return x, found.y, found.z1, found.z2, *pulls, converged, iteration


def _residuals(problems: _Problems, iterate: _Iterate) -> _Residuals:
    d, c, blocks, b, slack_scale_squared = problems[:5]
    x, y, z1, z2, s1, s2 = iterate
    return _Residuals(
        dual=z1 - z2 - d * x - c + blocks.transposed_times(y),
        primal=b - blocks.times(x) - slack_scale_squared * y,
        c1=s1 * z1,
        c2=s2 * z2,
    )


def _step(problems: _Problems, iterate: _Iterate, residuals: _Residuals, running: Tensor) -> _Iterate:
    """The iterates after one iteration; those of problems that are not `running` (N,) stay as they are."""
    d, blocks, bounded = problems.d, problems.blocks, problems.bounded
    x, y, z1, z2, s1, s2 = iterate
    dual, primal, c1, c2 = residuals
    t1 = z1 / s1
    t2 = z2 / s2
    inverse_h = 1 / (d + t1 + t2)
    factor = cholesky_of_normal(blocks, inverse_h, problems.slack_scale_squared)
    # Predictor: towards zero complementarity. The steps of the slacks are ±dx, of their multipliers −z ∓ t dx.
    g = dual - z1 + z2
    dy = solve_cholesky(factor, primal - blocks.times(inverse_h * g))
    dx = inverse_h * (g + blocks.transposed_times(dy))
    p1 = t1 * dx
    p2 = t2 * dx
    step = _longest_step(dx / s1, dx / s2 * bounded, -1 - dx / s1, (dx / s2 - 1) * bounded)
    mu = (c1.sum(dim=1, keepdim=True) + c2.sum(dim=1, keepdim=True)) / problems.products
    reached1 = (s1 + step * dx) * (z1 - step * (z1 + p1))
    reached2 = (s2 - step * dx * bounded) * (z2 - step * (z2 - p2))
    reached = (reached1.sum(dim=1, keepdim=True) + reached2.sum(dim=1, keepdim=True)) / problems.products
    target = mu * (reached / mu).clamp(0, 1) ** 3
    # Corrector: the centred target and the predictor's second-order term. The latter is weighted by the square of
    # the predictor's step, because in full it can cycle where the predictor is blocked early.
    second = step.square() * dx
    r1 = (target + second * (z1 + p1)) / s1
    r2 = (target - second * (z2 - p2)) / s2 * bounded
    g = g + r1 - r2
    dy = solve_cholesky(factor, primal - blocks.times(inverse_h * g))
    dx = inverse_h * (g + blocks.transposed_times(dy))
    dz1 = r1 - z1 - t1 * dx
    dz2 = r2 - z2 + t2 * dx
    dx2 = dx * bounded
    step = _longest_step(dx / s1, dx2 / s2, dz1 / z1, dz2 / (z2 + 1 - bounded)) * running[:, None]
    return _Iterate(x + step * dx, y + step * dy, z1 + step * dz1, z2 + step * dz2, s1 + step * dx, s2 - step * dx2)


def _longest_step(
    lower_slack: Tensor, upper_slack: Tensor, lower_multiplier: Tensor, upper_multiplier: Tensor
) -> Tensor:
    """Step (N, 1), at most 1, that keeps slacks and multipliers positive.

    Args:
        lower_slack: (N, n) relative step of the distances to the lower bounds.
        upper_slack: (N, n) relative step of the distances to the upper bounds, with the sign of x's step.
        lower_multiplier: (N, n) relative step of the multipliers of the lower bounds.
        upper_multiplier: (N, n) relative step of the multipliers of the upper bounds.
    """
    shrink = torch.maximum(
        torch.maximum((-lower_slack).amax(dim=1, keepdim=True), upper_slack.amax(dim=1, keepdim=True)),
        torch.maximum((-lower_multiplier).amax(dim=1, keepdim=True), (-upper_multiplier).amax(dim=1, keepdim=True)),
    )
    return STEP_FRACTION / shrink.clamp(min=STEP_FRACTION)
