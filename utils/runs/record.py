"""Records of how the files of a run folder were made, and protection of existing training runs."""

import json
import logging
import os
import platform
import shlex
import subprocess
import sys
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.guarded_files import read_json_object_or_none
from dataset.locations import DEMO_VARIABLE, REPOSITORY
from dataset.sessions import DATA_ROOT_VARIABLE

FROM_PYTHON = "called from Python"  # in the place of a command line
_FREE = ("out_dir", "exp_name", "threads", "device")  # settings that change no result
_VARIABLES = (DATA_ROOT_VARIABLE, DEMO_VARIABLE)  # they say which data a run reads where no flag does

logger = logging.getLogger("bige")


def record_config(config: Any, folder: str | Path, name: str = "args.json") -> None:
    """Write the settings, command line, $BIGE_DATA, $BIGE_DEMO and software versions of a run to `<folder>/<name>`.

    Args:
        config: a configuration dataclass; nested configurations become nested objects.
        folder: the run folder.
        name: name of the JSON file.
    """
    record = asdict(config) | {"_command": command_line(), "_versions": versions()}
    record["_environment"] = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    write_json(Path(folder) / name, record)


def warn_of_other_settings(record: Path, config: Any, place: Path) -> None:
    """Log a warning where what is about to be replaced was made with other settings.

    Args:
        record: what `record_config` wrote for it.
        config: the configuration that replaces it.
        place: the files, for the sentence.
    """
    asked = json.loads(json.dumps(asdict(config), default=str))
    known = read_json_object_or_none(record)
    if known is None:
        changed = ["its settings are not recorded"]
    else:
        named = [name for name, value in asked.items() if name not in _FREE and known.get(name, value) != value]
        changed = [f"{name} was {known[name]}, and is {asked[name]}" for name in named]
    if changed:
        logger.warning("%s: replacing what an earlier run wrote there; %s", place, "; ".join(changed))


def command_line() -> str:
    """The command line of the root script that runs, or a note that the code was called from Python."""
    script = Path(sys.argv[0]).name
    if script.endswith(".py") and (REPOSITORY / script).is_file():
        return shlex.join([script, *sys.argv[1:]])
    return FROM_PYTHON


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of python, torch and opensim, and the git commit of this code if it is a clone."""
    found = {"python": platform.python_version()} | {name: _version_of(name) for name in ("torch", "opensim")}
    describe = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found["commit"] = subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        logger.debug("the git commit is not recorded: this is not a clone, or git is not installed")
    return found


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # OpenSim's bindings can be built and put on the path without being installed
        return "unknown"


def refuse_trained(folder: str | Path) -> None:
    """Raise InputError where `folder`, which is about to be written, holds a training run."""
    if (Path(folder) / "last.pth").exists():
        raise InputError(f"{folder} already holds a training run; choose another --exp-name")
