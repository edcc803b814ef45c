"""The context of guided motions."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.protocols import Skeleton
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.biomechanics.repetition_frames import repetition_frames


def guided_context(
    motion: Tensor,
    *,
    activations: Tensor | None = None,
    prediction: MusclePrediction | None = None,
    surrogate: Callable[[Tensor, Tensor], MusclePrediction] | None = None,
    skeleton: Skeleton | None = None,
    contact_points: Tensor | None = None,
    own: Context | None = None,
) -> Context:
    """The `Context` of motions (B, T, 33) that stand on the floor y = 0; what else is known of them as of `Context`.

    The squat counts and not the standing after it, so that a value does not depend on the length of a motion. The
    surrogate sees all frames, and in all of them the feet shall stay where they are.
    """
    everything = torch.ones(motion.shape[:2], dtype=torch.bool, device=motion.device)
    return Context(
        motion,
        mask=repetition_frames(motion),
        recorded=everything,
        feet_mask=everything,
        floor_height_m=0.0,
        ends_s=FILTER_MARGIN_S,
        activations=activations,
        prediction=prediction,
        surrogate=surrogate,
        skeleton=skeleton,
        contact_points=contact_points,
        own=own,
    )
