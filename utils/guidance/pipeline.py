"""Guidance of one subject in one call, from a configuration to a result.

result = run_guidance(GuidanceConfig(subject="path/to/session", low=0.35, high=0.45))
result.motion                    # (S, T, 33) degrees and metres, at 60 Hz
result.verification.simulated    # (S, 2) peak activations found by static optimisation, left and right
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import torch

from dataset.errors import InputError
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.protocols import Skeleton
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.guidance.baseline import Baseline, asked_of_own, baseline_of, baseline_sentence
from utils.guidance.change_description import SquatChange, describe_changes, repeated_answers, sizes_of_change
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_observer import GuidanceObserver
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import measure_samples
from utils.guidance.objective.whole_motion import of_repetitions
from utils.guidance.preparation import Preparation, prepare
from utils.guidance.repeated_squats import repeat_samples
from utils.guidance.simulated_search import FoundSamples, find_samples, own_context, verify
from utils.guidance.subject.squat_profile import squat_profiles
from utils.guidance.verification import Verification, judged_by_simulation, prediction_of, select_best
from utils.runs.record import command_line, versions

logger = logging.getLogger("bige")


def run_guidance(config: GuidanceConfig, observer: GuidanceObserver | None = None) -> GuidanceResult:
    """Generate motions of one subject that meet constraints.

    Loads the networks and the subject, optimises latents, corrects the surrogate by the simulation and continues, keeps
    the samples that meet the requirements best in simulation, and measures them. The first Ctrl-C ends the
    optimisation after the current iteration, and the best samples so far are completed. Sets torch's threads and the
    seeds of all random generators.

    Args:
        config: what is asked, and how it is searched for.
        observer: told of the start, of each iteration and of what is accepted; without one, nothing is written.

    Raises:
        InputError: the configuration, the session or a checkpoint cannot be used.
    """
    observer, began_s = observer or GuidanceObserver(), time.monotonic()
    prepared = prepare(config)
    terms, config, session, latents = prepared.terms, prepared.config, prepared.session, prepared.latents
    observer.on_start(session, terms)
    skeleton = load_skeleton(session.model_path, torch.float32)
    baseline = measure_baseline(prepared, skeleton)
    if baseline:
        logger.info("%s", baseline_sentence(baseline))
    search_result = find_samples(prepared, observer)
    samples, verification, changes = _select(prepared, search_result, skeleton, baseline)
    if config.repetitions > 1:
        terms = of_repetitions(terms, config.repetitions)
        samples, verification = repeat_samples(prepared, samples, terms, skeleton)
    return GuidanceResult(
        config=config,
        session=session,
        session_id=session.id,
        mass_kg=skeleton.mass_kg,
        leg_length_m=skeleton.leg_length_m,
        terms=tuple(terms),
        samples=tuple(samples),
        measures=measure_samples(samples, skeleton, config.muscle, config.repetitions),
        verification=verification,
        own_squats=prepared.own_squats,
        baseline=baseline,
        changes=changes,
        warnings=tuple(filter(None, [session.mass_warning(session.model_path)])),
        training_names=latents.names,
        training_latents=None if latents.latents is None else latents.latents.cpu(),
        between_subject_distance=latents.between_subject_distance,
        history=pd.DataFrame(search_result.history),
        interrupted=search_result.interrupted,
        made=datetime.now(UTC),
        seconds=round(time.monotonic() - began_s, 1),
        command=command_line(),
        versions=versions(),
    )


def measure_baseline(prepared: Preparation, skeleton: Skeleton) -> Baseline | None:
    """What the subject does now, simulated where that has been done; None where the session holds no squat.

    Args:
        prepared: the run.
        skeleton: the subject's, on the CPU.
    """
    own, models, config = prepared.own, prepared.models, prepared.config
    if own is None:
        return None
    with torch.no_grad():
        activations = models.describe_motion(own.placed).activations
    baseline = baseline_of(
        own, models.skeleton, config.muscle, activations, prepared.own_simulations, prepared.own_squats.left_out
    )
    simulated = own_context(prepared, skeleton) if prepared.own_simulations else None
    return replace(baseline, asked=asked_of_own(prepared.terms, simulated)) if simulated else baseline


def run_baseline(config: GuidanceConfig) -> tuple[Session, Baseline]:
    """What a subject does now, without generating anything.

    Raises:
        InputError: the session holds no squat, or cannot be used.
    """
    prepared = prepare(config)
    baseline = measure_baseline(prepared, load_skeleton(prepared.session.model_path, torch.float32))
    if baseline is None:
        raise InputError(f"{prepared.session.path} holds no squat on two feet that could be described")
    return prepared.session, baseline


def _select(
    prepared: Preparation, found: FoundSamples, skeleton: Skeleton, baseline: Baseline | None
) -> tuple[list[GuidedSample], Verification | None, tuple[SquatChange, ...]]:
    """The samples to return, judged by their verification, and what they change; the least change first.

    Without own squats they are sorted by predicted peak activation.
    """
    order = _by_peak_activation(found.samples, prepared.config.muscle)
    samples = [found.samples[j].cpu() for j in order]
    verification, prediction = None, None
    if found.simulations:
        simulations = [found.simulations[j] for j in order]
        verification, prediction = verify(prepared, samples, simulations), prediction_of(simulations)
        samples = judged_by_simulation(samples, verification, prepared.terms)
    motion = torch.stack([sample.motion for sample in samples])
    profiles = squat_profiles(motion, skeleton, prediction)
    # The search counts answers among what is accepted, as it is found; another order might count fewer.
    as_counted = sorted(range(len(samples)), key=lambda j: (not samples[j].accepted, order[j]))
    repeated = repeated_answers(motion, profiles, as_counted)
    kept = select_best(samples, prepared.config.min_samples, repeated)
    if baseline is not None:
        asked = {term.quantity for term in prepared.terms}
        sizes = sizes_of_change(motion, profiles, baseline.motion, baseline.profiles, asked)
        kept.sort(key=sizes.__getitem__)
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
