"""Checks of a stored result, so that nothing is reported of values of another type, or of other samples."""

import math
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np

from dataset.errors import InputError
from dataset.io.plausibility import refuse_absurd
from models.conventions import COORDINATES, MUSCLES
from utils.guidance.guidance_config import GuidanceConfig

_TYPES = {"session": str, "command": str, "versions": dict, "history": list}
_COLUMNS = ("batch", "iteration", "objective")
_AMOUNTS = ("mass_kg", "leg_length_m")
_OF_SAMPLES = ("start", "met", "violation", "proximity", "nearest", "implausibility")
_OF_SAMPLES_PREFIXES = ("value_", "measure_", "verification_")
_OF_WINDOWS_PREFIXES = ("own_recorded_", "own_simulated_")


def require_record(record: dict[str, Any], path: Path) -> None:
    """Raise InputError where a value of a result's record is not of its type.

    Args:
        record: content of `path`.
        path: result.json.
    """
    for name, kind in _TYPES.items():
        if not isinstance(record.get(name), kind):
            raise InputError(f"{path}: {name} is {str(record.get(name))[:40]!r}, expected a {kind.__name__}")
    if missing := [name for name in _COLUMNS if name not in record["history"]]:
        raise InputError(f"{path}: history has no {missing[0]!r}")
    distance = record.get("between_subject_distance")
    numbers = {name: record.get(name) for name in _AMOUNTS}
    numbers |= {} if distance is None else {"between_subject_distance": distance}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise InputError(f"{path}: {name} is {str(value)[:40]!r}, expected a number above 0")


def require_settings(settings: dict[str, Any], path: Path) -> None:
    """Raise InputError where a setting of guidance that needs a value is null.

    Args:
        settings: values of `GuidanceConfig` by name.
        path: args.json.
    """
    hints = get_type_hints(GuidanceConfig)
    for field in fields(GuidanceConfig):
        if settings.get(field.name, field) is None and NoneType not in get_args(hints[field.name]):
            raise InputError(f"{path}: {field.name} is null, expected a value")


def require_samples(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Raise InputError where the samples are not motions and activations of a person, each with all that is said of it.

    Args:
        arrays: content of `path`.
        path: result.npz.
    """
    motions, activations = arrays["motion"], arrays["activations"]
    expected = (*motions.shape[:2], len(MUSCLES))
    if motions.ndim != 3 or motions.shape[2] != len(COORDINATES) or activations.shape != expected:
        raise InputError(
            f"{path}: expected motions (N, T, {len(COORDINATES)}) and activations (N, T, {len(MUSCLES)}), found "
            f"{motions.shape} and {activations.shape}"
        )
    for name, values in arrays.items():
        if name in _OF_SAMPLES or name.startswith(_OF_SAMPLES_PREFIXES):
            _require_numbers(values, name, len(motions), path)
        elif name.startswith(_OF_WINDOWS_PREFIXES):
            coordinates = arrays["_".join([*name.split("_")[:3], "coordinates"])]
            _require_numbers(values, name, len(coordinates), path)
    for sample, (motion, activation) in enumerate(zip(motions, activations, strict=True)):
        if not (np.isfinite(motion).all() and np.isfinite(activation).all()):
            raise InputError(f"{path}: sample {sample} has values that are NaN or infinite; run the guidance again")
        refuse_absurd(motion, activation, path)


def _require_numbers(values: np.ndarray, name: str, count: int, path: Path) -> None:
    if values.shape[:1] != (count,) or values.dtype.kind not in "fiub":
        raise InputError(f"{path}: {name!r} has the shape {values.shape}, expected numbers of length {count}")
