"""A motion as an SMPL body: shape from the person's bone lengths, pose from the bones' directions and joint centres.

SMPL: Loper et al., ACM Transactions on Graphics 34(6), 2015; the mesh itself is `smplx`'s. SMPL stands in a T, x to the
left, y up, z forward; OpenSim's ground has x forward, y up, z to the right, and its neutral pose lets the arms hang.
"""

import contextlib
import io
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import COORDINATES, FRAME_RATE_HZ
from models.rotations import between_directions, from_rotation_vector, interpolate, relative_to_parents

NAMES = (
    "pelvis", "hip_l", "hip_r", "spine1", "knee_l", "knee_r", "spine2", "ankle_l", "ankle_r", "spine3", "foot_l",
    "foot_r", "neck", "collar_l", "collar_r", "head", "shoulder_l", "shoulder_r", "elbow_l", "elbow_r", "wrist_l",
    "wrist_r", "hand_l", "hand_r",
)  # fmt: skip
_AT = {name: i for i, name in enumerate(NAMES)}
# SMPL's joints that OpenSim's models have too; the rest follow from the bones' directions.
_CENTRES = {"hip": "hip", "knee": "walker_knee", "ankle": "ankle", "shoulder": "acromial", "elbow": "elbow",
            "wrist": "radius_hand"}  # fmt: skip
SHARED = tuple(f"{name}_{side}" for name in _CENTRES for side in "lr")
_BONES = tuple(
    (f"{a}_{side}", f"{b}_{side}")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
    for side in "lr"
)
_WIDTHS = (("hip_l", "hip_r"), ("shoulder_l", "shoulder_r"))
_TO_GROUND = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
# How far the fit may go, as standard deviations: what an error of each kind counts. SMPL's hip joints lie nearer to
# each other than the centres of the femoral heads, and its shoulders move with collars that OpenSim has not.
_LENGTH_M, _WIDTH_M, _SHAPE = 0.004, 0.02, 2.0
_CENTRE_M = {"hip": 0.01, "knee": 0.003, "ankle": 0.003, "shoulder": 0.006, "elbow": 0.003, "wrist": 0.003}
_TURN_RAD, _TURN_CHANGE_RAD_S, _SLIDE_CHANGE_M_S = 0.3, 1.2, 0.3
_VERTEX_FRAMES = 64  # skinned at a time, so that a long motion does not fill the memory


class SmplBody(nn.Module):
    """SMPL's joints as a function of shape and pose, without the mesh; and the mesh, through smplx.

    arrays: the model's arrays by SMPL's names, see dataset.smpl_file. Rotations are (T, 24, 3, 3) relative to the
    parent joint, in SMPL's axes; places are metres.
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        super().__init__()
        import smplx
        from smplx.utils import Struct

        unused = dict.fromkeys(("nose", "reye", "leye", "rear", "lear"), 0)
        with contextlib.redirect_stdout(io.StringIO()):  # smplx prints how many shape components there are
            self.layer = smplx.SMPLLayer(
                "", data_struct=Struct(**arrays), vertex_ids=unused, use_hands=False, use_feet_keypoints=False,
                num_betas=min(10, arrays["shapedirs"].shape[-1]),
            )  # fmt: skip
        self.parents = self.layer.parents.tolist()
        regressor = self.layer.J_regressor
        self.register_buffer("rest", regressor @ self.layer.v_template)  # (24, 3)
        self.register_buffer("rest_shapes", torch.einsum("jv,vcb->jcb", regressor, self.layer.shapedirs))

    @property
    def faces(self) -> np.ndarray:
        """Triangles (F, 3) of the mesh."""
        return self.layer.faces_tensor.cpu().numpy()

    def rest_joints(self, betas: Tensor) -> Tensor:
        """Joints (24, 3) of the body of shape betas (B,) as it stands in a T."""
        return self.rest + self.rest_shapes @ betas

    def joints(self, betas: Tensor, rotations: Tensor, root: Tensor) -> Tensor:
        """Joints (T, 24, 3) of a posed body whose pelvis joint is at root (T, 3)."""
        rest = self.rest_joints(betas)
        places, turns = [root], [rotations[:, 0]]
        for i, parent in enumerate(self.parents[1:], 1):
            places.append(places[parent] + turns[parent] @ (rest[i] - rest[parent]))
            turns.append(turns[parent] @ rotations[:, i])
        return torch.stack(places, 1)

    @torch.no_grad()
    def vertices(self, betas: Tensor, rotations: Tensor, root: Tensor) -> Tensor:
        """The mesh (T, V, 3) of a posed body whose pelvis joint is at root (T, 3)."""
        shift, parts = root - self.rest_joints(betas)[0], []
        for turns, moved in zip(rotations.split(_VERTEX_FRAMES), shift.split(_VERTEX_FRAMES), strict=True):
            shape = betas.expand(len(turns), -1)
            parts.append(self.layer(shape, turns[:, 1:], turns[:, :1], moved).vertices)
        return torch.cat(parts)


@dataclass(frozen=True)
class SmplFit:
    """An SMPL body that follows a motion.

    betas: (B,). rotations: (T, 24, 3, 3) relative to the parent joint. root: (T, 3) the pelvis joint, metres, ground.
    error_mm: (T, 12) distance of the joints named SHARED from the skeleton's joint centres.
    """

    body: SmplBody
    betas: Tensor
    rotations: Tensor
    root: Tensor
    error_mm: np.ndarray

    @cached_property
    def vertices(self) -> np.ndarray:
        """The mesh (T, V, 3), metres, ground frame."""
        return self.body.vertices(self.betas, self.rotations, self.root).cpu().numpy()

    @property
    def faces(self) -> np.ndarray:
        """Triangles (F, 3) of `vertices`."""
        return self.body.faces


def fit_smpl(
    body: SmplBody,
    skeleton,
    motion: Tensor,
    extra: dict | None = None,
    *,
    rate_hz: float = FRAME_RATE_HZ,
    iterations: int = 120,
) -> SmplFit:
    """The SMPL body of the person with `skeleton`, moving as motion (T, 33), degrees and metres, canonical order.

    Shape: bone lengths. Pose: each bone turns as its body in the model does, which also settles its turn about its own
    axis; then all frames together (L-BFGS) come as near to the joint centres as small and slowly changing corrections
    of these turns allow. extra: the model's further coordinates, as for `Skeleton.bodies`.
    """
    with torch.no_grad():
        neutral = _Bones(skeleton, torch.zeros(1, len(COORDINATES)), None)
        moving = _Bones(skeleton, motion, extra)
    device, dtype = body.rest.device, body.rest.dtype
    betas = fit_shape(body, {name: place[0].to(device, dtype) for name, place in neutral.places.items()})
    turns = _initial_turns(body.rest_joints(betas).cpu().double(), neutral, moving)
    start = relative_to_parents(turns, body.parents).to(device, dtype)
    targets = torch.stack([moving.places[name] for name in SHARED], 1).to(device, dtype)  # (T, 12, 3)
    rotations, root = _follow(body, betas, start, targets, rate_hz, iterations)
    with torch.no_grad():
        joints = body.joints(betas, rotations, root)[:, [_AT[name] for name in SHARED]]
        error_mm = 1000.0 * (joints - targets).norm(dim=-1).cpu().numpy()
    return SmplFit(body, betas, rotations, root, error_mm)


def fit_shape(body: SmplBody, places: dict[str, Tensor], iterations: int = 15) -> Tensor:
    """Shape betas (B,) whose bones are as long as between `places`, the neutral joint centres by SHARED names, metres.

    Gauss-Newton; a length weighs by 4 mm, a width by 20 mm, a beta by 2, so that what SMPL cannot be leaves it sane.
    """

    def lengths(at) -> Tensor:
        trunk = (at("shoulder_l") + at("shoulder_r") - at("hip_l") - at("hip_r")).norm() / 2 / _LENGTH_M
        bones = [(at(a) - at(b)).norm() / _LENGTH_M for a, b in _BONES]
        return torch.stack([trunk, *bones, *((at(a) - at(b)).norm() / _WIDTH_M for a, b in _WIDTHS)])

    wanted = lengths(lambda name: places[name])

    def errors(betas: Tensor) -> Tensor:
        rest = body.rest_joints(betas)
        return torch.cat([lengths(lambda name: rest[_AT[name]]) - wanted, betas / _SHAPE])

    betas = torch.zeros(body.rest_shapes.shape[-1]).to(body.rest)
    for _ in range(iterations):
        slope = torch.autograd.functional.jacobian(errors, betas)
        betas = betas - torch.linalg.lstsq(slope, errors(betas)[:, None]).solution[:, 0]
    return betas


class _Bones:
    """A motion's joint centres by SHARED names, (T, 3), and its bodies' rotations by name, (T, 3, 3), in float64."""

    def __init__(self, skeleton, motion: Tensor, extra: dict | None):
        motion = motion.to(skeleton.coordinate_range.device)
        rotations, _ = skeleton.bodies(motion, extra)
        centres = skeleton.joint_centres(motion, extra).cpu().double()
        self.turns = dict(zip(skeleton.body_names, rotations.cpu().double().unbind(1), strict=True))
        at = dict(zip(skeleton.joint_names, centres.unbind(1), strict=True))
        self.places = {f"{name}_{side}": at[f"{joint}_{side}"] for name, joint in _CENTRES.items() for side in "lr"}
        self.toes = {side: at[f"mtp_{side}"] for side in "lr"}


def _initial_turns(rest: Tensor, neutral: _Bones, moving: _Bones) -> Tensor:
    """Rotations (T, 24, 3, 3) of SMPL's joints in the ground frame, as the model's bodies turn.

    In the neutral pose each SMPL bone is turned the shortest way onto its OpenSim bone; the foot only about the
    vertical, so that flat soles are flat in both; the hands also by 90 degrees, since OpenSim's neutral palms look
    forward and SMPL's look down.
    """
    to_ground = torch.tensor(_TO_GROUND)
    moved = {name: turn @ neutral.turns[name].mT for name, turn in moving.turns.items()}
    pelvis, torso = moved["pelvis"] @ to_ground, moved["torso"] @ to_ground
    turns = {"pelvis": pelvis, "spine1": interpolate(pelvis, torso, 1 / 3), "spine2": interpolate(pelvis, torso, 2 / 3)}
    turns |= dict.fromkeys(("spine3", "neck", "head", "collar_l", "collar_r"), torso)
    for side, sign in (("l", -1.0), ("r", 1.0)):

        def onto(above: str, below: str, side=side) -> tuple[Tensor, Tensor]:
            own = to_ground @ (rest[_AT[f"{below}_{side}"]] - rest[_AT[f"{above}_{side}"]])
            theirs = (neutral.places[f"{below}_{side}"] - neutral.places[f"{above}_{side}"])[0]
            return between_directions(own, theirs) @ to_ground, theirs

        turns[f"hip_{side}"] = moved[f"femur_{side}"] @ onto("hip", "knee")[0]
        turns[f"knee_{side}"] = moved[f"tibia_{side}"] @ onto("knee", "ankle")[0]
        level = torch.tensor([1.0, 0.0, 1.0], dtype=rest.dtype)
        own = to_ground @ (rest[_AT[f"foot_{side}"]] - rest[_AT[f"ankle_{side}"]])
        theirs = (neutral.toes[side] - neutral.places[f"ankle_{side}"])[0]
        foot = between_directions(level * own, level * theirs) @ to_ground
        turns[f"ankle_{side}"], turns[f"foot_{side}"] = moved[f"calcn_{side}"] @ foot, moved[f"toes_{side}"] @ foot
        turns[f"shoulder_{side}"] = moved[f"humerus_{side}"] @ onto("shoulder", "elbow")[0]
        forearm, axis = onto("elbow", "wrist")
        palm = from_rotation_vector(sign * math.pi / 2 * axis / axis.norm()) @ forearm
        turns[f"wrist_{side}"] = turns[f"hand_{side}"] = moved[f"hand_{side}"] @ palm
        turns[f"elbow_{side}"] = interpolate(moved[f"ulna_{side}"] @ forearm, turns[f"wrist_{side}"], 0.5)
    return torch.stack([turns[name] for name in NAMES], 1)


def _follow(
    body: SmplBody, betas: Tensor, start: Tensor, targets: Tensor, rate_hz: float, iterations: int
) -> tuple[Tensor, Tensor]:
    """Correct `start` so that the joints named SHARED come near `targets` (T, 12, 3): (rotations, root)."""
    shared, hips = [_AT[name] for name in SHARED], [SHARED.index("hip_l"), SHARED.index("hip_r")]
    with torch.no_grad():
        first = body.joints(betas, start, torch.zeros_like(targets[:, 0]))[:, shared]
        near = (targets - first)[:, hips].mean(1)
    deviation_m = torch.tensor([_CENTRE_M[name.split("_")[0]] for name in SHARED]).to(near)[:, None]
    turn, slide = torch.zeros(*start.shape[:2], 3).to(start), torch.zeros_like(near)
    turn.requires_grad_(), slide.requires_grad_()
    optimiser = torch.optim.LBFGS(
        [turn, slide], max_iter=iterations, history_size=20, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def cost() -> Tensor:
        optimiser.zero_grad()
        joints = body.joints(betas, start @ from_rotation_vector(turn), near + slide)[:, shared]
        value = ((joints - targets) / deviation_m).square().sum() + (turn / _TURN_RAD).square().sum()
        value = value + (turn.diff(dim=0) * rate_hz / _TURN_CHANGE_RAD_S).square().sum()
        value = (value + (slide.diff(dim=0) * rate_hz / _SLIDE_CHANGE_M_S).square().sum()) / len(targets)
        value.backward()
        return value

    optimiser.step(cost)
    return (start @ from_rotation_vector(turn.detach())), near + slide.detach()
