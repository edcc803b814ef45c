"""Export of motions for animation programs, for the OpenCap viewer and for OpenSim."""

from dataclasses import dataclass
from pathlib import Path

import torch

from dataset.errors import InputError
from dataset.io.bvh import write_bvh
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.opensim.model_reader import load_skeleton
from dataset.opensim.opencap_viewer import write_viewer_json
from dataset.sessions import open_session
from dataset.windows.resample import to_even
from utils.export.animation import animate, body_frames, rest_bones
from utils.export.export_config import UNITS_PER_M, ExportConfig
from utils.opensim_tools.tool_folder import ToolMotion, write_tool_folder
from utils.runs.hold import held
from utils.runs.run_folder import new_folder
from utils.runs.writable import require_writable
from utils.simulation.simulated_repetition import simulate_motion
from utils.simulation.simulators import build_simulator

_LEAST_S = 1.0  # of a motion that is simulated


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    Attributes:
        paths: one file, or folder, for each motion, in the order of the motions.
    """

    paths: tuple[Path, ...]


def export_motions(config: ExportConfig) -> ExportResult:
    """Export motion files to one of the formats; see `ExportConfig`.

    Raises:
        InputError: a motion or the session cannot be read, or a file to be written exists already.
    """
    suffix = "_opensim" if config.format == "opensim" else f".{config.format}"
    targets = {path: config.out_dir / f"{path.stem}{suffix}" for path in config.motions}
    for target in targets.values():
        if target.exists():
            raise InputError(f"{target} exists already; give another --out-dir, or remove it")
    require_writable(config.out_dir)
    session = None
    if config.format != "mot" and config.subject:
        session = open_session(config.subject, config.data_root, config.model)
    motions = {path: to_even(read_motion(path, jumps="mend")) for path in targets}  # all, before one is written
    for path, target in targets.items():
        motion = motions[path]
        if session is None:
            write_motion(target, motion, beta=True)
        elif config.format == "json":
            export_json(target, session.model_for(path), motion)
        elif config.format == "opensim":
            export_simulation(target, session.model_for(path), motion)
        else:
            export_bvh(target, session.model_for(path), motion, UNITS_PER_M[config.unit])
    return ExportResult(tuple(targets.values()))


def export_bvh(path: Path, model_path: Path, motion: Motion, unit_per_m: float = 1.0) -> None:
    """Write a motion as BVH; an unevenly sampled motion is resampled to its own fastest rate.

    Args:
        path: the file to write.
        model_path: the subject's scaled model (.osim).
        motion: the motion.
        unit_per_m: 1 for lengths in metres, 100 for centimetres.
    """
    skeleton = load_skeleton(model_path, torch.float64)
    even = to_even(motion)
    write_bvh(path, rest_bones(skeleton, unit_per_m), 1.0 / even.rate_hz, *animate(skeleton, even, unit_per_m))


def export_json(path: Path, model_path: Path, motion: Motion) -> None:
    """Write the bodies of a model in motion as the OpenCap viewer's JSON, evenly sampled, on the motion's own clock."""
    motion = to_even(motion)
    skeleton = load_skeleton(model_path, torch.float64)
    rotations, origins = body_frames(skeleton, motion)
    write_viewer_json(path, model_path, skeleton.description, motion.time_s, rotations, origins)


def export_simulation(folder: Path, model_path: Path, motion: Motion) -> None:
    """Simulate a motion, and write a folder with which OpenSim's own tools repeat the simulation.

    Args:
        folder: the folder to write.
        model_path: the subject's scaled model (.osim).
        motion: the motion; resampled to its own fastest rate where it is unevenly sampled.

    Raises:
        InputError: the motion is too short, or the model cannot be simulated.
    """
    motion = to_even(motion)
    span_s = float(motion.time_s[0]), float(motion.time_s[-1])
    if span_s[1] - span_s[0] < _LEAST_S:
        raise InputError(
            f"{motion.source}: lasts {span_s[1] - span_s[0]:.2f} s; at least {_LEAST_S:g} s are needed to simulate it"
        )
    simulator = build_simulator(model_path)
    simulated = ToolMotion(
        folder.name.removesuffix("_opensim"), motion.time_s, simulate_motion(simulator, motion), span_s
    )
    refusal = f"{folder}: another process is writing there; give another --out-dir"
    with held(folder.with_name(f".{folder.name}.lock"), refusal), new_folder(folder) as temporary:
        write_tool_folder(temporary, model_path, simulator, simulated)
