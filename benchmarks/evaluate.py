"""Measure the time of an evaluation with every metric, on as many motions as in the paper's tables, on one thread.

    python benchmarks/evaluate.py
    python benchmarks/evaluate.py --subjects 21 --motions 20

The motions (196 frames at 60 Hz, 33 coordinates) and as many reference motions are random variations of those of the
shipped demo people. The time includes reading the files.
"""

import shutil
import tempfile
import time
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--subjects", type=int, default=21, help="Number of subjects and models (default: 21).")
    parser.add_argument("--motions", type=int, default=20, help="Number of motions of each subject (default: 20).")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        root, generated = Path(folder) / "root", Path(folder) / "generated"
        make_motions(root, generated, arguments.subjects, arguments.motions)
        begun = time.perf_counter()
        laps: dict[str, float] = {}

        def lap(what: str) -> None:
            laps[what] = time.perf_counter() - begun - sum(laps.values())

        import torch

        from dataset.motion_folders.folder_reader import read_motion_folder
        from utils.metrics.catalogue import PARTS
        from utils.metrics.evaluation import evaluate_reference, evaluate_set
        from utils.metrics.evaluation_config import MetricConfig
        from utils.metrics.evaluation_networks import EvaluationNetworks
        from utils.metrics.motion_set import MotionSet, find_known_sessions
        from utils.metrics.reference_motions import load_reference
        from utils.metrics.row_tables import write_tables

        torch.set_num_threads(1)
        lap("import")
        networks = EvaluationNetworks()
        reference = load_reference(root, networks)
        lap(f"read {len(reference)} reference motions")
        read = read_motion_folder(generated, "mot", sessions=find_known_sessions(root))
        motions = MotionSet.of("generated", read, networks)
        lap(f"read {len(motions)} motions")
        names: set[str] = set()
        for part in PARTS:
            row = evaluate_set(motions, reference, MetricConfig(parts=(part,)))
            names |= set(row.metrics)
            lap(f"{part}: {len(row.metrics)} metrics with intervals")
        evaluate_reference(reference)
        lap("the reference's own row")
        write_tables(Path(folder) / "tables", "benchmark", [row])
        lap("tables")
    for what, seconds in laps.items():
        print(f"{seconds:7.1f} s  {what}")
    print(f"{sum(laps.values()):7.1f} s  in all, {len(names)} metrics of {arguments.subjects} subjects, one thread")


def make_motions(root: Path, generated: Path, subjects: int, count: int) -> None:
    """Write sessions with muscle-driven repetitions under `root`, and as many motions to evaluate to `generated`."""
    import numpy

    from dataset.io.mot import read_motion, write_motion
    from dataset.io.motion import Motion
    from dataset.locations import SHIPPED_DEMO
    from dataset.sessions import discover_sessions
    from dataset.windows.window import windows_of_trial
    from models.conventions import ROTATION_INDICES

    draw = numpy.random.default_rng(0)
    people = discover_sessions(SHIPPED_DEMO)
    windows = [window for person in people for window in windows_of_trial(read_motion(person.squat_trials[0]))]
    driven = [read_motion(path) for person in people for path in person.squat_muscle_driven]

    def varied(coordinates: numpy.ndarray) -> numpy.ndarray:
        factors = numpy.ones(coordinates.shape[1])
        factors[list(ROTATION_INDICES)] = draw.normal(1, 0.1, len(ROTATION_INDICES))
        return coordinates * factors

    for i in range(subjects):
        session = root / "Data" / f"subject-{i:03d}" / "OpenSimData"
        (session / "Model").mkdir(parents=True)
        (session / "Kinematics").mkdir()
        shutil.copy(people[i % len(people)].model_path, session / "Model")
        for k in range(count):
            window = windows[draw.integers(len(windows))].motion()
            write_motion(
                generated / f"latents_subject_run_subject-{i:03d}" / f"entry_{k}.mot",
                Motion(window.time_s, varied(window.coordinates)),
            )
            motion = driven[draw.integers(len(driven))]
            write_motion(
                session / "Dynamics" / f"squats1_segment_{k}" / "kinematics_activations.mot",
                Motion(motion.time_s, varied(motion.coordinates), motion.activations),
                style="muscle_driven",
            )


if __name__ == "__main__":
    run_benchmark(main)
