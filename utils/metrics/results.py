"""The tables of RESULTS.md: recorded people and generated motions, each beside the paper's rows."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.motion_folders.folder_reader import MUSCLE_DRIVEN, read_motion_folder
from dataset.sessions import discover_sessions
from utils.metrics.evaluation import Row, evaluate_folder, evaluate_reference, evaluate_set
from utils.metrics.motion_sets import EvaluationModels, MotionSet
from utils.metrics.row_tables import markdown

_BLOCK = "<!-- {name} -->\n{text}\n<!-- end of {name} -->"


def recorded_rows(root: Path, models: EvaluationModels) -> list[Row]:
    """Rows of a data root: its muscle-driven repetitions (Reference), and its recorded trials against them (MoCap)."""
    sessions = discover_sessions(root)
    if not any(session.muscle_driven for session in sessions):
        raise InputError(f"{root}: no muscle-driven repetition in it, so there is nothing to compare its trials with")
    reference = MotionSet.of("Reference", read_motion_folder(root, MUSCLE_DRIVEN), models)
    trials = evaluate_folder(root, "mocap", reference, models, name="MoCap", data_root=root)
    return [evaluate_reference(reference), trials]


def generated_rows(root: Path, folders: Mapping[str, Path], models: EvaluationModels) -> list[Row]:
    """Rows of folders of generated motions, by name, after the reference and the recorded trials of the same people.

    root: the data root of the people. The reference are the muscle-driven repetitions of those people who are subjects
    of the first folder. Raises InputError where a folder or its people are not there.
    """
    first = read_motion_folder(next(iter(folders.values())), "mot", sessions=discover_sessions(root))
    people = {subject.subject for subject in first.subjects}

    def recorded(name: str, file_type: str) -> MotionSet:
        everyone = read_motion_folder(root, file_type)
        own = tuple(subject for subject in everyone.subjects if subject.subject in people)
        if not own:
            raise InputError(f"{root}: none of the people of the generated motions in it: {', '.join(sorted(people))}")
        return MotionSet.of(name, replace(everyone, subjects=own), models)

    reference = recorded("Demo reference", MUSCLE_DRIVEN)
    rows = [evaluate_reference(reference), evaluate_set(recorded("Demo trials", "mocap"), reference)]
    return rows + [
        evaluate_folder(folder, "mot", reference, models, name=name, data_root=root) for name, folder in folders.items()
    ]


def simulated_table(folder: Path) -> str:
    """What guidance promised and the simulation found, a Markdown row a person, from the summaries of a run's folder.

    Raises InputError where no summary with a simulation is there.
    """
    lines = ["| person | promised in range | simulated in range | simulated within 0.05 of it |", "|---|---|---|---|"]
    total = [0, 0, 0, 0]
    for path in sorted(folder.glob("*/summary.json")):
        summary = json.loads(path.read_text())
        found = [sample["simulated"] for sample in summary["samples"] if "simulated" in sample]
        if not found:
            continue
        counts = (
            sum(sample["accepted"] for sample in summary["samples"]),
            sum(row["within_range"] for row in found),
            sum(row["within_range_and_0.05"] for row in found),
            len(summary["samples"]),
        )
        total = [a + b for a, b in zip(total, counts, strict=True)]
        lines.append(_counted(summary["session"], *counts))
    if not total[-1]:
        raise InputError(f"{folder}: no subject's folder in it has a summary.json with simulated peaks")
    return "\n".join([*lines, _counted("all", *total)])


def _counted(name: str, promised: int, within: int, near: int, count: int) -> str:
    return f"| {name} | {promised}/{count} | {within}/{count} | {near}/{count} |"


def tables(rows: Sequence[Row], paper: Sequence[str]) -> str:
    """Rows as Markdown tables, the paper's rows beside them, and below what was said of them."""
    said = ((row.name, sentence) for row in rows for sentence in (*row.notes, *row.warnings))
    remarks = dict.fromkeys(f"- {text}" if text.startswith(name) else f"- {name}: {text}" for name, text in said)
    return "\n".join([markdown(rows, paper=paper), *remarks])


def write_blocks(path: Path, blocks: Mapping[str, str]) -> None:
    """Put each text between the comments `<!-- name -->` and `<!-- end of name -->` of a Markdown file.

    What is written by hand around them stays. Raises InputError where the file or a block is missing.
    """
    if not path.is_file():
        raise InputError(f"{path}: not there; it has to hold the blocks {', '.join(blocks)}")
    content = path.read_text(encoding="utf-8")
    for name, text in blocks.items():
        pattern = re.compile(re.escape(f"<!-- {name} -->") + ".*?" + re.escape(f"<!-- end of {name} -->"), re.DOTALL)
        if not pattern.search(content):
            raise InputError(f"{path}: no block <!-- {name} --> ... <!-- end of {name} --> to put the table in")
        content = pattern.sub(lambda _, name=name, text=text: _BLOCK.format(name=name, text=text), content)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
