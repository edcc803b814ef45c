"""Vector quantizers: a latent is replaced by the nearest code of a codebook, with a straight-through gradient.

van den Oord et al. 2017 (https://arxiv.org/abs/1711.00937): `orig`, and the moving-average codebook of its appendix.
Resetting unused codes follows Dhariwal et al. 2020 (https://arxiv.org/abs/2005.00341).

`orig`       the codebook is a parameter, trained by the codebook loss
`reset`      the same, and unused codes are reset to latents of the batch
`ema`        each code is the exponential moving average of the latents that are assigned to it
`ema_reset`  the same, and unused codes are reset to latents of the batch

In distributed training the codebook is the same in every process, and the same as if one process had trained on the
whole batch: counts and sums are added over the processes, and codes are drawn from the latents of all of them.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.process_sums import agree_with_first, gather_rows, process_count, sum_over_processes
from models.vqvae.vqvae_config import QUANTIZERS

LEAST_USE = 1.0  # moving average of latents assigned to a code in a step, below which it counts as unused


class Quantised(NamedTuple):
    """Quantizer output for latents (..., code_dim).

    Attributes:
        latents: (..., code_dim) codes, with the gradient of the latents.
        codes: (...) int64 index of each latent's code; (..., groups) from a product quantizer.
        loss: () commitment loss, and the codebook loss where the codebook is a parameter.
        perplexity: () exponential of the entropy of the codes' frequencies: the number of codes, if all were used
            equally. The mean of the groups from a product quantizer.
        used_codes: () number of different codes. The mean of the groups from a product quantizer.
    """

    latents: Tensor
    codes: Tensor
    loss: Tensor
    perplexity: Tensor
    used_codes: Tensor


def make_quantizer(
    kind: str, nb_code: int, code_dim: int, mu: float = 0.99, groups: int = 1
) -> "Quantizer | ProductQuantizer":
    """Make a quantizer.

    Args:
        kind: one of QUANTIZERS.
        nb_code: codes in the codebook.
        code_dim: channels of a latent.
        mu: decay of the moving averages, per step.
        groups: with more than one, a product of so many quantizers, each of code_dim / groups channels.

    Raises:
        ValueError: if `kind` is unknown, or `code_dim` is not a multiple of `groups`.
    """
    if groups > 1:
        if code_dim % groups:
            raise ValueError(f"code_dim {code_dim} does not divide into {groups} groups")
        return ProductQuantizer([_make_single(kind, nb_code, code_dim // groups, mu) for _ in range(groups)])
    return _make_single(kind, nb_code, code_dim, mu)


def _make_single(kind: str, nb_code: int, code_dim: int, mu: float) -> "Quantizer":
    if kind == "orig":
        return LearnedQuantizer(nb_code, code_dim)
    if kind == "reset":
        return ResetQuantizer(nb_code, code_dim, mu)
    if kind in ("ema", "ema_reset"):
        return MovingAverageQuantizer(nb_code, code_dim, mu, reset=kind == "ema_reset")
    raise ValueError(f"quantizer {kind!r} is not one of {', '.join(QUANTIZERS)}")


def nearest_codes(latents: Tensor, codebook: Tensor) -> Tensor:
    """Index (N,) int64 of the nearest code (K, D) to each latent (N, D), by one matrix product."""
    # Squared distances less the latents' own squares, which are the same for all codes: |code|^2 - 2 latent . code
    codes = torch.cat([-2 * codebook, codebook.square().sum(1, keepdim=True)], 1)
    distance = functional.pad(latents, (0, 1), value=1.0) @ codes.T  # (N, K)
    if distance.is_cpu:  # numpy's search is vectorised, and torch's takes three quarters of a quantizer's time
        return torch.from_numpy(distance.numpy().argmin(1))
    return distance.argmin(1)


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
    latents, weight = gather_rows(latents), gather_rows(weight)
    probability = weight if weight.any() else torch.ones_like(weight)
    drawn = latents[torch.multinomial(probability, count, replacement=True)]
    return agree_with_first(drawn + (0.01 / drawn.shape[1] ** 0.5) * torch.randn_like(drawn))


def weighted_mean(values: Tensor, weight: Tensor, total: Tensor) -> Tensor:
    """Sum of the means of the rows of values (N, D), weighted by `weight` (N,), over the `total` () of the weights."""
    return (values.mean(1) * weight).sum() / total.clamp_min(1e-8)


class Quantizer(nn.Module):
    """Base of all kinds: nearest-code search, straight-through gradient and usage statistics.

    Attributes:
        codebook: (nb_code, code_dim).
    """

    learned = False  # whether the codebook is trained by its gradient
    codebook: Tensor

    def __init__(self, nb_code: int, code_dim: int) -> None:
        super().__init__()
        self.nb_code, self.code_dim = nb_code, code_dim

    def codes_of(self, latents: Tensor) -> Tensor:
        """Index of the nearest code, int64 (...), for latents (..., code_dim)."""
        rows = latents.reshape(-1, self.code_dim)
        return nearest_codes(rows.detach(), self.codebook.detach()).view(latents.shape[:-1])

    def vectors_of(self, codes: Tensor) -> Tensor:
        """Vectors (..., code_dim) of codes (...) int64."""
        return functional.embedding(codes, self.codebook)

    def forward(self, latents: Tensor, weight: Tensor | None = None) -> Quantised:
        """Quantise latents, and in training mode update the codebook.

        Args:
            latents: (..., code_dim).
            weight: (...), 0 to 1, how much each latent counts in the losses and the updates; None: all count 1.
        """
        shape = latents.shape
        rows = latents.reshape(-1, self.code_dim).float()
        weight = rows.new_ones(len(rows)) if weight is None else weight.reshape(-1).to(rows)
        if self.training:
            self.prepare(rows.detach(), weight)
        codes = self.codes_of(rows)
        vectors = self.vectors_of(codes)
        count = torch.zeros(self.nb_code).to(weight).index_add_(0, codes, weight)
        total = weight.sum()
        if self.training:  # an evaluation is of one process, which must not wait for the others
            sum_over_processes(count, total)
            total = total / process_count()  # as in `mean_over_processes`
        loss = weighted_mean((rows - vectors.detach()).square(), weight, total)
        if self.learned:
            loss = loss + weighted_mean((vectors - rows.detach()).square(), weight, total)
        frequency = count / count.sum().clamp_min(1e-8)
        perplexity = torch.exp(-(frequency * torch.log(frequency + 1e-7)).sum())
        if self.training:
            self.update(rows.detach(), weight, codes, count)
        straight_through = rows + (vectors - rows).detach()
        return Quantised(
            straight_through.view(shape), codes.view(shape[:-1]), loss, perplexity, (count > 0).sum().float()
        )

    def prepare(self, rows: Tensor, weight: Tensor) -> None:
        """Initialise the codebook, before the search of a training step."""

    def update(self, rows: Tensor, weight: Tensor, codes: Tensor, count: Tensor) -> None:
        """Update the codebook, after the search of a training step.

        Args:
            rows: (N, code_dim) latents, without gradient.
            weight: (N,) of the latents.
            codes: (N,) their codes.
            count: (nb_code,) sum of the weights of the latents of each code, over all processes.
        """

    def mark_initialised(self) -> None:
        """Keep the present codebook, which a file without moving averages provided, instead of drawing it anew."""


class ProductQuantizer(nn.Module):
    """Groups of channels, each with a quantizer of its own (product quantisation, Jegou et al. 2011).

    G groups of K codes distinguish K^G latents, where one codebook distinguishes K.
    """

    def __init__(self, quantizers: list[Quantizer]) -> None:
        super().__init__()
        self.groups = nn.ModuleList(quantizers)

    def _quantizers(self) -> list[Quantizer]:
        return [quantizer for quantizer in self.groups if isinstance(quantizer, Quantizer)]

    def _split(self, latents: Tensor) -> tuple[Tensor, ...]:
        return latents.chunk(len(self.groups), dim=-1)

    def codes_of(self, latents: Tensor) -> Tensor:
        """Index of the nearest code of each group, int64 (..., groups), for latents (..., code_dim)."""
        parts = zip(self._quantizers(), self._split(latents), strict=True)
        return torch.stack([quantizer.codes_of(part) for quantizer, part in parts], -1)

    def vectors_of(self, codes: Tensor) -> Tensor:
        """Vectors (..., code_dim) of codes (..., groups) int64."""
        parts = zip(self._quantizers(), codes.unbind(-1), strict=True)
        return torch.cat([quantizer.vectors_of(part) for quantizer, part in parts], -1)

    def forward(self, latents: Tensor, weight: Tensor | None = None) -> Quantised:
        """Quantise as `Quantizer.forward`; loss, perplexity and number of used codes are means of the groups."""
        parts = zip(self._quantizers(), self._split(latents), strict=True)
        outputs = [quantizer(part, weight) for quantizer, part in parts]
        return Quantised(
            torch.cat([output.latents for output in outputs], -1),
            torch.stack([output.codes for output in outputs], -1),
            torch.stack([output.loss for output in outputs]).mean(),
            torch.stack([output.perplexity for output in outputs]).mean(),
            torch.stack([output.used_codes for output in outputs]).mean(),
        )

    def mark_initialised(self) -> None:
        """Keep the present codebooks, see `Quantizer.mark_initialised`."""
        for quantizer in self._quantizers():
            quantizer.mark_initialised()


class LearnedQuantizer(Quantizer):
    """`orig`: the codebook is a parameter, trained by the codebook loss."""

    learned = True

    def __init__(self, nb_code: int, code_dim: int) -> None:
        super().__init__(nb_code, code_dim)
        self.embedding = nn.Embedding(nb_code, code_dim)
        nn.init.uniform_(self.embedding.weight, -1 / nb_code, 1 / nb_code)

    @property
    def codebook(self) -> Tensor:  # type: ignore[override]  # a parameter or buffer of that name in the other kinds
        """The codes, (nb_code, code_dim)."""
        return self.embedding.weight


class ResetQuantizer(Quantizer):
    """`reset`: the codebook is a parameter, first drawn from latents; unused codes are drawn again."""

    learned = True
    code_count: Tensor
    initialised: Tensor

    def __init__(self, nb_code: int, code_dim: int, mu: float) -> None:
        super().__init__(nb_code, code_dim)
        self.mu = mu
        self.codebook = nn.Parameter(torch.zeros(nb_code, code_dim))
        self.register_buffer("code_count", torch.ones(nb_code))
        self.register_buffer("initialised", torch.zeros((), dtype=torch.bool))

    def prepare(self, rows: Tensor, weight: Tensor) -> None:
        """Draw the codebook from the first batch's latents."""
        if not self.initialised:
            self.codebook.data.copy_(draw_latents(rows, weight, self.nb_code))
            self.initialised.fill_(True)

    @torch.no_grad()
    def update(self, rows: Tensor, weight: Tensor, codes: Tensor, count: Tensor) -> None:
        """Reset unused codes to latents of the batch."""
        self.code_count.lerp_(count, 1 - self.mu)
        unused = self.code_count < LEAST_USE
        # In .data, because autograd still needs the codebook with which this step's loss was computed.
        self.codebook.data[unused] = draw_latents(rows, weight, int(unused.sum()))
        self.code_count[unused] = LEAST_USE

    def mark_initialised(self) -> None:
        """Keep the present codebook, see `Quantizer.mark_initialised`."""
        self.code_count.fill_(1 / (1 - self.mu))
        self.initialised.fill_(True)


class MovingAverageQuantizer(Quantizer):
    """`ema`, `ema_reset`: a code is the moving average of the latents assigned to it; the sums are in the checkpoint.

    Attributes:
        code_sum: (nb_code, code_dim) moving average of the sum of each code's latents in a step.
        code_count: (nb_code,) moving average of the number of each code's latents in a step.
    """

    code_sum: Tensor
    code_count: Tensor
    initialised: Tensor

    def __init__(self, nb_code: int, code_dim: int, mu: float, *, reset: bool) -> None:
        super().__init__(nb_code, code_dim)
        self.mu, self.reset = mu, reset
        self.register_buffer("codebook", torch.zeros(nb_code, code_dim))
        self.register_buffer("code_sum", torch.zeros(nb_code, code_dim))
        self.register_buffer("code_count", torch.ones(nb_code))
        self.register_buffer("initialised", torch.zeros((), dtype=torch.bool))

    def prepare(self, rows: Tensor, weight: Tensor) -> None:
        """Draw the codebook from the first batch's latents."""
        if not self.initialised:
            self.codebook.copy_(draw_latents(rows, weight, self.nb_code))
            self._set_averages_from_codebook(LEAST_USE)

    @torch.no_grad()
    def update(self, rows: Tensor, weight: Tensor, codes: Tensor, count: Tensor) -> None:
        """Move every code towards the mean of its latents; with `ema_reset`, reset unused codes."""
        total = torch.zeros_like(self.codebook).index_add_(0, codes, rows * weight.unsqueeze(1))
        sum_over_processes(total)
        self.code_sum.lerp_(total, 1 - self.mu)
        self.code_count.lerp_(count, 1 - self.mu)
        if self.reset:
            unused = self.code_count < LEAST_USE
            self.code_sum[unused] = draw_latents(rows, weight, int(unused.sum()))
            self.code_count[unused] = LEAST_USE
        assigned = self.code_count > 1e-5  # a code without latents for a long time stays where it is
        self.codebook[assigned] = self.code_sum[assigned] / self.code_count[assigned].unsqueeze(1)

    def mark_initialised(self) -> None:
        """Keep the present codebook, see `Quantizer.mark_initialised`."""
        # As if from as many latents as an average remembers: a code is not reset for missing in a few batches.
        self._set_averages_from_codebook(1 / (1 - self.mu))

    def _set_averages_from_codebook(self, count: float) -> None:
        self.code_sum.copy_(count * self.codebook)
        self.code_count.fill_(count)
        self.initialised.fill_(True)
