"""Measure a step of the trainings against the batch, the width of the network, the arithmetic and the processes.

    python benchmarks/training_step.py
    python benchmarks/training_step.py --batch 16 --width 128 512 --processes 1 2 --rounds 2
    python benchmarks/training_step.py --device cuda --arithmetic float32 bfloat16 compiled bfloat16+compiled

Each row is a training on the shipped demo people in processes of its own, started by torchrun where there are several,
that ends after the measured steps. The first value of each option is the rule, and the others are tried one at a time.
Rows take turns, --rounds times. ms is the processor time of a step in the slowest process, on one thread, or its time
by the clock on a GPU; the batch is that of all processes together.
GFLOP/s counts matrix products and convolutions of both passes, and the share is that of products of square matrices in
float32, measured in the same process. MB is the largest resident memory of a process, or that of tensors on a GPU.
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
from typing import Any, NamedTuple

from benchmark_parser import make_parser, run_benchmark
from measuring import counted_operations, machine, peak_megabytes, product_rate, seconds_of, spread

NETWORKS = ("vqvae", "surrogate")
_DEFAULTS = {"vqvae": ([16, 64, 256], [128, 512]), "surrogate": ([1024, 256, 4096], [128, 256])}
ARITHMETIC = ("float32", "bfloat16", "compiled", "bfloat16+compiled")
_WARM_UP = 2


class Case(NamedTuple):
    """What a row measures."""

    batch: int
    width: int
    processes: int
    arithmetic: str

    @property
    def training(self) -> dict[str, Any]:
        """What each process of the training is told of it."""
        return {"batch": self.batch, "width": self.width, "arithmetic": self.arithmetic}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--network", choices=NETWORKS, nargs="+", default=NETWORKS, help="Which trainings to measure.")
    parser.add_argument("--batch", type=int, nargs="+", help="Samples of a step.")
    parser.add_argument("--width", type=int, nargs="+", help="Channels of the hidden layers.")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="Numbers of processes.")
    parser.add_argument("--arithmetic", choices=ARITHMETIC, nargs="+", default=["float32"], help="Kinds of it.")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda.")
    parser.add_argument("--steps", type=int, default=3, help="Measured steps of a training (default: 3).")
    parser.add_argument("--rounds", type=int, default=2, help="Trainings of each kind (default: 2).")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        _measure(**json.loads(arguments.measure))
        return
    print(machine(arguments.device))
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"BIGE_CACHE": f"{folder}/cache", "OMP_NUM_THREADS": "1"}
        for network in arguments.network:
            batches, widths = _DEFAULTS[network]
            sizes = (arguments.batch or batches, arguments.width or widths)
            options = (*sizes, arguments.processes, arguments.arithmetic)
            words = {"network": network, "steps": arguments.steps, "device": arguments.device, "folder": folder}
            _print_table(one_at_a_time(*options), words, arguments.rounds)


def one_at_a_time(*options: list[Any]) -> list[Case]:
    """The case of the first value of each option, and those in which one option has another value."""
    first = Case(*(values[0] for values in options))
    others = [
        first._replace(**{name: value})
        for name, values in zip(Case._fields, options, strict=True)
        for value in values[1:]
    ]
    return [first, *others]


def _print_table(cases: list[Case], words: dict[str, Any], rounds: int) -> None:
    """Measure trainings in turns, and print a row of each."""
    measured: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            measured[case].append(_training(case, words))
    first = median(one["ms"] for one in measured[cases[0]])
    head = "batch  width  processes         arithmetic      ms   ratio  spread   GFLOP/s  share     MB"
    print(f"\n{words['network']:9}  {head}")
    for case, found in measured.items():
        times = [one["ms"] for one in found]
        rate, share, megabytes = (median(one[name] for one in found) for name in ("rate", "share", "megabytes"))
        print(
            f"{'':9}{case.batch:7}{case.width:7}{case.processes:11}{case.arithmetic:>19}{median(times):8.1f}"
            f"{median(times) / first:8.2f}{spread(times):8.0%}{rate / 1e9:10.1f}{share:7.0%}{megabytes:7.0f}",
            flush=True,
        )


def _training(case: Case, words: dict[str, Any]) -> dict[str, float]:
    """The measurements of one training, those of its slowest process."""
    found, runs = (Path(words["folder"]) / name for name in ("found", "runs"))
    found.mkdir()
    start = [sys.executable]
    if case.processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(case.processes)]
    command = [*start, __file__, "--measure", json.dumps(words | case.training)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"a training failed:\n{done.stderr}")
    ranks = [json.loads(path.read_text()) for path in found.iterdir()]
    if not ranks:
        sys.exit(f"a training with a batch of {case.batch} ended before its steps were measured; ask for fewer --steps")
    shutil.rmtree(found)
    shutil.rmtree(runs)
    return max(ranks, key=lambda one: one["ms"])


class _MeasuredError(Exception):
    """Ends a training whose steps have been measured."""


def _measure(network: str, steps: int, device: str, folder: str, batch: int, width: int, arithmetic: str) -> None:
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
        "batch_size": batch, "device": device, "threads": 1,
        "precision": "bfloat16" if "bfloat16" in arithmetic else "float32", "compiled": "compiled" in arithmetic,
    }  # fmt: skip
    found = Path(folder) / "found" / os.environ.get("RANK", "0")
    try:
        if network == "vqvae":
            _time_steps(VQVAETask, steps, device, found)
            sizes = VQVAEConfig(width=width, code_dim=width)
            train_vqvae(VQVAETrainingConfig(**shared, network=sizes))
        else:
            _time_steps(DynamicsSurrogateTask, steps, device, found)
            networks = DynamicsSurrogateConfig(ground_width=width, muscle_width=width)
            epochs = _WARM_UP + steps + 1  # each of which is one call
            train_dynamics_surrogate(DynamicsTrainingConfig(**shared, network=networks, epochs=epochs))
    except _MeasuredError:
        pass


def _time_steps(task: type[Any], steps: int, device: str, found: Path) -> None:
    """Have a kind of training measure its steps, write the result to a file, and end. A call may be many steps."""
    train_step = task.train_step
    times: list[float] = []

    def measured_step(self: Any) -> Any:
        if len(times) < _WARM_UP + steps:
            result = []
            times.append(seconds_of(lambda: result.append(train_step(self)), device) / getattr(self, "steps", 1))
            return result[0]
        megabytes, seconds = peak_megabytes(device), median(times[_WARM_UP:])
        rate = counted_operations(lambda: train_step(self)) / getattr(self, "steps", 1) / seconds
        share = rate / product_rate(device=device)
        found.write_text(json.dumps({"ms": 1e3 * seconds, "rate": rate, "share": share, "megabytes": megabytes}))
        raise _MeasuredError

    task.train_step = measured_step


if __name__ == "__main__":
    run_benchmark(main)
