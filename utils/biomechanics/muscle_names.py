"""Muscle names as users write them, and their canonical indices."""

from difflib import get_close_matches

from dataset.errors import InputError
from models.conventions import MUSCLE_INDEX, SIDES


def muscle_indices(muscle: str) -> list[int]:
    """Canonical indices of a muscle: of `vasmed` left and right, of `vasmed_l` the left one.

    Raises:
        InputError: there is no such muscle; similar names are offered, or else all.
    """
    names = [muscle] if muscle in MUSCLE_INDEX else [f"{muscle}_{side}" for side in SIDES]
    if any(name not in MUSCLE_INDEX for name in names):
        known = sorted({name[:-2] for name in MUSCLE_INDEX})
        similar = get_close_matches(_abbreviation(muscle), known, n=3, cutoff=0.7)
        if similar:
            raise InputError(f"there is no muscle {muscle!r}; did you mean {' or '.join(similar)}?")
        raise InputError(f"there is no muscle {muscle!r}; known are {', '.join(known)}, each also with _l or _r")
    return [MUSCLE_INDEX[name] for name in names]


def _abbreviation(name: str) -> str:
    """A muscle's name as the model abbreviates it: `vasmed` of vastus medialis."""
    words = name.lower().replace("_", " ").replace("-", " ").split()
    return words[0] if len(words) == 1 else "".join(word[:3] for word in words)
