"""Read constraints from the command line or a JSON file."""

import json
import math
from pathlib import Path

from dataset.errors import InputError
from utils.biomechanics.registry import QUANTITIES, check_names, find_quantity
from utils.biomechanics.statistics import AT_PEAK, STATISTICS
from utils.guidance.objective.constraints import COMPARISONS, Term


def parse_term(text: str) -> Term:
    """A term from one line, see the module's docstring; InputError says which part is wrong."""
    parts = [part.strip() for part in text.split(":")]
    options = {}
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
    content = {"quantity": quantity.name}
    if quantity.argument:
        content["argument"] = following(quantity.argument)
    content["statistic"] = following("statistic over time")
    if content["statistic"] == AT_PEAK:
        content["muscle"] = following("muscle")
    content["comparison"] = following("comparison")
    content["numbers"] = list(rest)
    return term_from(content | options, f"constraint {text!r}")


def term_from(content: dict, source: str) -> Term:
    """A term from a JSON object or a parsed line; keys as in `Term`, or `numbers` in the comparison's order."""
    content = dict(content)
    known = {"quantity", "statistic", "comparison", "numbers", "low", "high", "weight", "argument", "muscle"}
    known |= {"tolerance", "wish", "name", "unit"}
    unknown = set(content) - known
    if unknown:
        raise InputError(f"{source}: {sorted(unknown)[0]!r} means nothing here; known are {', '.join(sorted(known))}")
    for key in ("quantity", "statistic", "comparison"):
        if not isinstance(content.get(key), str):
            raise InputError(f"{source}: {key} is missing")
    comparison = content["comparison"]
    if comparison not in COMPARISONS:
        raise InputError(f"{source}: {comparison!r} is not a comparison; known are {', '.join(COMPARISONS)}")

    def number(key: str, value) -> float:
        try:
            result = float(value)
        except (TypeError, ValueError):
            result = math.nan
        if not math.isfinite(result):
            raise InputError(f"{source}: {key} is {value!r}, expected a number")
        return result

    numbers = content.pop("numbers", None)
    if numbers is None:
        given = {"within": ("low", "high"), "above": ("low",), "below": ("high",), "equals": ("low",), "small": ()}
        numbers = [content[key] for key in given[comparison] if key in content]
    numbers = [number("a bound", value) for value in numbers]
    if len(numbers) != COMPARISONS[comparison]:
        raise InputError(f"{source}: {comparison} takes {COMPARISONS[comparison]} number(s), got {len(numbers)}")
    low, high = {
        "within": lambda: (numbers[0], numbers[1]),
        "above": lambda: (numbers[0], None),
        "below": lambda: (None, numbers[0]),
        "equals": lambda: (numbers[0], numbers[0]),
        "small": lambda: (None, None),
    }[comparison]()
    if low is not None and high is not None and low > high:
        raise InputError(f"{source}: the range {low:g} to {high:g} is empty; give the lower bound first")
    term = Term(
        quantity=content["quantity"],
        statistic=content["statistic"],
        comparison=comparison,
        low=low,
        high=high,
        weight=number("weight", content.get("weight", 1.0)),
        argument=content.get("argument"),
        muscle=content.get("muscle"),
        tolerance=number("tolerance", content["tolerance"]) if "tolerance" in content else None,
        wish=content.get("wish", False) is not False,
        name=content.get("name", ""),
    )
    unit = content.get("unit", find_quantity(term.quantity).unit)
    if unit != find_quantity(term.quantity).unit:
        raise InputError(f"{source}: {term.quantity} is in {find_quantity(term.quantity).unit}, not in {unit!r}")
    if term.weight < 0 or term.allowed <= 0:
        raise InputError(f"{source}: the weight must not be negative, and the tolerance must be above 0")
    try:
        check_names(term.quantity, term.argument, term.statistic, term.muscle)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    return term


def read_terms(path: str | Path) -> list[Term]:
    """The terms of a JSON file: a list of lines (as on the command line) or objects, or {"constraints": that list}."""
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


def vocabulary() -> str:
    """Every quantity, statistic and comparison that a constraint may name, explained for a person to read."""
    lines = ["Quantities (unit, what counts as equal):"]
    for quantity in QUANTITIES.values():
        name = quantity.name + (f":<{quantity.argument}>" if quantity.argument else "")
        sides = " Left and right." if len(quantity.channels) > 1 else ""
        lines.append(f"  {name:26} {quantity.unit}, {quantity.tolerance:g}. {quantity.doc}{sides}")
    lines.append(f"Statistics over time:\n  {', '.join(STATISTICS)}, and {AT_PEAK}:<muscle>, the value when it peaks")
    lines.append("Comparisons:")
    lines.append("  within:LOW:HIGH, above:LOW, below:HIGH, equals:VALUE; a bound holds for both sides of a quantity")
    lines.append("  small: as small as the rest allows, never required")
    lines.append("In a file (--constraints), a JSON list of such lines, or of objects:")
    lines.append(
        '  {"quantity": "activation", "argument": "vasmed", "statistic": "max", "comparison": "within", "low": 0.35,'
    )
    lines.append('   "high": 0.45, "unit": "0-1", "weight": 1, "tolerance": 0.01, "name": "quadriceps", "wish": false}')
    return "\n".join(lines)
