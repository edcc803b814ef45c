"""The registry of biomechanical quantities: names, units, tolerances and how each is computed."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from dataset.errors import InputError
from dataset.muscle_names import canonical_muscle, similar_muscles
from dataset.spelling import nearest, split_side, with_side
from models.conventions import COORDINATE_INDEX, SIDES, TRANSLATIONS
from utils.biomechanics.context import Context
from utils.biomechanics.quantity_names import MAY_MEAN, OTHER_NAMES
from utils.biomechanics.statistics import AT_PEAK, canonical_statistic
from utils.biomechanics.trace import Trace

Function = Callable[..., Tensor | tuple[Tensor, Tensor]]  # context[, argument] -> values, or (values, valid)
Range = tuple[float, float]
_MOST_PARTS = 4  # of an unknown name for which similar names are looked up
NO_LIMITS = (-math.inf, math.inf)
_ANGLE_LIMITS, _PLACE_LIMITS = (-180.0, 180.0), (-10.0, 10.0)  # of the coordinates, degrees and metres
_PLACE_TOLERANCE_M = 0.01


@dataclass(frozen=True)
class Quantity:
    """A named biomechanical quantity.

    Attributes:
        name: how constraints and tables name it.
        unit: unit of its values.
        function: `function(context[, argument])`, which returns values (B, T) or (B, T, C), or (values, valid).
        doc: what it is, for users; the function's docstring.
        tolerance: difference that counts as equal, in its unit.
        argument: what has to be named with it: "muscle", "coordinate" or nothing.
        channels: ("l", "r") where both sides are given.
        limits: the least and the greatest that it can be, in its unit.
        usual: from where to where it usually is in people's squats, for users who look for a bound; None if unknown.
        statistic: the statistic that is meant where none is named; None where one has to be.
        predicted: whether it rests on muscle activations or forces, and not on the kinematics alone.
    """

    name: str
    unit: str
    function: Function
    doc: str
    tolerance: float
    argument: str | None = None
    channels: tuple[str, ...] = ("",)
    limits: Range = NO_LIMITS
    usual: Range | None = None
    statistic: str | None = None
    predicted: bool = False

    def of(self, argument: str | None) -> "Quantity":
        """The quantity of the muscle or coordinate named: a coordinate is an angle, or a place in metres."""
        if self.argument != "coordinate" or argument is None:
            return self
        if argument in TRANSLATIONS:
            return replace(self, unit="m", tolerance=_PLACE_TOLERANCE_M, limits=_PLACE_LIMITS)
        return replace(self, unit="deg", limits=_ANGLE_LIMITS)


QUANTITIES: dict[str, Quantity] = {}


def quantity(
    name: str,
    unit: str,
    tolerance: float,
    *,
    argument: str | None = None,
    channels: tuple[str, ...] = ("",),
    limits: Range = NO_LIMITS,
    usual: Range | None = None,
    statistic: str | None = None,
    predicted: bool = False,
) -> Callable[[Function], Function]:
    """Register the decorated function under `name`; see `Quantity`."""

    def register(function: Function) -> Function:
        doc = " ".join((function.__doc__ or "").split())
        QUANTITIES[name] = Quantity(
            name=name,
            unit=unit,
            function=function,
            doc=doc,
            tolerance=tolerance,
            argument=argument,
            channels=channels,
            limits=limits,
            usual=usual,
            statistic=statistic,
            predicted=predicted,
        )
        return function

    return register


def evaluate_quantity(name: str, context: Context, argument: str | None = None) -> Trace:
    """The trace of the quantity called `name` for the motions of `context`.

    Args:
        name: name of a registered quantity; with a side (`knee_flexion_l`), its trace has one channel.
        context: the motions.
        argument: the muscle or coordinate that the quantity asks for.

    Raises:
        InputError: there is no such quantity, muscle or coordinate; the nearest ones are offered.
    """
    definition = find_quantity(name)
    argument = canonical_argument(definition, argument)
    result = definition.function(context) if argument is None else definition.function(context, argument)
    values, valid = result if isinstance(result, tuple) else (result, context.mask)
    return Trace(values if values.dim() == 3 else values.unsqueeze(-1), valid)


def find_quantity(name: str) -> Quantity:
    """The registered quantity called `name`, of one side where the name says so: `knee_flexion_l`, "left knee flexion".

    Raises:
        InputError: there is none; the nearest names are offered.
    """
    base, side = split_side(name)
    base = OTHER_NAMES.get(base, base)
    if base not in QUANTITIES:
        words = _offered(base) or list(dict.fromkeys(word for part in _parts(base) for word in _offered(part)))
        known = f"did you mean {' or '.join(words)}?" if words else f"known are {', '.join(sorted(QUANTITIES))}"
        raise InputError(f"there is no quantity {name!r}; {known}")
    definition = QUANTITIES[base]
    if not side:
        return definition
    if definition.argument:
        raise InputError(
            f"quantity {name!r}: the side belongs to the {definition.argument}, as in {base}:<name>_{side}"
        )
    if len(definition.channels) == 1:
        raise InputError(f"quantity {name!r}: {base} has no sides")
    return replace(definition, name=with_side(base, side), function=_of_side(definition.function, side), channels=("",))


def _offered(base: str) -> list[str]:
    """The quantities, coordinates and muscles that an unknown name may mean, as a constraint names them."""
    names = MAY_MEAN.get(base) or [*_coordinates_called(base), *nearest(base, [*QUANTITIES, *OTHER_NAMES])]
    similar = dict.fromkeys(OTHER_NAMES.get(found, found) for found in names)
    return [*similar, *(f"activation:{muscle}" for muscle in similar_muscles(base))]


def _parts(base: str) -> list[str]:
    """The first words of a name that is not like any other as a whole, such as `vmo/vl_ratio`."""
    words = base.replace("/", "_").split("_", _MOST_PARTS)[:_MOST_PARTS]
    return [word for word in dict.fromkeys(words) if word != base]


def _coordinates_called(base: str) -> list[str]:
    """The coordinate of that name, with its side or without, as a constraint names it; empty where there is none."""
    return [f"coordinate:{base}"] if base in COORDINATE_INDEX or with_side(base, SIDES[0]) in COORDINATE_INDEX else []


def _of_side(function: Function, side: str) -> Function:
    """The function of a quantity of both sides, for one of them."""
    channel = slice(SIDES.index(side), SIDES.index(side) + 1)

    def one_side(context: Context) -> Tensor | tuple[Tensor, Tensor]:
        result = function(context)
        return (result[0][..., channel], result[1]) if isinstance(result, tuple) else result[..., channel]

    return one_side


def canonical_argument(definition: Quantity, argument: str | None) -> str | None:
    """The muscle or coordinate as the program names it. Raises InputError where it is unknown or out of place."""
    name, kind = definition.name, definition.argument
    if (kind is None) != (argument is None):
        wanted = f"{name}:<{kind}>" if kind else f"no name after {name}"
        raise InputError(f"quantity {name!r}: expected {wanted}, got {argument!r}")
    if argument is None:
        return None
    return canonical_muscle(argument) if kind == "muscle" else _canonical_coordinate(argument)


def _canonical_coordinate(name: str) -> str:
    base, side = split_side(name)
    canonical = with_side(base, side)
    if canonical not in COORDINATE_INDEX:
        similar = nearest(canonical, COORDINATE_INDEX)
        known = f"did you mean {' or '.join(similar)}?" if similar else f"known are {', '.join(COORDINATE_INDEX)}"
        raise InputError(f"there is no coordinate {name!r}; {known}")
    return canonical


def canonical_names(
    quantity: str, argument: str | None, statistic: str, muscle: str | None
) -> tuple[str, str | None, str, str | None]:
    """The same names as the program spells them; raises the InputError that evaluating them would raise."""
    definition = find_quantity(quantity)
    argument = canonical_argument(definition, argument)
    statistic = canonical_statistic(statistic)
    if statistic == AT_PEAK:
        muscle = canonical_argument(QUANTITIES["activation"], muscle)
    return definition.name, argument, statistic, muscle
