"""Measure the time to read and to write a motion file.

    python benchmarks/read_motion.py [FILE.mot ...]

Without a file, a synthetic one of 1,346 rows and 36 columns is used, as OpenCap's inverse kinematics writes it.
"""

import statistics
import tempfile
import time
from pathlib import Path

from benchmark_parser import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="Motion files (default: a synthetic one).")
    files = parser.parse_args().files

    import numpy

    from dataset.io.mot import read_motion, write_motion
    from dataset.io.motion import Motion

    with tempfile.TemporaryDirectory() as folder:
        if not files:
            coordinates = numpy.random.default_rng(0).normal(0, 30, (1346, 33))
            files = [Path(folder) / "synthetic.mot"]
            write_motion(files[0], Motion(numpy.arange(1346) / 100, coordinates), beta=True)
        print(f"{'rows':>6} {'read ms':>8} {'write ms':>9}  file (median of 20)")
        for path in files:
            motion = read_motion(path)
            read_ms = _median_ms(lambda path=path: read_motion(path))
            write_ms = _median_ms(lambda motion=motion: write_motion(Path(folder) / "written.mot", motion))
            print(f"{len(motion):6d} {read_ms:8.1f} {write_ms:9.1f}  {path.name}")


def _median_ms(call, times: int = 20) -> float:
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        durations.append(time.perf_counter() - start)
    return 1e3 * statistics.median(durations)


if __name__ == "__main__":
    main()
