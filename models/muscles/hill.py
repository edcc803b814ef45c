"""Hill-type muscle force from length, velocity and activation, batched and differentiable.

Curves of De Groote, Kinney, Rao and Fregly, "Evaluation of direct collocation optimal control problem formulations
for solving the muscle redundancy problem", Annals of Biomedical Engineering 44 (2016) 2922-2936, supplement, with the
digits that OpenSim's DeGrooteFregly2016Muscle carries. There is no passive fibre force: OpenCap leaves it out for
squats, whose deep flexion lies outside what the generic passive curves were made for.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

# Active force-length: three Gaussians b1 exp(−½ (l − b2)² / (b3 + b4 l)²) of the normalised fibre length.
FORCE_LENGTH = (
    (0.8150671134243542, 1.055033428970575, 0.162384573599574, 0.063303448465465),
    (0.433004984392647, 0.716775413397760, -0.029947116970696, 0.200356847296188),
    (0.1, 1.0, 0.5 * math.sqrt(0.5), 0.0),
)
# Force-velocity: d1 asinh(d2 v + d3) + d4, with d1 and d4 such that it is 0 at v = −1 and 1 at v = 0.
VELOCITY_D2, VELOCITY_D3 = -8.149, -0.374
VELOCITY_D1 = 1 / (math.asinh(VELOCITY_D3) - math.asinh(VELOCITY_D3 - VELOCITY_D2))
VELOCITY_D4 = 1 - VELOCITY_D1 * math.asinh(VELOCITY_D3)
# Tendon: c1 exp(kT (l − c2)) − c3 of the normalised tendon length; 4.7 % strain at maximal isometric force.
TENDON_STIFFNESS = 35.0
TENDON_C1, TENDON_C2, TENDON_C3 = 0.2, 0.995, 0.25

SHORTEST_PROJECTION = 0.1  # of the optimal length: a fibre's projection on its tendon never falls below this


def active_force_length(length: Tensor) -> Tensor:
    """Active force over maximal isometric force, from fibre length over optimal fibre length (any shape)."""
    total = torch.zeros_like(length)
    for b1, b2, b3, b4 in FORCE_LENGTH:
        total = total + b1 * torch.exp(-0.5 * ((length - b2) / (b3 + b4 * length)) ** 2)
    return total


def active_force_length_slope(length: Tensor) -> Tensor:
    """Derivative of `active_force_length` (any shape)."""
    total = torch.zeros_like(length)
    for b1, b2, b3, b4 in FORCE_LENGTH:
        width = b3 + b4 * length
        r = (length - b2) / width
        total = total - b1 * torch.exp(-0.5 * r**2) * r * (b3 + b4 * b2) / width**2
    return total


def force_velocity(velocity: Tensor) -> Tensor:
    """Force multiplier from fibre velocity over maximal velocity (any shape; shortening negative); 0 below −1."""
    return (VELOCITY_D1 * torch.asinh(VELOCITY_D2 * velocity + VELOCITY_D3) + VELOCITY_D4).clamp(min=0)


def tendon_force(length: Tensor, stiffness: float = TENDON_STIFFNESS) -> Tensor:
    """Tendon force over maximal isometric force, from tendon length over slack length (any shape)."""
    return TENDON_C1 * torch.exp(stiffness * (length - TENDON_C2)) - TENDON_C3


def tendon_length(force: Tensor, stiffness: float = TENDON_STIFFNESS) -> Tensor:
    """Tendon length over slack length, from tendon force over maximal isometric force: inverse of `tendon_force`."""
    return TENDON_C2 + torch.log((force + TENDON_C3) / TENDON_C1) / stiffness


class MuscleParameters(NamedTuple):
    """What scales the curves for each of M muscles, all (M,).

    max_isometric_force: N; optimal_fibre_length, tendon_slack_length: m; pennation_at_optimal: rad;
    max_contraction_velocity: optimal fibre lengths a second.
    """

    max_isometric_force: Tensor
    optimal_fibre_length: Tensor
    tendon_slack_length: Tensor
    pennation_at_optimal: Tensor
    max_contraction_velocity: Tensor


class Fibres(NamedTuple):
    """State of the fibres, all (..., M).

    gain: force along the tendon at full activation, N, so that the force is activation × gain; length: over the optimal
    length; velocity: over the maximal velocity, shortening negative; cos_pennation.
    """

    gain: Tensor
    length: Tensor
    velocity: Tensor
    cos_pennation: Tensor


class Muscles(nn.Module):
    """Forces of M muscles. Their parameters are buffers: a person's muscles are given, not learned."""

    def __init__(self, parameters: MuscleParameters):
        super().__init__()
        for name, value in parameters._asdict().items():
            self.register_buffer(name, value)

    @property
    def parameters_of_muscles(self) -> MuscleParameters:
        """The parameters as given."""
        return MuscleParameters(*(getattr(self, name) for name in MuscleParameters._fields))

    def fibres(
        self,
        length: Tensor,  # (..., M) muscle-tendon length, m
        velocity: Tensor,  # (..., M) muscle-tendon velocity, m/s, shortening negative
        tendon: Tensor | None = None,  # (..., M) tendon length, m; None: a rigid tendon at its slack length
        tendon_velocity: Tensor | None = None,  # (..., M) m/s; None: the tendon's length changes slowly
    ) -> Fibres:
        """Fibre state and force per unit activation at these lengths and velocities.

        The fibres lie between parallel planes: their width l_opt sin(pennation at optimal) is constant.
        """
        optimal = self.optimal_fibre_length
        width = optimal * torch.sin(self.pennation_at_optimal)
        projection = length - (self.tendon_slack_length if tendon is None else tendon)
        projection = torch.maximum(projection, SHORTEST_PROJECTION * optimal)
        fibre = torch.sqrt(projection.square() + width.square())
        cosine = projection / fibre
        along = velocity if tendon_velocity is None else velocity - tendon_velocity
        normal_length = fibre / optimal
        normal_velocity = along * cosine / (optimal * self.max_contraction_velocity)
        gain = self.max_isometric_force * active_force_length(normal_length) * force_velocity(normal_velocity) * cosine
        return Fibres(gain, normal_length, normal_velocity, cosine)

    def equilibrium_tendon(
        self,
        activation: Tensor,  # (..., M)
        length: Tensor,  # (..., M) muscle-tendon length, m
        velocity: Tensor,  # (..., M) muscle-tendon velocity, m/s
        start: Tensor | None = None,  # (..., M) tendon length of an earlier call, m; None: slack
        passes: int = 3,
    ) -> Tensor:
        """Tendon lengths (..., M) in metres at which tendon and fibres pull alike, to within a few passes.

        Quasi-static: the tendon's own velocity is left out. Each pass takes the fibres at the present tendon length and
        stretches the tendon by their force, with the step scaled as in Newton's method: a longer tendon weakens its
        fibres on the ascending limb and strengthens them on the descending one. Three reach 0.2 mm from slack.
        """
        slack = self.tendon_slack_length
        tendon = slack.expand_as(length) if start is None else start
        for _ in range(passes):
            fibres = self.fibres(length, velocity, tendon)
            share = activation * fibres.gain / self.max_isometric_force
            cosine = fibres.cos_pennation
            slope = active_force_length_slope(fibres.length) / active_force_length(fibres.length)
            slope = slope * cosine + (1 - cosine.square()) / (fibres.length * cosine)
            weakening = share * slope / self.optimal_fibre_length  # per metre of tendon
            compliance = slack / (TENDON_STIFFNESS * (share + TENDON_C3))  # metres per maximal isometric force
            step = 1 / (1 + (compliance * weakening).clamp(min=-0.5))
            tendon = tendon + step * (slack * tendon_length(share) - tendon)
        return tendon
