"""Measure what a user waits for before anything happens: help, imports, and guidance until its first iteration.

    python benchmarks/start.py
    python benchmarks/start.py --subject demo-person-040 --samples 5 --rounds 3

Seconds are processor time from the start of Python, on one thread, the median of --rounds; rows take turns. The ratio
is to importing torch alone, without which nothing can begin. MB is the largest resident memory. The second row is the
slowest help of all scripts.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmark_parser import make_parser, run_benchmark
from measuring import apart, machine, peak_megabytes, spread

_ROOT = Path(__file__).resolve().parents[1]
Measured = tuple[float, float]  # seconds of processor time and megabytes


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--subject", default="demo-person-040", help="Demo person, or the folder of a session.")
    parser.add_argument("--samples", type=int, default=5, help="Motions that are asked for (default: 5).")
    parser.add_argument("--rounds", type=int, default=3, help="Processes for each row (default: 3).")
    arguments = parser.parse_args()
    print(machine())
    rows: dict[str, Callable[[], Measured]] = {
        "import torch": lambda: _run("-c", "import torch"),
        "--help, the slowest": lambda: max(_run(path.name, "--help") for path in sorted(_ROOT.glob("*.py"))),
        "segment_squats.py: packages": lambda: _importing("utils.segmentation.segment_session"),
        "simulate_activations.py: packages": lambda: _importing("utils.simulation.session_simulation"),
        "train_vq.py: packages": lambda: _importing("utils.training.vqvae_trainer"),
        "LIMO_Surrogate.py: packages": lambda: _importing("utils.people.guided_person"),
        "LIMO_Surrogate.py: person prepared": lambda: apart(guide, arguments.subject, arguments.samples, "on_start"),
        "LIMO_Surrogate.py: first iteration": lambda: apart(
            guide, arguments.subject, arguments.samples, "on_iteration"
        ),
    }
    found: dict[str, list[Measured]] = {name: [] for name in rows}
    for _ in range(arguments.rounds):
        for name, row in rows.items():
            found[name].append(row())
    torch_s = median(seconds for seconds, _ in found["import torch"])
    print(f"{'':36}    s   ratio  spread     MB")
    for name, measured in found.items():
        times, megabytes = zip(*measured, strict=True)
        print(f"{name:36}{median(times):5.2f}{median(times) / torch_s:8.2f}{spread(times):8.0%}{max(megabytes):7.0f}")


def _run(*words: str) -> Measured:
    """A Python process with these arguments."""
    return apart(run, [sys.executable, *words])


def _importing(module: str) -> Measured:
    return _run("-c", f"import {module}")


def run(command: list[str]) -> Measured:
    """What a command takes, which is the only child of this process."""
    subprocess.run(command, check=True, cwd=_ROOT, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


class _ReachedError(Exception):
    """Ends guidance where it is measured."""


def guide(subject: str, samples: int, until: str) -> Measured:
    """What guidance takes until its observer is told of something for the first time; `until` is the method's name."""
    from utils.guidance.guidance_config import GuidanceConfig
    from utils.guidance.guidance_observer import GuidanceObserver
    from utils.people import guided_person

    def reached(*_: object) -> None:
        raise _ReachedError

    observer = GuidanceObserver()
    setattr(observer, until, reached)
    try:
        config = GuidanceConfig(subject=subject, min_samples=samples, threads=1, device="cpu")
        guided_person.run_guidance(config, observer)  # type: ignore[attr-defined]  # imported as by LIMO_Surrogate.py
    except _ReachedError:
        pass
    return time.process_time(), peak_megabytes()


if __name__ == "__main__":
    run_benchmark(main)
