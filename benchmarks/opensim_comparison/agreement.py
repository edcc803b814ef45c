"""Agreement of simulations with OpenSim's inverse dynamics and static optimisation, over motions of one subject."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.windows.resample import to_even
from dataset.windows.segmentation import segment_repetitions
from models.conventions import FRAME_RATE_HZ, TRANSLATIONS
from models.muscles.static_optimization import ActivationSimulator
from opensim_comparison.muscle_moments import moment_imbalance
from opensim_comparison.tool_results import (
    Activations,
    activations,
    moment_differences,
    optimise_few_frames,
    pelvis_residual_n,
    run_tool,
    without_pennation_and_tendons,
)
from utils.guidance.guidance_result import GuidanceResult
from utils.opensim_tools.tool_folder import INVERSE_DYNAMICS, ToolMotion, write_tool_folder
from utils.simulation.simulated_repetition import MARGIN_S, simulate_motion
from utils.simulation.simulators import build_simulator

VASTI = ("vasmed", "vaslat", "vasint")
JOINTS = ("hip_flexion", "knee_angle", "ankle_angle")


@dataclass(frozen=True)
class Squat:
    """A motion to simulate, evenly sampled, and the span that is compared."""

    motion: Motion
    span_s: tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """Simulations of some motions beside what OpenSim's tools find.

    Attributes:
        motions: how many.
        moment_nm: largest difference of a joint moment.
        residual_n: largest difference of a residual force of the pelvis.
        pelvis_n: RMS of the residual force of the pelvis, in OpenSim.
        imbalance_nm: RMS difference of the moments that OpenSim's compliant muscles make at the simulated activations,
            by joint of `JOINTS`.
        same: activations with De Groote's muscles, where pennation and stretch of tendons are left out in both.
        de_groote: activations with De Groote's muscles.
        own: activations with the model's own muscles.
    """

    motions: int
    moment_nm: float
    residual_n: float
    pelvis_n: float
    imbalance_nm: dict[str, float]
    same: Activations
    de_groote: Activations
    own: Activations


def recorded_squats(trial: Path) -> list[Squat]:
    """The repetitions of a trial, each with its surroundings."""
    motion, squats = to_even(read_motion(trial)), []
    around = round(MARGIN_S * motion.rate_hz)
    for repetition in segment_repetitions(motion):
        span_s = motion.time_s[[repetition.start_frame, repetition.end_frame - 1]]
        cut = motion.cut(max(0, repetition.start_frame - around), repetition.end_frame + around)
        squats.append(Squat(cut, (float(span_s[0]), float(span_s[1]))))
    return squats


def guided_squats(result: GuidanceResult) -> list[Squat]:
    """The motions of a guided run."""
    squats = []
    for sample in result.samples:
        coordinates = sample.motion.double().numpy()
        time_s = np.arange(len(coordinates)) / FRAME_RATE_HZ
        squats.append(Squat(Motion(time_s, coordinates), (0.0, float(time_s[-1]))))
    return squats


def agreement(model_path: Path, squats: Sequence[Squat], step_s: float) -> Agreement:
    """Compare the simulations of some motions with OpenSim's tools.

    Args:
        model_path: the subject's model.
        squats: the motions.
        step_s: time between static optimisations.
    """
    shipped = build_simulator(model_path)
    same = without_pennation_and_tendons(build_simulator(model_path))
    moments: list[float] = []
    residuals: list[float] = []
    pelvis: list[float] = []
    imbalance: dict[str, list[np.ndarray]] = {name: [] for name in JOINTS}
    found: dict[str, list[Activations]] = {"same": [], "de_groote": [], "own": []}
    for squat in squats:
        with tempfile.TemporaryDirectory() as temporary:
            folder = exported(Path(temporary) / "shipped", model_path, shipped, squat)
            run_tool(folder, INVERSE_DYNAMICS)
            for name, difference in moment_differences(folder).items():
                (residuals if name in TRANSLATIONS else moments).append(np.abs(difference).max())
            pelvis.append(pelvis_residual_n(folder))
            for name, values in moment_imbalance(folder, step_s).items():
                if name[:-2] in JOINTS:
                    imbalance[name[:-2]].append(values)
            rows = max(1, round(step_s * squat.motion.rate_hz))
            for kind, de_groote in (("de_groote", True), ("own", False)):
                optimise_few_frames(folder, de_groote=de_groote, rows=rows)
                found[kind].append(activations(folder, de_groote=de_groote))
            folder = exported(Path(temporary) / "same", model_path, same, squat)
            optimise_few_frames(folder, de_groote=True, rows=rows)
            found["same"].append(activations(folder, de_groote=True))
    pooled = {kind: Activations.of(parts) for kind, parts in found.items()}
    rms_nm = {name: _rms(np.concatenate(values)) for name, values in imbalance.items()}
    return Agreement(len(squats), float(max(moments)), float(max(residuals)), _rms(np.array(pelvis)), rms_nm, **pooled)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def exported(folder: Path, model_path: Path, simulator: ActivationSimulator, squat: Squat) -> Path:
    """The tool folder of a simulated motion, written."""
    simulation = simulate_motion(simulator, squat.motion)
    write_tool_folder(
        folder, model_path, simulator, ToolMotion(folder.name, squat.motion.time_s, simulation, squat.span_s)
    )
    return folder


HEADER = (
    f"{'':<30}{'n':>3}{'moment':>8}{'residual':>9}{'pelvis':>8}  {'compliant muscles':<21}{'same mechanics':<24}"
    f"{'De Groote':<36}own muscles\n"
    f"{'':<33}{'Nm':>8}{'N':>9}{'N RMS':>8}  {'Nm RMS':<21}{'RMSE':<24}{'r/RMSE':<36}r/RMSE\n"
    f"{'':<60}{'hip    knee   ankle':<21}{'vasmed  vaslat  vasint':<24}" + 2 * "vasmed      vaslat      vasint      "
)


def row(name: str, found: Agreement) -> str:
    """The line of some motions in the table."""
    compliant = "".join(f"{found.imbalance_nm[joint]:<7.2f}" for joint in JOINTS)
    same = "".join(f"{found.same.difference(muscle)[1]:<8.4f}" for muscle in VASTI)
    pairs = [kind.difference(muscle) for kind in (found.de_groote, found.own) for muscle in VASTI]
    numbers = f"{name:<30}{found.motions:>3}{found.moment_nm:>8.2f}{found.residual_n:>9.2f}{found.pelvis_n:>8.1f}"
    return f"{numbers}  {compliant}{same}" + "".join(f"{f'{r:.3f}/{rmse:.3f}':<12}" for r, rmse in pairs)
