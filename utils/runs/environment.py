"""Device, CPU threads and random seed of a run."""

import os
import random
from typing import TYPE_CHECKING

from utils.runs.device import choose_device
from utils.runs.shared_configs import ComputeConfig

if TYPE_CHECKING:
    import torch


def configure_torch(config: ComputeConfig) -> "torch.device":
    """Set the CPU threads, denormal handling and seeds that a run asks for, and return its device.

    Raises:
        InputError: the device cannot be used on this machine.
    """
    configure_cpu(config.threads)
    set_seed(config.seed)
    return choose_device(config.device)


def configure_cpu(threads: int | None) -> None:
    """Limit the CPU threads of torch, and make torch treat denormal numbers (below 1e-38) as zero.

    Attention weights of frames that do not matter can be so small, and CPUs multiply such numbers several times more
    slowly.

    Args:
        threads: most CPU threads, of which no more than the cores are used; None for half of the cores, since small
            kernels slow down when all cores are busy.
    """
    import torch

    torch.set_flush_denormal(True)
    cores = os.cpu_count() or 2
    torch.set_num_threads(min(threads, cores) if threads else max(1, cores // 2))  # thousands of threads end a process


def set_seed(seed: int) -> None:
    """Seed the random generators of Python, numpy and torch."""
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
