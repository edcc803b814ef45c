"""What refers to the person's own squats: bounds in terms of them, and the wishes to keep their form."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.spelling import split_side
from models.conventions import SIDES
from utils.biomechanics.context import Context
from utils.guidance.objective.constraint_checks import check_possible, check_together
from utils.guidance.objective.constraints import Term


class OwnWish(NamedTuple):
    """A wish that something is as in the nearest own squat.

    Attributes:
        name: of the term.
        degrees: of form against the nearest own squat that count as much as a change by one.
    """

    name: str
    degrees: float = 1.0


# What says how far a motion is from the nearest own squat. Without rhythm a squat would become shallower by cutting off
# the bottom of its curves, so that it rests there for half a second; without the weight, which is counted in lengths of
# the feet and in shares of the load, knees would be relieved by standing on the toes or on the other leg.
CHANGES_FROM_OWN = {
    "change_from_own": OwnWish("own_form"),
    "arm_change_from_own": OwnWish("own_arms"),
    "rhythm_change_from_own": OwnWish("own_rhythm", 80.0),
    "weight_change_from_own": OwnWish("own_balance", 80.0),
}
_OF_TEMPO = ("descent_time", "hold_time", "ascent_time")
_OF_WEIGHT = ("load_share", "centre_of_pressure", "net_centre_of_pressure")


class FormWeights(NamedTuple):
    """Weights of a squared degree of change in form, relative to that of the squared change of latents.

    Without them, form and arms could change at little cost by changes that people show among each other, such as a
    mixture of a quick and a slow squat or arms that come down.

    Attributes:
        start: of the change from where a motion starts, an own squat or a variation of one on purpose.
        own: of the change from the nearest own squat.
    """

    start: float
    own: float


# Variations are kept to a good part: drawn to the own squats alone they would come to be the same few answers.
VARIED_FORM = FormWeights(1.4, 0.6)


def with_own_form(
    terms: Sequence[Term],
    own_weight: float,
    form_weight: float,
    own: Context | None = None,
    *,
    knows_forces: bool = False,
) -> list[Term]:
    """The terms, and the wishes that form, arms, rhythm and place of the weight are those of the nearest own squat.

    What is asked for takes the place of such a wish. That of rhythm is left out, too, where another tempo than the own
    one is asked for, and that of the weight where anything is asked of the load.

    Args:
        terms: what is asked, bounds in numbers.
        own_weight: weight of the squared change of latents from the own squats.
        form_weight: of a squared degree of form relative to it.
        own: the person's own squats; None where they are not known to have the tempo that is asked.
        knows_forces: whether the surrogate does.
    """
    if not own_weight:
        return list(terms)
    asked = {term.quantity for term in terms if not term.of_a_whole_motion}
    of_tempo = [term for term in terms if term.quantity in _OF_TEMPO]
    if not all(own is not None and bool(term.holds(own_value(term, own)[None])) for term in of_tempo):
        asked.add("rhythm_change_from_own")
    if not knows_forces or any(split_side(quantity)[0] in _OF_WEIGHT for quantity in asked):
        asked.add("weight_change_from_own")
    weight = form_weight * own_weight
    wishes = [
        Term(quantity, "mean_square", "small", weight=weight, scale=wish.degrees**2, name=wish.name)
        for quantity, wish in CHANGES_FROM_OWN.items()
        if quantity not in asked
    ]
    return [*terms, *wishes]


def without_own_form(terms: Sequence[Term]) -> list[Term]:
    """The terms without these wishes; what is required of the same quantities stays."""
    return [term for term in terms if term.required or term.quantity not in CHANGES_FROM_OWN]


@torch.no_grad()
def own_value(term: Term, own: Context) -> Tensor:
    """(C,) the value of a term in the person's own squats, mean over the repetitions of their context."""
    return term.value(own).mean(0)


def with_own_bounds(terms: Sequence[Term], own: Context | None) -> list[Term]:
    """The terms, those with bounds in terms of the own squats one for each side, with the bounds' values.

    Args:
        terms: what is asked.
        own: the person's own repetitions, with activations and forces by surrogate or simulation; None where the
            session has none.

    Raises:
        InputError: there are no own squats to compare with, or a bound is not possible or contradicts another.
    """
    found: list[Term] = []
    for term in terms:
        if not term.own:
            found.append(term)
            continue
        if own is None:
            raise InputError(f"{term.label} {term.bounds_text}: the session has no squats of the person's own")
        found += _of_sides(term, own_value(term, own).tolist())
    check_together(found)
    return found


def _of_sides(term: Term, values: Sequence[float]) -> list[Term]:
    """A term with the values of its own bounds, for each of its sides."""
    if len(values) == 1:
        return [bounded(term, values[0])]
    return [bounded(_of_side(term, side), value) for side, value in zip(SIDES, values, strict=True)]


def _of_side(term: Term, side: str) -> Term:
    name = f"{term.name}_{side}" if term.name else ""
    if term.argument is not None:
        return replace(term, argument=f"{term.argument}_{side}", name=name)
    return replace(term, quantity=f"{term.quantity}_{side}", name=name)


def bounded(term: Term, own: float) -> Term:
    """A term with bounds in terms of the own squats, whose value is `own`, with their values.

    Raises:
        InputError: a bound is not possible.
    """
    bounds = [_evaluate(bound, own) for bound in term.own]
    low = None if term.comparison == "below" else bounds[0]
    high = None if term.comparison == "above" else bounds[-1]
    source = f"{term.label} {term.bounds_text}, where own is {own:.4g}"
    if low is not None and high is not None and low > high:
        raise InputError(f"{source}: the range {low:.4g} to {high:.4g} is empty")
    result = replace(term, low=low, high=high)
    check_possible(result, source)
    return result


def _evaluate(bound: str, own: float) -> float:
    """The value of `80%own`, `own-20`, `80%own+5` or a number."""
    before, is_own, offset = bound.partition("own")
    if not is_own:
        return float(bound)
    return own * (float(before.removesuffix("%")) / 100 if before else 1.0) + (float(offset) if offset else 0.0)
