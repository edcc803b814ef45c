"""Inverse kinematics of squats on planted feet, on both or on one, all frames of a trial in one batch.

Pelvis tilt, trunk and arms are prescribed. The pelvis's position, list and rotation and both legs are found so that
each planted foot keeps its pose, the knees flex as prescribed, and the centre of mass stays over the prescribed point
between heel and ball of the foot. On one foot, the centre of mass is over that foot sideways as well, and the other
foot follows a path in the air.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, COORDINATES, FEET
from models.rotations import about_axis
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.gauss_newton import SeparateFrames, minimise
from models.skeleton.squat_targets import SquatTargets

_LEG = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
_PELVIS = ("pelvis_tx", "pelvis_ty", "pelvis_tz", "pelvis_list", "pelvis_rotation")
_SOLVED = [COORDINATE_INDEX[name] for name in (*_PELVIS, *(f"{name}_{side}" for side in FEET for name in _LEG))]
# Standard deviations that weigh the targets against each other: feet hardly move, the rest of the body a little.
_FOOT_SD_M, _FOOT_SD_DEG = 1e-4, 0.05
_KNEE_SD_DEG = 0.4
_BALANCE_SD_M, _LATERAL_SD_M = 0.003, 0.003
_SWING_SD_M, _SWING_SD_DEG = 0.01, 3.0
_LIST_SD_DEG, _ROTATION_SD_DEG, _LIMIT_SD_DEG = 0.8, 0.8, 0.15
LIMITS_DEG = {
    "hip_flexion": (-28, 119),
    "hip_adduction": (-42, 22),
    "hip_rotation": (-34, 34),
    "knee_angle": (0.2, 138),
    "ankle_angle": (-18, 43.5),
    "subtalar_angle": (-24, 24),
}
_STEP_LIMIT_M, _STEP_LIMIT_DEG = 0.08, 12.0
_ITERATIONS, _TOLERANCE = 14, 1e-3
_DIFFERENCE_DEG = 1e-4


@dataclass(frozen=True)
class PlantedFeetSolution:
    """A squat on planted feet, and how well it meets its targets.

    Attributes:
        coordinates: (T, 33) degrees and metres, canonical order.
        unknowns: (T, 17) the coordinates that were found, from which the same problem at another rate can start.
        foot_error_m: (T,) distance of the worse planted foot from its position.
        knee_error_deg: (T,) error of the mean of both knees' flexion, on one foot of that of its knee.
        limit_error_deg: (T,) largest excess over the joints' limits.
        heel_and_ball: (2, 2) mean position of the planted feet's heels and balls, forward and right, metres.
    """

    coordinates: np.ndarray
    unknowns: np.ndarray
    foot_error_m: np.ndarray
    knee_error_deg: np.ndarray
    limit_error_deg: np.ndarray
    heel_and_ball: np.ndarray


def solve_planted_feet(
    skeleton: OpenSimSkeleton, targets: SquatTargets, start: np.ndarray | None = None
) -> PlantedFeetSolution:
    """Whole-body coordinates of a trial from its targets, in float64.

    Args:
        skeleton: the subject's skeleton in float64.
        targets: in a ground frame whose origin is midway between the heels, the subject facing +x, the floor at y = 0.
        start: (T, 17) first guess of the unknowns; None for one from the targets.
    """
    problem = _Problem(skeleton, targets)
    limit = [_STEP_LIMIT_M] * 3 + [_STEP_LIMIT_DEG] * (len(_SOLVED) - 3)
    found = minimise(
        problem.linearise,
        problem.start[:, _SOLVED] if start is None else _float64(start),
        step_limit=torch.tensor(limit, dtype=torch.float64),
        tolerance=_TOLERANCE,
        iterations=_ITERATIONS,
    )
    return problem.solution(found.unknowns)


def _about(axis: str, angle_deg: np.ndarray) -> Tensor:
    """Rotations (T, 3, 3) about one axis by angles (T,) in degrees."""
    return torch.from_numpy(about_axis(axis, np.radians(angle_deg)))


def _float64(values: np.ndarray) -> Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float64)


class _Problem:
    """The targets of one trial as residuals, each in units of its standard deviation.

    Attributes:
        start: (T, 33) first guess, degrees and metres.
    """

    def __init__(self, skeleton: OpenSimSkeleton, targets: SquatTargets) -> None:
        self.skeleton, self.targets = skeleton, targets
        self.frames = len(targets.depth)
        self.knee_mean, self.knee_difference = _float64(targets.knee_mean), _float64(targets.knee_difference)
        self.lateral = _float64(targets.lateral)
        self.planted = [swing is None for swing in targets.swing]
        standing = self.planted.count(True)
        # Rows of the residuals, each over its standard deviation, are left out with the weight 0.
        pose = torch.tensor([1 / _FOOT_SD_M] * 3 + [1 / _FOOT_SD_DEG] * 3, dtype=torch.float64)
        position = torch.tensor([1 / _SWING_SD_M] * 3 + [0.0] * 3, dtype=torch.float64)
        self.foot_weight = torch.stack([pose if planted else position for planted in self.planted])
        self.knee_weight = torch.tensor([planted / standing for planted in self.planted], dtype=torch.float64)
        both = standing == len(FEET)
        self.difference_weight = both / targets.knee_difference_sd
        self.balance_weight = torch.tensor([1 / _BALANCE_SD_M, 0.0 if both else 1 / _LATERAL_SD_M]).double()
        self.lateral_weight = 1 / _LATERAL_SD_M if both else 0.0
        names = list(skeleton.body_names)
        self.feet = [names.index(f"calcn_{side}") for side in FEET]
        self.toes = [names.index(f"toes_{side}") for side in FEET]
        masses = _float64(skeleton.description.masses_kg)
        self.mass_fraction = masses / masses.sum()
        self.mass_centres = _float64(skeleton.description.mass_centres)
        legs = ("femur", "tibia", "patella", "talus", "calcn", "toes")
        self.leg_bodies = [[names.index(f"{body}_{side}") for body in legs] for side in FEET]
        limits = torch.tensor([LIMITS_DEG[name] for name in _LEG] * 2, dtype=torch.float64)
        self.low, self.high = limits[:, 0], limits[:, 1]
        self._place_feet()
        self.start = self._first_guess()
        self.preferred = self.start[:, [COORDINATE_INDEX["pelvis_list"], COORDINATE_INDEX["pelvis_rotation"]]].clone()

    def _place_feet(self) -> None:
        """Set rotations (T, 2, 3, 3) and origins (T, 2, 3) of the feet, and the x and z (T, 2) of the mass centre."""
        stance, targets = self.targets.stance, self.targets
        neutral = torch.zeros(1, len(COORDINATES), dtype=torch.float64)
        _, origin = self.skeleton.bodies(neutral)
        centres = self.skeleton.contact_points(neutral)[0, :, 1].reshape(2, -1)
        bottoms = centres - self.skeleton.contact_radii.reshape(2, -1)
        rotations, origins, heel_and_ball = [], [], []
        for i, mirror in enumerate((1.0, -1.0)):
            heel = origin[0, self.feet[i]]
            length = float(origin[0, self.toes[i], 0] - heel[0])
            sole = float(heel[1] - bottoms[i, :4].min())
            yaw = -mirror * (stance.toe_out_deg[i] + targets.foot_yaw[:, i])
            upright = _about("y", yaw) @ _about("z", targets.foot_pitch[:, i])
            flat_foot = upright @ _about("x", mirror * targets.foot_roll[:, i])
            lifted = flat_foot @ _about("z", -targets.heel_lift[:, i])
            level = float(centres[i, :4].mean() - heel[1])
            middle = torch.tensor([0.5 * length, level, 0.0], dtype=torch.float64)
            ball = torch.tensor([length, level, 0.0], dtype=torch.float64)
            standing = _about("y", np.array(-mirror * stance.toe_out_deg[i]))
            position = torch.tensor(
                [mirror * stance.stagger_m / 2, sole, mirror * stance.width_m / 2], dtype=torch.float64
            )
            # The foot rocks about its middle and lifts its heel about its ball, at the level of the contact spheres'
            # centres: these do not slide.
            pivot = position + standing @ middle
            rotations.append(lifted)
            placed = pivot - flat_foot @ middle + (flat_foot - lifted) @ ball
            swing = targets.swing[i]
            origins.append(placed if swing is None else position + _float64(swing.offset_m))
            if swing is None:
                heel_and_ball.append(torch.stack([position, position + standing @ ball])[:, [0, 2]])
        self.foot_rotation, self.foot_origin = torch.stack(rotations, 1), torch.stack(origins, 1)
        self.heel, self.ball = torch.stack(heel_and_ball).mean(0)
        self.balance = self.heel + _float64(targets.balance)[:, None] * (self.ball - self.heel)
        self.balance = self.balance + _float64(targets.balance_shift_m)

    def _first_guess(self) -> Tensor:
        """(T, 33): flat feet under an inclined trunk, the pelvis translated so that the feet are in their positions."""
        motion = torch.zeros(self.frames, len(COORDINATES), dtype=torch.float64)
        for name, values in self.targets.coordinates.items():
            motion[:, COORDINATE_INDEX[name]] = torch.as_tensor(values)
        knee = self.knee_mean
        for i, side in enumerate(FEET):
            guess = {"knee_angle": knee, "ankle_angle": 0.3 * knee}
            guess["hip_flexion"] = knee - guess["ankle_angle"] - motion[:, COORDINATE_INDEX["pelvis_tilt"]]
            guess["hip_rotation"] = torch.full_like(knee, -0.5 * self.targets.stance.toe_out_deg[i])
            guess["hip_adduction"] = torch.full_like(knee, -6.0)
            if (swing := self.targets.swing[i]) is not None:
                guess |= {name: _float64(values) for name, values in swing.preferred_deg.items()}
                guess["knee_angle"] = torch.full_like(knee, 60.0)
            for name, guessed in guess.items():
                motion[:, COORDINATE_INDEX[f"{name}_{side}"]] = guessed
        origin = self.skeleton.bodies(motion)[1]
        shift = (self.foot_origin - origin[:, self.feet])[:, self.planted].mean(1)
        motion[:, COORDINATE_INDEX["pelvis_tx"] : COORDINATE_INDEX["pelvis_tz"] + 1] += shift
        return motion

    def _motion(self, unknowns: Tensor, frames: Tensor) -> Tensor:
        """Whole motion (f, 33) of the solved coordinates (f, 17) of some frames (f,)."""
        motion = self.start[frames]
        motion[:, _SOLVED] = unknowns
        return motion

    def _foot_errors_and_balance(self, motion: Tensor, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Residuals of the feet, and contributions to the centre of mass.

        Args:
            motion: (..., T, 33).
            frames: (T,) which of the trial's frames `motion` holds.

        Returns:
            Residuals (..., T, 2, 6), contribution of each leg (..., T, 2, 2) to the x and z of the centre of mass, and
            these themselves (..., T, 2), metres.
        """
        rotation, origin = self.skeleton.bodies(motion)
        relative = self.foot_rotation[frames].transpose(-1, -2) @ rotation[..., self.feet, :, :]
        skew = relative - relative.transpose(-1, -2)
        rotated_deg = torch.rad2deg(0.5 * torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1))
        moved_m = origin[..., self.feet, :] - self.foot_origin[frames]
        horizontal = origin[..., ::2] + (rotation[..., ::2, :] * self.mass_centres[:, None]).sum(-1)
        mass = horizontal * self.mass_fraction[:, None]  # (..., T, bodies, 2)
        legs = torch.stack([mass[..., bodies, :].sum(-2) for bodies in self.leg_bodies], -2)
        return torch.cat([moved_m, rotated_deg], -1) * self.foot_weight, legs, mass.sum(-2)

    def linearise(self, unknowns: Tensor, frames: Tensor) -> SeparateFrames:
        """Residuals and their derivatives in the solved coordinates (f, 17) of some frames (f,).

        By forward differences. Both legs are moved at once: a foot does not depend on the other leg, and the legs'
        contributions to the centre of mass are kept apart.
        """
        motion = self._motion(unknowns, frames)
        pelvis = ("pelvis_list", "pelvis_rotation")
        moved = motion.repeat(1 + len(pelvis) + len(_LEG), 1, 1)
        for k, name in enumerate(pelvis):
            moved[1 + k, :, COORDINATE_INDEX[name]] += _DIFFERENCE_DEG
        for k, name in enumerate(_LEG):
            for side in FEET:
                moved[3 + k, :, COORDINATE_INDEX[f"{name}_{side}"]] += _DIFFERENCE_DEG
        feet, legs, mass = self._foot_errors_and_balance(moved, frames)
        d_feet, d_legs, d_mass = ((value[1:] - value[0]) / _DIFFERENCE_DEG for value in (feet, legs, mass))

        weight = self.balance_weight
        residual = [feet[0].reshape(len(frames), 12), (mass[0] - self.balance[frames]) * weight]
        jacobian = torch.zeros(len(frames), 14, len(_SOLVED), dtype=torch.float64)
        for foot in range(2):
            for axis in range(3):
                jacobian[:, 6 * foot + axis, axis] = self.foot_weight[foot, axis]
            jacobian[:, 6 * foot : 6 * foot + 6, 3:5] = d_feet[:2, :, foot].permute(1, 2, 0)
            own = slice(5 + 6 * foot, 11 + 6 * foot)
            jacobian[:, 6 * foot : 6 * foot + 6, own] = d_feet[2:, :, foot].permute(1, 2, 0)
            jacobian[:, 12:, own] = d_legs[2:, :, foot].permute(1, 2, 0) * weight[:, None]
        jacobian[:, 12, 0], jacobian[:, 13, 2] = weight
        jacobian[:, 12:, 3:5] = d_mass[:2].permute(1, 2, 0) * weight[:, None]

        direct, rows = self._linear_residuals(unknowns, frames)
        return SeparateFrames(torch.cat([*residual, direct], 1), torch.cat([jacobian, rows], 1))

    def _linear_residuals(self, values: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals that are linear in the solved coordinates, (f, R), with their derivatives (f, R, 17)."""
        knees = [5 + 6 * foot + _LEG.index("knee_angle") for foot in range(2)]
        right, left = knees
        excess = self._excess(values)
        targets = [
            (values[:, knees] @ self.knee_weight - self.knee_mean[frames]) / _KNEE_SD_DEG,
            (values[:, left] - values[:, right] - self.knee_difference[frames]) * self.difference_weight,
            (values[:, 2] - self.lateral[frames]) * self.lateral_weight,
            (values[:, 3] - self.preferred[frames, 0]) / _LIST_SD_DEG,
            (values[:, 4] - self.preferred[frames, 1]) / _ROTATION_SD_DEG,
        ]
        swing = self._swing_angles()
        targets += [(values[:, column] - preferred[frames]) / _SWING_SD_DEG for column, preferred in swing]
        count = len(targets)
        residual = torch.cat([torch.stack(targets, 1), excess / _LIMIT_SD_DEG], 1)
        rows = torch.zeros(len(frames), residual.shape[1], len(_SOLVED), dtype=torch.float64)
        rows[:, 0, knees] = self.knee_weight / _KNEE_SD_DEG
        rows[:, 1, left], rows[:, 1, right] = self.difference_weight, -self.difference_weight
        rows[:, 2, 2] = self.lateral_weight
        rows[:, 3, 3], rows[:, 4, 4] = 1 / _LIST_SD_DEG, 1 / _ROTATION_SD_DEG
        for k, (column, _) in enumerate(swing, start=5):
            rows[:, k, column] = 1 / _SWING_SD_DEG
        each = torch.arange(12)
        rows[:, count + each, 5 + each] = (excess != 0).double() / _LIMIT_SD_DEG
        return residual, rows

    def _swing_angles(self) -> list[tuple[int, Tensor]]:
        """For each angle that a leg in the air prefers, its column of the solved coordinates and its values (T,)."""
        return [
            (5 + 6 * foot + _LEG.index(name), _float64(values))
            for foot, swing in enumerate(self.targets.swing)
            if swing is not None
            for name, values in swing.preferred_deg.items()
        ]

    def _excess(self, values: Tensor) -> Tensor:
        """Degrees by which the legs' coordinates exceed their limits, (f, 12), of solved coordinates (f, 17)."""
        return values[:, 5:] - values[:, 5:].clamp(self.low, self.high)

    def solution(self, values: Tensor) -> PlantedFeetSolution:
        """The whole motion of the solved coordinates (T, 17), and its errors."""
        frames = torch.arange(self.frames)
        motion = self._motion(values, frames)
        feet = self._foot_errors_and_balance(motion, frames)[0][:, self.planted, :3] * _FOOT_SD_M
        knees = values[:, [5 + 6 * foot + _LEG.index("knee_angle") for foot in range(2)]] @ self.knee_weight
        return PlantedFeetSolution(
            coordinates=motion.numpy(),
            unknowns=values.numpy(),
            foot_error_m=feet.norm(dim=-1).amax(-1).numpy(),
            knee_error_deg=(knees - self.knee_mean).numpy(),
            limit_error_deg=self._excess(values).abs().amax(-1).numpy(),
            heel_and_ball=torch.stack([self.heel, self.ball]).numpy(),
        )
