"""Tables of the samples: one row per sample, and columns with a title, a unit and cells that can be sorted."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.constants import g as GRAVITY_M_S2

from utils.guidance.guidance_config import BOTH, OWN
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.verification import NEAR
from utils.report.measure_display import SHOWN_MEASURES
from utils.report.term_wording import term_kind, term_title
from utils.report.vocabulary import unit_symbol, with_minus_signs

_VERDICT_CELLS = {"met": ("met", 2.0), "near": (f"within {NEAR:g}", 1.0), "missed": ("missed", 0.0)}
_DIGITS = {"deg": 1, "0-1": 2}  # after the decimal point, by unit
_OTHER_DIGITS = 3


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: its text.
        key: number by which it is sorted.
        state: `met`, `near`, `missed`, `off` (a wish that is not met), or empty.
    """

    text: str
    key: float
    state: str = ""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: its title.
        unit: unit of its numbers; empty for none.
        cells: one cell per sample.
        note: explanation that appears when the pointer rests on the title.
    """

    title: str
    unit: str
    cells: list[Cell]
    note: str = ""


def sample_columns(result: GuidanceResult) -> list[Column]:
    """For each sample whether it meets the requirements, its value for each constraint and wish, and its measures."""
    samples = result.samples
    met = [
        Cell("met" if sample.accepted else "missed", float(sample.accepted), term_state(sample.accepted))
        for sample in samples
    ]
    columns = [Column("All requirements", "", _verdict_cells(result) or met)]
    for k, term in sorted(enumerate(result.terms), key=lambda pair: not pair[1].required):
        if term.comparison == "small":
            continue
        digits = _DIGITS.get(term.unit, _OTHER_DIGITS)
        cells = [
            _cell(sample.values[k].tolist(), 1, digits, term_state(sample.met[k], term.required)) for sample in samples
        ]
        title = with_minus_signs(f"{term_title(term)}: {term.bounds_text} ({term_kind(term)})")
        columns.append(Column(title, unit_symbol(term.unit), cells))
    for shown in SHOWN_MEASURES:
        if shown.name in result.measures:
            rows = result.measures[shown.name].values.tolist()
            cells = [_cell(values, shown.factor, shown.digits) for values in rows]
            columns.append(Column(shown.title, shown.unit, cells, shown.note))
    if result.between_subject_distance:
        cells = [_cell([sample.proximity / result.between_subject_distance], 1, 2) for sample in samples]
        columns.append(Column(proximity_title(result), "between-subject distances", cells))
    return columns


def simulation_columns(result: GuidanceResult) -> list[Column]:
    """For each sample the findings of the simulation; empty where it was not run."""
    found = result.verification
    if found is None:
        return []
    error = (found.simulated - found.predicted).abs().amax(1, keepdim=True).tolist()
    load = found.right_foot_share[:, None].tolist()
    residual = (found.residual_n / (GRAVITY_M_S2 * result.mass_kg))[:, None].tolist()
    reserves = [Cell(f"{rms:.1f} ({name})", rms, "") for name, rms in found.largest_reserves()]
    return [
        Column("Predicted peak, left / right", "0–1", _cells(found.predicted.tolist(), 1, 2)),
        Column("Simulated peak, left / right", "0–1", _cells(found.simulated.tolist(), 1, 2)),
        Column("Error of the prediction, worse side", "0–1", _cells(error, 1, 2)),
        Column("Load on the right foot", "% of vertical force", _cells(load, 100, 0)),
        Column("Residual force", "% of body weight", _cells(residual, 100, 1)),
        *([Column("Largest reserve", "N m", reserves)] if reserves else []),
    ]


def proximity_title(result: GuidanceResult) -> str:
    """The title of `proximity`, which is also that to own squats where guidance starts from these."""
    return f"Distance from training {'and own ' if result.config.start in (OWN, BOTH) else ''}motions"


def term_state(met: bool, required: bool = True) -> str:
    """State of a cell: `met`, `missed`, or `off` for a wish that is not met."""
    return "met" if met else "missed" if required else "off"


def _verdict_cells(result: GuidanceResult) -> list[Cell]:
    return [Cell(*_VERDICT_CELLS[verdict], verdict) for verdict in result.simulation_verdicts()]


def _cells(rows: Sequence[Sequence[float]], factor: float, digits: int) -> list[Cell]:
    return [_cell(values, factor, digits) for values in rows]


def _cell(values: Sequence[float], factor: float, digits: int, state: str = "") -> Cell:
    """Left and right with a slash between them; sorted by the larger one."""
    texts = [f"{factor * value:.{digits}f}" for value in values]
    texts = [text.lstrip("-") if float(text) == 0 else text for text in texts]
    return Cell(with_minus_signs(" / ".join(texts)), max(factor * value for value in values), state)
