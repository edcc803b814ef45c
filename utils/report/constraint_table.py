"""The table of constraints and wishes: what each one is, and how many samples meet it."""

from typing import Any

from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.objective.constraints import Term
from utils.report.sample_tables import term_state
from utils.report.term_wording import minimised_wording, term_kind, term_title
from utils.report.vocabulary import definition, unit_symbol, with_minus_signs

_ASKED, _OF_EVERY_MOTION, _WISHED, _KEPT_SMALL = "Asked for", "Required of every motion", "Wished for", "Kept small"
_GROUPS = (_ASKED, _OF_EVERY_MOTION, _WISHED, _KEPT_SMALL)


def constraint_groups(result: GuidanceResult) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of `constraint_rows` under the titles of their groups; groups without rows are left out.

    Returns:
        The groups that are read first, and those that are read later: what is kept small, and what is required of
        every motion where all samples meet it.
    """
    rows = constraint_rows(result)
    first: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    for title in _GROUPS:
        of_group = [row for row in rows if row["group"] == title]
        as_usual = title == _OF_EVERY_MOTION and all(row["state"] == "met" for row in of_group)
        if of_group:
            (later if as_usual or title == _KEPT_SMALL else first).append({"title": title, "rows": of_group})
    return first, later


def constraint_rows(result: GuidanceResult) -> list[dict[str, Any]]:
    """One row of texts per term, by group."""
    rows = []
    for k, term in sorted(enumerate(result.terms), key=lambda pair: _GROUPS.index(_group(pair[1]))):
        values = [value for sample in result.samples for value in sample.values[k].tolist()]
        met = sum(sample.met[k] for sample in result.samples)
        title, unit = term_title(term), "" if term.unit == "0-1" else unit_symbol(term.unit)
        own = result.baseline.range_of(term) if result.baseline else None
        is_minimised = term.comparison == "small"
        if is_minimised:
            title, unit, convert = minimised_wording(term)
            values = [convert(value) for value in values]
        rows.append(
            {
                "title": title,
                "group": _group(term),
                "definition": definition(term.quantity),
                "target": "as small as the rest allows" if is_minimised else with_minus_signs(term.bounds_text),
                "target_unit": "" if is_minimised else unit,
                "unit": unit,
                "tolerance": "" if is_minimised else f"{result.tolerance_of(term):g}",
                "kind": term_kind(term),
                "met": "" if is_minimised else f"{met} of {len(result.samples)}",
                "state": term_state(met == len(result.samples), term.required),
                "found": _range(min(values), max(values)),
                "own": _range(*own) if own else "",
            }
        )
    return rows


def _group(term: Term) -> str:
    if not term.required:
        return _KEPT_SMALL if term.comparison == "small" else _WISHED
    return _OF_EVERY_MOTION if term.of_a_whole_motion else _ASKED


def _range(least: float, greatest: float) -> str:
    return " to ".join(dict.fromkeys(map(_number, (least, greatest))))


def _number(value: float) -> str:
    """The number with three significant digits, and no more than four after the point."""
    return with_minus_signs(f"{value:,.0f}" if abs(value) >= 1000 else f"{round(value, 4) + 0.0:.3g}")
