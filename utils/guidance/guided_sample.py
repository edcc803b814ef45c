"""One guided motion."""

from dataclasses import dataclass, replace

from torch import Tensor

_MOST = 1.0 + 1e-6  # tolerances, as of `Term.met`


@dataclass(frozen=True)
class GuidedSample:
    """A motion that guidance found, with what was required of it.

    Attributes:
        start: number of its initial latent, from 0.
        z: (L, D) latent.
        motion: (T, 33), degrees and metres, at 60 Hz, as it is written: filtered, on planted feet.
        activations: (T, 80) predicted muscle activations, 0 to 1.
        values: each term's value (C,), left and right or one, in the term's unit: as the surrogate predicts it, and
            once the sample has been judged by simulation as that finds it.
        met: for each term whether it is met, by `Term.met`, and once judged by simulation by `Term.holds`.
        violation: by how many tolerances the worst requirement is missed, or its `implausibility` where that is more; 0
            where all are met, and once judged by simulation more than 1 where one is missed.
        proximity: distance of z to the nearest training latent, or to that of an own squat where guidance starts there.
        nearest: index of that latent; -1 without training latents.
        implausibility: by how many tolerances z is too far from these latents; 0 where it is not.
    """

    start: int
    z: Tensor
    motion: Tensor
    activations: Tensor
    values: tuple[Tensor, ...]
    met: tuple[bool, ...]
    violation: float
    proximity: float
    nearest: int
    implausibility: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether every requirement is met, and the motion is plausible."""
        return self.violation <= _MOST

    @property
    def is_plausible(self) -> bool:
        """Whether its latent is near enough to those that `proximity` is about, see `Objective.max_distance`."""
        return self.implausibility <= _MOST

    def cpu(self) -> "GuidedSample":
        """The same sample with all tensors on the CPU."""
        return replace(
            self,
            z=self.z.cpu(),
            motion=self.motion.cpu(),
            activations=self.activations.cpu(),
            values=tuple(value.cpu() for value in self.values),
        )
