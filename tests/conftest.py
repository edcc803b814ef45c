"""Shared fixtures: the real recordings, where `$BIGE_RECORDINGS` names them, and the root scripts."""

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)
torch.set_flush_denormal(True)  # as the scripts do


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder for stored windows, in place of the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["BIGE_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of real recordings (`opencap/Data/<session>`, `models/`, `published/`); skips where it is not given."""
    folder = os.environ.get("BIGE_RECORDINGS")
    if not folder:
        pytest.skip("$BIGE_RECORDINGS does not name a folder of real recordings")
    return Path(folder)


@pytest.fixture
def run_script(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that runs a root script in this process, seconds sooner than in one of its own."""

    def run(script: str, *arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        importlib.import_module(script.removesuffix(".py")).main()

    return run
