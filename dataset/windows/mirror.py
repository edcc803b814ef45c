"""Reflection of motions and muscle activations in the sagittal plane.

OpenSim defines the coordinates of both legs and both arms such that equal values are mirror images; coordinates that
point to one side (z) change sign. This holds for placed motions, whose heading is +x.
"""

import torch
from torch import Tensor

from models.conventions import COORDINATES, MUSCLES

_SIDEWAYS = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")
_OTHER = {"l": "r", "r": "l"}


def _partners(names: tuple[str, ...]) -> list[int]:
    """For each name, the index of its counterpart on the other side (`_l` and `_r`), or its own index."""
    swapped = (name[:-1] + _OTHER[name[-1]] if name[-2:] in ("_l", "_r") else name for name in names)
    return [names.index(name) for name in swapped]


_COORDINATE_PARTNERS = _partners(COORDINATES)
_MUSCLE_PARTNERS = _partners(MUSCLES)
_SIGNS = torch.tensor([-1.0 if name in _SIDEWAYS else 1.0 for name in COORDINATES])


def mirror_motion(motion: Tensor) -> Tensor:
    """Mirror image of a motion.

    Args:
        motion: (..., 33), degrees and metres, canonical order, with a heading of +x.
    """
    return motion[..., _COORDINATE_PARTNERS] * _SIGNS.to(motion)


def mirror_activations(activations: Tensor) -> Tensor:
    """Activations (..., 80), in canonical order, with left and right swapped, as of the mirrored motion."""
    return activations[..., _MUSCLE_PARTNERS]
