"""Metrics that have one value for each subject, by subject and name of the catalogue."""

from collections.abc import Iterator

import numpy as np

from models.conventions import (
    COORDINATES,
    LEG_AND_PELVIS_ROTATION_INDICES,
    ROTATION_INDICES,
    TRANSLATION_INDICES,
)
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import AT_PEAK, outside, summarise
from utils.metrics import distances, published_realism
from utils.metrics.catalogue import DISTANCES, FLOOR, GUIDANCE
from utils.metrics.curve_band import ReferenceBand
from utils.metrics.evaluation_config import MetricConfig
from utils.metrics.motion_set import MotionSet
from utils.metrics.published_guidance import published_activation_metrics, published_guidance_metrics
from utils.metrics.quantity_metrics import quantity_metrics
from utils.metrics.subject_set import SubjectSet
from utils.runs.progress import show_progress

_ROTATIONS, _TRANSLATIONS = list(ROTATION_INDICES), list(TRANSLATION_INDICES)
_LEGS = list(LEG_AND_PELVIS_ROTATION_INDICES)


def compute_subject_metrics(
    motions: MotionSet, reference: MotionSet | None, config: MetricConfig
) -> dict[str, dict[str, float]]:
    """The metrics of each subject, by subject and by name.

    Args:
        motions: the evaluated motions.
        reference: what they are compared with; None to compare each subject with the others, as for the reference.
        config: the parts that are computed, and the requested range of the peak activation.
    """
    values: dict[str, dict[str, float]] = {subject.name: {} for subject in motions.subjects}
    if DISTANCES in config.parts:
        for subject in _with_progress(motions, "diversity"):
            values[subject.name] |= _diversity(subject)
        _merge(values, _compare_with(reference, motions) if reference else _compare_with_others(motions))
    if FLOOR in config.parts:
        _merge(values, _floor_metrics(motions))
    if GUIDANCE in config.parts:
        for subject in _with_progress(motions, "guidance"):
            values[subject.name] |= _guidance_metrics(subject, *config.requested_activation)
    return values


def _merge(values: dict[str, dict[str, float]], added: dict[str, dict[str, float]]) -> None:
    for name, metrics in added.items():
        values[name] |= metrics


def _with_progress(motions: MotionSet, part: str) -> Iterator[SubjectSet]:
    """The subjects, with the progress of a part of the metrics."""
    return show_progress(motions.subjects, title=f"{motions.name}, {part}", unit="subjects")


def _diversity(subject: SubjectSet) -> dict[str, float]:
    """Metrics that need no reference."""
    pairs = zip(subject.motion.numpy(), subject.counted.numpy(), strict=True)
    return {
        "diversity": float(np.mean([published_realism.entropy(motion[counted]) for motion, counted in pairs])),
        "diversity_of_subject": distances.diversity(subject.curves[..., _ROTATIONS]),
        "complete_squats": float(np.mean([window.has_squat for window in subject.windows])),
    }


def _compare_with(reference: MotionSet, motions: MotionSet) -> dict[str, dict[str, float]]:
    """Distances of each subject to the reference."""
    pooled = published_realism.pooled_moments(reference.counted_values())
    band = ReferenceBand(reference.curves) if len(reference) > 1 else None
    scale = np.ones(len(COORDINATES))
    scale[_TRANSLATIONS] = 100  # m to cm
    values = {}
    for subject in _with_progress(motions, "distances"):
        own = published_realism.pooled_moments(subject.motion[subject.counted].numpy())
        moved = scale * distances.wasserstein_per_coordinate(reference.values, subject.values)
        costs = distances.squared_costs(subject.curves[..., _ROTATIONS], reference.curves[..., _ROTATIONS])
        values[subject.name] = {
            "fidelity": published_realism.fidelity(pooled, own),
            **{f"w1_{name}": float(value) for name, value in zip(COORDINATES, moved, strict=True)},
            "w1_rotations": float(moved[_ROTATIONS].mean()),
            "w1_translations": float(moved[_TRANSLATIONS].mean()),
            "w2_angles_subject": distances.optimal_transport(costs),
            **(_fraction_inside(band, subject) if band else {}),
        }
    return values


def _compare_with_others(motions: MotionSet) -> dict[str, dict[str, float]]:
    """Distances of each subject to the other subjects of the same set, the between-subject distances."""
    if len(motions.subjects) < 2:
        return {}
    angles = motions.curves[..., _ROTATIONS]
    costs = distances.squared_costs(angles, angles)
    values = {}
    for i, subject in enumerate(_with_progress(motions, "distances")):
        own = motions.subject_of == i
        values[subject.name] = {"w2_angles_subject": distances.optimal_transport(costs[own][:, ~own])}
        if (~own).sum() > 1:
            values[subject.name] |= _fraction_inside(ReferenceBand(motions.curves[~own]), subject)
    return values


def _fraction_inside(band: ReferenceBand, subject: SubjectSet) -> dict[str, float]:
    inside = band.fraction_inside(subject.curves)
    return {
        "inside_band": float(inside[:, _ROTATIONS].mean()),
        "inside_band_legs": float(inside[:, _LEGS].mean()),
    }


def _floor_metrics(motions: MotionSet) -> dict[str, dict[str, float]]:
    """Floor contact of the subjects with a skeleton: joint centres on one common ground, soles each on their own."""
    known = [subject for subject in motions.subjects if subject.skeleton is not None]
    if not known:
        return {}
    ground_m = published_realism.ground_height(
        [published_realism.lowest_heights(subject.joint_centres, subject.counted) for subject in known]
    )
    return {
        subject.name: published_realism.floor_metrics(subject.joint_centres, subject.counted, ground_m)
        | quantity_metrics(FLOOR, subject.context(subject.once), has_skeleton=True)
        for subject in known
    }


def _guidance_metrics(subject: SubjectSet, low: float, high: float, muscle: str) -> dict[str, float]:
    """Metrics of what guidance is asked for.

    The published ones count all frames of the files. Those of the movement count the first squat. Those of the peak
    activation count the frames at which activations are reliable; they are left out where no activations are known.

    Args:
        subject: the subject's motions.
        low: lower limit of the requested peak activation, 0 to 1.
        high: upper limit of it, 0 to 1.
        muscle: the muscle, on both sides.
    """
    counted = subject.context(subject.counted, activations=subject.has_activations)
    values = published_guidance_metrics(counted)
    repetition = subject.context(subject.repetition)
    values |= quantity_metrics(GUIDANCE, repetition, has_skeleton=subject.skeleton is not None)
    if not subject.has_activations:
        return values
    values |= published_activation_metrics(counted, low, high, muscle)
    context = subject.context(subject.reliable_activations, activations=True)
    peak = summarise(evaluate_quantity("activation", context, muscle), "max")
    values["peak_activation"] = float(peak.mean())
    values["in_range"] = float((outside(peak, low, high).amax(1) == 0).float().mean())
    values["tilt_at_peak"] = float(
        summarise(evaluate_quantity("pelvis_tilt", context), AT_PEAK, context, muscle).mean()
    )
    return values
