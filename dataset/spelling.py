"""Names as people write them, with sides in words or as a suffix, in any case; and lists of names for sentences."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_SIDES = {
    **dict.fromkeys(("left", "l", "lt", "links", "linke", "linker", "linkes"), "l"),
    **dict.fromkeys(("right", "r", "rt", "rechts", "rechte", "rechter", "rechtes"), "r"),
}
_OF_A_SIDE = {"leg", "limb", "side", "sided"}  # words beside a side that add nothing to it: left leg load
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_CUTOFF = 0.7  # of similarity, from which a name is offered
_LONGEST = 80  # letters of a name that is compared with others, which takes the square of them
_PART = 4  # letters of a part of a name that tell which is meant


def split_side(text: str) -> tuple[str, str]:
    """A name in lower case with underscores, without its side, and the side: "l", "r" or "".

    `left knee flexion`, `Knee-flexion (left)`, `knee flexion left leg` and `knee_flexion_l` are all ("knee_flexion",
    "l").
    """
    words = text.lower().translate(_UMLAUTS)
    for sign in "()-_.":
        words = words.replace(sign, " ")
    parts = words.split()
    if len(parts) > 1 and parts[0] in _SIDES:
        name = parts[2:] if len(parts) > 2 and parts[1] in _OF_A_SIDE else parts[1:]
        return "_".join(name), _SIDES[parts[0]]
    if len(parts) > 2 and parts[-1] in (*_OF_A_SIDE, "foot") and parts[-2] in _SIDES:
        del parts[-1]
    if len(parts) > 1 and parts[-1] in _SIDES:
        return "_".join(parts[:-1]), _SIDES[parts[-1]]
    return "_".join(parts), ""


def with_side(name: str, side: str) -> str:
    """The name with its side as a suffix: `knee_flexion_l`."""
    return f"{name}_{side}" if side else name


def nearest(name: str, known: Iterable[str], count: int = 4) -> list[str]:
    """The known names that `name` is a part of or that are most like it, best first; empty where none is."""
    if len(name) > _LONGEST:
        return []
    names = list(known)
    partial = [one for one in names if len(name) >= _PART and (name in one or (len(one) >= _PART and one in name))]
    return list(dict.fromkeys([*partial, *get_close_matches(name, names, n=count, cutoff=_CUTOFF)]))[:count]


def list_names(names: Sequence[str], most: int = 6) -> str:
    """Names for an error message, at most `most` of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
