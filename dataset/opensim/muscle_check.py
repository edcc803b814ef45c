"""Check of the parameters of a model's muscles: those in another unit or damaged would be simulated in silence."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from dataset.errors import InputError
from models.conventions import MUSCLES
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
            length of the path are logged.
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
