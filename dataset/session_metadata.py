"""The metadata of an OpenCap session, `sessionMetadata.yaml`: who it is, and the body mass that was stated."""

import logging
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dataset.errors import InputError
from dataset.io.guarded_files import read_bytes
from dataset.io.model_mass import read_model_mass
from dataset.plain_numbers import plain_number
from models.conventions import PERSON_MASS_KG

logger = logging.getLogger("bige")

METADATA_NAME = "sessionMetadata.yaml"
_LARGEST_BYTES = 1 << 16  # OpenCap writes about 1 kB
# OpenCap writes defaultSubject where nobody was named, and people write the others.
_PLACEHOLDERS = {
    "",
    "defaultsubject",
    "subject",
    "default",
    "unknown",
    "anonymous",
    "test",
    "none",
    "null",
    "na",
    "nan",
}
# OpenCap and AddBiomechanics scale a model to the stated mass, to .3 % or better. Clothes and shoes add 2 or 3 %.
_LARGEST_DIFFERENCE = 0.15
_POUNDS_PER_KG = 2.2046


def read_metadata(session: Path) -> dict[str, Any]:
    """Content of a session's metadata, every value as text; empty where the file is missing or is no mapping.

    What cannot be read is named in a warning and left out, since no recording depends on it.
    """
    path = session / METADATA_NAME
    if not os.path.lexists(path):
        return {}
    try:
        text = _decoded(path, read_bytes(path, _LARGEST_BYTES))
    except InputError as error:
        _warn_once(str(error))
        return {}
    try:
        # YAML allows no tabs. BaseLoader is as safe as safe_load, and keeps ids such as 007 or 1e3 as written.
        content = yaml.load(text.replace("\t", "  "), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, LookupError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        _warn_once(f"{path}: not read, it is not valid YAML ({reason})")
        return {}
    if not isinstance(content, dict):
        if content:
            _warn_once(f"{path}: not read; expected lines of the form `key: value`")
        return {}
    if not isinstance(content.get("subjectID", ""), str):
        _warn_once(f"{path}: subjectID is not a text, so the session counts as a subject of its own")
    return content


def names_nobody(subject: object) -> bool:
    """Whether a `subjectID` is a placeholder, as OpenCap's `defaultSubject`."""
    return isinstance(subject, str) and re.sub(r"[\s_./~?-]+", "", subject).lower() in _PLACEHOLDERS


def mass_warning(metadata: dict[str, Any], session: Path, model: Path) -> str:
    """What is wrong between the `mass_kg` of a session's metadata and its model, as a sentence; empty if nothing is.

    The model's mass scales every force. A model of another person, or a mass in pounds, shows nowhere else.

    Args:
        metadata: of the session.
        session: the session's folder.
        model: the model that is used. One that cannot be read is refused by those who read all of it.
    """
    stated = metadata.get("mass_kg")
    if stated is None or stated == "":
        return ""
    where = session / METADATA_NAME
    stated_kg = plain_number(stated) if isinstance(stated, str) else None
    if stated_kg is None:
        return (
            f"{where}: mass_kg is {str(stated)[:40]!r}, expected a number of kilograms; it is not compared with "
            f"{model.name}"
        )
    if not PERSON_MASS_KG[0] < stated_kg < PERSON_MASS_KG[1]:
        return f"{where}: mass_kg is {stated_kg:g}, which no person weighs in kilograms; correct it there"
    found_kg = read_model_mass(model)
    if found_kg is None or abs(found_kg - stated_kg) <= _LARGEST_DIFFERENCE * stated_kg:
        return ""
    ratio = stated_kg / found_kg if found_kg > 0 else 0.0
    guess = "the model may be another person's, or not scaled to this one"
    if abs(ratio / _POUNDS_PER_KG - 1) < _LARGEST_DIFFERENCE / 3:
        guess = f"{stated_kg:g} may be pounds, which is {stated_kg / _POUNDS_PER_KG:.1f} kg"
    return (
        f"{where}: mass_kg is {stated_kg:g}, but the bodies of {model.name} weigh {found_kg:.1f} kg in all; {guess}; "
        f"forces and activations are those of a body of {found_kg:.1f} kg"
    )


def log_mass_warning(metadata: dict[str, Any], session: Path, model: Path) -> None:
    """Log `mass_warning`, once in a process."""
    warning = mass_warning(metadata, session, model)
    if warning:
        _warn_once(warning)


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _warn_once(f"{path}: is not encoded in UTF-8, and is read as Windows-1252 (Western European)")
        return content.decode("cp1252", errors="replace")


@lru_cache(maxsize=4096)
def _warn_once(sentence: str) -> None:
    logger.warning("%s", sentence)
