"""Motions and what can be derived from them, for the quantities to look at."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.muscle_names import muscle_channels
from models.conventions import FRAME_RATE_HZ, SIDES
from models.protocols import Skeleton
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.own_comparison import NearestOwn
from utils.biomechanics.repetition_parts import RepetitionParts, divide_squats
from utils.biomechanics.trace import Trace


class LegJoints(NamedTuple):
    """Joint centres of both legs, metres.

    Attributes:
        hip: (B, T, 2, 3), left first.
        knee: (B, T, 2, 3), left first.
        ankle: (B, T, 2, 3), left first.
    """

    hip: Tensor
    knee: Tensor
    ankle: Tensor


class Context:
    """Motions and what can be derived from them, each derived at most once and only when a quantity asks for it."""

    def __init__(
        self,
        motion: Tensor,
        *,
        mask: Tensor | None = None,
        recorded: Tensor | None = None,
        feet_mask: Tensor | None = None,
        activations: Tensor | None = None,
        prediction: MusclePrediction | None = None,
        surrogate: Callable[[Tensor, Tensor], MusclePrediction] | None = None,
        skeleton: Skeleton | None = None,
        contact_points: Tensor | None = None,
        floor_height_m: Tensor | float | None = None,
        rate_hz: float = FRAME_RATE_HZ,
        ends_s: float = 0.0,
        own: "Context | None" = None,
    ) -> None:
        """Hold motions and the models that describe them further.

        Args:
            motion: (B, T, 33), degrees and metres, canonical order, ground frame with y up.
            mask: (B, T) bool, the frames that count (recorded, or of the first repetition); default all.
            recorded: (B, T) bool, the frames that the surrogate may look at; default `mask`.
            feet_mask: (B, T) bool, the frames that count for quantities of the feet; default `mask`.
            activations: (B, T, 80) in 0..1, where they are known; else those of `prediction`.
            prediction: activations and forces where they are known, for example of a simulation; else `surrogate`
                predicts them.
            surrogate: predicts what is not known, from motion and `recorded`; see `models.protocols.Surrogate`.
            skeleton: models.skeleton.Skeleton of the person, for foot and joint quantities.
            contact_points: (B, T, 12, 3) metres, where the skeleton's are already known.
            floor_height_m: height of the floor, (B,) or a number; default from the feet, see `floor_height`.
            rate_hz: frames a second.
            ends_s: activations of the first and last so many seconds do not count: predicted or simulated, they rest
                on what is not there.
            own: the person's own repetitions (R, T', 33), one each, which `change_from_own` and comparisons with own
                values refer to.
        """
        self.motion = motion
        self.mask = torch.ones(motion.shape[:2], dtype=torch.bool, device=motion.device) if mask is None else mask
        self._recorded = self.mask if recorded is None else recorded
        self.feet_mask = self.mask if feet_mask is None else feet_mask
        self.rate_hz = rate_hz
        self._activations, self._surrogate, self._skeleton = activations, surrogate, skeleton
        self._prediction, self._own = prediction, own
        self._contact_points = contact_points
        self._floor_height = floor_height_m
        self._end_frames = round(ends_s * rate_hz)

    @cached_property
    def activation_mask(self) -> Tensor:
        """(B, T) bool, the frames whose activations count."""
        if not self._end_frames:
            return self.mask
        mask = self.mask.clone()
        mask[:, : self._end_frames] = False
        mask[:, -self._end_frames :] = False
        return mask

    @property
    def skeleton(self) -> Skeleton:
        """The person's skeleton; InputError where none was given."""
        if self._skeleton is None:
            raise InputError("this quantity looks at the feet or joints and needs a person's skeleton: name --subject")
        return self._skeleton

    @cached_property
    def with_standing(self) -> "Context":
        """The same motions, in which the frames that count for the feet count for everything."""
        return Context(
            self.motion,
            mask=self.feet_mask,
            recorded=self._recorded,
            activations=self._activations,
            surrogate=lambda *_: self.prediction,
            skeleton=self._skeleton,
            contact_points=self._contact_points,
            floor_height_m=self._floor_height,
            rate_hz=self.rate_hz,
            ends_s=self._end_frames / self.rate_hz,
            own=self._own,
        )

    @cached_property
    def activations(self) -> Tensor:
        """(B, T, 80) activations in 0..1, as given or as the surrogate predicts them."""
        if self._activations is not None:
            return self._activations
        return self.prediction.activations

    @cached_property
    def prediction(self) -> MusclePrediction:
        """Activations and forces, as given or as the surrogate predicts them."""
        if self._prediction is not None:
            return self._prediction
        if self._surrogate is None:
            raise InputError("this quantity needs muscle activations: give muscle-driven motions or a surrogate")
        return self._surrogate(self.motion, self._recorded)

    @property
    def load_share(self) -> Tensor:
        """(B, T, 2) fraction of the vertical ground reaction force under the left and the right foot."""
        return self._known_force(self.prediction.load_share)

    @property
    def moments(self) -> Tensor:
        """(B, T, 2, 7) net joint moments of the left and the right leg on LEG_COORDINATES, Nm/kg."""
        return self._known_force(self.prediction.moments)

    @property
    def centres_of_pressure(self) -> Tensor:
        """(B, T, 2, 3) centres of pressure of the left and the right foot, metres, ground frame."""
        return self._known_force(self.prediction.centres_of_pressure)

    def _known_force(self, force: Tensor | None) -> Tensor:
        if force is None:
            raise InputError("this quantity needs forces, which neither a simulation nor this surrogate gave")
        return force

    @property
    def own(self) -> "Context":
        """The person's own repetitions; InputError where there are none."""
        if self._own is None:
            raise InputError("this quantity compares with the person's own squats, and the session has none")
        return self._own

    @cached_property
    def nearest_own(self) -> NearestOwn:
        """The own repetition nearest in form to each motion; InputError where there are none."""
        return NearestOwn(self.motion, self.phases, self.mask, self.own.motion, self.own.phases)

    @cached_property
    def body_poses(self) -> tuple[Tensor, Tensor]:
        """Rotations (B, T, bodies, 3, 3) to the ground frame and origins (B, T, bodies, 3), metres, of the bodies."""
        return self.skeleton.bodies(self.motion)

    @cached_property
    def contact_points(self) -> Tensor:
        """(B, T, 12, 3) centres of the foot contact spheres in metres, right foot first."""
        return self.skeleton.contact_points(self.motion) if self._contact_points is None else self._contact_points

    @cached_property
    def leg_joints(self) -> LegJoints:
        """Centres of hip, knee and ankle of each leg."""
        centres = self.skeleton.joint_centres(self.motion)
        at = self.skeleton.joint_names.index
        hip, knee, ankle = ([at(f"{joint}_{side}") for side in SIDES] for joint in ("hip", "walker_knee", "ankle"))
        return LegJoints(centres[..., hip, :], centres[..., knee, :], centres[..., ankle, :])

    @cached_property
    def sole_height(self) -> Tensor:
        """(B, T, 12) height in metres of each contact sphere's lowest point, in the ground frame."""
        return self.contact_points[..., 1] - self.skeleton.contact_radii.to(self.contact_points)

    @cached_property
    def floor_height(self) -> Tensor:
        """(B,) height of the floor in metres: as given, or the median over frames of the lowest sole point."""
        if self._floor_height is not None:
            return torch.as_tensor(self._floor_height).to(self.motion).expand(len(self.motion))
        lowest = self.sole_height.amin(-1)
        return lowest.masked_fill(~self.mask, torch.nan).nanmedian(dim=1).values

    @cached_property
    def height_above_floor(self) -> Tensor:
        """(B, T, 12) height in metres of each sole point above the floor."""
        return self.sole_height - self.floor_height[:, None, None]

    @cached_property
    def phases(self) -> RepetitionParts:
        """The phases of the deepest squat within the frames that count."""
        return divide_squats(self.motion, self.mask, self._recorded)

    def activation(self, muscle: str) -> Tensor:
        """(B, T, C) activation of a muscle, or of the most active muscle of a group, left and right or of one side."""
        return activation_of(self.activations, muscle)

    def peak_frame(self, muscle: str) -> Tensor:
        """(B,) frame at which `muscle` is most active, of both sides the larger (one side with `vasmed_l`)."""
        trace = Trace(self.activation(muscle), self.activation_mask)
        return trace.filled(-torch.inf).amax(-1).argmax(dim=1)


def activation_of(activations: Tensor, muscle: str) -> Tensor:
    """(..., C) activation of a muscle, or of the most active muscle of a group, of activations (..., 80)."""
    return torch.stack([activations[..., members].amax(-1) for members in muscle_channels(muscle)], -1)
