"""Anthropometry of the synthetic subjects: sex, stature, body mass and scale factors of the segments.

Source: ANSUR II, the 2012 US Army survey of 4,082 men and 1,986 women (Gordon et al., 2014, NATICK/TR-15/007), whose
public tables come with the nimblephysics wheel. Of each sex, only the mean and the covariance of the logarithms
of the measures below are used: no row of the survey becomes a subject.
"""

import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas

from dataset.demo.sobol import sobol_point
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
GENERIC_STATURE_M, GENERIC_MASS_KG = 1.70, 75.3
# Few subjects have to span the population, so the logarithm of the body mass index is uniform in this range, kg/m^2,
# and stature is uniform within this many standard deviations of the mean.
_BODY_MASS_INDEX_RANGE = (17.0, 43.0)
_MASS_RANGE_KG = (45.0, 140.0)
# Breadths and depths of trunk and pelvis include soft tissue. Bones do not grow with it, so segments are those of a
# person of the same stature whose body mass index is within this range, which the survey covers well.
_SURVEYED_BODY_MASS_INDEX = (19.0, 30.0)
_STATURE_SPAN_SD = 3.0
# Models scaled to markers scatter about measured lengths: legs differ by up to a tenth at the same stature, and the
# pelvis is about equally deep and high in them, and wider than the bone, since its markers are on soft tissue (the hip
# joint centres are 0.16 to 0.23 m apart in real sessions and 0.155 m in the generic model).
_LEG_FIT = (0.93, 1.12)
_PELVIS_DEPTH_TO_HEIGHT = (0.92, 1.09)
_PELVIS_WIDTH = (0.98, 1.4)  # relative to depth and height
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
        return person_id(self.index)


def person_id(index: int) -> str:
    """Id of subject `index` (from 0) and of the session."""
    return f"demo-person-{index + 1:03d}"


def index_of_person(name: str) -> int | None:
    """The subject (from 0) whose id or session folder has this name; None where it is none of a demo person."""
    match = re.fullmatch(r"demo-person-(\d{3,})", name, re.ASCII)
    return int(match[1]) - 1 if match else None


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


def _given(sex: str, log_stature: float, log_mass: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the logarithms of weight and `_MEASURES`, conditional on stature and, if given, on mass.

    Where the mass is given, weight is that mass, with a variance of 0.
    """
    mean, covariance = _survey(sex)
    known = np.array([log_stature] if log_mass is None else [log_stature, log_mass])
    n = len(known)
    slope = np.linalg.solve(covariance[:n, :n], covariance[:n, 1:]).T
    return mean[1:] + slope @ (known - mean[:n]), covariance[1:, 1:] - slope @ covariance[:n, 1:]


def _length(logs: np.ndarray, axis: tuple[str, ...]) -> float:
    """A measure, or the difference of two, from the logarithms of weight and `_MEASURES`."""
    values = [np.exp(logs[1 + _MEASURES.index(name)]) for name in axis]
    return values[0] if len(values) == 1 else values[0] - values[1]


def draw_person(seed: int, index: int) -> Person:
    """Draw subject `index` of the population `seed`, independently of the number of subjects.

    Sex, stature, body mass index and relative leg length come from a Sobol sequence, so that few subjects span the
    population. Segment lengths follow from the survey's regression on stature and mass, with its covariance.
    """
    sex_quantile, stature_quantile, leg_quantile, mass_quantile = sobol_point(4, seed, index)
    sex = "f" if sex_quantile < 0.5 else "m"
    generator = np.random.default_rng([seed, index, 0])

    mean, covariance = _survey(sex)
    deviation = _STATURE_SPAN_SD * np.sqrt(covariance[0, 0]) * (2 * stature_quantile - 1)
    stature = float(np.exp(mean[0] + deviation))
    lightest, heaviest = np.log(_BODY_MASS_INDEX_RANGE)
    body_mass_index = np.exp(lightest + (heaviest - lightest) * mass_quantile)
    mass = float(np.clip(body_mass_index * stature**2, *_MASS_RANGE_KG))
    surveyed_mass = np.clip(mass / stature**2, *_SURVEYED_BODY_MASS_INDEX) * stature**2
    mean_logs, covariance = _given(sex, np.log(stature), np.log(surveyed_mass))
    drawn = generator.multivariate_normal(mean_logs, covariance, method="eigh")

    generic = _given("m", np.log(GENERIC_STATURE_M))[0]
    leg_fit = _LEG_FIT[0] + (_LEG_FIT[1] - _LEG_FIT[0]) * leg_quantile
    scale = {
        body: np.array([_length(drawn, axis) / _length(generic, axis) for axis in axes])
        for body, axes in SEGMENT_MEASURES.items()
    }
    deep, high, _ = scale["pelvis"]
    size, shape = np.sqrt(deep * high), np.sqrt(np.clip(deep / high, *_PELVIS_DEPTH_TO_HEIGHT))
    scale["pelvis"] = size * np.array([shape, 1 / shape, generator.uniform(*_PELVIS_WIDTH)])
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
