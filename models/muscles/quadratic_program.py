"""Batched, differentiable primal-dual interior-point solver of small convex quadratic programs.

    minimise over x   ½ xᵀ diag(d) x + cᵀx + ½ eᵀe      subject to   A x + E e = b,   lower ≤ x ≤ upper

Every equation has a slack: row i may be violated by Eᵢ eᵢ at the cost ½ eᵢ² (with Eᵢ = 0 it holds exactly). This is
the muscle redundancy problem of one frame: x are activations and contact forces, the rows are moments, and the slacks
are reserve actuators.

Solved by the interior-point method of `models.muscles.interior_point`. The derivative is that of the optimality
conditions at the solution (implicit function theorem): the method's matrix, factored once more.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from models.muscles.interior_point import Columns, WarmStart, cholesky_of_normal, interior_point, solve_cholesky


class ColumnBlock(NamedTuple):
    """Columns of A that are zero except in some rows.

    Attributes:
        matrix: (N, r, k) the k columns in these rows.
        rows: slice of length r of A's m rows.
    """

    matrix: Tensor
    rows: slice


class Solution(NamedTuple):
    """Solutions of N problems; only x has gradients.

    Attributes:
        x: (N, n) variables, within the bounds.
        y: (N, m) multipliers of the equations; the slacks are e = E y.
        z_lower: (N, n) multipliers of the lower bounds, not negative.
        z_upper: (N, n) multipliers of the upper bounds, not negative.
        converged: (N,) bool.
        iterations: largest number of iterations of any problem.
    """

    x: Tensor
    y: Tensor
    z_lower: Tensor
    z_upper: Tensor
    converged: Tensor
    iterations: int


def solve_quadratic_program(
    d: Tensor,
    c: Tensor,
    blocks: Sequence[ColumnBlock] | Tensor,
    b: Tensor,
    slack_scale: Tensor,
    lower: Tensor,
    upper: Tensor,
    *,
    start: WarmStart | None = None,
    tolerance: float = 1e-8,
    max_iterations: int = 50,
    chunk: int = 256,
) -> Solution:
    """Solve N problems of n variables and m equations, with gradients to d, c, A, b, the slack scales and the bounds.

    A problem has converged when its largest dual residual over (1 + max|c|), its largest primal residual over
    (1 + max|b|) and its largest complementarity product are all below `tolerance`.

    Args:
        d: (N, n) or (n,), positive.
        c: (N, n) or (n,).
        blocks: A, as (N, m, n) or as blocks of columns from left to right.
        b: (N, m).
        slack_scale: (N, m) or (m,): E, in the unit of b; 0 makes an equation hold exactly.
        lower: (N, n) or (n,), finite.
        upper: (N, n) or (n,), above `lower`; may be infinite.
        start: warm start.
        tolerance: 1e-5 is enough for activations; gradients need 1e-8 or less.
        max_iterations: a problem that has not converged by then keeps its last iterate.
        chunk: number of problems that are solved together, which bounds the working memory and keeps it in the cache.

    Raises:
        ValueError: if the blocks do not have n columns, or a lower bound is infinite or not below its upper bound.
    """
    if isinstance(blocks, Tensor):
        blocks = [ColumnBlock(blocks, slice(0, blocks.shape[1]))]
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
    start: WarmStart | None


class _QuadraticProgram(torch.autograd.Function):
    """The solver as one differentiable operation; see `solve_quadratic_program`."""

    @staticmethod
    def forward(
        ctx: Any,
        options: _Options,
        d: Tensor,
        c: Tensor,
        b: Tensor,
        slack_scale: Tensor,
        lower: Tensor,
        upper: Tensor,
        *matrices: Tensor,
    ) -> tuple[Tensor, ...]:
        parts = []
        iterations = 0
        for i in range(0, max(1, b.shape[0]), options.chunk):
            part = slice(i, i + options.chunk)
            start = None if options.start is None else WarmStart(options.start.x[part], options.start.y[part])
            blocks = Columns([matrix[part] for matrix in matrices], options.rows, b.shape[1])
            *state, used = interior_point(
                d[part],
                c[part],
                blocks,
                b[part],
                slack_scale[part].square(),
                lower[part],
                upper[part],
                start,
                options.tolerance,
                options.max_iterations,
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
    def backward(ctx: Any, grad_x: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
        d, slack_scale, x, y, pull_lower, pull_upper, *matrices = ctx.saved_tensors
        if grad_x is None:
            return (None,) * (7 + len(matrices))
        chunk = ctx.options.chunk
        parts = []
        for i in range(0, max(1, x.shape[0]), chunk):
            part = slice(i, i + chunk)
            blocks = Columns([matrix[part] for matrix in matrices], ctx.options.rows, y.shape[1])
            inverse_h = 1 / (d[part] + pull_lower[part] + pull_upper[part])
            factor = cholesky_of_normal(blocks, inverse_h, slack_scale[part].square())
            wy = solve_cholesky(factor, blocks.times(inverse_h * grad_x[part]))
            wx = inverse_h * (grad_x[part] - blocks.transposed_times(wy))
            grad_slack_scale = -2 * slack_scale[part] * wy * y[part]
            bounds = (wx * pull_lower[part], wx * pull_upper[part])
            parts.append((-wx * x[part], -wx, wy, grad_slack_scale, *bounds, *blocks.outer(y[part], wx, wy, x[part])))
        return (None, *(torch.cat(column) for column in zip(*parts, strict=True)))
