"""Build the page of a guidance run from its result and the template."""

import json
import logging
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.conventions import MUSCLE_INDEX, without_side
from utils.guidance.baseline import baseline_sentence
from utils.guidance.change_description import DISTINCT_DEG
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.objective.constraints import WHOLE_COLUMN, loss_columns
from utils.guidance.verification import NEAR
from utils.report import sentences
from utils.report.charts import history_chart, peak_chart
from utils.report.comparison_squats import make_reference
from utils.report.constraint_table import constraint_groups
from utils.report.page_data import page_data
from utils.report.provenance import provenance_rows, run_command, setting_rows
from utils.report.reliability import reliability_rows
from utils.report.sample_tables import proximity_title, sample_columns, simulation_columns
from utils.report.skeleton_figure import SkeletonFigure
from utils.report.term_wording import term_title
from utils.report.vocabulary import muscle_name

logger = logging.getLogger("bige")

REPORT_NAME = "report.html"
_MOST_LISTED = 500  # samples
_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("decoding.js", "drawing.js", "tables.js", "player.js", "curves.js", "main.js")  # each uses those before it
_HISTORY_TITLES = {
    "met": "Samples of the batch that meet all requirements",
    "objective": "Objective",
}


def write_report(result: GuidanceResult, path: Path) -> Path:
    """Write the page of a run.

    Args:
        result: the run. Without a session, the page shows curves and tables but no 3-D player.
        path: the page.

    Returns:
        `path`.
    """
    page = build_page(result)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def build_page(result: GuidanceResult) -> str:
    """The page of a run as HTML, with its data, style and scripts.

    It stays below 8 MB: of very many samples, the tables list the first `_MOST_LISTED`, and the player has as many of
    these as there is room for. What is said of all samples is said of all.
    """
    figure, missing = _load_figure(result.session)
    reference = make_reference(result.own_squats, result.baseline.names if result.baseline else ())
    listed = result.take(range(min(_MOST_LISTED, len(result.samples))))
    asked, as_usual = constraint_groups(result)
    data = page_data(listed, reference, figure)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ASSETS), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html").render(
        session=result.session_id,
        made=f"{result.made.day} {result.made:%B %Y, %H:%M} UTC",
        style=Markup((_ASSETS / "style.css").read_text(encoding="utf-8")),
        script=_script(),
        data=_as_json(data),
        count=len(result.samples),
        shown=sum(motion["kind"] == "sample" for motion in data["motions"]),
        summary=sentences.summarise(result),
        asked=asked,
        as_usual=as_usual,
        warnings=result.warnings,
        baseline=result.baseline and baseline_sentence(result.baseline),
        changes=listed.changes,
        own_names=result.baseline and result.baseline.names,
        distinct_deg=f"{DISTINCT_DEG:g}",
        near=f"{NEAR:g}",
        files=listed.file_names,
        missing_figure=missing,
        gauge_title=_gauge_title(data["ranges"]),
        is_simulated=result.verification is not None,
        reference_sentences=sentences.reference_sentences(reference),
        repetitions=result.config.repetitions,
        sample_columns=sample_columns(listed),
        simulation_columns=simulation_columns(listed),
        simulation_paragraph=sentences.simulation_paragraph(result),
        peak_chart=_peak_chart(listed),
        reliability=reliability_rows(result, reference),
        history=_history_charts(result),
        history_paragraph=sentences.history_paragraph(result.config),
        command=run_command(result),
        provenance=provenance_rows(result, has_figure=figure is not None),
        settings=setting_rows(result.config),
    )


def _load_figure(session: Session | None) -> tuple[SkeletonFigure | None, str]:
    """The subject's figure; without a model that can be read, None and a sentence that says why."""
    if session is None:
        reason = "the session of this subject was not found"
    else:
        try:
            return SkeletonFigure(load_skeleton(session.model_path)), ""
        except InputError as error:
            logger.warning("%s", error)
            reason = "the session holds no skeleton model that can be read"
    return None, (
        f"The 3-D player is left out, because {reason}. Curves and tables are complete. "
        "To add the player, name the session's folder with report.py --subject."
    )


def _script() -> Markup:
    """All scripts as one function, so that they leave no global names."""
    parts = [(_ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    return Markup('(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n")


def _as_json(content: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element that holds it."""
    return Markup(json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))


def _gauge_title(ranges: list[dict[str, Any]]) -> str:
    """Title of the gauges of the first muscle whose activation has to be in a range; empty where none has to be."""
    muscles = (one["panel"] for one in ranges if one["required"] and one["panel"] in MUSCLE_INDEX)
    muscle = next(muscles, None)
    return f"{muscle_name(without_side(muscle))}, predicted" if muscle else ""


def _peak_chart(result: GuidanceResult) -> Markup:
    found, config = result.verification, result.config
    if found is None:
        return Markup("")
    peaks = found.predicted.numpy(), found.simulated.numpy()
    return peak_chart(*peaks, result.activation_range, muscle_name(without_side(config.muscle)))


def _history_charts(result: GuidanceResult) -> list[tuple[str, Markup]]:
    """A title and a chart for each figure of the optimisation; empty where the run has no history."""
    history = result.history
    if not len(history):
        return []
    columns = zip(loss_columns(result.terms), result.terms, strict=True)
    titles = _HISTORY_TITLES | {"proximity": proximity_title(result)}
    titles |= {column: f"Loss: {term_title(term)}" for column, term in columns}
    if any(term.of_a_whole_motion for term in result.terms):
        titles[WHOLE_COLUMN] = "Loss: what is required of every motion, that it is whole"
    iteration, batch = history["iteration"].to_numpy(), history["batch"].to_numpy()
    return [
        (title, history_chart(title, iteration, batch, history[name].to_numpy(dtype=float)))
        for name, title in titles.items()
        if name in history
    ]
