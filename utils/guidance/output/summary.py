"""The summary of a guidance run: for each sample what was asked, what it does, and what the simulation finds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from dataset.io.atomic_write import write_json
from dataset.io.guarded_files import read_json_object_or_none
from dataset.locations import MOTIONS_FOLDER, SESSION_PREFIX
from utils.guidance.change_description import SquatChange, mean_change_deg
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import Term, distinct
from utils.guidance.output.nearest_miss import nearest_miss, nearest_miss_sentences


def summarise_result(result: GuidanceResult) -> dict[str, Any]:
    """What `summary.json` says for people and programs; values have six significant digits."""
    least = result.least_changed
    summary: dict[str, Any] = {
        "session": result.session_id,
        "mass_kg": round(result.mass_kg, 3),
        "leg_length_m": round(result.leg_length_m, 4),
        "wanted": result.config.min_samples,
        "accepted": result.accepted,
        "judged_by": "simulation" if result.verification else "surrogate",
        "accepted_by_surrogate": sum(result.accepted_as_predicted(j) for j in range(len(result.samples))),
        "nearest": nearest_miss(result),
        "why_not": nearest_miss_sentences(result),
        "warnings": [*result.warnings, *(result.baseline.doubts if result.baseline else [])],
        "now": result.baseline and result.baseline.record(),
        "different_answers": sum(not result.is_repeated(j) for j in range(len(result.samples))),
        "mean_change_deg": _rounded(mean_change_deg(result.changes)) if result.changes else None,
        "least_change": None if least is None else result.changes[least].sentence,
        "least_change_deg": None if least is None else _rounded(result.changes[least].form_deg),
        "latent_distance_between_people": result.between_subject_distance,
        "asked": [
            {
                "name": term.label,
                "unit": term.unit,
                "asked": term.bounds_text,
                "tolerance": result.tolerance_of(term) if term.comparison != "small" else None,
                "weight": term.weight,
                "required": term.required,
                "of_a_whole_motion": term.of_a_whole_motion,
            }
            for term in result.terms
        ],
        "samples": [_sample(result, j, sample) for j, sample in enumerate(result.samples)],
    }
    if result.verification is not None:
        rows = simulated_rows(result)
        for sample, row in zip(summary["samples"], rows, strict=True):
            sample["simulated"] = row
        summary["simulated_within_range"] = sum(row["within_range"] for row in rows)
    return summary


def _sample(result: GuidanceResult, j: int, sample: GuidedSample) -> dict[str, Any]:
    others = result.between_subject_distance
    return {
        "file": result.file_names[j],
        "start": sample.start,
        "accepted": sample.accepted,
        "accepted_by_surrogate": result.accepted_as_predicted(j),
        "proximity": _rounded(sample.proximity),
        "proximity_of_people": others and _rounded(sample.proximity / others),
        "nearest": result.nearest_name(sample),
        **({"change": _change(result.changes[j])} if result.changes else {}),
        "terms": {
            label: {
                "asked": result.terms[k].bounds_text,
                "value": _numbers(sample.values[k]),
                "predicted": _numbers(result.predicted_values(k)[j]),
                "met": sample.met[k],
            }
            for k, label in enumerate(_distinct_labels(result.terms))
        },
        "measures": {
            name: {"value": _numbers(measure.values[j]), "unit": measure.unit}
            for name, measure in result.measures.items()
        },
    }


def _distinct_labels(terms: Sequence[Term]) -> list[str]:
    """The terms' labels, with their bounds where several have one label, as two bounds on one quantity have."""
    labels = [term.label for term in terms]
    return distinct(
        [
            label if labels.count(label) == 1 else f"{label} {term.bounds_text}"
            for label, term in zip(labels, terms, strict=True)
        ]
    )


def _change(change: SquatChange) -> dict[str, Any]:
    """What a sample changes of the own squat number `from_own_squat` of `now`, from 0."""
    return {
        "what_changes": list(change.words),
        "form_deg": _rounded(change.form_deg),
        "from_own_squat": change.own,
        "same_answer_as": change.same_as,
        **{key: value and _rounded(value) for key, value in vars(change.profile).items()},
    }


def simulated_rows(result: GuidanceResult) -> list[dict[str, Any]]:
    """For each sample its predicted and simulated peaks, and whether it meets the requirements in simulation.

    Empty where the motions were not simulated.
    """
    found = result.verification
    if found is None:
        return []
    saturated, largest, off_floor = found.saturated(), found.largest_reserves(), found.off_floor_s()
    verdicts, unexplained = result.simulation_verdicts(), found.unexplained_sentences()
    return [
        {
            "peak_predicted": [round(float(peak), 4) for peak in found.predicted[j]],
            "peak_simulated": [round(float(peak), 4) for peak in found.simulated[j]],
            "within_range": verdicts[j] == "met",
            "within_range_and_0.05": verdicts[j] != "missed",
            "residual_force_n": round(float(found.residual_n[j]), 2),
            "right_foot_share": round(float(found.right_foot_share[j]), 3),
            "saturated_muscles": {name: round(share, 3) for name, share in saturated[j].items()},
            **(
                {"largest_reserve": {"coordinate": largest[j][0], "rms_nm": round(largest[j][1], 3)}} if largest else {}
            ),
            **({"off_floor_s": off_floor[j]} if off_floor else {}),
            **({"forces_that_nothing_gives": unexplained[j]} if unexplained[j] else {}),
        }
        for j in range(len(result.samples))
    ]


def write_run_summary(run: Path) -> None:
    """Write `<run>/summary.json`: one entry for each session of the run, from the sessions' own summaries."""
    overall = {}
    for path in sorted(run.glob(f"{MOTIONS_FOLDER}/{SESSION_PREFIX}*/summary.json")):
        content = read_json_object_or_none(path)
        if content is None or not {"session", "wanted", "samples", "accepted"} <= set(content):
            continue  # another process is replacing it, and writes the summary after that
        overall[str(content["session"])] = {
            "wanted": content["wanted"],
            "written": len(content["samples"]) if isinstance(content["samples"], list) else 0,
            "accepted": content["accepted"],
            "summary": str(path.relative_to(run)),
        }
    write_json(run / "summary.json", overall)


def _numbers(values: torch.Tensor) -> list[float]:
    return [_rounded(float(value)) for value in values]


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def format_sides(values: Sequence[float], digits: int) -> str:
    """Left and right, or one value, with so many significant digits, four after the point at most: `0.41/0.39`."""
    rounded = [round(value, 4) + 0.0 for value in values]  # without -0
    return "/".join(f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}" for value in rounded)
