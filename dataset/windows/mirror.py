"""The other side: a motion, or its muscle activations, reflected in the sagittal plane.

OpenSim defines the coordinates of both legs and both arms so that equal values are mirror images; what leads to one
side (z) changes sign. Holds for placed motions, whose heading is +x.
"""

import torch
from torch import Tensor

from models.conventions import COORDINATES, MUSCLES

_SIDEWAYS = ("pelvis_list", "pelvis_rotation", "pelvis_tz", "lumbar_bending", "lumbar_rotation")
_OTHER = {"l": "r", "r": "l"}


def _partners(names: tuple[str, ...]) -> list[int]:
    """For each name, the index of the same name on the other side (`_l` and `_r`), or its own."""
    swapped = (name[:-1] + _OTHER[name[-1]] if name[-2:] in ("_l", "_r") else name for name in names)
    return [names.index(name) for name in swapped]


_COORDINATE_PARTNERS = _partners(COORDINATES)
_MUSCLE_PARTNERS = _partners(MUSCLES)
_SIGNS = torch.tensor([-1.0 if name in _SIDEWAYS else 1.0 for name in COORDINATES])


def mirror_motion(motion: Tensor) -> Tensor:
    """Mirror image of a motion (..., 33), canonical order, heading +x: left and right swapped, z reflected."""
    return motion[..., _COORDINATE_PARTNERS] * _SIGNS.to(motion)


def mirror_activations(activations: Tensor) -> Tensor:
    """Activations (..., 80), canonical order, of the mirrored motion: left and right swapped."""
    return activations[..., _MUSCLE_PARTNERS]
