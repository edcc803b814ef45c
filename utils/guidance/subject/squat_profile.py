"""What a person can see and act on in a squat: posture at the bottom, tempo and stance; and how far two differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor
from torch.nn.functional import normalize

from models.conventions import COORDINATE_INDEX, SIDES
from models.protocols import Skeleton
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.biomechanics.own_comparison import FORM
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.squat_phases import PHASES, find_phases, form_at_phases
from utils.biomechanics.statistics import summarise
from utils.guidance.guided_context import guided_context

_JOINTS = ("knee_angle", "hip_flexion", "ankle_angle", "arm_flex", "elbow_flex")


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
        width_m: distance between the ankles in upright stance.
        toe_out_deg: how far the feet point outwards in upright stance, mean of the sides.
        knee_difference_deg: knee flexion of the left less that of the right at the bottom.
        right_share: mean share of the vertical ground reaction force under the right foot, 0 to 1; None where unknown.
        heel_m: greatest height of a heel above the floor; None in runs of earlier versions.
        standing_deg: greatest flexion of a knee in upright stance, before and after; None in runs of earlier versions.
        arm_deg: flexion of the shoulders at the bottom, mean of the sides; None in runs of earlier versions, as are all
            that follow.
        elbow_deg: flexion of the elbows at the bottom, mean of the sides.
        shift_m: how far the middle of the hips is to the right of the middle of the ankles at the bottom.
        side_lean_deg: how far the trunk leans to the right at the bottom.
        turn_deg: how far the pelvis is turned to the left at the bottom, against where it faces on average.
        knees_in_m: `knee_valgus` at the bottom, mean of the sides; negative is outwards.
        pressure: where along the feet the weight rests at the bottom, from the heels (0) to the tips of the toes (1):
            `net_centre_of_pressure`; None where unknown.
        bottom_right_share: `right_share` at the bottom.
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
    heel_m: float | None = None
    standing_deg: float | None = None
    arm_deg: float | None = None
    elbow_deg: float | None = None
    shift_m: float | None = None
    side_lean_deg: float | None = None
    turn_deg: float | None = None
    knees_in_m: float | None = None
    pressure: float | None = None
    bottom_right_share: float | None = None


@torch.no_grad()
def squat_profiles(
    motion: Tensor, skeleton: Skeleton, prediction: MusclePrediction | None = None
) -> tuple[SquatProfile, ...]:
    """The profile of each motion.

    Args:
        motion: (B, T, 33), degrees and metres, at 60 Hz, on the floor y = 0, facing +x.
        skeleton: the subject's, on the same device.
        prediction: forces of the motions, which the simulation has found; None where they are unknown.
    """
    context = guided_context(motion, skeleton=skeleton)
    curves = {"lean_deg": evaluate_quantity("trunk_lean", context).values[..., 0], **_sideways(context)}
    shares = [None] * len(motion)
    if prediction is not None:
        simulated = guided_context(motion, skeleton=skeleton, prediction=prediction.map(lambda part: part.to(motion)))
        load = evaluate_quantity("load_share", simulated)
        curves["pressure"] = evaluate_quantity("net_centre_of_pressure", simulated).values[..., 0]
        curves["bottom_right_share"] = load.values[..., 1]
        shares = summarise(load, "mean")[:, 1].tolist()
    at_bottom = {name: curve.cpu().numpy() for name, curve in curves.items()}
    standing = guided_context(motion[:, :1], skeleton=skeleton)
    found = {
        name: evaluate_quantity(quantity, where).values[:, 0].mean(-1).tolist()
        for name, quantity, where in (
            ("descent_s", "descent_time", context),
            ("hold_s", "hold_time", context),
            ("ascent_s", "ascent_time", context),
            ("width_m", "stance_width", standing),
            ("toe_out_deg", "toe_out", standing),
        )
    }
    found["heel_m"] = evaluate_quantity("heel_lift", context).values.amax((1, 2)).tolist()
    straight = evaluate_quantity("standing_flexion", context)
    found["standing_deg"] = summarise(straight, "max", context).amax(1).tolist()
    return tuple(
        _profile(
            one,
            {name: curve[i] for name, curve in at_bottom.items()},
            {name: values[i] for name, values in found.items()},
            shares[i],
        )
        for i, one in enumerate(motion.double().cpu().numpy())
    )


def _sideways(context: Context) -> dict[str, Tensor]:
    """What of a squat is seen from the front, each (B, T); `SquatProfile` says what they are.

    The front is where the pelvis faces on average. The line through the ankles would not do: with a foot that is 4 cm
    ahead of the other, a trunk that leans far forward would lean to a side by 11 degrees.
    """
    hips, ankles = context.leg_joints.hip, context.leg_joints.ankle
    across = hips[..., 1, :] - hips[..., 0, :]  # from the left one to the right one
    right = normalize(across.mean(1, keepdim=True) * across.new_tensor([1.0, 0.0, 1.0]), dim=-1)
    forward = torch.stack([right[..., 2], torch.zeros_like(right[..., 0]), -right[..., 0]], -1)
    rotation, _ = context.skeleton.bodies(context.motion)
    trunk = rotation[..., context.skeleton.body_names.index("torso"), :, 1]
    return {
        "shift_m": ((hips - ankles).mean(-2) * right).sum(-1),
        "side_lean_deg": (trunk * right).sum(-1).clamp(-1, 1).asin().rad2deg(),
        "turn_deg": torch.atan2((across * forward).sum(-1), (across * right).sum(-1)).rad2deg(),
        "knees_in_m": evaluate_quantity("knee_valgus", context).values.mean(-1),
    }


def form_difference(one: Tensor, other: Tensor) -> float:
    """How far the forms of two squats (T, 33) differ, whatever their tempo: degrees.

    Root mean square over the rotations of legs, pelvis and trunk and over 101 points of descent, bottom and ascent. The
    bottom is where the squat is within a twentieth, a tenth or a fifth of its depth, by which they differ least.
    """
    return float(form_differences([one], [other])[0, 0])


def form_differences(some: Sequence[Tensor], others: Sequence[Tensor], coordinates: Sequence[int] = FORM) -> np.ndarray:
    """`form_difference` of each of A motions (T, 33) from each of B, (A, B) degrees.

    Args:
        some: A motions.
        others: B motions.
        coordinates: the rotations that are compared, those of form by default.
    """
    first, second = (np.stack([_forms(one, coordinates) for one in motions], 1) for motions in (some, others))
    differences = [cdist(one, other) for one, other in zip(first, second, strict=True)]
    return np.min(differences, 0) / first.shape[2] ** 0.5


def _forms(motion: Tensor, chosen: Sequence[int]) -> np.ndarray:
    """The form (3, 101 * angles) of a squat by each definition of the bottom."""
    coordinates = motion.double().cpu().numpy()
    return form_at_phases(coordinates[:, list(chosen)], find_phases(coordinates)).reshape(-1, PHASES * len(chosen))


def _profile(
    coordinates: np.ndarray, at_bottom: dict[str, np.ndarray], found: dict[str, float], right_share: float | None
) -> SquatProfile:
    """The profile of a squat (T, 33), of whose curves (T,) the value at the bottom counts, with what else was found."""
    phases = find_phases(coordinates)
    bottom = phases.deepest
    left, right = (
        {name: coordinates[bottom, COORDINATE_INDEX[f"{name}_{side}"]] for name in _JOINTS} for side in SIDES
    )
    height = coordinates[:, COORDINATE_INDEX["pelvis_ty"]]
    return SquatProfile(
        **{f"{joint.split('_')[0]}_deg": float((left[joint] + right[joint]) / 2) for joint in _JOINTS},
        **{name: float(curve[bottom]) for name, curve in at_bottom.items()},
        depth_m=float(height[: bottom + 1].max() - height[bottom]),
        **found,
        knee_difference_deg=float(left["knee_angle"] - right["knee_angle"]),
        right_share=right_share,
    )
