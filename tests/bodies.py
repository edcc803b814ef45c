"""A skeleton whose joint centres and contact points have closed forms, its squats, and a surrogate for it."""

import math
from types import SimpleNamespace

import torch
from torch import Tensor

from models.conventions import ANTHROPOMETRIC_FEATURES, MUSCLE_INDEX
from models.conventions import COORDINATE_INDEX as AT
from models.surrogate.prediction import MusclePrediction

LEG_M = 0.9
FOOT_X_M = (-0.05, 0.0, 0.04, 0.08, 0.12, 0.15)


class SimpleSkeleton:
    """A `Skeleton` whose feet are under the pelvis.

    Flexing a knee lifts that foot by 0.9 m (1 - cos(knee / 2)); nothing else moves it.
    """

    contact_radii = torch.full((12,), 0.02)
    coordinate_range = torch.tensor([[-180.0, 180.0]]).repeat(33, 1)
    joint_names = ("hip_l", "walker_knee_l", "ankle_l", "hip_r", "walker_knee_r", "ankle_r")
    body_names = ("torso", "calcn_l", "calcn_r")
    mass_kg = 75.0
    description = SimpleNamespace(masses_kg=[75.0, 0.0, 0.0], mass_centres=[[0.0, 0.3, 0.0], [0.0] * 3, [0.0] * 3])
    leg_length_m = LEG_M
    anthropometry = (mass_kg, leg_length_m, *[0.3] * (len(ANTHROPOMETRIC_FEATURES) - 2))

    def joint_centres(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Legs that flex in the sagittal plane only, hips 0.2 m apart."""
        centres = []
        for side, z in (("l", -0.1), ("r", 0.1)):
            half = motion[..., AT[f"knee_angle_{side}"]] * math.pi / 360
            for down, forward in ((0.0, 0.0), (0.5, 0.5), (1.0, 0.0)):
                hip = motion[..., AT["pelvis_tx"] : AT["pelvis_tz"] + 1]
                from_hip = torch.stack([forward * half.sin(), -down * half.cos(), torch.zeros_like(half)], -1)
                centres.append(hip + LEG_M * from_hip + torch.tensor([0.0, 0.0, z]).to(hip))
        return torch.stack(centres, -2)

    def bodies(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """A torso that tilts with pelvis and lumbar joint, and feet that positive hip rotation turns inwards.

        All have their origin in the pelvis.
        """
        lean = (motion[..., AT["pelvis_tilt"]] + motion[..., AT["lumbar_extension"]]).deg2rad()
        zero, one = torch.zeros_like(lean), torch.ones_like(lean)
        rows = [lean.cos(), -lean.sin(), zero, lean.sin(), lean.cos(), zero, zero, zero, one]
        for side, sign in (("l", 1), ("r", -1)):
            inwards = (sign * motion[..., AT[f"hip_rotation_{side}"]]).deg2rad()
            rows += [inwards.cos(), zero, -inwards.sin(), zero, one, zero, inwards.sin(), zero, inwards.cos()]
        rotation = torch.stack(rows, -1).unflatten(-1, (3, 3, 3))
        return rotation, motion[..., None, AT["pelvis_tx"] : AT["pelvis_tz"] + 1].expand(*motion.shape[:-1], 3, 3)

    def contact_points(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Six contact spheres under each foot, right foot first."""
        feet = []
        for side, z in (("r", 0.1), ("l", -0.1)):
            half = motion[..., AT[f"knee_angle_{side}"]] * math.pi / 360
            height = motion[..., AT["pelvis_ty"]] - LEG_M * half.cos() + 0.02
            x = motion[..., AT["pelvis_tx"], None] + torch.tensor(FOOT_X_M).to(motion)
            foot = [x, height[..., None].expand_as(x), (motion[..., AT["pelvis_tz"], None] + z).expand_as(x)]
            feet.append(torch.stack(foot, -1))
        return torch.cat(feet, -2)


def squat(count: int = 1, frames: int = 196, depth_deg: float = 90.0, dtype=torch.float32) -> torch.Tensor:
    """One smooth squat of the simple skeleton with both feet on the floor, (count, frames, 33) degrees and metres."""
    phase = torch.linspace(0, 2 * math.pi, frames, dtype=dtype)
    bend = depth_deg * 0.5 * (1 - phase.cos())
    motion = torch.zeros(count, frames, 33, dtype=dtype)
    for side in "lr":
        motion[..., AT[f"knee_angle_{side}"]] = bend
        motion[..., AT[f"hip_flexion_{side}"]] = bend
        motion[..., AT[f"ankle_angle_{side}"]] = 0.3 * bend
    motion[..., AT["pelvis_tilt"]] = -0.3 * bend
    motion[..., AT["pelvis_ty"]] = LEG_M * (bend * math.pi / 360).cos()
    return motion


class SimpleSurrogate:
    """A `Surrogate` that answers `activations_of`, loads that follow the knees, and moments of 0.01 Nm/kg a degree.

    The centres of pressure are in the middle of the feet, and a millimetre further forward for each degree.
    """

    longest_frames = None

    def __call__(self, motion, mask=None, extra=None):
        knees = motion[..., [AT["knee_angle_l"], AT["knee_angle_r"]]]
        moments = -0.01 * knees[..., None].expand(*knees.shape, 7)
        feet = SimpleSkeleton().contact_points(motion).unflatten(-2, (2, 6)).flip(-3).mean(-2)
        ahead = torch.tensor([1.0, 0.0, 0.0]).to(motion)
        pressure = feet * torch.tensor([1.0, 0.0, 1.0]).to(motion) + 0.001 * knees[..., None] * ahead
        return MusclePrediction(activations_of(motion), (0.01 * knees).softmax(-1), moments, pressure)


def activations_of(motion):
    """Each vastus medialis is proportional to the knee flexion of its side, 0.4 at 90 degrees."""
    activations = torch.zeros(*motion.shape[:2], 80).to(motion)
    for side in "lr":
        knee = motion[..., AT[f"knee_angle_{side}"]]
        activations[..., MUSCLE_INDEX[f"vasmed_{side}"]] = knee * (0.4 / 90)
    return activations
