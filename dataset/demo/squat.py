"""How synthetic people squat: what is prescribed of a trial before inverse kinematics finds the legs.

A trial is a few seconds of standing, some repetitions, and standing again. Each quantity has an `Excursion`: its value
in standing, its change to the bottom, a path between the two, a lag behind the knees, and its own unsteadiness. The
ranges in this file are wider than those of real recordings (`DATASETS.md` compares them); no recorded curve is used.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.special import betainc

from dataset.demo.anthropometry import sobol_point
from models.conventions import FRAME_RATE_HZ
from models.skeleton.squat_targets import FEET, SquatTargets, Stance

_STRATA = 32  # style numbers that a Sobol sequence spreads evenly over the population
_ARMS = ("arm_flex", "arm_add", "arm_rot", "elbow_flex", "pro_sup")
# Where people hold their arms: ranges of the value in standing and of the change to the bottom, degrees.
_ARM_STYLES = {
    "hanging": (((-22, 8), (5, 60)), ((-40, -5), (-12, 8)), ((-25, 20), (-15, 35)), ((15, 60), (-10, 65))),
    "raised": (((-25, 12), (65, 140)), ((-28, 8), (-20, 18)), ((-35, 45), (-30, 60)), ((8, 45), (-8, 105))),
    "raised bent": (((-15, 20), (50, 125)), ((-30, 0), (-12, 25)), ((-10, 40), (-25, 25)), ((70, 110), (-30, 25))),
    "forward": (((60, 105), (-15, 30)), ((-20, 25), (-8, 8)), ((-40, 60), (-15, 15)), ((0, 45), (-8, 15))),
    "crossed": (((35, 80), (-10, 25)), ((-10, 30), (-8, 8)), ((10, 75), (-10, 10)), ((95, 140), (-12, 10))),
    "overhead": (((60, 120), (15, 80)), ((-35, 0), (-10, 10)), ((-40, 75), (-15, 25)), ((10, 70), (-12, 12))),
    "on hips": (((-45, -10), (-8, 20)), ((-55, -20), (-8, 8)), ((10, 65), (-12, 12)), ((70, 115), (-8, 12))),
    "behind neck": (((0, 70), (-10, 15)), ((-110, -50), (-8, 8)), ((-30, 70), (-10, 10)), ((115, 148), (-8, 3))),
}
_ARM_STYLE_WEIGHTS = (0.26, 0.24, 0.12, 0.09, 0.08, 0.12, 0.05, 0.04)
# Pelvis and lumbar joint together lean the trunk by no more than this from standing to the bottom.
_MOST_LEAN_DEG = -88.0
_PRONATION_DEG = ((0, 130), (-25, 25))
_ARM_LIMITS_DEG = {
    "arm_flex": (-60, 165),
    "arm_add": (-125, 40),
    "arm_rot": (-80, 85),
    "elbow_flex": (1, 148),
    "pro_sup": (0, 158),
}


@dataclass(frozen=True)
class Excursion:
    """How one quantity goes along with a squat, in its own unit.

    top: value in standing. change: from standing to the bottom. bend: two numbers that bow the path between them
    (0, 0 is straight; the path is `change` * (s + bend0 s (1-s)^2 + bend1 s^2 (1-s)) over the depth s from 0 to 1).
    lag_s: seconds behind the knees. top_sd, change_sd: spread between repetitions. wander: standard deviation of slow
    noise. jitter: of what a recording adds, frame by frame.
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
    """Seconds of a repetition's parts, and the exponents of its speed over time (2, 2 is a parabola).

    descent_s, bottom_s, ascent_s, standing_s: parts. descent_skew, ascent_skew: speed ~ t^(a-1) (1-t)^(b-1) over the
    part's own time from 0 to 1 (a = b = 3 is minimum jerk). spread: of the logarithm of durations between repetitions.
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
class Style:
    """All that tells one person's squats in one trial from another's.

    knee: mean flexion of both knees, degrees. knee_difference: left minus right, degrees; it gives way to the pelvis's
    list by about knee_difference_sd. lateral: of the pelvis from
    the middle of the feet to the right, metres. balance: the centre of mass between heel (0) and ball (1) of the feet.
    coordinates: prescribed coordinates by name, degrees. arms_come_up: whether the arms start and end at the sides.
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


def draw_style(seed: int, index: int, leg_length_m: float) -> Style:
    """Style `index` of the population `seed` for legs of `leg_length_m` (hip to knee plus knee to ankle).

    Depth, tempo, lean and the other numbers that matter most are spread evenly over the population by a Sobol
    sequence; the rest is drawn freely.
    """
    dice = _Dice(seed, index)
    asymmetric = dice.chance(0.3)
    noise = float(np.exp(dice.spread(np.log(0.25), np.log(9.0))))  # from marker data to two telephones
    knee_top, depth_deg = dice.spread(0.8, 9.0), dice.spread_normal(100, 16, 48, 126)
    knee = Excursion(
        top=knee_top,
        change=depth_deg - knee_top,
        top_sd=dice.uniform(0.3, 2.0),
        change_sd=dice.uniform(1.0, 6.0),
        wander=0.25,
        jitter=0.015 * noise,
    )
    lean_deg = -dice.spread(5, 48) * (0.55 + 0.45 * depth_deg / 100)
    lag_s = dice.spread_normal(0.0, 0.05, -0.1, 0.12)
    side = dice.side()
    coordinates = _draw_trunk(dice, lean_deg, lag_s, asymmetric, noise)
    if asymmetric:
        lateral_change = side * dice.spread(0.02, 0.28) * leg_length_m
        knee_difference = dice.spread(-14, 14)
    else:
        lateral_change = (dice.spread(0, 1) - 0.5) * 0.05
        knee_difference = dice.spread(-4, 4)
    arm_style, arms = _draw_arms(dice, lag_s, noise)
    width_m = dice.spread(0.26, 0.64) * leg_length_m
    lateral_change = float(np.clip(lateral_change, -0.62 * width_m, 0.62 * width_m))
    stance = _draw_stance(dice, width_m, asymmetric, side)
    return Style(
        knee=knee,
        knee_difference=Excursion(
            top=0.8 * dice.normal(),
            change=knee_difference,
            bend=dice.bend(),
            top_sd=0.3,
            change_sd=1.0,
            wander=0.3,
            jitter=0.015 * noise,
        ),
        knee_difference_sd=2.0 + 60.0 * abs(lateral_change),
        lateral=Excursion(
            top=0.008 * dice.normal(),
            change=lateral_change,
            bend=dice.bend(0.5, 0.5),
            lag_s=0.05 * dice.normal(),
            top_sd=0.004,
            change_sd=0.007,
            wander=0.003,
            jitter=0.00013 * noise,
        ),
        balance=Excursion(
            top=dice.spread_normal(0.52, 0.12, 0.25, 0.85),
            change=0.11 * dice.normal(),
            bend=dice.bend(),
            lag_s=0.05 * dice.normal(),
            top_sd=dice.uniform(0.02, 0.09),
            change_sd=0.03,
            wander=0.03,
            jitter=0.0018 * noise,
        ),
        coordinates={**coordinates, **arms},
        tempo=_draw_tempo(dice),
        stance=stance,
        arm_style=arm_style,
        arms_come_up=dice.uniform() < 0.4,
        mtp_deg=-7.5 if dice.uniform() < 0.85 else dice.uniform(-12, 0),  # OpenCap's is constant, seldom another
        fatigue=dice.normal_within(0.03, 0.05, -0.06, 0.14),
    )


class _Dice:
    """The random numbers of one style."""

    def __init__(self, seed: int, index: int):
        self._strata = iter(sobol_point(_STRATA, seed + 1, index))
        self._generator = np.random.default_rng([seed, index, 1])

    def spread(self, low: float, high: float) -> float:
        """Uniform, evenly spread over the population."""
        return float(low + (high - low) * next(self._strata))

    def spread_normal(self, mean: float, sd: float, low: float, high: float) -> float:
        """Normal between bounds, evenly spread over the population."""
        quantile = np.clip(next(self._strata), 1e-4, 1 - 1e-4)
        return float(np.clip(mean + sd * stats.norm.ppf(quantile), low, high))

    def chance(self, probability: float) -> bool:
        """True for this share of the population."""
        return bool(next(self._strata) < probability)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        return float(self._generator.uniform(low, high))

    def normal(self) -> float:
        return float(self._generator.standard_normal())

    def normal_within(self, mean: float, sd: float, low: float, high: float) -> float:
        return float(np.clip(mean + sd * self.normal(), low, high))

    def side(self) -> int:
        """1, the right, or -1, the left."""
        return int(self._generator.choice((-1, 1)))

    def bend(self, first: float = 0.9, second: float = 0.7) -> tuple[float, float]:
        """How a path is bowed, of these standard deviations."""
        return self.normal_within(0.0, first, -1.6, 2.2), self.normal_within(0.0, second, -1.6, 2.2)

    def both(self, mean: float, sd: float) -> tuple[float, float]:
        """A value for the right and the left side, mirrored, that differ by about `sd`."""
        difference = sd * self.normal()
        return mean + difference, mean - difference

    def one_of(self, ranges: tuple[tuple[float, tuple[float, float]], ...]) -> float:
        """Uniform in the range of the first (cumulated share, range) whose share a uniform number stays under."""
        quantile = self.uniform()
        return self.uniform(*next(bounds for share, bounds in ranges if quantile <= share))


def _draw_trunk(dice: _Dice, lean_deg: float, lag_s: float, asymmetric: bool, noise: float) -> dict[str, Excursion]:
    """Pelvis angles and lumbar joint; the pelvis tilts by `lean_deg` to the bottom."""

    def excursion(top: float, change: float, wander: float, jitter: float = 0.02, unsteady: float = 1.0) -> Excursion:
        return Excursion(
            top=top,
            change=change,
            bend=dice.bend(),
            lag_s=lag_s + 0.04 * dice.normal(),
            top_sd=1.2 * wander * unsteady,
            change_sd=0.1 * abs(change) * abs(dice.normal()) + 0.8 * wander,
            wander=wander,
            jitter=jitter * noise,
        )

    bow_deg = max(dice.spread(-50, 4), _MOST_LEAN_DEG - lean_deg)
    sway = (
        {"list": 2.5, "rotation": 3.5, "bending": 4.0} if asymmetric else {"list": 1.2, "rotation": 1.8, "bending": 2}
    )
    within = dice.spread_normal
    return {
        "pelvis_tilt": excursion(within(-3, 6, -14, 12), lean_deg, 0.6, unsteady=dice.uniform(0.8, 6)),
        "pelvis_list": excursion(1.5 * dice.normal(), sway["list"] * dice.normal(), 0.35, 0.012),
        "pelvis_rotation": excursion(within(0, 2.5, -6, 6), sway["rotation"] * dice.normal(), 0.5, 0.012),
        "lumbar_extension": excursion(within(-1, 4, -12, 9), bow_deg, 0.7, unsteady=dice.uniform(0.8, 4.5)),
        "lumbar_bending": excursion(within(0, 2.6, -8, 8), sway["bending"] * dice.normal(), 0.5, 0.015),
        "lumbar_rotation": excursion(within(1.5, 4, -8, 12), within(0, 7, -19, 19), 0.7, 0.025),
    }


def _draw_arms(dice: _Dice, lag_s: float, noise: float) -> tuple[str, dict[str, Excursion]]:
    """A way to hold the arms and its excursions for both sides."""
    cumulated = np.cumsum(_ARM_STYLE_WEIGHTS)
    style = list(_ARM_STYLES)[int(np.searchsorted(cumulated[:-1], dice.spread(0, 1)))]
    one_sided_deg = dice.uniform(2, 14)
    arms = {}
    for name, (tops, changes) in zip(_ARMS, (*_ARM_STYLES[style], _PRONATION_DEG), strict=True):
        top, change = dice.uniform(*tops), dice.uniform(*changes)
        bend = dice.bend(0.8, 0.8)
        lag = lag_s + 0.08 * dice.normal()
        turns_freely = name == "pro_sup"  # and is badly seen
        for side in FEET:
            arms[f"{name}_{side}"] = Excursion(
                top=top + (1.8 if turns_freely else 0.6) * one_sided_deg * dice.normal(),
                change=change * (1 + 0.1 * dice.normal()),
                bend=(bend[0] + 0.15 * dice.normal(), bend[1] + 0.15 * dice.normal()),
                lag_s=lag,
                top_sd=2.0,
                change_sd=0.08 * abs(change) + 1.5,
                wander=1.8,
                jitter=(0.16 if turns_freely else 0.04) * noise,
            )
    return style, arms


def _draw_stance(dice: _Dice, width_m: float, asymmetric: bool, side: int) -> Stance:
    toe_out, roll = dice.spread(-6, 24), dice.spread_normal(-3, 3.5, -10, 6)
    pitch, roll_change = dice.spread_normal(1, 2, -4, 5), dice.spread_normal(0, 2.5, -6, 6)
    lift = dice.uniform(3, 12) if dice.chance(0.12) else 0.0
    lifts = {1: (lift, 0.0), -1: (0.0, lift)}[side] if asymmetric else (lift, lift)
    return Stance(
        width_m=width_m,
        stagger_m=(0.035 if asymmetric else 0.012) * dice.normal(),
        toe_out_deg=dice.both(toe_out, 3.5),
        roll_deg=dice.both(roll, 1.8),
        pitch_deg=dice.both(pitch, 0.8),
        roll_change_deg=dice.both(roll_change, 1.5),
        pitch_change_deg=dice.both(dice.normal(), 0.6),
        yaw_change_deg=dice.both(0.35 * dice.normal(), 0.25),
        heel_lift_deg=lifts,
    )


def _draw_tempo(dice: _Dice) -> Tempo:
    descent_s = float(np.exp(dice.spread_normal(np.log(1.0), 0.3, np.log(0.7), np.log(3.0))))
    return Tempo(
        descent_s=descent_s,
        bottom_s=dice.one_of(((0.65, (0.0, 0.08)), (0.9, (0.08, 0.4)), (1.0, (0.4, 1.5)))),
        ascent_s=float(np.clip(descent_s * np.exp(-0.1 + 0.2 * dice.normal()), 0.65, 3.0)),
        standing_s=dice.one_of(((0.5, (0.0, 0.12)), (0.85, (0.12, 0.7)), (1.0, (0.7, 2.2)))),
        descent_skew=(dice.uniform(1.6, 3.2), dice.uniform(1.7, 3.2)),
        ascent_skew=(dice.uniform(1.7, 3.2), dice.uniform(1.6, 3.4)),
        spread=dice.uniform(0.03, 0.12),
        slowing=dice.normal_within(0.06, 0.1, -0.12, 0.3),
    )


def draw_targets(style: Style, seed: int, index: int, repetitions: int) -> SquatTargets:
    """The trial of one style: `repetitions` squats with their variation, noise and fatigue."""
    generator = np.random.default_rng([seed, index, 2])
    timeline = _Timeline(style, repetitions, generator)

    def follow(excursion: Excursion) -> np.ndarray:
        return timeline.follow(excursion, generator)

    coordinates = {name: follow(excursion) for name, excursion in style.coordinates.items()}
    if style.arms_come_up:
        for name in coordinates:
            if name.startswith(_ARMS):
                at_side = {"arm_flex": -8.0, "arm_add": -12.0, "arm_rot": 0.0, "elbow_flex": 22.0, "pro_sup": 60.0}
                away = at_side[name[:-2]] + 8.0 * generator.standard_normal()
                coordinates[name] += (away - style.coordinates[name].top) * timeline.at_rest
    for name, values in coordinates.items():
        if name.startswith(_ARMS):
            np.clip(values, *_ARM_LIMITS_DEG[name[:-2]], out=values)
    settling = 3.0 * abs(generator.standard_normal()) * np.exp(-timeline.time_s / 0.12)
    for side in FEET:
        coordinates[f"mtp_angle_{side}"] = style.mtp_deg + settling

    stance, depth = style.stance, timeline.depth

    def flutter(sd: float) -> np.ndarray:
        return np.stack([timeline.noise(0.25, sd, generator) for _ in FEET], -1)

    knee_mean = np.maximum(follow(style.knee), 0.6)
    return SquatTargets(
        coordinates=coordinates,
        knee_mean=knee_mean,
        knee_difference=follow(style.knee_difference),
        knee_difference_sd=style.knee_difference_sd,
        lateral=follow(style.lateral),
        balance=np.clip(follow(style.balance), 0.15, 0.95),
        foot_yaw=depth[:, None] * stance.yaw_change_deg + flutter(0.12),
        foot_roll=np.array(stance.roll_deg) + depth[:, None] * stance.roll_change_deg + flutter(0.5),
        foot_pitch=np.array(stance.pitch_deg) + depth[:, None] * stance.pitch_change_deg + flutter(0.3),
        heel_lift=np.clip((depth[:, None] - 0.35) / 0.65, 0, 1) ** 1.5 * stance.heel_lift_deg,
        depth=depth,
        stance=stance,
    )


def _minimum_jerk(x: np.ndarray) -> np.ndarray:
    """From 0 to 1 over x from 0 to 1, at rest at both ends."""
    return x**3 * (10 - 15 * x + 6 * x**2)


class _Timeline:
    """The depth of a trial over time, and quantities that follow it."""

    def __init__(self, style: Style, repetitions: int, generator: np.random.Generator):
        tempo = style.tempo
        order = np.arange(repetitions) / max(1, repetitions - 1)

        def vary(seconds: float) -> np.ndarray:
            scatter = np.exp(tempo.spread * generator.standard_normal(repetitions))
            return seconds * (1 + tempo.slowing * order) * scatter

        descent, bottom, ascent = vary(tempo.descent_s), vary(tempo.bottom_s), vary(tempo.ascent_s)
        standing = vary(tempo.standing_s)
        lead_in, lead_out = generator.uniform(0.6, 2.2, 2)
        starts = lead_in + np.concatenate([[0], np.cumsum(descent + bottom + ascent + standing)[:-1]])
        ends = starts + descent + bottom + ascent
        self.time_s = np.arange(int(np.ceil((ends[-1] + lead_out) * FRAME_RATE_HZ))) / FRAME_RATE_HZ
        self.repetitions, self.fatigue, self.order = repetitions, style.fatigue, order
        self.parts = list(zip(starts, descent, bottom, ascent, strict=True))
        self.skews = [
            [tuple(np.clip(np.array(skew) + 0.12 * generator.standard_normal(2), 1.5, 4)) for skew in skews]
            for skews in [(tempo.descent_skew, tempo.ascent_skew)] * repetitions
        ]
        # Standing happens before, between and after the repetitions: knots of the value in standing.
        self.knots_s = np.concatenate([[0.0], [starts[0]], (ends[:-1] + starts[1:]) / 2, [ends[-1]], self.time_s[-1:]])
        self.depth = self._depths(0.0).sum(0)
        edge = 0.5 * (lead_in + lead_out)
        rise = np.clip((self.time_s - 0.15 * lead_in) / (0.8 * lead_in), 0, 1)
        fall = np.clip((self.time_s - ends[-1] - 0.1 * edge) / (0.8 * lead_out), 0, 1)
        self.at_rest = 1 - _minimum_jerk(rise) + _minimum_jerk(fall)

    def _depths(self, lag_s: float) -> np.ndarray:
        """Depth of each repetition, (repetitions, T): 0 standing to 1 at its bottom and back."""
        depths = []
        for (start, descent, bottom, ascent), (down, up) in zip(self.parts, self.skews, strict=True):
            since = self.time_s - lag_s - start
            falling = betainc(*down, np.clip(since / descent, 0, 1))
            rising = betainc(*up, np.clip((since - descent - bottom) / ascent, 0, 1))
            depths.append(falling - rising)
        return gaussian_filter1d(np.array(depths), 0.045 * FRAME_RATE_HZ, axis=1, mode="nearest")

    def noise(self, seconds: float, sd: float, generator: np.random.Generator) -> np.ndarray:
        """(T,) noise of standard deviation `sd` that changes over about `seconds`."""
        frames = seconds * FRAME_RATE_HZ
        white = generator.standard_normal(len(self.time_s) + 8 * int(np.ceil(frames)))
        smooth = gaussian_filter1d(white, frames)[4 * int(np.ceil(frames)) :][: len(self.time_s)]
        return sd * smooth * np.sqrt(2 * np.sqrt(np.pi) * frames)

    def follow(self, excursion: Excursion, generator: np.random.Generator) -> np.ndarray:
        """(T,) values of a quantity over the trial."""
        knots = excursion.top + excursion.top_sd * generator.standard_normal(len(self.knots_s))
        standing = PchipInterpolator(self.knots_s, knots)(self.time_s)
        bottom = excursion.top + excursion.change * (1 + self.fatigue * self.order)
        bottom = bottom + excursion.change_sd * generator.standard_normal(self.repetitions)
        depth = np.clip(self._depths(excursion.lag_s), 0, 1)
        first, second = excursion.bend
        path = depth + first * depth * (1 - depth) ** 2 + second * depth**2 * (1 - depth)
        values = standing + (path * (bottom[:, None] - standing)).sum(0)
        values += self.noise(0.4, excursion.wander, generator) + self.noise(0.12, 0.3 * excursion.wander, generator)
        return values + self.noise(0.006, excursion.jitter, generator)
