"""The table of the people of a run: met or not, simulated, seconds, and why not, in CSV and HTML."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import jinja2

from dataset.io.atomic_write import atomic_write
from utils.people.person_outcome import MET, PersonOutcome

COLUMNS = (
    "person", "status", "met", "wanted", "simulated", "seconds",
    "least_change_deg", "least_change", "why_not", "doubts", "report",
)  # fmt: skip
_ASSETS = Path(__file__).parent / "assets"


def write_tables(outcomes: Sequence[PersonOutcome], table: Path, page: Path) -> None:
    """Write the table as CSV and as a page, with links to the reports relative to their folder.

    Args:
        outcomes: of the people, in the order of the table.
        table: the CSV file, in the run folder.
        page: the page, in the same folder.
    """
    folder = table.parent
    rows = [_row(outcome, folder) for outcome in outcomes]
    with atomic_write(table) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ASSETS), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    text = environment.get_template("people.html").render(
        title=folder.name, sentence=count_sentence(outcomes), rows=rows, met=MET
    )
    with atomic_write(page) as temporary:
        temporary.write_text(text, encoding="utf-8")


def count_sentence(outcomes: Sequence[PersonOutcome]) -> str:
    """How many people ended how."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    counted = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"{len(outcomes)} {'person' if len(outcomes) == 1 else 'people'}: {counted}"


def printed_table(outcomes: Sequence[PersonOutcome]) -> str:
    """The table for a terminal, one line each, and how many ended how."""
    return "\n".join([*(outcome.sentence for outcome in outcomes), count_sentence(outcomes)])


def _row(outcome: PersonOutcome, folder: Path) -> dict[str, object]:
    has_result = outcome.report is not None
    return {
        "person": outcome.session,
        "status": outcome.status,
        "met": outcome.accepted if has_result else "",
        "wanted": outcome.wanted if has_result else "",
        "simulated": ("yes" if outcome.simulated else "no") if has_result else "",
        "seconds": f"{outcome.seconds:.0f}" if has_result else "",
        "least_change_deg": "" if outcome.change_deg is None else f"{outcome.change_deg:.1f}",
        "least_change": outcome.change,
        "why_not": outcome.why,
        "doubts": outcome.doubts,
        "report": Path(os.path.relpath(outcome.report, folder)).as_posix() if outcome.report else "",
    }
