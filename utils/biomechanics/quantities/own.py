"""Change from the person's own squats: of form, of the arms, of rhythm, and of the load on the feet."""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX
from utils.biomechanics.context import Context
from utils.biomechanics.differences import root_mean_square
from utils.biomechanics.own_comparison import FORM
from utils.biomechanics.quantities.forces import net_centre_of_pressure
from utils.biomechanics.quantities.tempo import durations
from utils.biomechanics.registry import quantity
from utils.biomechanics.trace import TINY, Trace

# What is seen of the arms; rotations about the upper arm and the forearm are hardly recorded.
ARMS = [index for name, index in COORDINATE_INDEX.items() if name.startswith(("arm_flex", "arm_add", "elbow"))]
OF_OWN = (  # the quantities below
    "change_from_own", "arm_change_from_own", "rhythm_change_from_own", "weight_change_from_own", "load_sway",
)  # fmt: skip


@quantity("change_from_own", "deg", 0.5, limits=(0, 180), usual=(1, 10), statistic="rms")
def change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the angles of legs, pelvis and trunk from the person's nearest own repetition.

    Both are compared at equal phases: descent, hold and ascent are brought together, so that tempo does not count.
    """
    return _difference(context, FORM)


@quantity("arm_change_from_own", "deg", 2.0, limits=(0, 180), usual=(5, 30), statistic="rms")
def arm_change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the angles of shoulders and elbows from the own repetition nearest in form."""
    return _difference(context, ARMS)


@quantity("rhythm_change_from_own", "0-1", 0.02, limits=(0, 1), usual=(0.02, 0.1), statistic="mean")
def rhythm_change_from_own(context: Context) -> Tensor:
    """Root mean square difference of the rhythm from that of the own repetition nearest in form; pace does not count.

    The rhythm is the shares that descent, hold and ascent have of the duration of the repetition.
    """
    own = context.own.phases.edges.diff(dim=1).to(context.motion)
    change = root_mean_square(_shares(durations(context)) - context.nearest_own.of_each(_shares(own)))
    return change[:, None].expand(context.motion.shape[:2])


@quantity("weight_change_from_own", "0-1", 0.02, limits=(0, 2), usual=(0.02, 0.1), statistic="rms", predicted=True)
def weight_change_from_own(context: Context) -> tuple[Tensor, Tensor]:
    """Root mean square difference of where the weight rests from the own repetition nearest in form, at equal phases.

    It rests somewhere along the feet, `net_centre_of_pressure`, and between them, the right foot's `load_share`.
    """
    own = context.nearest_own.at_phases(_place_of_weight(context.own))
    return root_mean_square(_place_of_weight(context) - own), context.activation_mask


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
        for curve in (share, share - context.nearest_own.at_phases(context.own.load_share)[..., :1])
    )
    is_steady = Trace(steady, squat).mean_square() < Trace(shifted, squat).mean_square()
    return torch.where(is_steady[:, None], steady, shifted).abs(), squat


def _place_of_weight(context: Context) -> Tensor:
    """(B, T, 2) where the weight rests along the feet, and the right foot's share of it."""
    return torch.cat([net_centre_of_pressure(context)[0], context.load_share[..., 1:]], -1)


def _shares(parts: Tensor) -> Tensor:
    """(B, 3) the share that each part (B, 3) has of their sum."""
    return parts / parts.sum(1, keepdim=True).clamp(min=TINY)


def _difference(context: Context, coordinates: list[int]) -> Tensor:
    """(B, T, 1) the root mean square difference of some coordinates from the nearest own repetition."""
    own = context.nearest_own.at_phases(context.own.motion[..., coordinates])
    return root_mean_square(context.motion[..., coordinates] - own)
