"""The torch device of a run; nothing else names a kind of device."""

from typing import TYPE_CHECKING

from dataset.errors import InputError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> "torch.device":
    """The torch device called `name`; `auto` chooses CUDA where there is a GPU, and else the CPU.

    Raises:
        InputError: the device cannot be used on this machine, or has no doubles (MPS), with which guidance computes.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device, dtype=torch.float64).tolist()  # which a device that only pretends cannot answer
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--device {name} cannot be used on this machine ({reason}); try --device cpu") from None
    return device


def shared_device(name: str, number: int) -> str:
    """The device of one of several processes of a machine: `auto` gives those on several GPUs these in turn.

    Args:
        name: as of `choose_device`.
        number: of the process on its machine, from 0.
    """
    import torch

    gpus = torch.cuda.device_count()
    return f"cuda:{number % gpus}" if name == "auto" and gpus > 1 else name


def own_gpu(number: int) -> "torch.device":
    """The GPU of a process that has one to itself, which is made the one of its messages too.

    Args:
        number: of the process on its machine, from 0.

    Raises:
        InputError: the machine has fewer GPUs.
    """
    import torch

    if number >= torch.cuda.device_count():
        raise InputError(
            f"process {number} of this machine has no GPU of its own: there are {torch.cuda.device_count()}; start as "
            "many processes as GPUs, or add --device cpu"
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def is_gpu(device: "torch.device") -> bool:
    """Whether a device is a GPU of which a machine may have several."""
    return device.type == "cuda"
