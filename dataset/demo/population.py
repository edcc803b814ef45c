"""Sessions of synthetic subjects on disk, and which of the subjects are held out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from dataset.demo.anthropometry import Person, draw_person, index_of_person, person_id
from dataset.demo.muscle_traits import draw_muscle_traits
from dataset.demo.population_settings import PopulationSettings
from dataset.demo.scaled_model import MODEL_NAME, write_scaled_model
from dataset.demo.trial import make_trial
from dataset.errors import InputError
from dataset.io.atomic_write import atomic_folder, atomic_write, write_json
from dataset.io.guarded_files import read_json_object
from dataset.io.mot import write_motion
from dataset.locations import COMPLETE_NAME, HOLDOUT_NAME, VALIDATION_NAME
from dataset.opensim.model_reader import read_osim
from dataset.session_metadata import METADATA_NAME
from dataset.sessions import Session
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.trunk_adjustment import with_torso_mass_height
from models.skeleton.forward_kinematics import OpenSimSkeleton

POPULATION_NAME = "population.json"
HELD_OUT_EVERY, VALIDATION_EVERY = 5, 10  # subjects 5, 10, 15 ... are held out, 9, 19, 29 ... are for validation
_SHARED = ("seed", "trials", "repetitions")  # what all sessions of a folder have in common


def is_held_out(person_index: int) -> bool:
    """Whether subject `person_index` (from 0) is held out."""
    return person_index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1


def is_for_validation(person_index: int) -> bool:
    """Whether subject `person_index` (from 0) belongs to the validation set."""
    return person_index % VALIDATION_EVERY == VALIDATION_EVERY - 2


def session_folder(root: str | Path, person_index: int) -> Path:
    """The folder `<root>/Data/demo-person-<number>` of subject `person_index` (from 0)."""
    return Path(root) / "Data" / person_id(person_index)


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
        existing = read_json_object(record)
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
    with atomic_folder(folder) as temporary:
        _write_session(temporary, person, population)
    return Session(folder)


def finish_population(folder: Path, labels: bool) -> tuple[str, ...]:
    """Write the ids of held-out and validation sessions, and `demo.json`, which marks the folder as complete.

    Args:
        folder: data root of the sessions. All that are there count, also those of an earlier call for more people, who
            would be trained on otherwise although they are held out.
        labels: whether their muscle-driven repetitions were simulated.

    Returns:
        The ids of the held-out sessions.
    """
    found = (index_of_person(path.name) for path in (folder / "Data").iterdir())
    people = sorted(index for index in found if index is not None)
    held_out = [person_id(i) for i in people if is_held_out(i)]
    validation = [person_id(i) for i in people if is_for_validation(i)]
    _write_ids(folder / HOLDOUT_NAME, f"Held-out demo people: every {HELD_OUT_EVERY}th.", held_out)
    _write_ids(folder / VALIDATION_NAME, "Demo people that choose the checkpoint of a training.", validation)
    complete = {"people": len(people), "labels": labels, "held_out": held_out, "validation": validation}
    write_json(folder / COMPLETE_NAME, complete)
    return tuple(held_out)


def _write_ids(path: Path, title: str, ids: list[str]) -> None:
    """Write ids, one per line, under a title; a set without people has no file."""
    path.unlink(missing_ok=True)
    if ids:
        with atomic_write(path) as temporary:
            temporary.write_text(f"# {title}\n" + "".join(f"{name}\n" for name in ids))


def _write_session(folder: Path, person: Person, population: PopulationSettings) -> None:
    model = folder / "OpenSimData" / "Model" / MODEL_NAME
    traits = draw_muscle_traits(population.seed, person)
    write_scaled_model(person, traits, model)
    # Balance is that of the body as the simulation sees it, with the mass of a bent spine and a level head.
    description = with_torso_mass_height(read_osim(model), SimulationSettings().torso_mass_height)
    skeleton = OpenSimSkeleton(description, torch.float64)
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
    write_json(folder / "demo.json", {"person": asdict(person), "muscles": asdict(traits), "styles": styles})


def _described(record: dict[str, Any]) -> str:
    return ", ".join(f"{name} {record.get(name)}" for name in _SHARED)
