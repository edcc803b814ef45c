"""Interfaces of a subject's skeleton, of a surrogate and of a simulator.

They are implemented by `OpenSimSkeleton`, by `SubjectSurrogate` and `KinematicSurrogate`, and by `ActivationSimulator`;
tests use simpler ones.
"""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from torch import Tensor

if TYPE_CHECKING:
    from models.muscles.static_optimization import Simulation
    from models.skeleton.description import ModelDescription
    from models.surrogate.prediction import MusclePrediction


@runtime_checkable
class Skeleton(Protocol):
    """Forward kinematics of a subject: motions (..., T, 33), degrees and metres, to points in the ground frame.

    `extra` holds further coordinates of the model by name, (..., T), degrees or metres.

    Attributes:
        contact_radii: (12,) radii of the foot contact spheres, metres.
        coordinate_range: (33, 2) degrees and metres.
    """

    contact_radii: Tensor
    coordinate_range: Tensor

    @property
    def description(self) -> "ModelDescription":
        """Joints, bodies and contact spheres of the model."""

    @property
    def body_names(self) -> tuple[str, ...]:
        """Names of the bodies, in the order of `bodies`."""

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the joints, in the order of `joint_centres`."""

    @property
    def anthropometry(self) -> tuple[float, ...]:
        """Anthropometric features of the subject, which the surrogate uses."""

    @property
    def mass_kg(self) -> float:
        """Body mass in kilograms."""

    @property
    def leg_length_m(self) -> float:
        """Length of a leg in metres: hip to knee plus knee to ankle, mean of both legs."""

    def bodies(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Rotations (..., T, B, 3, 3) and origins (..., T, B, 3) of the bodies, metres."""

    def joint_centres(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Joint centres (..., T, J, 3), metres."""

    def contact_points(self, motion: Tensor, extra: dict[str, Tensor] | None = None) -> Tensor:
        """Centres of the foot contact spheres (..., T, 12, 3), metres, right foot first."""


@runtime_checkable
class Surrogate(Protocol):
    """Muscle activations of one subject's motions, predicted by networks; differentiable.

    Attributes:
        longest_frames: the most frames of a motion; None for any number.
    """

    longest_frames: int | None

    def __call__(
        self, motion: Tensor, mask: Tensor | None = None, extra: dict[str, Tensor] | None = None
    ) -> "MusclePrediction":
        """The `MusclePrediction` of motions (B, T, 33), degrees and metres.

        Args:
            motion: canonical order, 60 Hz, placed at the origin on the floor y = 0.
            mask: (B, T) bool, the frames that a network may attend to; None for all.
            extra: the model's further coordinates by name, (B, T), degrees or metres.
        """


@runtime_checkable
class Simulator(Protocol):
    """Muscle activations, joint moments and ground reaction forces of a motion on a subject's model.

    Attributes:
        weight_n: body weight in newtons.
    """

    weight_n: float

    def __call__(self, motion: Tensor, rate_hz: float, extra: dict[str, Tensor] | None = None) -> "Simulation":
        """The `Simulation` of motions (S, T, 33), degrees and metres, float64, evenly sampled at `rate_hz`."""
