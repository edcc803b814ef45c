"""Shortest paths over cylinders: closed forms, and what a shortest path has to be."""

import math

import pytest
import torch
from torch import Tensor

from models.muscles.cylinder_wrapping import wrap_cylinders

RADIUS = 0.03


def wrap(start, end, one_sided: bool = False, centre_deg: float = 0):
    """The path between two points (3,), or two sets of points (3, N)."""
    points = [torch.as_tensor(point, dtype=torch.float64).reshape(1, 3, -1) for point in (start, end)]
    size = torch.tensor([[RADIUS]], dtype=torch.float64)
    return wrap_cylinders(
        *points, size, torch.full_like(size, float(one_sided)), torch.full_like(size, math.radians(centre_deg))
    )


def helix(start: Tensor, end: Tensor, touch: Tensor, lift: Tensor, turn: float) -> Tensor:
    """Length of a path over given points (angle, height) of the cylinder; `turn` is 1 counterclockwise, else -1."""

    def place(point: Tensor) -> Tensor:
        return torch.stack([RADIUS * point[0].cos(), RADIUS * point[0].sin(), point[1]])

    arc = torch.remainder(turn * (lift[0] - touch[0]), 2 * math.pi) * RADIUS
    lines = (place(touch) - start).norm() + (end - place(lift)).norm()
    return lines + torch.hypot(arc, lift[1] - touch[1])


def random_points(count: int = 200) -> tuple[Tensor, Tensor]:
    """Points (3, N) on opposite sides of the cylinder."""
    generator = torch.Generator().manual_seed(0)
    x, y, z = torch.rand(3, count, generator=generator, dtype=torch.float64) * 0.1
    start = torch.stack([-0.04 - x, 0.2 * (y - 0.05), z])
    x, y, z = torch.rand(3, count, generator=generator, dtype=torch.float64) * 0.1
    return start, torch.stack([0.04 + x, 0.2 * (y - 0.05), -z])


def test_half_turn_in_a_plane():
    """Start and end behind the cylinder: two lines of 0.1 m, and half the circumference."""
    found = wrap((-0.1, -RADIUS, 0), (-0.1, RADIUS, 0), one_sided=True)
    assert float(found.length) == pytest.approx(0.2 + math.pi * RADIUS)
    torch.testing.assert_close(found.leaving.flatten(), torch.tensor([1, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(found.arriving.flatten(), torch.tensor([-1, 0, 0], dtype=torch.float64))
    assert float(found.first_line) == pytest.approx(0.1)


def test_a_rise_along_the_axis_is_a_right_triangle_with_the_unrolled_path():
    level, risen = wrap((-0.1, 0.01, 0), (0.1, 0.01, 0)), wrap((-0.1, 0.01, 0), (0.1, 0.01, 0.07))
    assert float(risen.length) == pytest.approx(math.hypot(float(level.length), 0.07))


def test_a_path_that_does_not_meet_the_cylinder_is_straight():
    start, end = torch.tensor([-0.1, RADIUS + 1e-4, 0]), torch.tensor([0.1, RADIUS + 1e-4, 0.05])
    found = wrap(start, end)
    assert float(found.length) == pytest.approx(float((end - start).norm()))
    torch.testing.assert_close(found.leaving, found.arriving)
    assert float(found.first_line) == pytest.approx(float(found.length))


def test_from_a_point_within_the_cylinder_it_is_straight():
    assert float(wrap((0.0, 0.02, 0), (0.0, -0.1, 0)).length) == pytest.approx(0.12)


def test_one_sided_paths_pass_on_the_x_side_and_others_on_the_shorter_side():
    start, end = (-0.01, -0.1, 0), (-0.01, 0.1, 0)  # the shorter way is at negative x
    short, far = wrap(start, end), wrap(start, end, one_sided=True)
    assert float(short.leaving[0, 0]) < 0 < float(far.leaving[0, 0])
    assert float(short.length) < float(far.length)


def test_paths_that_keep_their_side_go_on_turning_where_the_other_side_is_shorter():
    """In steps of 10 degrees of the end about the axis, from one end of the range to the other."""
    start, radius = (0.05, 0.0, 0.0), 0.06
    for side in (1, -1):
        lengths = []
        for degrees in range(0, 270, 10):
            angle = side * math.radians(degrees)
            found = wrap(start, (radius * math.cos(angle), radius * math.sin(angle), 0.01), centre_deg=90 * side)
            assert float(found.turn) == pytest.approx(angle)
            lengths.append(float(found.length))
        assert lengths == sorted(lengths)
        assert (
            float(wrap(start, (radius * math.cos(angle), radius * math.sin(angle), 0.01)).length) < lengths[-1] - 0.08
        )


def test_no_other_path_over_the_cylinder_is_shorter():
    """The derivative by the points where the lines touch the cylinder is 0, and paths over other points are longer."""
    starts, ends = random_points(10)
    for start, end in zip(starts.T, ends.T, strict=True):
        found = wrap(start, end)
        touch = start + found.leaving[0, :, 0] * found.first_line[0]
        lift = end - found.arriving[0, :, 0] * found.last_line[0]
        turn = float(torch.sign(start[0] * end[1] - start[1] * end[0]))
        points = [torch.stack([torch.atan2(p[1], p[0]), p[2]]).requires_grad_() for p in (touch, lift)]
        length = helix(start, end, points[0], points[1], turn)
        assert float(length.detach()) == pytest.approx(float(found.length))
        for gradient in torch.autograd.grad(length, points):
            torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-9, rtol=0)
        for shift in (0.05, -0.05):
            assert float(helix(start, end, points[0] + shift, points[1], turn).detach()) > float(found.length)


def test_directions_are_the_gradient_of_the_length():
    start, end = (points.requires_grad_() for points in random_points())
    found = wrap(start, end)
    at_start, at_end = torch.autograd.grad(found.length.sum(), [start, end])
    torch.testing.assert_close(at_start, -found.leaving[0])
    torch.testing.assert_close(at_end, found.arriving[0])


def test_gradients_are_right_and_finite_everywhere():
    start, end = random_points(5)
    assert torch.autograd.gradcheck(lambda a, b: wrap(a, b), [start.requires_grad_(), end.requires_grad_()])
    on_axis = torch.zeros(3, 1, dtype=torch.float64, requires_grad=True)  # within the cylinder, on its axis
    found = wrap(on_axis, torch.tensor([0.1, 0, 0]))
    (gradient,) = torch.autograd.grad(found.length.sum() + found.leaving.sum(), on_axis)
    assert bool(gradient.isfinite().all())
