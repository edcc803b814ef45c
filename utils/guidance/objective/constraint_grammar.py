"""The constraint grammar: a term from a line or from an object of a constraints file.

A term is one line,

    QUANTITY[:NAME][:STATISTIC[:MUSCLE]]:COMPARISON[:BOUND[:BOUND]][:weight=W][:tolerance=X][:name=TEXT][:wish]

    activation:vasmed:max:within:0.35:0.45      left knee flexion:at bottom:above:90
    activation:quadriceps:max:below:80%own      pelvis_tilt:at_peak:vasmed:within:-35:-17:wish

or an object with the fields of `Term`. A bound is a number in the quantity's unit or with one, as in `50 cm`, `30°` and
`60 %`, or in terms of the person's own squats: `80%own`, `own-20`, `own+0.5`. `at least`, `at most` and `between` are
`above`, `below` and `within`. The statistic may be left out for quantities of a whole motion. A muscle or a group in
place of a quantity means its activation: `quadriceps:max:below:0.3`.
"""

import math
import re
from contextlib import suppress
from typing import Any

from dataset.errors import InputError
from dataset.muscle_names import canonical_muscle
from dataset.plain_numbers import SPACES, plain_number
from utils.biomechanics.registry import Quantity, canonical_names, find_quantity
from utils.biomechanics.statistics import AT_PEAK, asks_for_muscle
from utils.guidance.objective.constraint_checks import check_possible
from utils.guidance.objective.constraints import COMPARISONS, Term

_KEYS = {
    "quantity", "statistic", "comparison", "numbers", "low", "high", "weight", "argument", "muscle", "tolerance",
    "wish", "name", "unit",
}  # fmt: skip
_OPTIONS = ("weight", "tolerance", "name", "unit", "wish")  # at the end of a line
_BOUNDS = {"within": ("low", "high"), "above": ("low",), "below": ("high",), "equals": ("low",), "small": ()}
_OTHER_WORDS = {
    **dict.fromkeys((
        "at least", "more than", "greater than", "larger than", "higher than", "no less than", "not less than", "over",
        ">", ">=", "≥", "mindestens", "über", "mehr als", "größer als"), "above"),
    **dict.fromkeys((
        "at most", "at the most", "less than", "smaller than", "lower than", "no more than", "not more than", "up to",
        "under", "<", "<=", "≤", "höchstens", "unter", "weniger als", "kleiner als", "bis"), "below"),
    **dict.fromkeys(("between", "from", "in", "inside", "zwischen", "von"), "within"),
    **dict.fromkeys(("=", "==", "equal", "equal to", "exactly", "gleich", "genau"), "equals"),
}  # fmt: skip
# Units that people write: the quantity's unit that each belongs to, and how much of it each is
_WRITTEN_UNITS = {
    "%": ("0-1", 0.01), "percent": ("0-1", 0.01), "per cent": ("0-1", 0.01), "prozent": ("0-1", 0.01),
    "cm": ("m", 0.01), "mm": ("m", 0.001), "in": ("m", 0.0254), "inch": ("m", 0.0254), "inches": ("m", 0.0254),
    **dict.fromkeys(("°", "degree", "degrees", "grad"), ("deg", 1.0)),
    **dict.fromkeys(("sec", "secs", "second", "seconds", "sek", "sekunden"), ("s", 1.0)), "ms": ("s", 0.001),
    "°/s": ("deg/s", 1.0), "m/s²": ("m/s^2", 1.0), "n·m/kg": ("Nm/kg", 1.0), "n m/kg": ("Nm/kg", 1.0),
    **{f"{times}{weight}": ("body weights", factor)
       for times, factor in (("", 1.0), ("x ", 1.0), ("× ", 1.0), ("times ", 1.0), ("% ", 0.01))
       for weight in ("bw", "body weight", "bodyweight")},
}  # fmt: skip
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_OWN = re.compile(
    rf"(?:({_NUMBER})\s*(?:%|per ?cent)\s*(?:of\s*)?)?own\s*(?:([+-])\s*((?:{_NUMBER})\s*[^\d\s%]*))?",
    re.IGNORECASE | re.ASCII,
)
_WITH_UNIT = re.compile(rf"([+-]?(?:{_NUMBER})(?:e[+-]?\d+)?)\s*(\D.*)", re.IGNORECASE | re.ASCII)


def parse_term(text: str) -> Term:
    """The term that a line describes.

    Raises:
        InputError: the line cannot be read; the message says which part is wrong.
    """
    source = f"constraint {text!r}"
    parts = [part.strip(SPACES) for part in text.split(":")]
    options: dict[str, Any] = {}
    while parts and (parts[-1].lower() == "wish" or "=" in parts[-1]):
        part = parts.pop()
        key, mark, value = part.partition("=")
        if (key := key.strip().lower()) not in _OPTIONS or key in options:
            raise InputError(f"{source}: {part[:40]!r}; a line may end with {', '.join(_OPTIONS)}, each once")
        options[key] = value.strip(SPACES) if mark else True
    parts.reverse()

    def following(what: str) -> str:
        if not parts:
            raise InputError(f"{source} ends before its {what}")
        return parts.pop()

    content: dict[str, Any] = _activation_of(following("quantity"))
    try:
        quantity = _quantity(content["quantity"], source)
    except InputError:
        if parts:
            raise
        raise InputError(
            f"{source} has no colon between its parts, expected a line such as 'left knee flexion:max:at most:80' or "
            "'vastus medialis:max:between:0.35:0.45'; --list-quantities explains the words"
        ) from None
    if quantity.argument and "argument" not in content:
        content["argument"] = following(quantity.argument)
    compares = bool(parts) and _comparison(parts[-1]) in COMPARISONS
    if compares and quantity.statistic is None:
        raise InputError(f"{source} names no statistic over time before {parts[-1]!r}, such as max or at_bottom")
    if not compares:
        content["statistic"] = following("statistic over time")
    if asks_for_muscle(content.get("statistic", "")):
        content["muscle"] = following("muscle")
    content["comparison"] = _comparison(following("comparison"))
    content["numbers"] = parts[::-1]
    return term_from(content | options, source)


def term_from(content: dict[str, Any], source: str) -> Term:
    """The term that an object or a parsed line describes.

    Args:
        content: the fields of `Term`, or `numbers` in place of its bounds, in the comparison's order.
        source: where it is from, for messages.

    Raises:
        InputError: a field is unknown, missing or has a wrong value.
    """
    unknown = sorted(set(map(str, content)) - _KEYS)
    if unknown:
        raise InputError(f"{source}: unknown key {unknown[0][:40]!r}; known are {', '.join(sorted(_KEYS))}")
    for key in ("quantity", "comparison", "statistic", "argument", "muscle", "name", "unit"):
        if not isinstance(content.get(key, ""), str):
            raise InputError(f"{source}: {key} is {str(content[key])[:40]!r}, expected a text")
    for key in ("quantity", "comparison"):
        if not content.get(key):
            raise InputError(f"{source}: {key} is missing")
    content = content | {"comparison": _comparison(content["comparison"])}
    if "argument" not in content:
        content = content | _activation_of(content["quantity"])
    quantity = _quantity(content["quantity"], source)
    statistic = content.get("statistic", quantity.statistic)
    if not statistic:
        raise InputError(f"{source}: statistic is missing")
    try:
        name, argument, statistic, muscle = canonical_names(
            quantity.name, content.get("argument"), statistic, content.get("muscle")
        )
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    if "muscle" in content and statistic != AT_PEAK:
        raise InputError(f"{source}: muscle is {content['muscle'][:40]!r}, which the statistic {AT_PEAK} alone takes")
    known_unit = quantity.of(argument).unit
    if content.get("unit", known_unit) != known_unit:
        raise InputError(f"{source}: {quantity.name} is in {known_unit}, not in {content['unit']!r}")
    low, high, own = _bounds(content, known_unit, source)
    term = Term(
        quantity=name,
        statistic=statistic,
        comparison=content["comparison"],
        low=low,
        high=high,
        weight=_number("weight", content.get("weight", 1.0), source),
        argument=argument,
        muscle=muscle,
        tolerance=_in_unit("tolerance", content["tolerance"], known_unit, source) if "tolerance" in content else None,
        wish=_is_wish(content, source),
        name=content.get("name", ""),
        own=own,
    )
    if term.weight < 0 or term.effective_tolerance <= 0:
        raise InputError(f"{source}: the weight must not be negative, and the tolerance must be above 0")
    check_possible(term, source)
    return term


def _comparison(words: str) -> str:
    """The name of a comparison that may be given in capitals or by other words, `At most`; other texts as they are."""
    known = " ".join(words.lower().replace("_", " ").split())
    return known if known in COMPARISONS else _OTHER_WORDS.get(known, words)


def _activation_of(name: str) -> dict[str, str]:
    """The fields of the quantity `name`, which is its activation where it names a muscle or a group of muscles."""
    try:
        return {"quantity": "activation", "argument": canonical_muscle(name)}
    except InputError:
        return {"quantity": name}


def _quantity(name: str, source: str) -> Quantity:
    try:
        return find_quantity(name)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def _is_wish(content: dict[str, Any], source: str) -> bool:
    wish = content.get("wish", False)
    wish = {"true": True, "false": False}.get(wish.lower(), wish) if isinstance(wish, str) else wish
    if not isinstance(wish, bool):
        raise InputError(f"{source}: wish is {str(wish)[:40]!r}, expected true or false")
    return wish


def _bounds(content: dict[str, Any], unit: str, source: str) -> tuple[float | None, float | None, tuple[str, ...]]:
    """Lower and upper bound of a comparison in `unit`, None where it has none, or those in terms of the own squats."""
    comparison = content["comparison"]
    if comparison not in COMPARISONS:
        raise InputError(
            f"{source}: {comparison!r} is not a comparison; known are {', '.join(COMPARISONS)}, and at least, at most "
            "and between for the first three in other words"
        )
    given = content.get("numbers")
    taken = _BOUNDS[comparison] if given is None else ("numbers",)
    if surplus := [key for key in ("low", "high") if key in content and key not in taken]:
        raise InputError(
            f"{source}: {comparison} takes {' and '.join(taken) or 'no bound'}, and {surplus[0]} stands there too; "
            "within takes low and high"
        )
    if given is None:
        given = [content[key] for key in _BOUNDS[comparison] if key in content]
    if not isinstance(given, list) or len(given) != COMPARISONS[comparison]:
        found = len(given) if isinstance(given, list) else str(given)[:40]
        takes = ("no number", "1 number", "2 numbers with a colon between them")[COMPARISONS[comparison]]
        raise InputError(f"{source}: {comparison} takes {takes}, got {found}")
    if signed := [value for value in given if isinstance(value, str) and value.lstrip(SPACES).startswith("+")]:
        raise InputError(
            f"{source}: a bound is {signed[0][:40]!r}, which may mean a change; write it without the plus, or such as "
            "own+10 or 120%own for more than the person does now"
        )
    if any(isinstance(value, str) and "own" in value.lower() for value in given):
        return None, None, tuple(_own_bound(value, unit, source) for value in given)
    numbers = [_in_unit("a bound", value, unit, source) for value in given]
    bounds = dict(zip(_BOUNDS[comparison], numbers, strict=True))
    low, high = bounds.get("low"), bounds.get("high")
    if comparison == "equals":
        high = low
    if low is not None and high is not None and low > high:
        raise InputError(f"{source}: the range {low:g} to {high:g} is empty; give the lower bound first")
    return low, high, ()


def _own_bound(value: Any, unit: str, source: str) -> str:
    """A bound in terms of the own squats, without spaces and in `unit`: `80%own`, `own-20`, or a number."""
    match = _OWN.fullmatch(str(value).strip())
    if match is None:
        if "own" not in str(value).lower():
            return f"{_in_unit('a bound', value, unit, source):g}"
        raise InputError(f"{source}: a bound is {str(value)[:40]!r}, expected such as 80%own, own-20 or own+0.5")
    percent, sign, offset = match.groups()
    after = f"{sign}{_in_unit('a bound', offset, unit, source):g}" if sign else ""
    return (f"{float(percent):g}%own" if percent else "own") + after


def _in_unit(key: str, value: Any, unit: str, source: str) -> float:
    """A number in the unit of a quantity, which may have been written with a unit: `50 cm`, `30°`, `60 %`."""
    written = _WITH_UNIT.fullmatch(value.strip(SPACES)) if isinstance(value, str) else None
    if written:
        word = " ".join(written[2].split())
        belongs, factor = _WRITTEN_UNITS.get(word.lower().removesuffix("."), (word.removesuffix("."), 1.0))
        if belongs == unit:
            return float(f"{_number(key, written[1], source) * factor:.12g}")  # 60 % are 0.6
    try:
        return _number(key, value, source)
    except InputError as error:
        raise InputError(f"{error}{' from 0 to 1 or in %' if unit == '0-1' else f' in {unit}'}") from None


def _number(key: str, value: Any, source: str) -> float:
    result: float | None = None
    if isinstance(value, str):
        result = plain_number(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):
            result = float(value)
    if result is None or not math.isfinite(result):
        too_large = isinstance(value, int) and not isinstance(value, bool)
        shown = "an integer too large" if too_large else repr(str(value)[:40])
        raise InputError(f"{source}: {key} is {shown}, expected a number")
    return result
