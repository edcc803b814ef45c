"""Change from the person's own squats: of form, of the arms, and of the load on the feet."""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, ROTATION_INDICES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import root_mean_square
from utils.biomechanics.registry import quantity
from utils.biomechanics.repetition_parts import RepetitionParts
from utils.biomechanics.trace import Trace

# The form of a squat: rotations of legs, pelvis and trunk. Position of the body, arms and toes are no part of it.
FORM = [
    index
    for name, index in COORDINATE_INDEX.items()
    if index in ROTATION_INDICES and name.startswith(("pelvis", "hip", "knee", "ankle", "lumbar"))
]
# What is seen of the arms; rotations about the upper arm and the forearm are hardly recorded.
ARMS = [index for name, index in COORDINATE_INDEX.items() if name.startswith(("arm_flex", "arm_add", "elbow"))]

OF_OWN = ("change_from_own", "arm_change_from_own", "load_sway")  # the quantities below


@quantity("change_from_own", "deg", 0.5, limits=(0, 180), usual=(1, 10), statistic="rms")
def change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the angles of legs, pelvis and trunk from the person's nearest own repetition.

    Both are compared at equal phases: start, bottom and end are brought together, so that tempo does not count.
    """
    return root_mean_square((context.motion - _nearest_own(context, context.own.motion))[..., FORM])


@quantity("arm_change_from_own", "deg", 2.0, limits=(0, 180), usual=(5, 30), statistic="rms")
def arm_change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the angles of shoulders and elbows from the own repetition nearest in form."""
    return root_mean_square((context.motion - _nearest_own(context, context.own.motion))[..., ARMS])


@quantity("load_sway", "0-1", 0.01, limits=(0, 0.5), usual=(0.02, 0.1), statistic="rms", predicted=True)
def load_sway(context: Context) -> tuple[Tensor, Tensor]:
    """How far a foot's share of the load departs from a steady load, or from that in the own squat, shifted.

    It is the share, or its difference at equal phases from that of the own repetition nearest in form, less its mean
    over the squat: of both that which is smaller over the squat. It is the same for both feet.
    """
    squat = context.activation_mask & context.phases.part("repetition")
    share = context.load_share[..., :1]
    steady, shifted = (
        curve - Trace(curve, squat).mean()[:, None]
        for curve in (share, share - _nearest_own(context, context.own.load_share)[..., :1])
    )
    is_steady = Trace(steady, squat).mean_square() < Trace(shifted, squat).mean_square()
    return torch.where(is_steady[:, None], steady, shifted).abs(), squat


@torch.no_grad()
def _nearest_own(context: Context, values: Tensor) -> Tensor:
    """(B, T, C) values (R, T', C) of the own repetition that is nearest in form, at the phases of the B motions."""
    own = _at_phases_of(context.own.motion, context)
    distance = ((own - context.motion)[..., FORM].square() * context.mask[..., None]).sum((2, 3))  # (R, B)
    return _at_phases_of(values, context)[distance.argmin(0), torch.arange(len(context.motion), device=own.device)]


def _at_phases_of(values: Tensor, context: Context) -> Tensor:
    """(R, B, T, C) values (R, T', C) of R own repetitions at the phases of the T frames of B motions."""
    values = values.to(context.motion)
    frame = torch.arange(context.motion.shape[1], device=values.device).to(values)
    share = _share(context.phases, frame)  # (B, T), 0 start, 1 bottom, 2 end
    own = context.own.phases
    start, bottom, end = (getattr(own, name).to(values)[:, None, None] for name in ("start", "bottom", "end"))
    at = torch.where(share < 1, start + share * (bottom - start), bottom + (share - 1) * (end - bottom))  # (R, B, T)
    left = at.floor().clamp(0, max(values.shape[1] - 2, 0)).long()
    rows = torch.arange(len(values), device=values.device)[:, None, None]
    right = (left + 1).clamp(max=values.shape[1] - 1)
    weight = (at - left)[..., None]
    return (1 - weight) * values[rows, left] + weight * values[rows, right]


def _share(phases: RepetitionParts, frame: Tensor) -> Tensor:
    """(B, T) how far each frame is from start (0) over bottom (1) to end (2)."""
    start, bottom, end = (getattr(phases, name).to(frame)[:, None] for name in ("start", "bottom", "end"))
    down = ((frame - start) / (bottom - start).clamp(min=1)).clamp(0, 1)
    up = ((frame - bottom) / (end - bottom).clamp(min=1)).clamp(0, 1)
    return torch.where(frame < bottom, down, 1 + up)
