"""Measure the milliseconds per frame of static optimisation, without and with gradients, on one thread.

python benchmarks/simulate.py SESSION [--samples 20]
"""

import resource
import statistics
import time
from pathlib import Path

from benchmark_parser import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("session", type=Path, help="OpenCap session folder.")
    parser.add_argument(
        "--samples", type=int, default=20, help="Motions of 196 frames, simulated together (default: 20)."
    )
    arguments = parser.parse_args()
    import torch

    from dataset.sessions import open_session
    from dataset.windows.motion_dataset import MotionDataset
    from models.muscles.simulation_settings import SimulationSettings
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    session = open_session(arguments.session)
    windows = [torch.as_tensor(window.coordinates) for window in MotionDataset([session]).windows]
    motion = torch.stack([windows[i % len(windows)] for i in range(arguments.samples)])
    frames = motion.shape[0] * motion.shape[1]

    def median_ms(work, runs: int) -> float:
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return 1e3 * statistics.median(times) / frames

    print(f"{'':<44}{'ms/frame':>10}{'peak GB':>10}")
    for name, tolerance, backward in (
        ("labels, QP tolerance 1e-5, forward", 1e-5, False),
        ("gradients, QP tolerance 1e-8, forward", 1e-8, False),
        ("gradients, QP tolerance 1e-8, and backward", 1e-8, True),
    ):
        simulator = build_simulator(session.model_path, SimulationSettings(tolerance=tolerance))

        def work(simulator=simulator, backward=backward):
            leaf = motion.clone().requires_grad_(backward)
            with torch.set_grad_enabled(backward):
                activations = simulator(leaf, 60.0).activations
            if backward:
                activations.sum().backward()

        work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{name:<44}{median_ms(work, 3):>10.2f}{peak:>10.2f}")


if __name__ == "__main__":
    main()
