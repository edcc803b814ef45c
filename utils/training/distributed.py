"""Distributed training: the processes that torchrun or deepspeed started, or this one alone."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from dataset.errors import InputError
from models.process_sums import agree_with_first, mean_over_processes, sum_over_processes
from utils.runs.device import is_gpu, own_gpu
from utils.training.window_drawing import BatchShare

logger = logging.getLogger("bige")

Made = TypeVar("Made")

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

    def wrap(self, model: nn.Module, *, all_trained: bool = True) -> nn.Module:
        """The model, with its gradients averaged over all processes.

        Args:
            model: the network, equal in all processes.
            all_trained: whether the loss depends on all parameters; the others have no gradient.

        Raises:
            InputError: it normalises over the batch, of which each process has only a part.
        """
        if not self.is_distributed:
            return model
        if self.world_size > 1 and any(isinstance(part, nn.BatchNorm1d) for part in model.modules()):
            raise InputError(
                "--vq-norm BN normalises over the samples of one process; train in one process, or with --vq-norm LN "
                "or GN"
            )
        return DistributedDataParallel(model, find_unused_parameters=not all_trained)

    def share_of_batch(self, size: int) -> BatchShare:
        """The part of a batch of `size` samples of which this process computes the losses.

        Raises:
            InputError: there are more processes than samples.
        """
        if size < self.world_size:
            raise InputError(
                f"--batch-size {size} has no sample for some of {self.world_size} processes; it is the number of "
                "windows of all of them together"
            )
        return BatchShare.of_process(size, self.rank, self.world_size)

    def part_of_batch(self, size: int) -> BatchShare:
        """The part of a batch that may have fewer samples than there are processes, so that a part may be empty."""
        return BatchShare.of_process(size, self.rank, self.world_size)

    def agree_on(self, *tensors: Tensor) -> None:
        """Replace tensors, in place, by those of the main process."""
        for tensor in tensors:
            agree_with_first(tensor)

    def average_gradients(self, model: nn.Module) -> None:
        """Replace the gradients of a model that is not wrapped by their means over all processes."""
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        sum_over_processes(*gradients)
        for gradient in gradients:
            gradient.div_(self.world_size)

    def main_first(self, make: Callable[[], Made]) -> Made:
        """What `make` returns, after the main process has made and stored what it needs."""
        if self.world_size == 1:
            return make()
        made = make() if self.is_main else None
        distributed.barrier()
        return make() if made is None else made

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes of a value (...) of this one, without gradient."""
        return mean_over_processes(value)

    def gather(self, values: list[str]) -> list[str]:
        """The values of all processes."""
        if self.world_size == 1:
            return values
        parts: list[list[str]] = [[] for _ in range(self.world_size)]
        distributed.all_gather_object(parts, values)
        return [value for part in parts for value in part]

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

    All but the first process log errors only.

    Args:
        device: device of a run; with several GPUs, each process takes the one of its number on the machine.
        local_rank: that number, for launchers that do not set $LOCAL_RANK.

    Raises:
        InputError: the launcher's variables are incomplete, or the machine has fewer GPUs than processes.
    """
    if "RANK" not in os.environ:
        yield ProcessGroup(device)
        return
    rank, world_size = _from_launcher("RANK"), _from_launcher("WORLD_SIZE")
    if is_gpu(device):
        device = own_gpu(_from_launcher("LOCAL_RANK", max(0, local_rank or 0)))
    try:
        distributed.init_process_group(timeout=_LONGEST_WAIT)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"the processes of this training cannot reach each other ({reason})") from None
    level = logger.level
    try:
        if rank > 0:
            logger.setLevel(logging.ERROR)
        yield ProcessGroup(device, rank, world_size, is_distributed=True)
    finally:
        logger.setLevel(level)
        distributed.destroy_process_group()


def _from_launcher(name: str, default: int | None = None) -> int:
    """A number that the launcher has set in the environment."""
    text = os.environ.get(name, "" if default is None else str(default))
    if not text.isdecimal():
        raise InputError(
            f"${name} is {text!r} and $RANK is set, as by torchrun or deepspeed, which set both to numbers; start the "
            "training with one of these, or unset RANK"
        )
    return int(text)
