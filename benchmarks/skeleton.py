"""Measure the frames per second of forward kinematics with gradients, on one thread.

python benchmarks/skeleton.py MODEL.osim
"""

import statistics
import time
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL.osim", help="Scaled OpenSim model.")
    arguments = parser.parse_args()

    import torch

    from dataset.opensim.model_reader import load_skeleton

    torch.set_num_threads(1)
    skeleton = load_skeleton(arguments.model)
    motion = (torch.randn(20, 196, 33, generator=torch.Generator().manual_seed(0)) * 20).requires_grad_()
    print(f"{'points':<28}{'ms, forward + backward':>24}{'frames/s':>12}")
    for name, points in (
        ("legs, 12 contact points", skeleton.contact_points),
        ("22 joint centres", skeleton.joint_centres),
        (f"{len(skeleton.marker_names)} markers", skeleton.markers),
    ):
        times = []
        for _ in range(11):
            start = time.perf_counter()
            points(motion).square().sum().backward()
            times.append(time.perf_counter() - start)
        median = statistics.median(times[1:])
        print(f"{name:<28}{1e3 * median:>24.1f}{20 * 196 / median:>12.0f}")


if __name__ == "__main__":
    run_benchmark(main)
