"""The tables of RESULTS.md: recorded subjects and generated motions, each beside the rows of the paper."""

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dataset.errors import InputError
from dataset.left_out import LeftOut, left_out_by
from dataset.motion_folders.file_types import MUSCLE_DRIVEN
from dataset.motion_folders.folder_reader import read_motion_folder
from dataset.sessions import discover_sessions
from dataset.spelling import list_names
from utils.guidance.guidance_config import PUBLISHED_MUSCLE
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.result_record import session_folders
from utils.metrics.evaluation import evaluate_folder, evaluate_reference, evaluate_set
from utils.metrics.evaluation_config import MetricConfig
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.guided_table import guided_table
from utils.metrics.markdown_blocks import read_with_blocks, write_blocks
from utils.metrics.metric_row import MetricRow
from utils.metrics.motion_set import MotionSet
from utils.metrics.published_values import PUBLISHED_ROWS
from utils.metrics.reference_motions import is_demo_root
from utils.metrics.request_table import request_table
from utils.metrics.row_tables import hold_tables, markdown_tables, write_tables
from utils.metrics.tables_config import TablesConfig
from utils.runs.environment import configure_torch
from utils.runs.recorded_session import find_run_records
from utils.runs.writable import require_writable, require_writable_file

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class TablesResult:
    """The tables that were made.

    Attributes:
        results: the Markdown file that holds them.
        blocks: Markdown of each table by the name of its block: `recorded`, `generated`, `guided`, `requests`.
        paths: the files that were written beside it.
        left_out: what of the motions or of their reference could not be evaluated, and why.
    """

    results: Path
    blocks: dict[str, str]
    paths: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()


def make_tables(config: TablesConfig) -> TablesResult:
    """Evaluate recorded subjects and generated motions, and write their tables.

    Raises:
        InputError: a folder or its subjects, or a block of the Markdown file, are missing.
    """
    require_writable(config.out_dir)
    require_writable_file(config.results, "--results")
    read_with_blocks(config.results, config.tables)
    networks = EvaluationNetworks(configure_torch(config), config.vq_name, config.surrogate_name)
    blocks: dict[str, str] = {}
    paths: list[Path] = []
    all_rows: list[MetricRow] = []
    if config.recordings:
        rows, published = recorded_rows(config.recordings, networks, config), ["Reference", "MoCap"]
        all_rows += rows
        blocks["recorded"] = _table_with_notes(rows, published)
        with hold_tables(config.out_dir, "recorded"):
            paths += write_tables(config.out_dir, "recorded", rows, published=published)
    if config.row:
        folders = dict(config.row)
        rows = generated_rows(config.find_data_root()[1], folders, networks, config)
        all_rows += rows
        published = ["Reference", "MoCap", *(name for name in folders if name in PUBLISHED_ROWS)]
        blocks["generated"] = _table_with_notes(rows, published)
        with hold_tables(config.out_dir, "generated"):
            paths += write_tables(config.out_dir, "generated", rows, published=published)
    if config.guided:
        blocks["guided"] = guided_table(result for folder in config.guided for result in _load_guided(folder))
    if config.requests:
        blocks["requests"] = request_table(config.requests)
    with hold_tables(config.results.parent, config.results.name):  # blocks that another process writes are kept
        write_blocks(config.results, blocks)
    left_out = dict.fromkeys(sentence for row in all_rows for sentence in row.left_out)
    return TablesResult(config.results, blocks, tuple(paths), tuple(map(left_out_by, left_out)))


def _load_guided(folder: Path) -> Iterator[GuidanceResult]:
    """The results of guidance in a run folder, or in its folder of subjects' folders, one after the other."""
    return (load_guidance(path) for path in session_folders(folder))


def recorded_rows(root: Path, networks: EvaluationNetworks, config: MetricConfig = MetricConfig()) -> list[MetricRow]:
    """The rows of recorded subjects: muscle-driven repetitions (Reference), and recorded trials (MoCap) against them.

    Args:
        root: a data root of OpenCap sessions.
        networks: the networks of the evaluation.
        config: which metrics are computed.

    Raises:
        InputError: no session has a muscle-driven repetition.
    """
    if not any(session.muscle_driven for session in discover_sessions(root)):
        raise InputError(f"{root}: no session has a muscle-driven repetition, which the trials are to be compared with")
    reference = MotionSet.of("Reference", read_motion_folder(root, MUSCLE_DRIVEN), networks)
    trials = evaluate_folder(root, "mocap", reference, networks, config, name="MoCap", data_root=root)
    return [evaluate_reference(reference, config), trials]


def generated_rows(
    root: Path, folders: Mapping[str, Path], networks: EvaluationNetworks, config: MetricConfig = MetricConfig()
) -> list[MetricRow]:
    """The rows of generated motions, after the reference and the recorded trials of the same subjects.

    Args:
        root: the data root of the subjects.
        folders: folders of generated motions by the name of their row. The reference are the muscle-driven repetitions
            of the subjects of the first folder.
        networks: the networks of the evaluation.
        config: which metrics are computed.

    Raises:
        InputError: a folder is missing, or the data root has no recorded trial or no muscle-driven repetition of its
            subjects.
    """
    sessions = discover_sessions(root)
    first = read_motion_folder(next(iter(folders.values())), "mot", sessions=sessions)
    names = {subject.subject for subject in first.subjects}
    places = tuple(f"{session.path}{os.sep}" for session in sessions if session.id in names)

    def recorded(name: str, file_type: str) -> MotionSet:
        everyone = read_motion_folder(root, file_type)
        own = tuple(subject for subject in everyone.subjects if subject.subject in names)
        if not own:
            what = "muscle-driven repetition" if file_type == MUSCLE_DRIVEN else "recorded trial"
            raise InputError(
                f"{root} holds no {what} of {list_names(sorted(names))}, with which the generated motions are compared"
            )
        left_out = tuple(sentence for sentence in everyone.left_out if sentence.startswith(places))
        return MotionSet.of(name, replace(everyone, subjects=own, left_out=left_out), networks)

    names_of_rows = ("Demo reference", "Demo trials") if is_demo_root(root) else ("Reference", "MoCap")
    reference = recorded(names_of_rows[0], MUSCLE_DRIVEN)
    rows = [
        evaluate_reference(reference, config),
        evaluate_set(recorded(names_of_rows[1], "mocap"), reference, config),
        *(
            evaluate_folder(folder, "mot", reference, networks, config, name=name, data_root=root)
            for name, folder in folders.items()
        ),
    ]
    return [_with_differences(row, folders, names, config) for row in rows]


def _with_differences(
    row: MetricRow, folders: Mapping[str, Path], names: Collection[str], config: MetricConfig
) -> MetricRow:
    """The row with warnings of what sets it apart from the others: its people, and the activation it was asked for.

    Args:
        row: a row of a table.
        folders: folders of generated motions by the name of their row.
        names: the people of the first of these folders.
        config: which metrics are computed, with the requested activation.
    """
    warnings = []
    people = {name for value in row.metrics.values() for name in value.values}
    if people != set(names):
        first, own, others = next(iter(folders)), list_names(sorted(people)), list_names(sorted(names))
        warnings.append(f"{row.name}: is of {own}, and {first} of {others}; these rows do not compare the same people")
    counted = config.requested_activation
    records = find_run_records(folders[row.name]) if row.name in folders else []
    asked = {
        (record.low, record.high, record.muscle or PUBLISHED_MUSCLE) for record in records if record.low is not None
    }
    for low, high, muscle in sorted(asked - {counted}):
        warnings.append(
            f"{row.name}: was asked for {muscle} of {low:g} to {high:g}; MAC and the peaks in range are, as in every "
            f"row, of {counted[2]} and {counted[0]:g} to {counted[1]:g}; calculate_guidance.py takes what was asked for"
        )
    for warning in warnings:
        logger.warning("%s", warning)
    return replace(row, warnings=(*row.warnings, *warnings))


def _table_with_notes(rows: Sequence[MetricRow], published: Sequence[str]) -> str:
    """Rows as Markdown tables beside the published rows, with a list of their notes and warnings below."""
    sentences = ((row.name, sentence) for row in rows for sentence in (*row.notes, *row.warnings))
    notes = dict.fromkeys(
        f"- {sentence}" if sentence.startswith(name) else f"- {name}: {sentence}" for name, sentence in sentences
    )
    return "\n".join([markdown_tables(rows, published=published), *notes])
