"""The objective of the BIGE paper (Table 1) as terms with the published weights."""

import math
from dataclasses import replace

from models.conventions import FRAME_RATE_HZ
from utils.biomechanics.statistics import AT_PEAK
from utils.guidance.objective.constraint_grammar import parse_term, read_terms
from utils.guidance.objective.constraints import Term


def published_terms(
    low: float,
    high: float,
    muscle: str = "vasmed",
    *,
    tilt: float = 0.5,
    asymmetry: float = 1.0,
    angular_speed: float = 0.5,
    com_speed: float = 50.0,
    com_acceleration: float = 100.0,
    slide: float = 0.1,
    mac: float = 1.0,
    tilt_range_deg: tuple[float, float] = (-34.2, -17.4),
) -> list[Term]:
    """Table 1 of the paper, with its weights (alpha) as defaults, on every frame.

    In these losses angles are in radians, lengths in metres and rates a frame: so the published weights put asymmetry,
    angular speed, COM velocity and COM acceleration of a squat on one scale. Asymmetry is the sum over its three
    joints. Sums over time are means over the frames that count, so that a weight does not depend on a motion's length
    or mask. The muscle's peak on both sides is the one required term.

    tilt_range_deg: the paper names the quantity but no aim; this one spans its own rows (MoCap mean - SD to Reference
    + SD of MoCap), and is a wish.
    """
    frame, radian = 1.0 / FRAME_RATE_HZ, math.pi / 180
    terms = [
        replace(parse_term(f"activation:{muscle}:max:within:{low}:{high}:name=MAC"), weight=mac),
        Term("pelvis_tilt", AT_PEAK, "within", *tilt_range_deg, tilt, muscle=muscle, wish=True, name="tilt"),
        Term("asymmetry", "mean_square", "small", weight=asymmetry, scale=3 * radian**2, name="asymmetry"),
        Term("angular_speed", "mean_square", "small", weight=angular_speed, scale=(frame * radian) ** 2, name="omega"),
        Term("com_speed", "mean_square", "small", weight=com_speed, scale=frame**2, name="com_speed"),
        Term("com_acceleration", "mean_square", "small", weight=com_acceleration, scale=frame**4, name="com_acc"),
        Term("foot_slip", "mean", "small", weight=slide, scale=frame, name="slide"),
    ]
    return [term for term in terms if term.weight > 0]


def terms_of(arguments) -> list[Term]:
    """What the arguments of LIMO_Surrogate.py ask: the published terms, and the constraints added to them.

    Raises InputError where a constraint cannot be read.
    """
    terms = published_terms(
        arguments.low,
        arguments.high,
        arguments.muscle,
        tilt=arguments.alpha_tilt,
        asymmetry=arguments.alpha_asymmetry,
        angular_speed=arguments.alpha_angular_speed,
        com_speed=arguments.alpha_com_speed,
        com_acceleration=arguments.alpha_com_acceleration,
        slide=arguments.alpha_slide,
        mac=arguments.alpha_mac,
    )
    terms += [parse_term(line) for line in arguments.constraint]
    return terms + (read_terms(arguments.constraints) if arguments.constraints else [])
