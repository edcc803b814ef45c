"""Evaluate folders of motions against a reference: one row of the tables each, every figure with its interval.

    models = EvaluationModels()
    reference = load_reference(root, models)
    rows = [evaluate_reference(reference), evaluate_folder(folder, "mot", reference, models, name="BIGE")]

A row's figures are named in `catalogue`. Metrics of a subject are averaged over subjects, mean ± standard deviation
(divided by n - 1); metrics of a whole set are computed once. Both have bootstrap intervals over subjects.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.locations import FULL_DEMO, SHIPPED_DEMO, demo_root
from dataset.motion_folders.folder_reader import MUSCLE_DRIVEN, read_motion_folder
from dataset.sessions import Session, discover_sessions, open_session
from models.conventions import COORDINATES, LEG_AND_PELVIS_INDICES, ROTATION_INDICES, TRANSLATION_INDICES
from utils.biomechanics.registry import evaluate
from utils.biomechanics.statistics import AT_PEAK, outside, summarise
from utils.metrics import distances, published, remarks
from utils.metrics.bootstrap import interval_of_mean, interval_of_set
from utils.metrics.catalogue import DISTANCES, FLOOR, GUIDANCE, METRICS, PARTS, SHARE
from utils.metrics.contact import contact_metrics
from utils.metrics.curves import MOVEMENT, MOVEMENT_OF_MODEL, Band, movement_metrics
from utils.metrics.motion_sets import EvaluationModels, MotionSet, SubjectSet
from utils.metrics.published_guidance import published_metrics

logger = logging.getLogger("bige")

MUSCLE = "vasmed"
_MOST_TRANSPORTED = 500  # reference motions in exact optimal transport
_ROTATIONS, _TRANSLATIONS = list(ROTATION_INDICES), list(TRANSLATION_INDICES)
_LEGS = [i for i in LEG_AND_PELVIS_INDICES if i in ROTATION_INDICES]
_PUBLISHED_NAMES = {
    "pelvis_tilt_deg": "pelvis_tilt",
    "asymmetry_deg": "asymmetry",
    "angular_speed_deg_s": "omega",
    "com_speed_m_s": "com_velocity",
    "com_acceleration_m_s2": "com_acceleration",
    "mac": "mac",
}


@dataclass(frozen=True)
class Figure:
    """One figure of a row: over subjects its mean and standard deviation (NaN for one subject), or of a whole set.

    n: subjects. low, high: 95 % bootstrap interval over subjects. values: by subject; empty for a set's figure.
    """

    mean: float
    std: float
    n: int
    low: float
    high: float
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What an evaluation says of one folder. figures: by the names in `catalogue`; notes, warnings: sentences."""

    name: str
    folder: Path
    subjects: int
    motions: int
    figures: dict[str, Figure]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def load_reference(
    named: str | Path | None,
    models: EvaluationModels,
    *,
    fallbacks: Sequence[Path | None] = (),
    name: str | None = None,
) -> MotionSet:
    """The reference motions: the muscle-driven repetitions of the sessions in `named`.

    A folder of motion files serves too, and so do the trials of sessions none of which has such a repetition. Where
    nothing is named: the first of `fallbacks` that has them, and else the demo sessions, which is said.
    name: of the row, by default `Reference`, or `Demo reference` where the people are synthetic.
    Raises InputError where nothing is found.
    """
    root = Path(named).expanduser() if named else next((f for f in fallbacks if f and _is_simulated(f)), None)
    if root is None:
        root = demo_root()
        logger.warning("reference: the synthetic demo sessions in %s; name real ones with --reference", root)
    if name is None:
        name = "Demo reference" if _is_demo(root) else "Reference"
    try:
        discover_sessions(root)
    except InputError:
        return MotionSet.of(name, read_motion_folder(root, "mot", sessions=known_sessions()), models)
    if _is_simulated(root):
        return MotionSet.of(name, read_motion_folder(root, MUSCLE_DRIVEN), models)
    logger.warning("reference: %s has no muscle-driven repetition, so its recorded trials are taken", root)
    return MotionSet.of(name, read_motion_folder(root, "mocap"), models)


def _is_simulated(root: Path) -> bool:
    return any(session.muscle_driven for session in discover_sessions(root))


def _is_demo(root: Path) -> bool:
    """Whether a folder is one of the demo sessions' roots, or inside it."""
    demo = {SHIPPED_DEMO.resolve(), FULL_DEMO.resolve(), demo_root().resolve()}
    return bool(demo & {root.resolve(), *root.resolve().parents})


def known_sessions(data_root: Path | None = None) -> list[Session]:
    """Sessions that a subject's folder may be named after: the demo sessions, and those under a data root."""
    sessions: dict[str, Session] = {}
    for root in (demo_root(), data_root):
        if root is not None:
            sessions |= {session.id: session for session in discover_sessions(root)}
    return list(sessions.values())


def load_motions(
    folder: str | Path,
    file_type: str,
    models: EvaluationModels,
    *,
    name: str | None = None,
    data_root: Path | None = None,
    subject: str | Path | None = None,
) -> MotionSet:
    """The motions of a folder, ready to be evaluated.

    Args:
        file_type: `mot`, `npy` or `mocap`, see `read_motion_folder`.
        name: of the row; by default the folder's.
        data_root: where the sessions of the subjects' models are, beside the demo sessions.
        subject: the session whose model stands for every subject: a folder, or the id of a known session.

    Raises InputError where nothing can be evaluated.
    """
    sessions = known_sessions(data_root)
    model_of = None
    if subject:
        model_of = next((s for s in sessions if s.id == str(subject)), None) or open_session(subject, data_root)
    read = read_motion_folder(folder, file_type, sessions=sessions, model_of=model_of)
    return MotionSet.of(name or read.name, read, models)


def evaluate_folder(
    folder: str | Path,
    file_type: str,
    reference: MotionSet,
    models: EvaluationModels,
    *,
    name: str | None = None,
    data_root: Path | None = None,
    subject: str | Path | None = None,
    low: float = 0.35,
    high: float = 0.45,
    parts: Iterable[str] = PARTS,
    seed: int = 123,
) -> Row:
    """The row of a folder of motions: `load_motions`, then `evaluate_set`.

    reference: see `load_reference`. low, high: the range asked of the peak of vastus medialis. parts: which of
    `catalogue.PARTS` to compute. Raises InputError where nothing can be evaluated.
    """
    motions = load_motions(folder, file_type, models, name=name, data_root=data_root, subject=subject)
    return evaluate_set(motions, reference, low=low, high=high, parts=parts, seed=seed)


def evaluate_reference(
    reference: MotionSet,
    *,
    low: float = 0.35,
    high: float = 0.45,
    parts: Iterable[str] = PARTS,
    seed: int = 123,
) -> Row:
    """The row of the reference itself: without distances to itself, but each subject's to the others."""
    return evaluate_set(reference, None, low=low, high=high, parts=parts, seed=seed)


def evaluate_set(
    motions: MotionSet,
    reference: MotionSet | None,
    *,
    low: float = 0.35,
    high: float = 0.45,
    parts: Iterable[str] = PARTS,
    seed: int = 123,
) -> Row:
    """The row of a set of motions, against `reference` where there is one."""
    parts = tuple(parts)
    of_subject = {subject.name: {} for subject in motions.subjects}
    of_set: dict[str, Figure] = {}
    if DISTANCES in parts:
        _collect(of_subject, _distances_to(reference, motions) if reference else _distances_to_others(motions))
        of_set = _set_distances(motions, reference, seed) if reference else {}
    if FLOOR in parts:
        _collect(of_subject, _floor_of(motions))
    if GUIDANCE in parts:
        _collect(of_subject, {subject.name: _guidance_of(subject, low, high) for subject in motions.subjects})
    return Row(
        name=motions.name,
        folder=motions.folder.path,
        subjects=len(motions.subjects),
        motions=len(motions),
        figures=_over_subjects(of_subject, seed) | of_set,
        notes=tuple(remarks.notes(motions, reference, parts)),
        warnings=tuple(remarks.warnings(motions, reference, parts)),
        left_out=(*motions.folder.left_out, *remarks.problems(motions)),
    )


def _collect(of_subject: dict[str, dict[str, float]], found: dict[str, dict[str, float]]) -> None:
    for name, figures in found.items():
        of_subject[name] |= figures


def _over_subjects(of_subject: dict[str, dict[str, float]], seed: int) -> dict[str, Figure]:
    names = dict.fromkeys(name for figures in of_subject.values() for name in figures)
    rows = {}
    for name in names:
        values = {subject: figures.get(name, float("nan")) for subject, figures in of_subject.items()}
        found = np.array([value for value in values.values() if np.isfinite(value)])
        if len(found):
            std = float(found.std(ddof=1)) if len(found) > 1 else float("nan")
            rows[name] = Figure(float(found.mean()), std, len(found), *interval_of_mean(found, seed), values)
    return rows


def _distances_of(subject: SubjectSet) -> dict[str, float]:
    """What needs no reference: entropy, distance between motions, share of motions that hold a complete squat."""
    pairs = zip(subject.motion.numpy(), subject.counted.numpy(), strict=True)
    return {
        "diversity": float(np.mean([published.entropy(motion[counted]) for motion, counted in pairs])),
        "diversity_of_subject": distances.diversity(subject.curves[..., _ROTATIONS]),
        "complete_squats": float(np.mean([m.has_squat for m in subject.source.windows])),
    }


def _distances_to(reference: MotionSet, motions: MotionSet) -> dict[str, dict[str, float]]:
    """Of each subject, how varied it is and how far from the reference."""
    pooled = published.pooled_moments(reference.counted_values())
    band = Band(reference.curves) if len(reference) > 1 else None
    scale = np.ones(len(COORDINATES))
    scale[_TRANSLATIONS] = 100  # m to cm
    found = {}
    for subject in motions.subjects:
        own = published.pooled_moments(subject.motion[subject.counted].numpy())
        moved = scale * distances.wasserstein_per_coordinate(reference.values, subject.values)
        costs = distances.squared_costs(subject.curves[..., _ROTATIONS], reference.curves[..., _ROTATIONS])
        found[subject.name] = {
            **_distances_of(subject),
            "fidelity": published.fidelity(pooled, own),
            **{f"w1_{name}": float(value) for name, value in zip(COORDINATES, moved, strict=True)},
            "w1_rotations": float(moved[_ROTATIONS].mean()),
            "w1_translations": float(moved[_TRANSLATIONS].mean()),
            "w2_angles_subject": distances.optimal_transport(costs),
            **(_inside(band, subject) if band else {}),
        }
    return found


def _distances_to_others(motions: MotionSet) -> dict[str, dict[str, float]]:
    """Of each subject, how varied it is and how far from the others: what a real person may be."""
    found = {subject.name: _distances_of(subject) for subject in motions.subjects}
    if len(motions.subjects) < 2:
        return found
    angles = motions.curves[..., _ROTATIONS]
    costs = distances.squared_costs(angles, angles)
    for i, subject in enumerate(motions.subjects):
        own = motions.subject_of == i
        found[subject.name]["w2_angles_subject"] = distances.optimal_transport(costs[own][:, ~own])
        if (~own).sum() > 1:
            found[subject.name] |= _inside(Band(motions.curves[~own]), subject)
    return found


def _inside(band: Band, subject: SubjectSet) -> dict[str, float]:
    inside = band.inside(subject.curves)
    return {
        "inside_band": float(inside[:, _ROTATIONS].mean()),
        "inside_band_legs": float(inside[:, _LEGS].mean()),
    }


def _set_distances(motions: MotionSet, reference: MotionSet, seed: int) -> dict[str, Figure]:
    """Figures of the whole set, their intervals by drawing subjects; the reference stays as it is."""
    chosen = np.arange(len(reference))
    if len(chosen) > _MOST_TRANSPORTED:
        chosen = np.random.default_rng(seed).choice(len(chosen), _MOST_TRANSPORTED, replace=False)
        logger.info("optimal transport to %d of %d reference motions, drawn", len(chosen), len(reference))
    costs = {
        "w2_angles": distances.squared_costs(
            motions.curves[..., _ROTATIONS], reference.curves[chosen][..., _ROTATIONS]
        ),
        "w2_pelvis": distances.squared_costs(
            100 * motions.curves[..., _TRANSLATIONS], 100 * reference.curves[chosen][..., _TRANSLATIONS]
        ),
    }
    moments = distances.moments(reference.features)
    near = distances.Neighbourhoods(reference.features, motions.features)

    def statistic(indices: np.ndarray) -> dict[str, float]:
        rows, times = np.unique(indices, return_counts=True)
        transported = {
            name: distances.optimal_transport(cost[rows], times / times.sum()) for name, cost in costs.items()
        }
        frechet = distances.frechet_of_moments(moments, distances.moments(motions.features[indices]))
        return {**transported, "frechet": frechet, **near.shares(indices)}

    found = statistic(np.arange(len(motions)))
    intervals = interval_of_set(statistic, motions.subject_of, seed)
    figures = {}
    for name, value in found.items():
        most = 1.0 if METRICS[name].unit == SHARE else np.inf
        limits = (float(np.minimum(limit, most)) for limit in intervals[name])
        figures[name] = Figure(value, float("nan"), len(motions.subjects), *limits)
    return figures


def _floor_of(motions: MotionSet) -> dict[str, dict[str, float]]:
    known = [subject for subject in motions.subjects if subject.skeleton is not None]
    if not known:
        return {}
    ground_m = published.ground_height(
        [published.lowest_heights(subject.joint_centres, subject.counted) for subject in known]
    )
    return {
        subject.name: published.floor_metrics(subject.joint_centres, subject.counted, ground_m)
        | contact_metrics(subject.context(subject.once))
        for subject in known
    }


def _guidance_of(subject: SubjectSet, low: float, high: float) -> dict[str, float]:
    """Table 3 under the published definitions, over all frames that count; then how the first squats move; then,
    without the first and last 0.2 s, the mean peak of the muscle over motions and sides, the share of motions whose
    peaks of both sides are in the range, and the pelvis's tilt at the peak.
    """
    found = published_metrics(subject.context(subject.counted, activations=True), low, high, MUSCLE)
    figures = {ours: found[theirs] for theirs, ours in _PUBLISHED_NAMES.items()}
    repetition = subject.context(subject.repetition)
    figures |= movement_metrics(repetition, MOVEMENT)
    if subject.skeleton is not None:
        figures |= movement_metrics(repetition, MOVEMENT_OF_MODEL)
    sound = subject.context(subject.sound_activations, activations=True)
    peak = summarise(evaluate("activation", sound, MUSCLE), "max")
    figures["peak_activation"] = float(peak.mean())
    figures["in_range"] = float((outside(peak, low, high).amax(1) == 0).float().mean())
    figures["tilt_at_peak"] = float(summarise(evaluate("pelvis_tilt", sound), AT_PEAK, sound, MUSCLE).mean())
    return figures
