"""What every root script does the same way: logging, device, seed, arguments on disk, exit status."""

import argparse
import logging
import platform
import shlex
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.locations import REPOSITORY

logger = logging.getLogger("bige")


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
    describe = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found["commit"] = subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        logger.debug("no git commit to record: not a clone, or no git")
    return found
