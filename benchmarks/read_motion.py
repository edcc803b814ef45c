"""How long a motion file takes to read and to write.

    python benchmarks/read_motion.py [FILE.mot ...]

Without a file, one of 1,346 rows and 36 columns, as OpenCap's inverse kinematics writes it, is made for the occasion.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="Motion files to read.")
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
