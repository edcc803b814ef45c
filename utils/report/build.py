"""Put a report together: read the run, make the figures, fill the template."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.mot import Motion
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATES, FRAME_RATE_HZ, MUSCLES, TRANSLATION_INDICES, TRANSLATIONS
from models.muscles.simulation_settings import FILTER_MARGIN_S
from utils.report import charts, encoding, words
from utils.report import sample_tables as tables
from utils.report.figure import Figure
from utils.report.phases import Squat, find_squat
from utils.report.reference import Band, Reference, reference_of
from utils.report.run_files import SIMULATED_NAME, RunFiles, read_run
from utils.report.trust import trust_rows
from utils.runs.record import versions

logger = logging.getLogger("bige")

REPORT_NAME = "report.html"
_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("data.js", "figure.js", "tables.js", "player.js", "curves.js", "main.js")  # in the order they build on
_HISTORY = {"met": "Samples of the batch that meet what is required", "objective": "Objective",
            "proximity": "Distance to the nearest training latent"}  # fmt: skip


def write_report(folder: Path, session: Session | None, verification=None, out: Path | None = None) -> Path:
    """Write the report of one session's folder of a run, and answer where.

    session: of the person; None where it cannot be found, and the page then shows curves without a figure.
    verification: the Verification of the motions just made, kept beside them so that later reports know it too.
    out: the page's path, by default `report.html` in `folder`. Raises InputError as `read_run` does.
    """
    if verification is not None:
        with atomic_write(folder / SIMULATED_NAME) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, activations=verification.activations.numpy().astype(np.float16))
    run = read_run(folder)
    path = out or folder / REPORT_NAME
    page = build_page(run, session)
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def build_page(run: RunFiles, session: Session | None) -> str:
    """The whole page of a run, for a person whose session may be unknown."""
    figure, missing = _figure(session)
    reference = reference_of(session, _predictor(run, session) if figure else None)
    terms = words.terms_of(run.arguments)
    summary, arguments = run.summary, run.arguments
    muscle = words.muscle_name(arguments.get("muscle"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ASSETS), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    simulated = tables.simulated_columns(summary)
    return environment.get_template("page.html").render(
        session=summary["session"],
        made=f"{run.made.day} {run.made:%B %Y, %H:%M} UTC",
        style=Markup((_ASSETS / "style.css").read_text(encoding="utf-8")),
        script=_script(),
        data=_json(_data(run, reference, figure, terms)),
        answer=_answer(summary, arguments, muscle),
        asked=tables.asked_rows(summary, terms),
        count=len(summary["samples"]),
        files=[sample["file"] for sample in summary["samples"]],
        missing_figure=missing,
        gauge_title=f"{muscle}, promised" if _gauge(terms) else "",
        has_simulated=run.simulated is not None,
        reference_lines=_reference_lines(reference),
        sample_columns=tables.sample_columns(summary, terms),
        simulated_columns=simulated,
        simulated_words=_simulated_words(summary, arguments, muscle) if simulated else "",
        scatter=_scatter(summary, arguments, muscle) if simulated else "",
        trust=trust_rows(run, reference, muscle),
        history=_history(run, terms),
        history_words=_history_words(run),
        command=f"python {arguments['_command']}" if "_command" in arguments else "not recorded (an older run)",
        provenance=_provenance(run, session),
        settings=[(name, _setting(value)) for name, value in sorted(arguments.items()) if not name.startswith("_")],
    )


def _figure(session: Session | None) -> tuple[Figure | None, str]:
    """The person's figure, or None and the sentence that says why."""
    if session is None:
        reason = "the session of this person was not found"
    else:
        try:
            return Figure(load_skeleton(session.model_path)), ""
        except InputError as error:
            logger.warning("%s", error)
            reason = "the session holds no skeleton model that can be read"
    sentence = f"The 3-D player is left out: {reason}. Curves and tables are complete."
    return None, f"{sentence} report.py --subject names the session's folder."


def _predictor(run: RunFiles, session: Session):
    """The run's surrogate for a person's own squats (N, T, 33) -> (N, T, 80), loaded only when it is asked."""

    def predict(motion):
        import torch

        from utils.guidance.subject.frozen_models import load_models
        from utils.guidance.subject.postprocessing import low_pass

        names = (run.arguments.get(key) for key in ("vq_name", "surrogate_name"))
        models = load_models(*names, session, torch.device("cpu"), run.arguments.get("smooth_hz", 6.0))
        with torch.no_grad():
            return models.describe_motion(low_pass(motion, models.smooth_hz)).activations

    return predict


def _script() -> Markup:
    parts = [(_ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    return Markup('(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n")


def _json(content: dict) -> Markup:
    """JSON that cannot end the script element it stands in."""
    return Markup(json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))


def _data(run: RunFiles, reference: Reference, figure: Figure | None, terms: dict) -> dict:
    """What the page's scripts read; see assets/data.js."""
    steps = [encoding.METRE_STEP_M if name in TRANSLATIONS else encoding.ANGLE_STEP_DEG for name in COORDINATES]
    return {
        "rate": FRAME_RATE_HZ,
        "endFrames": round(FILTER_MARGIN_S * FRAME_RATE_HZ),
        "activationSteps": encoding.ACTIVATION_STEPS,
        "coordinates": [{"name": n, "step": step} for n, step in zip(COORDINATES, steps, strict=True)],
        "muscles": list(MUSCLES),
        "figure": figure and {"points": len(figure.names), "shapes": figure.shapes(), "soles": figure.soles()},
        "motions": [*_samples(run, figure), *_own(reference, figure)],
        "reference": {"coordinates": _band(reference.coordinates), "activations": _band(reference.activations)},
        "ranges": words.ranges_of(list(terms.values())),
        "coordinatePanels": [
            {"group": group, "title": title, "columns": columns, "positive": positive,
             "unit": "m" if columns[0] in TRANSLATIONS else "°"}
            for group, title, columns, positive in words.COORDINATE_PANELS
        ],
        "musclePanels": _muscle_panels(run.arguments.get("muscle")),
    }  # fmt: skip


def _samples(run: RunFiles, figure: Figure | None) -> list[dict]:
    made = []
    for j, (sample, motion) in enumerate(zip(run.summary["samples"], run.motions, strict=True)):
        squat = _first_squat(motion)
        note = "" if squat.whole else " It does not stand upright again within the motion."
        made.append({
            "kind": "sample",
            "number": j + 1,
            "label": f"sample {j + 1}",
            "met": bool(sample["accepted"]),
            "verdict": tables.verdict_of(sample),
            "note": _note(sample) + note,
            **_landmarks(squat),
            **_encoded(motion.coordinates, motion.activations, figure),
            "simulated": None if run.simulated is None else encoding.activations(run.simulated[j]),
        })  # fmt: skip
    return made


def _own(reference: Reference, figure: Figure | None) -> list[dict]:
    return [
        {
            "kind": "own",
            "label": own.name,
            **_landmarks(own.squat),
            **_encoded(own.coordinates, own.activations, figure),
            "simulated": None,
        }
        for own in reference.squats
    ]


def _encoded(coordinates: np.ndarray, activations: np.ndarray | None, figure: Figure | None) -> dict:
    is_translation = np.isin(np.arange(len(COORDINATES)), TRANSLATION_INDICES)
    return {
        "frames": len(coordinates),
        "points": figure and encoding.points_mm(figure.points(coordinates)),
        "coordinates": encoding.coordinates(coordinates, is_translation),
        "activations": None if activations is None else encoding.activations(activations),
    }


def _first_squat(motion: Motion) -> Squat:
    """The first squat that ends upright; of a motion without one, the deepest."""
    found = segment_repetitions(motion)
    return find_squat(motion.coordinates, found[0].end_frame if found else None)


def _landmarks(squat: Squat) -> dict:
    return {"start": squat.start, "deepest": squat.deepest, "end": squat.end}


def _note(sample: dict) -> str:
    """A sample in one line, for the eye and for a screen reader."""
    parts = ["met what was required" if sample["accepted"] else "missed what was required"]
    if "simulated" in sample:
        peaks = " / ".join(f"{peak:.2f}" for peak in sample["simulated"]["peak_simulated"])
        verdict = {"met": "in the range", "near": "within 0.05 of the range", "missed": "out of the range"}
        parts.append(f"simulated peak left / right {peaks}, {verdict[tables.verdict_of(sample)]}")
    return f"{'; '.join(parts).capitalize()}."


def _band(band: Band | None) -> dict | None:
    if band is None:
        return None
    sd = None if band.sd is None else band.sd.round(4).tolist()
    return {"mean": band.mean.round(4).tolist(), "sd": sd}


def _muscle_panels(asked: str | None) -> list[dict]:
    """Panels of the muscles by group; the group that holds the muscle asked for comes first, and it first there."""
    stem = (asked or "").removesuffix("_l").removesuffix("_r")
    groups = {group: sorted(muscles, key=lambda m: m != stem) for group, muscles in words.MUSCLE_GROUPS.items()}
    order = sorted(groups, key=lambda group: stem not in groups[group])
    return [
        {
            "group": group,
            "title": words.muscle_name(muscle).capitalize(),
            "columns": [f"{muscle}_l", f"{muscle}_r"],
            "weak": "Simulation and surrogate are known to be poor for this muscle." if words.weak(muscle) else "",
        }
        for group in order
        for muscle in groups[group]
    ]


def _gauge(terms: dict) -> bool:
    return any(term.quantity == "activation" and term.required for term in terms.values())


def _answer(summary: dict, arguments: dict, muscle: str) -> dict:
    samples, wanted = summary["samples"], summary["wanted"]
    met = f"{summary['accepted']} of {wanted} met what was asked."
    rows = [{
        "title": "Asked and met",
        "words": f"{summary['accepted']} of {wanted} meet everything required"
        + ("" if len(samples) == wanted else f"; {len(samples)} motions were written"),
        "states": ["met" if sample["accepted"] else "missed" for sample in samples],
    }]  # fmt: skip
    simulated, caution = "", "Not simulated: believe these figures only as far as the surrogate that promised them."
    if all("simulated" in sample for sample in samples):
        states = [tables.verdict_of(sample) for sample in samples]
        inside, near = states.count("met"), states.count("near")
        simulated = f"Simulated: {inside} of {len(states)} in range."
        rows.append({
            "title": "Simulated",
            "words": f"{inside} in range on both sides, {near} more within 0.05 of it, {states.count('missed')} out",
            "states": states,
        })  # fmt: skip
        caution = (
            "Believe the simulation rather than the promise, and neither as a measurement: no muscle was recorded. "
            "Activation is a muscle's drive as a share of all it can give, from 0 to 1."
        )
    question = "The motions were asked for what the table below lists."
    if "low" in arguments and arguments.get("alpha_mac", 1.0) > 0:
        question = (
            f"Asked: squats whose peak {muscle} activation lies between {arguments['low']:g} and "
            f"{arguments['high']:g} in both legs"
        )
        further = sum(asked["required"] for asked in summary["asked"]) - 1
        question += f", and {further} further constraint{'s' if further > 1 else ''}." if further > 0 else "."
    return {"met": met, "simulated": simulated, "question": question, "rows": rows, "caution": caution}


def _reference_lines(reference: Reference) -> list[str]:
    parts = []
    if reference.coordinates:
        parts.append(f"Grey band of the joints: mean ± 2 SD of {reference.coordinates.source}.")
    if reference.activations:
        parts.append(f"Grey band of the muscles: {reference.activations.source}.")
    else:
        parts.append("No reference for the muscles.")
    parts.append(
        "Left and right are pooled in a band, and each band is stretched to the sample's own way down and way up, "
        "so that the same phase lies above the same phase. A single repetition is a line without a band."
    )
    return parts


def _simulated_words(summary: dict, arguments: dict, muscle: str) -> str:
    peaks = np.array([sample["simulated"]["peak_simulated"] for sample in summary["samples"]])
    promised = np.array([sample["simulated"]["peak_predicted"] for sample in summary["samples"]])
    off = np.abs(peaks - promised)
    aim = f" for a range of {arguments['low']:g} to {arguments['high']:g}" if "low" in arguments else ""
    return (
        f"Each motion was put through a muscle simulation on the person's own skeleton. The peaks of {muscle} that it "
        f"finds run from {peaks.min():.2f} to {peaks.max():.2f}{aim}; the promise is off by {np.median(off):.2f} in "
        f"the middle and {off.max():.2f} at worst. In range means both legs. Promised and simulated are left / right. "
        "Unexplained force is what neither ground nor gravity accounts for: under 5 % of body weight is small."
    )


def _scatter(summary: dict, arguments: dict, muscle: str) -> Markup:
    rows = [sample["simulated"] for sample in summary["samples"]]
    promised, found = (np.array([row[f"peak_{kind}"] for row in rows]) for kind in ("predicted", "simulated"))
    low, high = arguments.get("low"), arguments.get("high")
    return charts.scatter(promised, found, (low, high) if low is not None else None, muscle)


def _history(run: RunFiles, terms: dict) -> list[tuple[str, Markup]]:
    columns = run.history
    if not columns or not len(columns["iteration"]):
        return []
    titles = {name: title for name, title in _HISTORY.items() if name in columns}
    for asked in run.summary["asked"]:
        if asked["name"] in columns:
            titles[asked["name"]] = f"Loss: {tables.term_title(asked, terms)}"
    return [
        (title, charts.history(title, columns["iteration"], columns["batch"], columns[name]))
        for name, title in titles.items()
    ]


def _history_words(run: RunFiles) -> str:
    if not run.history:
        return ""
    rounds = run.arguments.get("refine")
    after = (
        f" The last ones, at most {rounds}, are rounds in which the simulation has corrected the surrogate."
        if rounds
        else ""
    )
    return (
        "Batches of samples one after another, parted by dashed lines; means over a batch. Losses are before their "
        "weights and have no unit: they are to fall. In a batch first only the distance to known motion counts, then "
        "the constraints are brought in; samples that miss what is required are started afresh in a further batch."
        f"{after}"
    )


def _provenance(run: RunFiles, session: Session | None) -> list[tuple[str, str]]:
    recorded = run.arguments.get("_versions", {})
    names = {"python": "Python", "torch": "torch", "opensim": "OpenSim", "commit": "git commit"}
    made_by = [f"{title} {recorded[name]}" for name, title in names.items() if recorded.get(name)]
    now = [f"{title} {versions()[name]}" for name, title in names.items() if versions().get(name)]
    summary = run.summary
    rows = [
        ("Run", run.folder.parents[1].name),
        ("Motions", f"{len(run.motions)} files, {summary['samples'][0]['file']} and on"),
        ("Made with", ", ".join(made_by) or "not recorded (an older run)"),
        ("Page written with", ", ".join(now)),
        ("Skeleton model", session.model_path.name if session and _figure(session)[0] else "not found"),
    ]
    if summary.get("mass_kg"):
        rows.append(("Person", f"{summary['mass_kg']:g} kg, legs {100 * summary['leg_length_m']:.0f} cm, by the model"))
    return rows


def _setting(value) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
