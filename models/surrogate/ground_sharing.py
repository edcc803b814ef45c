"""How two feet share the ground reaction: networks where the motion alone does not determine it.

The motion gives the sum of both feet's forces and moments, less the residual that the simulation leaves at the pelvis
where the ground's reaction would cost much muscle activation, or where no foot can give it. The parts of the sum are
the fraction of the vertical force under each foot, the places of the two centres of pressure, how hard the feet push
against each other, and the free moments. A network gives the residual and these, as deviations from a plain guess,
and the rest follows, so that the parts always add up to the sum. It answers for each sample by itself, as the
simulation's quadratic program does, and the simulation's filter is applied to its answer.
One network serves both legs: it gets its own leg first and mirrored vectors for the left one. The feet push against
each other as spares the person's muscles, so it is told what these can do.
On people whom they never saw, networks that differ by their first weights alone are off by different amounts, so that
the mean of some is nearer than each (an ensemble, Hansen and Salamon 1990).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.muscles.moment_capacity import CAPACITY_INPUTS, capacity_inputs
from models.muscles.trunk_adjustment import PRESSURE_AHEAD
from models.normalizer import Normalizer
from models.surrogate.ground_balance import GroundBalance
from models.surrogate.leg_dynamics import LegDynamics, on_the_floor
from models.surrogate.perceptron import perceptron

_LEAST_VERTICAL = 0.2  # of the body weight, by which moments are divided
_LEAST_SHARE, _LEAST_CONTACT = 0.01, 1e-3
_FAINT_VERTICAL, _FARTHEST_M = 0.02, 0.15  # body weights; metres from the usual centre of pressure
# Typical sizes of the outputs: log odds of the fraction of load; force forwards and inwards (body weights); centre of
# pressure forwards and sideways (m); free moment and moment of the toes (body weights times metres).
_SHARING_SIZES = (1.0, 0.05, 0.05, 0.03, 0.02, 0.01, 0.01)
_RESIDUAL_SIZES = (0.01,) * 6  # half of the force (body weights) and the moment (the same times metres) at the pelvis
_WEIGHT_N = 700.0
_MIRROR = (1.0, 1.0, -1.0)  # of a vector; an axial vector has the opposite signs
INPUTS = 3 + 3 + 2 + 2 * 15 + 2 * 4 + 2 * 3 + 2 + 4 + 2 + 2 * 7 + 1


class GroundReaction(NamedTuple):
    """The ground reaction of N samples, left foot first, before the simulation's filter or after it.

    Attributes:
        wrench: (N, 2, 6) force over body weight, and moment about the origin of the person's frame over it, metres.
        residual: (N, 6) what the motion demands and the feet do not give, in the same form.
        share: (N, 2) fraction of the vertical force under each foot.
        moments: (N, 2, 7) net moments on LEG_COORDINATES over body weight, metres.
        pressure: (N, 2, 2) centres of pressure, x and z in the person's frame, metres.
        correction: (N, 2, 13) what the networks change in the guess, and the residual, in typical sizes.
    """

    wrench: Tensor
    residual: Tensor
    share: Tensor
    moments: Tensor
    pressure: Tensor
    correction: Tensor


class _SharingNetwork(nn.Module):
    """One network: the outputs (N, 2, 13) for normalised features and inputs that describe a person's muscles."""

    def __init__(self, width: int, layers: int, outputs: int) -> None:
        super().__init__()
        self.of_capacity = nn.Linear(2 * CAPACITY_INPUTS, width, bias=False)
        self.layers = perceptron(INPUTS, width, layers, outputs)

    def forward(self, features: Tensor, capacity: Tensor) -> Tensor:
        first, *others = self.layers
        hidden: Tensor = first(features) + self.of_capacity(capacity)
        for layer in others:
            hidden = layer(hidden)
        return hidden


class GroundSharing(nn.Module):
    """The networks, and the ground reaction that follows from the mean of their answers."""

    sizes: Tensor
    mirror: Tensor

    def __init__(self, networks: int, width: int, layers: int) -> None:
        """Set up the networks.

        Args:
            networks: their number.
            width: channels of the hidden layers of each.
            layers: number of the hidden layers of each.
        """
        super().__init__()
        self.balance = GroundBalance()
        self.normalizer = Normalizer(INPUTS)
        self.capacity_normalizer = Normalizer(2 * CAPACITY_INPUTS)
        sizes = torch.tensor([*_SHARING_SIZES, *_RESIDUAL_SIZES])
        self.networks = nn.ModuleList(_SharingNetwork(width, layers, len(sizes)) for _ in range(networks))
        self.register_buffer("sizes", sizes, persistent=False)
        self.register_buffer("mirror", torch.tensor([_MIRROR, (1.0, 1.0, 1.0)]), persistent=False)  # left, right

    def features(self, dynamics: LegDynamics) -> Tensor:
        """Inputs of the networks, (N, 2, INPUTS), before normalisation."""
        samples = len(dynamics.force)
        polar, axial = self.mirror, self.mirror * self.mirror.prod(1, keepdim=True)
        force, moment = dynamics.force[:, None] * polar, dynamics.moment[:, None] * axial
        vertical = force[..., 1:2].clamp(min=_LEAST_VERTICAL)
        centre = torch.cat([moment[..., 2:], -moment[..., :1]], -1) / vertical  # of pressure, both feet together
        own = dynamics.joints * polar[:, None]
        other = dynamics.joints.flip(1) * polar[:, None]
        to_centre = centre[..., None, :] - own[..., 3:, [0, 2]]  # from heel and toes
        parts = [
            force, moment, centre, own.flatten(2), other.flatten(2), to_centre.flatten(2),
            (centre[..., None, :] - other[..., 3:, [0, 2]]).flatten(2),
            dynamics.foot_axis * polar, dynamics.shank_axis * polar,
            dynamics.contact[..., None], dynamics.contact.flip(1)[..., None],
            dynamics.parts_contact, dynamics.parts_contact.flip(1),
            dynamics.clearance[..., None], dynamics.clearance.flip(1)[..., None],
            dynamics.unloaded, dynamics.unloaded.flip(1),
            (dynamics.weight_n[:, None, None] / _WEIGHT_N - 1).expand(samples, 2, 1),
        ]  # fmt: skip
        return torch.cat(parts, -1)

    def capacity_features(self, capacity: Tensor) -> Tensor:
        """Inputs that describe a person's muscles, own leg first, (..., 2, 2 * CAPACITY_INPUTS).

        Args:
            capacity: (..., 2, groups, poses) moments of muscle groups over body weight, metres.
        """
        own = capacity_inputs(capacity)
        return torch.cat([own, own.flip(-2)], -1)

    def forward(self, dynamics: LegDynamics, capacity: Tensor) -> GroundReaction:
        """The ground reaction, which is that of each sample by itself; `filtered` is what the simulation answers.

        Args:
            dynamics: N samples.
            capacity: (N or 1, 2, groups, poses) moments of muscle groups over body weight, metres.
        """
        return self._reaction(dynamics, self._corrections(dynamics, capacity).mean(0))

    def of_each(self, dynamics: LegDynamics, capacity: Tensor) -> list[GroundReaction]:
        """The ground reaction by each network alone, for training; the arguments are those of `forward`."""
        return [self._reaction(dynamics, correction) for correction in self._corrections(dynamics, capacity)]

    def _corrections(self, dynamics: LegDynamics, capacity: Tensor) -> Tensor:
        """What each of M networks says of each leg, (M, N, 2, 13), in typical sizes."""
        features = self.normalizer.normalize(self.features(dynamics))
        of_muscles = self.capacity_normalizer.normalize(self.capacity_features(capacity))
        return torch.stack([network(features, of_muscles) for network in self.networks])

    def _reaction(self, dynamics: LegDynamics, correction: Tensor) -> GroundReaction:
        """The ground reaction of samples with a correction (N, 2, 13) of the guess, in typical sizes."""
        with torch.autocast(correction.device.type, enabled=False):  # mechanics stays exact in mixed precision
            correction = correction.to(self.sizes)
            sharing, of_legs = (correction * self.sizes).split([len(_SHARING_SIZES), len(_RESIDUAL_SIZES)], -1)
            residual = self._residual(of_legs, dynamics)
            given = dynamics._replace(force=dynamics.force - residual[:, :3], moment=dynamics.moment - residual[:, 3:])
            wrench, share, pressure = self._shared(given, sharing)
            moments = _net_moments(dynamics, wrench, sharing[..., -1:])
        return GroundReaction(wrench, residual, share, moments, pressure, correction)

    def _shared(self, dynamics: LegDynamics, sharing: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """How the feet share a ground reaction.

        Args:
            dynamics: N samples, whose force and moment the feet give.
            sharing: (N, 2, 7) what the networks change in the guess.

        Returns:
            Wrenches (N, 2, 6), fractions of the vertical force (N, 2) and centres of pressure (N, 2, 2).
        """
        odds, ahead, inward, forwards, sideways, free, _ = sharing.unbind(-1)
        total, moment = dynamics.force, dynamics.moment
        heels, toes = dynamics.joints[:, :, 3], dynamics.joints[:, :, 4]
        usual = (heels + PRESSURE_AHEAD * (toes - heels))[..., [0, 2]]  # (N, 2, 2)
        guess = self.balance(dynamics, usual)
        share = self._share(odds, guess, dynamics.contact)
        both = 4 * share.prod(1)  # 1 where both feet carry the same, 0 where one carries all

        side = self.mirror[:, 2]  # -1 left, 1 right
        # What the feet do to each other, as the guess has it and as the networks change it.
        apart = (guess[:, 1, 0] - share[:, 1] * total[:, 0]) + (ahead[:, 1] - ahead[:, 0]) * both
        squeeze = (guess[:, 1, 2] - share[:, 1] * total[:, 2]) - inward.mean(1) * both
        force = torch.stack(
            [
                share * total[:, :1] + side * apart[:, None],
                share * total[:, 1:2],
                share * total[:, 2:] + side * squeeze[:, None],
            ],
            -1,
        )
        pressure = self._pressure(guess, usual) + torch.stack([forwards, side * sideways], -1)
        vertical = total[:, 1].clamp(min=_LEAST_VERTICAL)
        centre = torch.stack([moment[:, 2], -moment[:, 0]], -1) / vertical[:, None]  # (N, 2), x and z
        pressure = pressure + (centre - (share[..., None] * pressure).sum(1))[:, None]
        turning = pressure[..., 1] * force[..., 0] - pressure[..., 0] * force[..., 2]
        remaining = moment[:, 1] - turning.sum(1)
        twist = share * remaining[:, None] + side * (free.sum(1) * both)[:, None]
        about_origin = torch.stack(
            [-pressure[..., 1] * force[..., 1], turning + twist, pressure[..., 0] * force[..., 1]], -1
        )
        return torch.cat([force, about_origin], -1), share, pressure

    def _residual(self, of_legs: Tensor, dynamics: LegDynamics) -> Tensor:
        """Residual force and moment (N, 6) about the origin, of what each leg says of those at the pelvis (N, 2, 6)."""
        polar = self.mirror
        axial = polar * polar.prod(1, keepdim=True)
        force, moment = (of_legs * torch.cat([polar, axial], 1)).sum(1).split(3, -1)
        pelvis = dynamics.joints[:, :, 0].mean(1)  # between the hips
        return torch.cat([force, moment + torch.linalg.cross(pelvis, force, dim=-1)], -1)

    def _share(self, odds: Tensor, guess: Tensor, contact: Tensor) -> Tensor:
        """Fraction of the vertical force under each foot, (N, 2).

        Args:
            odds: (N, 2) what the networks add to the log odds of each foot.
            guess: (N, 2, 6) wrenches.
            contact: (N, 2) contact of the feet.
        """
        vertical = guess[..., 1]
        right = vertical[:, 1] / vertical.sum(1).clamp(min=_LEAST_VERTICAL)
        touching = contact.clamp(min=_LEAST_CONTACT).log()
        logit = torch.logit(right.clamp(_LEAST_SHARE, 1 - _LEAST_SHARE)) + odds[:, 1] - odds[:, 0]
        logit = logit + touching[:, 1] - touching[:, 0]
        return torch.sigmoid(torch.stack([-logit, logit], 1))

    def _pressure(self, guess: Tensor, usual: Tensor) -> Tensor:
        """Centres of pressure (N, 2, 2) of wrenches, x and z; the usual ones of a foot that carries nothing."""
        vertical = guess[..., 1].clamp(min=0)[..., None] + _FAINT_VERTICAL
        moments = torch.stack([guess[..., 5], -guess[..., 3]], -1)
        offset = (moments - usual * guess[..., 1:2]) / vertical
        return usual + _FARTHEST_M * torch.tanh(offset / _FARTHEST_M)


def filtered(reaction: GroundReaction, dynamics: LegDynamics, matrix: Tensor) -> GroundReaction:
    """The ground reaction after the simulation's filter, which spreads in time what single samples cannot carry.

    Args:
        reaction: of S * K samples, motion after motion.
        dynamics: the same samples.
        matrix: (K, K) low-pass filter of the ground reaction over the samples of a motion.
    """

    def smooth(values: Tensor) -> Tensor:
        by_motion = values.flatten(1).unflatten(0, (-1, len(matrix)))
        return (matrix @ by_motion).reshape(values.shape)

    contact = dynamics.contact[..., None]
    residual = _from_ground(smooth(_to_ground(reaction.residual[:, None], dynamics)), dynamics)[:, 0]
    whole = _from_ground(smooth(_to_ground(reaction.wrench, dynamics)), dynamics)
    wrench = whole * contact  # the filter carries force into the air, and contact takes it away
    residual = residual + (whole - wrench).sum(1)
    toes = reaction.moments[..., -1:] - _net_moments(dynamics, reaction.wrench)[..., -1:]
    vertical = wrench[..., 1].clamp(min=0)
    share = vertical / vertical.sum(1, keepdim=True).clamp(min=_FAINT_VERTICAL)
    usual = smooth(on_the_floor(reaction.pressure, dynamics)) - dynamics.origin[:, None]
    usual = torch.einsum("nax,nfx->nfa", dynamics.axes, usual)[..., [0, 2]]
    pressure = torch.stack([wrench[..., 5], -wrench[..., 3]], -1) + _FAINT_VERTICAL * usual
    pressure = pressure / (vertical[..., None] + _FAINT_VERTICAL)
    moments = _net_moments(dynamics, wrench, smooth(toes) * contact)
    return GroundReaction(wrench, residual, share, moments, pressure, reaction.correction)


def _net_moments(dynamics: LegDynamics, wrench: Tensor, toes: Tensor | None = None) -> Tensor:
    """Net moments (N, 2, 7) of wrenches (N, 2, 6), whose force on the toes has the moments (N, 2, 1) about their joint.

    The last coordinate is the toes' joint: the map has the whole wrench on the rear foot.
    """
    moments = dynamics.unloaded - (dynamics.from_wrench @ wrench[..., None])[..., 0]
    return moments if toes is None else torch.cat([moments[..., :-1], moments[..., -1:] + toes], -1)


def _to_ground(wrench: Tensor, dynamics: LegDynamics) -> Tensor:
    """Wrenches (N, F, 6) in the person's frame, in the ground frame and about its origin."""
    force, moment = (torch.einsum("nax,nfa->nfx", dynamics.axes, part) for part in wrench.split(3, -1))
    return torch.cat([force, moment + torch.linalg.cross(dynamics.origin[:, None].expand_as(force), force)], -1)


def _from_ground(wrench: Tensor, dynamics: LegDynamics) -> Tensor:
    """The inverse of `_to_ground`."""
    force, moment = wrench.split(3, -1)
    moment = moment - torch.linalg.cross(dynamics.origin[:, None].expand_as(force), force)
    return torch.cat([torch.einsum("nax,nfx->nfa", dynamics.axes, part) for part in (force, moment)], -1)
