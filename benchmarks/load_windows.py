"""Measure time and memory of a training's data: making its windows, opening them again, and reading batches.

    python benchmarks/load_windows.py --sessions 100 1000 3000

A data root of so many copies of the shipped demo sessions, each with one trial and five simulated repetitions, is made
in a temporary folder. Every measurement is a process of its own. Its time is processor time, that of the processes that
it starts included: windows are made on all cores, and take as much less time. Its peak memory counts from the start of
Python, of which the packages take about 300 MB.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark
from measuring import machine

_BATCHES, _BATCH_SIZE = 200, 16


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--sessions", type=int, nargs="+", default=[100, 1000], metavar="N", help="Numbers of sessions."
    )
    parser.add_argument("--in-memory", action="store_true", help="Also measure reading all windows into memory.")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "ROOT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        what, root = arguments.measure
        print(*_measure(what, Path(root)))
        return
    print(machine())
    measurements = ["make", "open", "batches", *(["in-memory"] if arguments.in_memory else [])]
    print(
        f"{'sessions':>8} {'windows':>8} {'files':>8} {'make ms/file':>12}"
        + "".join(f" {f'{what} s':>11} {'MB':>6}" for what in measurements)
    )
    for count in arguments.sessions:
        with tempfile.TemporaryDirectory() as folder:
            _copy_sessions(Path(folder), count)
            os.environ["BIGE_CACHE"] = str(Path(folder) / "cache")
            files = sum(path.is_file() for path in Path(folder).rglob("*"))
            rows = [_in_another_process(what, folder) for what in measurements]
        numbers = "".join(f" {seconds:>11.2f} {megabytes:>6.0f}" for _, seconds, megabytes in rows)
        ms_a_file = 1e3 * rows[0][1] / files
        print(f"{count:>8} {rows[0][0]:>8.0f} {files:>8} {ms_a_file:>12.1f}{numbers}", flush=True)
    print(f"batches: {_BATCHES} of {_BATCH_SIZE} windows with activations, drawn at random")


def _copy_sessions(root: Path, count: int) -> None:
    from dataset.locations import SHIPPED_DEMO
    from dataset.sessions import discover_sessions

    shipped = discover_sessions(SHIPPED_DEMO)
    for i in range(count):
        session = shipped[i % len(shipped)]
        copy = root / "Data" / f"{session.id}-{i:05}"
        shutil.copytree(session.path, copy)
        metadata = copy / "sessionMetadata.yaml"
        metadata.write_text(metadata.read_text().replace(session.subject, copy.name))


def _in_another_process(what: str, root: str) -> tuple[float, float, float]:
    command = [sys.executable, __file__, "--measure", what, root]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    windows, seconds, megabytes = map(float, output.split())
    return windows, seconds, megabytes


def _measure(what: str, root: Path) -> tuple[int, float, float]:
    """Number of windows, seconds of processor time, and peak megabytes of this process and of any that it started."""
    import torch

    from dataset.locations import cache_folder
    from dataset.sessions import discover_sessions
    from dataset.windows.window_loading import load_windows
    from dataset.windows.window_store import WindowStore, open_windows

    def opened() -> WindowStore:
        return open_windows(discover_sessions(root), cache_folder(root, "windows"), {"with_activations": True})

    store = opened() if what == "batches" else None
    start = _processor_seconds()
    in_memory = what == "in-memory"
    windows = load_windows(discover_sessions(root), activations=True) if in_memory else store or opened()
    if store:
        for _ in range(_BATCHES):
            store.take(torch.randint(len(store), (_BATCH_SIZE,)))
    seconds = _processor_seconds() - start
    peaks_kb = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return len(windows), seconds, max(peaks_kb) / 1024


def _processor_seconds() -> float:
    """Of this process and of those that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    run_benchmark(main)
