"""A skeleton together with the coordinates of its model that are not among the canonical 33."""

from typing import Any

from torch import Tensor

from models.protocols import Skeleton


class PosedSkeleton:
    """A `Skeleton` that adds a model's further coordinates to each motion that it is given.

    Some models have coordinates beside the 33, such as knee adduction; without their recorded values the feet of such a
    model would slide. Everything else is the wrapped skeleton's own.
    """

    def __init__(self, skeleton: Skeleton, extra: dict[str, Tensor]):
        """Wrap a skeleton.

        Args:
            skeleton: the subject's skeleton.
            extra: further coordinates by name, (B, T) each, degrees or metres, of one batch of motions.
        """
        self._skeleton, self._extra = skeleton, extra

    def __getattr__(self, name: str) -> Any:
        return getattr(self._skeleton, name)

    def bodies(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """As `Skeleton.bodies`, for the motions (B, T, 33) that the further coordinates belong to."""
        return self._skeleton.bodies(motion, self._extra)

    def joint_centres(self, motion: Tensor) -> Tensor:
        """As `Skeleton.joint_centres`, for the motions (B, T, 33) that the further coordinates belong to."""
        return self._skeleton.joint_centres(motion, self._extra)

    def contact_points(self, motion: Tensor) -> Tensor:
        """As `Skeleton.contact_points`, for the motions (B, T, 33) that the further coordinates belong to."""
        return self._skeleton.contact_points(motion, self._extra)
