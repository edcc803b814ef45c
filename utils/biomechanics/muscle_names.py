"""Muscle names as users write them, and their canonical indices."""

from dataset.errors import InputError
from models.conventions import MUSCLE_INDEX, SIDES


def muscle_indices(muscle: str) -> list[int]:
    """Canonical indices of a muscle: of `vasmed` left and right, of `vasmed_l` the left one.

    Raises:
        InputError: there is no such muscle; the known ones are listed.
    """
    names = [muscle] if muscle in MUSCLE_INDEX else [f"{muscle}_{side}" for side in SIDES]
    if any(name not in MUSCLE_INDEX for name in names):
        known = ", ".join(sorted({name[:-2] for name in MUSCLE_INDEX}))
        raise InputError(f"there is no muscle {muscle!r}; known are {known}, each also with _l or _r")
    return [MUSCLE_INDEX[name] for name in names]
