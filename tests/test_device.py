"""The device of a run."""

import os

import pytest
import torch

from dataset.errors import InputError
from utils.runs.device import choose_device
from utils.runs.environment import configure_cpu


@pytest.mark.parametrize("found", [True, False])
def test_auto_is_a_gpu_where_there_is_one(monkeypatch, found):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    assert choose_device("auto").type == ("cuda" if found else "cpu")


@pytest.mark.parametrize("name", ["nowhere", "meta"])
def test_a_device_that_is_not_there_or_holds_no_data_is_refused(name):
    with pytest.raises(InputError, match=f"--device {name} cannot be used on this machine .*; try --device cpu"):
        choose_device(name)


def test_a_device_that_has_no_doubles_is_refused(monkeypatch):
    """As torch answers for Apple's GPUs."""

    def empty(*_, device, dtype=torch.float32):
        if dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64")
        return torch.zeros(1)

    monkeypatch.setattr(torch, "empty", empty)
    with pytest.raises(InputError, match="--device mps cannot be used .*float64"):
        choose_device("mps")


def test_no_more_threads_than_cores_are_used():
    """Torch ends the process where it cannot begin as many."""
    before = torch.get_num_threads()
    configure_cpu(1_000_000)
    assert torch.get_num_threads() <= (os.cpu_count() or 2)
    torch.set_num_threads(before)
