"""One guided motion."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class GuidedSample:
    """One guided motion: what it is, and what it was asked and does."""

    start: int  # number of its start, from 0
    z: Tensor  # (L, D) latent
    motion: Tensor  # (T, 33) degrees and metres, as decoded
    activations: Tensor  # (T, 80)
    values: tuple[Tensor, ...]  # of each term, (C,), in its unit
    met: tuple[bool, ...]  # of each term, within its tolerance
    violation: float  # by how many tolerances the worst required term is missed; 0 inside
    proximity: float  # distance of z to the nearest training latent
    nearest: int  # index of that latent

    @property
    def accepted(self) -> bool:
        """Whether it meets every required term."""
        return self.violation <= 1.0 + 1e-6
