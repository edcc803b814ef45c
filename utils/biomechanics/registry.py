"""The registry of biomechanical quantities: names, units, tolerances and how each is computed."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from dataset.errors import InputError
from models.conventions import COORDINATE_INDEX, COORDINATES
from utils.biomechanics.context import Context
from utils.biomechanics.muscle_names import muscle_indices
from utils.biomechanics.statistics import AT_PEAK, STATISTICS
from utils.biomechanics.trace import Trace

Function = Callable[..., Tensor | tuple[Tensor, Tensor]]  # context[, argument] -> values, or (values, valid)


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
    """

    name: str
    unit: str
    function: Function
    doc: str
    tolerance: float
    argument: str | None = None
    channels: tuple[str, ...] = ("",)


QUANTITIES: dict[str, Quantity] = {}


def quantity(
    name: str, unit: str, tolerance: float, *, argument: str | None = None, channels: tuple[str, ...] = ("",)
) -> Callable[[Function], Function]:
    """Register the decorated function under `name`; see `Quantity`."""

    def register(function: Function) -> Function:
        doc = " ".join((function.__doc__ or "").split())
        QUANTITIES[name] = Quantity(name, unit, function, doc, tolerance, argument, channels)
        return function

    return register


def evaluate_quantity(name: str, context: Context, argument: str | None = None) -> Trace:
    """The trace of the quantity called `name` for the motions of `context`.

    Args:
        name: name of a registered quantity.
        context: the motions.
        argument: the muscle or coordinate that the quantity asks for.

    Raises:
        InputError: there is no such quantity, muscle or coordinate; the known ones are listed.
    """
    definition = find_quantity(name)
    _check_argument(definition, argument)
    result = definition.function(context) if argument is None else definition.function(context, argument)
    values, valid = result if isinstance(result, tuple) else (result, context.mask)
    return Trace(values if values.dim() == 3 else values.unsqueeze(-1), valid)


def find_quantity(name: str) -> Quantity:
    """The registered quantity called `name`, or an InputError that lists all."""
    if name not in QUANTITIES:
        raise InputError(f"there is no quantity {name!r}; known are {', '.join(sorted(QUANTITIES))}")
    return QUANTITIES[name]


def _check_argument(definition: Quantity, argument: str | None) -> None:
    name, kind = definition.name, definition.argument
    if (kind is None) != (argument is None):
        wanted = f"{name}:<{kind}>" if kind else f"no name after {name}"
        raise InputError(f"quantity {name!r}: expected {wanted}, got {argument!r}")
    if kind == "muscle" and argument is not None:
        muscle_indices(argument)
    if kind == "coordinate" and argument not in COORDINATE_INDEX:
        raise InputError(f"there is no coordinate {argument!r}; known are {', '.join(COORDINATES)}")


def check_names(quantity: str, argument: str | None, statistic: str, muscle: str | None) -> None:
    """Raise the InputError that evaluating these names would, before there is anything to evaluate."""
    _check_argument(find_quantity(quantity), argument)
    if statistic == AT_PEAK:
        _check_argument(QUANTITIES["activation"], muscle)
    elif statistic not in STATISTICS:
        raise InputError(f"there is no statistic {statistic!r}; known are {', '.join([*STATISTICS, AT_PEAK])}")
