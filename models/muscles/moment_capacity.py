"""What the muscles of a model can do: the largest moments of muscle groups in reference poses of a squat.

Strength, optimal fibre length, tendon slack length and moment arms all act on activations through these moments, so
they describe a model's muscles to a network, whatever model they belong to.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from models.conventions import COORDINATE_INDEX, COORDINATES, MUSCLES, SIDES
from models.muscles.hill import Muscles
from models.muscles.moment_arms import LEG_COORDINATES, MUSCLES_PER_LEG, MuscleTendonGeometry

# The hamstrings that extend the hip too; the short head of the biceps femoris flexes the knee alone.
TWO_JOINT_HAMSTRINGS = ("bflh", "semimem", "semiten")
# For each group the coordinate on which its moment counts, and its muscles.
CAPACITY_GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "vasti": ("knee_angle", ("vasint", "vaslat", "vasmed")),
    "rectus femoris": ("knee_angle", ("recfem",)),
    "two-joint hamstrings": ("hip_flexion", TWO_JOINT_HAMSTRINGS),
    "biceps femoris short head": ("knee_angle", ("bfsh",)),
    "gluteus maximus": ("hip_flexion", ("glmax1", "glmax2", "glmax3")),
    "hip abductors": ("hip_adduction", ("glmed1", "glmed2", "glmed3", "glmin1", "glmin2", "glmin3", "piri", "tfl")),
    "hip adductors": (
        "hip_adduction",
        ("addbrev", "addlong", "addmagDist", "addmagIsch", "addmagMid", "addmagProx", "grac"),
    ),
    "hip flexors": ("hip_flexion", ("iliacus", "psoas", "sart")),
    "gastrocnemius": ("ankle_angle", ("gaslat", "gasmed")),
    "soleus": ("ankle_angle", ("soleus",)),
    "deep plantar flexors": ("ankle_angle", ("tibpost", "perlong", "perbrev", "fdl", "fhl")),
    "dorsiflexors": ("ankle_angle", ("tibant", "edl", "ehl")),
}
# Flexion of hip, knee and ankle, degrees, from upright stance to a deep squat.
REFERENCE_POSES_DEG = ((0, 0, 0), (30, 40, 10), (60, 70, 18), (85, 95, 25), (105, 115, 30), (120, 135, 35))
REFERENCE_KNEES_DEG = tuple(float(knee) for _, knee, _ in REFERENCE_POSES_DEG)
CAPACITY_INPUTS = len(CAPACITY_GROUPS) * len(REFERENCE_POSES_DEG)
LEAST_CAPACITY = 1e-4  # body weights times metres
_ACTIVATION = 0.5  # at which tendons are stretched


@torch.no_grad()
def moment_capacity(
    paths: Callable[[Tensor], MuscleTendonGeometry], muscles: Muscles, able: Tensor | None = None
) -> Tensor:
    """Isometric moments of fully active muscle groups.

    Args:
        paths: from motions (N, 33), degrees and metres, to muscle-tendon lengths and moment arms.
        muscles: the muscles.
        able: (80,) 1 for muscles that apply force, else 0; None for all 1.

    Returns:
        (2, groups, poses) Nm, left leg first, in the order of CAPACITY_GROUPS and REFERENCE_POSES_DEG.
    """
    motion = torch.zeros(len(REFERENCE_POSES_DEG), len(COORDINATES), dtype=torch.float64)
    for side in SIDES:
        for joint, column in zip(("hip_flexion", "knee_angle", "ankle_angle"), range(3), strict=True):
            motion[:, COORDINATE_INDEX[f"{joint}_{side}"]] = torch.tensor(
                [float(pose[column]) for pose in REFERENCE_POSES_DEG], dtype=torch.float64
            )
    lengths, arms = paths(motion if able is None else motion.to(able.device))
    still = torch.zeros_like(lengths)
    tendon = muscles.equilibrium_tendon(torch.full_like(lengths, _ACTIVATION), lengths, still, None)
    gain = muscles.fibres(lengths, still, tendon).gain  # (poses, 80)
    if able is not None:
        gain = gain * able
    moments = arms * gain.unflatten(1, (2, 1, MUSCLES_PER_LEG))  # (poses, 2, 7, 40)
    names = [name[:-2] for name in MUSCLES[:MUSCLES_PER_LEG]]
    groups = [
        moments[:, :, LEG_COORDINATES.index(coordinate), [names.index(name) for name in members]].abs().sum(-1)
        for coordinate, members in CAPACITY_GROUPS.values()
    ]
    return torch.stack(groups).permute(2, 0, 1)


def capacity_inputs(capacity: Tensor) -> Tensor:
    """Inputs of a network that describe a person's muscles, (..., CAPACITY_INPUTS).

    Args:
        capacity: (..., groups, poses) as of `moment_capacity`, over body weight, metres.
    """
    return capacity.clamp(min=LEAST_CAPACITY).log().flatten(-2)
