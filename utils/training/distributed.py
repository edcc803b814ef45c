"""Distributed training: one process, or as many as torchrun or deepspeed started."""

import os

import torch


class Processes:
    """This process's number, how many there are, and its device; `RANK` in the environment says that it has mates."""

    def __init__(self, device: torch.device, local_rank: int | None = None) -> None:
        self.distributed = "RANK" in os.environ
        self.rank = int(os.environ.get("RANK", 0))
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        self.device = device
        if self.distributed:
            if device.type != "cpu":
                self.device = torch.device(device.type, int(os.environ.get("LOCAL_RANK", local_rank or 0)))
            torch.distributed.init_process_group()

    @property
    def first(self) -> bool:
        """Whether this process logs and saves."""
        return self.rank == 0

    def wrap(self, model: torch.nn.Module) -> torch.nn.Module:
        """The model, its gradients averaged over the processes where there are several."""
        if not self.distributed:
            return model
        return torch.nn.parallel.DistributedDataParallel(model)

    def close(self) -> None:
        """Leave the group."""
        if self.distributed:
            torch.distributed.destroy_process_group()
