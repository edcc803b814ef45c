"""Synthetic people: sex, stature, mass and segment scale factors, from measured anthropometry.

Source: ANSUR II, the 2012 US Army survey of 4,082 men and 1,986 women (Gordon et al., 2014, NATICK/TR-15/007), whose
public tables come with the nimblephysics wheel. Of each sex only the mean and the covariance of the logarithms of the
measures below are used: no row of the survey becomes a person.
"""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas
from scipy import stats

from dataset.errors import InputError

STATURE, WEIGHT = "stature", "weightkg"
# Each body's scale factor along x (forward), y (up) and z (right) follows these measures, one or a difference of two.
_THIGH = ("trochanterionheight", "lateralfemoralepicondyleheight")
_SHANK = ("lateralfemoralepicondyleheight", "lateralmalleolusheight")
_TRUNK = ("cervicaleheight", "iliocristaleheight")
_FOOT = (("footlength",), ("lateralmalleolusheight",), ("footbreadthhorizontal",))
SEGMENT_MEASURES = {
    "pelvis": (("buttockdepth",), ("iliocristaleheight", "trochanterionheight"), ("hipbreadth",)),
    "femur": (_THIGH, _THIGH, _THIGH),
    "tibia": (_SHANK, _SHANK, _SHANK),
    "patella": (_SHANK, _SHANK, _SHANK),
    "talus": _FOOT,
    "calcn": _FOOT,
    "toes": _FOOT,
    "torso": (("chestdepth",), _TRUNK, ("biacromialbreadth",)),
    "humerus": (("acromionradialelength",),) * 3,
    "ulna": (("radialestylionlength",),) * 3,
    "radius": (("radialestylionlength",),) * 3,
    "hand": (("handlength",),) * 3,
}
_MEASURES = sorted({name for axes in SEGMENT_MEASURES.values() for axis in axes for name in axis})

# Rajagopal et al. (2016): the generic model is a man of 1.70 m and 75.3 kg.
GENERIC_STATURE_M = 1.70
_BODY_MASS_INDEX_RANGE = (17.5, 36.0)
# Few people must span the population: stature is drawn evenly over this many standard deviations to either side.
_STATURE_SPAN_SD = 3.0
# Models that were fitted to markers scatter about the tape measure: legs of one stature differ by up to a tenth either
# way, and the pelvis is wider than the bone, since its markers lie on soft tissue (hip centres 0.16 to 0.23 m apart in
# real sessions for 0.155 m in the generic model).
_LEG_FIT = (0.93, 1.12)
_PELVIS_FIT_WIDTH = (0.98, 1.35)
_SHANK_TO_THIGH = (0.92, 1.1)


@dataclass(frozen=True)
class Person:
    """One synthetic person.

    index: counts from 0. sex: "f" or "m". stature_m, mass_kg: standing height and mass.
    scale: body name without side -> factors along x, y, z of the generic model.
    """

    index: int
    sex: str
    stature_m: float
    mass_kg: float
    scale: dict[str, tuple[float, float, float]]

    @property
    def id(self) -> str:
        return f"demo-person-{self.index + 1:03d}"


def rajagopal_folder() -> Path:
    """The folder of the nimblephysics wheel that holds Rajagopal2015.osim, its meshes and the ANSUR II tables.

    The package is located, never imported. Raises InputError where it is not installed.
    """
    found = importlib.util.find_spec("nimblephysics")
    for root in found.submodule_search_locations if found else ():
        folder = Path(root) / "models" / "rajagopal_data"
        if (folder / "Rajagopal2015.osim").is_file():
            return folder
    raise InputError(
        "the demo people are scaled from Rajagopal2015.osim, which the nimblephysics wheel carries; "
        "install it: pip install nimblephysics"
    )


@lru_cache
def _survey(sex: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (M,) and covariance (M, M) of the logarithms of stature, weight and `_MEASURES` (metres, kilograms)."""
    name = {"f": "FEMALE", "m": "MALE"}[sex]
    path = rajagopal_folder() / f"ANSUR_II_{name}_Public.csv"
    table = pandas.read_csv(path, usecols=[STATURE, WEIGHT, *_MEASURES], encoding="latin-1")
    table = table[[STATURE, WEIGHT, *_MEASURES]].to_numpy(float)
    table[:, 0] /= 1000
    table[:, 1] /= 10
    table[:, 2:] /= 1000
    logs = np.log(table)
    return logs.mean(0), np.cov(logs.T)


def _given_stature(sex: str, log_stature: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the logarithms of weight and `_MEASURES` in people of this stature."""
    mean, covariance = _survey(sex)
    slope = covariance[1:, 0] / covariance[0, 0]
    return mean[1:] + slope * (log_stature - mean[0]), covariance[1:, 1:] - np.outer(slope, covariance[0, 1:])


def _length(logs: np.ndarray, axis: tuple[str, ...]) -> float:
    values = [np.exp(logs[1 + _MEASURES.index(name)]) for name in axis]
    return values[0] if len(values) == 1 else values[0] - values[1]


def sobol_point(dimensions: int, seed: int, index: int) -> np.ndarray:
    """Point `index` of a scrambled Sobol sequence: (dimensions,) numbers from 0 to 1, even over any run of indices."""
    count = 1 << int(index).bit_length()
    return stats.qmc.Sobol(dimensions, scramble=True, seed=seed).random(count)[index]


def draw_person(seed: int, index: int) -> Person:
    """Person `index` of the population `seed`: the same whatever the number of people drawn.

    Sex, stature and the length of the legs for it come from a Sobol sequence, so that few people already span the
    population; weight and segments follow from the survey's regression on stature with its covariance.
    """
    which, tallness, legginess = sobol_point(3, seed, index)
    sex = "f" if which < 0.5 else "m"
    generator = np.random.default_rng([seed, index, 0])

    mean, covariance = _survey(sex)
    deviation = _STATURE_SPAN_SD * np.sqrt(covariance[0, 0]) * (2 * tallness - 1)
    stature = float(np.exp(mean[0] + deviation))
    drawn = generator.multivariate_normal(*_given_stature(sex, np.log(stature)), method="cholesky")
    mass = float(np.exp(drawn[0]))
    mass = float(np.clip(mass / stature**2, *_BODY_MASS_INDEX_RANGE) * stature**2)

    generic = _given_stature("m", np.log(GENERIC_STATURE_M))[0]
    leg_fit = _LEG_FIT[0] + (_LEG_FIT[1] - _LEG_FIT[0]) * legginess
    pelvis_width = generator.uniform(*_PELVIS_FIT_WIDTH)
    scale = {}
    for body, axes in SEGMENT_MEASURES.items():
        scale[body] = np.array([_length(drawn, axis) / _length(generic, axis) for axis in axes])
    scale["pelvis"][2] *= pelvis_width
    # Differences of landmarks scatter more than bones do: keep shank and thigh in proportion.
    scale["tibia"] = scale["femur"] * np.clip(scale["tibia"] / scale["femur"], *_SHANK_TO_THIGH)
    scale["patella"] = scale["tibia"]
    for body in ("femur", "tibia", "patella"):
        scale[body] = scale[body] * leg_fit
    scale = {body: tuple(np.clip(factors, 0.75, 1.45).round(4).tolist()) for body, factors in scale.items()}
    return Person(index, sex, round(stature, 3), round(mass, 1), scale)
