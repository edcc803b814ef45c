"""Check of signs that move the feet along the floor: the feet of someone who squats stay in their places.

A pelvis that goes back on its way down takes the feet with it where `pelvis_tx` has the other sign or is exchanged with
another position, or where the person faces another way. Adduction and rotation of the hips with the other sign draw the
feet together or apart.
"""

import itertools
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.leg_orientation import ankle_positions, feet_of, range_in_squats, stand_on_both_feet
from dataset.spelling import list_names
from models.conventions import COORDINATE_INDEX, SIDES, TRANSLATIONS

logger = logging.getLogger("bige")

_FRAMES, _FEWEST_FRAMES, _DESCENT_M = 300, 15, 0.05  # frames that are looked at; below the others nothing is said
# In 369 recorded and synthetic trials, each turned to three headings, the foot that moves less ranges over 0.11 m at
# most, and no reading below lessens the range of both feet by more than 0.002 m, nor in 399 trials on two feet
# that of one foot by more than 0.024 m. Positions that are exchanged move the feet up and down too.
_LEAST_GAIN_M, _LEAST_GAIN_OF_HIPS_M, _SHARE = 0.1, 0.06, 0.6
_EXCHANGED = "exchanged"


@dataclass(frozen=True)
class _Reading:
    """Another reading: `factor` times the columns, plus `added_deg`; `what` says of the columns what they are.

    Two that are exchanged change places.
    """

    columns: tuple[str, ...]
    what: str
    factor: float = -1.0
    added_deg: float = 0.0
    least_gain_m: float = _LEAST_GAIN_M

    def of(self, coordinates: np.ndarray) -> np.ndarray:
        """The coordinates (T, 33) in this reading."""
        result = coordinates.copy()
        columns = [COORDINATE_INDEX[name] for name in self.columns]
        source = columns[::-1] if self.what == _EXCHANGED else columns
        result[:, columns] = self.factor * coordinates[:, source] + self.added_deg
        return result

    @property
    def feet(self) -> list[int]:
        """Which feet it moves, 0 the left and 1 the right one."""
        return feet_of(self.columns)

    def slides_m(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By how much the left and the right foot (2,) move in a squat by the file and in this reading, metres."""
        axes = [0, 1, 2] if self.what == _EXCHANGED else [0, 2]
        return _slide_m(coordinates, axes), _slide_m(self.of(coordinates), axes)

    def is_better(self, before: np.ndarray, after: np.ndarray) -> bool:
        """Whether the feet that it moves slide by much less in this reading."""
        before, after = before[self.feet], after[self.feet]
        return bool((before - after).min() > self.least_gain_m and (after < _SHARE * before).all())


_HIPS = {name: tuple(f"{name}_{side}" for side in SIDES) for name in ("hip_adduction", "hip_rotation")}
_SIGN = "of the other sign"
_READINGS = (
    _Reading(("pelvis_tx",), _SIGN),
    _Reading(("pelvis_tz",), _SIGN),
    _Reading(("pelvis_rotation",), _SIGN),
    _Reading(("pelvis_rotation",), "in radians among columns in degrees", factor=180 / np.pi),
    _Reading(("pelvis_rotation",), "off by half a turn", factor=1.0, added_deg=180.0),
    _Reading(_HIPS["hip_adduction"], _SIGN, least_gain_m=_LEAST_GAIN_OF_HIPS_M),
    _Reading(_HIPS["hip_rotation"], _SIGN, least_gain_m=_LEAST_GAIN_OF_HIPS_M),
    _Reading((*_HIPS["hip_adduction"], *_HIPS["hip_rotation"]), _SIGN, least_gain_m=_LEAST_GAIN_OF_HIPS_M),
    *(_Reading((name,), _SIGN, least_gain_m=_LEAST_GAIN_OF_HIPS_M) for names in _HIPS.values() for name in names),
    *(_Reading(pair, _EXCHANGED, factor=1.0) for pair in itertools.combinations(TRANSLATIONS, 2)),
)


def check_standing_feet(coordinates: np.ndarray, source: Path | None, *, refuse: bool) -> None:
    """Find columns of pelvis and hips with which feet slide, and with another sign, place or heading do not.

    Args:
        coordinates: (T, 33), degrees and metres, knees flexing positively.
        source: the file.
        refuse: whether that is an error, as of recordings; else it is a warning, as of generated motions.

    Raises:
        InputError: with `refuse`, feet stay in their places in another reading alone.
    """
    descent_m = float(np.ptp(coordinates[:, COORDINATE_INDEX["pelvis_ty"]]))
    if descent_m < _DESCENT_M or len(coordinates) < _FEWEST_FRAMES:
        return
    some = coordinates[np.unique(np.linspace(0, len(coordinates) - 1, _FRAMES).astype(int))]
    both_stand = stand_on_both_feet(some)  # the foot that is in the air may move anywhere
    slides = {reading: reading.slides_m(some) for reading in _READINGS if both_stand or len(reading.feet) == 2}
    better = [reading for reading, slide in slides.items() if reading.is_better(*slide)]
    if not better:
        return
    best = min(better, key=lambda reading: slides[reading][1].sum())
    before, after = slides[best]
    names = list_names([repr(name) for name in best.columns], most=4)
    columns = f"column {names} is" if len(best.columns) == 1 else f"columns {names} are"
    foot = int((before - after).argmax())
    sentence = (
        f"{source or 'the motion'}: {columns} {best.what}, or another column of pelvis or hips is: the "
        f"{('left', 'right')[foot]} foot slides by {before[foot]:.2f} m in the squats, and by {after[foot]:.2f} "
        "otherwise"
    )
    if refuse:
        raise InputError(f"{sentence}; correct it in the file")
    logger.warning("%s; it is kept, as it is", sentence)


def _slide_m(coordinates: np.ndarray, axes: list[int]) -> np.ndarray:
    """By how much the left and the right ankle (2,) move along these axes in a squat, metres."""
    moved_m = range_in_squats(coordinates, ankle_positions(coordinates)[:, :, axes])
    return np.asarray(np.linalg.norm(moved_m, axis=-1))
