"""What stood in the way where too few motions meet what is asked, and what would have to be relaxed to what."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from typing import Any

from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.published_terms import printed_title


@dataclass(frozen=True)
class _Miss:
    """A requirement that a sample misses.

    Attributes:
        term: the requirement.
        values: the sample's, left and right or one.
        bound: the bound that would have to be relaxed, `at least` or `at most`.
        asked: its value as asked.
        relaxed: what it would have to be for the sample to meet it, three significant digits.
    """

    term: Term
    values: list[float]
    bound: str
    asked: float
    relaxed: float

    @property
    def sentence(self) -> str:
        unit = "" if self.term.unit == "0-1" else f" {self.term.unit}"
        values = "/".join(f"{round(value, 4) + 0.0:.3g}" for value in self.values)
        missed = f"{printed_title(self.term)} is {values}{unit} where {self.term.bounds_text} is asked"
        if self.relaxed in self.term.definition.limits:
            return f"{missed}; {self.bound} {self.asked:g}{unit} would have to be left out"
        return f"{missed}; it would have to be {self.bound} {self.relaxed:g}{unit} in place of {self.asked:g}"


def nearest_miss(result: GuidanceResult) -> dict[str, Any] | None:
    """The sample that comes nearest to what is asked, for programs; None where all that were wanted are accepted."""
    if result.accepted >= result.config.min_samples:
        return None
    j = _nearest(result)
    if j is None:
        return None
    return {
        "sample": j,
        "in_the_way": [
            {
                "name": miss.term.label,
                "value": [float(f"{value:.6g}") for value in miss.values],
                "asked": miss.term.bounds_text,
                "relaxed": f"{miss.bound} {miss.relaxed:g}",
            }
            for miss in _misses(result, j)
        ],
        "forces_that_nothing_gives": _unexplained(result, j),
    }


def nearest_miss_sentences(result: GuidanceResult) -> list[str]:
    """What stood in the way, for people; empty where all motions that were wanted are accepted."""
    if result.accepted >= result.config.min_samples:
        return []
    by = "in simulation" if result.verification else "as the surrogate predicts"
    lines = [f"{result.accepted} of {result.config.min_samples} motions meet what is asked {by}."]
    if result.interrupted:
        lines.append("The run was interrupted before its end, so that what follows may change where it goes on.")
    if result.repeated == 1:
        lines.append("1 more meets it and is the same answer as another.")
    elif result.repeated:
        lines.append(f"{result.repeated} more meet it and are the same answers as others.")
    j = _nearest(result)
    if j is None:
        return lines
    lines.append(f"Sample {j} comes nearest of those that miss it:")
    if misses := _misses(result, j):
        lines += [f"  {miss.sentence}." for miss in misses]
        lines.append("  That is what this one motion needs; a new run searches anew, so leave it a little more room.")
    if sentence := _unexplained(result, j):
        lines.append(f"  {sentence}; nobody can perform it.")
    if not result.samples[j].is_plausible:
        lines.append("  It is further from every recorded squat than --max-distance allows.")
    if most := _most_often(result):
        lines.append(f"In the way most often: {most}.")
    return lines


def _nearest(result: GuidanceResult) -> int | None:
    missing = [j for j, sample in enumerate(result.samples) if not sample.accepted]
    return min(missing, key=lambda j: result.samples[j].violation) if missing else None


def _misses(result: GuidanceResult, j: int) -> list[_Miss]:
    """The requirements that sample j misses, the one that is missed by most of its tolerances first."""
    sample, found = result.samples[j], []
    for k, term in enumerate(result.terms):
        if not term.required or sample.met[k]:
            continue
        values = sample.values[k].tolist()
        low, high = term.low, term.high
        over = max(values) - high if high is not None else float("-inf")
        under = low - min(values) if low is not None else float("-inf")
        if over >= under and high is not None:
            miss = _Miss(term, values, "at most", high, _rounded(max(values), ROUND_CEILING))
        else:
            assert low is not None
            miss = _Miss(term, values, "at least", low, _rounded(min(values), ROUND_FLOOR))
        found.append((max(over, under) / term.effective_tolerance, miss))
    return [miss for _, miss in sorted(found, key=lambda pair: -pair[0])]


def _rounded(value: float, rounding: str) -> float:
    """The value with three significant digits, rounded so that the sample itself lies inside such a bound."""
    return float(Context(prec=3, rounding=rounding).create_decimal(value))


def _unexplained(result: GuidanceResult, j: int) -> str:
    return result.verification.unexplained_sentences()[j] if result.verification else ""


def _most_often(result: GuidanceResult) -> str:
    """What most samples fail at, requirements or forces that nothing gives; empty where that is nothing."""
    samples = len(result.samples)
    counts = [
        (sum(not sample.met[k] for sample in result.samples), printed_title(term))
        for k, term in enumerate(result.terms)
        if term.required
    ]
    without_force = sum(bool(_unexplained(result, j)) for j in range(samples))
    most = max([without_force, *(count for count, _ in counts)])
    names = [name for count, name in counts if count == most > 0]
    parts = []
    if names:
        parts.append(f"{' and '.join(names)}, which {most} of {samples} motions{' each' * (len(names) > 1)} miss")
    if without_force == most > 0:
        parts.append(f"forces that nothing gives, which {most} of {samples} motions need")
    return "; ".join(parts)
