"""What a guidance run left behind, read again."""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.mot import Motion, read_motion
from models.conventions import FRAME_RATE_HZ, MUSCLE_INDEX, MUSCLES
from models.muscles.simulation_settings import FILTER_MARGIN_S

SIMULATED_NAME = "simulated.npz"
_FOLDER = "latents_subject_run_*"
_SAME_PEAK = 2e-3  # of activation, as the summary rounds it


@dataclass(frozen=True)
class RunFiles:
    """One session's part of a run.

    folder: of its motions. summary: as summary.json says. arguments: of args.json, or empty. motions: S of them, in the
    summary's order. simulated: (S, T, 80) activations found by simulation, or None. history: columns of the losses by
    name, NaN where a row has none; empty where they are not there. made: when the summary was written, UTC.
    """

    folder: Path
    summary: dict
    arguments: dict
    motions: list[Motion]
    simulated: np.ndarray | None
    history: dict[str, np.ndarray]
    made: datetime


def session_folders(run: Path) -> list[Path]:
    """The folders of a run's sessions, or `run` itself where it is one of them; InputError where there is none."""
    if (run / "summary.json").is_file() and run.resolve().parent.name == "mot_visualization":
        return [run.resolve()]
    folders = sorted(path.parent for path in run.glob(f"mot_visualization/{_FOLDER}/summary.json"))
    if not folders:
        raise InputError(
            f"{run}: no guidance run there; expected mot_visualization/{_FOLDER}/summary.json, as LIMO_Surrogate.py "
            "writes it, or one of those folders"
        )
    return folders


def read_run(folder: Path) -> RunFiles:
    """Read one session's folder of a run. Raises InputError where summary or motions are not there or cannot be read.

    Arguments, losses and simulated activations may be missing, as they are of older runs.
    """
    path = folder / "summary.json"
    summary = _json(path)
    for key in ("session", "wanted", "accepted", "asked", "samples"):
        if key not in summary:
            raise InputError(f"{path}: holds no '{key}'; expected the summary of a run of LIMO_Surrogate.py")
    if not summary["samples"]:
        raise InputError(f"{path}: lists no sample")
    arguments = _json(folder / "args.json") if (folder / "args.json").is_file() else {}
    return RunFiles(
        folder=folder,
        summary=summary,
        arguments=arguments,
        motions=[read_motion(folder / sample["file"]) for sample in summary["samples"]],
        simulated=_simulated(folder / SIMULATED_NAME, summary, arguments.get("muscle")),
        history=_history(folder.parents[1] / f"losses_{summary['session']}.csv"),
        made=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )


def _json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object, found a {type(content).__name__}")
    return content


def _simulated(path: Path, summary: dict, muscle: str | None) -> np.ndarray | None:
    """The simulated activations, if their peaks are those of the summary: a run may have been replaced since."""
    peaks = [sample.get("simulated", {}).get("peak_simulated") for sample in summary["samples"]]
    sides = [MUSCLE_INDEX.get(f"{muscle}_{side}") for side in "lr"]
    if not path.is_file() or None in peaks or None in sides:
        return None
    with np.load(path) as content:
        activations = content["activations"].astype(float)
    ends = round(FILTER_MARGIN_S * FRAME_RATE_HZ)
    if activations.ndim != 3 or activations.shape[::2] != (len(peaks), len(MUSCLES)):
        return None
    found = activations[:, ends:-ends][..., sides].max(1)
    return activations if np.abs(found - np.array(peaks)).max() < _SAME_PEAK else None


def _history(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        return {key: np.array([float(row[key] or "nan") for row in rows]) for key in (rows[0] if rows else ())}
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: not a table of losses ({error})") from None
