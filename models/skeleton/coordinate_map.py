"""Map from canonical motions to the generalised coordinates of an OpenSim model."""

import numpy as np
import torch
from torch import Tensor, nn

from models.conventions import COORDINATES
from models.skeleton.description import ModelDescription


class CoordinateMap(nn.Module):
    """Map from canonical motions to a model's own coordinates.

    Attributes:
        extra_names: the model's coordinates beside the 33.
        scale: (C, 1) radians per degree for rotations, 1 for translations.
    """

    canonical: Tensor
    restore: Tensor
    scale: Tensor
    defaults: Tensor

    def __init__(self, description: ModelDescription, dtype: torch.dtype) -> None:
        super().__init__()
        names = description.coordinate_names
        self.extra_names = tuple(name for name in names if name not in COORDINATES)
        canonical = [COORDINATES.index(name) if name in COORDINATES else -1 for name in names]
        self.register_buffer("canonical", torch.tensor([i for i in canonical if i >= 0]))
        order = [i for i, c in enumerate(canonical) if c >= 0] + [i for i, c in enumerate(canonical) if c < 0]
        self.register_buffer("restore", torch.tensor(order).argsort())
        scale = np.where(description.coordinate_is_rotation, np.pi / 180.0, 1.0)
        self.register_buffer("scale", torch.tensor(scale, dtype=dtype)[:, None])
        defaults = [description.coordinate_defaults[i] / scale[i] for i, c in enumerate(canonical) if c < 0]
        self.register_buffer("defaults", torch.tensor(defaults, dtype=dtype)[:, None])

    def forward(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Generalised coordinates of a motion.

        Args:
            motion: (..., 33) degrees and metres, canonical order; N frames in all.
            extra: coordinates beside the 33 by name, (...) degrees or metres; the model's defaults where not given.

        Returns:
            (C, N) radians and metres, in the order of the model.
        """
        frames = motion.reshape(-1, len(COORDINATES)).to(self.scale.dtype)
        rows = [frames.index_select(1, self.canonical).T]
        for i, name in enumerate(self.extra_names):
            if extra and name in extra:
                values = torch.as_tensor(extra[name], dtype=frames.dtype, device=frames.device)
                rows.append(values.reshape(1, -1))
            else:
                rows.append(self.defaults[i : i + 1].expand(1, len(frames)))
        return torch.cat(rows).index_select(0, self.restore) * self.scale
