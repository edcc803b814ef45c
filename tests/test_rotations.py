"""Rotations of `models.rotations` against scipy's, their own definitions, and finite differences."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.rotations import (
    about_axis,
    about_z,
    between_directions,
    from_rotation_vector,
    from_zxy,
    interpolate,
    relative_to_parents,
    to_zxy_degrees,
)


@pytest.fixture
def angles() -> torch.Tensor:
    """Angles (5, 4, 3) in radians, about z, x and y."""
    return torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_angles_about_z_x_and_y_are_scipys_intrinsic_ones(angles):
    expected = Rotation.from_euler("ZXY", angles.reshape(-1, 3).numpy()).as_matrix().reshape(5, 4, 3, 3)
    np.testing.assert_allclose(from_zxy(*angles.unbind(-1)), expected, atol=1e-14)
    zero = torch.zeros_like(angles[..., 0])
    torch.testing.assert_close(about_z(angles[..., 0]), from_zxy(angles[..., 0], zero, zero))


def test_angles_come_back_in_degrees():
    degrees = np.random.default_rng(0).uniform(-80, 80, (20, 3))
    z, x, y = np.radians(degrees).T
    matrix = about_axis("z", z) @ about_axis("x", x) @ about_axis("y", y)
    np.testing.assert_allclose(to_zxy_degrees(matrix), degrees, atol=1e-10)


def test_a_turn_about_z_brings_forward_to_up_and_about_a_vector_keeps_the_vector():
    np.testing.assert_allclose(about_axis("z", np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-15)
    axis = np.array([2.0, -1.0, 2.0]) / 3
    np.testing.assert_allclose(about_axis(axis, np.array([0.3, 1.2])) @ axis, [axis, axis], atol=1e-15)


def test_the_exponential_map_is_smooth_at_zero(angles):
    np.testing.assert_allclose(
        from_rotation_vector(angles).reshape(-1, 3, 3),
        Rotation.from_rotvec(angles.reshape(-1, 3).numpy()).as_matrix(),
        atol=1e-14,
    )
    zero = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(from_rotation_vector, zero)
    assert torch.autograd.gradcheck(from_rotation_vector, angles[0].clone().requires_grad_())


def test_directions_are_turned_onto_each_other_by_the_angle_between_them():
    source, target = torch.tensor([0.3, -2.0, 0.5]).double(), torch.tensor([1.0, 0.2, 0.1]).double()
    rotation = between_directions(source, target)
    torch.testing.assert_close(rotation @ (source / source.norm()), target / target.norm())
    angle = torch.arccos(source @ target / source.norm() / target.norm())
    torch.testing.assert_close((rotation.trace() - 1) / 2, angle.cos())
    torch.testing.assert_close(between_directions(source, 2 * source), torch.eye(3).double())


def test_interpolation_goes_the_shortest_way_at_constant_speed(angles):
    first, second = from_rotation_vector(angles[0]), from_rotation_vector(angles[1])
    third = interpolate(first, second, 1 / 3)
    step = first.mT @ third
    torch.testing.assert_close(first @ step @ step @ step, second)


def test_relative_rotations_multiply_back_to_those_in_the_ground(angles):
    ground = from_rotation_vector(angles)  # (5, 4, 3, 3)
    relative = relative_to_parents(ground, [-1, 0, 1, 1])
    torch.testing.assert_close(relative[:, 0] @ relative[:, 1] @ relative[:, 3], ground[:, 3])
