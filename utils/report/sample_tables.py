"""The tables of a report: what each sample was asked and does, as columns with a title, a unit and cells to sort by."""

from collections.abc import Sequence
from dataclasses import dataclass

from utils.guidance.objective.constraints import Term
from utils.report.words import minus, muscle_name, plain, quantity_title, small_shown, statistic_words, unit

_NEAR = 0.05  # of activation, what the simulation counts as near the range

# Of the measures in summary.json, those a clinician looks at: quantity, statistic, title, shown unit, factor, digits
MEASURES = (
    ("knee_flexion", "max", "Knee flexion, deepest", "°", 1, 0),
    ("trunk_lean", "max", "Trunk lean, most", "°", 1, 0),
    ("pelvis_drop", "max", "Depth of the pelvis", "cm", 100, 0),
    ("asymmetry", "rms", "Left–right difference", "°", 1, 1),
    ("knee_valgus", "max", "Knee inwards, most", "mm", 1000, 0),
    ("angular_speed", "rms", "Speed of the joints", "°/s", 1, 0),
    ("foot_drift", "max", "Drift of the feet, most", "mm", 1000, 0),
    ("foot_lift", "max", "Lift of the feet, most", "mm", 1000, 0),
)


@dataclass(frozen=True)
class Cell:
    """What a cell says, what it is sorted by, and its state: met, near, missed, off (of a wish) or nothing."""

    text: str
    key: float
    state: str = ""


@dataclass(frozen=True)
class Column:
    """A column: title, unit, one cell a sample, and what hovering or a screen reader adds to the title."""

    title: str
    unit: str
    cells: list[Cell]
    note: str = ""


def sample_columns(summary: dict, terms: dict[str, Term]) -> list[Column]:
    """For each sample: whether it met what was required, each constraint and wish, and how it moves."""
    samples = summary["samples"]
    columns = [
        Column("Met what was required", "", [
            Cell("met" if sample["accepted"] else "missed", float(sample["accepted"]), _state(sample["accepted"]))
            for sample in samples
        ])
    ]  # fmt: skip
    if all("simulated" in sample for sample in samples):
        columns.append(Column("Simulated in range", "", [_verdict(sample["simulated"]) for sample in samples]))
    for asked in sorted(summary["asked"], key=lambda asked: not asked["required"]):
        if asked["asked"] != "small":
            kind = "required" if asked["required"] else "wish"
            answers = [sample["terms"][asked["name"]] for sample in samples]
            columns.append(
                Column(
                    minus(f"{term_title(asked, terms)}: {asked['asked']} ({kind})"),
                    unit(asked["unit"]),
                    [
                        _cell(answer["value"], 1, _digits(asked["unit"]), _state(answer["met"], asked["required"]))
                        for answer in answers
                    ],
                )
            )
    for quantity, statistic, title, shown, factor, digits in MEASURES:
        name = f"{quantity}_{statistic}"
        if all(name in sample["measures"] for sample in samples):
            values = [sample["measures"][name]["value"] for sample in samples]
            note = f"{plain(quantity)} Here: {statistic_words(statistic)}."
            columns.append(Column(title, shown, [_cell(value, factor, digits) for value in values], note))
    if all(sample.get("proximity_of_people") is not None for sample in samples):
        cells = [_cell([sample["proximity_of_people"]], 1, 2) for sample in samples]
        columns.append(Column("Distance from known motion", "1: between two people", cells))
    return columns


def simulated_columns(summary: dict) -> list[Column]:
    """For each sample what the simulation finds of it; empty where it was not run."""
    samples = summary["samples"]
    if not all("simulated" in sample for sample in samples):
        return []
    rows = [sample["simulated"] for sample in samples]
    miss = [max(abs(a - b) for a, b in zip(row["peak_simulated"], row["peak_predicted"], strict=True)) for row in rows]
    weight_n = 9.80665 * summary.get("mass_kg", 0)
    columns = [
        Column("Simulated in the range", "", [_verdict(row) for row in rows]),
        Column("Promised peak, left / right", "0–1", [_cell(row["peak_predicted"], 1, 2) for row in rows]),
        Column("Simulated peak, left / right", "0–1", [_cell(row["peak_simulated"], 1, 2) for row in rows]),
        Column("Promise off by, worse side", "0–1", [_cell([value], 1, 2) for value in miss]),
        Column("Share of the right foot", "% of load", [_cell([row["right_foot_share"]], 100, 0) for row in rows]),
    ]
    residuals = [row["residual_force_n"] for row in rows]
    if weight_n:
        shares = [_cell([residual / weight_n], 100, 1) for residual in residuals]
        return [*columns, Column("Unexplained force", "% of body weight", shares)]
    return [*columns, Column("Unexplained force", "N", [_cell([residual], 1, 1) for residual in residuals])]


def verdict_of(sample: dict) -> str:
    """What the simulation says of a sample: `met`, `near` (within 0.05 of the range), `missed`, or nothing."""
    row = sample.get("simulated")
    if not row:
        return ""
    return "met" if row["within_range"] else "near" if row["within_range_and_0.05"] else "missed"


def asked_rows(summary: dict, terms: dict[str, Term]) -> list[dict]:
    """What was asked, required first: a dict of texts a row."""
    rows = []
    samples = summary["samples"]
    for asked in sorted(summary["asked"], key=lambda asked: (not asked["required"], asked["asked"] == "small")):
        answers = [sample["terms"][asked["name"]] for sample in samples]
        values = [value for answer in answers for value in answer["value"]]
        small = asked["asked"] == "small"
        term = terms.get(asked["name"])
        title, shown = term_title(asked, terms), unit(asked["unit"])
        if small and term:
            statistic, shown, convert = small_shown(term)
            title, values = f"{quantity_title(term.quantity, term.argument)}, {statistic}", list(map(convert, values))
        met = sum(answer["met"] for answer in answers)
        rows.append({
            "title": title,
            "means": plain(term.quantity) if term else "",
            "asked": "as small as the rest allows" if small else minus(asked["asked"]),
            "aim_unit": "" if small else shown,
            "unit": shown,
            "tolerance": f"{asked['tolerance']:g}" if asked["tolerance"] else "",
            "kind": "required" if asked["required"] else "wish",
            "met": "" if small else f"{met} of {len(samples)}",
            "state": _state(met == len(samples), asked["required"]),
            "found": f"{_number(min(values))} to {_number(max(values))}",
        })  # fmt: skip
    return rows


def term_title(asked: dict, terms: dict[str, Term]) -> str:
    """A constraint's title in words, or its own label where the run does not say what it was."""
    term = terms.get(asked["name"])
    if term is None:
        return asked["name"]
    statistic = statistic_words(term.statistic, term.muscle)
    if term.quantity == "activation" and term.statistic == "max":
        return f"Peak activation of {muscle_name(term.argument)}"
    return f"{quantity_title(term.quantity, term.argument)}, {statistic}"


def glossary() -> list[tuple[str, str, str]]:
    """(title, unit, definition) of each measure in the samples' table."""
    return [(title, shown, plain(quantity)) for quantity, _, title, shown, _, _ in MEASURES]


def _verdict(row: dict) -> Cell:
    if row["within_range"]:
        return Cell("in range", 2.0, "met")
    return Cell(f"within {_NEAR:g}", 1.0, "near") if row["within_range_and_0.05"] else Cell("out", 0.0, "missed")


def _cell(values: Sequence[float], factor: float, digits: int, state: str = "") -> Cell:
    """Left and right apart by a slash; sorted by the larger."""
    shown = [f"{factor * value:.{digits}f}" for value in values]
    shown = [text.lstrip("-") if float(text) == 0 else text for text in shown]
    return Cell(" / ".join(shown).replace("-", "−"), max(factor * value for value in values), state)


def _digits(unit_text: str) -> int:
    return {"deg": 1, "0-1": 2}.get(unit_text, 3)


def _state(met: bool, required: bool = True) -> str:
    return "met" if met else "missed" if required else "off"


def _number(value: float) -> str:
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "−")
