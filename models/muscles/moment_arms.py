"""Muscle-tendon lengths and moment arms as polynomials of a leg's joint angles, batched and differentiable.

Each muscle's length is a polynomial of order 5 in the one to four coordinates that it spans (as in van den Bogert et
al., "Implicit methods for efficient musculoskeletal simulation and optimal control", Procedia IUTAM 2 (2011) 297-316),
fitted once to a scaled model by `dataset.opensim.muscle_path_fit`. Both legs share one list of monomials.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.conventions import COORDINATE_INDEX, MUSCLES

ORDER = 5
LEG_COORDINATES = (
    "hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle", "mtp_angle",
)  # fmt: skip
LEG_INDICES = tuple(tuple(COORDINATE_INDEX[f"{name}_{side}"] for name in LEG_COORDINATES) for side in "lr")
MUSCLES_PER_LEG = len(MUSCLES) // 2


class MuscleTendonGeometry(NamedTuple):
    """Muscle-tendon geometry of N frames.

    Attributes:
        lengths: (N, 80) metres, in the order of MUSCLES.
        moment_arms: (N, 2, 7, 40) metres: left and right leg, `LEG_COORDINATES`, the leg's muscles. They are
            −∂length/∂angle, angles in radians, so that moments on the coordinates are moment_arms @ forces.
    """

    lengths: Tensor
    moment_arms: Tensor


class PolynomialPaths(nn.Module):
    """Polynomial muscle paths of one scaled model."""

    centre: Tensor
    half_range: Tensor
    exponents: Tensor
    coefficients: Tensor
    _length_columns: Tensor
    _arm_columns: Tensor
    _left: Tensor
    _right: Tensor

    def __init__(self, centre: Tensor, half_range: Tensor, exponents: Tensor, coefficients: Tensor) -> None:
        """Set up the polynomials.

        Args:
            centre: (7,) radians, middle of the fitted range of each leg coordinate.
            half_range: (7,) radians, half of that range.
            exponents: (P, 7) integers, from `monomials`.
            coefficients: (2, 40, P) metres, left and right leg, of monomials in (angle − centre) / half_range.
        """
        super().__init__()
        self.register_buffer("centre", centre)
        self.register_buffer("half_range", half_range)
        self.register_buffer("exponents", exponents)
        self.register_buffer("coefficients", coefficients)
        degrees = exponents.sum(dim=1)
        self._order = int(degrees.max())
        for degree, (parents, variables) in enumerate(_recursion(exponents), start=1):
            self.register_buffer(f"_parents_{degree}", torch.tensor(parents), persistent=False)
            self.register_buffer(f"_variables_{degree}", torch.tensor(variables), persistent=False)
        self._lower = int((degrees < degrees.max()).sum())  # derivatives need no monomial of the highest degree
        derivative = torch.zeros(2, len(LEG_COORDINATES), MUSCLES_PER_LEG, self._lower, dtype=coefficients.dtype)
        index = {tuple(row): i for i, row in enumerate(exponents.tolist())}
        for i, row in enumerate(exponents.tolist()):
            for j, power in enumerate(row):
                if power:
                    reduced = index[(*row[:j], power - 1, *row[j + 1 :])]
                    derivative[:, j, :, reduced] += power * coefficients[:, :, i] / half_range[j]
        self.register_buffer("_length_columns", coefficients.mT.contiguous(), persistent=False)
        self.register_buffer("_arm_columns", -derivative.flatten(1, 2).mT.contiguous(), persistent=False)
        for name, side in zip(("_left", "_right"), LEG_INDICES, strict=True):
            self.register_buffer(name, torch.tensor(side), persistent=False)

    def forward(self, motion: Tensor) -> MuscleTendonGeometry:
        """Lengths (..., 80) and moment arms (..., 2, 7, 40) of `motion` (..., 33), degrees and metres, canonical order.

        Outside the fitted range the moment arms are those at its edge, and the lengths are extrapolated with them.
        """
        shape = motion.shape[:-1]
        flat = motion.reshape(-1, motion.shape[-1])
        angles = torch.stack([flat.index_select(1, self._left), flat.index_select(1, self._right)])  # (2, N, 7)
        u = (angles * (math.pi / 180) - self.centre) / self.half_range
        inside = u.clamp(-1, 1)
        monomials = self._monomials(inside.permute(2, 0, 1)).permute(1, 2, 0)  # (2, N, P)
        lengths = torch.bmm(monomials, self._length_columns)  # (2, N, 40)
        arms = torch.bmm(monomials[:, :, : self._lower], self._arm_columns)  # (2, N, 280)
        arms = arms.unflatten(2, (len(LEG_COORDINATES), MUSCLES_PER_LEG))
        beyond = (u - inside) * self.half_range
        if bool(beyond.detach().any()):
            lengths = lengths - torch.einsum("lnc,lncm->lnm", beyond, arms)
        lengths = torch.cat([lengths[0], lengths[1]], dim=1)
        arms = arms.transpose(0, 1)  # (N, 2, 7, 40)
        return MuscleTendonGeometry(lengths.reshape(*shape, *lengths.shape[1:]), arms.reshape(*shape, *arms.shape[1:]))

    def _monomials(self, u: Tensor) -> Tensor:
        """All monomials (P, 2, N) of normalised angles (7, 2, N), by one multiplication each."""
        level = torch.ones_like(u[:1])
        levels = [level]
        for degree in range(1, self._order + 1):
            parents, variables = getattr(self, f"_parents_{degree}"), getattr(self, f"_variables_{degree}")
            level = level.index_select(0, parents) * u.index_select(0, variables)
            levels.append(level)
        return torch.cat(levels)


def velocities(moment_arms: Tensor, speeds: Tensor) -> Tensor:
    """Muscle-tendon velocities (..., 80) in m/s from moment arms (..., 2, 7, 40) and `speeds` (..., 33) in rad/s."""
    legs = torch.stack([speeds[..., list(side)] for side in LEG_INDICES], dim=-2)  # (..., 2, 7)
    return -(legs[..., None, :] @ moment_arms).flatten(-3)


def monomials(spans: list[tuple[int, ...]], order: int = ORDER) -> Tensor:
    """Exponents (P, 7) of all monomials up to `order` in any of the given sets of leg coordinates, by rising degree."""
    found = {(0,) * len(LEG_COORDINATES)}
    for span in set(spans):
        level: set[tuple[int, ...]] = {(0,) * len(LEG_COORDINATES)}
        for _ in range(order):
            level = {(*row[:j], row[j] + 1, *row[j + 1 :]) for row in level for j in span}
            found |= level
    return torch.tensor(sorted(found, key=lambda row: (sum(row), row)))


def _recursion(exponents: Tensor) -> list[tuple[list[int], list[int]]]:
    """For each degree from 1, the monomial of the degree below and the coordinate whose product each monomial is."""
    rows = [tuple(row) for row in exponents.tolist()]
    levels = []
    for degree in range(1, max(map(sum, rows)) + 1):
        below = {row: i for i, row in enumerate(row for row in rows if sum(row) == degree - 1)}
        parents, variables = [], []
        for row in (row for row in rows if sum(row) == degree):
            j = max(j for j, power in enumerate(row) if power)
            parents.append(below[(*row[:j], row[j] - 1, *row[j + 1 :])])
            variables.append(j)
        levels.append((parents, variables))
    return levels
