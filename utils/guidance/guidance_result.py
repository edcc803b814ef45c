"""What a guidance run finds, held once: everything that is saved, printed, drawn and reported is made from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd
import torch
from torch import Tensor

from dataset.sessions import Session
from models.conventions import SIDES, without_side
from utils.guidance.baseline import Baseline
from utils.guidance.change_description import SquatChange
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import Measure
from utils.guidance.objective.constraints import Term
from utils.guidance.subject.own_squats import OwnSquats
from utils.guidance.verification import Verification


@dataclass(frozen=True, repr=False)
class GuidanceResult:
    """The guided motions of one subject, with all that was found out about them.

    Attributes:
        config: the settings of the run.
        session: the subject's session; None where a loaded run's session is no longer there.
        session_id: its id.
        mass_kg: body mass of the subject's model, kilograms.
        leg_length_m: hip to knee to ankle of the model, metres.
        terms: what the samples were asked, in the order of `GuidedSample.values`.
        samples: the least change from the own squats first, or, without any, by the predicted peak activation of
            `config.muscle`; all tensors on the CPU.
        measures: by `<quantity>_<statistic>`, what each sample does beside what was asked.
        verification: what the simulation on the subject's own model finds of the samples; None if it was not run.
        own_squats: the subject's recorded squats.
        baseline: what the subject does now; None where the session holds no squat, and in runs of earlier versions.
        changes: what each sample changes of it; empty without a baseline.
        training_names: names of the training windows, and of the starts that were made from own squats, indexed by
            `GuidedSample.nearest`; may be empty.
        training_latents: (N, L, D) their latents; None without any, and in a loaded result.
        between_subject_distance: median distance of a training latent to the nearest of another session, or None.
        history: one row per iteration: batch, iteration, active, met, objective, proximity and the loss of each term.
        interrupted: whether the user stopped the run early.
        made: when the run ended, UTC.
        warnings: what is doubtful of the session itself, in sentences.
        seconds: how long the run took; of one that went on after an interruption, since then.
        command: the command line of the run, or how else it was called.
        versions: versions of python, torch, opensim and of this code.
    """

    config: GuidanceConfig
    session: Session | None
    session_id: str
    mass_kg: float
    leg_length_m: float
    terms: tuple[Term, ...]
    samples: tuple[GuidedSample, ...]
    measures: dict[str, Measure]
    verification: Verification | None
    own_squats: OwnSquats
    training_names: tuple[str, ...]
    training_latents: Tensor | None
    between_subject_distance: float | None
    history: pd.DataFrame
    interrupted: bool
    made: datetime
    command: str
    versions: dict[str, str]
    baseline: Baseline | None = None
    changes: tuple[SquatChange, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def accepted(self) -> int:
        """How many samples meet every requirement, in simulation where there is one; the same answers count once."""
        return sum(sample.accepted and not self.is_repeated(j) for j, sample in enumerate(self.samples))

    @property
    def repeated(self) -> int:
        """How many more samples meet every requirement, and are the same answer as an earlier one."""
        return sum(sample.accepted and self.is_repeated(j) for j, sample in enumerate(self.samples))

    def is_repeated(self, j: int) -> bool:
        """Whether sample j is the same answer as an earlier one."""
        return bool(self.changes) and self.changes[j].same_as is not None

    @property
    def least_changed(self) -> int | None:
        """The sample that meets every requirement and changes its own squat least; None where there is none.

        Samples that were compared with own squats come in that order.
        """
        accepted = (j for j, sample in enumerate(self.samples) if sample.accepted)
        return next(accepted, None) if self.changes else None

    def predicted_values(self, k: int) -> Tensor:
        """(S, C) values of term k as the surrogate predicts them."""
        if self.verification is not None and self.verification.predicted_values:
            return self.verification.predicted_values[k]
        return torch.stack([sample.values[k] for sample in self.samples])

    def accepted_as_predicted(self, j: int) -> bool:
        """Whether sample j meets every requirement as far as the surrogate predicts."""
        return self.samples[j].is_plausible and all(
            bool(term.met(self.predicted_values(k)[j : j + 1])[0]) for k, term in enumerate(self.terms) if term.required
        )

    def tolerance_of(self, term: Term) -> float:
        """How far out of the bounds of a term a value still counts as met here, in the quantity's unit."""
        return term.effective_tolerance if self.verification is None else term.grace

    @property
    def activation_range(self) -> tuple[float, float] | None:
        """The range that the peak activation of `config.muscle` had to lie in; None where constraints replaced it."""
        for term in self.terms:
            is_peak = (term.quantity, term.statistic, term.argument) == ("activation", "max", self.config.muscle)
            if is_peak and term.required and term.low is not None and term.high is not None:
                return term.low, term.high
        return None

    @property
    def muscle_sides(self) -> list[int]:
        """The sides that `config.muscle` names, 0 for left and 1 for right: the columns of peaks that count."""
        base = without_side(self.config.muscle)
        return [k for k, side in enumerate(SIDES) if self.config.muscle in (base, f"{base}_{side}")]

    @property
    def motion(self) -> Tensor:
        """(S, T, 33) guided motions at 60 Hz, degrees and metres, on the floor y = 0."""
        return torch.stack([sample.motion for sample in self.samples])

    @property
    def activations(self) -> Tensor:
        """(S, T, 80) predicted muscle activations, 0 to 1."""
        return torch.stack([sample.activations for sample in self.samples])

    @property
    def file_names(self) -> list[str]:
        """Names of the samples' motion files, in their order."""
        return [f"entry_{j}_{self.config.run_folder.name}.mot" for j in range(len(self.samples))]

    def nearest_name(self, sample: GuidedSample) -> str | None:
        """Name of the training window or own squat whose latent is nearest to the sample's; None without any."""
        return self.training_names[sample.nearest] if self.training_names and sample.nearest >= 0 else None

    def simulation_verdicts(self) -> list[str]:
        """For each sample `met`, `near` or `missed` in simulation; see `Verification.verdicts`. Empty without one.

        What is implausible is missed, so that `met` are those that are accepted.
        """
        if self.verification is None:
            return []
        pairs = zip(self.samples, self.verification.verdicts(self.terms), strict=True)
        return [verdict if sample.is_plausible else "missed" for sample, verdict in pairs]

    def take(self, indices: Sequence[int]) -> "GuidanceResult":
        """The result with the samples at `indices` alone, in that order."""
        chosen = list(indices)
        return replace(
            self,
            samples=tuple(self.samples[j] for j in chosen),
            measures={name: replace(one, values=one.values[chosen]) for name, one in self.measures.items()},
            verification=self.verification and self.verification.take(chosen),
            changes=tuple(self.changes[j] for j in chosen) if self.changes else (),
        )

    def __repr__(self) -> str:
        """The result in one line, without its arrays."""
        by = "the surrogate's prediction" if self.verification is None else "simulation"
        return (
            f"GuidanceResult({len(self.samples)} motions of {self.session_id}, {self.accepted} of "
            f"{self.config.min_samples} meet the requirements by {by})"
        )
