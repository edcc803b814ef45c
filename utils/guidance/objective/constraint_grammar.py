"""The constraint grammar: read terms from the command line or a JSON file.

A term is one line,

    QUANTITY[:NAME]:STATISTIC[:MUSCLE]:COMPARISON[:NUMBER[:NUMBER]][:weight=W][:tolerance=X][:name=TEXT][:wish]

    activation:vasmed:max:within:0.35:0.45      knee_flexion:max:above:90
    pelvis_tilt:at_peak:vasmed:within:-35:-17:wish          foot_slip:mean:small:weight=2

or a JSON object with the fields of `Term`.
"""

import json
import math
import shutil
import textwrap
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from utils.biomechanics.registry import QUANTITIES, check_names, find_quantity
from utils.biomechanics.statistics import AT_PEAK, STATISTICS
from utils.guidance.objective.constraints import COMPARISONS, Term

_KEYS = {
    "quantity", "statistic", "comparison", "numbers", "low", "high", "weight", "argument", "muscle", "tolerance",
    "wish", "name", "unit",
}  # fmt: skip
_BOUNDS = {"within": ("low", "high"), "above": ("low",), "below": ("high",), "equals": ("low",), "small": ()}


def parse_term(text: str) -> Term:
    """The term that a line describes.

    Raises:
        InputError: the line cannot be read; the message says which part is wrong.
    """
    parts = [part.strip() for part in text.split(":")]
    options: dict[str, Any] = {}
    while parts and (parts[-1] == "wish" or "=" in parts[-1]):
        key, _, value = parts.pop().partition("=")
        options[key] = value
    rest = iter(parts)

    def following(what: str) -> str:
        try:
            return next(rest)
        except StopIteration:
            raise InputError(f"constraint {text!r} ends before its {what}") from None

    quantity = find_quantity(following("quantity"))
    content: dict[str, Any] = {"quantity": quantity.name}
    if quantity.argument:
        content["argument"] = following(quantity.argument)
    content["statistic"] = following("statistic over time")
    if content["statistic"] == AT_PEAK:
        content["muscle"] = following("muscle")
    content["comparison"] = following("comparison")
    content["numbers"] = list(rest)
    return term_from(content | options, f"constraint {text!r}")


def term_from(content: dict[str, Any], source: str) -> Term:
    """The term that a JSON object or a parsed line describes.

    Args:
        content: the fields of `Term`, or `numbers` in place of its bounds, in the comparison's order.
        source: where it is from, for messages.

    Raises:
        InputError: a field is unknown, missing or has a wrong value.
    """
    unknown = set(content) - _KEYS
    if unknown:
        raise InputError(f"{source}: unknown key {sorted(unknown)[0]!r}; known are {', '.join(sorted(_KEYS))}")
    for key in ("quantity", "statistic", "comparison"):
        if not isinstance(content.get(key), str):
            raise InputError(f"{source}: {key} is missing")
    quantity = find_quantity(content["quantity"])
    unit = content.get("unit", quantity.unit)
    if unit != quantity.unit:
        raise InputError(f"{source}: {quantity.name} is in {quantity.unit}, not in {unit!r}")
    low, high = _bounds(content, source)
    term = Term(
        quantity=quantity.name,
        statistic=content["statistic"],
        comparison=content["comparison"],
        low=low,
        high=high,
        weight=_number("weight", content.get("weight", 1.0), source),
        argument=content.get("argument"),
        muscle=content.get("muscle"),
        tolerance=_number("tolerance", content["tolerance"], source) if "tolerance" in content else None,
        wish=content.get("wish", False) is not False,
        name=content.get("name", ""),
    )
    if term.weight < 0 or term.effective_tolerance <= 0:
        raise InputError(f"{source}: the weight must not be negative, and the tolerance must be above 0")
    try:
        check_names(term.quantity, term.argument, term.statistic, term.muscle)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    return term


def _bounds(content: dict[str, Any], source: str) -> tuple[float | None, float | None]:
    """Lower and upper bound of a comparison, None where it has none."""
    comparison = content["comparison"]
    if comparison not in COMPARISONS:
        raise InputError(f"{source}: {comparison!r} is not a comparison; known are {', '.join(COMPARISONS)}")
    given = content.get("numbers")
    if given is None:
        given = [content[key] for key in _BOUNDS[comparison] if key in content]
    numbers = [_number("a bound", value, source) for value in given]
    if len(numbers) != COMPARISONS[comparison]:
        raise InputError(f"{source}: {comparison} takes {COMPARISONS[comparison]} number(s), got {len(numbers)}")
    bounds = dict(zip(_BOUNDS[comparison], numbers, strict=True))
    low, high = bounds.get("low"), bounds.get("high")
    if comparison == "equals":
        high = low
    if low is not None and high is not None and low > high:
        raise InputError(f"{source}: the range {low:g} to {high:g} is empty; give the lower bound first")
    return low, high


def _number(key: str, value: Any, source: str) -> float:
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if not math.isfinite(result):
        raise InputError(f"{source}: {key} is {str(value)[:40]!r}, expected a number")
    return result


def read_terms(path: str | Path) -> list[Term]:
    """The terms of a JSON file: a list of lines or objects, or {"constraints": that list}.

    Raises:
        InputError: the file or one of its terms cannot be read.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise InputError(f"{path}: not a JSON file ({error})") from None
    if isinstance(content, dict):
        content = content.get("constraints")
    if not isinstance(content, list):
        raise InputError(f'{path}: expected a list of constraints, or {{"constraints": [...]}}')
    terms = []
    for position, item in enumerate(content, 1):
        source = f"{path}, constraint {position}"
        if isinstance(item, str):
            terms.append(parse_term(item))
        elif isinstance(item, dict):
            terms.append(term_from(item, source))
        else:
            raise InputError(f"{source}: expected a line or an object, found {item!r}")
    return terms


def vocabulary(width: int | None = None) -> str:
    """Every quantity, statistic and comparison that a constraint may name, explained for users.

    Args:
        width: characters in a line; None for the width of the terminal. The example of a JSON object is not wrapped.
    """
    columns = max(width or shutil.get_terminal_size().columns, 40)
    lines = ["Quantities (unit, difference that counts as equal):"]
    for quantity in QUANTITIES.values():
        name = quantity.name + (f":<{quantity.argument}>" if quantity.argument else "")
        sides = " Left and right." if len(quantity.channels) > 1 else ""
        lines.append(f"  {name:26} {quantity.unit}, {quantity.tolerance:g}. {quantity.doc}{sides}")
    lines.append("Statistics over time:")
    lines.append(f"  {', '.join(STATISTICS)}, and {AT_PEAK}:<muscle>, the value at the frame of its peak activation")
    lines.append("Comparisons:")
    lines.append("  within:LOW:HIGH, above:LOW, below:HIGH, equals:VALUE; a bound holds for both sides of a quantity")
    lines.append("  small: as small as the other terms allow; never required")
    lines.append("In a file (--constraints), a JSON list of such lines, or of objects:")
    lines = [
        part
        for line in lines
        for part in textwrap.wrap(
            line, columns, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
        )
    ]
    lines.append(
        '  {"quantity": "activation", "argument": "vasmed", "statistic": "max", "comparison": "within", "low": 0.35,'
    )
    lines.append('   "high": 0.45, "unit": "0-1", "weight": 1, "tolerance": 0.01, "name": "quadriceps", "wish": false}')
    return "\n".join(lines)
