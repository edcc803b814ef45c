"""Sessions of synthetic subjects on disk, and which of the subjects are held out."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataset.demo.anthropometry import Person, draw_person
from dataset.demo.population_settings import PopulationSettings
from dataset.demo.scaled_model import MODEL_NAME, write_scaled_model
from dataset.demo.trial import make_trial
from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write, write_json
from dataset.io.mot import write_motion
from dataset.locations import COMPLETE_NAME, HOLDOUT_NAME
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import METADATA_NAME, Session

POPULATION_NAME = "population.json"
HELD_OUT_EVERY = 5  # the 5th, 10th, ... subject
_SHARED = ("seed", "trials", "repetitions")  # what all sessions of a folder have in common


def is_held_out(person_index: int) -> bool:
    """Whether subject `person_index` (from 0) is held out."""
    return person_index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def session_folder(root: str | Path, person_index: int) -> Path:
    """The folder `<root>/Data/demo-person-<number>` of subject `person_index` (from 0)."""
    return Path(root) / "Data" / f"demo-person-{person_index + 1:03d}"


def trial_names(count: int) -> list[str]:
    """Names of a session's trials: `squats1`, `squats2` and so on."""
    return [f"squats{number + 1}" for number in range(count)]


def style_index(person_index: int, trial: int, trials: int) -> int:
    """Number of the style that a subject performs in trial `trial` (from 0) of `trials`."""
    return trials * person_index + trial


def start_population(population: PopulationSettings) -> None:
    """Prepare the folder of a population for its sessions.

    Raises:
        InputError: the folder holds sessions of another seed or with other trials, or other data.
    """
    record = population.folder / POPULATION_NAME
    wanted = {name: getattr(population, name) for name in _SHARED}
    if record.is_file():
        existing = json.loads(record.read_text())
        if any(existing.get(name) != value for name, value in wanted.items()):
            raise InputError(
                f"{population.folder} holds demo sessions with {_described(existing)}, which differs from "
                f"{_described(wanted)}; give another --out-dir or delete the folder"
            )
    elif (population.folder / "Data").is_dir():
        raise InputError(f"{population.folder} has a Data folder without demo sessions; give another --out-dir")
    (population.folder / COMPLETE_NAME).unlink(missing_ok=True)
    write_json(record, wanted)


def make_session(population: PopulationSettings, person_index: int) -> Session:
    """Make the session of one subject, unless it is there already.

    A session holds metadata, the scaled model, the squat trials, and `demo.json` with the style of each trial. The
    folder appears when it is complete. The same seed and index give the same files.
    """
    folder = session_folder(population.folder, person_index)
    if folder.is_dir():
        return Session(folder)
    person = draw_person(population.seed, person_index)
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _write_session(partial, person, population)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Session(folder)


def finish_population(folder: Path, people: int, labels: bool) -> tuple[str, ...]:
    """Write `holdout.txt` with the ids of the held-out sessions, and `demo.json`, which marks the folder as complete.

    Args:
        folder: data root of the sessions.
        people: number of subjects.
        labels: whether their muscle-driven repetitions were simulated.

    Returns:
        The ids of the held-out sessions.
    """
    held_out = [session_folder(folder, i).name for i in range(people) if is_held_out(i)]
    with atomic_write(folder / HOLDOUT_NAME) as temporary:
        lines = "".join(f"{name}\n" for name in held_out)
        temporary.write_text(f"# Held-out demo people: every {HELD_OUT_EVERY}th.\n{lines}")
    complete = {"people": people, "labels": labels, "held_out": held_out}
    write_json(folder / COMPLETE_NAME, complete)
    return tuple(held_out)


def _write_session(folder: Path, person: Person, population: PopulationSettings) -> None:
    import torch

    model = folder / "OpenSimData" / "Model" / MODEL_NAME
    write_scaled_model(person, model)
    skeleton = load_skeleton(model, torch.float64)
    styles = {}
    for k, name in enumerate(trial_names(population.trials)):
        index = style_index(person.index, k, population.trials)
        motion, style = make_trial(skeleton, population.seed, index, population.repetitions)
        write_motion(folder / "OpenSimData" / "Kinematics" / f"{name}.mot", motion, beta=True)
        styles[name] = asdict(style)
    (folder / METADATA_NAME).write_text(
        f"subjectID: {person.id}\nmass_kg: {person.mass_kg}\nheight_m: {person.stature_m}\nsex: {person.sex}\n"
        f"openSimModel: {Path(MODEL_NAME).stem}\nsynthetic: true\n"
    )
    write_json(folder / "demo.json", {"person": asdict(person), "styles": styles})


def _described(record: dict[str, Any]) -> str:
    return ", ".join(f"{name} {record.get(name)}" for name in _SHARED)
