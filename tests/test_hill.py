"""Muscle curves against closed forms and OpenSim's own component; fibre geometry; tendon equilibrium."""

import math

import pytest
import torch

from dataset.opensim.opensim_library import load_opensim
from models.muscles.hill import (
    MuscleParameters,
    Muscles,
    active_force_length,
    active_force_length_slope,
    force_velocity,
    tendon_length,
)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.fixture
def muscles():
    """A vastus-like muscle with a short tendon, a soleus-like one with a long tendon, one without pennation."""
    return Muscles(
        MuscleParameters(
            tensor(3000.0, 6000.0, 1000.0),
            tensor(0.10, 0.045, 0.20),
            tensor(0.13, 0.28, 0.05),
            tensor(0.3, 0.4, 0.0),
            tensor(10.0, 10.0, 10.0),
        )
    )


def test_curves_equal_opensims_component():
    reference = load_opensim().DeGrooteFregly2016Muscle()
    for value in torch.linspace(0.3, 1.7, 15, dtype=torch.float64):
        expected = reference.calcActiveForceLengthMultiplier(value.item())
        assert active_force_length(value).item() == pytest.approx(expected, abs=1e-12)
    for value in torch.linspace(-1, 1, 21, dtype=torch.float64):
        expected = reference.calcForceVelocityMultiplier(value.item())
        assert force_velocity(value).item() == pytest.approx(expected, abs=1e-12)


def test_curves_meet_their_fixed_points():
    assert active_force_length(tensor(1.0)).item() == pytest.approx(1.0, abs=1e-12)
    torch.testing.assert_close(force_velocity(tensor(-1.5, -1.0, 0.0)), tensor(0.0, 0.0, 1.0), atol=1e-12, rtol=0)
    assert 1.3 < force_velocity(tensor(0.3)).item() < 1.8  # lengthening muscles pull harder
    unit = 0.995 + math.log(1.25 / 0.2) / 35  # closed form of force 1
    assert tendon_length(tensor(1.0)).item() == pytest.approx(unit, abs=1e-12)
    forces = torch.linspace(0, 1.5, 20, dtype=torch.float64)
    torch.testing.assert_close(tendon_force(tendon_length(forces)), forces)


def tendon_force(length):
    """De Groote's tendon curve: force over maximal isometric force, of tendon length over slack length."""
    return 0.2 * torch.exp(35 * (length - 0.995)) - 0.25


def test_slope_of_the_force_length_curve_is_its_derivative():
    length = torch.linspace(0.4, 1.6, 30, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(active_force_length(length).sum(), length)
    torch.testing.assert_close(active_force_length_slope(length), expected)


def test_at_optimal_length_and_rest_the_gain_is_the_pennated_isometric_force(muscles):
    cosine = torch.cos(muscles.pennation_at_optimal)
    length = muscles.tendon_slack_length + muscles.optimal_fibre_length * cosine
    fibres = muscles.fibres(length, torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(fibres.length, torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(fibres.gain, muscles.max_isometric_force * cosine)


def test_fibre_velocity_is_the_derivative_of_fibre_length(muscles):
    length = muscles.tendon_slack_length + 0.8 * muscles.optimal_fibre_length
    velocity = tensor(-0.3, 0.1, 0.5)
    h = 1e-6
    ahead = muscles.fibres(length + h * velocity, velocity).length
    behind = muscles.fibres(length - h * velocity, velocity).length
    expected = (ahead - behind) / (2 * h) / muscles.max_contraction_velocity
    torch.testing.assert_close(muscles.fibres(length, velocity).velocity, expected, rtol=1e-6, atol=1e-9)


def test_tendon_equilibrium(muscles):
    """Enough passes make tendon and fibre forces equal; three come near; carried-over state comes nearer."""
    generator = torch.Generator().manual_seed(0)
    fibre = 0.7 + 0.6 * torch.rand(50, 3, generator=generator, dtype=torch.float64)
    length = muscles.tendon_slack_length + fibre * muscles.optimal_fibre_length
    activation = torch.rand(50, 3, generator=generator, dtype=torch.float64)
    velocity = torch.zeros(50, 3, dtype=torch.float64)

    def imbalance(tendon):
        pull = tendon_force(tendon / muscles.tendon_slack_length)
        fibres = muscles.fibres(length, velocity, tendon)
        return (pull - activation * fibres.gain / muscles.max_isometric_force).abs().max().item()

    three = muscles.equilibrium_tendon(activation, length, velocity)
    assert imbalance(muscles.equilibrium_tendon(activation, length, velocity, passes=30)) < 1e-9
    assert imbalance(three) < 1e-3
    assert imbalance(muscles.equilibrium_tendon(activation, length, velocity, start=three)) < 0.2 * imbalance(three)


def test_gradients_reach_activation_length_and_velocity(muscles):
    slack, optimal = muscles.tendon_slack_length, muscles.optimal_fibre_length

    def force(activation, length, velocity):
        tendon = muscles.equilibrium_tendon(activation, length, velocity)
        return activation * muscles.fibres(length, velocity, tendon).gain

    inputs = (tensor(0.3, 0.6, 0.9), slack + 0.9 * optimal, tensor(-0.1, 0.05, 0.2))
    assert torch.autograd.gradcheck(force, tuple(value.clone().requires_grad_() for value in inputs))


def test_an_impossible_pose_gives_finite_forces(muscles):
    """A muscle-tendon unit shorter than its tendon: a slack muscle, not a NaN."""
    length = 0.9 * muscles.tendon_slack_length
    fibres = muscles.fibres(length, torch.full((3,), -5.0, dtype=torch.float64))
    assert torch.isfinite(fibres.gain).all()
    assert (fibres.gain >= 0).all()
