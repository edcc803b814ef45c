"""Compare peak activations of guided motions with our and with OpenSim's own evaluation of the muscle paths.

    python benchmarks/exact_paths.py demo/full/Data/demo-person-005 FOLDER --low 0.35 --high 0.45

FOLDER holds the motions entry_*.mot of a guided run of that session. Prints, for both, how many peaks of
vastus medialis (both legs) are in the range, and the muscle's moment arm about the knee.
"""

from pathlib import Path

from benchmark_parser import make_parser

KNEE_DEG = (0, 30, 60, 80, 95, 110)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("session", help="OpenCap session folder of the subject.")
    parser.add_argument("folder", type=Path, help="Folder with the guided motions entry_*.mot.")
    parser.add_argument("--low", type=float, default=0.35, help="Lower bound of the peak (default: 0.35).")
    parser.add_argument("--high", type=float, default=0.45, help="Upper bound of the peak (default: 0.45).")
    arguments = parser.parse_args()

    import torch

    from dataset.io.mot import read_motion
    from dataset.sessions import open_session
    from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ
    from models.muscles.moment_arms import LEG_COORDINATES
    from models.muscles.simulation_settings import FILTER_MARGIN_S
    from utils.biomechanics.muscle_names import muscle_indices
    from utils.guidance.verification import simulate_motions
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    model = open_session(arguments.session).model_path
    motions = [read_motion(path) for path in sorted(arguments.folder.glob("entry_*.mot"))]
    motion = torch.stack([torch.as_tensor(one.coordinates) for one in motions])
    margin = round(FILTER_MARGIN_S * FRAME_RATE_HZ)
    flexed = torch.zeros(len(KNEE_DEG), 33, dtype=torch.float64)
    flexed[:, COORDINATE_INDEX["knee_angle_r"]] = torch.tensor(KNEE_DEG, dtype=torch.float64)
    right, knee = muscle_indices("vasmed_r")[0] - 40, LEG_COORDINATES.index("knee_angle")
    moment_arms_mm = {}
    peaks = {}
    for name, exact in (("ours", False), ("OpenSim's", True)):
        simulator = build_simulator(model, exact_paths=exact)
        activations = torch.stack([one.activations for one in simulate_motions(simulator, motion)])
        peaks[name] = activations[:, margin:-margin, muscle_indices("vasmed")].amax(1)
        violation = torch.maximum(peaks[name] - arguments.high, arguments.low - peaks[name]).clamp(min=0).amax(1)
        inside, near = int((violation == 0).sum()), int((violation <= 0.05).sum())
        worst = float(violation.max())
        print(f"{name:<14} {inside} of {len(motion)} in range, {near} within 0.05, worst {worst:.3f}")
        moment_arms_mm[name] = -1000 * simulator.paths(flexed).moment_arms[:, 1, knee, right]
    difference = float((peaks["ours"] - peaks["OpenSim's"]).abs().max())
    print(f"largest difference of a peak {difference:.4f}")
    print("moment arm about the knee, mm, at " + ", ".join(f"{angle}" for angle in KNEE_DEG) + " degrees")
    for name, values in moment_arms_mm.items():
        print(f"{name:<14} " + ", ".join(f"{float(value):.1f}" for value in values))


if __name__ == "__main__":
    main()
