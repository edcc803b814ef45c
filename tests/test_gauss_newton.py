"""Damped Gauss-Newton: closed forms of linear problems, banded against dense, and a cost that never rises."""

import torch

from models.skeleton.gauss_newton import SeparateFrames, SmoothFrames, minimise

GENERATOR = torch.Generator().manual_seed(0)


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def test_separate_linear_frames_end_at_their_least_squares_solutions():
    jacobian, target = random(5, 8, 3), random(5, 8)

    def linearise(unknowns, frames):
        residual = (jacobian[frames] @ unknowns[..., None])[..., 0] - target[frames]
        return SeparateFrames(residual, jacobian[frames])

    found = minimise(
        linearise,
        torch.zeros(5, 3, dtype=torch.float64),
        step_limit=torch.full((3,), 100.0),
        tolerance=1e-12,
        iterations=20,
    )
    expected = torch.linalg.lstsq(jacobian, target[..., None]).solution[..., 0]
    torch.testing.assert_close(found.unknowns, expected)
    assert found.converged
    assert found.iterations < 20


def test_the_banded_step_is_that_of_the_dense_matrix():
    frames, count = 6, 3
    square, gradient = random(frames, count, count), random(frames, count)
    blocks, smoothness = square @ square.mT + torch.eye(count), random(count).square() + 0.1
    unit = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)
    difference = torch.zeros(frames - 2, frames, dtype=torch.float64)
    for row in range(frames - 2):
        difference[row, row : row + 3] = torch.tensor([1.0, -2.0, 1.0])
    dense = torch.block_diag(*blocks) + torch.kron(difference.T @ difference, torch.diag(smoothness))
    damping = 0.01
    dense += damping * torch.diag(dense.diagonal() + 1e-3)
    expected = -torch.linalg.solve(dense, gradient.flatten()).reshape(frames, count) * unit
    torch.testing.assert_close(SmoothFrames(gradient, blocks, smoothness, unit).step(damping), expected)


def test_steps_keep_to_their_limit_and_the_cost_never_rises():
    """Undamped Gauss-Newton diverges on arctan(x) from x = 3: the step must be damped or shortened."""
    costs = []

    def cost(unknowns):
        return float(unknowns.atan().square().sum())

    def linearise(unknowns, frames):
        costs.append(cost(unknowns))
        return SeparateFrames(unknowns.atan(), (1 / (1 + unknowns.square()))[..., None])

    start = torch.full((1, 1), 3.0, dtype=torch.float64)
    found = minimise(linearise, start, step_limit=torch.full((1,), 50.0), tolerance=1e-9, iterations=60, cost=cost)
    assert found.converged
    assert found.unknowns.abs().max() < 1e-2
    assert all(later <= earlier for earlier, later in zip(costs, costs[1:], strict=False))

    once = minimise(linearise, start, step_limit=torch.full((1,), 0.1), tolerance=1e-9, iterations=1)
    torch.testing.assert_close(once.unknowns, start - 0.1)
    assert not once.converged
