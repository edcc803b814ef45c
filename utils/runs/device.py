"""The torch device of a run; nothing else names a kind of device."""

from typing import TYPE_CHECKING

from dataset.errors import InputError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> "torch.device":
    """The torch device called `name`; `auto` chooses CUDA, else MPS, else the CPU.

    Raises:
        InputError: the device cannot be used on this machine.
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
        raise InputError(f"--device {name} cannot be used on this machine ({reason}); try --device cpu") from None
    return device
