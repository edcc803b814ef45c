"""What guided motions' peaks are on OpenSim's own muscle paths, beside the polynomials fitted to them.

    python benchmarks/exact_paths.py demo/full/Data/demo-person-005 FOLDER --low 0.35 --high 0.45

FOLDER holds the motions entry_*.mot of a guided run of that session. Prints how many peaks of vastus medialis (both
legs) lie in the range by either, and its lever about the knee by both.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

KNEE_DEG = (0, 30, 60, 80, 95, 110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", help="OpenCap session of the person.")
    parser.add_argument("folder", type=Path, help="Folder of the guided motions, entry_*.mot.")
    parser.add_argument("--low", type=float, default=0.35, help="Least peak asked for (default: 0.35).")
    parser.add_argument("--high", type=float, default=0.45, help="Greatest peak asked for (default: 0.45).")
    arguments = parser.parse_args()

    import torch

    from dataset.io.mot import read_motion
    from dataset.sessions import open_session
    from models.conventions import COORDINATE_INDEX
    from models.muscles.paths import LEG_COORDINATES
    from utils.biomechanics.muscle_names import muscle_indices
    from utils.guidance.verification import verify
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    model = open_session(arguments.session).model_path
    motions = [read_motion(path) for path in sorted(arguments.folder.glob("entry_*.mot"))]
    motion = torch.stack([torch.as_tensor(one.coordinates) for one in motions])
    promised = torch.stack([torch.as_tensor(one.activations) for one in motions])
    bent = torch.zeros(len(KNEE_DEG), 33, dtype=torch.float64)
    bent[:, COORDINATE_INDEX["knee_angle_r"]] = torch.tensor(KNEE_DEG, dtype=torch.float64)
    right, knee = muscle_indices("vasmed_r")[0] - 40, LEG_COORDINATES.index("knee_angle")
    levers_mm = {}
    with tempfile.TemporaryDirectory() as cache:
        for name, exact in (("polynomials", False), ("OpenSim's own", True)):
            simulator = build_simulator(model, Path(cache), exact_paths=exact)
            missed = verify(simulator, motion, promised, "vasmed").missed_by(arguments.low, arguments.high)
            inside, near = int((missed == 0).sum()), int((missed <= 0.05).sum())
            print(f"{name:<14} {inside} of {len(motion)} in range, {near} within 0.05, worst {float(missed.max()):.3f}")
            levers_mm[name] = -1000 * simulator.paths(bent).moment_arms[:, 1, knee, right]
    print("lever about the knee, mm, at " + ", ".join(f"{angle}" for angle in KNEE_DEG) + " degrees")
    for name, values in levers_mm.items():
        print(f"{name:<14} " + ", ".join(f"{float(value):.1f}" for value in values))


if __name__ == "__main__":
    main()
