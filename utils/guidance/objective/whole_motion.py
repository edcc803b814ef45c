"""What is required of every written motion without being asked for: that it is whole.

It begins and ends upright and still, holds exactly the squats that were asked for, each of which begins and ends in
standing and goes down and up once without a pause half-way, its feet stay where they stood, on the floor, its heels
rise hardly higher than in the own squats, and no joint leaves the range that the person's model gives it. Decoded
motions are planted and kept within these ranges by construction (`utils.guidance.subject.frozen_models`); these terms
judge the result, and draw motions to it that the networks would not make whole.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from dataset.spelling import split_side
from utils.biomechanics.context import Context
from utils.guidance.objective.constraints import Term

# Recorded people stand with up to 15 degrees in the knees, and lean up to 19.
_UPRIGHT_KNEE_DEG, _UPRIGHT_TRUNK_DEG = 25.0, 30.0
_HEEL_M = 0.08  # where no own squats are known; recorded people lift a heel by up to 0.049 m
# How much more than in the own squats, in degrees and metres, by which people differ from one squat to the next.
_MORE_THAN_OWN = {
    "standing_flexion": 5.0, "standing_lean": 10.0, "heel_lift": 0.02, "halfway_pause": 0.1, "bounce": 3.0,
}  # fmt: skip
_AS_OWN_ALONE = ("heel_lift", "halfway_pause", "bounce")  # who does more of it in the own squats may do so
# Where along the feet the weight may rest; nearer to heels or toes nobody can stay. On the hindmost contact sphere
# alone it is at 0.09. The own squats of 26 of 29 people, five of them recorded, have it between 0.15 and 0.75.
_BALANCE = (0.15, 0.75)
_STANDS_FIRST_DEG = 5.0  # no recorded squat, cut from rest to rest, straightens by more than 0.6 before it begins
_STILL_DEG_S = 30.0  # a squat reaches 150 and more; a recording begins where the person begins to move
_BOUNCE_DEG = 3.0  # where no own squats are known; none of 36 recorded ones of five people bounces by more than 0.4
_PAUSE_S = 0.3  # where no own squats are known
_LOAD_SWAY = 0.05  # the median of what recorded people's squats differ by from the own one that is most alike
_SWAY_OF_REPETITION = 0.02  # more: within a longer motion, the 0.2 s at both ends of a squat count
_DRIFT_M, _FLOOR_M = 0.01, 0.003
_REPETITIONS = 0.1  # of a squat, by which their count may differ: it is not rounded, so that it has a gradient
_RANGE_DEG = 1.0  # beyond a range, which is the tolerance of inverse kinematics


def whole_motion_terms() -> list[Term]:
    """The terms that a whole motion of one squat meets."""

    def below(quantity: str, high: float, tolerance: float, name: str) -> Term:
        return Term(quantity, "max", "below", high=high, tolerance=tolerance, name=name, of_a_whole_motion=True)

    return [
        Term(
            "repetitions",
            "sum",
            "within",
            1 - _REPETITIONS,
            1 + _REPETITIONS,
            name="repetitions",
            of_a_whole_motion=True,
        ),
        below("bounce", _BOUNCE_DEG, 0.1, "one_bottom"),
        below("halfway_pause", _PAUSE_S, 0.02, "no_pause_halfway"),
        below("standing_flexion", _UPRIGHT_KNEE_DEG, 1.0, "upright_knees"),
        below("standing_extension", _STANDS_FIRST_DEG, 0.5, "squat_from_standing"),
        below("standing_lean", _UPRIGHT_TRUNK_DEG, 1.0, "upright_trunk"),
        below("standing_speed", _STILL_DEG_S, 2.0, "still"),
        below("foot_drift", _DRIFT_M, 1e-4, "feet_in_place"),
        below("floor_penetration", _FLOOR_M, 1e-4, "feet_not_below_floor"),
        below("foot_lift", _FLOOR_M, 1e-4, "feet_on_floor"),
        below("heel_lift", _HEEL_M, 1e-3, "heels_down"),
        below("range_excess", _RANGE_DEG, 0.1, "joint_ranges"),
    ]


@torch.no_grad()
def posture_as_own(terms: Sequence[Term], own: Context | None) -> list[Term]:
    """The same terms, by which who stands straight and squats on the heels and down and up once goes on to do so.

    Without this, an answer may begin and end with a bent knee, rise to the toes, or pause half-way up, where a squat
    needs less force. Nobody's stance may be less upright than what is required of everybody; who squats on the toes,
    pauses or bounces may do so.

    Args:
        terms: what is asked.
        own: the person's own squats on two feet; None where the session has none.
    """
    if own is None:
        return list(terms)

    def bounded(term: Term) -> Term:
        if not term.of_a_whole_motion or term.quantity not in _MORE_THAN_OWN or term.high is None:
            return term
        high = float(term.value(own).max()) + _MORE_THAN_OWN[term.quantity]
        return replace(term, high=high if term.quantity in _AS_OWN_ALONE else min(term.high, high))

    return [bounded(term) for term in terms] + _steady_load(terms)


def _steady_load(terms: Sequence[Term]) -> list[Term]:
    """What a share of the load asks besides: that it is not met by swaying from one foot to the other.

    A bound on the greatest or least share holds at all times, and so asks for nothing besides.
    """
    required = [term for term in terms if term.required]
    is_whole = any(term.of_a_whole_motion for term in required)
    can_sway = any(
        split_side(one.quantity)[0] == "load_share" and not one.statistic.startswith(("max", "min")) for one in required
    )
    if not (is_whole and can_sway) or any(term.quantity == "load_sway" for term in required):
        return []
    return [Term("load_sway", "rms", "below", high=_LOAD_SWAY, name="steady_load", of_a_whole_motion=True)]


@torch.no_grad()
def in_balance(terms: Sequence[Term], own: Context | None) -> list[Term]:
    """The same terms and, of a whole motion, that the weight rests where people can stand.

    Without this, weight far forward takes load off the knees, on toes that nobody could stay on.

    Args:
        terms: what is asked.
        own: the person's own squats on two feet, with forces; None where the session has none.
    """
    if not any(term.of_a_whole_motion for term in terms):
        return list(terms)
    low, high = _BALANCE
    back = Term("net_centre_of_pressure", "min", "above", low=low, name="weight_not_on_heels", of_a_whole_motion=True)
    front = Term("net_centre_of_pressure", "max", "below", high=high, name="weight_not_on_toes", of_a_whole_motion=True)
    if own is not None:
        back = replace(back, low=min(low, float(back.value(own).min())))
        front = replace(front, high=max(high, float(front.value(own).max())))
    asked = {(term.quantity, term.statistic) for term in terms if term.required}
    return [*terms, *(term for term in (back, front) if (term.quantity, term.statistic) not in asked)]


def of_repetitions(terms: Sequence[Term], repetitions: int) -> list[Term]:
    """The same terms of a motion that holds so many squats."""

    def repeated(term: Term) -> Term:
        if term.of_a_whole_motion and term.quantity == "repetitions":
            return replace(term, low=repetitions - _REPETITIONS, high=repetitions + _REPETITIONS)
        if term.of_a_whole_motion and term.quantity == "load_sway" and term.high is not None:
            return replace(term, high=term.high + _SWAY_OF_REPETITION)
        return term

    return [repeated(term) for term in terms]


def with_whole_motion(terms: Sequence[Term]) -> list[Term]:
    """Terms, and those of a whole motion; what is asked of the same statistic of a quantity takes their place."""
    asked = {(term.quantity, term.statistic) for term in terms if term.required}
    return [
        *terms,
        *(term for term in whole_motion_terms() if (term.quantity, term.statistic) not in asked),
    ]
