"""Hill-type muscle forces from length, velocity and activation, batched and differentiable.

Curves of De Groote, Kinney, Rao and Fregly, "Evaluation of direct collocation optimal control problem formulations
for solving the muscle redundancy problem", Annals of Biomedical Engineering 44 (2016) 2922-2936, supplement, with the
digits of OpenSim's DeGrooteFregly2016Muscle. There is no passive fibre force: OpenCap omits it in squats, because the
generic passive curves do not hold in deep flexion.
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

SHORTEST_PROJECTION = 0.1  # smallest projection of a fibre on its tendon, over the optimal fibre length


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
    argument = VELOCITY_D2 * velocity + VELOCITY_D3
    # The inverse hyperbolic sine; torch.asinh takes ten times as long.
    asinh = torch.sign(argument) * torch.log(argument.abs() + torch.sqrt(argument.square() + 1))
    return (VELOCITY_D1 * asinh + VELOCITY_D4).clamp(min=0)


def tendon_length(force: Tensor, stiffness: float = TENDON_STIFFNESS) -> Tensor:
    """Tendon length over slack length, from tendon force over maximal isometric force (any shape)."""
    return TENDON_C2 + torch.log((force + TENDON_C3) / TENDON_C1) / stiffness


class MuscleParameters(NamedTuple):
    """Parameters of M muscles, by which the curves are scaled; all (M,).

    Attributes:
        max_isometric_force: newtons.
        optimal_fibre_length: metres.
        tendon_slack_length: metres.
        pennation_at_optimal: pennation angle at the optimal fibre length, radians.
        max_contraction_velocity: optimal fibre lengths per second.
    """

    max_isometric_force: Tensor
    optimal_fibre_length: Tensor
    tendon_slack_length: Tensor
    pennation_at_optimal: Tensor
    max_contraction_velocity: Tensor


class Fibres(NamedTuple):
    """State of the fibres, all (..., M).

    Attributes:
        gain: force along the tendon per unit activation, newtons.
        length: fibre length over optimal fibre length.
        velocity: fibre velocity over maximal velocity, shortening negative.
        cos_pennation: cosine of the pennation angle.
    """

    gain: Tensor
    length: Tensor
    velocity: Tensor
    cos_pennation: Tensor


class Muscles(nn.Module):
    """Forces of M muscles, whose parameters are buffers; see `MuscleParameters` for their units."""

    max_isometric_force: Tensor
    optimal_fibre_length: Tensor
    tendon_slack_length: Tensor
    pennation_at_optimal: Tensor
    max_contraction_velocity: Tensor

    def __init__(self, parameters: MuscleParameters) -> None:
        super().__init__()
        for name, value in parameters._asdict().items():
            self.register_buffer(name, value)

    def fibres(
        self,
        length: Tensor,
        velocity: Tensor,
        tendon: Tensor | None = None,
    ) -> Fibres:
        """Fibre state and force per unit activation.

        The fibres lie between parallel planes, at the constant distance l_opt sin(pennation at optimal). The tendon's
        velocity is neglected.

        Args:
            length: (..., M) muscle-tendon lengths, metres.
            velocity: (..., M) muscle-tendon velocities, metres per second, shortening negative.
            tendon: (..., M) tendon lengths, metres; None: rigid tendons at their slack length.
        """
        optimal = self.optimal_fibre_length
        width = optimal * torch.sin(self.pennation_at_optimal)
        projection = length - (self.tendon_slack_length if tendon is None else tendon)
        projection = torch.maximum(projection, SHORTEST_PROJECTION * optimal)
        fibre = torch.sqrt(projection.square() + width.square())
        cosine = projection / fibre
        normal_length = fibre / optimal
        normal_velocity = velocity * cosine / (optimal * self.max_contraction_velocity)
        gain = self.max_isometric_force * active_force_length(normal_length) * force_velocity(normal_velocity) * cosine
        return Fibres(gain, normal_length, normal_velocity, cosine)

    def equilibrium_tendon(
        self,
        activation: Tensor,
        length: Tensor,
        velocity: Tensor,
        start: Tensor | None = None,
        passes: int = 3,
    ) -> Tensor:
        """Tendon lengths (..., M) in metres at which tendon and fibre forces are equal, by a few fixed-point passes.

        Quasi-static: the tendon's velocity is neglected. Each pass evaluates the fibres at the present tendon length
        and stretches the tendon by their force. The step is scaled as in Newton's method, because a longer tendon
        reduces the fibres' force on the ascending limb of the force-length curve and raises it on the descending limb.
        From slack, three passes come within 0.2 mm.

        Args:
            activation: (..., M) 0 to 1.
            length: (..., M) muscle-tendon lengths, metres.
            velocity: (..., M) muscle-tendon velocities, metres per second.
            start: (..., M) tendon lengths of an earlier call, metres; None: slack.
            passes: number of passes.
        """
        slack = self.tendon_slack_length
        tendon = slack.expand_as(length) if start is None else start
        for _ in range(passes):
            fibres = self.fibres(length, velocity, tendon)
            force = activation * fibres.gain / self.max_isometric_force
            cosine = fibres.cos_pennation
            slope = active_force_length_slope(fibres.length) / active_force_length(fibres.length)
            slope = slope * cosine + (1 - cosine.square()) / (fibres.length * cosine)
            weakening = force * slope / self.optimal_fibre_length  # per metre of tendon
            compliance = slack / (TENDON_STIFFNESS * (force + TENDON_C3))  # metres per maximal isometric force
            step = 1 / (1 + (compliance * weakening).clamp(min=-0.5))
            tendon = tendon + step * (slack * tendon_length(force) - tendon)
        return tendon
