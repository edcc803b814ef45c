"""Compare polynomial muscle paths with OpenSim's: errors in real and random poses, time of the fit, frames per second.

    python benchmarks/muscle_paths.py

The models are those of some sessions under $BIGE_RECORDINGS, where it is set, with one trial each, and Rajagopal2015
from the nimblephysics package, with random poses only.
"""

import importlib.util
import os
import time
from pathlib import Path

from benchmark_parser import make_parser

POSES = 150
SESSIONS = {
    "field-subject0": ("*contacts.osim", "Squats_0.mot"),
    "lab-subject5": ("*.osim", "squats1.mot"),
    "mocap-dls": ("*.osim", "*.mot"),
}


def models_and_motions():
    """Name, model file, and real motion (T, 33) or None, of every model that is found."""
    from dataset.io.mot import read_motion

    wheel = importlib.util.find_spec("nimblephysics")
    if wheel is not None:
        yield "Rajagopal2015", Path(wheel.origin).parent / "models/rajagopal_data/Rajagopal2015.osim", None
    if os.environ.get("BIGE_RECORDINGS"):
        for session, (model, trial) in SESSIONS.items():
            folder = Path(os.environ["BIGE_RECORDINGS"]) / "opencap/Data" / session / "OpenSimData"
            motion = read_motion(next((folder / "Kinematics").glob(trial))).coordinates
            yield session, next((folder / "Model").glob(model)), motion[:: max(1, len(motion) // POSES)]


def random_poses(geometry):
    """Poses (POSES, 33), uniform over the fitted range, independently for each leg."""
    import numpy as np

    from models.muscles.moment_arms import LEG_INDICES

    limits = np.degrees(geometry.fit_range())
    generator = np.random.default_rng(1)
    motion = np.zeros((POSES, 33))
    for indices in LEG_INDICES:
        motion[:, indices] = generator.uniform(limits[:, 0], limits[:, 1], (POSES, len(limits)))
    return motion


def frames_per_second(paths, motion, backward: bool) -> float:
    """The best of five passes over 20 motions of 196 frames."""
    frames = motion.repeat(-(-20 * 196 // len(motion)), 1)[: 20 * 196].clone().requires_grad_(backward)
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        found = paths(frames)
        if backward:
            (found.lengths.sum() + found.moment_arms.sum()).backward()
        best = min(best, time.perf_counter() - begin)
    return len(frames) / best


def main() -> None:
    """Print a row for each model and kind of pose."""
    make_parser(__doc__).parse_args()

    import numpy as np
    import torch

    from dataset.opensim.muscle_geometry import MuscleGeometry
    from dataset.opensim.muscle_path_fit import fit_muscle_paths
    from models.muscles.moment_arms import LEG_COORDINATES

    torch.set_num_threads(1)
    print("                         length error mm       moment arm error mm          frames/s        fit   exact")
    print("model           poses    mean   99 %    max    mean   99 %     max    forward  +backward     s  ms/frame")
    for name, model, real in models_and_motions():
        geometry = MuscleGeometry(model)
        begin = time.perf_counter()
        paths = fit_muscle_paths(model)
        fit_s = time.perf_counter() - begin
        spanned = geometry.spans.reshape(2, -1, len(LEG_COORDINATES)).transpose(0, 2, 1)
        for kind, motion in (("real", real), ("random", random_poses(geometry))):
            if motion is None:
                continue
            begin = time.perf_counter()
            exact_lengths, exact_arms = geometry.lengths(motion), geometry.moment_arms(motion)
            exact_ms = 1e3 * (time.perf_counter() - begin) / len(motion)
            found = paths(torch.from_numpy(motion))
            length = 1e3 * np.abs(found.lengths.numpy() - exact_lengths)
            arm = 1e3 * np.abs(found.moment_arms.numpy() - exact_arms)[:, spanned]
            rates = [frames_per_second(paths, torch.from_numpy(motion), backward) for backward in (False, True)]
            print(
                f"{name:15} {kind:7} {length.mean():5.3f} {np.quantile(length, 0.99):6.2f} {length.max():6.2f}"
                f"  {arm.mean():6.3f} {np.quantile(arm, 0.99):6.2f} {arm.max():7.2f}"
                f"  {rates[0]:9.0f} {rates[1]:10.0f} {fit_s:5.1f} {exact_ms:9.1f}"
            )


if __name__ == "__main__":
    main()
