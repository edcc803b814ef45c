"""Sums and means over the processes of a distributed training, which are the same in each of them.

Every process of a training calls these functions in the same order. In a training of one process they change nothing.
"""

import torch
from torch import Tensor, distributed


def process_count() -> int:
    """Number of processes that train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def sum_over_processes(*tensors: Tensor) -> None:
    """Replace each tensor, in place, by its sum over all processes."""
    if process_count() == 1:
        return
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])  # one message in place of several
    distributed.all_reduce(flat)
    parts = flat.split([tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.copy_(part.view_as(tensor))


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of `value` (...) over all processes, without gradient.

    A process divides its weighted sum of losses by the mean of the processes' weights. The mean of these losses over
    all processes, whose gradient they train with, is the weighted mean over the whole batch.
    """
    mean = value.detach().clone()
    sum_over_processes(mean)
    return mean / process_count()


def gather_rows(rows: Tensor) -> Tensor:
    """The rows (N, D) of all processes (M, D), in the order of the processes, which may have different numbers."""
    if process_count() == 1:
        return rows
    counts = torch.zeros(process_count(), dtype=torch.long, device=rows.device)
    counts[distributed.get_rank()] = len(rows)
    distributed.all_reduce(counts)
    sizes = counts.tolist()
    start = sum(sizes[: distributed.get_rank()])
    gathered = rows.new_zeros(sum(sizes), *rows.shape[1:])
    gathered[start : start + len(rows)] = rows
    distributed.all_reduce(gathered)
    return gathered


def agree_with_first(tensor: Tensor) -> Tensor:
    """The tensor (...) of the first process, in place of that of this one."""
    if process_count() > 1:
        distributed.broadcast(tensor, 0)
    return tensor
