"""What every root script does the same way: logging, device, seed, arguments on disk, exit status."""

import argparse
import logging
import os
import platform
import random
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from dataset.errors import InputError
from dataset.whole_file import write_json

logger = logging.getLogger("bige")


def run(main: Callable[[], None]) -> None:
    """Run a script's `main` and leave with its status: 0 done, 1 failed, 2 bad input, 130 stopped by the user."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        main()
    except InputError as error:
        logger.error("error: %s", error)
        sys.exit(2)
    except KeyboardInterrupt:
        logger.error("stopped; what was written so far is whole")
        sys.exit(130)


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


def refuse_trained(folder: str | Path, resumed: str | Path | None = None) -> None:
    """Raise InputError where a training run lies in `folder`, unless it is the one that `resumed` belongs to."""
    last = Path(folder) / "last.pth"
    if last.exists() and (resumed is None or Path(resumed).resolve().parent != last.resolve().parent):
        raise InputError(
            f"{folder} already holds a training run; name another --exp-name, or continue it with --resume-pth {last}"
        )


def save_arguments(arguments: argparse.Namespace, folder: str | Path, name: str = "args.json") -> None:
    """Write `args.json` (or `name`): the arguments, the command and the versions that made what is in `folder`."""
    record = dict(vars(arguments))
    record["_command"] = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    record["_versions"] = versions()
    write_json(Path(folder) / name, record)


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of python, torch and opensim, and the git commit of this code where it is a clone."""
    found = {"python": platform.python_version()} | {name: version(name) for name in ("torch", "opensim")}
    describe = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found["commit"] = subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        logger.debug("no git commit to record: not a clone, or no git")
    return found
