"""Fit of an SMPL body to a motion: shape from the subject's bone lengths, pose from bone directions and joint centres.

SMPL's T-pose has x to the left, y up and z forward; OpenSim's ground frame has x forward, y up and z to the right, and
the arms hang in its neutral pose.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from models.conventions import COORDINATES, FRAME_RATE_HZ
from models.rotations import between_directions, from_rotation_vector, interpolate, relative_to_parents
from models.skeleton.body_joints import CENTRES
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.smpl_body import NAMES, SmplBody

_AT = {name: i for i, name in enumerate(NAMES)}
# The other joints follow from the directions of the bones.
SHARED = tuple(f"{name}_{side}" for name in CENTRES for side in "lr")
_BONES = tuple(
    (f"{a}_{side}", f"{b}_{side}")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
    for side in "lr"
)
_WIDTHS = (("hip_l", "hip_r"), ("shoulder_l", "shoulder_r"))
_TO_GROUND = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
# Standard deviations, which weigh the residuals of the fit against each other. SMPL's hip joints are closer to each
# other than the centres of the femoral heads, and its shoulders move with collars, which OpenSim's models lack.
_LENGTH_M, _WIDTH_M, _SHAPE = 0.004, 0.02, 2.0
_CENTRE_M = {"hip": 0.01, "knee": 0.003, "ankle": 0.003, "shoulder": 0.006, "elbow": 0.003, "wrist": 0.003}
_CORRECTION_RAD, _CORRECTION_CHANGE_RAD_S, _SHIFT_CHANGE_M_S = 0.3, 1.2, 0.3


@dataclass(frozen=True)
class SmplFit:
    """An SMPL body that follows a motion.

    Attributes:
        body: the body model.
        betas: (B,) shape parameters.
        rotations: (T, 24, 3, 3) relative to the parent joint.
        root: (T, 3) position of the pelvis joint, metres, ground frame.
        error_mm: (T, 12) distances of the joints named SHARED from the skeleton's joint centres.
    """

    body: SmplBody
    betas: Tensor
    rotations: Tensor
    root: Tensor
    error_mm: np.ndarray

    @cached_property
    def vertices(self) -> np.ndarray:
        """Vertices (T, V, 3) of the mesh, metres, ground frame."""
        return self.body.vertices(self.betas, self.rotations, self.root).cpu().numpy()

    @property
    def faces(self) -> np.ndarray:
        """Triangles (F, 3) of `vertices`."""
        return self.body.faces


def fit_smpl(
    body: SmplBody,
    skeleton: OpenSimSkeleton,
    motion: Tensor,
    extra: dict[str, Tensor] | None = None,
    *,
    rate_hz: float = FRAME_RATE_HZ,
    iterations: int = 120,
) -> SmplFit:
    """Fit an SMPL body to a subject's motion.

    The shape is fitted to the bone lengths. Each bone rotates with its body in the model, which also determines its
    rotation about its own axis. Small and slowly changing corrections of these rotations are then optimised over all
    frames (L-BFGS), so that the joints come near the joint centres.

    Args:
        body: the body model.
        skeleton: the subject's skeleton.
        motion: (T, 33) degrees and metres, canonical order.
        extra: the model's further coordinates by name, as for `OpenSimSkeleton.bodies`.
        rate_hz: frame rate.
        iterations: largest number of L-BFGS iterations.
    """
    with torch.no_grad():
        neutral = _Bones(skeleton, torch.zeros(1, len(COORDINATES)), None)
        moving = _Bones(skeleton, motion, extra)
    device, dtype = body.rest.device, body.rest.dtype
    betas = fit_shape(body, {name: position[0].to(device, dtype) for name, position in neutral.positions.items()})
    in_ground = _initial_rotations(body.rest_joints(betas).cpu().double(), neutral, moving)
    start = relative_to_parents(in_ground, body.parents).to(device, dtype)
    targets = torch.stack([moving.positions[name] for name in SHARED], 1).to(device, dtype)  # (T, 12, 3)
    rotations, root = _correct(body, betas, start, targets, rate_hz, iterations)
    with torch.no_grad():
        joints = body.joints(betas, rotations, root)[:, [_AT[name] for name in SHARED]]
        error_mm = 1000.0 * (joints - targets).norm(dim=-1).cpu().numpy()
    return SmplFit(body, betas, rotations, root, error_mm)


def fit_shape(body: SmplBody, positions: dict[str, Tensor], iterations: int = 15) -> Tensor:
    """Shape parameters (B,) that reproduce a subject's bone lengths.

    Gauss-Newton with standard deviations of 4 mm for a length, 20 mm for a width and 2 for a shape parameter, so that
    the shape stays plausible where SMPL cannot reproduce the lengths.

    Args:
        body: the body model.
        positions: joint centres (3,) in the neutral pose by the names in SHARED, metres.
        iterations: number of iterations.
    """

    def lengths(at: Callable[[str], Tensor]) -> Tensor:
        trunk = (at("shoulder_l") + at("shoulder_r") - at("hip_l") - at("hip_r")).norm() / 2 / _LENGTH_M
        bones = [(at(a) - at(b)).norm() / _LENGTH_M for a, b in _BONES]
        return torch.stack([trunk, *bones, *((at(a) - at(b)).norm() / _WIDTH_M for a, b in _WIDTHS)])

    target = lengths(lambda name: positions[name])

    def errors(betas: Tensor) -> Tensor:
        rest = body.rest_joints(betas)
        return torch.cat([lengths(lambda name: rest[_AT[name]]) - target, betas / _SHAPE])

    betas = torch.zeros(body.rest_shapes.shape[-1]).to(body.rest)
    for _ in range(iterations):
        jacobian = torch.autograd.functional.jacobian(errors, betas)
        betas = betas - torch.linalg.lstsq(jacobian, errors(betas)[:, None]).solution[:, 0]
    return betas


class _Bones:
    """Bodies and joint centres of a motion, in float64.

    Attributes:
        rotations: (T, 3, 3) of the bodies, by name.
        positions: (T, 3) joint centres by the names in SHARED, metres.
        toes: (T, 3) centres of the toe joints by side, metres.
    """

    def __init__(self, skeleton: OpenSimSkeleton, motion: Tensor, extra: dict[str, Tensor] | None) -> None:
        motion = motion.to(skeleton.coordinate_range.device)
        rotations, _ = skeleton.bodies(motion, extra)
        centres = skeleton.joint_centres(motion, extra).cpu().double()
        self.rotations = dict(zip(skeleton.body_names, rotations.cpu().double().unbind(1), strict=True))
        at = dict(zip(skeleton.joint_names, centres.unbind(1), strict=True))
        self.positions = {f"{name}_{side}": at[f"{joint}_{side}"] for name, joint in CENTRES.items() for side in "lr"}
        self.toes = {side: at[f"mtp_{side}"] for side in "lr"}


def _initial_rotations(rest: Tensor, neutral: _Bones, moving: _Bones) -> Tensor:
    """Rotations (T, 24, 3, 3) of SMPL's joints in the ground frame, from those of the model's bodies.

    In the neutral pose each SMPL bone has the smallest rotation onto its OpenSim bone. The feet are rotated about the
    vertical only, so that flat soles are flat in both models. The hands are rotated by another 90 degrees, because the
    palms face forward in OpenSim's neutral pose and down in SMPL's.
    """
    to_ground = torch.tensor(_TO_GROUND)
    moved = {name: rotation @ neutral.rotations[name].mT for name, rotation in moving.rotations.items()}
    pelvis, torso = moved["pelvis"] @ to_ground, moved["torso"] @ to_ground
    rotations = {
        "pelvis": pelvis,
        "spine1": interpolate(pelvis, torso, 1 / 3),
        "spine2": interpolate(pelvis, torso, 2 / 3),
    }
    rotations |= dict.fromkeys(("spine3", "neck", "head", "collar_l", "collar_r"), torso)
    for side, sign in (("l", -1.0), ("r", 1.0)):

        def onto(above: str, below: str, side: str = side) -> tuple[Tensor, Tensor]:
            own = to_ground @ (rest[_AT[f"{below}_{side}"]] - rest[_AT[f"{above}_{side}"]])
            theirs = (neutral.positions[f"{below}_{side}"] - neutral.positions[f"{above}_{side}"])[0]
            return between_directions(own, theirs) @ to_ground, theirs

        rotations[f"hip_{side}"] = moved[f"femur_{side}"] @ onto("hip", "knee")[0]
        rotations[f"knee_{side}"] = moved[f"tibia_{side}"] @ onto("knee", "ankle")[0]
        level = torch.tensor([1.0, 0.0, 1.0], dtype=rest.dtype)
        own = to_ground @ (rest[_AT[f"foot_{side}"]] - rest[_AT[f"ankle_{side}"]])
        theirs = (neutral.toes[side] - neutral.positions[f"ankle_{side}"])[0]
        foot = between_directions(level * own, level * theirs) @ to_ground
        rotations[f"ankle_{side}"] = moved[f"calcn_{side}"] @ foot
        rotations[f"foot_{side}"] = moved[f"toes_{side}"] @ foot
        rotations[f"shoulder_{side}"] = moved[f"humerus_{side}"] @ onto("shoulder", "elbow")[0]
        forearm, axis = onto("elbow", "wrist")
        palm = from_rotation_vector(sign * math.pi / 2 * axis / axis.norm()) @ forearm
        rotations[f"wrist_{side}"] = rotations[f"hand_{side}"] = moved[f"hand_{side}"] @ palm
        rotations[f"elbow_{side}"] = interpolate(moved[f"ulna_{side}"] @ forearm, rotations[f"wrist_{side}"], 0.5)
    return torch.stack([rotations[name] for name in NAMES], 1)


def _correct(
    body: SmplBody, betas: Tensor, start: Tensor, targets: Tensor, rate_hz: float, iterations: int
) -> tuple[Tensor, Tensor]:
    """Correct rotations so that the joints named SHARED come near their targets.

    Args:
        body: the body model.
        betas: (B,) shape parameters.
        start: (T, 24, 3, 3) rotations relative to the parent joints.
        targets: (T, 12, 3) metres.
        rate_hz: frame rate.
        iterations: largest number of L-BFGS iterations.

    Returns:
        Corrected rotations (T, 24, 3, 3) and positions of the pelvis joint (T, 3).
    """
    shared, hips = [_AT[name] for name in SHARED], [SHARED.index("hip_l"), SHARED.index("hip_r")]
    with torch.no_grad():
        first = body.joints(betas, start, torch.zeros_like(targets[:, 0]))[:, shared]
        near = (targets - first)[:, hips].mean(1)
    deviation_m = torch.tensor([_CENTRE_M[name.split("_")[0]] for name in SHARED]).to(near)[:, None]
    correction, shift = torch.zeros(*start.shape[:2], 3).to(start), torch.zeros_like(near)
    correction.requires_grad_(), shift.requires_grad_()
    optimiser = torch.optim.LBFGS(
        [correction, shift], max_iter=iterations, history_size=20, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def cost() -> Tensor:
        optimiser.zero_grad()
        joints = body.joints(betas, start @ from_rotation_vector(correction), near + shift)[:, shared]
        value = ((joints - targets) / deviation_m).square().sum() + (correction / _CORRECTION_RAD).square().sum()
        value = value + (correction.diff(dim=0) * rate_hz / _CORRECTION_CHANGE_RAD_S).square().sum()
        value = (value + (shift.diff(dim=0) * rate_hz / _SHIFT_CHANGE_M_S).square().sum()) / len(targets)
        value.backward()
        return value

    optimiser.step(cost)
    return (start @ from_rotation_vector(correction.detach())), near + shift.detach()
