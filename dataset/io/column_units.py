"""Check of single columns: an angle in radians, with the other sign or in another's place shows in the feet.

Someone who squats stands on flat feet that do not turn. A column of pelvis, hip, knee or ankle that is in another unit
tilts or turns the foot below it, and the same column put right does not. Orientations of the feet do not depend on the
lengths of the legs. Trunk and arms have no such witness; there only a column that hardly moves is named.
"""

import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.leg_orientation import feet_of, leg_orientation, pelvis_orientation, stand_on_both_feet
from dataset.io.reach import limits_deg
from dataset.spelling import list_names
from models.conventions import COORDINATE_INDEX, COORDINATES, SIDES, without_side

logger = logging.getLogger("bige")

_FRAMES = 60  # of a recording that are looked at
_DESCENT_M, _FEWEST_FRAMES = 0.05, 15  # the descent of the pelvis and the length without which nothing is said
_DEG_PER_RAD = 180.0 / np.pi
# Angle by which a foot is tilted or turned, which nine tenths of the frames stay below: 9 to 23 degrees in recordings
# of squats. In 1452 recorded and synthetic trials no column got better by more than 0.1 degrees when it was taken for
# radians, and none by more than 2 with the sign of pelvis_tilt, hips' flexion or ankles changed. Signs of adduction and
# rotation of the hips are not looked at: a foot that is turned by one looks as if it were turned by the other. In 351
# trials, each turned to four headings, no exchange below made feet that stand flatter by more than 2.6 degrees.
_RESTING_DEG = 25.0
_HALF_TURN_DEG = 180.0  # which nobody tilts by, and 4 degrees that were taken for radians do
_MOSTLY_TILTED_DEG = 45.0  # of the flatter foot in half of the frames; 16 at most in 500 of those trials
_LEAST_GAIN_DEG = {"radians": 2.5, "degrees": 40.0, "sign": 8.0, "exchange": 8.0}
# Who raises the heels tilts the feet as ankles of the other sign do, by up to 25 degrees: below, that is a warning.
_HEELS_RAISED_DEG = 25.0
_UPRIGHT = 0.5  # cosine of 60 degrees, of the pelvis in the median frame
_LEAST_BEND_DEG = 40.0  # of both knees, without which nothing is said of signs
_LEAST_RANGE_DEG = 5.0  # of a column that is taken for radians
# The other side's column, where the angles of both go together.
_SAME_COURSE, _LEAST_RANGE_OF_OTHER_DEG, _SHARE = 0.9, 8.0, (0.4, 2.5)
# Degrees from 0 that these angles exceed in each of the 1452 trials, by half as much at least. Radians stay below.
_SMALLEST_DEG = {
    "hip_flexion": np.pi,
    "hip_adduction": 0.85,
    "knee_angle": np.pi,
    "ankle_angle": 1.5,
    "lumbar_extension": 1.5,
    "arm_flex": np.pi,
    "arm_add": 1.7,
    "arm_rot": 2.0,
    "elbow_flex": 2.0,
}

_LEG_JOINTS = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle")
_PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
# Those of adduction with rotation, and of the hip with the ankle, turn the feet by too little.
_EXCHANGED = (
    ("hip_flexion", "knee_angle"),
    ("knee_angle", "ankle_angle"),
    ("hip_flexion", "hip_adduction"),
    ("hip_flexion", "hip_rotation"),
)


@dataclass(frozen=True)
class _Reading:
    """Another reading of some columns: `factor` times what the file says, because of `kind`.

    Of the kind `exchange`, each two of the columns change places.
    """

    columns: tuple[str, ...]
    factor: float
    kind: str

    def of(self, coordinates: np.ndarray) -> np.ndarray:
        """The coordinates (T, 33) in this reading."""
        result = coordinates.copy()
        columns = [COORDINATE_INDEX[name] for name in self.columns]
        source = [columns[i ^ 1] for i in range(len(columns))] if self.kind == "exchange" else columns
        result[:, columns] = self.factor * coordinates[:, source]
        return result

    @property
    def feet(self) -> list[int]:
        """Which feet it moves, 0 the left and 1 the right one."""
        return feet_of(self.columns)


def check_column_units(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Find columns in radians among degrees, columns with the other sign, and columns that are exchanged.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether a column that moves the feet is an error, as in recordings; else it is a warning, as in
            generated motions. A column that only hardly moves is always a warning.

    Raises:
        InputError: with `refuse`, the feet say that columns are in radians, have the other sign or are exchanged.
    """
    descent_m = float(np.ptp(coordinates[:, COORDINATE_INDEX["pelvis_ty"]]))
    if descent_m < _DESCENT_M or len(coordinates) < _FEWEST_FRAMES:
        return
    where = source or "the motion"
    some = coordinates[np.unique(np.linspace(0, len(coordinates) - 1, _FRAMES).astype(int))]
    found, is_certain = _of_the_feet(some)
    if found and is_certain and refuse:
        raise InputError(f"{where}: {found}")
    if found:
        heels = "" if is_certain else ", unless the heels were raised"
        logger.warning("%s: %s%s; it is kept, as it is", where, found, heels)
        return
    tilt_deg = min(float(np.median(_tilt_deg(some, side))) for side in SIDES)
    if tilt_deg > _MOSTLY_TILTED_DEG:
        logger.warning(
            "%s: both feet are tilted by %.0f degrees and more in half of the frames; unless the person stood on the "
            "toes or on a slope, angles of pelvis, hips, knees or ankles count from another pose than OpenSim's, "
            "in which all are 0 in upright stance",
            where,
            tilt_deg,
        )
        return
    names = [name for name in COORDINATES if _hardly_moves(some, name) or _is_the_other_side_divided(some, name)]
    if names:
        logger.warning(
            "%s: %s %s may be in radians: the largest value is %.2g degrees, while the pelvis goes down by %.2g m",
            where,
            "column" if len(names) == 1 else "columns",
            list_names([repr(name) for name in names], most=12),
            _largest(some, names),
            descent_m,
        )


def _of_the_feet(coordinates: np.ndarray) -> tuple[str, bool]:
    """The reading with which the feet rest on the floor, as they do not with the file's, in words; or nothing.

    Returns:
        The words, and whether nothing but another reading tilts the feet so.
    """
    best: tuple[float, _Reading, np.ndarray] | None = None
    before = _off_deg(coordinates)
    still = [side for side in SIDES if _largest(coordinates, [f"hip_flexion_{side}", f"knee_angle_{side}"]) < np.pi]
    of_still = {f"{joint}_{side}" for side in still for joint in ("hip_flexion", "knee_angle")}
    for reading in _readings(coordinates):
        if not of_still <= set(reading.columns):
            continue  # a still leg does not lower the pelvis, on however flat a foot
        after = _off_deg(reading.of(coordinates))
        resting = [foot for foot in reading.feet if after[foot] < _RESTING_DEG]
        if not resting or (reading.kind in ("sign", "exchange") and after.max() >= _RESTING_DEG):
            continue  # of a foot in the air nothing is known
        if reading.kind == "exchange" and not stand_on_both_feet(reading.of(coordinates)):
            continue
        if reading.columns == ("pelvis_tilt",) and reading.kind == "sign" and not _toes_point_up(coordinates):
            continue  # a body that leans backward, by its file, would stand on its heels; who raises the heels does not
        gain = min(float(before[foot] - after[foot]) for foot in resting)
        is_needed = bool(still) and reading.kind != "exchange"
        if (is_needed or gain > _LEAST_GAIN_DEG[reading.kind]) and (best is None or after.sum() < best[0]):
            best = (float(after.sum()), reading, after)
    if best is None:
        return "", True
    _, reading, after = best
    is_certain = reading.kind != "sign" or not reading.columns[0].startswith("ankle_angle")
    is_certain = is_certain or bool((before - after)[reading.feet].min() > _HEELS_RAISED_DEG)
    return _sentence(coordinates, reading, before, after, bool(still)), is_certain


def _toes_point_up(coordinates: np.ndarray) -> bool:
    """Whether both feet point upwards in the frames in which they are tilted most."""
    return all(_pitch_deg(coordinates, side) > 0 for side in SIDES)


def _pitch_deg(coordinates: np.ndarray, side: str) -> float:
    """Angle by which a foot points upwards in the fifth of the frames in which it is tilted most, degrees."""
    foot = leg_orientation(coordinates, side).foot.as_matrix()
    tilted = foot[:, 1, 1] <= np.quantile(foot[:, 1, 1], 0.2)
    return float(np.degrees(np.arcsin(foot[tilted, 1, 0].mean())))


def _sentence(
    coordinates: np.ndarray, reading: _Reading, before: np.ndarray, after: np.ndarray, leg_is_still: bool
) -> str:
    """What is wrong with the file, by a reading with which the feet (2,) are off by `after` in place of `before`."""
    foot = max(reading.feet, key=lambda i: before[i] - after[i])
    feet = f"the {('left', 'right')[foot]} foot is tilted or turned by {before[foot]:.0f} degrees in the squats, and by"
    names = list_names([repr(name) for name in reading.columns], most=12)
    columns = f"column {names} is" if len(reading.columns) == 1 else f"columns {names} are"
    largest = f"no value exceeds {_largest(coordinates, reading.columns):.2f}"
    if reading.kind == "sign":
        return f"{columns} of the other sign: {feet} {after[foot]:.0f} with the sign changed; change it in the file"
    if reading.kind == "exchange":
        pairs = [" and ".join(map(repr, reading.columns[i : i + 2])) for i in range(0, len(reading.columns), 2)]
        heading = " (or the heading is off by a quarter turn)" if reading.columns[0] in _PELVIS else ""
        return (
            f"columns {', and '.join(pairs)} seem to be exchanged{heading}: {feet} {after[foot]:.0f} if they change "
            "places; correct the names of the columns in the file"
        )
    if leg_is_still:
        return (
            f"{columns} in radians among columns in degrees: {largest}, with which a leg could not lower the pelvis as "
            "it does; give all angles in one unit"
        )
    if reading.kind == "degrees":
        return (
            f"{columns} in degrees among columns in radians: {feet} {after[foot]:.0f} so; give all angles in one unit"
        )
    return (
        f"{columns} in radians among columns in degrees: {largest}, and {feet} "
        f"{after[foot]:.0f} if these are radians; give all angles in one unit"
    )


def _readings(coordinates: np.ndarray) -> Iterable[_Reading]:
    """Other readings that the values allow, those of fewest columns first."""
    small = [name for name in (*_PELVIS, *_leg("l"), *_leg("r")) if _may_be_radians(coordinates, name)]
    groups = [
        *((name,) for name in small),
        *((f"{joint}_l", f"{joint}_r") for joint in _LEG_JOINTS),
        *(tuple(name for name in small if name.endswith(f"_{side}")) for side in SIDES),
        tuple(name for name in small if name.startswith("hip")),
        tuple(name for name in small if name in _PELVIS),
        tuple(name for name in small if name not in _PELVIS),
        tuple(small),
    ]
    for columns in dict.fromkeys(groups):
        if columns and set(columns) <= set(small):
            yield _Reading(columns, _DEG_PER_RAD, "radians")
    for name in ("pelvis_tilt", "pelvis_list"):  # joints are then beyond reach, and a heading may be any angle
        if max(map(abs, _range(coordinates, name))) > _HALF_TURN_DEG:
            yield _Reading((name,), 1 / _DEG_PER_RAD, "degrees")
    is_upright = np.median(pelvis_orientation(coordinates).as_matrix()[:, 1, 1]) > _UPRIGHT
    for columns in _exchanges() if is_upright else ():  # feet of who lies or does push-ups are tilted
        yield _Reading(columns, 1.0, "exchange")
    if min(high - low for low, high in (_range(coordinates, f"knee_angle_{side}") for side in SIDES)) < _LEAST_BEND_DEG:
        return
    if np.cos(np.radians(np.median(coordinates[:, COORDINATE_INDEX["pelvis_rotation"]]))) > 0:
        yield _Reading(("pelvis_tilt",), -1.0, "sign")  # of who faces +x: a heading that is off by half a turn looks so
    for columns in (("hip_flexion_l", "hip_flexion_r"), ("ankle_angle_l", "ankle_angle_r")):
        yield _Reading(columns, -1.0, "sign")
    if not stand_on_both_feet(coordinates):
        return  # the foot that is in the air may point anywhere
    for side in SIDES:
        yield _Reading((f"ankle_angle_{side}",), -1.0, "sign")


def _exchanges() -> Iterable[tuple[str, ...]]:
    """Columns of which each two may be exchanged: of the pelvis, of a leg, or of both legs alike."""
    yield from itertools.combinations(_PELVIS, 2)
    for pair in _EXCHANGED:
        yield tuple(f"{name}_{side}" for side in SIDES for name in pair)
        for side in SIDES:
            yield tuple(f"{name}_{side}" for name in pair)


def _leg(side: str) -> Sequence[str]:
    return [f"{joint}_{side}" for joint in _LEG_JOINTS]


def _may_be_radians(coordinates: np.ndarray, name: str) -> bool:
    low, high = (value * _DEG_PER_RAD for value in _range(coordinates, name))
    least, most = limits_deg(name) or (-180.0, 180.0)
    return high - low > _LEAST_RANGE_DEG and low > least and high < most


def _range(coordinates: np.ndarray, name: str) -> tuple[float, float]:
    values = coordinates[:, COORDINATE_INDEX[name]]
    return float(values.min()), float(values.max())


def _largest(coordinates: np.ndarray, names: Sequence[str]) -> float:
    return max(max(map(abs, _range(coordinates, name))) for name in names)


def _off_deg(coordinates: np.ndarray) -> np.ndarray:
    """By how much the left and the right foot (2,) are tilted, and turned from where they mostly point, degrees."""
    result = []
    for side in SIDES:
        foot = leg_orientation(coordinates, side).foot.as_matrix()
        tilt = _tilt_deg(coordinates, side)
        heading = np.degrees(np.unwrap(np.arctan2(-foot[:, 2, 0], foot[:, 0, 0])))
        result.append(np.quantile(np.hypot(tilt, heading - np.median(heading)), 0.9))
    return np.array(result)


def _tilt_deg(coordinates: np.ndarray, side: str) -> np.ndarray:
    """(T,) degrees by which the sole of a foot is inclined to the floor."""
    foot = leg_orientation(coordinates, side).foot.as_matrix()
    return np.asarray(np.degrees(np.arccos(np.clip(foot[:, 1, 1], -1, 1))))


def _hardly_moves(coordinates: np.ndarray, name: str) -> bool:
    """Whether an angle moves, but by less than it does in any squat."""
    smallest = _SMALLEST_DEG.get(without_side(name))
    low, high = _range(coordinates, name)
    return smallest is not None and high - low > _LEAST_RANGE_DEG / _DEG_PER_RAD and max(-low, high) < smallest


def _is_the_other_side_divided(coordinates: np.ndarray, name: str) -> bool:
    """Whether a column goes as that of the other side does, but about 57 times less."""
    if name[-2:] not in ("_l", "_r"):
        return False
    other = f"{name[:-2]}{'_r' if name.endswith('_l') else '_l'}"
    mine, yours = coordinates[:, COORDINATE_INDEX[name]], coordinates[:, COORDINATE_INDEX[other]]
    if np.abs(mine).max() > np.pi or np.ptp(yours) < _LEAST_RANGE_OF_OTHER_DEG or np.ptp(mine) == 0:
        return False
    share = np.ptp(mine) * _DEG_PER_RAD / np.ptp(yours)
    return bool(_SHARE[0] < share < _SHARE[1] and np.corrcoef(mine, yours)[0, 1] > _SAME_COURSE)
