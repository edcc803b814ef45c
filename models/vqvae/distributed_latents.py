"""Drawing latents and adding statistics in distributed training, with the same result in each process."""

import torch
from torch import Tensor


def draw_latents(latents: Tensor, weight: Tensor, count: int) -> Tensor:
    """Draw codes from the latents of all processes, the same ones in each process.

    Args:
        latents: (N, D) of this process.
        weight: (N,) relative probability of each latent.
        count: number of codes, the same in every process.

    Returns:
        (count, D) latents, with a little noise, because some may be drawn more than once.
    """
    if count == 0:
        return latents[:0]
    total = weight.sum()
    probability = weight if weight.any() else torch.ones_like(weight)
    drawn = latents[torch.multinomial(probability, count, replacement=True)]
    drawn = drawn + (0.01 / drawn.shape[1] ** 0.5) * torch.randn_like(drawn)
    if not _is_distributed():
        return drawn
    # Every process has drawn candidates from its own latents. Which process each code comes from is drawn by the first
    # process, in proportion to the weight of the processes' latents.
    world_size = torch.distributed.get_world_size()
    candidates = [torch.empty_like(drawn) for _ in range(world_size)]
    totals = [torch.empty_like(total) for _ in range(world_size)]
    torch.distributed.all_gather(candidates, drawn)
    torch.distributed.all_gather(totals, total)
    weights = torch.stack(totals)
    process = torch.multinomial(weights if weights.any() else torch.ones_like(weights), count, replacement=True)
    torch.distributed.broadcast(process, 0)
    return torch.stack(candidates)[process, torch.arange(count, device=process.device)]


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def sum_over_processes(*tensors: Tensor) -> None:
    """Replace each tensor, in place, by its sum over all processes."""
    if _is_distributed():
        for tensor in tensors:
            torch.distributed.all_reduce(tensor)
