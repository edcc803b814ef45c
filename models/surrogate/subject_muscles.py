"""The answer of the muscles' network, corrected for one subject's own muscles.

What the hidden layers extract from moments, angles and speeds serves all people; how it turns into activations depends
on a person's muscles. So reference samples are solved by static optimisation on the subject's own model, and a linear
correction of the answer for all people is fitted to them by ridge regression: two seconds when a subject is loaded, and
hardly anything for each motion. Where the subject's own squats have been simulated, they count too (`fit_to`): guided
motions are near to them. An activation at its bounds says only that it would be there or beyond, as in censored
regression (Tobin 1958): such a target is replaced by the prediction as far as that is beyond the bound, and the
regression repeated.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.conventions import SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.moment_capacity import capacity_inputs
from models.muscles.static_optimization import ActivationSimulator
from models.surrogate.leg_dynamics import LegKinematics
from models.surrogate.muscle_sharing import MuscleSharing

_RIDGE = 3e-3  # of the mean square of the hidden values
_REPETITIONS = 40
_AT_BOUND = 2e-3  # of an activation, within which it counts as at a bound
_STRONG = 0.9  # activation above which the gradient is that of the demand
_STRONG_LOGIT = math.log(_STRONG / (1 - _STRONG))
_CORNER = 0.005  # of activation, over which the corners of the bounds are rounded


class ReferenceSamples(NamedTuple):
    """Poses and moments of one leg in R samples, for which the muscles of both legs of every subject are solved.

    Attributes:
        angles: (R, 7) of LEG_COORDINATES, radians.
        speeds: (R, 7) radians per second.
        moments: (R, 7) net moments over body weight, metres.
    """

    angles: Tensor
    speeds: Tensor
    moments: Tensor


class SolvedSamples(NamedTuple):
    """Samples of both legs of a subject, legs in the order left, right, and what static optimisation finds of them.

    Attributes:
        moments: (R, 2, 7) net moments over body weight, metres.
        kinematics: of the legs in the same samples.
        activations: (R, 2, 40) float64.
    """

    moments: Tensor
    kinematics: LegKinematics
    activations: Tensor


class SubjectMuscles(nn.Module):
    """Activations of one subject's muscles from the features of `MuscleSharing`."""

    capacity: Tensor  # (1, 2, groups, poses) over body weight
    weights: Tensor  # (2, width + 1, 40) of the correction of each leg, the constant last
    capacity_features: Tensor  # (1, 2, CAPACITY_INPUTS)

    def __init__(
        self, network: MuscleSharing, reference: ReferenceSamples, simulator: ActivationSimulator, capacity: Tensor
    ) -> None:
        """Fit the correction to a subject.

        Args:
            network: the network of all people, in float32.
            reference: the reference samples, on the network's device.
            simulator: of the subject.
            capacity: (1, 2, groups, poses) moments of the subject's muscle groups over body weight, metres.
        """
        super().__init__()
        self.network = network
        self.floor = simulator.settings.activation_floor
        device = reference.moments.device
        self.register_buffer("capacity", capacity.to(device), persistent=False)
        self.register_buffer("capacity_features", capacity_inputs(self.capacity))
        both = ReferenceSamples(*(values[:, None].expand(-1, len(SIDES), -1) for values in reference))
        solved = _solve_reference(both, simulator).to(device)
        self.reference = SolvedSamples(both.moments, LegKinematics(both.angles, both.speeds), solved)
        self.register_buffer("weights", self._fitted(self.reference))

    def fit_to(self, own: SolvedSamples) -> None:
        """Fit the correction to samples of the subject's own motions and the reference samples together.

        Args:
            own: whose moments are those that the surrogate finds, so that its errors in these are corrected too.
        """
        self.weights = self._fitted(self.reference, own)

    @torch.no_grad()
    def _fitted(self, *samples: SolvedSamples) -> Tensor:
        """The weights (2, width + 1, 40) that suit samples best."""
        parts = zip(*(self._parts(one.moments, one.kinematics) for one in samples), strict=True)
        hidden, general = (torch.cat(values).double() for values in parts)
        solved = torch.cat([one.activations for one in samples])
        fitted = [_fit(hidden[:, leg], general[:, leg], solved[:, leg], self.floor) for leg in range(len(SIDES))]
        return torch.stack(fitted).float()

    def forward(self, moments: Tensor, kinematics: LegKinematics) -> Tensor:
        """Activations (N, 2, 40), from the lower bound of activations to 1.

        Args:
            moments: (N, 2, 7) net moments on LEG_COORDINATES over body weight, metres.
            kinematics: of the legs in the same frames.
        """
        hidden, general = self._parts(moments, kinematics)
        return rounded_clip(general + torch.einsum("nlh,lhm->nlm", hidden, self.weights), self.floor)

    def _parts(self, moments: Tensor, kinematics: LegKinematics) -> tuple[Tensor, Tensor]:
        """The last hidden values and a constant (N, 2, width + 1), and the activations for all people (N, 2, 40)."""
        features = self.network.features(moments, kinematics, self.capacity)
        hidden = self.network.hidden(features, self.capacity_features)
        general = demanding_sigmoid(self.network.logits(hidden))
        return torch.cat([hidden, torch.ones_like(hidden[..., :1])], -1), general


def demanding_sigmoid(logits: Tensor) -> Tensor:
    """The logistic function, whose gradient does not fall further where the activation exceeds 0.9.

    There more may be demanded of a muscle than it has, and a gradient that vanishes would not tell guidance how to
    bring the demand down (a straight-through estimator, Bengio et al. 2013).
    """
    beyond = (logits - _STRONG_LOGIT).clamp_min(0)
    demand = torch.sigmoid(logits - beyond) + _STRONG * (1 - _STRONG) * beyond
    return demand + (torch.sigmoid(logits) - demand).detach()


def rounded_clip(drive: Tensor, lower: float) -> Tensor:
    """`drive` between `lower` and 1, with rounded corners that leave a gradient near the bounds.

    Below `lower` a muscle is not needed, and the gradient vanishes. Above 1 it is that of the demand, as in
    `demanding_sigmoid`.
    """
    above, below = drive - lower, drive - 1
    demand = lower + 0.5 * (above + torch.sqrt(above.square() + 4 * _CORNER**2))
    excess = 0.5 * (below + torch.sqrt(below.square() + 4 * _CORNER**2))
    return demand - torch.where(below > 0, excess.detach(), excess)


def unclipped(activations: Tensor, lower: float) -> Tensor:
    """The drive that `rounded_clip` turns into `activations`; one at a bound counts as `_AT_BOUND` away from it."""
    above, below = (activations - lower).clamp(min=_AT_BOUND), (1 - activations).clamp(min=_AT_BOUND)
    return activations - _CORNER**2 / above + _CORNER**2 / below


@torch.no_grad()
def _solve_reference(reference: ReferenceSamples, simulator: ActivationSimulator) -> Tensor:
    """Activations (R, 2, 40) by static optimisation of samples of both legs on the subject's model, float64."""
    names = simulator.coordinate_names
    rows = [names.index(f"{name}_{side}") for side in SIDES for name in LEG_COORDINATES]

    def of_all(legs: Tensor) -> Tensor:
        values = torch.zeros(len(names), len(legs), dtype=torch.float64, device=simulator.device)
        values[rows] = legs.flatten(1).to(values).T
        return values

    moments_nm = reference.moments.flatten(1).to(simulator.device, torch.float64) * simulator.weight_n
    activations = simulator.activations_of_moments(of_all(reference.angles), of_all(reference.speeds), moments_nm)
    return activations.unflatten(1, (len(SIDES), -1))


def _fit(hidden: Tensor, general: Tensor, activations: Tensor, lower: float) -> Tensor:
    """Weights (H, 40) by which hidden values (R, H) correct general answers (R, 40) towards activations (R, 40)."""
    ridge = _RIDGE * len(hidden) * hidden.square().mean()
    identity = torch.eye(hidden.shape[1], dtype=hidden.dtype, device=hidden.device)
    factor = torch.linalg.cholesky(hidden.T @ hidden + ridge * identity)
    idle, full = activations <= lower + _AT_BOUND, activations >= 1 - _AT_BOUND
    wanted = target = unclipped(activations, lower)
    for _ in range(_REPETITIONS):
        weights = torch.cholesky_solve(hidden.T @ (target - general), factor)
        drive = general + hidden @ weights
        target = torch.where(idle, drive.minimum(wanted), torch.where(full, drive.maximum(wanted), wanted))
    return weights
