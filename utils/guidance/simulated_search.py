"""Search for motions that the simulation accepts: optimise, simulate, correct, and replace what is rejected."""

import logging
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from dataset.opensim.model_reader import load_skeleton
from models.muscles.static_optimization import ActivationSimulator
from models.protocols import Skeleton
from utils.biomechanics.context import Context
from utils.guidance.change_description import nearest_own, same_answers
from utils.guidance.guidance_config import OWN
from utils.guidance.guidance_observer import GuidanceObserver
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.latents.latent_sampling import SequenceSampler
from utils.guidance.optimisation.guidance_progress import GuidanceProgress
from utils.guidance.optimisation.latent_optimizer import Row
from utils.guidance.optimisation.recalled_optimizer import RecalledOptimizer
from utils.guidance.optimisation.refinement import ITERATIONS, OnRound, refine
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.optimisation.search import search
from utils.guidance.preparation import Preparation
from utils.guidance.subject.squat_profile import squat_profiles
from utils.guidance.verification import (
    SimulatedMotion,
    Verification,
    judged_by_simulation,
    prediction_of,
    simulate_motions,
)
from utils.runs.interruption import graceful_shutdown

logger = logging.getLogger("bige")

# As long as the simulation accepts none, so few motions are tried at once. After so many attempts without an answer, or
# without a new one, the search ends, so that what cannot be met is known early.
_PILOT, _IN_VAIN = 4, 2
_ATTEMPTS = 5  # so many times what the simulation rejects is replaced by further starts, the first ones included


@dataclass(frozen=True)
class FoundSamples:
    """The samples that were found.

    Attributes:
        samples: with the surrogate's values.
        simulations: what the simulation finds of each; empty where it was not run.
        history: a row for each iteration.
        interrupted: whether the user stopped the search.
    """

    samples: list[GuidedSample]
    simulations: list[SimulatedMotion]
    history: list[Row]
    interrupted: bool


class _Search:
    """The search of one run, with the number of the next start."""

    def __init__(
        self,
        prepared: Preparation,
        progress: GuidanceProgress,
        observer: GuidanceObserver,
        on_iteration: Callable[[Row], None],
        should_stop: Callable[[], bool],
    ) -> None:
        config, update = prepared.config, prepared.latents.update
        # What is asked acts from the first iteration where the own squats are to change as little as possible.
        phases = {"first": 0.0, "ramp": 0.0} if config.start == OWN else {}
        self.optimizer = RecalledOptimizer(
            prepared.objective(),
            Schedule(prepared.iterations, release=config.release, **phases),
            update.usual_lr if config.lr is None else config.lr,
            update,
            patience=config.patience,
            brief=prepared.brief,
            memory=observer.memory,
        )
        self.prepared, self.progress, self.observer = prepared, progress, observer
        self.on_iteration, self.should_stop = on_iteration, should_stop
        self.used = 0

    def search_by_surrogate(self, wanted: int) -> list[GuidedSample]:
        """`wanted` different samples that the surrogate accepts, or what comes nearest."""
        config, skeleton, first = self.prepared.config, self.prepared.models.skeleton, self.used

        def start(number: int) -> Tensor:
            self.used = max(self.used, first + number + 1)
            return self.prepared.latents.sampler(first + number)

        def count(accepted: Sequence[GuidedSample]) -> int:
            if not config.verify and accepted:
                self.observer.on_accepted([sample.cpu() for sample in accepted])
            return count_answers(accepted, skeleton)

        self.progress.begin(self.prepared.most_iterations if self.optimizer.brief else self.prepared.iterations)
        found = search(
            self.optimizer,
            start,
            wanted=wanted,
            starts=config.num_runs - first,
            batch_size=config.batch_size,
            give_up=config.give_up,
            on_iteration=self.on_iteration,
            should_stop=self.should_stop,
            count=count,
        )
        return [replace(sample, start=first + sample.start) for sample in found]

    def simulate_and_refine(
        self, samples: list[GuidedSample], simulator: ActivationSimulator, on_round: OnRound
    ) -> tuple[list[GuidedSample], list[SimulatedMotion]]:
        """The samples, refined, and what the simulation finds of each; `on_round` as of `refine`."""
        count = len(samples)
        self.progress.begin(ITERATIONS, "refinement round")
        logger.info("simulating %d motion%s on the subject's own model", count, "s" * (count != 1))
        return refine(
            samples,
            self.optimizer,
            self.prepared.models,
            judge=partial(simulate_motions, simulator, own=self.prepared.own_simulations),
            simulate=self.prepared.simulate,
            rounds=self.prepared.config.refinement_rounds,
            on_iteration=self.on_iteration,
            should_stop=self.should_stop,
            on_round=on_round,
        )

    def search_by_simulation(
        self, wanted: int, simulator: ActivationSimulator
    ) -> tuple[list[GuidedSample], list[SimulatedMotion]]:
        """Samples until the simulation accepts `wanted` different ones, or there is no prospect of more."""
        samples: list[GuidedSample] = []
        simulations: list[SimulatedMotion] = []
        most, in_vain = -1, 0
        for attempt in range(_ATTEMPTS):
            answers = self._answers(samples, simulations)
            missing = wanted - answers
            in_vain = 0 if answers > most else in_vain + 1
            most = max(most, answers)
            if missing <= 0 or in_vain >= _IN_VAIN or self.used >= self.prepared.config.num_runs:
                break
            if samples and self.should_stop():
                break
            if samples:
                logger.info("the simulation accepts %d of %d motions; further starts", answers, wanted)
            few = min(missing, _PILOT) if not answers else missing
            # What two attempts leave missing is rare, or the starts give answers that are there already.
            found = self.search_by_surrogate(few if attempt < 2 else max(few, _PILOT))
            is_hopeless = not any(sample.accepted for sample in found)
            found, theirs = self.simulate_and_refine(found, simulator, partial(self._tell, samples, simulations))
            is_over = answers or is_hopeless or self.should_stop()
            if self.optimizer.brief and not (is_over or self._answers(found, theirs)):
                # What the simulation alone rejects, such as jerks, more iterations from the same starts may mend.
                again = "the simulation accepts none of these motions; the same starts again, with %d iterations each"
                logger.info(again, self.prepared.iterations)
                self.optimizer = replace(self.optimizer, brief=0)
                self.used, in_vain = 0, -1
                continue
            samples, simulations = samples + found, simulations + theirs
            if is_hopeless and not (answers and len(found) <= _PILOT):  # where others have met it, a few say little
                break
            self._prefer_least_changed(self._accepted(samples, simulations).values())
        if missing > 0 and not self.should_stop():
            self._say_why_it_ends(self._answers(samples, simulations), wanted)
        return samples, simulations

    def _say_why_it_ends(self, answers: int, wanted: int) -> None:
        """Log why there are no further starts, where the simulation accepts fewer motions than wanted."""
        is_used_up = self.used >= self.prepared.config.num_runs
        reason = "--num-runs allows no more" if is_used_up else "there is little prospect of further answers"
        if answers < wanted:
            message = "the search ends after %d starts, since %s: the simulation accepts %d of %d motions"
            logger.info(message, self.used, reason, answers, wanted)

    def _prefer_least_changed(self, accepted: Iterable[GuidedSample]) -> None:
        """Continue with starts that were made from those own squats whose accepted answers changed them least."""
        sampler, own = self.prepared.latents.sampler, self.prepared.own
        if own is None or not isinstance(sampler, SequenceSampler):
            return
        changes: dict[int, float] = {}
        for sample in accepted:
            source, change = sampler.source_of(sample.start), nearest_own(sample.motion, own.placed.cpu())[1]
            changes[source] = min(change, changes.get(source, math.inf))
        sampler.prefer(self.used, changes)

    def _answers(self, samples: list[GuidedSample], simulations: list[SimulatedMotion]) -> int:
        """How many different motions the simulation accepts."""
        accepted = self._accepted(samples, simulations)
        return count_answers([samples[j] for j in accepted], self.prepared.models.skeleton)

    def _accepted(self, samples: list[GuidedSample], simulations: list[SimulatedMotion]) -> dict[int, GuidedSample]:
        """The samples that the simulation accepts, with its values and on the CPU, by their place among `samples`."""
        if not samples:
            return {}
        on_cpu = [sample.cpu() for sample in samples]
        judged = judged_by_simulation(on_cpu, verify(self.prepared, on_cpu, simulations), self.prepared.terms)
        return {j: sample for j, sample in enumerate(judged) if sample.accepted}

    def _tell(
        self,
        samples: list[GuidedSample],
        simulations: list[SimulatedMotion],
        more: list[GuidedSample],
        their_simulations: list[SimulatedMotion],
    ) -> None:
        """Tell the observer which of the samples, those of earlier attempts and `more`, the simulation accepts."""
        if accepted := self._accepted([*samples, *more], [*simulations, *their_simulations]):
            self.observer.on_accepted(list(accepted.values()))


def find_samples(prepared: Preparation, observer: GuidanceObserver) -> FoundSamples:
    """Optimise latents, and where the configuration says `verify`, simulate and refine the samples.

    Args:
        prepared: the subject, the networks and what is asked.
        observer: told of each iteration and of the samples that are accepted.
    """
    config = prepared.config
    history: list[Row] = []
    with graceful_shutdown() as should_stop, GuidanceProgress() as progress:

        def on_row(row: Row) -> None:
            history.append(progress.show(row))
            observer.on_iteration(history[-1])

        run = _Search(prepared, progress, observer, on_row, should_stop)
        if config.verify:
            samples, simulations = run.search_by_simulation(config.guided_samples, prepared.simulator())
        else:
            samples, simulations = run.search_by_surrogate(config.guided_samples), []
        return FoundSamples(samples, simulations, history, should_stop())


def verify(
    prepared: Preparation, samples: Sequence[GuidedSample], simulations: Sequence[SimulatedMotion]
) -> Verification:
    """The verification of samples on the CPU."""
    skeleton = load_skeleton(prepared.session.model_path, torch.float32)
    own = own_context(prepared, skeleton)
    return Verification.of(samples, simulations, prepared.terms, skeleton, prepared.config.muscle, own)


@torch.no_grad()
def own_context(prepared: Preparation, skeleton: Skeleton) -> Context | None:
    """The own squats on the CPU, with what the simulation, or else the surrogate, finds of them; None without any.

    Args:
        prepared: the run.
        skeleton: the subject's, on the CPU.
    """
    if prepared.own is None or prepared.models.own is None:
        return None
    now = prediction_of(prepared.own_simulations) if prepared.own_simulations else prepared.models.own.prediction
    return guided_context(
        prepared.own.placed.cpu().double(), prediction=now.map(lambda part: part.cpu().double()), skeleton=skeleton
    )


def count_answers(samples: Sequence[GuidedSample], skeleton: Skeleton) -> int:
    """How many of the samples are answers of their own."""
    if not samples:
        return 0
    motion = torch.stack([sample.motion for sample in samples])
    return same_answers(motion, squat_profiles(motion, skeleton)).count(None)
