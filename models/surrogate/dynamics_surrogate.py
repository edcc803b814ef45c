"""Surrogate that replaces the two quadratic programs of the simulation by networks and keeps the rest of it.

Inverse dynamics on the subject's own model is exact, cheap and differentiable. What a network has to learn is how two
feet share a ground reaction (`ground_sharing`) and how the muscles of a leg share its moments (`muscle_sharing`). The
latter depends on the person's muscles, for which its answer is corrected (`subject_muscles`).
"""

import torch
from scipy.constants import g as GRAVITY_M_S2
from torch import Tensor, nn

from models.conventions import SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.moment_capacity import moment_capacity
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from models.muscles.static_optimization import ActivationSimulator
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.ground_sharing import GroundSharing, filtered
from models.surrogate.leg_dynamics import LegKinematics, MotionDynamics, on_the_floor
from models.surrogate.muscle_sharing import MuscleSharing
from models.surrogate.prediction import MusclePrediction
from models.surrogate.subject_muscles import ReferenceSamples, SolvedSamples, SubjectMuscles
from models.surrogate.time_sampling import TimeSampling

_OWN_SAMPLES = 1000  # at most


class DynamicsSurrogate(nn.Module):
    """The networks of both kinds, which know no person; `SubjectSurrogate` applies them to one.

    Attributes:
        config: hyperparameters.
        ground: how the feet share the ground reaction.
        muscles: how the muscles of a leg share its moments.
        reference: samples of training people, by which the answer of `muscles` is corrected on a subject's model.
    """

    reference_angles: Tensor
    reference_speeds: Tensor
    reference_moments: Tensor

    def __init__(self, config: DynamicsSurrogateConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DynamicsSurrogateConfig()
        self.ground = GroundSharing(config.ground_networks, config.ground_width, config.ground_layers)
        self.muscles = MuscleSharing(config.muscle_width, config.muscle_layers)
        for name in ReferenceSamples._fields:
            samples = torch.zeros(config.reference_samples, len(LEG_COORDINATES))
            self.register_buffer(f"reference_{name}", samples)

    @property
    def reference(self) -> ReferenceSamples:
        """The reference samples."""
        return ReferenceSamples(self.reference_angles, self.reference_speeds, self.reference_moments)

    @reference.setter
    def reference(self, samples: ReferenceSamples) -> None:
        for name, values in samples._asdict().items():
            getattr(self, f"reference_{name}").copy_(values)


class SubjectSurrogate(nn.Module):
    """The surrogate of one subject; an implementation of `models.protocols.Surrogate`."""

    able: Tensor  # (80,) 0 for muscles that apply no force
    longest_frames: int | None = None

    def __init__(self, networks: DynamicsSurrogate, simulator: ActivationSimulator) -> None:
        """Apply networks to a subject.

        Args:
            networks: with float32 weights.
            simulator: of the subject.
        """
        super().__init__()
        self.networks = networks
        self.dynamics = MotionDynamics(simulator, torch.float32)
        capacity = moment_capacity(simulator.paths, simulator.muscles, simulator.able) / simulator.weight_n
        self.muscles = SubjectMuscles(networks.muscles, networks.reference, simulator, capacity[None].float())
        self.register_buffer("able", simulator.able.float())
        self.to(next(networks.parameters()).device)

    def forward(
        self, motion: Tensor, mask: Tensor | None = None, extra: dict[str, Tensor] | None = None
    ) -> MusclePrediction:
        """Activations, loads and moments of motions.

        Args:
            motion: (S, T, 33) degrees and metres, canonical order, 60 Hz, of any length, on the floor y = 0. A floor
                that is estimated from the motion would change the contact of the feet with what precedes and follows.
            mask: (S, T) bool; each motion ends with its last frame that may be seen, and its answer is held from there
                on. None where all may be seen.
            extra: the model's further coordinates by name, (S, T), degrees or metres.
        """
        if mask is not None and not bool(mask[:, -1].all()):
            return self._until_last_seen(motion, mask, extra or {})
        motion = motion.to(self.able)
        sampling = self.dynamics.sampling(motion.shape[1])
        dynamics = self.dynamics(motion, sampling, extra, floor_m=0.0)
        reaction = filtered(self.networks.ground(dynamics, self.muscles.capacity), dynamics, sampling.ground)
        moments, share, centres = (
            self.to_frames(samples, sampling)
            for samples in (reaction.moments, reaction.share, on_the_floor(reaction.pressure, dynamics))
        )
        activations = self.activations(moments, self.dynamics.kinematics(motion, sampling, extra))
        by_motion = motion.shape[:2]
        return MusclePrediction(
            activations=activations.unflatten(0, by_motion),
            load_share=share.unflatten(0, by_motion).clamp(0, 1),
            moments=(moments * GRAVITY_M_S2).unflatten(0, by_motion),
            centres_of_pressure=centres.unflatten(0, by_motion),
        )

    def fit_to(self, motion: Tensor, activations: Tensor) -> None:
        """Fit the answer to motions of the subject that have been simulated, beside the reference samples.

        Args:
            motion: (S, T, 33) as in `forward`.
            activations: (S, T, 80) by the simulation.
        """
        motion = motion.to(self.able)
        with torch.no_grad():
            moments = self(motion).moments.flatten(0, 1) / GRAVITY_M_S2
            kinematics = self.dynamics.kinematics(motion, self.dynamics.sampling(motion.shape[1]), None)
        frames = torch.arange(motion.shape[1], device=motion.device)
        is_inner = (frames >= FILTER_MARGIN_FRAMES) & (frames < len(frames) - FILTER_MARGIN_FRAMES)
        inner = is_inner.repeat(len(motion)).nonzero()[:, 0]
        chosen = inner[:: -(-len(inner) // _OWN_SAMPLES)]
        solved = activations.flatten(0, 1).to(chosen.device)[chosen].double().unflatten(1, (len(SIDES), -1))
        kept = LegKinematics(*(values[chosen] for values in kinematics))
        self.muscles.fit_to(SolvedSamples(moments[chosen], kept, solved))

    def _until_last_seen(self, motion: Tensor, mask: Tensor, extra: dict[str, Tensor]) -> MusclePrediction:
        """The answer for motions that end earlier, each at the last frame of its mask; a whole one without any."""
        frames = mask.shape[1]
        number = torch.arange(1, frames + 1, device=mask.device)
        ends = (number * mask).amax(1)
        ends = torch.where(ends > 0, ends, frames)
        answers: list[MusclePrediction | None] = [None] * len(motion)
        for end in ends.unique().tolist():
            chosen = torch.nonzero(ends == end)[:, 0]
            cut = {name: values[chosen, :end] for name, values in extra.items()}
            held = self(motion[chosen, :end], None, cut)
            at = number.clamp(max=end) - 1
            for row, index in enumerate(chosen.tolist()):
                answers[index] = held.map(lambda part, row=row, at=at: part[row, at])
        return MusclePrediction(*(torch.stack(parts) for parts in zip(*answers, strict=True)))

    def to_frames(self, samples: Tensor, sampling: TimeSampling) -> Tensor:
        """Samples (S * K, ...) at the frames, (S * T, ...)."""
        by_motion = samples.flatten(1).unflatten(0, (-1, sampling.to_frames.shape[1]))
        return (sampling.to_frames @ by_motion).reshape(-1, *samples.shape[1:])

    def activations(self, moments: Tensor, kinematics: LegKinematics) -> Tensor:
        """Activations (N, 80) of the subject's muscles in N frames.

        Args:
            moments: (N, 2, 7) net moments on LEG_COORDINATES over body weight, metres.
            kinematics: of the legs.
        """
        return self.muscles(moments, kinematics).flatten(1) * self.able
