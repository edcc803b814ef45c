"""Table of the samples of guidance whose peak activation is in the requested range, predicted and simulated."""

import json
from pathlib import Path

from dataset.errors import InputError


def simulated_table(folder: Path) -> str:
    """Markdown table with one line per subject, from the summaries in a folder of guided motions.

    Args:
        folder: holds `latents_subject_run_<session>/summary.json` of each subject.

    Raises:
        InputError: no summary has results of static optimisation.
    """
    lines = [
        "| subject | predicted in range | simulated in range | simulated within 0.05 of the range |",
        "|---|---|---|---|",
    ]
    total = [0, 0, 0, 0]
    for path in sorted(folder.glob("*/summary.json")):
        summary = json.loads(path.read_text())
        simulated = [sample["simulated"] for sample in summary["samples"] if "simulated" in sample]
        if not simulated:
            continue
        counts = (
            sum(sample["accepted"] for sample in summary["samples"]),
            sum(sample["within_range"] for sample in simulated),
            sum(sample["within_range_and_0.05"] for sample in simulated),
            len(summary["samples"]),
        )
        total = [a + b for a, b in zip(total, counts, strict=True)]
        lines.append(_line(summary["session"], *counts))
    if not total[-1]:
        raise InputError(f"{folder}: no subject's folder in it has a summary.json with simulated peak activations")
    return "\n".join([*lines, _line("all", *total)])


def _line(name: str, predicted: int, simulated: int, near: int, count: int) -> str:
    return f"| {name} | {predicted}/{count} | {simulated}/{count} | {near}/{count} |"
