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

_SIZES = {"cpu": 1024, "cuda": 8192}  # of the matrices of the matrix-product rate


def machine(device: str = "cpu") -> str:
    """One line: the processor and its cores, or the GPU, torch, and its matrix-product rates."""
    import torch

    if device != "cpu":
        rates = [product_rate(dtype, device=device) / 1e12 for dtype in (torch.float32, torch.bfloat16)]
        return (
            f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}; "
            f"matrix products: {rates[0]:.0f} TFLOP/s in float32, {rates[1]:.0f} in bfloat16"
        )

    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    rates = [product_rate(dtype) / 1e9 for dtype in (torch.float32, torch.float64)]
    busy = os.getloadavg()[0]
    return (
        f"{processor}, {os.cpu_count()} cores with a load of {busy:.1f}, one thread, torch {torch.__version__}; "
        f"matrix products: {rates[0]:.0f} GFLOP/s in float32, {rates[1]:.0f} in float64"
    )


def product_rate(dtype: Any = None, repeats: int = 5, device: str = "cpu") -> float:
    """Floating-point operations a second in products of square matrices, on one thread or on a GPU."""
    import torch

    torch.set_num_threads(1)
    size = _SIZES[torch.device(device).type]
    factor = torch.randn(size, size, dtype=dtype, device=device)
    factor @ factor
    return 2 * size**3 / median(seconds_of(lambda: factor @ factor, device) for _ in range(repeats))


def counted_operations(work: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products and convolutions of a function, with their backward passes."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # Operations that are compiled together are not seen, so they are counted one by one.
    with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def clock(device: str = "cpu") -> float:
    """Seconds of processor time, which other programs hardly change; of a GPU, seconds by the clock when it is idle."""
    if device == "cpu":
        return time.process_time()
    import torch

    torch.cuda.synchronize(device)
    return time.perf_counter()


def seconds_of(work: Callable[[], object], device: str = "cpu") -> float:
    """Seconds that a function takes, by `clock`."""
    began = clock(device)
    work()
    return clock(device) - began


def peak_megabytes(device: str = "cpu") -> float:
    """Largest resident memory of this process so far, or largest memory that torch has taken on a GPU."""
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    import torch

    return torch.cuda.max_memory_allocated(device) / 2**20


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
