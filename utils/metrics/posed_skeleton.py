"""A skeleton together with the coordinates of its model that are not among the canonical 33."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from models.protocols import Skeleton
from models.skeleton.description import ModelDescription


class PosedSkeleton:
    """A `Skeleton` that adds a model's further coordinates to each motion that it is given.

    Some models have coordinates beside the 33, such as knee adduction; without their recorded values the feet of such a
    model would slide. Everything else is the wrapped skeleton's own. Coordinates in the argument `extra` of a call take
    the place of those that the skeleton was made with.
    """

    # Attributes of the wrapped skeleton, which `__getattr__` returns.
    contact_radii: Tensor
    coordinate_range: Tensor
    description: ModelDescription
    body_names: tuple[str, ...]
    joint_names: tuple[str, ...]
    anthropometry: tuple[float, ...]
    mass_kg: float
    leg_length_m: float

    def __init__(self, skeleton: Skeleton, extra: dict[str, Tensor]) -> None:
        """Wrap a skeleton.

        Args:
            skeleton: the subject's skeleton.
            extra: further coordinates by name, (B, T) each, degrees or metres, of one batch of motions.
        """
        self._skeleton, self._extra = skeleton, extra

    def __getattr__(self, name: str) -> Any:
        return getattr(self._skeleton, name)

    def bodies(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """As `Skeleton.bodies`, for the motions (B, T, 33) that the further coordinates belong to."""
        return self._skeleton.bodies(motion, self._extra | (extra or {}))

    def joint_centres(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """As `Skeleton.joint_centres`, for the motions (B, T, 33) that the further coordinates belong to."""
        return self._skeleton.joint_centres(motion, self._extra | (extra or {}))

    def contact_points(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """As `Skeleton.contact_points`, for the motions (B, T, 33) that the further coordinates belong to."""
        return self._skeleton.contact_points(motion, self._extra | (extra or {}))


class SkeletonPerMotion:
    """A `Skeleton` of a batch in which each motion has a model of its own, as OpenCap Monocular keeps one for a trial.

    Names of joints, bodies and contact points are those of the first model; all models have to have the same.
    """

    def __init__(self, skeletons: Sequence[Skeleton]) -> None:
        """Wrap the skeletons of B motions, in their order."""
        self._skeletons = skeletons

    def __getattr__(self, name: str) -> Any:
        return getattr(self._skeletons[0], name)

    @property
    def anthropometry(self) -> Tensor:
        """(B, P) anthropometric features of the motions' models."""
        return torch.tensor([skeleton.anthropometry for skeleton in self._skeletons])

    def bodies(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """As `Skeleton.bodies`, for the motions (B, T, 33)."""
        rotations, origins = zip(
            *self._each(lambda one, *arguments: one.bodies(*arguments), motion, extra), strict=True
        )
        return torch.cat(rotations), torch.cat(origins)

    def joint_centres(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """As `Skeleton.joint_centres`, for the motions (B, T, 33)."""
        return torch.cat(self._each(lambda one, *arguments: one.joint_centres(*arguments), motion, extra))

    def contact_points(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """As `Skeleton.contact_points`, for the motions (B, T, 33)."""
        return torch.cat(self._each(lambda one, *arguments: one.contact_points(*arguments), motion, extra))

    def _each(self, call: Callable[..., Any], motion: Tensor, extra: dict[str, Tensor] | None) -> list[Any]:
        """The result of `call` for each motion, as a batch of one, on its own skeleton."""
        return [
            call(skeleton, motion[i : i + 1], extra and {name: values[i : i + 1] for name, values in extra.items()})
            for i, skeleton in enumerate(self._skeletons)
        ]
