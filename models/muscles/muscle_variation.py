"""Random variations of a model's muscles, from which a network learns what the properties of muscles do."""

import math

import numpy as np
import torch

from models.conventions import MUSCLES
from models.muscles.hill import MuscleParameters, Muscles
from models.muscles.moment_capacity import CAPACITY_GROUPS

_LOG_STRENGTH_RANGE = (math.log(0.6), math.log(1.6))  # of a group
# Standard deviations of logarithms: of a muscle's strength within its group, and of the lengths of groups and muscles.
_STRENGTH_SD, _FIBRE_SDS, _TENDON_SDS = 0.05, (0.04, 0.015), (0.015, 0.005)
_STRENGTH_LIMITS = (0.5, 2.0)


def vary_muscles(muscles: Muscles, generator: np.random.Generator) -> Muscles:
    """Muscles with other strengths, optimal fibre lengths and tendon slack lengths; alike on both sides.

    Args:
        muscles: the 80 muscles of a model.
        generator: of the random numbers.
    """
    names = [name[:-2] for name in MUSCLES[: len(MUSCLES) // 2]]
    group_of = {muscle: group for group, (_, members) in CAPACITY_GROUPS.items() for muscle in members}
    groups = [*CAPACITY_GROUPS, "other"]
    member = np.array([groups.index(group_of.get(name, "other")) for name in names])
    strength = generator.uniform(*_LOG_STRENGTH_RANGE, len(groups))[member]
    strength = strength + _STRENGTH_SD * generator.standard_normal(len(names))

    def lengths(sds: tuple[float, float]) -> np.ndarray:
        of_group, of_muscle = sds
        return of_group * generator.standard_normal(len(groups))[member] + of_muscle * generator.standard_normal(
            len(names)
        )

    factors = {
        "max_isometric_force": np.exp(strength).clip(*_STRENGTH_LIMITS),
        "optimal_fibre_length": np.exp(lengths(_FIBRE_SDS)),
        "tendon_slack_length": np.exp(lengths(_TENDON_SDS)),
    }
    own = {name: getattr(muscles, name) for name in MuscleParameters._fields}
    varied = {name: own[name] * torch.from_numpy(np.tile(factor, 2)) for name, factor in factors.items()}
    return Muscles(MuscleParameters(**(own | varied)))
