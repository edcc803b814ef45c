"""Forces and moments: load and centre of pressure of the feet, ground reaction, joint moments, patellofemoral load.

Loads and moments are the surrogate's in guidance, and the simulation's where a context was made of a simulation.
"""

import torch
from scipy.constants import g as GRAVITY_M_S2
from torch import Tensor

from models.conventions import KNEE_INDICES, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from utils.biomechanics.context import Context
from utils.biomechanics.differences import second_difference
from utils.biomechanics.quantities.feet import per_foot
from utils.biomechanics.quantities.stance import foot_directions
from utils.biomechanics.registry import quantity

# The fits are of knees flexed by 0 to 120 degrees; the lever arm's cubic is least at 96, and the fit of the ratio has a
# pole at 127. Beyond these angles both are held.
_LEAST_ARM_DEG, _LARGEST_RATIO_DEG = 96.0, 115.0


@quantity("load_share", "0-1", 0.01, channels=SIDES, limits=(0, 1), usual=(0.4, 0.6), predicted=True)
def load_share(context: Context) -> tuple[Tensor, Tensor]:
    """Share of the vertical ground reaction force under each foot; load_share_l:mean:within:0.6:0.7 loads the left."""
    return context.load_share, context.activation_mask


@quantity("centre_of_pressure", "0-1", 0.02, channels=SIDES, limits=(-1, 2), usual=(0.3, 0.6), predicted=True)
def centre_of_pressure(context: Context) -> tuple[Tensor, Tensor]:
    """Place of the centre of pressure along each foot, from the back of the heel (0) to the tip of the toes (1).

    Heel and toes are the ends of the model's contact spheres. Under a foot that carries nothing it has no meaning.
    """
    points = per_foot(context.contact_points)[..., [0, 2]]  # (B, T, 2, 6, 2)
    radii = context.skeleton.contact_radii.to(points).unflatten(0, (2, 6)).flip(0)
    ahead = foot_directions(context).unsqueeze(-2)
    along = (points * ahead).sum(-1)
    heel, toes = (along - radii).amin(-1), (along + radii).amax(-1)
    pressure = (context.centres_of_pressure[..., None, [0, 2]].to(points) * ahead).sum(-1).squeeze(-1)
    return (pressure - heel) / (toes - heel), context.activation_mask


@quantity("net_centre_of_pressure", "0-1", 0.02, limits=(-1, 2), usual=(0.25, 0.6), predicted=True)
def net_centre_of_pressure(context: Context) -> tuple[Tensor, Tensor]:
    """Where the whole weight rests along the feet: `centre_of_pressure` of both feet, each by the load on it."""
    place, counts = centre_of_pressure(context)
    return (context.load_share * place).sum(-1, keepdim=True), counts


@quantity("ground_reaction", "body weights", 0.02, limits=(0, 10), usual=(0.7, 1.4))
def ground_reaction(context: Context) -> tuple[Tensor, Tensor]:
    """Vertical ground reaction force of both feet together, which is 1 standing still.

    By Newton's second law it is one plus the vertical acceleration of the model's centre of mass over gravity.
    """
    description = context.skeleton.description
    rotation, origin = context.body_poses
    masses, centres = (
        torch.as_tensor(values).to(origin) for values in (description.masses_kg, description.mass_centres)
    )
    height = origin[..., 1] + (rotation[..., 1, :] * centres).sum(-1)  # (B, T, bodies)
    mean_height = (height * masses).sum(-1) / masses.sum()
    acceleration, valid = second_difference(context, mean_height)
    return (1 + acceleration / GRAVITY_M_S2).clamp(min=0), valid


@quantity("hip_extension_moment", "Nm/kg", 0.05, channels=SIDES, limits=(-10, 10), usual=(-0.2, 1.8), predicted=True)
def hip_extension_moment(context: Context) -> tuple[Tensor, Tensor]:
    """Net moment that extends each hip (inverse dynamics), over body mass; negative where it flexes."""
    return -_moment(context, "hip_flexion"), context.activation_mask


@quantity("hip_abduction_moment", "Nm/kg", 0.05, channels=SIDES, limits=(-10, 10), usual=(-0.5, 0.8), predicted=True)
def hip_abduction_moment(context: Context) -> tuple[Tensor, Tensor]:
    """Net moment that abducts each hip (inverse dynamics), over body mass; negative where it adducts."""
    return -_moment(context, "hip_adduction"), context.activation_mask


@quantity("knee_extension_moment", "Nm/kg", 0.05, channels=SIDES, limits=(-10, 10), usual=(-0.2, 1.8), predicted=True)
def knee_extension_moment(context: Context) -> tuple[Tensor, Tensor]:
    """Net moment that extends each knee (inverse dynamics), over body mass; negative where it flexes."""
    return -_moment(context, "knee_angle"), context.activation_mask


@quantity(
    "ankle_plantarflexion_moment", "Nm/kg", 0.05, channels=SIDES, limits=(-10, 10), usual=(-0.2, 1), predicted=True
)
def ankle_plantarflexion_moment(context: Context) -> tuple[Tensor, Tensor]:
    """Net moment that plantarflexes each ankle (inverse dynamics), over body mass; negative where it dorsiflexes."""
    return -_moment(context, "ankle_angle"), context.activation_mask


@quantity(
    "patellofemoral_compression",
    "body weights",
    0.05,
    channels=SIDES,
    limits=(0, 30),
    usual=(0, 6),
    predicted=True,
)
def patellofemoral_compression(context: Context) -> tuple[Tensor, Tensor]:
    """Compression of each patellofemoral joint, from the net knee extension moment and the knee angle.

    The quadriceps force that the moment needs, times the share of it that presses the patella on the femur (van Eijden
    et al. 1986; Brechter and Powers 2002). Muscles that flex the knee at the same time add to it, and are not counted.
    """
    moment = (-_moment(context, "knee_angle")).clamp(min=0) / GRAVITY_M_S2  # metres, over body weight
    knee_deg = context.motion[..., KNEE_INDICES]
    return moment / _lever_arm_m(knee_deg) * _compression_ratio(knee_deg), context.activation_mask


def _moment(context: Context, coordinate: str) -> Tensor:
    """(B, T, 2) net moment of both legs on a coordinate, in its positive direction, Nm/kg."""
    return context.moments[..., LEG_COORDINATES.index(coordinate)]


def _lever_arm_m(knee_deg: Tensor) -> Tensor:
    """Effective lever arm of the quadriceps at the knee, metres.

    The cubic fit to van Eijden et al. (1986, J. Biomech. 19:219-229) that Brechter and Powers (2002, Med. Sci. Sports
    Exerc. 34:1582-1593) and later studies of patellofemoral load use.
    """
    x = knee_deg.clamp(0, _LEAST_ARM_DEG)
    return 8.0e-8 * x**3 - 1.3e-5 * x**2 + 2.8e-4 * x + 0.046


def _compression_ratio(knee_deg: Tensor) -> Tensor:
    """Patellofemoral compression over quadriceps force; the rational fit of the same source."""
    x = knee_deg.clamp(0, _LARGEST_RATIO_DEG)
    return (0.462 + 1.47e-3 * x - 3.84e-5 * x**2) / (1 - 1.62e-2 * x + 1.55e-4 * x**2 - 6.98e-7 * x**3)
