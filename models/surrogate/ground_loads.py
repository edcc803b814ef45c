"""Estimated loads of the ground on each leg, in closed form from a model of point masses, as inputs of the surrogate.

Muscle activations depend on joint moments, and these on the force under each foot: on the fraction of the load that a
foot carries and on its centre of pressure. Both follow from the motion of the masses by Newton's laws (zero-moment
point, Vukobratovic and Borovac 2004), so that the network need not learn mechanics from examples. For exact inverse
dynamics of a scaled model use `models.skeleton.inverse_dynamics`.
"""

import torch
from scipy.constants import g as GRAVITY_M_S2
from torch import Tensor

from models.conventions import ANTHROPOMETRIC_FEATURES, TRANSLATION_INDICES
from models.filters import derivative_matrices, low_pass_matrix
from models.surrogate.joint_positions import named_joint_positions

_COORDINATE_CUTOFF_HZ, _FORCE_CUTOFF_HZ = 4.0, 3.0
# Two point masses for each segment, with the segment's mass, mass centre and moment of inertia about a transverse axis
# (Rajagopal2015): from point, to point, fraction of body mass, mass centre and radius of gyration as fractions of the
# length.
_SEGMENTS = (
    ("back", "neck", 0.3561, 0.86, 0.63),
    *(
        (f"{start}_{side}", f"{end}_{side}", fraction, centre, gyration)
        for side in "lr"
        for start, end, fraction, centre, gyration in (
            ("hip", "knee", 0.1235, 0.415, 0.293),
            ("knee", "ankle", 0.0503, 0.467, 0.292),
            ("ankle", "toes", 0.0208, 0.35, 0.12),
            ("shoulder", "elbow", 0.0270, 0.576, 0.27),
            ("elbow", "wrist", 0.0222, 0.70, 0.30),
        )
    ),
)
_PELVIS_MASS = 0.1563  # fraction of body mass; its mass centre is behind its origin, between the hips
_JOINTS = ("ankle", "knee", "hip")
LOAD_COUNT = 5 + 2 * (2 + 2 * len(_JOINTS))


def ground_loads(motion: Tensor, anthropometry: Tensor, rate_hz: float) -> Tensor:
    """Loads on the legs, each of the order of 1.

    Filtered as in static optimisation, see `models.muscles.simulation_settings`.

    Args:
        motion: (B, T, 33) degrees and metres, canonical order, on the floor y = 0.
        anthropometry: (B, 7) or (7,), see ANTHROPOMETRIC_FEATURES.
        rate_hz: frame rate.

    Returns:
        (B, T, 21). Of the whole body: zero-moment point forward and to the right of the midpoint of the ankles
        (decimetres); force forward, upward and to the right over body weight. Of each leg, left first: fraction of the
        load; zero-moment point in front of the ankle along the foot (decimetres); moments of the foot's force about
        ankle, knee and hip, in the plane of the foot and across it (hundreds of newton metres).
    """
    frames = motion.shape[1]
    anthropometry = anthropometry.to(motion).expand(len(motion), -1)
    mass_kg = anthropometry[:, ANTHROPOMETRIC_FEATURES.index("mass_kg"), None, None]
    motion = _along_time(low_pass_matrix(frames, rate_hz, _COORDINATE_CUTOFF_HZ), motion)
    points = named_joint_positions(motion, anthropometry)
    pelvis = motion[..., list(TRANSLATION_INDICES)]
    masses, positions = _point_masses(points)
    positions = positions + pelvis.unsqueeze(-2)  # (B, T, M, 3)
    acceleration = _along_time(derivative_matrices(frames, rate_hz)[1], positions)
    weighted = masses[:, None] * (acceleration + acceleration.new_tensor([0.0, GRAVITY_M_S2, 0.0]))
    moment = positions[..., [0, 2]] * weighted[..., 1, None] - positions[..., 1, None] * weighted[..., [0, 2]]
    wrench = torch.cat((weighted.sum(-2), moment.sum(-2)), -1)  # per kilogram, about the ground's origin
    wrench = _along_time(low_pass_matrix(frames, rate_hz, _FORCE_CUTOFF_HZ), wrench)
    force = wrench[..., :3]
    centre = wrench[..., 3:] / force[..., 1, None].clamp_min(0.2 * GRAVITY_M_S2) - pelvis[..., [0, 2]]  # (B, T, 2)

    ankles = {side: points[f"ankle_{side}"] for side in "lr"}
    between = (ankles["r"] - ankles["l"])[..., [0, 2]]
    middle = (ankles["r"] + ankles["l"])[..., [0, 2]] / 2
    towards_right = ((centre - middle) * between).sum(-1) / between.square().sum(-1).clamp_min(1e-3)
    # Forward, perpendicular to the line of the ankles.
    straight = torch.stack((between[..., 1], -between[..., 0]), -1)
    straight = straight / straight.norm(dim=-1, keepdim=True).clamp_min(1e-3)
    ahead = ((centre - middle) * straight).sum(-1, keepdim=True)
    fraction = {"r": (0.5 + towards_right).clamp(0, 1)}
    fraction["l"] = 1 - fraction["r"]
    loads = [10 * (centre - middle), force / GRAVITY_M_S2]
    for side in "lr":
        along = (points[f"toes_{side}"] - ankles[side])[..., [0, 2]]
        along = along / along.norm(dim=-1, keepdim=True).clamp_min(1e-3)  # horizontal direction of the foot
        forward = ahead / (along * straight).sum(-1, keepdim=True).clamp_min(0.5)  # along the foot
        loads += [fraction[side].unsqueeze(-1), 10 * forward]
        under = ankles[side][..., [0, 2]] + forward * along
        pressure = torch.stack((under[..., 0], -pelvis[..., 1], under[..., 1]), -1)  # about the pelvis
        foot_force = fraction[side].unsqueeze(-1) * force * mass_kg
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
    """Point masses (M,) as fractions of body mass and their positions (B, T, M, 3), metres relative to the pelvis."""
    fractions, positions = [_PELVIS_MASS], [(points["hip_l"] + points["hip_r"]) / 2]
    for start, end, fraction, centre, gyration in _SEGMENTS:
        for along in (centre - gyration, centre + gyration):
            fractions.append(fraction / 2)
            positions.append(points[start] + along * (points[end] - points[start]))
    masses = torch.tensor(fractions).to(positions[0])
    return masses / masses.sum(), torch.stack(positions, -2)
