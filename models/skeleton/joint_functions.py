"""Functions of coordinates that drive the joints of a model, evaluated together; N frames come last."""

import numpy as np
import torch
from torch import Tensor, nn

from models.skeleton.description import MAX_DEGREE, PiecewisePolynomial


class JointFunctions(nn.Module):
    """K piecewise polynomials, each of one coordinate, evaluated together with their derivatives.

    They are kept in three groups: `simple` (linear), `curved` (one polynomial) and `spline` (several pieces).

    Attributes:
        drivers: (K,) index of the coordinate of each function.
    """

    drivers: Tensor
    restore: Tensor
    simple: Tensor
    simple_driver: Tensor
    curved: Tensor
    curved_driver: Tensor
    spline: Tensor
    spline_driver: Tensor
    spline_starts: Tensor

    def __init__(self, functions: list[PiecewisePolynomial], dtype: torch.dtype) -> None:
        super().__init__()
        simple = [i for i, f in enumerate(functions) if len(f.starts) == 1 and not f.coefficients[:, 2:].any()]
        curved = [i for i, f in enumerate(functions) if len(f.starts) == 1 and f.coefficients[:, 2:].any()]
        spline = [i for i, f in enumerate(functions) if len(f.starts) > 1]
        order = simple + curved + spline

        def driver(group: list[int]) -> Tensor:
            return torch.tensor([functions[i].coordinate for i in group], dtype=torch.long)

        def polynomials(group: list[int]) -> Tensor:
            rows = [functions[i].coefficients[0] for i in group]
            return torch.tensor(np.array(rows).reshape(len(rows), MAX_DEGREE + 1), dtype=dtype)

        self.register_buffer("restore", torch.tensor(np.argsort(order), dtype=torch.long))
        self.register_buffer("simple_driver", driver(simple))
        self.register_buffer("simple", polynomials(simple))
        self.register_buffer("curved_driver", driver(curved))
        self.register_buffer("curved", polynomials(curved))
        self.register_buffer("drivers", torch.tensor([f.coordinate for f in functions], dtype=torch.long))
        pieces = max((len(functions[i].starts) for i in spline), default=0)
        starts = np.full((len(spline), pieces), np.inf)
        coefficients = np.zeros((len(spline), pieces, MAX_DEGREE + 1))
        for row, i in enumerate(spline):
            starts[row, : len(functions[i].starts)] = functions[i].starts
            coefficients[row, : len(functions[i].starts)] = functions[i].coefficients
        self.register_buffer("spline_driver", driver(spline))
        self.register_buffer("spline_starts", torch.tensor(starts, dtype=dtype))
        degree = np.flatnonzero(coefficients.any((0, 1))).max(initial=0)  # of cubics, no higher powers are computed
        self.register_buffer("spline", torch.tensor(coefficients[..., : degree + 1], dtype=dtype))

    def forward(self, coordinates: Tensor, derivatives: int = 0) -> list[Tensor]:
        """Values and derivatives of all functions.

        Args:
            coordinates: (C, N) radians and metres.
            derivatives: number of derivatives, by the coordinate of each function.

        Returns:
            The values and the derivatives, each (K, N).
        """
        groups: list[list[Tensor]] = [[] for _ in range(derivatives + 1)]
        if len(self.simple_driver):
            slope, intercept = self.simple[:, 1:2], self.simple[:, 0:1]
            groups[0].append(intercept + slope * coordinates.index_select(0, self.simple_driver))
            for k in range(1, derivatives + 1):
                groups[k].append((slope if k == 1 else torch.zeros_like(slope)).expand(-1, coordinates.shape[1]))
        if len(self.curved_driver):
            x = coordinates.index_select(0, self.curved_driver)
            for k, value in enumerate(_horner(self.curved.unsqueeze(1).unbind(-1), x, derivatives)):
                groups[k].append(value)
        if len(self.spline_driver):
            x = coordinates.index_select(0, self.spline_driver)
            piece = torch.searchsorted(self.spline_starts[:, 1:].contiguous(), x.detach().contiguous(), right=True)
            offset = torch.gather(self.spline_starts, 1, piece)
            row = torch.arange(len(x), device=x.device).unsqueeze(1)
            for k, value in enumerate(_horner(self.spline[row, piece].unbind(-1), x - offset, derivatives)):
                groups[k].append(value)
        return [torch.cat(group).index_select(0, self.restore) for group in groups]


def _horner(powers: tuple[Tensor, ...], x: Tensor, derivatives: int) -> list[Tensor]:
    """Value and derivatives of a polynomial at x; `powers` are its ascending coefficients, broadcastable to x."""
    results = []
    for k in range(derivatives + 1):
        value = torch.zeros_like(x)
        for power in range(len(powers) - 1, k - 1, -1):
            value = value * x + powers[power] * float(np.prod(range(power - k + 1, power + 1)))
        results.append(value)
    return results
