"""The batched interior point: optimality, equality with scipy's bounded least squares, implicit gradients."""

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear

from models.muscles.interior_point import WarmStart
from models.muscles.quadratic_program import ColumnBlock, solve_quadratic_program

INFINITY = float("inf")


def random_problem(count=12, m=8, n=40, free=10, seed=0, slack_scale=0.3):
    """Muscles in [0.05, 1] beside `free` forces without an upper bound, the sum asked for partly out of reach."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    lower = torch.cat([torch.full((n - free,), 0.05), torch.zeros(free)]).double()
    upper = torch.cat([torch.ones(n - free), torch.full((free,), INFINITY)]).double()
    return {
        "d": 0.5 + normal(count, n).abs(),
        "c": 0.3 * normal(count, n),
        "blocks": normal(count, m, n),
        "b": 6 * normal(count, m),
        "slack_scale": torch.full((m,), slack_scale, dtype=torch.float64),
        "lower": lower,
        "upper": upper,
    }


def optimality(problem, solution):
    """Largest violation of the optimality conditions, in the problem's own units."""
    x, y, z1, z2 = solution.x, solution.y, solution.z_lower, solution.z_upper
    a = problem["blocks"]
    stationarity = problem["d"] * x + problem["c"] - torch.einsum("bmn,bm->bn", a, y) - z1 + z2
    equations = torch.einsum("bmn,bn->bm", a, x) + problem["slack_scale"] ** 2 * y - problem["b"]
    upper_slack = (problem["upper"] - x).nan_to_num(posinf=1.0)
    assert (x >= problem["lower"]).all()
    assert (x <= problem["upper"]).all()
    assert (z1 >= 0).all()
    assert (z2 >= 0).all()
    return max(
        part.abs().max().item() for part in (stationarity, equations, z1 * (x - problem["lower"]), z2 * upper_slack)
    )


@pytest.mark.parametrize("slack_scale", [10.0, 0.3, 1e-2])
def test_equals_bounded_least_squares_of_scipy(slack_scale):
    problem = random_problem(slack_scale=slack_scale)
    solution = solve_quadratic_program(**problem, tolerance=1e-10)
    assert solution.converged.all()
    assert optimality(problem, solution) < 1e-6
    root = problem["d"].sqrt()
    for i in range(len(root)):
        stacked = torch.cat([torch.diag(root[i]), problem["blocks"][i] / slack_scale])
        target = torch.cat([-problem["c"][i] / root[i], problem["b"][i] / slack_scale])
        bounds = (problem["lower"].numpy(), problem["upper"].numpy())
        reference = lsq_linear(stacked.numpy(), target.numpy(), bounds, method="bvls", tol=1e-14).x
        np.testing.assert_allclose(solution.x[i].numpy(), reference, atol=2e-6)


def test_hard_equations_hold():
    problem = random_problem(free=20)
    problem["slack_scale"] = torch.zeros(8, dtype=torch.float64)
    problem["b"] = torch.einsum("bmn,n->bm", problem["blocks"], problem["lower"] + 0.3)
    solution = solve_quadratic_program(**problem, tolerance=1e-9)
    assert optimality(problem, solution) < 1e-6


def test_degenerate_problems_converge():
    """Two equal rows, a row of zeros, columns without effect, and a demand that no activation can meet."""
    problem = random_problem()
    blocks = problem["blocks"]
    blocks[:, 1] = blocks[:, 0]
    blocks[:, 2] = 0
    blocks[:, :, 3:9] = 0
    blocks[:, :, 30:] = 0
    problem["b"][:4] *= 100
    solution = solve_quadratic_program(**problem, tolerance=1e-8)
    assert solution.converged.all()
    assert optimality(problem, solution) < 1e-5  # of forces about 600


def test_an_untouched_variable_goes_to_its_own_minimum():
    """Without equations to serve, x = −c/d clipped to its bounds."""
    problem = random_problem()
    problem["blocks"] = torch.zeros_like(problem["blocks"])
    solution = solve_quadratic_program(**problem, tolerance=1e-12)
    expected = torch.minimum(torch.maximum(-problem["c"] / problem["d"], problem["lower"]), problem["upper"])
    torch.testing.assert_close(solution.x, expected, atol=1e-5, rtol=0)


def test_blocks_equal_the_whole_matrix():
    problem = random_problem()
    whole = problem["blocks"]
    whole[:, 3:, :12] = 0
    whole[:, :3, 12:30] = 0
    blocks = [
        ColumnBlock(whole[:, :3, :12], slice(0, 3)),
        ColumnBlock(whole[:, 3:, 12:30], slice(3, 8)),
        ColumnBlock(whole[:, :, 30:], slice(0, 8)),
    ]
    expected = solve_quadratic_program(**problem).x
    problem["blocks"] = blocks
    torch.testing.assert_close(solve_quadratic_program(**problem).x, expected, atol=1e-9, rtol=0)


def test_a_problem_does_not_depend_on_its_batch_or_on_having_converged_earlier():
    problem = random_problem(count=20)
    problem["b"][::2] *= 0.01  # these converge several iterations before the others
    together = solve_quadratic_program(**problem)
    apart = solve_quadratic_program(**problem, chunk=1)
    assert torch.isfinite(together.x).all()
    torch.testing.assert_close(together.x, apart.x, atol=1e-9, rtol=0)


def test_problems_that_do_not_converge_are_named_among_those_that_do():
    problem = random_problem(count=20)
    problem["b"][::2] *= 0.01
    most = 10  # iterations, which are enough for about half of the problems
    together = solve_quadratic_program(**problem, max_iterations=most)
    apart = solve_quadratic_program(**problem, max_iterations=most, chunk=1)
    assert together.iterations == most
    assert 0 < together.converged.sum() < len(together.converged)
    assert torch.equal(together.converged, apart.converged)
    torch.testing.assert_close(together.x, apart.x, atol=1e-9, rtol=0)


def test_a_problem_of_nan_does_not_converge_and_leaves_the_others_as_they_are():
    problem = random_problem(count=20)
    problem["b"][7, 2] = torch.nan
    solution = solve_quadratic_program(**problem)
    assert not solution.converged[7]
    assert solution.x[7].isnan().all()
    others = [i for i in range(20) if i != 7]
    assert solution.converged[others].all()
    without = {name: value[others] if name in ("d", "c", "blocks", "b") else value for name, value in problem.items()}
    torch.testing.assert_close(solution.x[others], solve_quadratic_program(**without).x, atol=0, rtol=0)


def test_warm_start_reaches_the_same_solution_sooner():
    problem = random_problem(count=100)
    cold = solve_quadratic_program(**problem)
    problem["b"] = problem["b"] + 0.02
    expected = solve_quadratic_program(**problem)
    warm = solve_quadratic_program(**problem, start=WarmStart(cold.x, cold.y))
    assert warm.iterations < expected.iterations
    torch.testing.assert_close(warm.x, expected.x, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["d", "c", "blocks", "b", "slack_scale", "lower", "upper"])
def test_gradient_equals_finite_differences(name):
    problem = random_problem(count=6, m=4, n=12, free=3)
    weights = torch.linspace(-1, 1, 12, dtype=torch.float64)
    given = problem[name].clone().requires_grad_()

    def objective(value):
        return (solve_quadratic_program(**{**problem, name: value}, tolerance=1e-11).x * weights).sum()

    (gradient,) = torch.autograd.grad(objective(given), given)
    direction = torch.randn(given.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    h = 1e-5
    with torch.no_grad():
        numeric = (objective(given + h * direction) - objective(given - h * direction)) / (2 * h)
    assert gradient.abs().max() > 1e-3
    torch.testing.assert_close((gradient * direction).sum(), numeric, rtol=1e-4, atol=1e-7)


def test_no_problems_give_no_solutions():
    empty = {name: value[:0] if value.dim() > 1 else value for name, value in random_problem().items()}
    empty["b"].requires_grad_()
    solution = solve_quadratic_program(**empty)
    assert solution.x.shape == (0, 40)
    solution.x.sum().backward()


def test_bounds_that_leave_no_room_are_refused():
    problem = random_problem()
    problem["upper"] = problem["lower"]
    with pytest.raises(ValueError, match="below its upper bound"):
        solve_quadratic_program(**problem)
