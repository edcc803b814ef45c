"""What the benchmarks measure with: the machine, its matrix-product rate, and functions in processes of their own."""

import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

_SIZE = 1024  # of the matrices of the matrix-product rate


def machine() -> str:
    """One line: the processor and its cores, torch, and its matrix-product rates on one thread."""
    import torch

    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    rates = [product_rate(dtype) / 1e9 for dtype in (torch.float32, torch.float64)]
    busy = os.getloadavg()[0]
    return (
        f"{processor}, {os.cpu_count()} cores with a load of {busy:.1f}, one thread, torch {torch.__version__}; "
        f"matrix products: {rates[0]:.0f} GFLOP/s in float32, {rates[1]:.0f} in float64"
    )


def product_rate(dtype: Any = None, repeats: int = 5) -> float:
    """Floating-point operations a second of processor time in products of square matrices, on one thread."""
    import torch

    torch.set_num_threads(1)
    factor = torch.randn(_SIZE, _SIZE, dtype=dtype)
    factor @ factor
    return 2 * _SIZE**3 / median(cpu_seconds(lambda: factor @ factor) for _ in range(repeats))


def counted_operations(work: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products and convolutions of a function, with their backward passes."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def cpu_seconds(work: Callable[[], object]) -> float:
    """Seconds of processor time that a function takes, which other programs on the machine hardly change."""
    began = time.process_time()
    work()
    return time.process_time() - began


def peak_megabytes() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(function: Callable[..., Any], *arguments: object) -> Any:
    """What a function of a module returns in a new process, whose `peak_megabytes` are those of the function alone."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def spread(values: Sequence[float]) -> float:
    """Largest difference from the median, as a share of it."""
    middle = median(values)
    return max(abs(value - middle) for value in values) / middle


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
