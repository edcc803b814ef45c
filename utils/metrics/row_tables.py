"""Tables of the rows of an evaluation: readable text, CSV, JSON, LaTeX and Markdown.

Published and extended metrics are in tables of their own. A cell is mean ± standard deviation over subjects, as in the
paper, or the value alone where there is no standard deviation.
"""

import logging
import math
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from dataset.io.atomic_write import atomic_write, write_json
from utils.metrics.catalogue import EXTENDED, METRICS, PARTS, PUBLISHED, Metric, metrics_of
from utils.metrics.metric_row import MetricRow, MetricValue
from utils.metrics.published_values import PUBLISHED_ROWS
from utils.runs.hold import LONGEST_WAIT_S, held

logger = logging.getLogger("bige")

_ABSENT = "–"


def format_cell(metric: Metric, value: MetricValue | tuple[float, float | None] | None) -> str:
    """A value with the metric's decimals: `6.48±4.46`, `1.736` without standard deviation, a dash without value.

    Args:
        metric: the metric.
        value: its value, or mean and standard deviation of a published row, or None.
    """
    if value is None:
        return _ABSENT
    mean, std = (value.mean, value.std) if isinstance(value, MetricValue) else value
    spread = "" if std is None or math.isnan(std) else f"±{std:.{metric.digits}f}"
    return f"{mean:.{metric.digits}f}{spread}"


def _format_with_interval(metric: Metric, value: MetricValue | None) -> str:
    if value is None:
        return _ABSENT
    interval = "" if math.isnan(value.low) else f" [{value.low:.{metric.digits}f}, {value.high:.{metric.digits}f}]"
    return f"{format_cell(metric, value)}{interval} n={value.n}"


def _format_of_row(metric: Metric, row: MetricRow) -> str:
    """The cell of a row, which says of how many subjects it is where these are not all: some have no contact."""
    value = row.metrics.get(metric.name)
    fewer = f" (n={value.n})" if value is not None and value.n != row.subjects else ""
    return format_cell(metric, value) + fewer


def _present_metrics(rows: Sequence[MetricRow], parts: Sequence[str], definition: str) -> list[Metric]:
    """The metrics of these parts that tables show and at least one row has."""
    metrics = metrics_of(tuple(parts), definition)
    return [metric for metric in metrics if metric.shown and any(metric.name in row.metrics for row in rows)]


def _rows_by_metric(rows: Sequence[MetricRow], metrics: Sequence[Metric], published: Sequence[str]) -> pd.DataFrame:
    """One line per row and one column per metric, as in the paper's tables; then the paper's rows of these names."""
    lines = [[*(_format_of_row(metric, row) for metric in metrics), str(row.subjects)] for row in rows]
    for name in published:
        values = PUBLISHED_ROWS[name]
        lines.append([*(format_cell(metric, values.get(metric.name)) for metric in metrics), ""])
    names = [*(row.name for row in rows), *(f"{name} (paper)" for name in published)]  # two may be the same
    return pd.DataFrame(lines, index=names, columns=[*(metric.heading for metric in metrics), "n"])


def _metrics_by_row(rows: Sequence[MetricRow], metrics: Sequence[Metric]) -> pd.DataFrame:
    """One line per metric and one column per row, with intervals."""
    cells = [[_format_with_interval(metric, row.metrics.get(metric.name)) for row in rows] for metric in metrics]
    return pd.DataFrame(cells, columns=[row.name for row in rows])


def readable_tables(rows: Sequence[MetricRow], parts: Sequence[str] = PARTS, published: str | None = None) -> str:
    """The tables and the notes as text for the terminal.

    Args:
        rows: rows of the tables.
        parts: the parts of the catalogue that are shown.
        published: name of the published row beside them, a key of `PUBLISHED_ROWS`, after the published reference.
    """
    counts = "; ".join(f"{row.name}: n = {row.subjects} subjects, {row.motions} motions" for row in rows)
    names = list(dict.fromkeys(["Reference", published] if published else ["Reference"]))
    table = _rows_by_metric(rows, _present_metrics(rows, parts, PUBLISHED), names)
    metrics = _present_metrics(rows, parts, EXTENDED)
    extended = _metrics_by_row(rows, metrics)
    extended.index = pd.Index([metric.title for metric in metrics])
    extended.insert(0, "unit", [metric.unit for metric in metrics], allow_duplicates=True)
    extended.insert(1, "", [metric.direction for metric in metrics], allow_duplicates=True)
    text = [
        f"Published definitions (mean±std over subjects; {counts})",
        table.to_string(),
        "",
        "Extended metrics (units kept apart, frames counted once; [95 % bootstrap interval over subjects], n subjects)",
        extended.to_string(),
    ]
    return "\n".join(text + [f"{row.name}: {note}" for row in rows for note in row.notes])


def markdown_tables(rows: Sequence[MetricRow], parts: Sequence[str] = PARTS, published: Sequence[str] = ()) -> str:
    """Two Markdown tables: published metrics, a line per row, and extended metrics with intervals, a line per metric.

    Args:
        rows: rows of the tables.
        parts: the parts of the catalogue that are shown.
        published: names of the published rows that the first table ends with.
    """
    text = []
    metrics = _present_metrics(rows, parts, PUBLISHED)
    if metrics:
        table = _rows_by_metric(rows, metrics, published)
        text += ["Published definition, mean±std over n subjects:", "", *_markdown_lines(table), ""]
    metrics = _present_metrics(rows, parts, EXTENDED)
    if metrics:
        table = _metrics_by_row(rows, metrics)
        table.index = pd.Index([metric.heading for metric in metrics])
        table.columns = pd.Index([f"{row.name} (n={row.subjects})" for row in rows])
        text += ["Extended metrics, mean±std over n subjects:", "", *_markdown_lines(table), ""]
    return "\n".join(text)


def _markdown_lines(table: pd.DataFrame) -> list[str]:
    head = ["", *map(str, table.columns)]
    body = [[str(name), *cells] for name, cells in zip(table.index, table.to_numpy(), strict=True)]
    return [_markdown_line(head), "|" + "---|" * len(head), *map(_markdown_line, body)]


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_escape_markdown(cell) for cell in cells) + " |"


def _escape_markdown(cell: str) -> str:
    return cell.replace("|", r"\|").replace("<", "&lt;")


def latex_tables(rows: Sequence[MetricRow], parts: Sequence[str] = PARTS, published: Sequence[str] = ()) -> str:
    r"""Two LaTeX tabulars: published metrics, a line per row, and extended metrics with intervals, a line per metric.

    Args:
        rows: rows of the tables.
        parts: the parts of the catalogue that are shown.
        published: names of the published rows that the first tabular ends with.
    """
    text = []
    metrics = _present_metrics(rows, parts, PUBLISHED)
    if metrics:
        table = _rows_by_metric(rows, metrics, published)
        text += [
            "% Published definitions: mean and standard deviation (divided by n - 1) over n subjects.",
            *(f"% {row.name}: {row.subjects} subjects, {row.motions} motions" for row in rows),
            *_latex_lines(table),
        ]
    metrics = _present_metrics(rows, parts, EXTENDED)
    if metrics:
        table = _metrics_by_row(rows, metrics)
        table.index = pd.Index([metric.heading for metric in metrics])
        text += ["% Extended metrics: the same, and 95 % bootstrap intervals over subjects.", *_latex_lines(table)]
    return "\n".join(text) + "\n"


def _latex_lines(table: pd.DataFrame) -> list[str]:
    head = " & ".join(["", *map(_escape_latex, table.columns)])
    body = [
        " & ".join([_escape_latex(name), *map(_latex_cell, cells)])
        for name, cells in zip(table.index, table.to_numpy(), strict=True)
    ]
    lines = [r"\hline", head + r" \\", r"\hline", *(line + r" \\" for line in body), r"\hline"]
    return [rf"\begin{{tabular}}{{l{'r' * table.shape[1]}}}", *lines, r"\end{tabular}"]


def _latex_cell(cell: str) -> str:
    """A cell with its numbers in mathematics, where a minus is one."""
    if cell == _ABSENT:
        return "--"
    return re.sub(r"-?\d[\d.]*(±\d[\d.]*)?", r"$\g<0>$", cell).replace("±", r" \pm ")


def _escape_latex(text: str) -> str:
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    text = re.sub(r"\^(\w)", r"$^\1$", text).replace("--", "-{}-")
    for character, command in {"↓": r"$\downarrow$", "↑": r"$\uparrow$", "→": r"$\rightarrow$"}.items():
        text = text.replace(character, command)
    return text.replace("±", r"$\pm$")


def comma_separated(rows: Sequence[MetricRow]) -> str:
    """CSV with one line per row and metric; unit and limits of the interval have columns of their own."""
    lines = [
        {
            "row": row.name,
            "definition": metric.definition,
            "metric": metric.name,
            "title": metric.title,
            "unit": metric.unit,
            "mean": value.mean,
            "std": value.std,
            "n_subjects": value.n,
            "ci95_low": value.low,
            "ci95_high": value.high,
            "n_motions": row.motions,
        }
        for row in rows
        for metric in METRICS.values()
        if (value := row.metrics.get(metric.name)) is not None
    ]
    return pd.DataFrame(lines).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def as_json(rows: Sequence[MetricRow]) -> list[dict[str, Any]]:
    """The rows as plain values for JSON: every metric with the values of all subjects, and null in place of NaN."""
    found = []
    for row in rows:
        content = asdict(row)
        metrics = content.pop("metrics")
        for definition, key in ((PUBLISHED, "published"), (EXTENDED, "extended")):
            content[key] = {
                name: {"title": metric.title, "unit": metric.unit, **metrics[name]}
                for name, metric in METRICS.items()
                if name in metrics and metric.definition == definition
            }
        found.append(_plain_values(content))
    return found


def _plain_values(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain_values(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain_values(value) for value in content]
    if isinstance(content, float):
        return float(f"{content:.6g}") if math.isfinite(content) else None
    return str(content) if isinstance(content, Path) else content


def hold_tables(folder: Path, name: str) -> AbstractContextManager[None]:
    """Hold the tables of a name while they are written, so that those of two processes do not mix; waits for another.

    Raises:
        InputError: another process holds them for a minute.
    """
    refusal = f"{folder / name}: another process is writing these tables; wait until it has ended"
    return held(folder / f".{name}.lock", refusal, wait_s=LONGEST_WAIT_S)


def write_tables(
    folder: Path, name: str, rows: Sequence[MetricRow], parts: Sequence[str] = PARTS, published: Sequence[str] = ()
) -> list[Path]:
    """Write `<folder>/<name>.csv`, `.json`, `.tex` and `.md`; tables of that name are replaced, which is logged.

    Args:
        folder: where the files go.
        name: their name.
        rows: rows of the tables.
        parts: the parts of the catalogue that the LaTeX and Markdown tables show.
        published: names of the published rows in them.

    Returns:
        The files.
    """
    texts = {
        "csv": comma_separated(rows),
        "tex": latex_tables(rows, parts, published),
        "md": markdown_tables(rows, parts, published),
    }
    paths = [folder / f"{name}.{suffix}" for suffix in (*texts, "json")]
    if any(path.exists() for path in paths):
        logger.info("replacing the tables %s in %s", name, folder)
    for path, text in zip(paths, texts.values(), strict=False):
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    write_json(paths[-1], as_json(rows))
    return paths
