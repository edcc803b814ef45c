"""Settings of `run_guidance`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dataset.errors import InputError
from dataset.muscle_names import canonical_muscle
from dataset.sessions import Session, is_session_path, open_session
from utils.runs.shared_configs import (
    ComputeConfig,
    DataConfig,
    OutputConfig,
    flag_of,
    require_at_least,
    require_choice,
    require_fraction,
    require_seq_len,
)

# How latents are updated: in the PCA space of the training latents, or element by element.
PRINCIPAL, ANYWHERE = "principal", "anywhere"
MOVES = (PRINCIPAL, ANYWHERE)
PUBLISHED_RANGE, PUBLISHED_MUSCLE = (0.35, 0.45), "vasmed"  # of the peak activation that the paper asks for
MOST_REPETITIONS = 30
# What guidance starts from: the person's own squats, those of the training data, or one and the other in turn.
OWN, TRAINING, BOTH = STARTS = ("own", "training", "both")
# Hz, standard deviations and steps, beyond which decoded motions are no numbers in the end.
_LARGEST = {"smooth_hz": 60.0, "start_noise": 100.0, "lr": 1000.0}


@dataclass(frozen=True, kw_only=True)
class PublishedWeights:
    """Weights (alpha) of the paper's objective, Table 1; 0 leaves a term out.

    Attributes:
        tilt: pelvis tilt at the frame of the muscle's peak.
        asymmetry: left minus right of hip, knee and ankle flexion.
        angular_speed: angular speed of hips, knees, ankles and pelvis tilt.
        com_speed: velocity of the pelvis, which stands for the centre of mass.
        com_acceleration: acceleration of the pelvis.
        slide: sliding of the feet on the subject's contact points.
        mac: muscle activation constraint, the peak within [low, high].
    """

    tilt: float = 0.5
    asymmetry: float = 1.0
    angular_speed: float = 0.5
    com_speed: float = 50.0
    com_acceleration: float = 100.0
    slide: float = 0.1
    mac: float = 1.0

    def __post_init__(self) -> None:
        """Raise InputError where a weight is negative."""
        require_at_least(0, **{f"alpha_{name}": value for name, value in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class GuidanceConfig(OutputConfig, DataConfig, ComputeConfig):
    """What is asked of a subject's motions, and how it is searched for.

    Attributes:
        subject: session folder of the subject, or its id under the data root.
        model: OpenSim model (.osim) to use in place of the session's own; None for the session's or, where each trial
            has one of its own, that of the first squat trial.
        trial: names of the trials in `OpenSimData/Kinematics` whose squats are the person's own; empty for all trials
            named squat or sqt, and for every trial where none is.
        vq_name: VQ-VAE checkpoint or run folder, with `latents.npz` beside it; None for the shipped one.
        surrogate_name: surrogate checkpoint or run folder; None for the shipped one.
        seq_len: length of the motions in latents, which is 4 frames each; 49 decodes to 196 frames, 3.3 s. None for
            what the person's longest squat needs, 49 at least.
        start: a name in `STARTS`; None for the person's own squats where the session has any, and else the training
            data's.
        own_weight: weight of the squared change of latents from the person's own squats, where guidance starts from
            them, and half of that of the squared change of form in degrees: from the own squats, and to a part from
            the variation of one that a motion starts from.
        smooth_hz: cut-off of the low-pass filter on decoded motions, Hz; 0 for none.
        low: least peak activation of `muscle`, 0 to 1; None for 0.35, or where constraints are given for no range.
        high: greatest peak activation of `muscle`, 0 to 1; None for 0.45 likewise.
        muscle: muscle or group whose peak is constrained, on both sides or on the one named.
        constraint: constraints, a line each; see `utils.guidance.objective.constraint_grammar`.
        constraints_file: YAML or JSON file of constraints, or the name of a shipped set.
        repetitions: squats that every written motion holds, all of them the guided one.
        whole: require that every motion is whole, see `utils.guidance.objective.whole_motion`.
        weights: weights of the published terms.
        beta: weight of the distance to the nearest training latent, where guidance starts from training squats alone.
        max_distance: greatest distance to the nearest training latent, or to that of an own squat where guidance starts
            there, in multiples of the median between-subject distance; 0 for any.
        total_iter: iterations of each optimisation; None for 30 from own squats, and 100 anew for what misses a
            requirement, and for 400 otherwise.
        move: `principal` updates latents in the PCA space of the training latents, `anywhere` element by element.
        lr: step size; None for 1 from own squats with `principal`, which then changes the form of a motion by about
            0.7 degrees, and for 0.5 otherwise, which is Adam's: in tenths of the training latents' standard deviation
            along each principal component with `principal`, in units of the latent with `anywhere`.
        num_runs: most initial latents in all.
        min_samples: motions to return.
        candidates: so many times `min_samples` are guided, and those that miss least in simulation are kept; of those
            that miss equally little, the ones with the least predicted peak of `muscle`.
        refine: most rounds with the gradients of the simulation; None for 6 with `verify` and 0 without.
        batch_size: samples optimised together.
        patience: a sample that meets what is required stops after so many iterations without improvement; 0: never.
        give_up: stop after so many batches in a row that have brought no further answer, an accepted sample unlike the
            others.
        start_noise: noise on initial latents from the training data, in standard deviations of these; own squats are
            varied on purpose instead.
        release: in the last sixth of the iterations disable all terms, required ones included, as published.
        overwrite: replace the motions that the run folder already holds for this session.
        baseline: only describe what the person does now, and generate nothing.
        verify: simulate the motions on the subject's own model, which decides what is accepted; otherwise the surrogate
            does.
        exact_paths: simulate with muscle lengths and moment arms from OpenSim itself.
        opensim: also write, for each motion, a folder with which OpenSim's tools repeat its simulation.
    """

    subject: str
    model: Path | None = None
    trial: Sequence[str] = ()
    exp_name: str = "TestBIGE"
    vq_name: Path | None = None
    surrogate_name: Path | None = None
    seq_len: int | None = None
    start: str | None = None
    own_weight: float = 0.001
    smooth_hz: float = 6.0
    low: float | None = None
    high: float | None = None
    muscle: str = PUBLISHED_MUSCLE
    constraint: Sequence[str] = ()
    constraints_file: Path | None = None
    repetitions: int = 1
    whole: bool = True
    weights: PublishedWeights = field(default_factory=PublishedWeights)
    beta: float = 0.01
    max_distance: float = 1.0
    total_iter: int | None = None
    move: str = PRINCIPAL
    lr: float | None = None
    num_runs: int = 3000
    min_samples: int = 20
    candidates: float = 1.0
    refine: int | None = None
    batch_size: int = 20
    patience: int = 100
    give_up: int = 2
    start_noise: float = 0.0
    release: bool = False
    overwrite: bool = False
    baseline: bool = False
    verify: bool = True
    exact_paths: bool = False
    opensim: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where values are out of range or do not go together."""
        super().__post_init__()
        counts = ("repetitions", "total_iter", "num_runs", "min_samples", "candidates", "batch_size", "give_up")
        require_at_least(1, **{name: getattr(self, name) for name in counts})
        not_negative = ("smooth_hz", "beta", "max_distance", "refine", "patience", "start_noise", "lr", "own_weight")
        require_at_least(0, **{name: getattr(self, name) for name in not_negative})
        for name, most in _LARGEST.items():
            if (getattr(self, name) or 0) > most:
                raise InputError(f"{flag_of(name)} is {getattr(self, name):g}, expected {most:g} at most")
        if self.seq_len is not None:
            require_seq_len(self.seq_len)
        if self.repetitions > MOST_REPETITIONS:
            raise InputError(f"--repetitions is {self.repetitions}, expected at most {MOST_REPETITIONS}")
        object.__setattr__(self, "muscle", canonical_muscle(self.muscle))
        self._complete_range()
        require_choice(MOVES, move=self.move)
        require_choice(STARTS, start=self.start)
        for name in ("constraint", "trial"):
            if isinstance(getattr(self, name), str):
                raise InputError(f"{name} is one text, expected a list of texts: {name}=[...]")
        if not self.verify and (self.candidates > 1 or self.refine or self.exact_paths):
            raise InputError(
                "--candidates, --refine and --exact-paths need the simulation, which --no-verify leaves out"
            )

    def _complete_range(self) -> None:
        """Take the default bound where one was left out, unless constraints alone say what is asked."""
        require_fraction(low=self.low, high=self.high)
        low, high = self.range_or_default
        if low > high:
            raise InputError(f"--low is {low:g} and --high is {high:g}, expected --low to be at most --high")
        given = self.low is not None or self.high is not None
        if given or not (self.constraint or self.constraints_file):
            object.__setattr__(self, "low", low)
            object.__setattr__(self, "high", high)

    @property
    def range_or_default(self) -> tuple[float, float]:
        """The range of the muscle's peak activation, and the default where it was left out."""
        low, high = PUBLISHED_RANGE
        return low if self.low is None else self.low, high if self.high is None else self.high

    @property
    def guided_samples(self) -> int:
        """How many samples are guided, of which `min_samples` are kept."""
        return math.ceil(self.candidates * self.min_samples)

    @property
    def refinement_rounds(self) -> int:
        """Rounds of refinement: as given, or 6 with the simulation and 0 without."""
        if self.refine is None:
            return 6 if self.verify else 0
        return self.refine

    def open_session(self) -> Session:
        """The subject's session, with the trials that were named. Raises InputError where it is not there."""
        root = None if is_session_path(self.subject) else self.find_data_root()[1]
        return replace(open_session(self.subject, root, self.model), chosen=tuple(self.trial))
