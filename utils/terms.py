"""What guidance asks of a motion, term by term.

A `Term` is a quantity of `utils.quantities`, a statistic over time, a comparison and a weight. It is read from one line

    QUANTITY[:NAME]:STATISTIC[:MUSCLE]:COMPARISON[:NUMBER[:NUMBER]][:weight=W][:tolerance=X][:name=TEXT][:wish]

    activation:vasmed:max:within:0.35:0.45      knee_flexion:max:above:90
    pelvis_tilt:at_peak:vasmed:within:-35:-17:wish          foot_slip:mean:small:weight=2

`within`, `above`, `below` and `equals` are required: a sample that misses one is started afresh. With `wish`, and for
`small`, a term only pulls.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from dataset.coordinates import FRAME_RATE_HZ
from dataset.errors import InputError
from utils.quantities import (
    AT_PEAK,
    QUANTITIES,
    STATISTICS,
    Context,
    check_names,
    evaluate,
    find_quantity,
    outside,
    summarise,
)

COMPARISONS = {"within": 2, "above": 1, "below": 1, "equals": 1, "small": 0}  # how many numbers each takes
VALUE_OF_A_TOLERANCE = 0.01  # what one tolerance outside counts in a loss: activations then count as published


@dataclass(frozen=True)
class Term:
    """One constraint or wish: a quantity, a statistic over time, a comparison and a weight.

    low, high: the bounds asked, in the quantity's unit; None leaves a side open. tolerance: how far outside still
    counts as met, in that unit. wish: the term pulls, but a sample may miss it. scale: multiplies the loss of `small`,
    so that the published weights see the units they were published for.
    """

    quantity: str
    statistic: str
    comparison: str
    low: float | None = None
    high: float | None = None
    weight: float = 1.0
    argument: str | None = None
    muscle: str | None = None
    tolerance: float | None = None
    wish: bool = False
    scale: float = 1.0
    name: str = ""

    @property
    def required(self) -> bool:
        """Whether a sample has to meet it."""
        return not self.wish and self.comparison != "small"

    def aimed_inside(self, share: float) -> "Term":
        """The same, its range narrowed by `share` of its width at both ends; a one-sided term stays as it is."""
        if self.comparison != "within":
            return self
        margin = share * (self.high - self.low)
        return replace(self, low=self.low + margin, high=self.high - margin)

    @property
    def label(self) -> str:
        """A column's title: the given name, or quantity and statistic."""
        return self.name or "_".join(filter(None, [self.argument or self.quantity, self.statistic, self.muscle]))

    @property
    def unit(self) -> str:
        """Unit of the value, as a person reads it."""
        unit = find_quantity(self.quantity).unit
        return f"({unit})^2" if self.statistic == "mean_square" else unit

    @property
    def allowed(self) -> float:
        """The tolerance in force."""
        return find_quantity(self.quantity).tolerance if self.tolerance is None else self.tolerance

    @property
    def asked(self) -> str:
        """What is asked, in words."""
        if self.comparison == "small":
            return "small"
        if self.comparison == "within":
            return f"{self.low:g} to {self.high:g}"
        return f"{self.comparison} {self.low if self.low is not None else self.high:g}"

    def value(self, context: Context) -> Tensor:
        """(B, C) the statistic of the quantity, in `unit`."""
        trace = evaluate(self.quantity, context, self.argument)
        return summarise(trace, self.statistic, context, self.muscle)

    def loss(self, value: Tensor) -> Tensor:
        """(B,) what the objective sees of (B, C) values, before the weight.

        `small`: the mean over channels, scaled. Otherwise the mean over channels of max(value - high, low - value, 0),
        counted in tolerances of 0.01 each, so that a weight means the same for degrees, metres and activations. The
        bounds are drawn in by a tenth of the range or one tolerance, so that what converges on them lies inside.
        """
        if self.comparison == "small":
            return value.mean(-1) * self.scale
        low, high = self.low, self.high
        margin = self.allowed
        if low is not None and high is not None:
            margin = min(margin, 0.1 * (high - low))
        return outside(value, None if low is None else low + margin, None if high is None else high - margin).mean(
            -1
        ) * (VALUE_OF_A_TOLERANCE / self.allowed)

    def violation(self, value: Tensor) -> Tensor:
        """(B,) by how many tolerances the worst channel is outside what was asked; 0 inside, and for `small`."""
        if self.comparison == "small":
            return value.new_zeros(len(value))
        return outside(value, self.low, self.high).amax(-1) / self.allowed

    def met(self, value: Tensor) -> Tensor:
        """(B,) bool, every channel within what was asked and its tolerance; `small` is always met."""
        return self.violation(value) <= 1.0 + 1e-6


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


def published_terms(
    low: float,
    high: float,
    muscle: str = "vasmed",
    *,
    tilt: float = 0.5,
    asymmetry: float = 1.0,
    angular_speed: float = 0.5,
    com_speed: float = 50.0,
    com_acceleration: float = 100.0,
    slide: float = 0.1,
    mac: float = 1.0,
    tilt_range_deg: tuple[float, float] = (-34.2, -17.4),
) -> list[Term]:
    """Table 1 of the paper, with its weights (alpha) as defaults, on every frame.

    In these losses angles are in radians, lengths in metres and rates a frame: so the published weights put asymmetry,
    angular speed, COM velocity and COM acceleration of a squat on one scale. Asymmetry is the sum over its three
    joints. Sums over time are means over the frames that count, so that a weight does not depend on a motion's length
    or mask. The muscle's peak on both sides is the one required term.

    tilt_range_deg: the paper names the quantity but no aim; this one spans its own rows (MoCap mean - SD to Reference
    + SD of MoCap), and is a wish.
    """
    frame, radian = 1.0 / FRAME_RATE_HZ, math.pi / 180
    terms = [
        replace(parse_term(f"activation:{muscle}:max:within:{low}:{high}:name=MAC"), weight=mac),
        Term("pelvis_tilt", AT_PEAK, "within", *tilt_range_deg, tilt, muscle=muscle, wish=True, name="tilt"),
        Term("asymmetry", "mean_square", "small", weight=asymmetry, scale=3 * radian**2, name="asymmetry"),
        Term("angular_speed", "mean_square", "small", weight=angular_speed, scale=(frame * radian) ** 2, name="omega"),
        Term("com_speed", "mean_square", "small", weight=com_speed, scale=frame**2, name="com_speed"),
        Term("com_acceleration", "mean_square", "small", weight=com_acceleration, scale=frame**4, name="com_acc"),
        Term("foot_slip", "mean", "small", weight=slide, scale=frame, name="slide"),
    ]
    return [term for term in terms if term.weight > 0]


def terms_of(arguments) -> list[Term]:
    """What the arguments of LIMO_Surrogate.py ask: the published terms, and the constraints added to them.

    Raises InputError where a constraint cannot be read.
    """
    terms = published_terms(
        arguments.low,
        arguments.high,
        arguments.muscle,
        tilt=arguments.alpha_tilt,
        asymmetry=arguments.alpha_asymmetry,
        angular_speed=arguments.alpha_angular_speed,
        com_speed=arguments.alpha_com_speed,
        com_acceleration=arguments.alpha_com_acceleration,
        slide=arguments.alpha_slide,
        mac=arguments.alpha_mac,
    )
    terms += [parse_term(line) for line in arguments.constraint]
    return terms + (read_terms(arguments.constraints) if arguments.constraints else [])


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
