"""The person's own repetition that is nearest in form to each of many motions, and its values at their phases."""

from itertools import pairwise

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, ROTATION_INDICES
from utils.biomechanics.repetition_parts import RepetitionParts

# The form of a squat: rotations of legs, pelvis and trunk. Position of the body, arms and toes are no part of it.
FORM = [
    index
    for name, index in COORDINATE_INDEX.items()
    if index in ROTATION_INDICES and name.startswith(("pelvis", "hip", "knee", "ankle", "lumbar"))
]


class NearestOwn:
    """For each of B motions the nearest of R own repetitions; without gradient.

    Both are compared at equal phases: descent, hold and ascent are brought together, so that tempo does not count.
    """

    @torch.no_grad()
    def __init__(
        self, motion: Tensor, phases: RepetitionParts, counts: Tensor, own: Tensor, own_phases: RepetitionParts
    ) -> None:
        """Find the nearest one.

        Args:
            motion: (B, T, 33), degrees and metres.
            phases: of the motions.
            counts: (B, T) bool, the frames that are compared.
            own: (R, T', 33) the own repetitions.
            own_phases: of these.
        """
        frame = torch.arange(motion.shape[1], device=motion.device).to(motion)
        # (R, B, T) the frame of each own repetition at the phase of each frame of each motion
        at = own_phases.edges[:, :1, None].to(motion)
        for edge, share in enumerate(_shares(phases, frame)):
            part = own_phases.edges[:, edge + 1] - own_phases.edges[:, edge]
            at = at + share * part[:, None, None]
        rows = torch.arange(len(own), device=motion.device)[:, None, None]
        form = _interpolated(own[..., FORM].to(motion), rows, at)
        distance = ((form - motion[..., FORM]).square() * counts[..., None]).sum((2, 3))
        self._chosen = distance.argmin(0)  # (B,)
        self._at = at[self._chosen, torch.arange(len(motion), device=motion.device)]  # (B, T)

    @torch.no_grad()
    def of_each(self, values: Tensor) -> Tensor:
        """(B, C) the values of each motion's nearest own repetition, of R own ones (R, C)."""
        return values[self._chosen]

    @torch.no_grad()
    def at_phases(self, values: Tensor) -> Tensor:
        """(B, T, C) the values of each motion's nearest own repetition, of R own ones (R, T', C), at its phases."""
        return _interpolated(values.to(self._at), self._chosen[:, None], self._at)


def _interpolated(values: Tensor, rows: Tensor, at: Tensor) -> Tensor:
    """(..., C) values (R, T', C) of the repetitions `rows` at the frames `at` (...), which may lie between two."""
    left = at.floor().clamp(0, max(values.shape[1] - 2, 0)).long()
    right = (left + 1).clamp(max=values.shape[1] - 1)
    weight = (at - left)[..., None]
    return (1 - weight) * values[rows, left] + weight * values[rows, right]


def _shares(phases: RepetitionParts, frame: Tensor) -> list[Tensor]:
    """(B, T) how much of the descent, of the hold and of the ascent has gone by in each frame, from 0 to 1."""
    edges = phases.edges.to(frame).unsqueeze(2)  # (B, 4, 1)
    return [((frame - first) / (last - first).clamp(min=1)).clamp(0, 1) for first, last in pairwise(edges.unbind(1))]
