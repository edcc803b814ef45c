"""The terms of a run: the objective of the BIGE paper (Table 1), and the constraints that a user adds to it."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

from dataset.spelling import split_side
from models.conventions import FRAME_RATE_HZ
from utils.biomechanics.statistics import AT_PEAK
from utils.guidance.guidance_config import PUBLISHED_MUSCLE, PUBLISHED_RANGE, GuidanceConfig, PublishedWeights
from utils.guidance.objective.constraint_checks import check_together
from utils.guidance.objective.constraint_files import read_terms
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.whole_motion import with_whole_motion

logger = logging.getLogger("bige")

PUBLISHED_NAME = "MAC"  # of the muscle activation constraint, in files
TILT_RANGE_DEG = (-34.2, -17.4)  # of the paper's own rows: MoCap mean - SD to Reference + SD of MoCap
# Times the weight of accelerations from own squats: least change alone allows a jerk between two frames.
_SMOOTHNESS = 10.0
_ALWAYS_WISHED = ("com_acceleration", "foot_slip")


def published_terms(
    low: float,
    high: float,
    muscle: str = PUBLISHED_MUSCLE,
    weights: PublishedWeights | None = None,
    *,
    tilt_range_deg: tuple[float, float] = TILT_RANGE_DEG,
) -> list[Term]:
    """Table 1 of the paper with its weights (alpha), evaluated on every frame.

    In these losses angles are in radians, lengths in metres and rates per frame; so the published weights put
    asymmetry, angular speed, and velocity and acceleration of the centre of mass of a squat on one scale. Asymmetry is
    the sum over its three joints. Sums over time are means over the frames that count, so that a weight does not depend
    on a motion's length or mask. The muscle's peak on both sides is the one required term.

    Args:
        low: least peak activation, 0 to 1.
        high: greatest peak activation, 0 to 1.
        muscle: muscle or group, of both sides or of the one named.
        weights: weights of the terms; None for the published ones.
        tilt_range_deg: range wished for the pelvis tilt; the paper names the quantity but no range.
    """
    weights = weights or PublishedWeights()
    frame, radian = 1.0 / FRAME_RATE_HZ, math.pi / 180
    terms = [
        replace(parse_term(f"activation:{muscle}:max:within:{low}:{high}:name={PUBLISHED_NAME}"), weight=weights.mac),
        Term("pelvis_tilt", AT_PEAK, "within", *tilt_range_deg, weights.tilt, muscle=muscle, wish=True, name="tilt"),
        Term("asymmetry", "mean_square", "small", weight=weights.asymmetry, scale=3 * radian**2, name="asymmetry"),
        Term(
            "angular_speed",
            "mean_square",
            "small",
            weight=weights.angular_speed,
            scale=(frame * radian) ** 2,
            name="omega",
        ),
        Term("com_speed", "mean_square", "small", weight=weights.com_speed, scale=frame**2, name="com_speed"),
        Term(
            "com_acceleration", "mean_square", "small", weight=weights.com_acceleration, scale=frame**4, name="com_acc"
        ),
        Term("foot_slip", "mean", "small", weight=weights.slide, scale=frame, name="slide"),
    ]
    return [term for term in terms if term.weight > 0]


def asked_terms(config: GuidanceConfig) -> list[Term]:
    """The constraints and wishes that the configuration asks for, line by line and in a file.

    Raises:
        InputError: a constraint cannot be read.
    """
    asked = [parse_term(line) for line in config.constraint]
    return asked + (read_terms(config.constraints_file) if config.constraints_file else [])


def terms_of(config: GuidanceConfig) -> list[Term]:
    """The published terms, and the constraints that the configuration adds to them or puts in their place.

    Requirements replace the default range of the muscle's peak; with --low or --high, both are asked for. A constraint
    on the quantity and statistic of a published wish replaces that wish. Those of a whole motion come last.

    Raises:
        InputError: a constraint cannot be read, or two contradict each other.
    """
    asked = asked_terms(config)
    check_together(asked)
    published = published_terms(*config.range_or_default, config.muscle, config.weights)
    if config.low is None and any(term.required for term in asked):
        published = [term for term in published if not term.required]
        logger.info(
            "the constraints replace the default range of %s, %g to %g; --low and --high would ask for both",
            config.muscle,
            *PUBLISHED_RANGE,
        )
    named = {(split_side(term.quantity)[0], term.statistic) for term in asked}
    terms = [term for term in published if term.required or (term.quantity, term.statistic) not in named] + asked
    check_together(terms)
    return with_whole_motion(terms) if config.whole else terms


def muscle_in_question(terms: Sequence[Term], config: GuidanceConfig) -> str:
    """The muscle that a run is about, whose peaks are told of the own squats and of the samples.

    It is that of the configuration or, where nothing is required of that, the first of which something is required.
    """
    required = [
        term.argument for term in terms if term.required and term.quantity == "activation" and term.argument is not None
    ]
    return required[0] if required and config.muscle not in required else config.muscle


def without_published_wishes(terms: list[Term], config: GuidanceConfig) -> list[Term]:
    """The terms without what the paper wishes of every squat, unless that was asked for or the weights were chosen.

    The paper's tilt of the pelvis, symmetry and slowness make a squat plausible that comes from the training data. The
    person's own squat is plausible, and these would change it without being asked to. Small accelerations and feet that
    do not slide are wished for in any case.
    """
    if config.weights != PublishedWeights():
        return terms
    published = published_terms(*config.range_or_default, config.muscle, config.weights)
    asked = asked_terms(config)
    unasked = [term for term in published if not term.required and term not in asked]
    kept = [term for term in terms if term not in unasked or term.quantity in _ALWAYS_WISHED]
    return [
        replace(term, weight=_SMOOTHNESS * term.weight)
        if term in unasked and term.quantity == "com_acceleration"
        else term
        for term in kept
    ]


def printed_title(term: Term) -> str:
    """A term's title; the published muscle activation constraint is called by what it constrains."""
    if term.quantity == "activation" and term.statistic == "max" and term.name in ("", PUBLISHED_NAME):
        return f"peak {term.argument}"
    return term.label


def printed_request(term: Term) -> str:
    """A term's title with its bounds and their unit."""
    unit = "" if term.unit == "0-1" else f" {term.unit}"
    return f"{printed_title(term)} {term.bounds_text}{unit}"
