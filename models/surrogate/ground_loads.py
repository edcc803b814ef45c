"""What the ground does to each leg, estimated in closed form from a stick figure of point masses.

Muscles answer to joint moments, and those to the force under each foot: how much of the load a foot carries and where
its centre of pressure lies. Newton's laws say it from the motion of the masses (the zero-moment point of Vukobratovic
and Borovac 2004); a network that is given it has not to learn mechanics from examples. For exact inverse dynamics of a
scaled model use `models.skeleton.inverse_dynamics`.
"""

import torch
from torch import Tensor

from models.conventions import ANTHROPOMETRIC_FEATURES, TRANSLATION_INDICES
from models.filters import derivative_matrices, low_pass_matrix
from models.surrogate.joint_positions import named_joint_positions

_GRAVITY = 9.80665
_COORDINATE_CUTOFF_HZ, _FORCE_CUTOFF_HZ = 4.0, 3.0
# Two point masses a segment, where they give its mass, centre and moment of inertia about a transverse axis
# (Rajagopal2015): from point, to point, share of the mass, centre and radius of gyration as shares of the length.
_PAIRED = (
    ("back", "neck", 0.3561, 0.86, 0.63),
    *(
        (f"{start}_{side}", f"{end}_{side}", share, centre, gyration)
        for side in "lr"
        for start, end, share, centre, gyration in (
            ("hip", "knee", 0.1235, 0.415, 0.293),
            ("knee", "ankle", 0.0503, 0.467, 0.292),
            ("ankle", "toes", 0.0208, 0.35, 0.12),
            ("shoulder", "elbow", 0.0270, 0.576, 0.27),
            ("elbow", "wrist", 0.0222, 0.70, 0.30),
        )
    ),
)
_PELVIS_SHARE = 0.1563  # its centre lies behind its origin, between the hips
_JOINTS = ("ankle", "knee", "hip")
LOAD_COUNT = 5 + 2 * (2 + 2 * len(_JOINTS))


def ground_loads(motion: Tensor, anthropometry: Tensor, rate_hz: float) -> Tensor:
    """Loads (B, T, 21) on the legs that the ground must provide, each of the order of 1.

    The whole: zero-moment point forwards and to the right of the midst of the ankles (decimetres), force over body
    weight forwards, upwards and to the right. Of each leg, left first: share of the load, zero-moment point before the
    ankle along the foot (decimetres), and moments of the foot's force about ankle, knee and hip, in the plane of the
    foot and across it (hundreds of newton metres).

    motion: (B, T, 33), degrees and metres, canonical order, on the floor y = 0. person: (B, 7) or (7,), see
    ANTHROPOMETRIC_FEATURES. Filtered as static optimisation does: see `SimulationSettings`.
    """
    frames = motion.shape[1]
    anthropometry = anthropometry.to(motion).expand(len(motion), -1)
    mass_kg = anthropometry[:, ANTHROPOMETRIC_FEATURES.index("mass_kg"), None, None]
    motion = _along_time(low_pass_matrix(frames, rate_hz, _COORDINATE_CUTOFF_HZ), motion)
    points = named_joint_positions(motion, anthropometry)
    pelvis = motion[..., list(TRANSLATION_INDICES)]
    shares, places = _point_masses(points)
    places = places + pelvis.unsqueeze(-2)  # (B, T, M, 3)
    acceleration = _along_time(derivative_matrices(frames, rate_hz)[1], places)
    weighted = shares[:, None] * (acceleration + acceleration.new_tensor([0.0, _GRAVITY, 0.0]))
    turning = places[..., [0, 2]] * weighted[..., 1, None] - places[..., 1, None] * weighted[..., [0, 2]]
    wrench = torch.cat((weighted.sum(-2), turning.sum(-2)), -1)  # of one kilogram, about the ground's origin
    wrench = _along_time(low_pass_matrix(frames, rate_hz, _FORCE_CUTOFF_HZ), wrench)
    force = wrench[..., :3]
    centre = wrench[..., 3:] / force[..., 1, None].clamp_min(0.2 * _GRAVITY) - pelvis[..., [0, 2]]  # (B, T, 2)

    ankles = {side: points[f"ankle_{side}"] for side in "lr"}
    between = (ankles["r"] - ankles["l"])[..., [0, 2]]
    midst = (ankles["r"] + ankles["l"])[..., [0, 2]] / 2
    towards_right = ((centre - midst) * between).sum(-1) / between.square().sum(-1).clamp_min(1e-3)
    straight = torch.stack((between[..., 1], -between[..., 0]), -1)
    straight = straight / straight.norm(dim=-1, keepdim=True).clamp_min(1e-3)  # ahead, square to the line of the ankles
    ahead = ((centre - midst) * straight).sum(-1, keepdim=True)
    share = {"r": (0.5 + towards_right).clamp(0, 1)}
    share["l"] = 1 - share["r"]
    loads = [10 * (centre - midst), force / _GRAVITY]
    for side in "lr":
        along = (points[f"toes_{side}"] - ankles[side])[..., [0, 2]]
        along = along / along.norm(dim=-1, keepdim=True).clamp_min(1e-3)  # horizontal, where the foot points
        forward = ahead / (along * straight).sum(-1, keepdim=True).clamp_min(0.5)  # on the foot's own line
        loads += [share[side].unsqueeze(-1), 10 * forward]
        under = ankles[side][..., [0, 2]] + forward * along
        pressure = torch.stack((under[..., 0], -pelvis[..., 1], under[..., 1]), -1)  # about the pelvis
        foot_force = share[side].unsqueeze(-1) * force * mass_kg
        for joint in _JOINTS:
            moment = torch.linalg.cross(pressure - points[f"{joint}_{side}"], foot_force)
            across = moment[..., 2] * along[..., 0] - moment[..., 0] * along[..., 1]
            inwards = moment[..., 0] * along[..., 0] + moment[..., 2] * along[..., 1]
            loads += [torch.stack((across, inwards), -1) / 100]
    return torch.cat(loads, -1)


def _along_time(matrix: Tensor, values: Tensor) -> Tensor:
    """A (T, T) matrix applied to the second dimension of values (B, T, ...)."""
    return torch.einsum("ut,bt...->bu...", matrix.to(values), values)


def _point_masses(points: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Shares (M,) of the body's mass, which sum to 1, and places (B, T, M, 3) in metres about the pelvis."""
    shares, places = [_PELVIS_SHARE], [(points["hip_l"] + points["hip_r"]) / 2]
    for start, end, share, centre, gyration in _PAIRED:
        for place in (centre - gyration, centre + gyration):
            shares.append(share / 2)
            places.append(points[start] + place * (points[end] - points[start]))
    shares = torch.tensor(shares).to(places[0])
    return shares / shares.sum(), torch.stack(places, -2)
