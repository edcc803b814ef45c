"""How synthetic people squat: what is prescribed of a trial before inverse kinematics finds the legs.

A trial is a few seconds of standing, some repetitions, and standing again. Each quantity has an `Excursion`: its value
in standing, its change to the bottom, a path between the two, a lag behind the knees, and its own unsteadiness. The
ranges in this file are wider than those of real recordings (`DATASETS.md` compares them); no recorded curve is used.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.special import betainc

from dataset.coordinates import FRAME_RATE_HZ
from dataset.demo.anthropometry import sobol_point

SIDES = ("r", "l")
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
_PRONATION_TOP_DEG = ((0, 130), (-25, 25))
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
class Stance:
    """Feet on the floor: heel distance and fore-aft offset in metres; turns of the right and left foot in degrees.

    toe_out_deg, roll_deg (onto the outer edge), pitch_deg (toes up) are of standing; roll_change_deg, pitch_change_deg
    and yaw_change_deg come and go with depth; heel_lift_deg: the heels rise by so much at the bottom.
    """

    width_m: float
    stagger_m: float
    toe_out_deg: tuple[float, float]
    roll_deg: tuple[float, float]
    pitch_deg: tuple[float, float]
    roll_change_deg: tuple[float, float]
    pitch_change_deg: tuple[float, float]
    yaw_change_deg: tuple[float, float]
    heel_lift_deg: tuple[float, float]


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
    path_lag_s: float


@dataclass(frozen=True)
class SquatTargets:
    """What inverse kinematics must meet, frame by frame at 60 Hz, the person facing +x with the feet about the origin.

    coordinates: name -> (T,) degrees, prescribed. knee_mean, knee_difference (T,) degrees, the latter kept to
    about knee_difference_sd; lateral (T,) metres;
    balance (T,), 0 heel to 1 ball. foot_yaw, foot_roll, foot_pitch, heel_lift: (T, 2) degrees, right foot first.
    depth: (T,) 0 standing to 1 bottom. stance: the feet's places.
    """

    coordinates: dict[str, np.ndarray]
    knee_mean: np.ndarray
    knee_difference: np.ndarray
    knee_difference_sd: float
    lateral: np.ndarray
    balance: np.ndarray
    foot_yaw: np.ndarray
    foot_roll: np.ndarray
    foot_pitch: np.ndarray
    heel_lift: np.ndarray
    depth: np.ndarray
    stance: Stance

    def every(self, step: int) -> "SquatTargets":
        """The same trial at every `step`-th frame."""
        thin = {k: v[::step] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, coordinates={k: v[::step] for k, v in self.coordinates.items()}, **thin)


def draw_style(seed: int, index: int, leg_length_m: float) -> Style:
    """Style `index` of the population `seed` for legs of `leg_length_m` (hip to knee plus knee to ankle).

    Depth, tempo, lean and the other numbers that matter most are spread evenly over the population by a Sobol
    sequence; the rest is drawn freely.
    """
    strata = iter(sobol_point(_STRATA, seed + 1, index))
    generator = np.random.default_rng([seed, index, 1])
    uniform, normal = generator.uniform, generator.standard_normal

    def spread(low: float, high: float) -> float:
        return float(low + (high - low) * next(strata))

    def spread_normal(mean: float, sd: float, low: float, high: float) -> float:
        return float(np.clip(mean + sd * stats.norm.ppf(np.clip(next(strata), 1e-4, 1 - 1e-4)), low, high))

    def bend(first=0.9, second=0.7) -> tuple[float, float]:
        return tuple(np.clip([first * normal(), second * normal()], -1.6, 2.2).tolist())

    asymmetric = next(strata) < 0.3
    recording_noise = float(np.exp(spread(np.log(0.3), np.log(3.0))))
    knee_top, depth_deg = spread(0.8, 9.0), spread_normal(97, 15, 48, 124)
    knee = Excursion(
        top=knee_top,
        change=depth_deg - knee_top,
        top_sd=uniform(0.3, 2.0),
        change_sd=uniform(1.0, 6.0),
        wander=0.25,
        jitter=0.03 * recording_noise,
    )
    lean_deg = -spread(5, 48) * (0.55 + 0.45 * depth_deg / 100)
    lag_s = spread_normal(0.0, 0.05, -0.1, 0.12)

    def excursion(top: float, change: float, wander: float, jitter: float = 0.04, spread_of_change: float = 0.1):
        return Excursion(
            top=float(top),
            change=float(change),
            bend=bend(),
            lag_s=lag_s + 0.04 * normal(),
            top_sd=1.2 * wander,
            change_sd=spread_of_change * abs(change) * abs(normal()) + 0.8 * wander,
            wander=wander,
            jitter=jitter * recording_noise,
        )

    side = generator.choice((-1, 1))
    coordinates = {
        "pelvis_tilt": excursion(spread_normal(-3, 6, -14, 12), lean_deg, 0.6),
        "pelvis_list": excursion(1.5 * normal(), (2.5 if asymmetric else 1.2) * normal(), 0.35, 0.02),
        "pelvis_rotation": excursion(spread_normal(0, 2.5, -6, 6), (3.5 if asymmetric else 1.8) * normal(), 0.5, 0.02),
        "lumbar_extension": excursion(spread_normal(-1, 4, -12, 9), spread(-50, 4), 0.7),
        "lumbar_bending": excursion(spread_normal(0, 2.6, -8, 8), (4 if asymmetric else 2) * normal(), 0.5, 0.03),
        "lumbar_rotation": excursion(spread_normal(1.5, 4, -8, 12), spread_normal(0, 7, -19, 19), 0.7, 0.05),
    }
    if asymmetric:
        lateral_change = side * spread(0.02, 0.26) * leg_length_m
        knee_difference = spread(-14, 14)
    else:
        lateral_change = (spread(0, 1) - 0.5) * 0.05
        knee_difference = spread(-4, 4)

    arm_style, arms = _draw_arms(next(strata), generator, recording_noise, lag_s)
    coordinates.update(arms)
    width = spread(0.26, 0.64) * leg_length_m
    lateral_change = float(np.clip(lateral_change, -0.62 * width, 0.62 * width))
    toe_out, roll, pitch = spread(-6, 24), spread_normal(-3, 3.5, -10, 6), spread_normal(1, 2, -4, 5)
    roll_change = spread_normal(0, 2.5, -6, 6)
    lifts = next(strata) < 0.12
    lift = uniform(3, 12) if lifts else 0.0
    descent_s = float(np.exp(spread_normal(np.log(1.25), 0.32, np.log(0.75), np.log(3.0))))
    pauses, rests = next(strata), uniform()
    return Style(
        knee=knee,
        knee_difference=Excursion(
            0.8 * normal(), knee_difference, bend(), 0.0, 0.3, 1.0, 0.3, 0.03 * recording_noise
        ),
        knee_difference_sd=2.0 + 60.0 * abs(lateral_change),
        lateral=Excursion(
            0.008 * normal(), lateral_change, bend(0.5, 0.5), 0.05 * normal(), 0.004, 0.007, 0.003,
            0.00012 * recording_noise,
        ),
        balance=Excursion(
            spread_normal(0.52, 0.12, 0.25, 0.85), 0.11 * normal(), bend(), 0.05 * normal(), 0.03, 0.03, 0.03,
            0.0012 * recording_noise,
        ),
        coordinates=coordinates,
        tempo=Tempo(
            descent_s=descent_s,
            bottom_s=uniform(0.0, 0.1) if pauses < 0.55 else uniform(0.1, 0.5) if pauses < 0.85 else uniform(0.5, 1.5),
            ascent_s=float(np.clip(descent_s * np.exp(-0.1 + 0.2 * normal()), 0.65, 3.0)),
            standing_s=uniform(0.0, 0.12) if rests < 0.5 else uniform(0.12, 0.7) if rests < 0.85 else uniform(0.7, 2.2),
            descent_skew=(uniform(1.6, 3.2), uniform(1.7, 3.2)),
            ascent_skew=(uniform(1.7, 3.2), uniform(1.6, 3.4)),
            spread=uniform(0.03, 0.12),
            slowing=float(np.clip(0.06 + 0.1 * normal(), -0.12, 0.3)),
        ),
        stance=Stance(
            width_m=width,
            stagger_m=float((0.035 if asymmetric else 0.012) * normal()),
            toe_out_deg=_both(toe_out, 3.5, generator),
            roll_deg=_both(roll, 1.8, generator),
            pitch_deg=_both(pitch, 0.8, generator),
            roll_change_deg=_both(roll_change, 1.5, generator),
            pitch_change_deg=_both(1.0 * normal(), 0.6, generator),
            yaw_change_deg=_both(0.35 * normal(), 0.25, generator),
            heel_lift_deg=((lift, 0.0) if side > 0 else (0.0, lift)) if asymmetric else (lift, lift),
        ),
        arm_style=arm_style,
        arms_come_up=bool(uniform() < 0.4),
        mtp_deg=float(-7.5 if uniform() < 0.85 else uniform(-12, 0)),
        fatigue=float(np.clip(0.03 + 0.05 * normal(), -0.06, 0.14)),
        path_lag_s=lag_s,
    )  # fmt: skip


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
    for side in SIDES:
        coordinates[f"mtp_angle_{side}"] = style.mtp_deg + settling

    stance, depth = style.stance, timeline.depth
    flutter = lambda sd: np.stack([timeline.noise(0.25, sd, generator) for _ in SIDES], -1)  # noqa: E731
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


def _both(mean: float, sd: float, generator: np.random.Generator) -> tuple[float, float]:
    """A value for the right and the left side, mirrored, that differ by `sd`."""
    difference = sd * generator.standard_normal()
    return float(mean + difference), float(mean - difference)


def _draw_arms(
    quantile: float, generator: np.random.Generator, recording_noise: float, lag_s: float
) -> tuple[str, dict[str, Excursion]]:
    """A way to hold the arms and its excursions for both sides."""
    style = list(_ARM_STYLES)[min(int(np.searchsorted(np.cumsum(_ARM_STYLE_WEIGHTS), quantile)), len(_ARM_STYLES) - 1)]
    ranges = (*_ARM_STYLES[style], _PRONATION_TOP_DEG)
    arms = {}
    one_sided = generator.uniform(2, 14)
    for name, (top_range, change_range) in zip(_ARMS, ranges, strict=True):
        top, change = generator.uniform(*top_range), generator.uniform(*change_range)
        bend = np.clip([0.8 * generator.standard_normal(), 0.8 * generator.standard_normal()], -1.5, 2.0)
        lag = lag_s + 0.08 * generator.standard_normal()
        for side in SIDES:
            scatter = generator.standard_normal(4)
            arms[f"{name}_{side}"] = Excursion(
                top=float(top + 0.6 * one_sided * scatter[0] * (3 if name == "pro_sup" else 1)),
                change=float(change * (1 + 0.1 * scatter[1])),
                bend=tuple(float(x) for x in bend + 0.15 * scatter[2:]),
                lag_s=float(lag),
                top_sd=2.0,
                change_sd=0.08 * abs(change) + 1.5,
                wander=1.8,
                jitter=(0.35 if name == "pro_sup" else 0.08) * recording_noise,
            )
    return style, arms


class _Timeline:
    """The depth of a trial over time, and quantities that follow it."""

    def __init__(self, style: Style, repetitions: int, generator: np.random.Generator):
        tempo = style.tempo
        order = np.arange(repetitions) / max(1, repetitions - 1)
        vary = lambda seconds: (  # noqa: E731
            seconds * (1 + tempo.slowing * order) * np.exp(tempo.spread * generator.standard_normal(repetitions))
        )
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
        smooth = lambda x: x**3 * (10 - 15 * x + 6 * x**2)  # noqa: E731
        self.at_rest = 1 - smooth(rise) + smooth(fall)

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
        return values + self.noise(0.012, excursion.jitter, generator)
