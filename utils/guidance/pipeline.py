"""Guidance of one subject in one call, from a configuration to a result.

result = run_guidance(GuidanceConfig(subject="path/to/session", low=0.35, high=0.45))
result.motion                    # (S, T, 33) degrees and metres, at 60 Hz
result.verification.simulated    # (S, 2) peak activations found by static optimisation, left and right
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import pandas as pd
import torch

from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.protocols import Skeleton
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.guidance.guidance_config import OWN, GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import measure
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.published_terms import terms_of
from utils.guidance.optimisation.guidance_progress import GuidanceProgress
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer, Row
from utils.guidance.optimisation.refinement import ITERATIONS, refine
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.optimisation.search import search
from utils.guidance.preparation import Preparation, prepare
from utils.guidance.verification import SimulatedMotion, Verification, select_by_simulation, simulate_motions
from utils.runs.interruption import graceful_shutdown
from utils.runs.record import command_line, versions
from utils.simulation.simulators import build_simulator

logger = logging.getLogger("bige")


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
    terms = terms_of(config)
    prepared = prepare(config, terms)
    config, session, latents = prepared.config, prepared.session, prepared.latents
    if observer:
        observer.on_start(session, terms)
    search_result = _search(prepared, terms, observer)
    skeleton = load_skeleton(session.model_path, torch.float32)
    samples, verification = _select(config, search_result, terms, skeleton)
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


def _search(prepared: Preparation, terms: list[Term], observer: GuidanceObserver | None) -> _SearchResult:
    """Optimise latents, and where the configuration says `verify`, simulate and refine the samples."""
    config, session, models, latents = prepared.config, prepared.session, prepared.models, prepared.latents
    # What is asked acts from the first iteration where the own squats are to change as little as possible.
    phases = {"first": 0.0, "ramp": 0.0} if config.start == OWN else {}
    optimizer = LatentOptimizer(
        prepared.objective(terms),
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

        samples = search(
            optimizer,
            latents.sampler,
            wanted=math.ceil(config.candidates * config.min_samples),
            starts=config.num_runs,
            batch_size=config.batch_size,
            give_up=config.give_up,
            on_iteration=on_iteration,
            should_stop=should_stop,
        )
        if config.verify:
            logger.info("simulating %d motions on the subject's own model", len(samples))
            progress.begin_refinement(ITERATIONS)
            simulator = build_simulator(session.model_path, exact_paths=config.exact_paths)
            samples, simulations = refine(
                samples,
                optimizer,
                models,
                partial(simulate_motions, simulator),
                config.refinement_rounds,
                on_iteration,
                should_stop,
            )
        return _SearchResult(samples, simulations, history, should_stop())


def _select(
    config: GuidanceConfig, found: _SearchResult, terms: Sequence[Term], skeleton: Skeleton
) -> tuple[list[GuidedSample], Verification | None]:
    """The samples to return, by predicted peak activation, and their verification."""
    order = _by_peak_activation(found.samples, config.muscle)
    samples = [found.samples[j].cpu() for j in order]
    if not found.simulations:
        return samples, None
    simulations = [found.simulations[j] for j in order]
    verification = Verification.of(samples, simulations, terms, skeleton, config.muscle)
    kept = select_by_simulation(samples, verification, terms, config.min_samples)
    return [samples[j] for j in kept], verification.take(kept)


def _by_peak_activation(samples: Sequence[GuidedSample], muscle: str) -> list[int]:
    """Indices of the samples by the predicted peak activation of the muscle, mean of the sides, least first."""
    context = guided_context(
        torch.stack([sample.motion for sample in samples]),
        activations=torch.stack([sample.activations for sample in samples]),
    )
    peaks = summarise(evaluate_quantity("activation", context, muscle), "max").mean(-1).tolist()
    return sorted(range(len(samples)), key=lambda j: (peaks[j], samples[j].start))
