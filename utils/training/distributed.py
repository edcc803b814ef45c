"""Distributed training: the processes that torchrun or deepspeed started, or this one alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

_LONGEST_WAIT = timedelta(hours=6)  # for the main process, which makes the windows of all sessions


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train one model together.

    Attributes:
        device: device of this process.
        rank: number of this process; process 0 logs, evaluates and writes files.
        world_size: number of processes.
        is_distributed: whether a launcher started them, so that they can communicate.
    """

    device: torch.device
    rank: int = 0
    world_size: int = 1
    is_distributed: bool = False

    @property
    def is_main(self) -> bool:
        """Whether this process logs, evaluates and writes files."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, with its gradients averaged over all processes."""
        return DistributedDataParallel(model) if self.is_distributed else model

    def any_process(self, flag: bool) -> bool:
        """Whether `flag` is true in any process, so that all of them leave a loop at the same step."""
        if self.world_size == 1:
            return flag
        answer = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(answer, distributed.ReduceOp.MAX)
        return bool(answer)


@contextmanager
def join_process_group(device: torch.device, local_rank: int | None = None) -> Iterator[ProcessGroup]:
    """Join the processes of a launcher that sets $RANK and $WORLD_SIZE, and leave them at the end.

    Args:
        device: device of a run; with several GPUs, each process takes the one of its number on the machine.
        local_rank: that number, for launchers that do not set $LOCAL_RANK.
    """
    if "RANK" not in os.environ:
        yield ProcessGroup(device)
        return
    if device.type != "cpu":
        device = torch.device(device.type, int(os.environ.get("LOCAL_RANK", local_rank or 0)))
    distributed.init_process_group(timeout=_LONGEST_WAIT)
    try:
        yield ProcessGroup(device, int(os.environ["RANK"]), int(os.environ.get("WORLD_SIZE", 1)), is_distributed=True)
    finally:
        distributed.destroy_process_group()
