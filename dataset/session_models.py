"""The choice among the OpenSim models of a session.

OpenCap keeps one scaled model for a session, `OpenSimData/Model/*.osim`; OpenCap Monocular keeps one for each trial,
`OpenSimData/Model/<trial>/*.osim`.
"""

import logging
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from dataset.errors import InputError
from dataset.session_folders import contents, is_folder

logger = logging.getLogger("bige")

_NOT_SCALED = re.compile(r"(un|non?t?|pre|before)[\W_]*scal", re.IGNORECASE)
_GENERIC = re.compile(r"generic|template", re.IGNORECASE)
_PUBLISHED = re.compile(r"rajagopal|lai(arnold|uhlrich)|gait\d|full_?body|hamner|arnold", re.IGNORECASE)  # generic ones
_KINDS = re.compile(r"((un)?scaled|generic|template)s?([\W_]*models?)?", re.IGNORECASE)
_NO_CONTACTS = re.compile(r"(no|non|without|sans)[\W_]*contact", re.IGNORECASE)
_REPETITION_SUFFIX = re.compile(r"(_ik)?(_segment)?(_\d+)?(_muscle_driven)?")


def choose_model(
    folder: Path,
    trial: str | None = None,
    preferred_trials: tuple[str, ...] = (),
    mass_warning: Callable[[Path], str] = lambda _: "",
) -> Path:
    """The model of a session or of one of its trials.

    Of several models a scaled one is taken before a generic one, by the files' names, then one of the person's mass,
    then, where names do not say what is scaled, one that is not named after a published model, then one with contact
    spheres, then the newest. Which was taken, and which were not, is logged once.

    Args:
        folder: `OpenSimData/Model` of the session.
        trial: name of a trial or of one of its repetitions; None for the session as a whole.
        preferred_trials: trials whose model stands for the session where each trial has a model of its own, the first
            of them that has one.
        mass_warning: what is wrong between a model's mass and the person's, empty if nothing is.

    Raises:
        InputError: there is no model, or none for the trial.
    """
    shared, by_trial = _models_of_session(folder), _models_by_trial(folder)
    if trial is not None:
        own = _folder_of(trial, by_trial)
        if own is not None:
            return _best(by_trial[own], mass_warning)
    if shared:
        return _best(shared, mass_warning)
    if not by_trial:
        raise InputError(f"{folder}: no scaled model (*.osim) there; found {contents(folder)}")
    of_trials = len(by_trial) > 1 or any(_folder_of(name, by_trial) for name in preferred_trials)
    if trial is not None and of_trials and trial in preferred_trials:
        raise InputError(
            f"{folder}: no model for the trial {trial}; each trial has a model of its own there: {', '.join(by_trial)}"
        )
    named = (_folder_of(name, by_trial) for name in preferred_trials)
    first = next((name for name in named if name is not None), next(iter(by_trial)))
    if len(by_trial) > 1:
        _say(f"{folder}: each trial has a model of its own; that of {first} stands for the subject")
    return _best(by_trial[first], mass_warning)


def holds_model(folder: Path) -> bool:
    """Whether there is a model in `OpenSimData/Model` of a session, of the session or of a trial."""
    return bool(_models_of_session(folder) or _models_by_trial(folder))


def is_scaled(path: Path) -> bool:
    """Whether its file or folder says that a model is scaled to a person, as `generic_scaled` and not `unscaled`."""
    name = _with_folder(path)
    return "scaled" in name.lower() and not _NOT_SCALED.search(name)


def _says_not_scaled(path: Path) -> bool:
    name = _with_folder(path)
    return not is_scaled(path) and bool(_NOT_SCALED.search(name) or _GENERIC.search(name))


def _with_folder(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def has_contacts(path: Path) -> bool:
    """Whether a file's name says that the model has contact spheres."""
    return "contact" in path.name.lower() and not _NO_CONTACTS.search(path.name)


def _best(models: list[Path], mass_warning: Callable[[Path], str]) -> Path:
    def order(path: Path) -> tuple[int, bool, bool, bool, float, str]:
        scaled = 0 if is_scaled(path) else 2 if _says_not_scaled(path) else 1
        is_off = len(models) > 1 and bool(mass_warning(path))
        is_published = scaled == 1 and bool(_PUBLISHED.match(path.name))
        return scaled, is_off, is_published, not has_contacts(path), -_modified_s(path), path.name

    first, *others = sorted(models, key=order)
    if _says_not_scaled(first):
        _say(f"{first.parent}: no model there is scaled, by its name; {first.name} is used", logging.WARNING)
    if others:
        names = ", ".join(path.name if path.parent == first.parent else _with_folder(path) for path in others)
        _say(f"{first.parent}: the model {first.name} is used, not {names}; --model names another")
    return first


def _modified_s(path: Path) -> float:
    """When a file was written; 0 for a link that leads nowhere, which who opens the file refuses by name."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def all_models(folder: Path) -> list[Path]:
    """All models in a folder of models and in the folders below it, by their paths."""
    found = folder.rglob("*") if is_folder(folder) else ()
    return sorted(path for path in found if path.suffix.lower() == ".osim")


def _models_in(folder: Path) -> list[Path]:
    if not is_folder(folder):
        return []
    files = (path for path in sorted(folder.iterdir()) if not path.is_dir())
    return [path for path in files if path.suffix.lower() == ".osim" and not path.name.startswith(".")]


def _models_of_session(folder: Path) -> list[Path]:
    """The models in a folder, and in those below it that are named after kinds of models and not after trials."""
    if not is_folder(folder):
        return []
    of_kinds = [path for path in sorted(folder.iterdir()) if path.is_dir() and _is_of_a_kind(path)]
    return [*_models_in(folder), *(model for path in of_kinds for model in _models_in(path))]


def _models_by_trial(folder: Path) -> dict[str, list[Path]]:
    """The models in the folders of trials, by the folder's name."""
    if not is_folder(folder):
        return {}
    folders = (path for path in sorted(folder.iterdir()) if path.is_dir() and not _is_of_a_kind(path))
    found = {path.name: _models_in(path) for path in folders}
    return {name: models for name, models in found.items() if models}


def _is_of_a_kind(folder: Path) -> bool:
    """Whether a folder's name says which kind of models it holds, `scaled` or `generic`."""
    return bool(_KINDS.fullmatch(folder.name))


def _folder_of(trial: str, folders: dict[str, list[Path]]) -> str | None:
    """The folder of a trial, or of the trial of which `trial` is a repetition, such as `<trial>_segment_2`."""
    name = trial.lower()
    for folder in sorted(folders, key=len, reverse=True):
        known = folder.lower().removesuffix("_ik")
        if name == folder.lower() or (name.startswith(known) and _REPETITION_SUFFIX.fullmatch(name[len(known) :])):
            return folder
    return None


@cache
def _say(sentence: str, level: int = logging.INFO) -> None:
    logger.log(level, sentence)
