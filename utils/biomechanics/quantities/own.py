"""Change from the person's own squats, of form and of the arms."""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, ROTATION_INDICES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import root_mean_square
from utils.biomechanics.registry import quantity
from utils.biomechanics.repetition_parts import RepetitionParts

# The form of a squat: rotations of legs, pelvis and trunk. Position of the body, arms and toes are no part of it.
FORM = [
    index
    for name, index in COORDINATE_INDEX.items()
    if index in ROTATION_INDICES and name.startswith(("pelvis", "hip", "knee", "ankle", "lumbar"))
]
# What is seen of the arms; rotations about the upper arm and the forearm are hardly recorded.
ARMS = [index for name, index in COORDINATE_INDEX.items() if name.startswith(("arm_flex", "arm_add", "elbow"))]


@quantity("change_from_own", "deg", 0.5, limits=(0, 180), usual=(1, 10), statistic="rms")
def change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the angles of legs, pelvis and trunk from the person's nearest own repetition.

    Both are compared at equal phases: start, bottom and end are brought together, so that tempo does not count.
    """
    return _difference(context, FORM)


@quantity("arm_change_from_own", "deg", 2.0, limits=(0, 180), usual=(5, 30), statistic="rms")
def arm_change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the angles of shoulders and elbows from the own repetition nearest in form."""
    return _difference(context, ARMS)


def _difference(context: Context, coordinates: list[int]) -> Tensor:
    """(B, T, 1) the root mean square difference of angles from the own repetition that is nearest in form."""
    with torch.no_grad():
        own = _at_phases_of(context.own, context)  # (R, B, T, 33)
        distance = ((own - context.motion)[..., FORM].square() * context.mask[..., None]).sum((2, 3))  # (R, B)
        chosen = own[distance.argmin(0), torch.arange(len(context.motion), device=own.device)]
    return root_mean_square((context.motion - chosen)[..., coordinates])


def _at_phases_of(own: Context, context: Context) -> Tensor:
    """(R, B, T, 33) the coordinates of R own repetitions at the phases of the T frames of B motions."""
    angles = own.motion.to(context.motion)  # (R, T', 33)
    frame = torch.arange(context.motion.shape[1], device=angles.device).to(angles)
    share = _share(context.phases, frame)  # (B, T), 0 start, 1 bottom, 2 end
    start, bottom, end = (getattr(own.phases, name).to(angles)[:, None, None] for name in ("start", "bottom", "end"))
    at = torch.where(share < 1, start + share * (bottom - start), bottom + (share - 1) * (end - bottom))  # (R, B, T)
    left = at.floor().clamp(0, max(angles.shape[1] - 2, 0)).long()
    rows = torch.arange(len(angles), device=angles.device)[:, None, None]
    right = (left + 1).clamp(max=angles.shape[1] - 1)
    weight = (at - left)[..., None]
    return (1 - weight) * angles[rows, left] + weight * angles[rows, right]


def _share(phases: RepetitionParts, frame: Tensor) -> Tensor:
    """(B, T) how far each frame is from start (0) over bottom (1) to end (2)."""
    start, bottom, end = (getattr(phases, name).to(frame)[:, None] for name in ("start", "bottom", "end"))
    down = ((frame - start) / (bottom - start).clamp(min=1)).clamp(0, 1)
    up = ((frame - bottom) / (end - bottom).clamp(min=1)).clamp(0, 1)
    return torch.where(frame < bottom, down, 1 + up)
