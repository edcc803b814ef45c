"""Compare activations simulated with our evaluation of the muscle paths and with OpenSim's own.

    python benchmarks/exact_paths.py demo/shipped/Data/demo-person-040 RECORDINGS/opencap/Data/lab-subject4
    python benchmarks/exact_paths.py SESSION --guided FOLDER --low 0.35 --high 0.45

For each session: the peaks of vastus medialis (both legs) over its repetitions, or over the motions entry_*.mot of a
guided run of the session in FOLDER; the largest difference of these peaks between both evaluations; and the muscles
whose activation differs most in any frame. For guided motions also how many peaks are in the range.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark_parser import make_parser, run_benchmark

if TYPE_CHECKING:
    from torch import Tensor

    from dataset.sessions import Session
    from models.muscles.static_optimization import ActivationSimulator


def repetitions(simulator: "ActivationSimulator", session: "Session") -> "Iterator[Tensor]":
    """Activations (T, 80) of every repetition of a session's trials."""
    from dataset.io.mot import read_motion
    from dataset.windows.segmentation import segment_repetitions
    from utils.simulation.simulated_repetition import simulate_repetition

    for trial in session.trials:
        motion = read_motion(trial)
        for repetition in segment_repetitions(motion):
            yield simulate_repetition(simulator, motion, repetition, trial.stem).simulation.activations


def guided(simulator: "ActivationSimulator", folder: Path) -> "Iterator[Tensor]":
    """Activations (T, 80) of the guided motions in a folder."""
    import torch

    from dataset.io.mot import read_motion
    from utils.guidance.verification import simulate_motions

    motions = [read_motion(path).coordinates for path in sorted(folder.glob("entry_*.mot"))]
    for one in simulate_motions(simulator, torch.stack([torch.as_tensor(motion) for motion in motions])):
        yield one.activations


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("sessions", nargs="+", help="OpenCap session folders.")
    parser.add_argument("--guided", type=Path, help="Folder with the guided motions entry_*.mot of the session.")
    parser.add_argument("--low", type=float, default=0.35, help="Lower bound of the peak (default: 0.35).")
    parser.add_argument("--high", type=float, default=0.45, help="Upper bound of the peak (default: 0.45).")
    arguments = parser.parse_args()
    if arguments.guided and len(arguments.sessions) > 1:
        parser.error("--guided takes one session")

    import torch

    from dataset.muscle_names import muscle_channels
    from dataset.sessions import open_session
    from models.conventions import MUSCLES
    from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    vasmed = sum(muscle_channels("vasmed"), [])
    for name in arguments.sessions:
        session = open_session(name)
        found = []
        for exact in (False, True):
            simulator = build_simulator(session.model_path, exact_paths=exact)
            with torch.no_grad():
                motions = guided(simulator, arguments.guided) if arguments.guided else repetitions(simulator, session)
                found.append([activations[FILTER_MARGIN_FRAMES:-FILTER_MARGIN_FRAMES] for activations in motions])
        ours, theirs = (torch.stack([activations[:, vasmed].amax(0) for activations in one]) for one in found)
        gap = torch.stack([(a - b).abs().amax(0) for a, b in zip(*found, strict=True)]).amax(0)
        order = gap.argsort(descending=True)[:4].tolist()
        most = ", ".join(f"{MUSCLES[i]} {float(gap[i]):.3f}" for i in order)
        print(
            f"{session.path.name}: {len(ours)} motions, peaks {float(theirs.min()):.3f} to {float(theirs.max()):.3f}, "
            f"largest difference {float((ours - theirs).abs().max()):.4f}; any frame: vasmed "
            f"{float(gap[vasmed].max()):.4f}, most {most}"
        )
        if arguments.guided:
            for title, peaks in (("ours", ours), ("OpenSim's", theirs)):
                outside = torch.maximum(peaks - arguments.high, arguments.low - peaks).clamp(min=0).amax(1)
                inside, near = int((outside == 0).sum()), int((outside <= 0.05).sum())
                print(f"  {title:<10} {inside} of {len(peaks)} in range, {near} within 0.05")


if __name__ == "__main__":
    run_benchmark(main)
