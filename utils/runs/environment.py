"""Device, CPU threads and random seed of a run."""

import os
import random

from dataset.errors import InputError


def choose_device(name: str):
    """The torch device for `--device`: `auto` takes CUDA, then MPS, then the CPU.

    Raises InputError where the named device is not there.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--device {name} cannot be used here ({reason}); try --device cpu") from None
    return device


def set_threads(count: int | None) -> None:
    """Bound torch's CPU threads, by default to half of the cores: small kernels slow down on a full machine.

    Numbers below 1e-38 count as zero from here on. A trained surrogate's attention is full of them, and processors take
    ten times as long over them (`benchmarks/denormals.py`).
    """
    import torch

    torch.set_flush_denormal(True)
    torch.set_num_threads(count or max(1, (os.cpu_count() or 2) // 2))


def set_seed(seed: int) -> None:
    """Seed Python, numpy and torch in one place."""
    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
