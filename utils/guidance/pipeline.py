"""Guidance of one subject in one call, from a configuration to a result.

result = run_guidance(GuidanceConfig(subject="path/to/session", low=0.35, high=0.45))
result.motion                    # (S, T, 33) degrees and metres, at 60 Hz
result.verification.simulated    # (S, 2) peak activations found by static optimisation, left and right
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import pandas as pd
import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.protocols import Skeleton
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.guidance.baseline import Baseline, baseline_of, baseline_sentence
from utils.guidance.change_description import SquatChange, describe_changes, nearest_own, same_answers
from utils.guidance.guidance_config import OWN, GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import measure
from utils.guidance.objective.constraints import Term
from utils.guidance.optimisation.guidance_progress import GuidanceProgress
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer, Row
from utils.guidance.optimisation.refinement import ITERATIONS, refine
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.optimisation.search import search
from utils.guidance.preparation import Preparation, prepare
from utils.guidance.subject.squat_profile import squat_profiles
from utils.guidance.verification import (
    SimulatedMotion,
    Verification,
    judged_by_simulation,
    prediction_of,
    select_by_simulation,
    simulate_motions,
)
from utils.runs.interruption import graceful_shutdown
from utils.runs.record import command_line, versions

logger = logging.getLogger("bige")

_REPLACEMENTS = 2  # so many times what the simulation rejects is replaced by further starts


class GuidanceObserver(Protocol):
    """What `run_guidance` tells while it runs; `RunWriter` writes it to a run folder."""

    def on_start(self, session: Session, terms: Sequence[Term]) -> None:
        """Called once, when all input has been read and found valid, before the first iteration."""

    def on_iteration(self, row: Row) -> None:
        """Called after each iteration, with a row of `GuidanceResult.history`."""


def run_guidance(config: GuidanceConfig, observer: GuidanceObserver | None = None) -> GuidanceResult:
    """Generate motions of one subject that meet constraints.

    Loads the networks and the subject, optimises latents, corrects the surrogate by the simulation and continues, keeps
    the samples that meet the requirements best in simulation, and measures them. The first Ctrl-C ends the
    optimisation after the current iteration, and the best samples so far are completed. Sets torch's threads and the
    seeds of all random generators.

    Args:
        config: what is asked, and how it is searched for.
        observer: told of the start and of each iteration; without one, nothing is written.

    Raises:
        InputError: the configuration, the session or a checkpoint cannot be used.
    """
    prepared = prepare(config)
    terms, config, session, latents = prepared.terms, prepared.config, prepared.session, prepared.latents
    if observer:
        observer.on_start(session, terms)
    baseline = measure_baseline(prepared)
    if baseline:
        logger.info("%s", baseline_sentence(baseline))
    search_result = _search(prepared, observer)
    skeleton = load_skeleton(session.model_path, torch.float32)
    samples, verification, changes = _select(prepared, search_result, skeleton, baseline)
    guided = guided_context(
        torch.stack([sample.motion for sample in samples]),
        activations=torch.stack([sample.activations for sample in samples]),
        skeleton=skeleton,
    )
    return GuidanceResult(
        config=config,
        session=session,
        session_id=session.id,
        mass_kg=skeleton.mass_kg,
        leg_length_m=skeleton.leg_length_m,
        terms=tuple(terms),
        samples=tuple(samples),
        measures=measure(guided, config.muscle),
        verification=verification,
        own_squats=prepared.own_squats,
        baseline=baseline,
        changes=changes,
        training_names=latents.names,
        training_latents=None if latents.latents is None else latents.latents.cpu(),
        between_subject_distance=latents.between_subject_distance,
        history=pd.DataFrame(search_result.history),
        interrupted=search_result.interrupted,
        made=datetime.now(UTC),
        command=command_line(),
        versions=versions(),
    )


@dataclass(frozen=True)
class _SearchResult:
    """The samples that were found, what the simulation finds of each (empty without it), and how it went."""

    samples: list[GuidedSample]
    simulations: list[SimulatedMotion]
    history: list[Row]
    interrupted: bool


def _search(prepared: Preparation, observer: GuidanceObserver | None) -> _SearchResult:
    """Optimise latents, and where the configuration says `verify`, simulate and refine the samples."""
    config, models, latents = prepared.config, prepared.models, prepared.latents
    # What is asked acts from the first iteration where the own squats are to change as little as possible.
    phases = {"first": 0.0, "ramp": 0.0} if config.start == OWN else {}
    optimizer = LatentOptimizer(
        prepared.objective(),
        Schedule(prepared.iterations, release=config.release, **phases),
        config.lr,
        latents.update,
        patience=config.patience,
    )
    history: list[Row] = []
    simulations: list[SimulatedMotion] = []
    with graceful_shutdown() as should_stop, GuidanceProgress(prepared.iterations) as progress:

        def on_iteration(row: Row) -> None:
            history.append(progress.show(row))
            if observer:
                observer.on_iteration(history[-1])

        def evaluate(first: int, wanted: int) -> tuple[list[GuidedSample], list[SimulatedMotion], int]:
            """Samples from start number `first` on, with their simulations, and the number of the next start."""
            used = first

            def start(number: int) -> Tensor:
                nonlocal used
                used = max(used, first + number + 1)
                return latents.sampler(first + number)

            progress.begin("batch", prepared.iterations)
            found = search(
                optimizer,
                start,
                wanted=wanted,
                starts=config.num_runs - first,
                batch_size=config.batch_size,
                give_up=config.give_up,
                on_iteration=on_iteration,
                should_stop=should_stop,
                count=lambda accepted: count_answers(accepted, models.skeleton),
            )
            found = [replace(sample, start=first + sample.start) for sample in found]
            if simulator is None:
                return found, [], used
            logger.info("simulating %d motions on the subject's own model", len(found))
            progress.begin("round", ITERATIONS)
            simulate = partial(simulate_motions, simulator)
            found, simulations = refine(
                found, optimizer, models, simulate, config.refinement_rounds, on_iteration, should_stop
            )
            return found, simulations, used

        simulator = prepared.simulator() if config.verify else None
        wanted = math.ceil(config.candidates * config.min_samples)
        samples, simulations, used = evaluate(0, wanted)
        for _ in range(_REPLACEMENTS if config.verify else 0):
            accepted = _accepted(prepared, samples, simulations)
            missing = wanted - count_answers(accepted, models.skeleton)
            if missing <= 0 or not accepted or used >= config.num_runs or should_stop():
                break
            logger.info("%d motions are missing and replaced by further starts", missing)
            more, their_simulations, used = evaluate(used, missing)
            samples, simulations = samples + more, simulations + their_simulations
        return _SearchResult(samples, simulations, history, should_stop())


def _accepted(
    prepared: Preparation, samples: list[GuidedSample], simulations: list[SimulatedMotion]
) -> list[GuidedSample]:
    """The samples that the simulation accepts."""
    on_cpu = [sample.cpu() for sample in samples]
    verification = _verify(prepared, on_cpu, simulations)
    judged = judged_by_simulation(on_cpu, verification, prepared.terms)
    return [sample for sample, one in zip(samples, judged, strict=True) if one.accepted]


def _verify(
    prepared: Preparation, samples: Sequence[GuidedSample], simulations: Sequence[SimulatedMotion]
) -> Verification:
    """The verification of samples on the CPU."""
    skeleton = load_skeleton(prepared.session.model_path, torch.float32)
    own = None
    if prepared.own is not None and prepared.own_simulations:
        now = prediction_of(prepared.own_simulations)
        own = guided_context(prepared.own.placed.cpu().double(), prediction=now, skeleton=skeleton)
    return Verification.of(samples, simulations, prepared.terms, skeleton, prepared.config.muscle, own)


def measure_baseline(prepared: Preparation) -> Baseline | None:
    """What the subject does now, simulated where that has been done; None where the session holds no squat."""
    own, models, config = prepared.own, prepared.models, prepared.config
    if own is None:
        return None
    with torch.no_grad():
        activations = models.describe_motion(own.placed).activations
    return baseline_of(own, models.skeleton, config.muscle, activations, prepared.own_simulations)


def run_baseline(config: GuidanceConfig) -> tuple[Session, Baseline]:
    """What a subject does now, without generating anything.

    Raises:
        InputError: the session holds no squat, or cannot be used.
    """
    prepared = prepare(config)
    baseline = measure_baseline(prepared)
    if baseline is None:
        raise InputError(f"{prepared.session.path} holds no squat that could be described")
    return prepared.session, baseline


def _select(
    prepared: Preparation, found: _SearchResult, skeleton: Skeleton, baseline: Baseline | None
) -> tuple[list[GuidedSample], Verification | None, tuple[SquatChange, ...]]:
    """The samples to return, judged by their verification, and what they change; the least change first.

    Without own squats they are sorted by predicted peak activation.
    """
    config = prepared.config
    order = _by_peak_activation(found.samples, config.muscle)
    samples = [found.samples[j].cpu() for j in order]
    verification, share = None, None
    if found.simulations:
        verification = _verify(prepared, samples, [found.simulations[j] for j in order])
        samples = judged_by_simulation(samples, verification, prepared.terms)
        share = verification.right_foot_share
    motion = torch.stack([sample.motion for sample in samples])
    profiles = squat_profiles(motion, skeleton, share)
    repeated = [same is not None for same in same_answers(motion, profiles)]
    kept = sorted(sorted(range(len(samples)), key=lambda j: repeated[j])[: config.min_samples])
    if verification is not None:
        kept = select_by_simulation(samples, config.min_samples, repeated)
    if baseline is not None:
        kept.sort(key=lambda j: nearest_own(motion[j], baseline.motion)[1])
    profiles = tuple(profiles[j] for j in kept)
    changes = describe_changes(motion[kept], profiles, baseline.motion, baseline.profiles) if baseline else ()
    return [samples[j] for j in kept], verification and verification.take(kept), changes


def _by_peak_activation(samples: Sequence[GuidedSample], muscle: str) -> list[int]:
    """Indices of the samples by the predicted peak activation of the muscle, mean of the sides, least first."""
    context = guided_context(
        torch.stack([sample.motion for sample in samples]),
        activations=torch.stack([sample.activations for sample in samples]),
    )
    peaks = summarise(evaluate_quantity("activation", context, muscle), "max").mean(-1).tolist()
    return sorted(range(len(samples)), key=lambda j: (peaks[j], samples[j].start))


def count_answers(samples: Sequence[GuidedSample], skeleton: Skeleton) -> int:
    """How many of the samples are answers of their own."""
    if not samples:
        return 0
    motion = torch.stack([sample.motion for sample in samples])
    return same_answers(motion, squat_profiles(motion, skeleton)).count(None)
