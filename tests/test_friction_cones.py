"""Friction cones: what acts along their edges is what the forces do, within friction, whichever way a person faces."""

import torch

from models.muscles.friction_cones import FRICTION, FRICTION_EDGES, FrictionCones

WEIGHT_N = 700.0
POINTS, FRAMES = 6, 5


def turned(yaw):
    """Toes that point from x towards z by angles (N,), (3, N); their slope and length do not matter."""
    return torch.stack([1.9 * yaw.cos(), torch.full_like(yaw, -0.3), 1.9 * yaw.sin()])


def draw(*shape):
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(len(shape)))


def test_rows_along_the_edges_times_units_are_rows_times_forces():
    cones = FrictionCones(turned(6 * draw(FRAMES)), WEIGHT_N)
    rows, units = draw(POINTS, 3, 4, FRAMES) - 0.5, draw(FRAMES, POINTS * FRICTION_EDGES)
    found = (cones.along_edges(rows) @ units[..., None])[..., 0]
    torch.testing.assert_close(found, torch.einsum("pxrn,pxn->nr", rows, cones.forces(units)))


def test_the_edges_lean_forwards_backwards_to_the_right_and_to_the_left_of_the_toes():
    yaw = torch.tensor([0.0, 0.5], dtype=torch.float64)
    cones = FrictionCones(turned(yaw), WEIGHT_N)
    ahead, right = torch.stack([yaw.cos(), 0 * yaw, yaw.sin()]), torch.stack([-yaw.sin(), 0 * yaw, yaw.cos()])
    up = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)[:, None]
    for edge, leaning in enumerate((ahead, -ahead, right, -right)):
        units = torch.zeros(2, FRICTION_EDGES, dtype=torch.float64)
        units[:, edge] = 1.0
        torch.testing.assert_close(cones.forces(units)[0], WEIGHT_N * (up + FRICTION * leaning))
