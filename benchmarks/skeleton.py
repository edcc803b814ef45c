"""Frames a second of forward kinematics, forward and backward, on one thread.

python benchmarks/skeleton.py MODEL.osim
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def main() -> None:
    import torch

    from dataset.opensim.model_reader import load_skeleton

    torch.set_num_threads(1)
    skeleton = load_skeleton(sys.argv[1])
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
    main()
