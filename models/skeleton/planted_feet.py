"""Legs from feet that stay planted: damped Gauss-Newton on `models.skeleton`, all frames of a trial in one batch.

Prescribed are the pelvis tilt, trunk and arms; found are the pelvis's place, list and rotation and both legs, so that
each foot keeps its pose, the knees bend as asked, and the centre of mass stands over the asked place of the feet.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, COORDINATES
from models.rotations import about_axis
from models.skeleton.squat_targets import FEET, SquatTargets

_LEG = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
_PELVIS = ("pelvis_tx", "pelvis_ty", "pelvis_tz", "pelvis_list", "pelvis_rotation")
_SOLVED = [COORDINATE_INDEX[name] for name in (*_PELVIS, *(f"{name}_{side}" for side in FEET for name in _LEG))]
# How far each demand may give way: feet hardly, the rest of the body a little.
_FOOT_SD_M, _FOOT_SD_DEG = 1e-4, 0.05
_KNEE_SD_DEG = 0.4
_BALANCE_SD_M, _LATERAL_SD_M = 0.003, 0.003
_LIST_SD_DEG, _ROTATION_SD_DEG, _LIMIT_SD_DEG = 0.8, 0.8, 0.15
LIMITS_DEG = {
    "hip_flexion": (-28, 119),
    "hip_adduction": (-42, 22),
    "hip_rotation": (-34, 34),
    "knee_angle": (0.2, 132),
    "ankle_angle": (-18, 43.5),
    "subtalar_angle": (-24, 24),
}
# Steps are measured in these; a frame is done when none is larger than the fraction _CONVERGED of them.
_STEP_M, _STEP_DEG = 0.08, 12.0
_ITERATIONS, _CONVERGED = 14, 1e-4
_DIFFERENCE_DEG = 1e-4


@dataclass(frozen=True)
class Solution:
    """coordinates: (T, 33) degrees and metres. foot_error_m: (T,) distance of the worse foot from its place.
    knee_error_deg: (T,) of the mean of both knees. limit_error_deg: (T,) beyond the joints' limits.
    """

    coordinates: np.ndarray
    foot_error_m: np.ndarray
    knee_error_deg: np.ndarray
    limit_error_deg: np.ndarray


def solve(skeleton, targets: SquatTargets) -> Solution:
    """Whole-body coordinates of a trial from its targets, float64.

    skeleton: the subject's skeleton in float64. Ground frame: facing +x, floor at y = 0, the middle of the heels
    at the origin.
    """
    problem = _Problem(skeleton, targets)
    motion = problem.first_guess()
    solved = torch.tensor(_SOLVED)
    moving = torch.arange(len(motion))
    for _ in range(_ITERATIONS):
        residual, jacobian = problem.linearised(motion[moving], moving)
        transposed = jacobian.transpose(-1, -2)
        normal = transposed @ jacobian
        normal = normal + 1e-6 * torch.diag_embed(normal.diagonal(dim1=-2, dim2=-1) + 1e-3)
        step = -torch.linalg.solve(normal, transposed @ residual[..., None])[..., 0]
        size = (step.abs() / problem.step_limit).amax(-1, keepdim=True)
        motion[moving[:, None], solved] += step / size.clamp(min=1.0)
        moving = moving[size[:, 0] > _CONVERGED]
        if not len(moving):
            break
    return problem.solution(motion)


def _about(axis: str, angle_deg: np.ndarray) -> Tensor:
    """Rotations (T, 3, 3) about one axis by angles (T,) in degrees."""
    return torch.from_numpy(about_axis(axis, np.radians(angle_deg)))


class _Problem:
    """The demands on one trial as residuals, each in units of how far it may give way."""

    def __init__(self, skeleton, targets: SquatTargets):
        self.skeleton, self.targets = skeleton, targets
        self.frames = len(targets.depth)
        as_tensor = lambda values: torch.as_tensor(np.asarray(values), dtype=torch.float64)  # noqa: E731
        self.wanted = {name: as_tensor(getattr(targets, name)) for name in ("knee_mean", "knee_difference", "lateral")}
        names = list(skeleton.body_names)
        self.feet = [names.index(f"calcn_{side}") for side in FEET]
        self.toes = [names.index(f"toes_{side}") for side in FEET]
        masses = as_tensor(skeleton.description.masses_kg)
        self.mass_fraction = masses / masses.sum()
        self.mass_centres = as_tensor(skeleton.description.mass_centres)
        legs = ("femur", "tibia", "patella", "talus", "calcn", "toes")
        self.leg_bodies = [[names.index(f"{body}_{side}") for body in legs] for side in FEET]
        self.step_limit = torch.tensor([_STEP_M] * 3 + [_STEP_DEG] * (len(_SOLVED) - 3), dtype=torch.float64)
        limits = torch.tensor([LIMITS_DEG[name] for name in _LEG] * 2, dtype=torch.float64)
        self.low, self.high = limits[:, 0], limits[:, 1]
        self._place_feet()

    def _place_feet(self) -> None:
        """Foot rotations (T, 2, 3, 3), origins (T, 2, 3) and the ground x of the asked centre of mass."""
        stance, targets = self.targets.stance, self.targets
        flat = torch.zeros(1, len(COORDINATES), dtype=torch.float64)
        rotation, origin = self.skeleton.bodies(flat)
        centres = self.skeleton.contact_points(flat)[0, :, 1].reshape(2, -1)
        bottoms = centres - self.skeleton.contact_radii.reshape(2, -1)
        rotations, origins, lines = [], [], []
        for i, mirror in enumerate((1.0, -1.0)):
            heel = origin[0, self.feet[i]]
            length = float(origin[0, self.toes[i], 0] - heel[0])
            sole = float(heel[1] - bottoms[i, :4].min())
            yaw = -mirror * (stance.toe_out_deg[i] + targets.foot_yaw[:, i])
            upright = _about("y", yaw) @ _about("z", targets.foot_pitch[:, i])
            flat_foot = upright @ _about("x", mirror * targets.foot_roll[:, i])
            turned = flat_foot @ _about("z", -targets.heel_lift[:, i])
            level = float(centres[i, :4].mean() - heel[1])
            middle = torch.tensor([0.5 * length, level, 0.0], dtype=torch.float64)
            ball = torch.tensor([length, level, 0.0], dtype=torch.float64)
            standing = _about("y", np.array([-mirror * stance.toe_out_deg[i]]))[0]
            place = torch.tensor(
                [mirror * stance.stagger_m / 2, sole, mirror * stance.width_m / 2], dtype=torch.float64
            )
            # The foot rocks about its middle and lifts its heel about its ball, at the level of the contact spheres'
            # centres: these do not slide.
            pivot = place + standing @ middle
            at = pivot - flat_foot @ middle + (flat_foot - turned) @ ball
            rotations.append(turned)
            origins.append(at)
            lines.append((place[0], (place + standing @ ball)[0]))
        self.foot_rotation, self.foot_origin = torch.stack(rotations, 1), torch.stack(origins, 1)
        heel_x = (lines[0][0] + lines[1][0]) / 2
        ball_x = (lines[0][1] + lines[1][1]) / 2
        self.balance_x = heel_x + torch.as_tensor(targets.balance) * (ball_x - heel_x)

    def first_guess(self) -> Tensor:
        """(T, 33): the feet flat under a leaning trunk, the pelvis where that puts it."""
        motion = torch.zeros(self.frames, len(COORDINATES), dtype=torch.float64)
        for name, values in self.targets.coordinates.items():
            motion[:, COORDINATE_INDEX[name]] = torch.as_tensor(values)
        knee = self.wanted["knee_mean"]
        for i, side in enumerate(FEET):
            guess = {"knee_angle": knee, "ankle_angle": 0.3 * knee}
            guess["hip_flexion"] = knee - guess["ankle_angle"] - motion[:, COORDINATE_INDEX["pelvis_tilt"]]
            guess["hip_rotation"] = torch.full_like(knee, -0.5 * self.targets.stance.toe_out_deg[i])
            guess["hip_adduction"] = torch.full_like(knee, -6.0)
            for name, values in guess.items():
                motion[:, COORDINATE_INDEX[f"{name}_{side}"]] = values
        origin = self.skeleton.bodies(motion)[1]
        shift = (self.foot_origin - origin[:, self.feet]).mean(1)
        motion[:, COORDINATE_INDEX["pelvis_tx"] : COORDINATE_INDEX["pelvis_tz"] + 1] += shift
        self.preferred = motion[:, [COORDINATE_INDEX["pelvis_list"], COORDINATE_INDEX["pelvis_rotation"]]].clone()
        return motion

    def _features(self, motion: Tensor, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Foot errors (..., T, 2, 6) and the legs' (..., T, 2) and whole body's (..., T) share in the mass centre's x.

        frames: (T,) which of the trial's frames `motion` (..., T, 33) holds.
        """
        rotation, origin = self.skeleton.bodies(motion)
        relative = self.foot_rotation[frames].transpose(-1, -2) @ rotation[..., self.feet, :, :]
        skew = relative - relative.transpose(-1, -2)
        turned = torch.rad2deg(0.5 * torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1))
        moved = origin[..., self.feet, :] - self.foot_origin[frames]
        mass_x = (origin[..., 0] + (rotation[..., 0, :] * self.mass_centres).sum(-1)) * self.mass_fraction
        legs = torch.stack([mass_x[..., bodies].sum(-1) for bodies in self.leg_bodies], -1)
        return torch.cat([moved / _FOOT_SD_M, turned / _FOOT_SD_DEG], -1), legs, mass_x.sum(-1)

    def linearised(self, motion: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals (T, R) and their derivatives (T, R, 17) in the solved coordinates of these frames, by forward
        differences.

        Both legs are moved at once: neither foot feels the other leg, and the mass centre's shares are kept apart.
        """
        turns = ("pelvis_list", "pelvis_rotation")
        moved = motion.repeat(1 + len(turns) + len(_LEG), 1, 1)
        for k, name in enumerate(turns):
            moved[1 + k, :, COORDINATE_INDEX[name]] += _DIFFERENCE_DEG
        for k, name in enumerate(_LEG):
            for side in FEET:
                moved[3 + k, :, COORDINATE_INDEX[f"{name}_{side}"]] += _DIFFERENCE_DEG
        feet, legs, mass_x = self._features(moved, frames)
        d_feet, d_legs, d_mass = ((value[1:] - value[0]) / _DIFFERENCE_DEG for value in (feet, legs, mass_x))

        residual = [feet[0].reshape(len(frames), 12), ((mass_x[0] - self.balance_x[frames]) / _BALANCE_SD_M)[:, None]]
        jacobian = torch.zeros(len(frames), 13, len(_SOLVED), dtype=torch.float64)
        for foot in range(2):
            for axis in range(3):
                jacobian[:, 6 * foot + axis, axis] = 1 / _FOOT_SD_M
            jacobian[:, 6 * foot : 6 * foot + 6, 3:5] = d_feet[:2, :, foot].permute(1, 2, 0)
            own = slice(5 + 6 * foot, 11 + 6 * foot)
            jacobian[:, 6 * foot : 6 * foot + 6, own] = d_feet[2:, :, foot].permute(1, 2, 0)
            jacobian[:, 12, own] = d_legs[2:, :, foot].T / _BALANCE_SD_M
        jacobian[:, 12, 0] = 1 / _BALANCE_SD_M
        jacobian[:, 12, 3:5] = d_mass[:2].T / _BALANCE_SD_M

        simple, rows = self._direct(motion, frames)
        return torch.cat([*residual, simple], 1), torch.cat([jacobian, rows], 1)

    def _direct(self, motion: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals that are linear in the coordinates themselves, (T, R), with their derivatives (T, R, 17)."""
        values = motion[:, _SOLVED]
        right, left = 5 + _LEG.index("knee_angle"), 11 + _LEG.index("knee_angle")
        difference_sd = self.targets.knee_difference_sd
        legs = values[:, 5:]
        beyond = legs - legs.clamp(self.low, self.high)
        residual = torch.cat(
            [
                torch.stack(
                    [
                        ((values[:, right] + values[:, left]) / 2 - self.wanted["knee_mean"][frames]) / _KNEE_SD_DEG,
                        (values[:, left] - values[:, right] - self.wanted["knee_difference"][frames]) / difference_sd,
                        (values[:, 2] - self.wanted["lateral"][frames]) / _LATERAL_SD_M,
                        (values[:, 3] - self.preferred[frames, 0]) / _LIST_SD_DEG,
                        (values[:, 4] - self.preferred[frames, 1]) / _ROTATION_SD_DEG,
                    ],
                    1,
                ),
                beyond / _LIMIT_SD_DEG,
            ],
            1,
        )
        rows = torch.zeros(len(frames), residual.shape[1], len(_SOLVED), dtype=torch.float64)
        rows[:, 0, [right, left]] = 0.5 / _KNEE_SD_DEG
        rows[:, 1, left], rows[:, 1, right] = 1 / difference_sd, -1 / difference_sd
        rows[:, 2, 2] = 1 / _LATERAL_SD_M
        rows[:, 3, 3], rows[:, 4, 4] = 1 / _LIST_SD_DEG, 1 / _ROTATION_SD_DEG
        each = torch.arange(12)
        rows[:, 5 + each, 5 + each] = (beyond != 0).double() / _LIMIT_SD_DEG
        return residual, rows

    def solution(self, motion: Tensor) -> Solution:
        feet = self._features(motion, torch.arange(self.frames))[0][..., :3] * _FOOT_SD_M
        values = motion[:, _SOLVED]
        knees = (values[:, 5 + _LEG.index("knee_angle")] + values[:, 11 + _LEG.index("knee_angle")]) / 2
        beyond = values[:, 5:] - values[:, 5:].clamp(self.low, self.high)
        return Solution(
            coordinates=motion.numpy(),
            foot_error_m=feet.norm(dim=-1).amax(-1).numpy(),
            knee_error_deg=(knees - self.wanted["knee_mean"]).numpy(),
            limit_error_deg=beyond.abs().amax(-1).numpy(),
        )
