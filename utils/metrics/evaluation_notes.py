"""Notes and warnings that accompany the metrics of a set of motions."""

import numpy as np

from dataset.session_metadata import METADATA_NAME
from models.conventions import ROTATION_INDICES
from utils.metrics.bootstrap import describe_small_samples
from utils.metrics.catalogue import DISTANCES, FLOOR, GUIDANCE
from utils.metrics.curve_band import fraction_not_normal
from utils.metrics.motion_set import MotionSet

_ONE_FLOOR_M = 0.05  # recordings whose floors differ by less count as made on one


def find_problems(motions: MotionSet) -> list[str]:
    """A sentence for each subject whose model is missing or unreadable, of those whose model was needed so far."""
    return [subject.problem for subject in motions.subjects if subject.problem]


def find_notes(motions: MotionSet, reference: MotionSet | None, parts: tuple[str, ...]) -> list[str]:
    """Sentences that say how to read the metrics.

    Args:
        motions: the evaluated motions, their metrics computed.
        reference: what they were compared with; None for the reference's own row.
        parts: the parts of the catalogue that were computed.
    """
    notes = []
    windows = [window for subject in motions.subjects for window in subject.windows]
    if DISTANCES in parts:
        if reference is None:
            notes.append(_describe_normality(motions))
            if len(motions.subjects) > 1:
                notes.append("distances and bands compare each subject with the other subjects of this set")
        incomplete = sum(not window.has_squat for window in windows)
        if incomplete:
            notes.append(f"{incomplete} motions contain no complete squat; all of their frames are used in its place")
    if GUIDANCE in parts:
        known = sum(len(subject) for subject in motions.subjects if subject.has_activations)
        predicted = sum(subject.predicted for subject in motions.subjects)
        unknown = f" and not known for {len(motions) - known}" if known < len(motions) else ""
        notes.append(
            f"muscle activations are read from the files of {known - predicted} motions and predicted by the "
            f"surrogate for {predicted}{unknown}"
        )
    tiled = sum(not window.recorded.all() for window in windows)
    if tiled:
        notes.append(
            f"{tiled} motions are tiled with exact copies of themselves; the extended metrics count each frame once "
            "and leave out the seams"
        )
    notes.append(
        "each motion is placed at the origin, facing +x in its first frame, before it is evaluated; no metric, "
        "published or extended, depends on where on the floor a person stands and which way the person faces"
    )
    return notes


def find_warnings(motions: MotionSet, reference: MotionSet | None, parts: tuple[str, ...]) -> list[str]:
    """Sentences that say why metrics may be unreliable; the arguments are those of `find_notes`.

    That the reference is small is said in the reference's own row.
    """
    warnings = describe_small_samples(motions.name, len(motions.subjects), len(motions))
    if DISTANCES in parts and reference:
        fewest, dimensions = min(len(reference), len(motions)), reference.features.shape[1]
        if fewest <= dimensions:
            warnings.append(
                f"Fréchet distance: {fewest} motions are too few to estimate a covariance in {dimensions} dimensions; "
                "the distance is overestimated"
            )
    if FLOOR in parts:
        warnings += _describe_floors(motions)
    warnings += [warning for subject in motions.subjects for warning in subject.warnings]
    shared = motions.shared_between_subjects
    if shared:
        warnings.append(
            f"{motions.name}: {shared} motions are identical to a motion of another subject, so the subjects are not "
            "independent; standard deviations and intervals are underestimated"
        )
    warnings += _describe_people(motions)
    problems = find_problems(motions)
    if problems:
        warnings.append(
            f"{motions.name}: {len(problems)} of {len(motions.subjects)} subjects have no usable model and are left "
            f"out of the metrics that need feet, joint centres or predicted activations: {problems[0]}"
        )
    return warnings


def _describe_people(motions: MotionSet) -> list[str]:
    """A sentence for each person of whom there are several sessions, which count as subjects of their own."""
    sessions: dict[str, set[str]] = {}
    for session in filter(None, (subject.source.session for subject in motions.subjects)):
        sessions.setdefault(session.subject, set()).add(session.id)
    return [
        f"{motions.name}: {', '.join(sorted(ids))} are of one person, {person} (subjectID in {METADATA_NAME}), but "
        f"count as {len(ids)} subjects; standard deviations and intervals are underestimated"
        for person, ids in sessions.items()
        if len(ids) > 1
    ]


def _describe_floors(motions: MotionSet) -> list[str]:
    """A sentence on floors at different heights, which the published definitions take for one."""
    floors = {subject.name: subject.floor_m for subject in motions.subjects if subject.skeleton is not None}
    if not floors:
        return []
    low, high = (min(floors, key=lambda name: floors[name].min()), max(floors, key=lambda name: floors[name].max()))
    low_m, high_m = float(floors[low].min()), float(floors[high].max())
    if high_m - low_m < _ONE_FLOOR_M:
        return []
    return [
        f"{motions.name}: the floor is at {low_m:.2f} m in motions of {low} and at {high_m:.2f} m in those of {high}; "
        "penetration, floating and sliding of the published definition take one ground for all motions, and show this "
        "difference; those of the extended metrics take each motion's own floor"
    ]


def _describe_normality(motions: MotionSet) -> str:
    fraction = fraction_not_normal(motions.curves[..., list(ROTATION_INDICES)])
    if np.isnan(fraction):
        return f"normality of the curves of {motions.name} was not tested: {len(motions)} motions are too few"
    return (
        f"Shapiro and Wilk's test rejects normality (5 % level) at {fraction:.0%} of the curve points of "
        f"{motions.name}, where 5 % are expected of normally distributed curves; the band of mean ± 2 SD assumes "
        "normality"
    )
