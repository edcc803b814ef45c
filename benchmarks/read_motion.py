"""Measure the time to read and to write a motion file.

    python benchmarks/read_motion.py [FILE.mot ...]

Without a file, one of 1,346 rows and 36 columns is used, a shipped squat as OpenCap's inverse kinematics writes it.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="Motion files (default: a shipped squat).")
    files = parser.parse_args().files

    import numpy

    from dataset.io.mot import read_motion, write_motion
    from dataset.io.motion import Motion
    from dataset.locations import SHIPPED_DEMO
    from dataset.sessions import discover_sessions

    with tempfile.TemporaryDirectory() as folder:
        if not files:
            recorded = read_motion(discover_sessions(SHIPPED_DEMO)[0].squat_trials[0]).coordinates
            frames = numpy.linspace(0, len(recorded) - 1, 1346)
            columns = [numpy.interp(frames, numpy.arange(len(recorded)), column) for column in recorded.T]
            coordinates = numpy.stack(columns, 1)
            files = [Path(folder) / "squat.mot"]
            write_motion(files[0], Motion(numpy.arange(1346) / 100, coordinates), beta=True)
        print(f"{'rows':>6} {'read ms':>8} {'write ms':>9}  file (median of 20)")
        for path in files:
            motion = read_motion(path)
            read_ms = _median_ms(partial(read_motion, path))
            write_ms = _median_ms(partial(write_motion, Path(folder) / "written.mot", motion))
            print(f"{len(motion):6d} {read_ms:8.1f} {write_ms:9.1f}  {path.name}")


def _median_ms(call: Callable[[], object], times: int = 20) -> float:
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        durations.append(time.perf_counter() - start)
    return 1e3 * statistics.median(durations)


if __name__ == "__main__":
    run_benchmark(main)
