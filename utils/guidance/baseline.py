"""What the person does now: the own squats in numbers, with the muscle's peaks in simulation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dataset.left_out import LeftOut
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.protocols import Skeleton
from utils.biomechanics.context import Context, activation_of
from utils.biomechanics.quantities.own import OF_OWN
from utils.guidance.missing_forces import own_squats_sentence
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.published_terms import printed_request
from utils.guidance.subject.own_motions import OwnMotions
from utils.guidance.subject.squat_profile import SquatProfile, squat_profiles
from utils.guidance.verification import SimulatedMotion, prediction_of
from utils.simulation.saturation import FULL


@dataclass(frozen=True)
class AskedOfOwn:
    """One of the requirements, and what the own squats do of it, in simulation.

    Attributes:
        title: what is asked, with its bounds.
        values: of each squat, left and right or one alone, in the unit of the title.
        met: whether each squat is what is asked.
        in_numbers: the constraint with the values of bounds that refer to own squats; empty where none do.
    """

    title: str
    values: tuple[tuple[float, ...], ...]
    met: tuple[bool, ...]
    in_numbers: str = ""


@dataclass(frozen=True)
class Baseline:
    """The own squats.

    Attributes:
        names: (A,) where each was recorded.
        motion: (A, T, 33), degrees and metres, at 60 Hz, on the floor, filtered as guided motions are.
        profiles: (A,) each in numbers.
        muscle: the muscle whose peaks are given, with or without its side.
        activations: (A, T, 80) that the surrogate predicts; None in runs of earlier versions.
        peaks: (A, 2) its peak activations, left and right, without the first and last 0.2 s; (A, 1) of one side.
        simulated: whether they were simulated; otherwise, the surrogate predicts them.
        on_two_feet: how many squats on two feet the session holds; None in runs of earlier versions.
        on_one_leg: how many squats on one leg, which are not described.
        left_out: files and repetitions of the session that could not be used, and why.
        asked: what is asked of the motions, and what the squats do of it already; empty where that is unknown.
        missing: what the squats need that nothing gives, see `own_squats_sentence`; empty where that is little.
    """

    names: tuple[str, ...]
    motion: Tensor
    profiles: tuple[SquatProfile, ...]
    muscle: str
    peaks: Tensor
    simulated: bool
    activations: Tensor | None = None
    on_two_feet: int | None = None
    on_one_leg: int = 0
    left_out: tuple[LeftOut, ...] = ()
    asked: tuple[AskedOfOwn, ...] = ()
    missing: str = ""

    @property
    def meeting(self) -> int | None:
        """How many of the squats meet all that is asked already; None where that is unknown."""
        return sum(map(all, zip(*(one.met for one in self.asked), strict=True))) if self.asked else None

    @property
    def doubts(self) -> list[str]:
        """What the model lacks for the squats, in sentences without a full stop; empty where that is little."""
        full = int((self.peaks.amax(1) >= FULL).sum()) if self.simulated else 0
        where = f"{self.muscle} is fully active in {full} of {len(self.names)} own squats"
        return [*filter(None, [f"{where}, for which the model may be too weak" if full else "", self.missing])]

    def range_of(self, term: Term) -> tuple[float, float] | None:
        """The least and the greatest value that the squats have of a requirement; None where that is unknown."""
        found = [
            value for one in self.asked if one.title == printed_request(term) for row in one.values for value in row
        ]
        return (min(found), max(found)) if found else None

    def record(self) -> dict[str, object]:
        """The baseline for programs: one entry for each squat, values with their units in the names."""
        return {
            "muscle": self.muscle,
            "simulated": self.simulated,
            "squats_on_two_feet": self.on_two_feet,
            "squats_on_one_leg": self.on_one_leg,
            "squats_that_meet_what_is_asked": self.meeting,
            **({"forces_that_nothing_gives": self.missing} if self.missing else {}),
            "left_out": [{"source": item.source, "reason": item.reason} for item in self.left_out],
            "squats": [
                {
                    "name": name,
                    "peak_activation": [round(float(peak), 4) for peak in peaks],
                    **({"asked": self._record_of_asked(number)} if self.asked else {}),
                    **{key: value and round(value, 4) for key, value in vars(profile).items()},
                }
                for number, (name, profile, peaks) in enumerate(zip(self.names, self.profiles, self.peaks, strict=True))
            ],
        }

    def _record_of_asked(self, number: int) -> dict[str, object]:
        return {
            one.title: {"value": [round(value, 6) for value in one.values[number]], "met": one.met[number]}
            for one in self.asked
        }


def baseline_of(
    own: OwnMotions,
    skeleton: Skeleton,
    muscle: str,
    activations: Tensor,
    simulations: Sequence[SimulatedMotion] | None,
    left_out: tuple[LeftOut, ...] = (),
) -> Baseline:
    """The baseline of own squats.

    Args:
        own: the squats.
        skeleton: the subject's, on their device.
        muscle: a muscle, with or without its side.
        activations: (A, T, 80) that the surrogate predicts.
        simulations: what the simulation finds; None where it is left out.
        left_out: what of the session could not be used.
    """
    found = None if simulations is None else prediction_of(simulations)
    drive = activations if found is None else found.activations
    peaks = activation_of(drive[:, FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES], muscle).amax(1).double().cpu()
    return Baseline(
        names=own.names,
        motion=own.placed.cpu(),
        profiles=squat_profiles(own.placed, skeleton, found),
        muscle=muscle,
        peaks=peaks,
        simulated=simulations is not None,
        activations=activations.cpu(),
        on_two_feet=own.on_two_feet,
        on_one_leg=own.on_one_leg,
        left_out=left_out,
        missing=own_squats_sentence([one.unexplained for one in simulations]) if simulations else "",
    )


@torch.no_grad()
def asked_of_own(terms: Sequence[Term], own: Context) -> tuple[AskedOfOwn, ...]:
    """What the own squats do of all that is required, apart from being whole; empty where it is about a change of them.

    Args:
        terms: what is asked.
        own: the squats, with what the simulation finds of them.
    """
    required = [term for term in terms if term.required and not term.of_a_whole_motion]
    if any(term.quantity in OF_OWN for term in required):
        return ()
    found = [(term, term.value(own)) for term in required]
    return tuple(
        AskedOfOwn(
            printed_request(term),
            tuple(tuple(row) for row in values.tolist()),
            tuple(term.holds(values).tolist()),
            _in_numbers(term) if term.own else "",
        )
        for term, values in found
    )


def _in_numbers(term: Term) -> str:
    """The line that asks for the same with the values of the bounds: `knee_flexion_l:max:above:75.26`."""
    bounds = dict.fromkeys(f"{bound:.4g}" for bound in (term.low, term.high) if bound is not None)
    quantity = [term.quantity, term.argument, term.statistic, term.muscle]
    tolerance = "" if term.tolerance is None else f"tolerance={term.tolerance:g}"
    return ":".join(filter(None, [*quantity, term.comparison, *bounds, tolerance]))


def baseline_sentence(baseline: Baseline) -> str:
    """What the person does now, in one sentence."""
    columns = {
        name: [getattr(profile, name) for profile in baseline.profiles] for name in SquatProfile.__dataclass_fields__
    }
    peaks = " and ".join(
        f"{side} {_range(column, 2)}"
        for side, column in zip(("left", "right"), baseline.peaks.T.tolist(), strict=False)
        if len(baseline.peaks.T) > 1
    ) or _range(baseline.peaks[:, 0].tolist(), 2)
    verb = "meets" if baseline.meeting == 1 else "meet"
    load = [share for share in columns["right_share"] if share is not None and math.isfinite(share)]
    return (
        f"now, in {_which(baseline)}: knees flexed {_range(columns['knee_deg'], 0)}°, hips "
        f"{_range([100 * depth for depth in columns['depth_m']], 0)} cm down, trunk {_range(columns['lean_deg'], 0)}° "
        f"forward, descent {_range(columns['descent_s'], 1)} s, ascent {_range(columns['ascent_s'], 1)} s, left knee "
        f"less right {_range(columns['knee_difference_deg'], 0)}°"
        + (f", {_range([100 * share for share in load], 0)} % of the load on the right foot" if load else "")
        + f"; peak {baseline.muscle} {peaks} ({'simulated' if baseline.simulated else 'predicted by the surrogate'})"
        + (f"; {baseline.meeting} of these squats {verb} what is asked already" if baseline.meeting else "")
        + "".join(f"; {doubt}" for doubt in baseline.doubts)
    )


def _which(baseline: Baseline) -> str:
    """Which of the session's squats are described."""
    count, found = len(baseline.profiles), baseline.on_two_feet or len(baseline.profiles)
    words = f"{count} own squat{'s' * (count != 1)}"
    if found > count:
        words = f"{count} of {found} own squats, chosen evenly over the recordings"
    if baseline.on_one_leg:
        words += f" ({baseline.on_one_leg} on one leg left out)"
    return words


def _range(values: Sequence[float], digits: int) -> str:
    least, greatest = (f"{round(value, digits) + 0.0:.{digits}f}" for value in (min(values), max(values)))
    return least if least == greatest else f"{least} to {greatest}"
