"""Parameters of how a synthetic subject squats in one trial.

Each quantity follows an `Excursion`: its value in standing, its change to the bottom of the squat, the path between the
two, its lag behind the knees, and its variability.
"""

from dataclasses import dataclass

from models.skeleton.squat_targets import Stance


@dataclass(frozen=True)
class Excursion:
    """Course of one quantity over a repetition, in the quantity's own unit.

    Attributes:
        top: value in standing.
        change: difference from standing to the bottom of the squat.
        bend: two coefficients that bow the path between them; (0, 0) is straight. With the depth s from 0 to 1 the path
            is `change` * (s + bend[0] s (1 - s)^2 + bend[1] s^2 (1 - s)).
        lag_s: delay behind the knees, seconds.
        top_sd: standard deviation of `top` between repetitions.
        change_sd: standard deviation of `change` between repetitions.
        wander: standard deviation of slow noise.
        jitter: standard deviation of the noise from frame to frame that a recording adds.
    """

    top: float
    change: float
    bend: tuple[float, float] = (0.0, 0.0)
    lag_s: float = 0.0
    top_sd: float = 0.0
    change_sd: float = 0.0
    wander: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True)
class Tempo:
    """Durations of the phases of a repetition, and the profile of its speed.

    Attributes:
        descent_s: duration of the descent, seconds.
        bottom_s: duration of the hold at the bottom.
        ascent_s: duration of the ascent.
        standing_s: duration of standing until the next repetition.
        descent_skew: exponents (a, b) of the speed during the descent, which is proportional to
            t^(a-1) (1-t)^(b-1) over the phase's time t from 0 to 1. (2, 2) is a parabola, (3, 3) is minimum jerk.
        ascent_skew: the same for the ascent.
        spread: standard deviation of the logarithm of durations between repetitions.
        slowing: relative change of the durations over the trial.
    """

    descent_s: float
    bottom_s: float
    ascent_s: float
    standing_s: float
    descent_skew: tuple[float, float]
    ascent_skew: tuple[float, float]
    spread: float
    slowing: float


@dataclass(frozen=True)
class SwingStyle:
    """How the foot is held on which a subject does not stand.

    Attributes:
        foot: `r` or `l`.
        place: `in front`, `behind` or `beside`.
        forward: position of its heel, from where it would stand, forward, metres.
        up: the same, up.
        outward: the same, away from the other foot.
        ankle: dorsiflexion, degrees.
    """

    foot: str
    place: str
    forward: Excursion
    up: Excursion
    outward: Excursion
    ankle: Excursion


@dataclass(frozen=True)
class Style:
    """All parameters of the squats of one trial.

    Attributes:
        knee: flexion of the knees, mean of both sides, degrees.
        knee_difference: flexion of the left minus the right knee, degrees.
        knee_difference_sd: how far inverse kinematics may depart from `knee_difference` in favour of the pelvis's list,
            degrees.
        lateral: position of the pelvis to the right of the middle of the feet, metres.
        balance: position of the centre of mass between heel (0) and ball of the foot (1).
        coordinates: prescribed coordinates by name, degrees.
        tempo: durations and speed profile.
        stance: position and orientation of the feet.
        arm_style: how the arms are held.
        arms_come_up: whether the arms hang at the sides before the first and after the last repetition.
        mtp_deg: angle of the metatarsophalangeal joints, degrees.
        fatigue: relative change of all excursions over the trial.
        pressure_share: how much of what the moving body asks for the centre of pressure does, from 0 to 1; the centre
            of mass does the rest.
        swing: how the other foot is held by who stands on one; None on both feet.
    """

    knee: Excursion
    knee_difference: Excursion
    knee_difference_sd: float
    lateral: Excursion
    balance: Excursion
    coordinates: dict[str, Excursion]
    tempo: Tempo
    stance: Stance
    arm_style: str
    arms_come_up: bool
    mtp_deg: float
    fatigue: float
    pressure_share: float
    swing: SwingStyle | None
