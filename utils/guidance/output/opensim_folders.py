"""Folders with which OpenSim's own tools repeat the simulation of guided motions."""

from pathlib import Path

import numpy as np

from dataset.io.motion import Motion
from models.conventions import FRAME_RATE_HZ
from utils.guidance.guidance_result import GuidanceResult
from utils.opensim_tools.tool_folder import ToolMotion, write_tool_folder
from utils.simulation.simulated_repetition import simulate_motion
from utils.simulation.simulators import build_simulator


def write_opensim_folders(result: GuidanceResult, folder: Path) -> None:
    """Write `<folder>/<name of the motion>/` for each sample of a result whose session is there.

    Raises:
        InputError: the model cannot be simulated.
    """
    assert result.session is not None
    model_path = result.session.model_path
    simulator = build_simulator(model_path, exact_paths=result.config.exact_paths)
    for file_name, sample in zip(result.file_names, result.samples, strict=True):
        coordinates = sample.motion.double().numpy()
        motion = Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates)
        name = Path(file_name).stem
        span_s = float(motion.time_s[0]), float(motion.time_s[-1])
        simulated = ToolMotion(name, motion.time_s, simulate_motion(simulator, motion), span_s)
        write_tool_folder(folder / name, model_path, simulator, simulated)
