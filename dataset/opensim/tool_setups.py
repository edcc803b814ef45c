"""Set-ups of OpenSim's InverseDynamicsTool and StaticOptimization, and external loads.

File names are relative to the folder of the set-up. InverseDynamicsTool looks for its model in the working directory,
so that the tools have to be started in that folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataset.io.atomic_write import atomic_write
from dataset.opensim.opensim_library import load_opensim, print_xml


def load_columns(body: str) -> list[str]:
    """Columns of the force (N), its point of application (m) and the torque (Nm) on a body, each x, y and z."""
    prefixes = (f"ground_force_{body}_v", f"ground_force_{body}_p", f"ground_torque_{body}_")
    return [f"{prefix}{axis}" for prefix in prefixes for axis in "xyz"]


def write_external_loads(path: Path, data_file: str, bodies: Sequence[str]) -> None:
    """Write the ExternalLoads of a file that has `load_columns` for each of `bodies`, all in the ground frame."""
    opensim = load_opensim()
    loads = opensim.ExternalLoads()
    loads.setName("ground_reaction")
    loads.setDataFileName(data_file)
    for body in bodies:
        force_x, _, _, point_x, _, _, torque_x, _, _ = load_columns(body)
        force = opensim.ExternalForce()
        force.setName(f"ground_on_{body}")
        force.set_applied_to_body(body)
        force.set_force_expressed_in_body("ground")
        force.set_point_expressed_in_body("ground")
        force.set_force_identifier(force_x[:-1])
        force.set_point_identifier(point_x[:-1])
        force.set_torque_identifier(torque_x[:-1])
        loads.cloneAndAppend(force)
    _print(loads, path)


def write_inverse_dynamics_setup(
    path: Path, model: str, motion: str, loads: str, results: str, span_s: tuple[float, float]
) -> None:
    """Write a set-up of InverseDynamicsTool, whose result is `<results>/<name of the set-up>.sto`.

    Args:
        path: the set-up (.xml).
        model: the model's file name.
        motion: the motion's, which is not filtered.
        loads: the external loads'.
        results: name of the folder for the results.
        span_s: first and last time.
    """
    opensim = load_opensim()
    tool = opensim.InverseDynamicsTool()
    tool.setName(path.stem)
    tool.setModelFileName(model)
    tool.setCoordinatesFileName(motion)
    tool.setLowpassCutoffFrequency(-1)
    tool.setExternalLoadsFileName(loads)
    excluded = opensim.ArrayStr()
    excluded.append("Muscles")
    tool.setExcludedForces(excluded)
    tool.setStartTime(span_s[0])
    tool.setEndTime(span_s[1])
    tool.setResultsDir(results)
    tool.setOutputGenForceFileName(f"{path.stem}.sto")
    _print(tool, path)


def write_static_optimization_setup(
    path: Path,
    model: str,
    forces: str,
    motion: str,
    loads: str,
    results: str,
    span_s: tuple[float, float],
    step: int,
) -> None:
    """Write a set-up of AnalyzeTool with StaticOptimization.

    Its activations are in `<results>/<name of the set-up>_StaticOptimization_activation.sto`.

    Args:
        path: the set-up (.xml).
        model: the model's file name.
        forces: that of the force set that replaces the model's.
        motion: the motion's, which is not filtered.
        loads: the external loads'.
        results: name of the folder for the results.
        span_s: first and last time.
        step: every so many rows of the motion are solved.
    """
    opensim = load_opensim()
    analysis = opensim.StaticOptimization()
    analysis.setStartTime(span_s[0])
    analysis.setEndTime(span_s[1])
    analysis.setStepInterval(step)
    analysis.setActivationExponent(2)
    tool = opensim.AnalyzeTool()
    tool.setName(path.stem)
    tool.setModelFilename(model)
    files = opensim.ArrayStr()
    files.append(forces)
    tool.setReplaceForceSet(True)
    tool.setForceSetFiles(files)
    tool.setCoordinatesFileName(motion)
    tool.setLowpassCutoffFrequency(-1)
    tool.setExternalLoadsFileName(loads)
    tool.setSolveForEquilibrium(False)
    tool.setStartTime(span_s[0])
    tool.setFinalTime(span_s[1])
    tool.setResultsDir(results)
    tool.updAnalysisSet().cloneAndAppend(analysis)
    _print(tool, path)


def _print(document: Any, path: Path) -> None:
    with atomic_write(path) as temporary:
        print_xml(document, temporary)
