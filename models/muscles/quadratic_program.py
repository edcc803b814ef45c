"""Many small convex quadratic programs at once: a batched primal-dual interior point, differentiable at its solution.

    minimise over x   ½ xᵀ diag(d) x + cᵀx + ½ eᵀe      subject to   A x + E e = b,   lower ≤ x ≤ upper

Every equation is soft: row i may be missed by Eᵢ eᵢ at the price ½ eᵢ² (E = 0 makes it hard). This is the muscle
redundancy problem of one frame: x are activations and contact forces, the rows are moments, e are reserve actuators.

Method: Mehrotra's predictor-corrector (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 16.4). Eliminating
everything but the multipliers y of the equations leaves one m×m Cholesky of A h⁻¹ Aᵀ + E² a problem and iteration, with
h = d + z₁/s₁ + z₂/s₂ diagonal. The derivative is that of the optimality conditions at the solution (implicit function
theorem): the same matrix, factored once more.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

STEP_FRACTION = 0.995  # of the way to the nearest bound
WARM_MARGIN = 1e-2  # how far into the box (of its width, at most 1) a warm start is pushed


class Block(NamedTuple):
    """Columns of A that touch only some of its rows.

    matrix: (N, r, k) the k columns in these rows; rows: the slice of A's m rows, of length r.
    """

    matrix: Tensor
    rows: slice


class Start(NamedTuple):
    """Where to start from: x (N, n) and y (N, m) of similar problems, for instance of the previous pass."""

    x: Tensor
    y: Tensor


class Solution(NamedTuple):
    """Solution of N problems. Only x carries gradients.

    x: (N, n) within the bounds; y: (N, m) multipliers of the equations, so e = E y; z_lower, z_upper: (N, n)
    multipliers of the bounds, not negative; converged: (N,) bool; iterations: most iterations that any problem took.
    """

    x: Tensor
    y: Tensor
    z_lower: Tensor
    z_upper: Tensor
    converged: Tensor
    iterations: int


def solve_quadratic_program(
    d: Tensor,  # (N, n) or (n,), positive
    c: Tensor,  # (N, n) or (n,)
    blocks: Sequence[Block] | Tensor,  # A: column blocks from left to right, or (N, m, n) as a whole
    b: Tensor,  # (N, m)
    slack_scale: Tensor,  # (N, m) or (m,): E, in the unit of b; 0 makes a row hard
    lower: Tensor,  # (N, n) or (n,), finite
    upper: Tensor,  # (N, n) or (n,), above lower; may be inf
    *,
    start: Start | None = None,
    tolerance: float = 1e-8,  # 1e-5 serves labels; gradients want 1e-8 or less
    max_iterations: int = 50,
    chunk: int = 256,  # problems solved side by side; bounds the working memory and keeps it in the cache
) -> Solution:
    """Solve N problems of n variables and m equations, with gradients to d, c, A, b, slack_scale and the bounds.

    A problem has converged when its largest dual residual over (1 + max|c|), its largest primal residual over
    (1 + max|b|) and its largest complementarity product are all below `tolerance`. One that has not after
    `max_iterations` keeps its last iterate and says so in `converged`.

    Raises ValueError where the blocks do not fill n columns or a lower bound is infinite or not below its upper bound.
    """
    if isinstance(blocks, Tensor):
        blocks = [Block(blocks, slice(0, blocks.shape[1]))]
    count, m = b.shape
    n = sum(block.matrix.shape[2] for block in blocks)
    if d.shape[-1] != n:
        raise ValueError(f"the blocks have {n} columns together, d has {d.shape[-1]} variables")
    if not (bool((lower < upper).all()) and bool(torch.isfinite(lower).all())):
        raise ValueError("every lower bound must be finite and below its upper bound")
    d, c, lower, upper = (vector.expand(count, n) for vector in (d, c, lower, upper))
    slack_scale = slack_scale.expand(count, m)
    options = _Options(tuple(block.rows for block in blocks), tolerance, max_iterations, chunk, start)
    x, y, z_lower, z_upper, converged, iterations = _QuadraticProgram.apply(
        options, d, c, b, slack_scale, lower, upper, *(block.matrix for block in blocks)
    )
    return Solution(x, y, z_lower, z_upper, converged, int(iterations))


class _Options(NamedTuple):
    rows: tuple[slice, ...]
    tolerance: float
    max_iterations: int
    chunk: int
    start: Start | None


class _QuadraticProgram(torch.autograd.Function):
    """The solver as one differentiable step; see `solve_quadratic_program`."""

    @staticmethod
    def forward(ctx, options: _Options, d, c, b, slack_scale, lower, upper, *matrices):
        parts = []
        iterations = 0
        for i in range(0, max(1, b.shape[0]), options.chunk):
            part = slice(i, i + options.chunk)
            start = None if options.start is None else Start(options.start.x[part], options.start.y[part])
            blocks = _Columns([matrix[part] for matrix in matrices], options.rows, b.shape[1])
            *state, used = _solve_chunk(
                d[part], c[part], blocks, b[part], slack_scale[part].square(), lower[part], upper[part], start, options
            )
            parts.append(state)
            iterations = max(iterations, used)
        x, y, z_lower, z_upper, pull_lower, pull_upper, converged = map(torch.cat, zip(*parts, strict=True))
        ctx.options = options
        ctx.save_for_backward(d, slack_scale, x, y, pull_lower, pull_upper, *matrices)
        ctx.mark_non_differentiable(y, z_lower, z_upper, converged)
        ctx.set_materialize_grads(False)
        return x, y, z_lower, z_upper, converged, torch.tensor(iterations)

    @staticmethod
    def backward(ctx, grad_x, *_):
        d, slack_scale, x, y, pull_lower, pull_upper, *matrices = ctx.saved_tensors
        if grad_x is None:
            return (None,) * (7 + len(matrices))
        chunk = ctx.options.chunk
        parts = []
        for i in range(0, max(1, x.shape[0]), chunk):
            part = slice(i, i + chunk)
            blocks = _Columns([matrix[part] for matrix in matrices], ctx.options.rows, y.shape[1])
            inverse_h = 1 / (d[part] + pull_lower[part] + pull_upper[part])
            factor = _factor(blocks, inverse_h, slack_scale[part].square())
            wy = _solve(factor, blocks.times(inverse_h * grad_x[part]))
            wx = inverse_h * (grad_x[part] - blocks.transposed_times(wy))
            grad_slack_scale = -2 * slack_scale[part] * wy * y[part]
            bounds = (wx * pull_lower[part], wx * pull_upper[part])
            parts.append((-wx * x[part], -wx, wy, grad_slack_scale, *bounds, *blocks.outer(y[part], wx, wy, x[part])))
        return (None, *(torch.cat(column) for column in zip(*parts, strict=True)))


class _Columns:
    """A as blocks of columns, with the products that the solver needs; vectors are rows, (N, length)."""

    def __init__(self, matrices: list[Tensor], rows: tuple[slice, ...], m: int):
        self.matrices, self.rows, self.m = matrices, rows, m
        ends = [0]
        for matrix in matrices:
            ends.append(ends[-1] + matrix.shape[2])
        self.columns = [slice(a, z) for a, z in zip(ends[:-1], ends[1:], strict=True)]

    def times(self, x: Tensor) -> Tensor:
        """A x: (N, n) -> (N, m)."""
        product = x.new_zeros(x.shape[0], self.m)
        for matrix, rows, columns in zip(self.matrices, self.rows, self.columns, strict=True):
            product[:, rows] += torch.bmm(x[:, None, columns], matrix.mT)[:, 0]
        return product

    def transposed_times(self, y: Tensor) -> Tensor:
        """Aᵀ y: (N, m) -> (N, n)."""
        products = [
            torch.bmm(y[:, None, rows], matrix)[:, 0] for matrix, rows in zip(self.matrices, self.rows, strict=True)
        ]
        return torch.cat(products, dim=1)

    def gram(self, weights: Tensor) -> Tensor:
        """A diag(weights) Aᵀ: (N, n) -> (N, m, m)."""
        total = weights.new_zeros(weights.shape[0], self.m, self.m)
        for matrix, rows, columns in zip(self.matrices, self.rows, self.columns, strict=True):
            total[:, rows, rows] += torch.bmm(matrix * weights[:, None, columns], matrix.mT)
        return total

    def outer(self, y: Tensor, wx: Tensor, wy: Tensor, x: Tensor) -> list[Tensor]:
        """y wxᵀ − wy xᵀ in each block: the gradient with respect to A."""
        return [
            y[:, rows, None] * wx[:, None, columns] - wy[:, rows, None] * x[:, None, columns]
            for rows, columns in zip(self.rows, self.columns, strict=True)
        ]


def _factor(blocks: _Columns, inverse_h: Tensor, slack_scale_squared: Tensor) -> Tensor:
    """Cholesky factor (N, m, m) of A h⁻¹ Aᵀ + E²; hard rows that depend on each other get a trace of slack_scale."""
    normal = blocks.gram(inverse_h)
    diagonal = normal.diagonal(dim1=1, dim2=2)
    diagonal += slack_scale_squared
    factor, failed = torch.linalg.cholesky_ex(normal)
    if bool(failed.any()):
        diagonal += 1e-10 * diagonal.amax(dim=1, keepdim=True) + torch.finfo(normal.dtype).tiny
        factor = torch.linalg.cholesky_ex(normal)[0]
    return factor


def _solve(factor: Tensor, rhs: Tensor) -> Tensor:
    """Solve with a Cholesky factor: (N, m, m), (N, m) -> (N, m)."""
    return torch.cholesky_solve(rhs[:, :, None], factor)[:, :, 0]


def _first_iterate(d, c, blocks, b, slack_scale_squared, lower, upper, start):
    """x inside the box, y, and multipliers that fit them for both bounds of every variable."""
    width = upper - lower
    if start is None:
        x = lower + 0.5 * width.clamp(max=2)
        y = _solve(_factor(blocks, 1 / d, slack_scale_squared), b - blocks.times(x))
        slope = d * x + c - blocks.transposed_times(y)
        floor = slope.abs().mean(dim=1, keepdim=True) + 1e-2
    else:
        margin = WARM_MARGIN * width.clamp(max=1)
        x = torch.minimum(torch.maximum(start.x, lower + margin), upper - margin)
        y = start.y.clone()
        slope = d * x + c - blocks.transposed_times(y)
        floor = WARM_MARGIN
    return x, y, slope.clamp(min=0) + floor, (-slope).clamp(min=0) + floor


def _solve_chunk(d, c, blocks: _Columns, b, slack_scale_squared, lower, upper, start, options: _Options):
    """Interior point on problems side by side: x, y, both z, both z over their slacks, converged, iterations.

    Where a variable has no upper bound, its upper multiplier stays 0 and its upper slack 1: no division needs care.
    """
    bounded = torch.isfinite(upper).to(d.dtype)
    unbounded = 1 - bounded
    x, y, z1, z2 = _first_iterate(d, c, blocks, b, slack_scale_squared, lower, upper, start)
    z2 = z2 * bounded
    s1 = x - lower
    s2 = (upper - x).nan_to_num(posinf=1.0)
    products = d.shape[1] + bounded.sum(dim=1, keepdim=True)  # complementarity products a problem
    dual_scale = 1 + c.abs().amax(dim=1, keepdim=True)
    primal_scale = 1 + b.abs().amax(dim=1, keepdim=True)

    for iteration in range(options.max_iterations + 1):
        dual = z1 - z2 - d * x - c + blocks.transposed_times(y)
        primal = b - blocks.times(x) - slack_scale_squared * y
        c1 = s1 * z1
        c2 = s2 * z2
        error = torch.maximum(
            torch.maximum(dual.abs().amax(dim=1, keepdim=True) / dual_scale,
                          primal.abs().amax(dim=1, keepdim=True) / primal_scale),
            torch.maximum(c1.amax(dim=1, keepdim=True), c2.amax(dim=1, keepdim=True)),
        )  # fmt: skip
        running = error > options.tolerance
        if iteration == options.max_iterations or not bool(running.any()):
            break

        t1 = z1 / s1
        t2 = z2 / s2
        inverse_h = 1 / (d + t1 + t2)
        factor = _factor(blocks, inverse_h, slack_scale_squared)
        # Predictor: straight at zero complementarity. Its slacks' steps are ±dx, its multipliers' −z ∓ t dx.
        g = dual - z1 + z2
        dy = _solve(factor, primal - blocks.times(inverse_h * g))
        dx = inverse_h * (g + blocks.transposed_times(dy))
        p1 = t1 * dx
        p2 = t2 * dx
        step = _longest_step(dx / s1, dx / s2 * bounded, -1 - dx / s1, (dx / s2 - 1) * bounded)
        mu = (c1.sum(dim=1, keepdim=True) + c2.sum(dim=1, keepdim=True)) / products
        reached1 = (s1 + step * dx) * (z1 - step * (z1 + p1))
        reached2 = (s2 - step * dx * bounded) * (z2 - step * (z2 - p2))
        reached = (reached1.sum(dim=1, keepdim=True) + reached2.sum(dim=1, keepdim=True)) / products
        target = mu * (reached / mu).clamp(0, 1) ** 3
        # Corrector: the centred target, and the predictor's second-order term.
        # Weighted by the step's square: in full it can cycle where the predictor is blocked early.
        second = step.square() * dx
        r1 = (target + second * (z1 + p1)) / s1
        r2 = (target - second * (z2 - p2)) / s2 * bounded
        g = g + r1 - r2
        dy = _solve(factor, primal - blocks.times(inverse_h * g))
        dx = inverse_h * (g + blocks.transposed_times(dy))
        dz1 = r1 - z1 - t1 * dx
        dz2 = r2 - z2 + t2 * dx
        dx2 = dx * bounded
        step = _longest_step(dx / s1, dx2 / s2, dz1 / z1, dz2 / (z2 + unbounded)) * running
        x = x + step * dx
        y = y + step * dy
        s1 = s1 + step * dx
        s2 = s2 - step * dx2
        z1 = z1 + step * dz1
        z2 = z2 + step * dz2
    x = torch.minimum(torch.maximum(x, lower), upper)  # rounding
    return x, y, z1, z2, z1 / s1, z2 / s2, ~running[:, 0], iteration


def _longest_step(
    lower_slack: Tensor, upper_slack: Tensor, lower_multiplier: Tensor, upper_multiplier: Tensor
) -> Tensor:
    """Step (N, 1), at most 1, that keeps slacks and multipliers positive, from their relative steps (N, n).

    The relative step of the upper slack is given with the sign of x's step.
    """
    shrink = torch.maximum(
        torch.maximum((-lower_slack).amax(dim=1, keepdim=True), upper_slack.amax(dim=1, keepdim=True)),
        torch.maximum((-lower_multiplier).amax(dim=1, keepdim=True), (-upper_multiplier).amax(dim=1, keepdim=True)),
    )
    return STEP_FRACTION / shrink.clamp(min=STEP_FRACTION)
