"""Anthropometry of the synthetic subjects: sex, stature, body mass and scale factors of the segments.

Source: ANSUR II, the 2012 US Army survey of 4,082 men and 1,986 women (Gordon et al., 2014, NATICK/TR-15/007), whose
public tables come with the nimblephysics wheel. Of each sex, only the mean and the covariance of the logarithms
of the measures below are used: no row of the survey becomes a subject.
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
# Measures that determine each body's scale factors along x (forward), y (up) and z (right), one or a difference of two.
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

# The generic model of Rajagopal et al. (2016) is a man of 1.70 m and 75.3 kg.
GENERIC_STATURE_M = 1.70
_BODY_MASS_INDEX_RANGE = (17.5, 36.0)
# Few subjects have to span the population, so stature is uniform within this many standard deviations of the mean.
_STATURE_SPAN_SD = 3.0
# Models scaled to markers scatter about measured lengths: legs differ by up to a tenth at the same stature, and the
# pelvis is wider than the bone, since its markers are on soft tissue (the hip joint centres are 0.16 to 0.23 m apart in
# real sessions and 0.155 m in the generic model).
_LEG_FIT = (0.93, 1.12)
_PELVIS_FIT_WIDTH = (0.98, 1.35)
_SHANK_TO_THIGH = (0.92, 1.1)


@dataclass(frozen=True)
class Person:
    """One synthetic subject.

    Attributes:
        index: number of the subject, from 0.
        sex: `f` or `m`.
        stature_m: standing height, metres.
        mass_kg: body mass, kilograms.
        scale: for each body, named without side, the factors along x, y and z of the generic model.
    """

    index: int
    sex: str
    stature_m: float
    mass_kg: float
    scale: dict[str, tuple[float, float, float]]

    @property
    def id(self) -> str:
        """Id of the subject and of the session."""
        return f"demo-person-{self.index + 1:03d}"


def rajagopal_folder() -> Path:
    """The folder of the nimblephysics wheel that holds Rajagopal2015.osim, its meshes and the ANSUR II tables.

    The package is located without importing it.

    Raises:
        InputError: nimblephysics is not installed.
    """
    found = importlib.util.find_spec("nimblephysics")
    for root in (found.submodule_search_locations or ()) if found else ():
        folder = Path(root) / "models" / "rajagopal_data"
        if (folder / "Rajagopal2015.osim").is_file():
            return folder
    raise InputError(
        "the demo people are scaled from Rajagopal2015.osim of the nimblephysics package, which is not installed; "
        "install it with pip install nimblephysics"
    )


@lru_cache
def _survey(sex: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean (M,) and covariance (M, M) of the logarithms of stature, weight and `_MEASURES` (metres, kilograms)."""
    name = {"f": "FEMALE", "m": "MALE"}[sex]
    path = rajagopal_folder() / f"ANSUR_II_{name}_Public.csv"
    frame = pandas.read_csv(path, usecols=[STATURE, WEIGHT, *_MEASURES], encoding="latin-1")
    table = frame[[STATURE, WEIGHT, *_MEASURES]].to_numpy(float)
    table[:, 0] /= 1000
    table[:, 1] /= 10
    table[:, 2:] /= 1000
    logs = np.log(table)
    return logs.mean(0), np.cov(logs.T)


def _given_stature(sex: str, log_stature: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the logarithms of weight and `_MEASURES`, conditional on stature."""
    mean, covariance = _survey(sex)
    slope = covariance[1:, 0] / covariance[0, 0]
    return mean[1:] + slope * (log_stature - mean[0]), covariance[1:, 1:] - np.outer(slope, covariance[0, 1:])


def _length(logs: np.ndarray, axis: tuple[str, ...]) -> float:
    """A measure, or the difference of two, from the logarithms of weight and `_MEASURES`."""
    values = [np.exp(logs[1 + _MEASURES.index(name)]) for name in axis]
    return values[0] if len(values) == 1 else values[0] - values[1]


def sobol_point(dimensions: int, seed: int, index: int) -> np.ndarray:
    """Point `index` of a scrambled Sobol sequence: (dimensions,) numbers from 0 to 1."""
    count = 1 << int(index).bit_length()
    return stats.qmc.Sobol(dimensions, scramble=True, seed=seed).random(count)[index]


def draw_person(seed: int, index: int) -> Person:
    """Draw subject `index` of the population `seed`, independently of the number of subjects.

    Sex, stature and relative leg length come from a Sobol sequence, so that few subjects span the population. Weight
    and segment lengths follow from the survey's regression on stature, with its covariance.
    """
    sex_quantile, stature_quantile, leg_quantile = sobol_point(3, seed, index)
    sex = "f" if sex_quantile < 0.5 else "m"
    generator = np.random.default_rng([seed, index, 0])

    mean, covariance = _survey(sex)
    deviation = _STATURE_SPAN_SD * np.sqrt(covariance[0, 0]) * (2 * stature_quantile - 1)
    stature = float(np.exp(mean[0] + deviation))
    drawn = generator.multivariate_normal(*_given_stature(sex, np.log(stature)), method="cholesky")
    mass = float(np.exp(drawn[0]))
    mass = float(np.clip(mass / stature**2, *_BODY_MASS_INDEX_RANGE) * stature**2)

    generic = _given_stature("m", np.log(GENERIC_STATURE_M))[0]
    leg_fit = _LEG_FIT[0] + (_LEG_FIT[1] - _LEG_FIT[0]) * leg_quantile
    pelvis_width = generator.uniform(*_PELVIS_FIT_WIDTH)
    scale = {
        body: np.array([_length(drawn, axis) / _length(generic, axis) for axis in axes])
        for body, axes in SEGMENT_MEASURES.items()
    }
    scale["pelvis"][2] *= pelvis_width
    # Differences of landmarks vary more than the lengths of bones, so the ratio of shank to thigh is limited.
    scale["tibia"] = scale["femur"] * np.clip(scale["tibia"] / scale["femur"], *_SHANK_TO_THIGH)
    scale["patella"] = scale["tibia"]
    for body in ("femur", "tibia", "patella"):
        scale[body] = scale[body] * leg_fit
    rounded = {}
    for body, factors in scale.items():
        x, y, z = np.clip(factors, 0.75, 1.45).round(4).tolist()
        rounded[body] = (x, y, z)
    return Person(index, sex, round(stature, 3), round(mass, 1), rounded)
