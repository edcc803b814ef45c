"""Demo sessions on disk: one OpenCap session folder a synthetic person, and which people are held out."""

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from dataset.demo.anthropometry import Person, draw_person
from dataset.demo.scaled_model import MODEL_NAME, write_scaled_model
from dataset.demo.trial import make_trial
from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write, write_json
from dataset.io.mot import write_motion
from dataset.locations import COMPLETE_NAME, HOLDOUT_NAME
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session

POPULATION_NAME = "population.json"
HELD_OUT_EVERY = 5  # the 5th, 10th, ... person


def is_held_out(person_index: int) -> bool:
    """Whether person `person_index` (from 0) is held out."""
    return person_index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def session_folder(root: str | Path, person_index: int) -> Path:
    """`<root>/Data/demo-person-<number>`."""
    return Path(root) / "Data" / f"demo-person-{person_index + 1:03d}"


def trial_names(count: int) -> list[str]:
    """`squats1`, `squats2`, ..."""
    return [f"squats{number + 1}" for number in range(count)]


def make_session(root: str | Path, seed: int, person_index: int, repetitions: int, trials: int) -> Session:
    """Make the session of one person, unless it is there already.

    The folder appears when it is whole: metadata, scaled model, `trials` squat trials of `repetitions` repetitions in
    OpenCap's file layout, and `demo.json`, which says how each trial is performed. The same seed and index give the
    same files.
    """
    folder = session_folder(root, person_index)
    if folder.is_dir():
        return Session(folder)
    person = draw_person(seed, person_index)
    growing = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(growing, ignore_errors=True)
    try:
        _fill(growing, person, seed, repetitions, trials)
        growing.rename(folder)
    finally:
        shutil.rmtree(growing, ignore_errors=True)
    return Session(folder)


def _fill(folder: Path, person: Person, seed: int, repetitions: int, trials: int) -> None:
    import torch

    model = folder / "OpenSimData" / "Model" / MODEL_NAME
    write_scaled_model(person, model)
    skeleton = load_skeleton(model, torch.float64)
    styles = {}
    for k, name in enumerate(trial_names(trials)):
        motion, style = make_trial(skeleton, seed, style_index(person.index, k, trials), repetitions)
        write_motion(folder / "OpenSimData" / "Kinematics" / f"{name}.mot", motion, beta=True)
        styles[name] = asdict(style)
    (folder / "sessionMetadata.yaml").write_text(
        f"subjectID: {person.id}\nmass_kg: {person.mass_kg}\nheight_m: {person.stature_m}\nsex: {person.sex}\n"
        f"openSimModel: {Path(MODEL_NAME).stem}\nsynthetic: true\n"
    )
    write_json(folder / "demo.json", {"person": asdict(person), "styles": styles})


def style_index(person_index: int, trial: int, trials: int) -> int:
    """Which style of the population a person performs in a trial: every trial has its own."""
    return trials * person_index + trial


def start(root: str | Path, arguments: argparse.Namespace) -> None:
    """Prepare `root` for the people of `arguments` (seed, people, trials, repetitions).

    Raises InputError where it holds people of another seed or of other trials.
    """
    root = Path(root)
    record = root / POPULATION_NAME
    wanted = {name: getattr(arguments, name) for name in ("seed", "trials", "repetitions")}
    if record.is_file():
        there = json.loads(record.read_text())
        if any(there.get(name) != value for name, value in wanted.items()):
            raise InputError(
                f"{root} holds demo people of {_listed(there)}, and {_listed(wanted)} are asked for; "
                "name another --out-dir or delete it"
            )
    elif (root / "Data").is_dir():
        raise InputError(f"{root} has a Data folder that is not of demo people; name another --out-dir")
    (root / COMPLETE_NAME).unlink(missing_ok=True)
    write_json(record, wanted)


def finish(root: str | Path, arguments: argparse.Namespace, person_indices: Sequence[int]) -> list[str]:
    """Write `holdout.txt`, the held-out people's session ids as `dataset.splits` reads them, and `demo.json`, which
    says that all is there. Returns the held-out ids.
    """
    held_out = [session_folder(root, index).name for index in person_indices if is_held_out(index)]
    with atomic_write(Path(root) / HOLDOUT_NAME) as temporary:
        lines = "".join(f"{name}\n" for name in held_out)
        temporary.write_text(f"# Held-out demo people: every {HELD_OUT_EVERY}th.\n{lines}")
    write_json(
        Path(root) / COMPLETE_NAME,
        {"people": len(person_indices), "labels": not arguments.no_labels, "held_out": held_out},
    )
    return held_out


def _listed(record: dict) -> str:
    return ", ".join(f"{name} {record.get(name)}" for name in ("seed", "trials", "repetitions"))
