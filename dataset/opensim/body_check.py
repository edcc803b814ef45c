"""Check of the bodies and joints of a model: those in another unit or damaged would be computed with in silence."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from models.conventions import PERSON_MASS_KG
from models.skeleton.description import ModelDescription

# Models of persons have mass centres within 0.38 m of the body's origin, joints within 0.57 m, radii of gyration of
# 0.28 m, 0.36 of the mass in one body, and coefficients of joint functions to 2.3 (radians and metres).
_FARTHEST_MASS_CENTRE_M, _FARTHEST_JOINT_M, _LARGEST_GYRATION_M = 1.0, 2.0, 1.0
_LARGEST_SHARE = 0.7
# The lightest of these has 0.05 of the mass. OpenSim drops the inertia of a body without mass, so nothing else tells.
_HEAVY, _LEAST_SHARE = ("pelvis", "torso", "femur_l", "femur_r", "tibia_l", "tibia_r"), 0.01
_LARGEST_COEFFICIENT = 1e4
_LIGHTEST_KG = 1e-3  # of a body whose radius of gyration is looked at; a lighter one may be without mass


def require_plausible_bodies(path: str | Path, description: ModelDescription) -> None:
    """Check the masses and distances of a model.

    Raises:
        InputError: a mass, mass centre, inertia, joint or function is not finite, or is not that of a person in metres
            and kilograms. The message names the body.
    """
    for fault in _faults(description):
        raise InputError(f"{path}: {fault}")


def _faults(model: ModelDescription) -> Iterable[str]:
    total = float(model.masses_kg.sum())
    if not PERSON_MASS_KG[0] < total < PERSON_MASS_KG[1]:
        yield (
            f"the bodies of the model weigh {total:g} kg in all; expected a person's mass, {PERSON_MASS_KG[0]:g} to "
            f"{PERSON_MASS_KG[1]:g} kg"
        )
    for name, mass, centre, inertia in zip(
        model.own_body_names, model.masses_kg, model.mass_centres, model.inertias, strict=True
    ):
        body = f"the body {name}"
        if not 0 <= mass <= _LARGEST_SHARE * total:
            yield f"{body} has {mass:g} of the model's {total:g} kg"
        if name in _HEAVY and mass < _LEAST_SHARE * total:
            yield f"{body} has {mass:g} of the model's {total:g} kg, expected {_LEAST_SHARE * total:.2g} at least"
        if not np.abs(centre).max() <= _FARTHEST_MASS_CENTRE_M:
            yield f"{body} has its mass centre at {_shown(centre)}, expected metres from the body's origin"
        if not np.isfinite(inertia).all():
            yield f"{body} has an inertia that is not finite"
        least, *_, most = np.linalg.eigvalsh(inertia) if np.isfinite(inertia).all() else (0.0, 0.0)
        if least < -1e-9 or most > max(mass, _LIGHTEST_KG) * _LARGEST_GYRATION_M**2:
            yield f"{body} of {mass:g} kg has principal moments of inertia of {least:g} to {most:g} kg m²"
    for joint in model.joints:
        offsets = np.concatenate([joint.parent_offset, joint.child_offset])
        if not np.abs(offsets).max() <= _FARTHEST_JOINT_M:
            yield f"the joint {joint.name} is at {_shown(offsets)} in its bodies, expected metres"
        if not all(np.isfinite(one).all() for one in (joint.parent_rotation, joint.child_rotation, joint.axes)):
            yield f"the joint {joint.name} has an orientation or an axis that is not finite"
        if not all(np.abs(one.coefficients).max() <= _LARGEST_COEFFICIENT for one in joint.functions):
            yield f"the joint {joint.name} has a function of its coordinate with values that no joint has"


def _shown(values: np.ndarray) -> str:
    return " ".join(f"{value:g}" for value in values)
