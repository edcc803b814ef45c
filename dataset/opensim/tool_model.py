"""Copies of a model for OpenSim's inverse dynamics and static optimisation, and force sets for the latter.

OpenSim's tools compute what the simulation computes only if the model has no force that the simulation lacks. Contact
spheres would push the feet in addition to the ground reaction forces in the external loads, and the tools' list of
forces to exclude does not switch them off (OpenSim 4.6). Static optimisation solves for the accelerations of all
bodies, which a body without mass at the end of a chain makes infinite; OpenCap's patellae have none.
"""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dataset.io.atomic_write import atomic_write
from dataset.opensim.opensim_library import load_opensim, open_opensim_model, print_xml
from models.skeleton.description import ModelDescription

_SAME_M = 1e-9
_LEAST_MASS_KG = 1e-3
_LEAST_INERTIA_KG_M2 = 1e-6
_RESERVE_LIMIT = 1e5  # largest control of a reserve actuator, which is as good as none


def write_tool_model(source: Path, target: Path, moved: Collection[str], description: ModelDescription) -> list[str]:
    """Copy a model, without what keeps OpenSim's tools from computing what the simulation computes.

    Args:
        source: the subject's model.
        target: the copy; byte for byte the same where nothing has to be changed.
        moved: coordinates that the motion moves, which are unlocked.
        description: the model as simulated, whose mass centres the copy gets.

    Returns:
        A sentence for each kind of change.
    """
    model, _ = open_opensim_model(source)
    changes = [
        *_without_passive_forces(model),
        *_with_mass_centres(model, description),
        *_with_massive_bodies(model),
        *_unlocked(model, moved),
    ]
    with atomic_write(target) as temporary:
        if changes:
            model.finalizeConnections()
            print_xml(model, temporary)
        else:
            shutil.copyfile(source, temporary)
    return changes


def write_force_set(
    model_path: Path,
    target: Path,
    reserves: Mapping[str, float],
    activation_floor: float,
    de_groote: Mapping[str, tuple[float, float]] | None,
) -> None:
    """Write the muscles of a model and reserve actuators as a force set that replaces the model's own.

    Args:
        model_path: the model.
        target: the force set (.xml).
        reserves: optimal forces of the reserve actuators by coordinate, Nm or N. Locked and constrained coordinates
            need none, and get none.
        activation_floor: smallest activation of the muscles.
        de_groote: replace the muscles by `DeGrooteFregly2016Muscle` without passive force, whose curves are those of
            the simulation, with the given length of the rigid tendon, metres, and share of the maximal isometric force,
            by name; None for the muscles as they are.
    """
    opensim = load_opensim()
    model, state = open_opensim_model(model_path)
    coordinates = model.getCoordinateSet()
    free = [coordinates.get(i) for i in range(coordinates.getSize())]
    actuated = [c.getName() for c in free if not c.getLocked(state) and not c.isConstrained(state)]
    off = {m.getName() for m in _members(model.getMuscles()) if not m.appliesForce(state)}
    if de_groote is not None:
        processor = opensim.ModelProcessor(model)
        processor.append(opensim.ModOpReplaceMusclesWithDeGrooteFregly2016())
        processor.append(opensim.ModOpIgnorePassiveFiberForcesDGF())
        processor.append(opensim.ModOpIgnoreTendonCompliance())  # as StaticOptimization does with every muscle
        model = processor.process()
    forces = opensim.ForceSet()
    forces.setName("muscles_and_reserves")
    for muscle in _members(model.getMuscles()):
        forces.cloneAndAppend(muscle)
        copy = opensim.Muscle.safeDownCast(forces.get(forces.getSize() - 1))
        copy.setMinControl(activation_floor)
        copy.setMaxControl(1.0)
        copy.set_appliesForce(copy.getName() not in off)
        if de_groote is not None and copy.getName() in de_groote:
            tendon_m, share = de_groote[copy.getName()]
            copy.setTendonSlackLength(tendon_m)
            copy.setMaxIsometricForce(share * copy.getMaxIsometricForce())
    for name in actuated:
        reserve = opensim.CoordinateActuator(name)
        reserve.setName(f"{name}_reserve")
        reserve.setOptimalForce(reserves[name])
        reserve.setMinControl(-_RESERVE_LIMIT)
        reserve.setMaxControl(_RESERVE_LIMIT)
        forces.cloneAndAppend(reserve)
    with atomic_write(target) as temporary:
        print_xml(forces, temporary)


def coordinate_names(model_path: Path) -> list[str]:
    """Names of all coordinates of a model, coupled ones too."""
    model, _ = open_opensim_model(model_path)
    return [coordinate.getName() for coordinate in _members(model.getCoordinateSet())]


def linear_couplers(model_path: Path) -> dict[str, tuple[str, float, float]]:
    """For each coupled coordinate of a model: the coordinate that determines it, slope and intercept (radians, metres).

    Couplers that are not linear are refused where the model is read for simulation.
    """
    opensim = load_opensim()
    model, _ = open_opensim_model(model_path)
    couplers = {}
    for constraint in _members(model.getConstraintSet()):
        coupler = opensim.CoordinateCouplerConstraint.safeDownCast(constraint)
        if coupler is not None:
            function = coupler.getFunction()
            at_0, at_1 = (function.calcValue(opensim.Vector(1, value)) for value in (0.0, 1.0))
            independent = coupler.getIndependentCoordinateNames().get(0)
            couplers[coupler.getDependentCoordinateName()] = (independent, at_1 - at_0, at_0)
    return couplers


def _members(collection: Any) -> list[Any]:
    return [collection.get(i) for i in range(collection.getSize())]


def _without_passive_forces(model: Any) -> list[str]:
    """Remove every force that is no actuator: contact, coordinate limits, springs, ligaments."""
    opensim = load_opensim()
    forces = model.updForceSet()
    kinds = set()
    for i in reversed(range(forces.getSize())):
        if opensim.Actuator.safeDownCast(forces.get(i)) is None:
            kinds.add(forces.get(i).getConcreteClassName())
            forces.remove(i)
    if not kinds:
        return []
    return [f"Forces of the kinds {', '.join(sorted(kinds))} were removed, because the simulation has no such forces."]


def _with_mass_centres(model: Any, description: ModelDescription) -> list[str]:
    """Move mass centres to those of the simulation, which lowers the torso's."""
    opensim = load_opensim()
    changes = []
    for name, centre in zip(description.own_body_names, description.mass_centres, strict=True):
        body = model.updBodySet().get(name)
        before = body.getMassCenter().to_numpy()
        if np.abs(before - centre).max() > _SAME_M:
            body.setMassCenter(opensim.Vec3(*(float(value) for value in centre)))
            shift_mm = 1e3 * np.linalg.norm(before - centre)
            changes.append(f"The mass centre of {name} was moved by {shift_mm:.0f} mm, as in the simulation.")
    return changes


def _with_massive_bodies(model: Any) -> list[str]:
    opensim = load_opensim()
    names = []
    for body in _members(model.updBodySet()):
        if body.getMass() == 0:
            body.setMass(_LEAST_MASS_KG)
            body.setInertia(opensim.Inertia(_LEAST_INERTIA_KG_M2, _LEAST_INERTIA_KG_M2, _LEAST_INERTIA_KG_M2))
            names.append(body.getName())
    if not names:
        return []
    return [f"{', '.join(names)}, without mass, got 1 g, because static optimisation solves for their acceleration."]


def _unlocked(model: Any, moved: Collection[str]) -> list[str]:
    names = []
    for coordinate in _members(model.updCoordinateSet()):
        if coordinate.get_locked() and coordinate.getName() in moved:
            coordinate.set_locked(False)
            names.append(coordinate.getName())
    return [f"{', '.join(names)}, locked in the model, were unlocked, because the motion moves them."] if names else []
