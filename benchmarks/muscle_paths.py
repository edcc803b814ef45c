"""Compare muscle paths with OpenSim's: largest and RMS errors of each muscle, time to read the model, and speed.

    python benchmarks/muscle_paths.py

The models are those of the shipped demo people and, where $BIGE_RECORDINGS is set, of its sessions, in the poses of
their trials to 135 degrees of knee flexion; Rajagopal2015 of the nimblephysics package and LaiUhlrich2022, in the poses
of all trials. Each model is also compared in random poses over twice the range of squats. OpenSim's moment arms are
central differences of its lengths. "Applied" are those by which OpenSim applies
the forces of muscles, in a tenth of the poses.
"""

import importlib.util
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark_parser import make_parser, run_benchmark

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from models.muscles.wrapped_paths import MusclePaths

POSES, RANDOM_POSES, DEEPEST_DEG = 150, 150, 135.0
ROOT = Path(__file__).resolve().parents[1]


def models_and_motions() -> "Iterator[tuple[str, Path, np.ndarray]]":
    """Name and model file of each model, and the poses (T, 33) in which it is compared."""
    import numpy as np

    from dataset.io.mot import read_motion
    from dataset.sessions import open_session
    from models.conventions import COORDINATE_INDEX

    recordings = os.environ.get("BIGE_RECORDINGS")
    folders = sorted((ROOT / "demo/shipped/Data").iterdir())
    if recordings:
        folders += sorted(path for path in (Path(recordings) / "opencap/Data").iterdir() if path.is_dir())
    knees = [COORDINATE_INDEX[f"knee_angle_{side}"] for side in "lr"]
    poses = {}
    for folder in folders:
        session = open_session(folder)
        motion = np.concatenate([read_motion(trial).coordinates for trial in session.trials])
        motion = motion[motion[:, knees].max(axis=1) <= DEEPEST_DEG]
        poses[folder.name] = motion[:: -(-len(motion) // POSES)]
        yield folder.name, session.model_path, poses[folder.name]
    everybody = np.concatenate(list(poses.values()))
    everybody = everybody[:: -(-len(everybody) // POSES)]
    wheel = importlib.util.find_spec("nimblephysics")
    if wheel is not None and wheel.origin is not None:
        yield "Rajagopal2015", Path(wheel.origin).parent / "models/rajagopal_data/Rajagopal2015.osim", everybody
    if recordings:
        yield "LaiUhlrich2022", Path(recordings) / "models/LaiUhlrich2022.osim", everybody


def random_poses() -> "np.ndarray":
    """Poses (RANDOM_POSES, 33), uniform over twice the range of squats, independently for each leg."""
    import numpy as np

    from dataset.opensim.muscle_geometry import POSE_RANGE_DEG
    from models.muscles.moment_arms import LEG_INDICES

    low, high = np.array(POSE_RANGE_DEG).T
    generator = np.random.default_rng(1)
    motion = np.zeros((RANDOM_POSES, 33))
    for indices in LEG_INDICES:
        motion[:, indices] = generator.uniform(low, high, (RANDOM_POSES, len(indices)))
    return motion


def milliseconds(paths: "MusclePaths", motion: "Tensor", backward: bool) -> float:
    """Per frame, the best of five passes over 20 motions of 196 frames."""
    frames = motion.repeat(-(-20 * 196 // len(motion)), 1)[: 20 * 196].clone().requires_grad_(backward)
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        found = paths(frames)
        if backward:
            (found.lengths.sum() + found.moment_arms.sum()).backward()
        best = min(best, time.perf_counter() - begin)
    return 1e3 * best / len(frames)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--muscles", action="store_true", help="Print the muscles of every model, not the worst only.")
    arguments = parser.parse_args()

    import numpy as np
    import torch

    from dataset.opensim.model_reader import read_osim
    from dataset.opensim.muscle_geometry import MuscleGeometry
    from dataset.opensim.muscle_path_reader import read_muscle_paths
    from models.conventions import MUSCLES

    torch.set_num_threads(1)
    names = [name.removesuffix("_r") for name in MUSCLES[40:]]

    def by_muscle(difference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Largest and RMS value (40,) in mm, over frames, legs and coordinates, of (T, 2, ..., 40)."""
        rows = 1e3 * difference.reshape(-1, 40)
        return np.abs(rows).max(0), np.sqrt((rows**2).mean(0))

    worst: dict[str, np.ndarray] = {}
    print("errors in mm (worst, RMS) of the muscles with the largest; ms/frame forward, with gradient, OpenSim's")
    for name, model, real in models_and_motions():
        begin = time.perf_counter()
        description, geometry = read_osim(model), MuscleGeometry(model)
        opened = time.perf_counter() - begin
        paths = read_muscle_paths(geometry, description)
        read_s = time.perf_counter() - begin - opened
        speed = [milliseconds(paths, torch.from_numpy(real), backward) for backward in (False, True)]
        for kind, motion in (("real", real), ("random", random_poses())):
            begin = time.perf_counter()
            lengths, arms = geometry.lengths(motion), geometry.moment_arms(motion)
            exact_ms = 1e3 * (time.perf_counter() - begin) / len(motion)
            found = paths(torch.from_numpy(motion))
            length = by_muscle(found.lengths.numpy() - lengths)
            arm = by_muscle(found.moment_arms.numpy() - arms)
            applied = by_muscle(found.moment_arms[::10].numpy() - geometry.applied_moment_arms(motion[::10]))
            print(f"{name} {kind}: {len(motion)} poses, paths read in {read_s:.2f} s, ms/frame {speed[0]:.3f}, "
                  f"{speed[1]:.3f}, {exact_ms:.1f}")  # fmt: skip
            for title, values in (("length", length), ("moment arm", arm), ("applied moment arm", applied)):
                worst[f"{kind} {title}"] = np.maximum(worst.get(f"{kind} {title}", 0), values[0])
                order = np.argsort(-values[0])[: 40 if arguments.muscles else 4]
                print(f"  {title:19}", ", ".join(f"{names[i]} {values[0][i]:.2f} {values[1][i]:.2f}" for i in order))
    print("\nworst of all models, mm")
    print(f"{'muscle':10}" + "".join(f"{title:>28}" for title in worst))
    for i, name in enumerate(names):
        print(f"{name:10}" + "".join(f"{values[i]:28.2f}" for values in worst.values()))


if __name__ == "__main__":
    run_benchmark(main)
