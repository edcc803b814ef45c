"""Table of what was asked of several people's guided motions, in how many it holds in simulation, and what changed."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.io.guarded_files import read_json_object
from dataset.io.mot import read_motion
from dataset.locations import MOTIONS_FOLDER, SESSION_PREFIX
from models.conventions import ROTATION_INDICES
from utils.biomechanics.own_comparison import FORM
from utils.guidance.subject.squat_profile import form_differences

_HEADER = (
    "| request | asked | people | all met | motions met | least of a person | mean change | largest | "
    "nearest motion of another person, median | least | by all angles, median | least |"
)


def request_table(folder: Path) -> str:
    """Markdown table with a line for each request.

    Args:
        folder: holds a run folder of `LIMO_Surrogate.py` for each request, named after it.

    Raises:
        InputError: the folder holds no runs.
    """
    lines = [_HEADER, "|---" * _HEADER.count(" |") + "|"]
    for run in sorted(path for path in folder.glob("*") if path.is_dir()):
        paths = sorted(run.glob(f"{MOTIONS_FOLDER}/{SESSION_PREFIX}*/summary.json"))
        if not paths:
            continue
        summaries = [read_json_object(path) for path in paths]
        try:
            lines.append(_line(run.name, summaries, _to_others([_motions(path.parent) for path in paths])))
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise InputError(f"{run}: a summary.json in it is damaged ({type(error).__name__}: {error})") from None
    if len(lines) == 2:
        raise InputError(f"{folder}: holds no <request>/{MOTIONS_FOLDER}/{SESSION_PREFIX}<session>/summary.json")
    return "\n".join(lines)


def _motions(folder: Path) -> list[Tensor]:
    """The motions (T, 33) that were written into a session's folder."""
    return [
        torch.from_numpy(read_motion(path, jumps="keep").coordinates) for path in sorted(folder.glob("entry_*.mot"))
    ]


def _to_others(people: Sequence[Sequence[Tensor]]) -> list[list[float]]:
    """For each motion of each person, how far the nearest motion of anybody else is, in form and by all angles."""
    nearest: list[list[float]] = [[], []]
    for i, motions in enumerate(people):
        others = [motion for j, theirs in enumerate(people) if j != i for motion in theirs]
        if motions and others:
            for found, coordinates in zip(nearest, (FORM, ROTATION_INDICES), strict=True):
                found += form_differences(motions, others, coordinates).min(1).tolist()
    return nearest


def _line(name: str, summaries: Sequence[dict[str, Any]], to_others: Sequence[Sequence[float]]) -> str:
    terms = [term for term in summaries[0]["asked"] if term["required"] and not term["of_a_whole_motion"]]
    asked = dict.fromkeys(f"{term['name'].replace('_', ' ')} {_bounds(term)}" for term in terms)
    shares = [min(1.0, one["accepted"] / one["wanted"]) for one in summaries]
    changes = [one["mean_change_deg"] for one in summaries if one["mean_change_deg"] is not None]
    accepted, wanted = (sum(one[key] for one in summaries) for key in ("accepted", "wanted"))
    change = ["-", "-"] if not changes else [f"{value:.1f}°" for value in (sum(changes) / len(changes), max(changes))]
    apart = [f"{least(one):.1f}°" if one else "-" for one in to_others for least in (np.median, min)]
    cells = [
        name, "; ".join(asked), str(len(summaries)), str(sum(share == 1 for share in shares)),
        f"{accepted} of {wanted}", f"{100 * min(shares):.0f} %", *change, *apart,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _bounds(term: dict[str, Any]) -> str:
    """The bounds of a term with their unit; those relative to the person's own squats without the person's figures."""
    relative = re.sub(r"[-\d.]+ \((.*?)\)", r"\1", term["asked"])
    unit = "" if relative != term["asked"] or term["unit"] == "0-1" else f" {term['unit']}"
    return f"{relative}{unit}"
