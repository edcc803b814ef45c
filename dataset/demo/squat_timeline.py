"""The course of a trial over time, made from a style: the targets of inverse kinematics, frame by frame.

A trial is a few seconds of standing, some repetitions, and standing again.
"""

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.special import betainc

from dataset.demo.squat_style import Excursion, Style
from models.conventions import FEET, FRAME_RATE_HZ
from models.skeleton.squat_targets import SquatTargets, SwingFoot

_ARMS_AT_SIDE_DEG = {"arm_flex": -8.0, "arm_add": -12.0, "arm_rot": 0.0, "elbow_flex": 22.0, "pro_sup": 60.0}
_ARM_LIMITS_DEG = {
    "arm_flex": (-60, 165),
    "arm_add": (-125, 40),
    "arm_rot": (-80, 85),
    "elbow_flex": (1, 148),
    "pro_sup": (0, 158),
}


def draw_targets(style: Style, seed: int, index: int, repetitions: int) -> SquatTargets:
    """Draw a trial in a style: squats with their variability, noise and fatigue.

    Args:
        style: parameters of the trial.
        seed: seed of the population.
        index: number of the style in the population.
        repetitions: number of squats.
    """
    generator = np.random.default_rng([seed, index, 2])
    timeline = _Timeline(style, repetitions, generator)

    def follow(excursion: Excursion) -> np.ndarray:
        return timeline.follow(excursion, generator)

    coordinates = {name: follow(excursion) for name, excursion in style.coordinates.items()}
    if style.arms_come_up:
        for name in coordinates:
            if name.startswith(tuple(_ARM_LIMITS_DEG)):
                away = _ARMS_AT_SIDE_DEG[name[:-2]] + 8.0 * generator.standard_normal()
                coordinates[name] += (away - style.coordinates[name].top) * timeline.at_rest
    for name, values in coordinates.items():
        if name.startswith(tuple(_ARM_LIMITS_DEG)):
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
        balance_shift_m=_sideways_sway(style, timeline, generator),
        foot_yaw=depth[:, None] * stance.yaw_change_deg + flutter(0.12),
        foot_roll=np.array(stance.roll_deg) + depth[:, None] * stance.roll_change_deg + flutter(0.5),
        foot_pitch=np.array(stance.pitch_deg) + depth[:, None] * stance.pitch_change_deg + flutter(0.3),
        heel_lift=np.clip((depth[:, None] - 0.35) / 0.65, 0, 1) ** 1.5 * stance.heel_lift_deg,
        depth=depth,
        stance=stance,
        swing=_swing(style, follow),
    )


def _sideways_sway(style: Style, timeline: "_Timeline", generator: np.random.Generator) -> np.ndarray:
    """Where the centre of mass is beside its place, (T, 2) forward and right, metres: sideways on one foot."""
    shift = np.zeros((len(timeline.time_s), 2))
    if style.swing is not None:
        shift[:, 1] = 0.004 * generator.standard_normal() + timeline.noise(0.4, 0.004, generator)
    return shift


def _swing(style: Style, follow: Callable[[Excursion], np.ndarray]) -> tuple[SwingFoot | None, SwingFoot | None]:
    """Path of the foot in the air, right and left."""
    swing = style.swing
    if swing is None:
        return None, None
    outward = follow(swing.outward)
    offset = np.stack([follow(swing.forward), follow(swing.up), outward if swing.foot == "r" else -outward], 1)
    ankle = follow(swing.ankle)
    preferred = {"hip_rotation": np.zeros_like(ankle), "ankle_angle": ankle, "subtalar_angle": np.zeros_like(ankle)}
    path = SwingFoot(offset, preferred)
    return (path, None) if swing.foot == "r" else (None, path)


def _minimum_jerk(x: np.ndarray) -> np.ndarray:
    """Minimum-jerk profile from 0 to 1 over x from 0 to 1 (Flash and Hogan 1985)."""
    return x**3 * (10 - 15 * x + 6 * x**2)


class _Timeline:
    """Depth of a trial over time, and the quantities that follow it.

    Attributes:
        time_s: (T,) seconds.
        depth: (T,) 0 in standing, 1 at the bottom.
        at_rest: (T,) 1 before the first and after the last repetition, 0 between them.
    """

    def __init__(self, style: Style, repetitions: int, generator: np.random.Generator) -> None:
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
        # The subject stands before, between and after the repetitions; these are the knots of the value in standing.
        self.knots_s = np.concatenate([[0.0], [starts[0]], (ends[:-1] + starts[1:]) / 2, [ends[-1]], self.time_s[-1:]])
        self.depth = self._depths(0.0).sum(0)
        edge = 0.5 * (lead_in + lead_out)
        rise = np.clip((self.time_s - 0.15 * lead_in) / (0.8 * lead_in), 0, 1)
        fall = np.clip((self.time_s - ends[-1] - 0.1 * edge) / (0.8 * lead_out), 0, 1)
        self.at_rest = 1 - _minimum_jerk(rise) + _minimum_jerk(fall)

    def _depths(self, lag_s: float) -> np.ndarray:
        """Depth of each repetition, (repetitions, T), from 0 in standing to 1 at its bottom and back."""
        depths = []
        for (start, descent, bottom, ascent), (down, up) in zip(self.parts, self.skews, strict=True):
            since = self.time_s - lag_s - start
            falling = betainc(*down, np.clip(since / descent, 0, 1))
            rising = betainc(*up, np.clip((since - descent - bottom) / ascent, 0, 1))
            depths.append(falling - rising)
        return gaussian_filter1d(np.array(depths), 0.045 * FRAME_RATE_HZ, axis=1, mode="nearest")

    def noise(self, seconds: float, sd: float, generator: np.random.Generator) -> np.ndarray:
        """Noise (T,) of standard deviation `sd` with a correlation time of about `seconds`."""
        frames = seconds * FRAME_RATE_HZ
        white = generator.standard_normal(len(self.time_s) + 8 * int(np.ceil(frames)))
        smooth = gaussian_filter1d(white, frames)[4 * int(np.ceil(frames)) :][: len(self.time_s)]
        return sd * smooth * np.sqrt(2 * np.sqrt(np.pi) * frames)

    def follow(self, excursion: Excursion, generator: np.random.Generator) -> np.ndarray:
        """Values (T,) of a quantity over the trial."""
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
