"""How the muscles of synthetic subjects vary: strength of each group, optimal fibre and tendon slack lengths.

Models in use differ in both. Strength is generic in nearly all of them, but people are not equally strong. Optimal
fibre and tendon slack lengths are those of Rajagopal et al. (2016), or were changed for deep flexion by Lai, Arnold and
Wakeling (2017) and by Uhlrich et al. (2022); scaling to a subject keeps their ratio to the length of the muscle's path.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from dataset.demo.anthropometry import GENERIC_MASS_KG, Person
from dataset.demo.sobol import sobol_point
from dataset.muscle_names import MUSCLE_GROUPS

STRENGTH_GROUPS = {
    **{name: MUSCLE_GROUPS[name] for name in ("quadriceps", "hamstrings", "gluteals", "calf")},
    "hip flexors": ("iliacus", "psoas", "sart", "tfl"),
    "adductors": MUSCLE_GROUPS["adductors"],
    "others": ("edl", "ehl", "fdl", "fhl", "perbrev", "perlong", "piri", "tibant", "tibpost"),
}
STRENGTH_RANGE = (0.6, 1.6)  # relative to the generic model
# Standard deviations of the logarithm of strength: of a person, and of a group within a person.
_PERSON_SD, _GROUP_SD = 0.15, 0.15
_STRENGTH_OF_MASS = 0.4  # exponent of strength over body mass: heavy people are stronger, though not in proportion
_GENERIC_STRENGTH = 0.3  # share of people whose strength is generic, as it is in most models of real people
_RAJAGOPAL, _LAI = 0.25, 0.25  # shares of people whose muscles have exactly these lengths; the others are in between

# Optimal fibre and tendon slack lengths, metres, of the muscles that Lai et al. (2017) changed, as in OpenCap's models,
# which have the paths of Rajagopal2015. With Rajagopal2015's own, the vasti are overstretched in deep flexion.
_DEEP_FLEXION_M = {
    "gaslat": (0.069, 0.374),
    "gasmed": (0.059, 0.387),
    "glmax1": (0.147, 0.0873),
    "glmax2": (0.157, 0.109),
    "glmax3": (0.167, 0.103),
    "soleus": (0.044, 0.28135),
    "vasint": (0.117, 0.205),
    "vaslat": (0.117, 0.221),
    "vasmed": (0.110, 0.208),
}
# The same of the further muscles that differ in LaiUhlrich2022 (Uhlrich et al. 2022).
_HIP_M = {
    "bflh": (0.0976, 0.3325),
    "glmed1": (0.0765, 0.0585),
    "glmed2": (0.084, 0.07545),
    "glmed3": (0.0781, 0.0484),
    "glmin1": (0.0813, 0.0193),
    "glmin2": (0.0687, 0.03202),
    "glmin3": (0.0353, 0.0472),
    "recfem": (0.0759, 0.4504),
    "semimem": (0.086, 0.335),
    "tfl": (0.09315, 0.44075),
}


@dataclass(frozen=True)
class MuscleTraits:
    """What distinguishes the muscles of one synthetic subject from those of the generic model.

    Attributes:
        strength: by group, maximum isometric force relative to the generic one.
        deep_flexion: 0 where the nine muscles of Lai et al. (2017) have the lengths of Rajagopal et al. (2016), 1 where
            they have those of Lai et al.; linear in between.
        hip: the same of the muscles that differ in LaiUhlrich2022 beside those.
    """

    strength: dict[str, float]
    deep_flexion: float
    hip: float

    def lengths_m(self, muscle: str, fibre_m: float, tendon_m: float) -> tuple[float, float]:
        """Optimal fibre and tendon slack length of a muscle, named without side, from the generic ones, metres."""
        share, other = (self.deep_flexion, _DEEP_FLEXION_M) if muscle in _DEEP_FLEXION_M else (self.hip, _HIP_M)
        if muscle not in other:
            return fibre_m, tendon_m
        fibre, tendon = other[muscle]
        return fibre_m + share * (fibre - fibre_m), tendon_m + share * (tendon - tendon_m)

    def strength_of(self, muscle: str) -> float:
        """Factor of a muscle's maximum isometric force, by its name without side."""
        return next(self.strength[group] for group, names in STRENGTH_GROUPS.items() if muscle in names)


def draw_muscle_traits(seed: int, person: Person) -> MuscleTraits:
    """Draw the muscles of a subject of the population `seed`, spread evenly over the population."""
    point = sobol_point(5 + len(STRENGTH_GROUPS), seed + 2, person.index)
    generic, own, origin, mixture, hip = point[:5].tolist()
    usual = _STRENGTH_OF_MASS * np.log(person.mass_kg / GENERIC_MASS_KG)
    logs = usual + _PERSON_SD * _normal(own) + _GROUP_SD * _normal(point[5:])
    factors = np.ones(len(STRENGTH_GROUPS)) if generic < _GENERIC_STRENGTH else np.exp(logs).clip(*STRENGTH_RANGE)
    if origin < _RAJAGOPAL:
        deep_flexion, hip = 0.0, 0.0
    elif origin < _RAJAGOPAL + _LAI:
        deep_flexion, hip = 1.0, float(round(hip))  # as in Lai 2017, or as in LaiUhlrich2022
    else:
        deep_flexion = mixture
    strength = dict(zip(STRENGTH_GROUPS, factors.round(4).tolist(), strict=True))
    return MuscleTraits(strength, round(deep_flexion, 4), round(hip, 4))


def _normal(quantile: np.ndarray | float) -> np.ndarray:
    return stats.norm.ppf(np.clip(quantile, 1e-4, 1 - 1e-4))
