"""The person's own repetition that is nearest in form to each of many motions, and its values at their phases."""

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

    Both are compared at equal phases: start, bottom and end are brought together, so that tempo does not count.
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
        share = _share(phases, frame)  # (B, T), 0 start, 1 bottom, 2 end
        edges = (own_phases.start, own_phases.bottom, own_phases.end)
        start, bottom, end = (edge.to(motion)[:, None, None] for edge in edges)
        # (R, B, T) the frame of each own repetition at the phase of each frame of each motion
        at = torch.where(share < 1, start + share * (bottom - start), bottom + (share - 1) * (end - bottom))
        rows = torch.arange(len(own), device=motion.device)[:, None, None]
        form = _interpolated(own[..., FORM].to(motion), rows, at)
        distance = ((form - motion[..., FORM]).square() * counts[..., None]).sum((2, 3))
        self._chosen = distance.argmin(0)  # (B,)
        self._at = at[self._chosen, torch.arange(len(motion), device=motion.device)]  # (B, T)

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


def _share(phases: RepetitionParts, frame: Tensor) -> Tensor:
    """(B, T) how far each frame is from start (0) over bottom (1) to end (2)."""
    start, bottom, end = (getattr(phases, name).to(frame)[:, None] for name in ("start", "bottom", "end"))
    down = ((frame - start) / (bottom - start).clamp(min=1)).clamp(0, 1)
    up = ((frame - bottom) / (end - bottom).clamp(min=1)).clamp(0, 1)
    return torch.where(frame < bottom, down, 1 + up)
