"""The table of constraints and wishes: what each one is, and how many samples meet it."""

from typing import Any

from utils.guidance.guidance_result import GuidanceResult
from utils.report.sample_tables import term_state
from utils.report.term_wording import minimised_wording, term_kind, term_title
from utils.report.vocabulary import definition, unit_symbol, with_minus_signs


def constraint_rows(result: GuidanceResult) -> list[dict[str, Any]]:
    """One row of texts per term: requirements first, and terms that are only to be small last."""
    order = sorted(enumerate(result.terms), key=lambda pair: (not pair[1].required, pair[1].comparison == "small"))
    rows = []
    for k, term in order:
        values = [value for sample in result.samples for value in sample.values[k].tolist()]
        met = sum(sample.met[k] for sample in result.samples)
        title, unit = term_title(term), "" if term.unit == "0-1" else unit_symbol(term.unit)
        is_minimised = term.comparison == "small"
        if is_minimised:
            title, unit, convert = minimised_wording(term)
            values = [convert(value) for value in values]
        rows.append(
            {
                "title": title,
                "definition": definition(term.quantity),
                "target": "as small as the rest allows" if is_minimised else with_minus_signs(term.bounds_text),
                "target_unit": "" if is_minimised else unit,
                "unit": unit,
                "tolerance": "" if is_minimised else f"{result.tolerance_of(term):g}",
                "kind": term_kind(term),
                "met": "" if is_minimised else f"{met} of {len(result.samples)}",
                "state": term_state(met == len(result.samples), term.required),
                "found": " to ".join(dict.fromkeys(_number(value) for value in (min(values), max(values)))),
            }
        )
    return rows


def _number(value: float) -> str:
    """The number with three significant digits, and no more than four after the point."""
    return with_minus_signs(f"{value:,.0f}" if abs(value) >= 1000 else f"{round(value, 4) + 0.0:.3g}")
