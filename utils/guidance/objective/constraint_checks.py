"""What can be refused before anything is computed: impossible bounds, and requirements that contradict each other."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from operator import itemgetter

from dataset.errors import InputError
from dataset.muscle_names import muscle_channels
from dataset.spelling import split_side
from models.muscles.simulation_settings import SimulationSettings
from utils.biomechanics.registry import Range
from utils.biomechanics.statistics import is_of_motion
from utils.guidance.objective.constraints import Term

_BETWEEN_MIN_AND_MAX = ("mean", "start", "end")
_OF_ONE_VALUE = ("mean", "min", "max")  # a duration has one value in a repetition, which each of these gives
_PHASE_TIMES, _WHOLE_TIME = ("descent_time", "hold_time", "ascent_time"), "repetition_time"
_OTHER_EXTREME = {"min": "max", "max": "min"}
_AT_REST = SimulationSettings().activation_floor
_EXTREMES = {name: (name, f"{name}_over_motion") for name in _OTHER_EXTREME}  # of the squat, and of all of the motion


def check_possible(term: Term, source: str) -> None:
    """Raise InputError where a bound of a term lies outside what its quantity can be.

    Args:
        term: the term.
        source: where it is from, for the message.
    """
    low, high = _limits(term)
    for bound in (term.low, term.high):
        if bound is not None and not low <= bound <= high:
            is_hundredths = (high == 1 and 1 < bound <= 100) or (term.unit == "m" and low <= bound / 100 <= high)
            written = f"{bound:g} {'cm as' if term.unit == 'm' else '% as'} {bound / 100:g}"
            hint = f"; write {written}" if is_hundredths else ""
            unit = "" if term.unit == "0-1" else f" {term.unit}"
            name = " ".join(filter(None, [term.quantity, term.argument]))
            raise InputError(f"{source}: {bound:g} is outside what {name} can be, {low:g} to {high:g}{unit}{hint}")
    is_at_rest = term.required and term.quantity == "activation" and _is_of_values(term)
    if is_at_rest and term.high is not None and term.high < _AT_REST:
        raise InputError(f"{source}: {term.high:g} is less than {_AT_REST:g}, the activation of a muscle that rests")


def _limits(term: Term) -> Range:
    """The least and the greatest that the statistic of a term can be."""
    low, high = term.definition.limits
    statistic = term.statistic.partition("_over_")[0]
    largest = max(abs(low), abs(high))
    if statistic == "mean_square":
        return 0.0, largest**2
    if statistic == "rms":
        return 0.0, largest
    if statistic == "range":
        return 0.0, high - low
    return (-math.inf, math.inf) if statistic == "sum" else (low, high)


def check_together(terms: Sequence[Term]) -> None:
    """Raise InputError where required terms can never hold together, whatever the motion."""
    required = [term for term in terms if term.required]
    implied = [(term, term) for term in required] + [
        (term, other) for term in required for other in _of_other_foot(term)
    ]
    for (one_source, one), (other_source, other) in permutations(implied, 2):
        if one.low is None or other.high is None or one.low <= other.high:
            continue
        if _within(one, other) and _never_more(one, other):
            if one_source is other_source:
                words = f"{one_source.label} {one_source.bounds_text}"
                raise InputError(f"{words}: not each foot can, both together carry the whole load")
            raise _contradiction(one_source, other_source)
    _check_times(required)


def _of_other_foot(term: Term) -> list[Term]:
    """What a bound of the share of the load on a foot means for the other foot: the rest."""
    base, side = split_side(term.quantity)
    if base != "load_share" or not _is_of_values(term):
        return []
    statistic, over, phase = term.statistic.partition("_over_")
    low, high = (None if bound is None else round(1 - bound, 9) for bound in (term.high, term.low))
    quantity = f"{base}_{'r' if side == 'l' else 'l'}" if side else base
    return [
        replace(
            term,
            quantity=quantity,
            statistic=f"{_OTHER_EXTREME.get(statistic, statistic)}{over}{phase}",
            low=low,
            high=high,
        )
    ]


def _check_times(required: Sequence[Term]) -> None:
    """Raise InputError where descent, hold and ascent cannot last together what the repetition has to."""
    times = [term for term in required if term.statistic in _OF_ONE_VALUE]
    lows = sorted(((term.low, term) for term in times if term.low is not None), key=itemgetter(0))
    highs = sorted(((term.high, term) for term in times if term.high is not None), key=itemgetter(0), reverse=True)
    # By quantity; of several bounds the last one, which is the tightest, is kept.
    least, most = ({term.quantity: (bound, term) for bound, term in bounds} for bounds in (lows, highs))
    parts = [least[name] for name in _PHASE_TIMES if name in least]
    if _WHOLE_TIME in most and sum(bound for bound, _ in parts) > most[_WHOLE_TIME][0]:
        raise _contradiction(*(term for _, term in parts), most[_WHOLE_TIME][1])
    parts = [most[name] for name in _PHASE_TIMES if name in most]
    bounded = _WHOLE_TIME in least and len(parts) == len(_PHASE_TIMES)
    if bounded and sum(bound for bound, _ in parts) < least[_WHOLE_TIME][0]:
        raise _contradiction(*(term for _, term in parts), least[_WHOLE_TIME][1])


def _contradiction(*terms: Term) -> InputError:
    *first, last = (f"{term.label} {term.bounds_text}" for term in terms)
    return InputError(f"{', '.join(first)} and {last} contradict each other")


def _within(one: Term, other: Term) -> bool:
    """Whether what `one` is about is, in some channel, at most what `other` is about: the same, or part of a group."""
    (base, side), (other_base, other_side) = split_side(one.quantity), split_side(other.quantity)
    if base != other_base or not (side == other_side or not side or not other_side):
        return False
    if base != "activation" or one.argument is None or other.argument is None:
        return one.argument == other.argument
    channels, others = muscle_channels(one.argument), muscle_channels(other.argument)
    return any(set(members) <= set(group) for members in channels for group in others)


def _never_more(one: Term, other: Term) -> bool:
    """Whether the statistic of `one` is at most that of `other` for the same trace."""
    if (one.statistic, one.muscle) == (other.statistic, other.muscle):
        return True
    is_part = is_of_motion(other.statistic) or not is_of_motion(one.statistic)  # `one` of what `other` is of
    if other.statistic in _EXTREMES["max"] and _is_of_values(one) and is_part:
        return True
    is_part = is_of_motion(one.statistic) or not is_of_motion(other.statistic)
    return one.statistic in _EXTREMES["min"] and _is_of_values(other) and is_part


def _is_of_values(term: Term) -> bool:
    """Whether a statistic lies between minimum and maximum."""
    base = term.statistic.partition("_over_")[0]
    return base in (*_BETWEEN_MIN_AND_MAX, "min", "max") or base.startswith("at_")
