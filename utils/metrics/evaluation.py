"""Evaluation of folders of motions against a reference: one row of the tables each, every metric with its interval.

    result = evaluate(EvaluationConfig(folder_path=Path("output/mine/mot_visualization")))
    result.rows[1].metrics["w2_angles"].mean

Metrics of a subject are averaged over subjects, mean ± standard deviation (divided by n - 1). Metrics of a whole set
are computed once. Both have bootstrap intervals over subjects.
"""

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.left_out import LeftOut, left_out_by, left_out_table
from dataset.sessions import DATA_ROOT_VARIABLE, data_root
from models.conventions import FRAME_RATE_HZ
from utils.metrics.band_plot import plot_bands
from utils.metrics.bootstrap import interval_of_mean
from utils.metrics.catalogue import DISTANCES, GUIDANCE
from utils.metrics.evaluation_config import EvaluationConfig, MetricConfig
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.evaluation_notes import find_notes, find_problems, find_warnings
from utils.metrics.metric_row import MetricRow, MetricValue
from utils.metrics.motion_set import MotionSet, load_motions
from utils.metrics.published_values import BASELINES
from utils.metrics.reference_motions import load_reference
from utils.metrics.row_tables import hold_tables, readable_tables, write_tables
from utils.metrics.set_metrics import compute_set_metrics
from utils.metrics.subject_metrics import compute_subject_metrics
from utils.runs.environment import configure_torch
from utils.runs.record import record_config
from utils.runs.recorded_session import find_run_records
from utils.runs.writable import require_writable

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class EvaluationResult:
    """The outcome of an evaluation.

    Attributes:
        rows: the row of the reference and the row of the evaluated motions.
        published_row: name of the published row that stands beside them; None for the published reference only.
        parts: the parts of the catalogue that were computed.
        paths: the files that were written.
    """

    rows: tuple[MetricRow, MetricRow]
    published_row: str | None
    parts: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What of the motions or of their reference could not be evaluated, and why; empty where everything was."""
        sentences = dict.fromkeys(sentence for row in self.rows for sentence in row.left_out)
        return tuple(left_out_by(sentence) for sentence in sentences)

    @property
    def text(self) -> str:
        """The tables, the notes and what was left out, to be printed."""
        tables = readable_tables(self.rows, self.parts, self.published_row)
        return "\n\n".join(filter(None, [tables, left_out_table(self.left_out)]))


def evaluate(config: EvaluationConfig) -> EvaluationResult:
    """Evaluate a folder of motions and its reference, and write the tables.

    Written to `config.out_dir` are `<table_name>_<row>.csv`, `.json`, `.tex` and `.md`, and where distances are
    computed the time-normalised curves of both, `<table_name>_<row>_curves.png`. `<table_name>_<row>_args.yaml` has the
    settings, among them the limits and the muscle that MAC is of.

    Raises:
        InputError: nothing can be evaluated.
    """
    require_writable(config.out_dir)
    networks = EvaluationNetworks(configure_torch(config), config.vq_name, config.surrogate_name)
    named = config.data_root or os.environ.get(DATA_ROOT_VARIABLE)
    root = data_root(config.data_root) if named else None
    is_mocap = config.file_type == "mocap"
    published_row = BASELINES[config.baseline] if config.baseline else "MoCap" if is_mocap else None

    if config.file_type == "npy" and config.fps is None:
        logger.warning("arrays do not state their frame rate; %g Hz is assumed, --fps gives another", FRAME_RATE_HZ)
    fallbacks = [root, config.folder_path if is_mocap else None]
    reference = load_reference(config.reference, networks, fallbacks=fallbacks, data_root=root)
    motions = load_motions(
        config.folder_path,
        config.file_type,
        networks,
        name=published_row,
        data_root=root,
        subject=config.subject,
        model=config.model,
        array_rate_hz=config.fps or FRAME_RATE_HZ,
    )
    config = with_requested_activation(config)
    row = evaluate_set(motions, reference, config)
    if not row.metrics:
        raise InputError(f"{config.folder_path}: nothing can be evaluated: {row.left_out[0]}")
    rows = (evaluate_reference(reference, config), row)
    said = {warning for one in (reference, motions) for subject in one.subjects for warning in subject.warnings}
    for warning in dict.fromkeys(warning for one in rows for warning in one.warnings):
        if warning not in said:  # those of subjects are logged where their model is chosen
            logger.warning("%s", warning)
    name = "_".join([config.table_name, *row.name.lower().split()])
    published = ["Reference", published_row] if published_row else ["Reference"]
    with hold_tables(config.out_dir, name):
        paths = write_tables(config.out_dir, name, rows, config.parts, published)
        if DISTANCES in config.parts:
            paths.append(plot_bands(config.out_dir / f"{name}_curves.png", reference, motions))
        # JSON, which is YAML too: programs that read all `.json` of the folder expect tables.
        record_config(config, config.out_dir, f"{name}_args.yaml")
    logger.info("wrote %s to %s", ", ".join(path.name for path in paths), config.out_dir)
    return EvaluationResult(rows, published_row, config.parts, tuple(paths))


def with_requested_activation(config: EvaluationConfig) -> EvaluationConfig:
    """The configuration; limits and muscle that are not given are those that the motions' run was asked for."""
    is_complete = None not in (config.low, config.high, config.muscle)
    if GUIDANCE not in config.parts or config.file_type == "mocap" or is_complete:
        return config
    requests = {
        (
            record.low if config.low is None else config.low,
            record.high if config.high is None else config.high,
            record.muscle if config.muscle is None else config.muscle,
        )
        for record in find_run_records(config.folder_path)
        if record.low is not None
    }
    if not requests:
        return config
    if len(requests) > 1:
        logger.warning(
            "the subjects of %s were asked for different activations; all are compared with %g to %g of %s, see --low, "
            "--high and --muscle", config.folder_path, *config.requested_activation,
        )  # fmt: skip
        return config
    low, high, muscle = requests.pop()
    config = replace(config, low=low, high=high, muscle=muscle)
    logger.info("requested peak activation, as the run's record has it: %g to %g of %s", *config.requested_activation)
    return config


def evaluate_folder(
    folder: str | Path,
    file_type: str,
    reference: MotionSet,
    networks: EvaluationNetworks,
    config: MetricConfig = MetricConfig(),
    *,
    name: str | None = None,
    data_root: Path | None = None,
) -> MetricRow:
    """The row of a folder of motions; see `load_motions` and `evaluate_set` for the arguments.

    Raises:
        InputError: nothing can be evaluated.
    """
    return evaluate_set(load_motions(folder, file_type, networks, name=name, data_root=data_root), reference, config)


def evaluate_reference(reference: MotionSet, config: MetricConfig = MetricConfig()) -> MetricRow:
    """The row of the reference itself: not compared with itself, but each of its subjects with the others."""
    return evaluate_set(reference, None, config)


def evaluate_set(motions: MotionSet, reference: MotionSet | None, config: MetricConfig = MetricConfig()) -> MetricRow:
    """The row of a set of motions.

    Args:
        motions: the evaluated motions.
        reference: what they are compared with; None for the reference's own row.
        config: which metrics are computed, and the seed of the intervals.
    """
    metrics = _average_over_subjects(compute_subject_metrics(motions, reference, config), config.seed)
    if DISTANCES in config.parts and reference:
        metrics |= compute_set_metrics(motions, reference, config.seed)
    return MetricRow(
        name=motions.name,
        folder=motions.folder.path,
        subjects=len(motions.subjects),
        motions=len(motions),
        metrics=metrics,
        notes=(*find_notes(motions, reference, config.parts), *_describe_request(config)),
        warnings=tuple(find_warnings(motions, reference, config.parts)),
        left_out=(*motions.folder.left_out, *find_problems(motions)),
    )


def _describe_request(config: MetricConfig) -> list[str]:
    """The requested peak activation, where it is not the paper's."""
    low, high, muscle = config.requested_activation
    if GUIDANCE not in config.parts or (low, high, muscle) == MetricConfig().requested_activation:
        return []
    return [f"the requested peak activation is that of {muscle}, {low:g} to {high:g}"]


def _average_over_subjects(of_subject: dict[str, dict[str, float]], seed: int) -> dict[str, MetricValue]:
    names = dict.fromkeys(name for values in of_subject.values() for name in values)
    averages = {}
    for name in names:
        values = {subject: metrics.get(name, float("nan")) for subject, metrics in of_subject.items()}
        finite = np.array([value for value in values.values() if np.isfinite(value)])
        if len(finite):
            std = float(finite.std(ddof=1)) if len(finite) > 1 else float("nan")
            low, high = interval_of_mean(finite, seed)
            averages[name] = MetricValue(float(finite.mean()), std, len(finite), low, high, values)
    return averages
