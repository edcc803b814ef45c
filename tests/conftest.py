"""Shared fixtures: the real recordings, where `$BIGE_RECORDINGS` names them."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)
torch.set_flush_denormal(True)  # as the scripts do


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of real recordings (`opencap/Data/<session>`, `models/`, `published/`); skips where it is not given."""
    folder = os.environ.get("BIGE_RECORDINGS")
    if not folder:
        pytest.skip("$BIGE_RECORDINGS does not name a folder of real recordings")
    return Path(folder)
