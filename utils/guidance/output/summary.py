"""What a guidance run leaves behind: motions, latents, a summary, and the table of what was asked and met."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from dataset.io.atomic_write import atomic_write, write_json
from dataset.io.mot import Motion, write_motion
from models.conventions import FRAME_RATE_HZ
from models.muscles.simulation_settings import FILTER_MARGIN_S
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate, find_quantity
from utils.biomechanics.statistics import AT_PEAK, summarise
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraints import Term
from utils.runs.run_folder import RunFolder

logger = logging.getLogger("bige")

# What every sample is measured by beside what was asked: quantity, its argument, statistic
MEASURES = (
    ("knee_flexion", None, "max"),
    ("knee_valgus", None, "max"),
    ("pelvis_drop", None, "max"),
    ("trunk_lean", None, "max"),
    ("asymmetry", None, "rms"),
    ("angular_speed", None, "rms"),
    ("com_speed", None, "rms"),
    ("com_acceleration", None, "rms"),
    ("foot_slip", None, "mean"),
    ("foot_drift", None, "max"),
    ("floor_penetration", None, "max"),
    ("foot_lift", None, "max"),
    ("range_excess", None, "max"),
)
# Of these, what the printed table shows: measure, title, factor to the title's unit, significant digits
_SHOWN = (
    ("knee_flexion_max", "knee l/r deg", 1, 3),
    ("asymmetry_rms", "asym deg", 1, 2),
    ("angular_speed_rms", "omega deg/s", 1, 3),
    ("com_speed_rms", "COM m/s", 1, 2),
    ("com_acceleration_rms", "COM m/s^2", 1, 3),
    ("foot_drift_max", "drift l/r mm", 1000, 2),
    ("floor_penetration_max", "floor mm", 1000, 2),
)


def in_order(samples: Sequence[GuidedSample], muscle: str) -> list[GuidedSample]:
    """Samples by the peak activation of `muscle`, mean of the sides, least first."""

    def peak(sample: GuidedSample) -> float:
        context = Context(sample.motion[None], activations=sample.activations[None], ends_s=FILTER_MARGIN_S)
        return float(summarise(evaluate("activation", context, muscle), "max").mean())

    return sorted(samples, key=lambda sample: (peak(sample), sample.start))


def write_samples(folder: RunFolder, samples: Sequence[GuidedSample], names: Sequence[str]) -> list[Path]:
    """Write `entry_<j>_<exp-name>.mot` (coordinates in degrees, activations behind them) and `latents.npz`.

    names: of the training windows, for the nearest one of each sample.
    """
    paths = []
    for j, sample in enumerate(samples):
        path = folder.motions / f"entry_{j}_{folder.run.name}.mot"
        time_s = np.arange(len(sample.motion)) / FRAME_RATE_HZ
        motion = sample.motion.cpu().double().numpy()
        write_motion(path, Motion(time_s, motion, sample.activations.cpu().double().numpy()))
        paths.append(path)
    with atomic_write(folder.motions / "latents.npz") as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            latents=torch.stack([sample.z for sample in samples]).cpu().numpy(),
            start=np.array([sample.start for sample in samples]),
            nearest=np.array([names[sample.nearest] if names and sample.nearest >= 0 else "" for sample in samples]),
            proximity=np.array([sample.proximity for sample in samples]),
        )
    return paths


def summarise_run(
    samples: Sequence[GuidedSample],
    terms: Sequence[Term],
    skeleton,
    *,
    session: str,
    muscle: str,
    wanted: int,
    names: Sequence[str],
    distance_to_others: float | None,
    paths: Sequence[Path],
) -> dict:
    """All that `summary.json` says: of each sample each term asked and met, and the measures of its motion."""
    skeleton = skeleton.to(samples[0].motion.device)
    context = Context(
        torch.stack([sample.motion for sample in samples]),
        activations=torch.stack([sample.activations for sample in samples]),
        skeleton=skeleton,
        floor_height_m=0.0,
        ends_s=FILTER_MARGIN_S,
    )
    measures = {}
    for name, argument, statistic in (*MEASURES, ("pelvis_tilt", None, AT_PEAK)):
        values = summarise(evaluate(name, context, argument), statistic, context, muscle)
        measures[f"{name}_{statistic}"] = (values, find_quantity(name).unit)
    return {
        "session": session,
        "mass_kg": round(skeleton.mass_kg, 3),
        "leg_length_m": round(skeleton.leg_length_m, 4),
        "wanted": wanted,
        "accepted": sum(sample.accepted for sample in samples),
        "latent_distance_between_people": distance_to_others,
        "asked": [
            {
                "name": term.label,
                "unit": term.unit,
                "asked": term.asked,
                "tolerance": term.allowed if term.comparison != "small" else None,
                "weight": term.weight,
                "required": term.required,
            }
            for term in terms
        ],
        "samples": [
            {
                "file": path.name,
                "start": sample.start,
                "accepted": sample.accepted,
                "proximity": _rounded(sample.proximity),
                "proximity_of_people": distance_to_others and _rounded(sample.proximity / distance_to_others),
                "nearest": names[sample.nearest] if names and sample.nearest >= 0 else None,
                "terms": {
                    term.label: {"asked": term.asked, "value": _numbers(value), "met": met}
                    for term, value, met in zip(terms, sample.values, sample.met, strict=True)
                },
                "measures": {
                    label: {"value": _numbers(values[j]), "unit": unit} for label, (values, unit) in measures.items()
                },
            }
            for j, (sample, path) in enumerate(zip(samples, paths, strict=True))
        ],
    }


def write_summary(folder: RunFolder, summary: dict) -> None:
    """Write the session's `summary.json`, and the run's: one line for each of its sessions."""
    write_json(folder.motions / "summary.json", summary)
    overall = {}
    for path in sorted(folder.run.glob("mot_visualization/latents_subject_run_*/summary.json")):
        content = json.loads(path.read_text())
        overall[content["session"]] = {
            "wanted": content["wanted"],
            "written": len(content["samples"]),
            "accepted": content["accepted"],
            "summary": str(path.relative_to(folder.run)),
        }
    write_json(folder.run / "summary.json", overall)


def table(summary: dict) -> str:
    """The summary for a person to read: for each sample each constraint, asked and met, and how it moves."""
    samples = summary["samples"]
    columns = [["entry", *map(str, range(len(samples)))]]
    for term in sorted(summary["asked"], key=lambda term: not term["required"]):
        if term["asked"] != "small":
            answers = [sample["terms"][term["name"]] for sample in samples]
            head = f"{term['name']} {term['asked']} {term['unit']}" + ("" if term["required"] else " (wish)")
            missed = "MISSED" if term["required"] else "off"
            cells = [f"{_sides(answer['value'], 3)} {'met' if answer['met'] else missed}" for answer in answers]
            columns.append([head, *cells])
    for label, head, factor, digits in _SHOWN:
        values = [sample["measures"][label]["value"] for sample in samples]
        columns.append([head, *(_sides([factor * value for value in sides], digits) for sides in values)])
    if summary["latent_distance_between_people"]:
        columns.append(["distance of people", *(f"{sample['proximity_of_people']:.2f}" for sample in samples)])
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _sides(values: Sequence[float], digits: int) -> str:
    return "/".join(f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}" for value in values)


def _numbers(values: torch.Tensor) -> list[float]:
    return [_rounded(float(value)) for value in values]


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
