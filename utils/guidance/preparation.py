"""What a guidance run works with: the subject, the networks, the own squats and the latent space."""

import logging
import math
import zlib
from dataclasses import dataclass, replace
from functools import cached_property, partial

import torch
from torch import Tensor

from dataset.errors import InputError
from dataset.sessions import Session
from dataset.windows.window import MADE_FRAMES
from models.conventions import FRAME_RATE_HZ, FRAMES_PER_LATENT, LONGEST_SEQ_LEN, WINDOW_FRAMES
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import ActivationSimulator
from models.surrogate.dynamics_surrogate import SubjectSurrogate
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.guidance.guidance_config import BOTH, OWN, PRINCIPAL, TRAINING, GuidanceConfig
from utils.guidance.latents.latent_sampling import LatentSampler, SequenceSampler
from utils.guidance.latents.latent_space import LatentSpace, load_latent_space
from utils.guidance.latents.latent_updates import FormUpdate, PCAUpdate
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.objective import Objective
from utils.guidance.objective.own_bounds import VARIED_FORM, with_own_bounds, with_own_form
from utils.guidance.objective.published_terms import muscle_in_question, terms_of, without_published_wishes
from utils.guidance.objective.whole_motion import in_balance, posture_as_own
from utils.guidance.subject.asked_tempo import (
    asked_duration_s,
    at_asked_tempo,
    require_room,
    with_own_tempo,
)
from utils.guidance.subject.form_metric import form_metric
from utils.guidance.subject.frozen_models import FrozenModels, load_models
from utils.guidance.subject.own_motions import OwnMotions, own_motions
from utils.guidance.subject.own_squats import OwnSquats, load_own_squats, own_phases, with_predictions
from utils.guidance.subject.own_starts import make_own_starts
from utils.guidance.subject.simulated_span import Simulate
from utils.guidance.verification import SimulatedMotion, prediction_of, simulate_motions
from utils.networks.inference import require_whole_latents
from utils.runs.environment import configure_torch
from utils.simulation.simulated_prediction import simulated_prediction
from utils.simulation.simulators import build_simulator

logger = logging.getLogger("bige")

_ITERATIONS = {OWN: 100, TRAINING: 400, BOTH: 400}
_BRIEF = 30  # suffices for most that is asked, from own squats
_DRAWN = 3  # so many times the wanted training squats are drawn; those that miss least of what is asked come first
_GRADIENT_TOLERANCE = 1e-9  # of the quadratic programs, whose gradients need it
_STARTS = 2  # so many times the wanted samples are prepared as starts from each own squat


@dataclass(frozen=True)
class Preparation:
    """What a run works with.

    Attributes:
        terms: what is asked.
        config: the settings, with the length and the start that are used where they were left open, and with the muscle
            that is in question.
        session: the subject's session.
        models: the frozen networks and the subject's skeleton.
        own_squats: the subject's recorded squats, for the report.
        own: at most six of those on two feet, as motions to start from; None where there are none.
        latents: the latent space, with its initial latents.
        iterations: those of the whole schedule of an optimisation.
        brief: those of the attempt before it, see `LatentOptimizer`; 0 for none.
        own_simulations: what the simulation finds of `own`; None where it was not run.
    """

    terms: list[Term]
    config: GuidanceConfig
    session: Session
    models: FrozenModels
    own_squats: OwnSquats
    own: OwnMotions | None
    latents: LatentSpace
    iterations: int
    brief: int
    own_simulations: list[SimulatedMotion] | None = None

    @property
    def most_iterations(self) -> int:
        """How many iterations a batch takes at most."""
        return self.brief + self.iterations

    def simulator(self) -> ActivationSimulator:
        """The simulation on the subject's own model."""
        return _simulator(self.config, self.session, self.models.device)

    @cached_property
    def simulate(self) -> Simulate:
        """The same simulation, differentiable; muscle paths are our own evaluation wherever that is possible."""
        settings = SimulationSettings(tolerance=_GRADIENT_TOLERANCE)
        simulator = build_simulator(self.session.model_path, settings, device=self.models.device)

        def simulate(motion: Tensor) -> MusclePrediction:
            found = simulator(motion.double(), FRAME_RATE_HZ)
            return simulated_prediction(found, simulator.coordinate_names, simulator.weight_n)

        return simulate

    def objective(self) -> Objective:
        """What is minimised."""
        config, latents = self.config, self.latents
        return Objective(
            describe=self.models.describe,
            terms=self.terms,
            proximity=latents.proximity,
            beta=config.beta,
            max_distance=latents.max_distance(config.max_distance),
            change=None if config.start == TRAINING else latents.update.squared_size,
            own_weight=config.own_weight,
        )


def _simulator(config: GuidanceConfig, session: Session, device: torch.device) -> ActivationSimulator:
    return build_simulator(session.model_path, exact_paths=config.exact_paths, device=device)


def _fit_surrogate(models: FrozenModels, own: OwnMotions, simulations: list[SimulatedMotion]) -> None:
    """Fit the surrogate to what the simulation finds of the own squats, where it is of a kind that can be fitted."""
    if isinstance(models.surrogate, SubjectSurrogate):
        models.surrogate.fit_to(own.placed, prediction_of(simulations).activations)


def _own_context(models: FrozenModels, own: OwnMotions, simulations: list[SimulatedMotion] | None) -> Context:
    """The own squats, with what the simulation finds of them where it was run, so that comparisons are with that."""
    if simulations is None:
        return models.describe_motion(own.placed)
    found = prediction_of(simulations).map(lambda part: part.to(own.placed))
    return models.describe_motion(own.placed, prediction=found)


def prepare(config: GuidanceConfig) -> Preparation:
    """Read the session, the networks and the latents. Sets torch's threads and the seeds of all random generators.

    Raises:
        InputError: the configuration, the session or a checkpoint cannot be used.
    """
    terms = terms_of(config)
    muscle = muscle_in_question(terms, config)
    device = configure_torch(config)
    session = config.open_session()
    models = load_models(config.vq_name, config.surrogate_name, session, device, config.smooth_hz)
    seq_len = _seq_len(config, session, models, terms)
    require_room(terms, seq_len * FRAMES_PER_LATENT / FRAME_RATE_HZ)
    own_squats = load_own_squats(session, seq_len * FRAMES_PER_LATENT)
    own = own_motions(own_squats.recorded, models)
    simulations = None
    if own is not None and config.verify:
        simulations = simulate_motions(_simulator(config, session, models.device), own.placed)
        _fit_surrogate(models, own, simulations)  # before anything is predicted with it
    if own is not None:
        models = replace(models, own=_own_context(models, own, simulations))
    terms = posture_as_own(with_own_bounds(terms, models.own), models.own)
    if knows_forces := isinstance(models.surrogate, SubjectSurrogate):
        terms = in_balance(terms, models.own)
    start = config.start or (TRAINING if own is None else OWN)
    if start != TRAINING and own is None:
        raise InputError(f"--start {start}: {session.path} has no squat on two feet that guidance could start from")
    iterations = config.total_iter or _ITERATIONS[start]
    brief = _BRIEF if start == OWN and config.total_iter is None else 0
    latents = load_latent_space(
        config.vq_name,
        models.vqvae,
        frames=seq_len * FRAMES_PER_LATENT // models.vqvae.config.frames_per_latent,
        seed=_seed_of(session, config.seed),
        noise=config.start_noise,
        update=config.move,
    )
    config = replace(config, seq_len=seq_len, start=start)
    if start == OWN:
        # Without principal components, what draws a motion to where it starts cannot tell its form.
        form_weight = VARIED_FORM.own if config.move == PRINCIPAL else sum(VARIED_FORM)
        terms = without_published_wishes(terms, config)
        terms = with_own_form(terms, config.own_weight, form_weight, models.own, knows_forces=knows_forces)
    return _with_starts(
        Preparation(
            terms=terms,
            config=replace(config, muscle=muscle),
            session=session,
            models=models,
            own_squats=with_predictions(own_squats, models),  # by the surrogate that has been fitted to them
            own=own,
            latents=latents,
            iterations=iterations,
            brief=brief,
            own_simulations=simulations,
        )
    )


def _with_starts(prepared: Preparation) -> Preparation:
    """The same, with initial latents that come near what is asked: training squats sorted by it, and own squats."""
    config, models, own, latents = prepared.config, prepared.models, prepared.own, prepared.latents
    wanted = config.guided_samples
    violation = partial(_violation, prepared.objective())
    if config.start != OWN and isinstance(latents.sampler, LatentSampler):
        latents.sampler.prefer(_DRAWN * wanted, violation)
    if config.start == TRAINING or own is None:
        return prepared
    starts = make_own_starts(
        at_asked_tempo(own, models.describe_motion(own.placed), prepared.terms),
        models,
        latents.latents,
        min(config.num_runs, _STARTS * wanted * max(2, len(own.names))),
        violation,
    )
    sampler = SequenceSampler(starts.latents, starts.squats)
    latents = latents.starting_from(sampler, starts.names, only=config.start == OWN)
    if config.start == OWN and isinstance(latents.update, PCAUpdate):
        form = form_metric(models, starts.latents[0], latents.update)
        latents = replace(latents, update=FormUpdate(latents.update, form, VARIED_FORM))
    return replace(prepared, latents=latents)


def _seed_of(session: Session, seed: int) -> int:
    """A seed for this person, so that two people do not start from the same training squats."""
    return (seed + zlib.crc32(session.id.encode())) % 2**31


@torch.no_grad()
def _violation(objective: Objective, z: Tensor) -> Tensor:
    """By how much latents (A, L, D) miss what is asked, (A,)."""
    return objective.violation(objective.term_values(z)[0], objective.proximity(z)[0])


def _seq_len(config: GuidanceConfig, session: Session, models: FrozenModels, terms: list[Term]) -> int:
    """The length of the motions in latents: as configured, or what the longest own squat or the asked tempo needs."""
    longest, step = models.longest_seq_len, models.vqvae.config.seq_len_step
    if config.seq_len is not None:
        if longest is not None and config.seq_len > longest:
            raise InputError(
                f"--seq-len {config.seq_len} is longer than the motions that the surrogate reads, up to {longest}"
            )
        require_whole_latents(models.vqvae, config.seq_len)
        return config.seq_len
    usual = WINDOW_FRAMES // FRAMES_PER_LATENT
    needed = math.ceil((_longest_frames(config, session, terms) + MADE_FRAMES) / FRAMES_PER_LATENT)
    chosen = min(math.ceil(max(usual, needed) / step), (longest or LONGEST_SEQ_LEN) // step) * step
    if chosen > usual:
        logger.info(
            "motions last %.1f s (--seq-len %d), for the longest own squat and the asked tempo",
            chosen * FRAMES_PER_LATENT / FRAME_RATE_HZ,
            chosen,
        )
    return chosen


def _longest_frames(config: GuidanceConfig, session: Session, terms: list[Term]) -> int:
    """Frames of the longest own squat, where guidance may start from these, and of a squat at the asked tempo."""
    from_own = config.start != TRAINING
    phases = own_phases(session) if from_own or any(term.own for term in terms) else torch.empty(0, 3)
    if not len(phases):
        return math.ceil(asked_duration_s(terms) * FRAME_RATE_HZ)
    own_s = phases / FRAME_RATE_HZ
    asked_s = asked_duration_s(with_own_tempo(terms, own_s), own_s if from_own else None)
    return max(math.ceil(asked_s * FRAME_RATE_HZ), int(phases.sum(1).max()) if from_own else 0)
