"""What a person can see and act on in a squat: posture at the bottom, tempo and stance; and how far two differ."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dataset.io.motion import Motion
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATE_INDEX, COORDINATES, FRAME_RATE_HZ, SIDES
from models.protocols import Skeleton
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.squat_phases import find_phases, normalise_phases
from utils.guidance.guided_context import guided_context

# Rotations of legs, pelvis and trunk; position and heading of the body and the arms are no part of a squat's form.
_FORM = [
    COORDINATE_INDEX[name]
    for name in COORDINATES
    if name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation") or name.startswith(("hip", "knee", "ankle", "lumbar"))
]

_JOINTS = ("knee_angle", "hip_flexion", "ankle_angle")


@dataclass(frozen=True)
class SquatProfile:
    """One squat in numbers.

    Attributes:
        knee_deg: knee flexion at the bottom, mean of the sides.
        hip_deg: hip flexion at the bottom, mean of the sides.
        ankle_deg: ankle dorsiflexion at the bottom, mean of the sides.
        lean_deg: angle of the trunk from the vertical at the bottom.
        depth_m: descent of the pelvis from upright stance to the bottom.
        descent_s: time from upright stance to the bottom, or to the hold.
        hold_s: time at the bottom.
        ascent_s: time from the bottom or the hold to upright stance.
        width_m: distance between the middles of the feet in upright stance, sideways.
        toe_out_deg: how far the feet point outwards in upright stance, mean of the sides.
        knee_difference_deg: knee flexion of the left less that of the right at the bottom.
        right_share: share of the vertical ground reaction force under the right foot, 0 to 1; None where unknown.
    """

    knee_deg: float
    hip_deg: float
    ankle_deg: float
    lean_deg: float
    depth_m: float
    descent_s: float
    hold_s: float
    ascent_s: float
    width_m: float
    toe_out_deg: float
    knee_difference_deg: float
    right_share: float | None = None


@torch.no_grad()
def squat_profiles(motion: Tensor, skeleton: Skeleton, right_share: Tensor | None = None) -> tuple[SquatProfile, ...]:
    """The profile of each motion.

    Args:
        motion: (B, T, 33), degrees and metres, at 60 Hz, on the floor y = 0, facing +x.
        skeleton: the subject's, on the same device.
        right_share: (B,) share of the load on the right foot; None where it is unknown.
    """
    context = guided_context(motion, skeleton=skeleton)
    lean = evaluate_quantity("trunk_lean", context).values[..., 0].cpu()
    width, toe_out = _stance(motion[:, :1], skeleton)
    shares = [None] * len(motion) if right_share is None else right_share.tolist()
    return tuple(
        _profile(one, lean[i].numpy(), float(width[i]), float(toe_out[i]), shares[i])
        for i, one in enumerate(motion.double().cpu().numpy())
    )


def form_difference(one: Tensor, other: Tensor) -> float:
    """How far the forms of two squats (T, 33) differ, whatever their tempo: degrees.

    Root mean square over the rotations of legs, pelvis and trunk and over 101 points of descent and ascent.
    """
    first, second = (_form(motion) for motion in (one, other))
    return float(np.sqrt(np.square(first - second).mean()))


def _form(motion: Tensor) -> np.ndarray:
    coordinates = motion.double().cpu().numpy()
    return normalise_phases(coordinates[:, _FORM], find_phases(coordinates))


def _profile(
    coordinates: np.ndarray, lean: np.ndarray, width_m: float, toe_out_deg: float, right_share: float | None
) -> SquatProfile:
    phases = find_phases(coordinates)
    bottom = phases.deepest
    left, right = (
        {name: coordinates[bottom, COORDINATE_INDEX[f"{name}_{side}"]] for name in _JOINTS} for side in SIDES
    )
    height = coordinates[:, COORDINATE_INDEX["pelvis_ty"]]
    descent, hold, ascent = _tempo(coordinates)
    return SquatProfile(
        **{f"{joint.split('_')[0]}_deg": float((left[joint] + right[joint]) / 2) for joint in _JOINTS},
        lean_deg=float(lean[bottom]),
        depth_m=float(height[: bottom + 1].max() - height[bottom]),
        descent_s=descent,
        hold_s=hold,
        ascent_s=ascent,
        width_m=width_m,
        toe_out_deg=toe_out_deg,
        knee_difference_deg=float(left["knee_angle"] - right["knee_angle"]),
        right_share=right_share,
    )


def _tempo(coordinates: np.ndarray) -> tuple[float, float, float]:
    """Seconds of descent, hold and ascent of the first squat."""
    repetitions = segment_repetitions(Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates))
    if repetitions:
        one = repetitions[0]
        edges = (one.start_frame, one.descent_end_frame, one.ascent_start_frame, one.end_frame)
    else:
        phases = find_phases(coordinates)
        edges = (phases.start, phases.deepest, phases.deepest, phases.end)
    descent, hold, ascent = (float(seconds) for seconds in np.diff(edges) / FRAME_RATE_HZ)
    return descent, hold, ascent


def _stance(stance: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Distance between the feet (B,), metres, and toe-out (B,), degrees, of poses (B, 1, 33)."""
    feet = skeleton.contact_points(stance)[:, 0].unflatten(1, (2, 6))  # right first: (B, 2, 6, 3)
    width = (feet[:, 0, :, 2].mean(1) - feet[:, 1, :, 2].mean(1)).abs()
    # A foot points from its rearmost contact point to the mean of its points.
    rear = feet.gather(2, feet[..., 0].argmin(2)[..., None, None].expand(-1, -1, 1, 3))[:, :, 0]
    ahead = feet.mean(2) - rear
    outward = ahead[..., 2] * ahead.new_tensor([1.0, -1.0])
    return width, torch.atan2(outward, ahead[..., 0]).rad2deg().mean(1)
