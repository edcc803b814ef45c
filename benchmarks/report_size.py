"""Measure the size of a run's report, and the time to make it, against the number of samples.

    python benchmarks/report_size.py output/mine --samples 20 100 400 3000

The samples of the run are repeated as often as needed.
"""

import time
from itertools import cycle, islice
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("run", type=Path, help="A finished guidance run, or the folder of one of its sessions.")
    parser.add_argument("--samples", type=int, nargs="+", default=[20, 100, 400], help="Numbers of samples.")
    arguments = parser.parse_args()

    from utils.guidance.output.result_files import load_guidance
    from utils.report.page import build_page

    result = load_guidance(arguments.run)
    print(f"motions of {result.motion.shape[1]} frames at 60 Hz\n{'samples':>8}{'MB':>8}{'s':>8}")
    for count in arguments.samples:
        repeated = result.take(list(islice(cycle(range(len(result.samples))), count)))
        began = time.monotonic()
        megabytes = len(build_page(repeated).encode()) / 1e6
        print(f"{count:8}{megabytes:8.2f}{time.monotonic() - began:8.1f}", flush=True)


if __name__ == "__main__":
    run_benchmark(main)
