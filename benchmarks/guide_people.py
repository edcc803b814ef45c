"""Measure run_guidance.py against the number of people and of processes, and beside a loop of LIMO_Surrogate.py.

    python benchmarks/guide_people.py --people 2 4 8 --jobs 1 2 --samples 2
    python benchmarks/guide_people.py --people 8 --jobs 1 8 --samples 20 --device cuda

The people are copies of the shipped demo people, in a temporary folder. Seconds and processor time include the start of
all processes; the memory is that of the largest process. The last column is the processor time for each person, as a
multiple of that of the loop, which starts Python for each person.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark
from measuring import machine

_ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[2, 4], help="Numbers of people.")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="Numbers of processes.")
    parser.add_argument("--samples", type=int, default=2, help="Motions for each person.")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda.")
    arguments = parser.parse_args()

    limo = ["--threads", "1", "--device", arguments.device, "--min-samples", arguments.samples]
    print(machine())
    if arguments.device != "cpu":
        print(machine(arguments.device))
    print(f"{'':24}{'people':>7}{'s':>8}{'CPU s':>8}{'MB':>7}  of the loop")
    with tempfile.TemporaryDirectory() as folder:
        sessions = _copy_people(Path(folder), max(arguments.people))
        out = [*limo, "--out-dir", folder, "--exp-name"]
        loop = _measure([["LIMO_Surrogate.py", "--subject", one, *out, "loop"] for one in sessions[:2]])
        each = _print("LIMO_Surrogate.py", 2, loop, None)
        for count in arguments.people:
            for jobs in arguments.jobs:
                who = ["--subjects", *sessions[:count], "--jobs", jobs, "--"]
                run = _measure([["run_guidance.py", *who, *out, f"people{count}_jobs{jobs}"]])
                _print(f"run_guidance.py --jobs {jobs}", count, run, each)


def _copy_people(root: Path, count: int) -> list[Path]:
    shipped = sorted((_ROOT / "demo/shipped/Data").iterdir())
    copies = [root / "Data" / f"person{i:03}" for i in range(count)]
    for i, copy in enumerate(copies):
        shutil.copytree(shipped[i % len(shipped)], copy)
    return copies


def _measure(commands: list[list[object]]) -> tuple[float, float, float]:
    """Seconds, processor seconds and megabytes of commands, one after another, in a process of their own."""
    script = (
        "import resource, subprocess, sys\n"
        "for words in eval(sys.argv[1]):\n"
        "    subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    began = time.monotonic()
    words = repr([list(map(str, command)) for command in commands])
    done = subprocess.run([sys.executable, "-c", script, words], check=True, capture_output=True, text=True, cwd=_ROOT)
    cpu_s, megabytes = map(float, done.stdout.split())
    return time.monotonic() - began, cpu_s, megabytes


def _print(name: str, people: int, measured: tuple[float, float, float], loop: float | None) -> float:
    seconds, cpu_s, megabytes = measured
    ratio = f"{cpu_s / people / loop:13.2f}" if loop else ""
    print(f"{name:24}{people:7}{seconds:8.0f}{cpu_s:8.0f}{megabytes:7.0f}{ratio}", flush=True)
    return cpu_s / people


if __name__ == "__main__":
    run_benchmark(main)
