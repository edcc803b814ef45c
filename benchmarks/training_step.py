"""Measure a step of the trainings against the batch, the width of the network and the number of processes.

    python benchmarks/training_step.py
    python benchmarks/training_step.py --batch 16 --width 128 512 --processes 1 2 --rounds 2

Each row is a training on the shipped demo people in processes of its own, started by torchrun where there are several,
that ends after the measured steps. The first batch, the first width and one process are varied one at a time. Rows take
turns, --rounds times. ms is the processor time of a step in the slowest process, on one thread; the batch is that of
all processes together. GFLOP/s counts matrix products and convolutions of both passes, and the share is that of
products of square matrices, measured in the same process. MB is the largest resident memory of a process.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmark_parser import make_parser
from measuring import counted_operations, cpu_seconds, machine, peak_megabytes, product_rate, spread

NETWORKS = ("vqvae", "surrogate")
_DEFAULTS = {"vqvae": ([16, 64, 256], [128, 512]), "surrogate": ([1024, 256, 4096], [128, 256])}
_WARM_UP = 2


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--network", choices=NETWORKS, nargs="+", default=NETWORKS, help="Which trainings to measure.")
    parser.add_argument("--batch", type=int, nargs="+", help="Samples of a step.")
    parser.add_argument("--width", type=int, nargs="+", help="Channels of the hidden layers.")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="Numbers of processes.")
    parser.add_argument("--steps", type=int, default=3, help="Measured steps of a training (default: 3).")
    parser.add_argument("--rounds", type=int, default=2, help="Trainings of each kind (default: 2).")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        _measure(**json.loads(arguments.measure))
        return
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"BIGE_CACHE": f"{folder}/cache", "OMP_NUM_THREADS": "1"}
        for network in arguments.network:
            batches, widths = _DEFAULTS[network]
            batches, widths = arguments.batch or batches, arguments.width or widths
            cases = [(batch, widths[0], 1) for batch in batches] + [(batches[0], width, 1) for width in widths[1:]]
            cases += [(batches[0], widths[0], processes) for processes in arguments.processes if processes != 1]
            _print_table(network, cases, arguments.steps, arguments.rounds, folder)


def _print_table(network: str, cases: list[tuple[int, int, int]], steps: int, rounds: int, folder: str) -> None:
    """Measure trainings with batch, width and processes, in turns, and print a row of each."""
    measured: dict[tuple[int, int, int], list[dict[str, float]]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            measured[case].append(_training(network, case, steps, folder))
    first = median(one["ms"] for one in measured[cases[0]])
    print(f"\n{network:9}  batch  width  processes      ms   ratio  spread   GFLOP/s  share     MB")
    for (batch, width, processes), found in measured.items():
        times = [one["ms"] for one in found]
        rate, share, megabytes = (median(one[name] for one in found) for name in ("rate", "share", "megabytes"))
        print(
            f"{'':9}{batch:7}{width:7}{processes:11}{median(times):8.0f}{median(times) / first:8.2f}"
            f"{spread(times):8.0%}{rate / 1e9:10.1f}{share:7.0%}{megabytes:7.0f}",
            flush=True,
        )


def _training(network: str, case: tuple[int, int, int], steps: int, folder: str) -> dict[str, float]:
    """The measurements of one training, those of its slowest process."""
    batch, width, processes = case
    found = Path(folder) / "found"
    found.mkdir()
    words = {"network": network, "batch": batch, "width": width, "steps": steps, "folder": folder}
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*start, __file__, "--measure", json.dumps(words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"a training failed:\n{done.stderr}")
    ranks = [json.loads(path.read_text()) for path in found.iterdir()]
    shutil.rmtree(found)
    shutil.rmtree(Path(folder) / "runs")
    return max(ranks, key=lambda one: one["ms"])


class _MeasuredError(Exception):
    """Ends a training whose steps have been measured."""


def _measure(network: str, batch: int, width: int, steps: int, folder: str) -> None:
    """Train for some steps in this process, and write what they take."""
    from dataset.locations import SHIPPED_DEMO
    from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
    from models.vqvae.vqvae_config import VQVAEConfig
    from utils.training.dynamics_trainer import DynamicsSurrogateTask, train_dynamics_surrogate
    from utils.training.dynamics_training_config import DynamicsTrainingConfig
    from utils.training.vqvae_trainer import VQVAETask, train_vqvae
    from utils.training.vqvae_training_config import VQVAETrainingConfig

    shared: dict[str, Any] = {
        "data_root": SHIPPED_DEMO, "out_dir": Path(folder) / "runs", "exp_name": network,
        "batch_size": batch, "device": "cpu", "threads": 1,
    }  # fmt: skip
    found = Path(folder) / "found" / os.environ.get("RANK", "0")
    try:
        if network == "vqvae":
            _time_steps(VQVAETask, steps, found)
            sizes = VQVAEConfig(width=width, code_dim=width)
            train_vqvae(VQVAETrainingConfig(**shared, network=sizes))
        else:
            _time_steps(DynamicsSurrogateTask, steps, found)
            networks = DynamicsSurrogateConfig(ground_width=width, muscle_width=width)
            train_dynamics_surrogate(DynamicsTrainingConfig(**shared, network=networks))
    except _MeasuredError:
        pass


def _time_steps(task: type[Any], steps: int, found: Path) -> None:
    """Have a kind of training measure its steps, write the result to a file, and end. A call may be many steps."""
    train_step, times = task.train_step, []

    def measured_step(self: Any) -> Any:
        if len(times) < _WARM_UP + steps:
            result = []
            times.append(cpu_seconds(lambda: result.append(train_step(self))) / getattr(self, "steps", 1))
            return result[0]
        megabytes, seconds = peak_megabytes(), median(times[_WARM_UP:])
        rate = counted_operations(lambda: train_step(self)) / getattr(self, "steps", 1) / seconds
        share = rate / product_rate()
        found.write_text(json.dumps({"ms": 1e3 * seconds, "rate": rate, "share": share, "megabytes": megabytes}))
        raise _MeasuredError

    task.train_step = measured_step


if __name__ == "__main__":
    main()
