"""Whether a motion is whole: how often it squats, and how it stands at its beginning and its end."""

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, KNEE_INDICES, SIDES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import rate_of_change
from utils.biomechanics.registry import evaluate_quantity, quantity
from utils.biomechanics.trace import TINY

_ENDS_S = 0.1
_HIP_INDICES = [COORDINATE_INDEX[f"hip_flexion_{side}"] for side in SIDES]
_TRUNK_INDICES = [COORDINATE_INDEX[name] for name in ("pelvis_tilt", "lumbar_extension")]
_LESS_THAN_ANY_DEG = -180.0
_LEAST_SQUAT_DEG = 20.0  # of knee flexion; people who stand move their knees by less
_HALFWAY = (0.1, 0.9)  # of the depth; what is less is standing, and what is more is the bottom
_PAUSED = 0.1  # of the greatest speed of the descents or ascents
_EDGE = 0.05  # of the greatest flexion, over which bent knees begin to count: a squat passes through it in a few frames


@quantity("repetitions", "squats", 0.2, limits=(0, 50), usual=(1, 1), statistic="sum")
def repetitions(context: Context) -> tuple[Tensor, Tensor]:
    """How often the knees bend past half of their greatest flexion and straighten again; its sum counts the squats.

    A motion that begins or ends in the middle of a squat has half a one there. Half of the flexion is 10 degrees at
    least, so that standing is no squat.
    """
    flexion, deepest = _knees(context)
    bent = torch.sigmoid((flexion - 0.5 * deepest) / (_EDGE * deepest))
    crossed = torch.zeros_like(bent)
    crossed[:, 1:] = 0.5 * (bent[:, 1:] - bent[:, :-1]).abs()
    valid = context.feet_mask.clone()
    valid[:, 0] = False
    valid[:, 1:] &= context.feet_mask[:, :-1]
    return crossed, valid


@quantity("bounce", "deg", 1.0, limits=(0, 180), usual=(0, 3), statistic="max")
def bounce(context: Context) -> tuple[Tensor, Tensor]:
    """How far knees, hips or trunk straighten within a squat and bend again; 0 where they go down and up once.

    Knees and hips are means of both sides; the trunk bends forwards by tilting the pelvis and flexing the lumbar joint.
    A squat lasts while the knees are bent past half of their greatest flexion, as `repetitions` counts it.
    """
    knees, deepest = _knees(context)
    bent = (knees > 0.5 * deepest) & context.feet_mask
    begins = bent.clone()
    begins[:, 1:] &= ~bent[:, :-1]
    squat = begins.cumsum(1)  # its number
    later = squat[:, -1:] - squat

    def straightened(flexion: Tensor) -> Tensor:
        flexion = torch.where(bent, flexion, flexion.new_tensor(_LESS_THAN_ANY_DEG))
        before = _greatest_so_far(flexion, squat)
        after = _greatest_so_far(flexion.flip(1), later.flip(1)).flip(1)
        return torch.where(bent, torch.minimum(before, after) - flexion, torch.zeros_like(flexion))

    hips, trunk = context.motion[..., _HIP_INDICES].mean(-1), -context.motion[..., _TRUNK_INDICES].sum(-1)
    return torch.stack([straightened(part) for part in (knees, hips, trunk)]).amax(0), context.feet_mask


@quantity("halfway_pause", "s", 0.05, limits=(0, 10), usual=(0, 0.2), statistic="max")
def halfway_pause(context: Context) -> tuple[Tensor, Tensor]:
    """The longest time for which the knees hardly move on their way down or up, neither standing nor at the bottom.

    That is, at less than a tenth of their greatest speed in descents or in ascents. A frame counts the more, the slower
    they are, and as a whole one where they stand still or go the other way.
    """
    flexion, deepest = _knees(context)
    speed, valid = rate_of_change(context, flexion, context.feet_mask)
    with torch.no_grad():
        known = context.feet_mask
        upright = _of_stance(flexion, known)
        depth = (flexion - upright) / (deepest - upright).clamp(min=_LEAST_SQUAT_DEG)
        down = _frames_until(known & (depth > _HALFWAY[1])) < _frames_until(known & (depth < _HALFWAY[0]))
        halfway = valid & (depth > _HALFWAY[0]) & (depth < _HALFWAY[1])
        bending, extending = ((sign * speed).masked_fill(~valid, 0.0).amax(1, keepdim=True) for sign in (1, -1))
        limit = _PAUSED * torch.where(down, bending, extending).clamp(min=TINY)
    slowness = 1 - torch.where(down, speed, -speed) / limit
    slowness = torch.where(slowness > 1, 1 + slowness - slowness.detach(), slowness)
    paused = halfway & (slowness > 0)
    seconds = torch.where(paused, slowness, 0.0).cumsum(1) / context.rate_hz
    return seconds - seconds.masked_fill(paused, 0.0).cummax(1).values, context.feet_mask


@quantity("standing_flexion", "deg", 1.0, channels=SIDES, limits=(-15, 160), usual=(0, 15), statistic="max")
def standing_flexion(context: Context) -> tuple[Tensor, Tensor]:
    """Knee flexion of each side in the first and the last 0.1 s; a whole motion begins and ends upright."""
    return context.motion[..., KNEE_INDICES], _ends(context)


@quantity("standing_extension", "deg", 1.0, limits=(0, 180), usual=(0, 5), statistic="max")
def standing_extension(context: Context) -> tuple[Tensor, Tensor]:
    """How far the knees straighten before the first squat, or bend after the last one; 0 for who stands and squats.

    By the mean of both knees; before the first squat, it is the flexion that has been reached less that of the frame,
    and after the last one the same backwards in time. A squat lasts as in `bounce`.
    """
    knees, deepest = _knees(context)
    mask = context.feet_mask
    bent = (knees > 0.5 * deepest) & mask
    flexion = knees.masked_fill(~mask, _LESS_THAN_ANY_DEG)
    before, after = bent.cumsum(1) == 0, bent.flip(1).cumsum(1).flip(1) == 0
    reached = torch.where(before, flexion.cummax(1).values, flexion.flip(1).cummax(1).values.flip(1))
    return torch.where(before | after, reached - knees, torch.zeros_like(knees)), mask


@quantity("standing_lean", "deg", 1.0, limits=(0, 180), usual=(0, 20), statistic="max")
def standing_lean(context: Context) -> tuple[Tensor, Tensor]:
    """Angle of the trunk from the vertical in the first and the last 0.1 s."""
    valid = _ends(context)
    frames = valid.any(0)  # the torso is not evaluated in the others
    ends = Context(context.motion[:, frames], skeleton=context.skeleton)
    of_ends = evaluate_quantity("trunk_lean", ends).values.squeeze(-1)  # in the skeleton's precision
    lean = of_ends.new_zeros(context.motion.shape[:2])
    lean[:, frames] = of_ends
    return lean, valid


@quantity("standing_speed", "deg/s", 2.0, limits=(0, 2000), usual=(0, 30), statistic="max")
def standing_speed(context: Context) -> tuple[Tensor, Tensor]:
    """Speed of hips, knees, ankles and pelvis tilt in the first and the last 0.1 s, root mean square of the seven."""
    valid = _ends(context)
    valid[:, 0] = False
    return evaluate_quantity("angular_speed", context).values, valid


def _knees(context: Context) -> tuple[Tensor, Tensor]:
    """Knee flexion (B, T), mean of both sides, and its greatest value (B, 1), that of a squat at least; degrees."""
    flexion = context.motion[..., KNEE_INDICES].mean(-1)
    deepest = flexion.detach().masked_fill(~context.feet_mask, -torch.inf).amax(1, keepdim=True)
    return flexion, deepest.clamp(min=_LEAST_SQUAT_DEG)


def _of_stance(flexion: Tensor, known: Tensor) -> Tensor:
    """(B, 1) the flexion (B, T) in the first or the last of the frames that are `known` (B, T), the greater one."""
    frames = known.shape[1]
    number = torch.arange(frames, device=known.device).expand_as(known)
    first, last = number.masked_fill(~known, frames - 1).amin(1), number.masked_fill(~known, 0).amax(1)
    return flexion.gather(1, torch.stack([first, last], 1)).amax(1, keepdim=True)


def _frames_until(happens: Tensor) -> Tensor:
    """(B, T) frames until something (B, T) happens the next time; as many as there are where it does not."""
    frames = happens.shape[1]
    number = torch.arange(frames, device=happens.device).expand_as(happens)
    following = torch.where(happens, number, 2 * frames).flip(1).cummin(1).values.flip(1)
    return (following - number).clamp(max=frames)


def _greatest_so_far(flexion: Tensor, squat: Tensor) -> Tensor:
    """(B, T) the greatest flexion of the same squat up to each frame, by the number of the squat (B, T)."""
    apart = 1000.0 * squat  # more than any flexion, so that what came before a squat is less
    return (flexion.double() + apart).cummax(1).values.sub(apart).to(flexion)


def _ends(context: Context) -> Tensor:
    """(B, T) bool, the frames of the first and the last 0.1 s of each motion."""
    frames = max(1, round(_ENDS_S * context.rate_hz))
    mask = context.feet_mask
    number = mask.int().cumsum(1)
    return mask & ((number <= frames) | (number > number[:, -1:] - frames))
