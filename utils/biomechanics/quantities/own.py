"""Change from the person's own squats: of form, of the arms, and of the load on the feet."""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX
from utils.biomechanics.context import Context
from utils.biomechanics.differences import root_mean_square
from utils.biomechanics.own_comparison import FORM
from utils.biomechanics.registry import quantity
from utils.biomechanics.trace import Trace

# What is seen of the arms; rotations about the upper arm and the forearm are hardly recorded.
ARMS = [index for name, index in COORDINATE_INDEX.items() if name.startswith(("arm_flex", "arm_add", "elbow"))]
OF_OWN = ("change_from_own", "arm_change_from_own", "load_sway")  # the quantities below


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


def _difference(context: Context, coordinates: list[int]) -> Tensor:
    """(B, T, 1) the root mean square difference of some coordinates from the nearest own repetition."""
    own = context.nearest_own.at_phases(context.own.motion[..., coordinates])
    return root_mean_square(context.motion[..., coordinates] - own)
