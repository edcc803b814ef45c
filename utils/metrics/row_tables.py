"""Rows of an evaluation as a readable table, CSV, JSON, LaTeX and Markdown; published and sounder figures apart.

A figure is mean ± standard deviation over subjects, as in the paper; where there is no spread, the value alone.
"""

import csv
import io
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from dataset.io.atomic_write import atomic_write, write_json
from utils.metrics.catalogue import METRICS, PARTS, PUBLISHED, SOUNDER, Metric, metrics_of
from utils.metrics.evaluation import Figure, Row
from utils.metrics.paper import PAPER

logger = logging.getLogger("bige")

_ABSENT = "–"
_COLUMNS = (
    "row", "definition", "metric", "title", "unit", "mean", "std", "n_subjects", "ci95_low", "ci95_high", "n_motions",
)  # fmt: skip


def cell(metric: Metric, figure: Figure | tuple[float, float | None] | None) -> str:
    """`6.48±4.46`, `1.736` where there is no spread, or a dash where there is no figure."""
    if figure is None:
        return _ABSENT
    mean, std = (figure.mean, figure.std) if isinstance(figure, Figure) else figure
    spread = "" if std is None or math.isnan(std) else f"±{std:.{metric.digits}f}"
    return f"{mean:.{metric.digits}f}{spread}"


def readable(rows: Sequence[Row], parts: Sequence[str] = PARTS, paper: str | None = None) -> str:
    """The tables for a person to read. paper: the name of the paper's row to set beside (see `paper.PAPER`)."""
    text = [f"Published definitions (mean±std over subjects; {_counts(rows)})", _published_table(rows, parts, paper)]
    text += [
        "",
        "Sounder figures (units not mixed, each frame once; [95 % bootstrap interval over subjects], n subjects)",
    ]
    lines = [["", "unit", "", *(row.name for row in rows)]]
    for metric in _present(rows, parts, SOUNDER):
        cells = (_with_interval(metric, row.figures.get(metric.name)) for row in rows)
        lines.append([metric.title, metric.unit, metric.good, *cells])
    text.append(_aligned(lines))
    for row in rows:
        text += [f"{row.name}: {note}" for note in row.notes]
    return "\n".join(text)


def _counts(rows: Sequence[Row]) -> str:
    return "; ".join(f"{row.name}: n = {row.subjects} subjects, {row.motions} motions" for row in rows)


def _published_table(rows: Sequence[Row], parts: Sequence[str], paper: str | None) -> str:
    metrics = _present(rows, parts, PUBLISHED)
    lines = [["", *(metric.heading for metric in metrics), "n"]]
    for row in rows:
        lines.append([row.name, *(cell(metric, row.figures.get(metric.name)) for metric in metrics), str(row.subjects)])
    for name in dict.fromkeys(["Reference", paper] if paper else ["Reference"]):
        lines.append([f"{name} (paper)", *(cell(metric, PAPER[name].get(metric.name)) for metric in metrics), ""])
    return _aligned(lines)


def _present(rows: Sequence[Row], parts: Sequence[str], definition: str) -> list[Metric]:
    """Metrics of these parts that tables show and some row has."""
    return [m for m in metrics_of(tuple(parts), definition) if m.shown and any(m.name in row.figures for row in rows)]


def _with_interval(metric: Metric, figure: Figure | None) -> str:
    if figure is None:
        return _ABSENT
    interval = "" if math.isnan(figure.low) else f" [{figure.low:.{metric.digits}f}, {figure.high:.{metric.digits}f}]"
    return f"{cell(metric, figure)}{interval} n={figure.n}"


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    )


def markdown(rows: Sequence[Row], parts: Sequence[str] = PARTS, paper: Sequence[str] = ()) -> str:
    """Two Markdown tables: the paper's columns under its definitions, with the rows of `paper` as the paper has them;
    then the sounder figures.
    """
    text = []
    for definition in (PUBLISHED, SOUNDER):
        metrics = _present(rows, parts, definition)
        if not metrics:
            continue
        text += [f"{definition[0].upper()}{definition[1:]}, mean±std over n subjects:", ""]
        if definition == PUBLISHED:
            lines = [["", *(metric.heading for metric in metrics), "n"]]
            lines += [
                [row.name, *(cell(metric, row.figures.get(metric.name)) for metric in metrics), str(row.subjects)]
                for row in rows
            ]
            lines += [[f"{name} (paper)", *(cell(m, PAPER[name].get(m.name)) for m in metrics), ""] for name in paper]
        else:
            lines = [["", *(f"{row.name} (n={row.subjects})" for row in rows)]]
            lines += [[m.heading, *(_with_interval(m, row.figures.get(m.name)) for row in rows)] for m in metrics]
        head, *body = ["| " + " | ".join(line) + " |" for line in lines]
        text += [head, "|" + "---|" * len(lines[0]), *body, ""]
    return "\n".join(text)


def latex(rows: Sequence[Row], parts: Sequence[str] = PARTS, paper: Sequence[str] = ()) -> str:
    """Rows of a LaTeX tabular in the paper's columns, `name & $6.48 \\pm 4.46$ & ...`; a comment heads each block."""
    text = []
    for definition in (PUBLISHED, SOUNDER):
        metrics = _present(rows, parts, definition)
        if not metrics:
            continue
        text.append(f"% {definition}: " + " & ".join(["", *(_escaped(metric.heading) for metric in metrics), "n"]))
        text += [
            " & ".join(
                [
                    _escaped(row.name),
                    *(_math(cell(metric, row.figures.get(metric.name))) for metric in metrics),
                    str(row.subjects),
                ]
            )
            + r" \\"
            for row in rows
        ]
        if definition == PUBLISHED:
            text += [
                " & ".join(
                    [f"{_escaped(name)} (paper)", *(_math(cell(m, PAPER[name].get(m.name))) for m in metrics), ""]
                )
                + r" \\"
                for name in paper
            ]
    return "\n".join(text) + "\n"


def _math(text: str) -> str:
    return "--" if text == _ABSENT else "$" + text.replace("±", r" \pm ") + "$"


def _escaped(text: str) -> str:
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    for character, command in {"^": r"\^{}", "↓": r"$\downarrow$", "↑": r"$\uparrow$", "→": r"$\rightarrow$"}.items():
        text = text.replace(character, command)
    return text.replace("±", r"$\pm$")


def comma_separated(rows: Sequence[Row]) -> str:
    """One line a row and figure, units and intervals in columns of their own."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        for metric in METRICS.values():
            if metric.name in row.figures:
                f = row.figures[metric.name]
                numbers = [_number(value) for value in (f.mean, f.std, f.n, f.low, f.high)]
                head = [row.name, metric.definition, metric.name, metric.title, metric.unit]
                writer.writerow([*head, *numbers, row.motions])
    return file.getvalue()


def as_json(rows: Sequence[Row]) -> list[dict]:
    """The rows with every figure, each subject's values and what was said, fit for JSON (no NaN: null)."""
    found = []
    for row in rows:
        content = asdict(row)
        figures = {name: content["figures"][name] for name in METRICS if name in content["figures"]}
        del content["figures"]
        for definition, key in ((PUBLISHED, "published"), (SOUNDER, "sounder")):
            content[key] = {
                name: {"title": METRICS[name].title, "unit": METRICS[name].unit, **figure}
                for name, figure in figures.items()
                if METRICS[name].definition == definition
            }
        found.append(_without_nan(content))
    return found


def _without_nan(content):
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_without_nan(value) for value in content]
    if isinstance(content, float):
        return float(f"{content:.6g}") if math.isfinite(content) else None
    return str(content) if isinstance(content, Path) else content


def _number(value: float) -> str:
    return "" if isinstance(value, float) and math.isnan(value) else f"{value:.6g}"


def write_tables(
    folder: Path, name: str, rows: Sequence[Row], parts: Sequence[str] = PARTS, paper: Sequence[str] = ()
) -> list[Path]:
    """Write <folder>/<name>.csv, .json, .tex and .md; a table of that name is replaced, which is said."""
    texts = {
        "csv": comma_separated(rows),
        "tex": latex(rows, parts, paper),
        "md": markdown(rows, parts, paper),
    }
    paths = [folder / f"{name}.{suffix}" for suffix in (*texts, "json")]
    if any(path.exists() for path in paths):
        logger.info("replacing the tables %s in %s", name, folder)
    for path, text in zip(paths, texts.values(), strict=False):
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    write_json(paths[-1], as_json(rows))
    return paths
