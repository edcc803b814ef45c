"""Terms of the objective in words, and the ranges of activation or angle that the curves show for them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from dataset.spelling import split_side
from models.conventions import COORDINATE_INDEX, MUSCLE_INDEX
from utils.guidance.objective.constraints import Term
from utils.report.vocabulary import (
    SIDE_WORDS,
    muscle_name,
    quantity_title,
    statistic_words,
    unit_symbol,
    with_minus_signs,
)

# Coordinates in whose panels the range of a quantity is drawn
_PANEL_COORDINATES = {
    "knee_flexion": "knee_angle_l",
    "hip_flexion": "hip_flexion_l",
    "ankle_dorsiflexion": "ankle_angle_l",
    "pelvis_tilt": "pelvis_tilt",
    "pelvis_height": "pelvis_ty",
}
# Statistics that are a value of the curve, and not a difference, a sum or a square of values
_LEVELS = ("max", "min", "mean", "start", "end")
_OF_ONE_VALUE = ("s", "squats")  # units of durations and counts
_DISPLAY_UNITS = {"foot_slip": ("mm/s", 1000.0)}  # small lengths are easier to read in millimetres


def term_kind(term: Term) -> str:
    """`required` or `wish`."""
    return "required" if term.required else "wish"


def term_title(term: Term) -> str:
    """A term as a title: its quantity and its statistic, which what has one value in a whole motion does not need."""
    if term.quantity == "activation" and term.statistic == "max":
        return f"Peak activation of {muscle_name(term.argument)}"
    if term.statistic == term.definition.statistic and term.definition.unit in _OF_ONE_VALUE:
        return quantity_title(term.quantity, term.argument)
    return f"{quantity_title(term.quantity, term.argument)}, {statistic_words(term.statistic, term.muscle)}"


def term_words(term: Term) -> str:
    """A term with its bounds within a sentence, such as `knee flexion, largest value 30 to 60°`."""
    title, unit = term_title(term), unit_symbol(term.unit)
    unit = "" if term.unit == "0-1" else unit if unit == "°" else f" {unit}"
    return f"{title[0].lower()}{title[1:]} {with_minus_signs(term.bounds_text)}{unit}"


def minimised_wording(term: Term) -> tuple[str, str, Callable[[float], float]]:
    """The display of a term that is to be as small as possible: its title, its unit, and a function of its values.

    A mean square is shown as its root, in the unit of the quantity.
    """
    unit = unit_symbol(term.definition.unit)
    title = quantity_title(term.quantity, term.argument)
    if term.statistic == "mean_square":
        return f"{title}, {statistic_words('rms')}", unit, math.sqrt
    unit, factor = _DISPLAY_UNITS.get(term.quantity, (unit, 1.0))
    return f"{title}, {statistic_words(term.statistic, term.muscle)}", unit, lambda value: factor * value


def ranges_of(terms: Sequence[Term]) -> list[dict[str, Any]]:
    """The ranges that the curves show, of the statistics that are a value of the curve.

    Returns:
        for each range `panel` (a coordinate or muscle), `side` (empty for both), `low` and `high` (None where open),
        `words` and `required`.
    """
    ranges = []
    for term in terms:
        panel = _panel_of(term)
        base = term.statistic.partition("_over_")[0]
        is_level = base in _LEVELS or base.startswith("at_")
        if panel is None or term.comparison == "small" or not is_level:
            continue
        side = split_side(term.quantity)[1] or split_side(term.argument or "")[1]
        of_side = f", {SIDE_WORDS[side]}" if side else ""
        words = f"{term_kind(term)}{of_side}, {statistic_words(term.statistic, term.muscle)}: {term.bounds_text}"
        ranges.append(
            {
                "panel": panel,
                "side": side,
                "low": term.low,
                "high": term.high,
                "required": term.required,
                "words": with_minus_signs(words),
            }
        )
    return ranges


def _panel_of(term: Term) -> str | None:
    """The coordinate or muscle in whose panel a term's range is drawn."""
    if term.quantity == "activation" and term.argument is not None:
        name = term.argument if term.argument in MUSCLE_INDEX else f"{term.argument}_l"
        return name if name in MUSCLE_INDEX else None  # a group has no panel
    if term.quantity == "coordinate":
        return term.argument if term.argument in COORDINATE_INDEX else None
    base, side = split_side(term.quantity)
    panel = _PANEL_COORDINATES.get(base)
    return f"{panel.removesuffix('_l')}_{side}" if panel and side else panel
