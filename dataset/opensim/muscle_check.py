"""Check of the parameters of a model's muscles: those in another unit or damaged would be simulated in silence."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from dataset.errors import InputError
from dataset.spelling import with_side
from models.conventions import MUSCLES, without_side
from models.muscles.hill import MuscleParameters

logger = logging.getLogger("bige")

# Property in the model file, unit, lowest and highest value; models of persons have 170 to 6,200 N, 0.026 to 0.5 m,
# 0.014 to 0.57 m, 0 to 24 degrees and 10 optimal lengths per second.
_RANGES = (
    ("max_isometric_force", "N", 0.0, 50_000.0),
    ("optimal_fiber_length", "m", 0.005, 1.0),
    ("tendon_slack_length", "m", 0.0, 1.0),
    ("pennation_angle_at_optimal", "rad", 0.0, 1.5),
    ("max_contraction_velocity", "optimal lengths/s", 0.1, 100.0),
)
_WEAKEST_N = 100.0  # of a person's strongest muscle, which has 2,000 N and more; forces in kilonewtons are below it
# Length of the fibres of a person who stands upright, in optimal lengths; 0.62 to 1.31 in those models. Beyond this
# range a muscle has no active force.
_SHORTEST, _LONGEST = 0.3, 1.9
_SIDES_APART = 1.15  # ratio of the lengths of a muscle of both sides; 1.015 at most in those models


def require_plausible_muscles(
    path: str | Path, parameters: MuscleParameters, lengths_m: Sequence[float], switched_off: Tensor
) -> None:
    """Check the muscles of a model.

    Args:
        path: the model, for the sentence.
        parameters: of the 80 muscles, canonical order.
        lengths_m: their muscle-tendon lengths with all joints at 0, 80, in metres.
        switched_off: (80,) bool, the muscles that apply no force, which may have any parameters.

    Raises:
        InputError: a parameter is not a number, or is not that of a person's muscle; parameters that do not fit the
            length of the path, or the muscle of the other side, are logged.
    """
    used = (~switched_off).nonzero()[:, 0].tolist()
    for (name, unit, low, high), values in zip(_RANGES, parameters, strict=True):
        for i in used:
            if not low <= float(values[i]) <= high:  # also nan
                raise InputError(
                    f"{path}: {name} of the muscle {MUSCLES[i]} is {float(values[i]):g}; expected {low:g} to {high:g} "
                    f"{unit}"
                )
    forces, optimal, slack, pennation, _ = (values.numpy() for values in parameters)
    if used and forces[used].max() < _WEAKEST_N:
        raise InputError(
            f"{path}: max_isometric_force is {forces[used].max():g} N at most, of all muscles; expected newtons, "
            f"{_WEAKEST_N:g} N at least of the strongest"
        )
    fibres = (np.asarray(lengths_m) - slack) / (optimal * np.cos(pennation))
    for i in used:
        if not np.isfinite(fibres[i]):
            raise InputError(
                f"{path}: the path of the muscle {MUSCLES[i]} has no length; a point of it is not a number"
            )
    odd = [f"{MUSCLES[i]} ({fibres[i]:.2g})" for i in used if not _SHORTEST <= fibres[i] <= _LONGEST]
    if odd:
        logger.warning(
            "%s: when the person stands upright, the fibres of these muscles have these times their optimal length, "
            "%g to %g would be usual; they are simulated with hardly any force, and their tendon_slack_length, "
            "optimal_fiber_length or path is probably wrong: %s",
            path, _SHORTEST, _LONGEST, ", ".join(odd),
        )  # fmt: skip
    _warn_of_unlike_sides(path, used, {"optimal_fiber_length": optimal, "tendon_slack_length": slack})


def _warn_of_unlike_sides(path: str | Path, used: Sequence[int], lengths: dict[str, np.ndarray]) -> None:
    """Name the muscles whose length (80,) on one side is far from that on the other; a weak side has less force."""
    unlike = []
    for i in used:
        other = MUSCLES.index(with_side(without_side(MUSCLES[i]), "r"))
        for name, values in lengths.items():
            if i == other or other not in used or min(values[i], values[other]) <= 0:
                continue
            ratio = values[i] / values[other]
            if max(ratio, 1 / ratio) > _SIDES_APART:
                unlike.append(f"{name} of {MUSCLES[i]} ({ratio:.2g})")
    if unlike:
        logger.warning(
            "%s: these lengths of muscles are so many times those of the right side, where people have hardly any "
            "difference; one of the two is probably wrong: %s",
            path, ", ".join(unlike),
        )  # fmt: skip
