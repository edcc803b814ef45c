"""What changes from the person's own squat, in words and numbers that a person can act on.

18° less knee flexion at the bottom (96° for 114°), trunk 6° more upright (52° for 58°), descent 0.4 s slower (1.5 s
for 1.1 s)
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from utils.guidance.subject.squat_profile import SquatProfile, form_difference

# What a squat's profile has of its tempo, and the quantity that asks for it.
_DURATIONS = {"descent_s": "descent_time", "hold_s": "hold_time", "ascent_s": "ascent_time"}
_WHOLE_DURATION = "repetition_time"
DISTINCT_DEG = 1.0  # two squats of no noticeable difference and with forms nearer than this are one answer


@dataclass(frozen=True)
class _Feature:
    """A feature of a squat in words.

    Attributes:
        name: of the value in `SquatProfile`.
        noticeable: the least difference that a person can see or act on.
        more: words for more of it, with the amount.
        less: words for less of it.
        unit: unit of the values that follow in brackets.
        digits: after the decimal point.
        sides: what is said after a positive and a negative value, which is then said without its sign.
        of_other_side: the value that belongs to the words for less, where these are about the other side of the body.
        distinguishes: whether squats that differ in it alone are different answers.
        factor: from the unit of the profile to the unit that is said.
    """

    name: str
    noticeable: float
    more: str
    less: str
    unit: str
    digits: int = 0
    sides: tuple[str, str] | None = None
    of_other_side: Callable[[float], float] = lambda value: value
    distinguishes: bool = True
    factor: float = 1.0

    def value(self, profile: SquatProfile) -> float | None:
        """The value of a profile in the unit that is said; None where it is unknown."""
        found: float | None = getattr(profile, self.name)
        return None if found is None else self.factor * found


_FEATURES = (
    _Feature("knee_deg", 3, "{}° more knee flexion at the bottom", "{}° less knee flexion at the bottom", "°"),
    _Feature("hip_deg", 4, "{}° more hip flexion at the bottom", "{}° less hip flexion at the bottom", "°"),
    _Feature("ankle_deg", 3, "shins {}° further forward", "shins {}° less far forward", "°"),
    _Feature("lean_deg", 3, "trunk {}° further forward", "trunk {}° more upright", "°"),
    _Feature("depth_m", 2, "hips {} cm deeper", "hips {} cm less deep", " cm", factor=100),
    _Feature("descent_s", 0.15, "descent {} s slower", "descent {} s quicker", " s", 1),
    _Feature("hold_s", 0.15, "hold {} s longer", "hold {} s shorter", " s", 1),
    _Feature("ascent_s", 0.15, "ascent {} s slower", "ascent {} s quicker", " s", 1),
    _Feature("width_m", 2, "feet {} cm further apart", "feet {} cm closer together", " cm", factor=100),
    _Feature(
        "heel_m",
        1.5,
        "heels {} cm further off the floor",
        "heels {} cm nearer to the floor",
        " cm",
        1,
        factor=100,
    ),
    _Feature("standing_deg", 5, "knees {}° more bent while standing", "knees {}° straighter while standing", "°"),
    _Feature("toe_out_deg", 3, "toes {}° further out", "toes {}° further in", "°"),
    _Feature(
        "knee_difference_deg",
        3,
        "left knee {}° more flexed against the right",
        "right knee {}° more flexed against the left",
        "°",
        of_other_side=lambda deg: -deg,
    ),
    _Feature(
        "right_share",
        2,
        "{} % more of the load on the right foot",
        "{} % more of the load on the left foot",
        " %",
        of_other_side=lambda percent: 100 - percent,
        factor=100,
    ),
    _Feature(
        "bottom_right_share",
        3,
        "{} % more of the load at the bottom on the right foot",
        "{} % more of the load at the bottom on the left foot",
        " %",
        of_other_side=lambda percent: 100 - percent,
        distinguishes=False,
        factor=100,
    ),
    _Feature(
        "pressure",
        8,
        "weight {} % of the feet's length further forward at the bottom",
        "weight {} % of the feet's length further back at the bottom",
        " %",
        distinguishes=False,
        factor=100,
    ),
    _Feature(
        "arm_deg",
        15,
        "arms raised {}° further at the bottom",
        "arms raised {}° less at the bottom",
        "°",
        distinguishes=False,
    ),
    _Feature(
        "elbow_deg",
        20,
        "elbows {}° more bent at the bottom",
        "elbows {}° straighter at the bottom",
        "°",
        distinguishes=False,
    ),
    _Feature(
        "shift_m",
        2,
        "hips {} cm further to the right at the bottom",
        "hips {} cm further to the left at the bottom",
        " cm",
        sides=("right", "left"),
        distinguishes=False,
        factor=100,
    ),
    _Feature(
        "side_lean_deg",
        3,
        "trunk leans {}° further to the right",
        "trunk leans {}° further to the left",
        "°",
        sides=("right", "left"),
        distinguishes=False,
    ),
    _Feature(
        "turn_deg",
        4,
        "pelvis turned {}° further to the left",
        "pelvis turned {}° further to the right",
        "°",
        sides=("left", "right"),
        distinguishes=False,
    ),
    _Feature(
        "knees_in_m",
        2,
        "knees {} cm further inwards",
        "knees {} cm further outwards",
        " cm",
        sides=("in", "out"),
        distinguishes=False,
        factor=100,
    ),
)
_SLACK = 1e-9


def differences(own: SquatProfile, other: SquatProfile, features: Sequence[_Feature] = _FEATURES) -> list[str]:
    """What a squat does otherwise than one's own, the most noticeable first; empty where nothing can be noticed."""
    found = []
    for feature in features:
        before, after = feature.value(own), feature.value(other)
        if before is None or after is None:
            continue
        digits = feature.digits
        if abs(after - before) < feature.noticeable - _SLACK:
            continue
        before, after = (round(value, digits) + 0.0 for value in (before, after))  # what is said adds up, without -0
        amount = abs(after - before)
        words = (feature.more if after > before else feature.less).format(f"{amount:.{digits}f}")
        if after < before:
            before, after = (feature.of_other_side(value) + 0.0 for value in (before, after))
        if feature.sides:
            values = f"({_to_a_side(after, feature)} for {_to_a_side(before, feature)})"
        else:
            values = f"({after:.{digits}f} for {before:.{digits}f}{feature.unit})"
        found.append((amount / feature.noticeable, f"{words} {values}"))
    return [text for _, text in sorted(found, key=lambda pair: -pair[0])]


def _to_a_side(value: float, feature: _Feature) -> str:
    """A value of a feature that has sides, for example `4 cm left`."""
    words = f"{abs(value):.{feature.digits}f}{feature.unit}"
    return f"{words} {feature.sides[value < 0]}" if feature.sides and value else words


@dataclass(frozen=True)
class SquatChange:
    """How a guided squat differs from the person's own.

    Attributes:
        own: number of the nearest own repetition in form, from 0.
        form_deg: difference of their forms, see `form_difference`.
        profile: the guided squat in numbers.
        words: what changes, the most noticeable first; empty where nothing can be noticed.
        same_as: number of an earlier sample that is the same answer; None where it is an answer of its own.
    """

    own: int
    form_deg: float
    profile: SquatProfile
    words: tuple[str, ...]
    same_as: int | None = None

    @property
    def sentence(self) -> str:
        """What changes, in one line."""
        return ", ".join(self.words) or "no difference from the own squat that can be noticed"


def sizes_of_change(
    motion: Tensor,
    profiles: Sequence[SquatProfile],
    own: Tensor,
    own_profiles: Sequence[SquatProfile],
    asked: Collection[str] = (),
) -> list[float]:
    """How much each of the motions (S, T, 33) changes the nearest own squat of (A, T', 33), tempo included.

    The root of the squared difference in form, in `DISTINCT_DEG`, and those of the durations, in what can be noticed.

    Args:
        motion: the guided squats.
        profiles: of these.
        own: the own squats.
        own_profiles: of these.
        asked: quantities that are asked for; a duration among them is no change.
    """
    names = [] if _WHOLE_DURATION in asked else [name for name, quantity in _DURATIONS.items() if quantity not in asked]
    noticeable = {feature.name: feature.noticeable for feature in _FEATURES}
    sizes = []
    for one, profile in zip(motion, profiles, strict=True):
        number, form_deg = nearest_own(one, own)
        seconds = (getattr(profile, name) - getattr(own_profiles[number], name) for name in names)
        durations = (value / noticeable[name] for name, value in zip(names, seconds, strict=True))
        sizes.append(math.hypot(form_deg / DISTINCT_DEG, *durations))
    return sizes


def nearest_own(motion: Tensor, own: Tensor) -> tuple[int, float]:
    """Number of the own squat (A, T, 33) whose form is nearest to a motion (T, 33), and their difference in degrees."""
    forms = [form_difference(motion, one) for one in own]
    index = int(np.argmin(forms))
    return index, forms[index]


def describe_changes(
    motion: Tensor, profiles: Sequence[SquatProfile], own: Tensor, own_profiles: Sequence[SquatProfile]
) -> tuple[SquatChange, ...]:
    """The change of each of the motions (S, T, 33) from the nearest own squat of (A, T', 33), on the same device."""
    same = same_answers(motion, profiles)
    changes = []
    for i, profile in enumerate(profiles):
        number, form_deg = nearest_own(motion[i], own)
        words = differences(own_profiles[number], profile)
        changes.append(SquatChange(number, form_deg, profile, tuple(words), same[i]))
    return tuple(changes)


def same_answers(motion: Tensor, profiles: Sequence[SquatProfile]) -> list[int | None]:
    """For each of the motions (S, T, 33) the number of an earlier one that is the same answer, or None.

    Two squats are one answer where their forms differ by less than `DISTINCT_DEG` and nothing else is noticeable.
    """
    features = [feature for feature in _FEATURES if feature.distinguishes]
    distinct: list[int] = []
    found: list[int | None] = []
    for i, profile in enumerate(profiles):
        same = next(
            (
                j
                for j in distinct
                if not differences(profiles[j], profile, features)
                and form_difference(motion[j], motion[i]) < DISTINCT_DEG
            ),
            None,
        )
        found.append(same)
        if same is None:
            distinct.append(i)
    return found


def repeated_answers(motion: Tensor, profiles: Sequence[SquatProfile], order: Sequence[int]) -> list[bool]:
    """Which of the motions (S, T, 33) are the same answer as one that comes before them in `order`, their indices.

    Of three squats the outer two may be answers of their own and both the same as the middle one, so that the number of
    answers depends on the order.
    """
    same = same_answers(motion[list(order)], [profiles[j] for j in order])
    repeated = {j for j, other in zip(order, same, strict=True) if other is not None}
    return [j in repeated for j in range(len(order))]


def mean_change_deg(changes: Sequence[SquatChange]) -> float:
    """Mean difference in form from the own squats, degrees."""
    return float(torch.tensor([change.form_deg for change in changes]).mean())
