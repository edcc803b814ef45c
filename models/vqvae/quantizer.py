"""Vector quantizers: a latent becomes the nearest code of a codebook, and gradients pass straight through.

van den Oord et al. 2017 (https://arxiv.org/abs/1711.00937): `orig`, and the moving-average codebook of its appendix.
Resetting codes that nothing uses follows Dhariwal et al. 2020 (https://arxiv.org/abs/2005.00341).

`orig`       the codebook is a parameter, drawn to its latents by the codebook loss
`reset`      the same, and codes out of use are set to latents of the batch
`ema`        the codebook is a moving average of the latents that choose each code
`ema_reset`  the same, and codes out of use are set to latents of the batch
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.vqvae.vqvae_config import QUANTIZERS

IN_USE = 1.0  # moving average of choices a step, below which a code counts as out of use


class Quantised(NamedTuple):
    """What a quantizer answers for latents (..., code_dim)."""

    latents: Tensor  # (..., code_dim) codes, with the gradient of the latents
    codes: Tensor  # (...) int64, index of the code; (..., groups) of a product quantizer
    loss: Tensor  # () commitment loss (and the codebook loss, where the codebook is a parameter)
    perplexity: Tensor  # () exp of the entropy of the choice of code: how many codes are used evenly
    used_codes: Tensor  # () how many different codes were chosen (of a product quantizer, both are means of its groups)


def make_quantizer(
    kind: str, nb_code: int, code_dim: int, mu: float = 0.99, groups: int = 1
) -> "Quantizer | ProductQuantizer":
    """The quantizer named `kind` (one of QUANTIZERS); `mu` is the decay of moving averages, a step.

    groups: with more than one, a product of so many quantizers, each of code_dim / groups channels.
    """
    if groups > 1:
        if code_dim % groups:
            raise ValueError(f"code_dim {code_dim} does not divide into {groups} groups")
        return ProductQuantizer([make_quantizer(kind, nb_code, code_dim // groups, mu) for _ in range(groups)])
    if kind == "orig":
        return LearnedQuantizer(nb_code, code_dim)
    if kind == "reset":
        return ResetQuantizer(nb_code, code_dim, mu)
    if kind in ("ema", "ema_reset"):
        return MovingAverageQuantizer(nb_code, code_dim, mu, reset=kind == "ema_reset")
    raise ValueError(f"quantizer {kind!r} is not one of {', '.join(QUANTIZERS)}")


def squared_distances(latents: Tensor, codebook: Tensor) -> Tensor:
    """(N, D), (K, D) -> (N, K), by one matrix product."""
    return latents.square().sum(1, keepdim=True) - 2 * latents @ codebook.T + codebook.square().sum(1)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Mean of values (N, D) whose rows count with weight (N,)."""
    return (values.mean(1) * weight).sum() / weight.sum().clamp_min(1e-8)


def draw_latents(latents: Tensor, weight: Tensor, count: int) -> Tensor:
    """`count` rows of latents (N, D), drawn with probability `weight` (N,); spread a little where rows must repeat."""
    if count == 0:
        return latents[:0]
    if not weight.any():
        weight = torch.ones_like(weight)
    drawn = latents[torch.multinomial(weight, count, replacement=True)]
    return drawn + (0.01 / drawn.shape[1] ** 0.5) * torch.randn_like(drawn)


def _sum_over_processes(*tensors: Tensor) -> None:
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        for tensor in tensors:
            torch.distributed.all_reduce(tensor)


class Quantizer(nn.Module):
    """Base of all kinds: the search, the straight-through gradient and the statistics."""

    learned = False  # the codebook has a gradient

    def __init__(self, nb_code: int, code_dim: int) -> None:
        super().__init__()
        self.nb_code, self.code_dim = nb_code, code_dim

    def codes_of(self, latents: Tensor) -> Tensor:
        """Index of the nearest code, int64 (...), for latents (..., code_dim)."""
        rows = latents.reshape(-1, self.code_dim)
        return squared_distances(rows, self.codebook.detach()).argmin(1).view(latents.shape[:-1])

    def vectors_of(self, codes: Tensor) -> Tensor:
        """Codes (...) int64 -> their vectors (..., code_dim)."""
        return F.embedding(codes, self.codebook)

    def forward(self, latents: Tensor, weight: Tensor | None = None) -> Quantised:
        """Quantise latents (..., code_dim); `weight` (...), 0 to 1, says how much each counts in losses and updates."""
        shape = latents.shape
        rows = latents.reshape(-1, self.code_dim).float()
        weight = rows.new_ones(len(rows)) if weight is None else weight.reshape(-1).to(rows)
        if self.training:
            self.prepare(rows.detach(), weight)
        codes = self.codes_of(rows)
        vectors = self.vectors_of(codes)
        loss = weighted_mean((rows - vectors.detach()).square(), weight)
        if self.learned:
            loss = loss + weighted_mean((vectors - rows.detach()).square(), weight)
        count = torch.zeros(self.nb_code).to(weight).index_add_(0, codes, weight)
        share = count / count.sum().clamp_min(1e-8)
        perplexity = torch.exp(-(share * torch.log(share + 1e-7)).sum())
        if self.training:
            self.update(rows.detach(), weight, codes, count)
        through = rows + (vectors - rows).detach()
        return Quantised(through.view(shape), codes.view(shape[:-1]), loss, perplexity, (count > 0).sum().float())

    def prepare(self, rows: Tensor, weight: Tensor) -> None:
        """Called before the search of each training step."""

    def update(self, rows: Tensor, weight: Tensor, codes: Tensor, count: Tensor) -> None:
        """Called after the search of each training step; `count` (K,) is the weight that chose each code."""

    def mark_initialised(self) -> None:
        """Keep the codebook as it is (it came from a file that holds no moving averages) instead of drawing it anew."""


class ProductQuantizer(nn.Module):
    """Groups of channels, each with a quantizer of its own (Jegou et al. 2011, product quantisation).

    With G groups of K codes a latent frame tells K^G motions apart, where one codebook tells K.
    """

    def __init__(self, quantizers: list[Quantizer]) -> None:
        super().__init__()
        self.groups = nn.ModuleList(quantizers)

    def _split(self, latents: Tensor) -> tuple[Tensor, ...]:
        return latents.chunk(len(self.groups), dim=-1)

    def codes_of(self, latents: Tensor) -> Tensor:
        """Index of the nearest code of each group, int64 (..., groups), for latents (..., code_dim)."""
        parts = zip(self.groups, self._split(latents), strict=True)
        return torch.stack([quantizer.codes_of(part) for quantizer, part in parts], -1)

    def vectors_of(self, codes: Tensor) -> Tensor:
        """Codes (..., groups) int64 -> their vectors (..., code_dim)."""
        parts = zip(self.groups, codes.unbind(-1), strict=True)
        return torch.cat([quantizer.vectors_of(part) for quantizer, part in parts], -1)

    def forward(self, latents: Tensor, weight: Tensor | None = None) -> Quantised:
        """As `Quantizer.forward`; loss, perplexity and used codes are means of the groups."""
        parts = zip(self.groups, self._split(latents), strict=True)
        answers = [quantizer(part, weight) for quantizer, part in parts]
        return Quantised(
            torch.cat([answer.latents for answer in answers], -1),
            torch.stack([answer.codes for answer in answers], -1),
            torch.stack([answer.loss for answer in answers]).mean(),
            torch.stack([answer.perplexity for answer in answers]).mean(),
            torch.stack([answer.used_codes for answer in answers]).mean(),
        )

    def mark_initialised(self) -> None:
        """As `Quantizer.mark_initialised`."""
        for quantizer in self.groups:
            quantizer.mark_initialised()


class LearnedQuantizer(Quantizer):
    """`orig`: the codebook is a parameter."""

    learned = True

    def __init__(self, nb_code: int, code_dim: int) -> None:
        super().__init__(nb_code, code_dim)
        self.embedding = nn.Embedding(nb_code, code_dim)
        nn.init.uniform_(self.embedding.weight, -1 / nb_code, 1 / nb_code)

    @property
    def codebook(self) -> Tensor:
        """(nb_code, code_dim)"""
        return self.embedding.weight


class ResetQuantizer(Quantizer):
    """`reset`: the codebook is a parameter, first drawn from latents; codes out of use are drawn again."""

    learned = True

    def __init__(self, nb_code: int, code_dim: int, mu: float) -> None:
        super().__init__(nb_code, code_dim)
        self.mu = mu
        self.codebook = nn.Parameter(torch.zeros(nb_code, code_dim))
        self.register_buffer("code_count", torch.ones(nb_code))
        self.register_buffer("initialised", torch.zeros((), dtype=torch.bool))

    def prepare(self, rows: Tensor, weight: Tensor) -> None:
        if not self.initialised:
            self.codebook.data.copy_(draw_latents(rows, weight, self.nb_code))
            self.initialised.fill_(True)

    @torch.no_grad()
    def update(self, rows: Tensor, weight: Tensor, codes: Tensor, count: Tensor) -> None:
        count = count.clone()
        _sum_over_processes(count)
        self.code_count.lerp_(count, 1 - self.mu)
        unused = self.code_count < IN_USE
        # .data: the step's gradient was computed with the codebook as it was
        self.codebook.data[unused] = draw_latents(rows, weight, int(unused.sum()))
        self.code_count[unused] = IN_USE

    def mark_initialised(self) -> None:
        self.code_count.fill_(1 / (1 - self.mu))
        self.initialised.fill_(True)


class MovingAverageQuantizer(Quantizer):
    """`ema`, `ema_reset`: a code is the moving average of the latents that choose it; the checkpoint keeps the sums."""

    def __init__(self, nb_code: int, code_dim: int, mu: float, *, reset: bool) -> None:
        super().__init__(nb_code, code_dim)
        self.mu, self.reset = mu, reset
        self.register_buffer("codebook", torch.zeros(nb_code, code_dim))
        self.register_buffer("code_sum", torch.zeros(nb_code, code_dim))
        self.register_buffer("code_count", torch.ones(nb_code))
        self.register_buffer("initialised", torch.zeros((), dtype=torch.bool))

    def prepare(self, rows: Tensor, weight: Tensor) -> None:
        if not self.initialised:
            self.codebook.copy_(draw_latents(rows, weight, self.nb_code))
            self._take_codebook_as_average_of(IN_USE)

    @torch.no_grad()
    def update(self, rows: Tensor, weight: Tensor, codes: Tensor, count: Tensor) -> None:
        count = count.clone()
        total = torch.zeros_like(self.codebook).index_add_(0, codes, rows * weight.unsqueeze(1))
        _sum_over_processes(count, total)
        self.code_sum.lerp_(total, 1 - self.mu)
        self.code_count.lerp_(count, 1 - self.mu)
        if self.reset:
            unused = self.code_count < IN_USE
            self.code_sum[unused] = draw_latents(rows, weight, int(unused.sum()))
            self.code_count[unused] = IN_USE
        chosen = self.code_count > 1e-5  # a code that nothing has chosen for long stays where it is
        self.codebook[chosen] = self.code_sum[chosen] / self.code_count[chosen].unsqueeze(1)

    def mark_initialised(self) -> None:
        # as many latents as an average remembers: a few batches that miss a code do not yet put it out of use
        self._take_codebook_as_average_of(1 / (1 - self.mu))

    def _take_codebook_as_average_of(self, count: float) -> None:
        self.code_sum.copy_(count * self.codebook)
        self.code_count.fill_(count)
        self.initialised.fill_(True)
