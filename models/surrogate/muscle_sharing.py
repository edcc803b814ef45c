"""How the muscles of a leg share its net joint moments: a network in place of the simulation's quadratic program.

It sees one leg in one frame, so its answer does not depend on what else a motion contains.
"""

import math

import torch
from torch import Tensor, nn

from models.muscles.moment_arms import LEG_COORDINATES, MUSCLES_PER_LEG
from models.muscles.moment_capacity import CAPACITY_GROUPS, CAPACITY_INPUTS, LEAST_CAPACITY, REFERENCE_KNEES_DEG
from models.normalizer import Normalizer
from models.surrogate.leg_dynamics import LegKinematics
from models.surrogate.perceptron import perceptron

_GROUPS = tuple(CAPACITY_GROUPS)
# Moments over what the groups that bear them can do in the same pose.
_RELATIVE = (
    ("hip_flexion", ("gluteus maximus", "two-joint hamstrings")),
    ("hip_flexion", ("hip flexors", "rectus femoris")),
    ("hip_adduction", ("hip abductors",)),
    ("hip_adduction", ("hip adductors",)),
    ("knee_angle", ("vasti",)),
    ("ankle_angle", ("soleus", "gastrocnemius")),
    ("ankle_angle", ("dorsiflexors",)),
)
_LARGEST_RELATIVE = 3.0
_MOMENT_SIZE, _SPEED_SIZE = 0.1, 3.0  # body weights times metres, rad/s
MOVING_INPUTS = 3 * len(LEG_COORDINATES) + len(_GROUPS) + len(_RELATIVE)


class MuscleSharing(nn.Module):
    """The network from moments, angles and speeds of a leg, and the capacity of its muscles, to activations."""

    knees_rad: Tensor

    def __init__(self, width: int, layers: int) -> None:
        """Set up the network.

        Args:
            width: channels of the hidden layers.
            layers: number of the hidden layers.
        """
        super().__init__()
        self.normalizer = Normalizer(MOVING_INPUTS)
        self.capacity_normalizer = Normalizer(CAPACITY_INPUTS)
        self.of_capacity = nn.Linear(CAPACITY_INPUTS, width, bias=False)
        self.network = perceptron(MOVING_INPUTS, width, layers, MUSCLES_PER_LEG)
        knees_rad = torch.tensor([math.radians(knee) for knee in REFERENCE_KNEES_DEG])
        self.register_buffer("knees_rad", knees_rad, persistent=False)

    def features(self, moments: Tensor, kinematics: LegKinematics, capacity: Tensor) -> Tensor:
        """Inputs that change from frame to frame, (N, 2, MOVING_INPUTS), before normalisation.

        Args:
            moments: (N, 2, 7) net moments on LEG_COORDINATES over body weight, metres.
            kinematics: of the legs in the same frames.
            capacity: (N, 2, groups, poses) moments of muscle groups over body weight, metres.
        """
        now = self._capacity_now(kinematics.angles[..., LEG_COORDINATES.index("knee_angle")], capacity)
        relative = [
            moments[..., LEG_COORDINATES.index(coordinate)]
            / now[..., [_GROUPS.index(group) for group in groups]].sum(-1)
            for coordinate, groups in _RELATIVE
        ]
        limited = _LARGEST_RELATIVE * torch.tanh(torch.stack(relative, -1) / _LARGEST_RELATIVE)
        parts = [moments / _MOMENT_SIZE, kinematics.angles, kinematics.speeds / _SPEED_SIZE, now.log(), limited]
        return torch.cat(parts, -1)

    def _capacity_now(self, knee: Tensor, capacity: Tensor) -> Tensor:
        """Moments of the groups (N, 2, groups) at the present flexion of the knee (N, 2), radians, interpolated."""
        knots = self.knees_rad
        knee = knee.clamp(knots[0], knots[-1])
        above = torch.bucketize(knee.detach().contiguous(), knots).clamp(1, len(knots) - 1)
        part = ((knee - knots[above - 1]) / (knots[above] - knots[above - 1]))[..., None]
        capacity = capacity.expand(*knee.shape, -1, -1)

        def at(index: Tensor) -> Tensor:
            return capacity.gather(-1, index[..., None, None].expand(-1, -1, capacity.shape[2], 1))[..., 0]

        return torch.lerp(at(above - 1), at(above), part).clamp(min=LEAST_CAPACITY)

    def hidden(self, features: Tensor, capacity_features: Tensor) -> Tensor:
        """Values of the last hidden layer, (N, 2, width).

        Args:
            features: (N, 2, MOVING_INPUTS).
            capacity_features: (N or 1, 2, CAPACITY_INPUTS).
        """
        of_capacity = self.of_capacity(self.capacity_normalizer.normalize(capacity_features))
        first, *others = list(self.network)[:-1]
        hidden = first(self.normalizer.normalize(features)) + of_capacity
        for layer in others:
            hidden = layer(hidden)
        return hidden

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (N, 2, 40) of the activations by the last layer for all people, of hidden values (N, 2, width)."""
        logits: Tensor = list(self.network)[-1](hidden)
        return logits

    def forward(self, features: Tensor, capacity_features: Tensor) -> Tensor:
        """Activations (N, 2, 40), 0 to 1, by the last layer for all people, which `SubjectMuscles` corrects.

        Args:
            features: (N, 2, MOVING_INPUTS).
            capacity_features: (N or 1, 2, CAPACITY_INPUTS).
        """
        return torch.sigmoid(self.logits(self.hidden(features, capacity_features)))
