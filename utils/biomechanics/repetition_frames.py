"""Which frames of motions are the squat, and in which the person stands still before and after it."""

import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ, KNEE_INDICES

_MOVED = 0.05  # of the range of the knees, away from the stance at that end
_MARGIN_FRAMES = round(0.15 * FRAME_RATE_HZ)  # in which a squat's first and last twentieth take place


@torch.no_grad()
def repetition_frames(motion: Tensor) -> Tensor:
    """The frames from the first to the last in which the knees are away from their angles at the motion's ends.

    A motion that begins or ends in the middle of a movement has no standing at that end, and one without movement
    nowhere; there, all frames count. Segmentation finds the boundaries of recordings more exactly; this is for the many
    decoded motions of an optimisation.

    Args:
        motion: (B, T, 33) at 60 Hz, degrees and metres, canonical order.

    Returns:
        (B, T) bool.
    """
    flexion = motion[..., KNEE_INDICES].mean(-1)
    limit = _MOVED * (flexion.amax(1) - flexion.amin(1)).unsqueeze(1)
    frame = torch.arange(flexion.shape[1], device=motion.device)
    left = (flexion - flexion[:, :1]).abs() > limit
    returns = (flexion - flexion[:, -1:]).abs() > limit
    first = left.int().argmax(1, keepdim=True) - _MARGIN_FRAMES
    last = flexion.shape[1] - 1 - returns.flip(1).int().argmax(1, keepdim=True) + _MARGIN_FRAMES
    still = ~(left.any(1, keepdim=True) & returns.any(1, keepdim=True))
    return ((frame >= first) & (frame <= last)) | still
