"""Measure static optimisation against the seconds of motion, without and with gradients, on one thread.

    python benchmarks/simulate.py
    python benchmarks/simulate.py SESSION --samples 1 5 20
    python benchmarks/simulate.py --device cuda --samples 1 20 200

Motions of 196 frames at 60 Hz, windows of the session's squats, are simulated together. Each row is a process of its
own; rows take turns, --rounds times. The time is the processor time for a second of motion, or by the clock on a GPU,
the ratio is to the first row, and GB the largest resident memory of the process, with the packages, or on a GPU the
memory of tensors. The share is that of the products of small matrices in the rate of products of large ones, in
float64. Labels and verdicts are solved without gradients; refinement needs gradients, for which the quadratic programs
are solved to 1e-9.
"""

from pathlib import Path
from statistics import median
from typing import Any

from benchmark_parser import make_parser, run_benchmark
from measuring import apart, counted_operations, machine, peak_megabytes, product_rate, seconds_of, spread

SHIPPED = "demo/shipped/Data/demo-person-040"
FRAMES, RATE_HZ = 196, 60.0
KINDS = {"labels": (1e-5, False), "forward to 1e-9": (1e-9, False), "forward and backward": (1e-9, True)}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("session", type=Path, nargs="?", help=f"OpenCap session folder (default: {SHIPPED}).")
    parser.add_argument("--samples", type=int, nargs="+", default=[1, 5, 20], help="Motions simulated together.")
    parser.add_argument("--rounds", type=int, default=2, help="Processes for each row (default: 2).")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda.")
    arguments = parser.parse_args()
    session = arguments.session or Path(__file__).resolve().parents[1] / SHIPPED
    print(machine(arguments.device))
    print(f"{'':22}seconds of motion   ms a second   ratio  spread  share     GB")
    for kind in KINDS:
        first = None
        cases: dict[int, list[Any]] = {samples: [] for samples in arguments.samples}
        for _ in range(arguments.rounds):
            for samples, found in cases.items():
                found.append(apart(measure, session, samples, kind, arguments.device))
        for samples, found in cases.items():
            seconds = samples * FRAMES / RATE_HZ
            times, shares, gigabytes = zip(*found, strict=True)
            ms = 1e3 * median(times) / seconds
            first = first or ms
            print(
                f"{kind:22}{seconds:17.1f}{ms:14.1f}{ms / first:8.2f}{spread(times):8.0%}"
                f"{median(shares):7.0%}{max(gigabytes):7.2f}",
                flush=True,
            )


def measure(session_path: Path, samples: int, kind: str, device: str) -> tuple[float, float, float]:
    """Seconds of one simulation after a first one, share of the product rate, and peak gigabytes."""
    import torch

    from dataset.sessions import open_session
    from dataset.windows.motion_dataset import MotionDataset
    from models.muscles.simulation_settings import SimulationSettings
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    session = open_session(session_path)
    windows = [torch.as_tensor(window.coordinates) for window in MotionDataset([session]).windows]
    motion = torch.stack([windows[i % len(windows)] for i in range(samples)]).to(device)
    tolerance, backward = KINDS[kind]
    simulator = build_simulator(session.model_path, SimulationSettings(tolerance=tolerance), device=device)

    def work() -> None:
        leaf = motion.clone().requires_grad_(backward)
        with torch.set_grad_enabled(backward):
            activations = simulator(leaf, RATE_HZ).activations
        if backward:
            activations.sum().backward()

    operations = counted_operations(work)  # the first time, which is slower than the others
    seconds, gigabytes = seconds_of(work, device), peak_megabytes(device) / 1e3
    return seconds, operations / seconds / product_rate(torch.float64, device=device), gigabytes


if __name__ == "__main__":
    run_benchmark(main)
