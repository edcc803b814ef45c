"""Random styles of squatting for the synthetic subjects.

The ranges are wider than those of real recordings (`DATASETS.md` compares them), and no recorded curve is used.
"""

import numpy as np
from scipy import stats

from dataset.demo.anthropometry import sobol_point
from dataset.demo.squat_style import Excursion, Style, Tempo
from models.conventions import FEET
from models.skeleton.squat_targets import Stance

_SOBOL_DIMENSIONS = 32  # parameters that a Sobol sequence spreads evenly over the population
_ARMS = ("arm_flex", "arm_add", "arm_rot", "elbow_flex", "pro_sup")
# For each way of holding the arms: ranges of the value in standing and of the change to the bottom, degrees.
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
# Limit of the trunk's lean from standing to the bottom, pelvis and lumbar joint together.
_LARGEST_LEAN_DEG = -88.0
_PRONATION_DEG = ((0, 130), (-25, 25))


def draw_style(seed: int, index: int, leg_length_m: float) -> Style:
    """Draw style `index` of the population `seed`.

    Depth, tempo, lean and the other most influential parameters come from a Sobol sequence, which covers their ranges
    evenly over the population; the others are drawn independently.

    Args:
        seed: seed of the population.
        index: number of the style, from 0.
        leg_length_m: hip to knee plus knee to ankle, metres.
    """
    sampler = _Sampler(seed, index)
    asymmetric = sampler.stratified_chance(0.3)
    noise = float(np.exp(sampler.stratified_uniform(np.log(0.25), np.log(9.0))))  # from marker data to two smartphones
    knee, depth_deg = _draw_knee(sampler, noise)
    lean_deg = -sampler.stratified_uniform(5, 48) * (0.55 + 0.45 * depth_deg / 100)
    lag_s = sampler.stratified_normal(0.0, 0.05, -0.1, 0.12)
    side = sampler.side()
    coordinates = _draw_trunk(sampler, lean_deg, lag_s, asymmetric, noise)
    if asymmetric:
        lateral_change = side * sampler.stratified_uniform(0.02, 0.28) * leg_length_m
        knee_difference = sampler.stratified_uniform(-14, 14)
    else:
        lateral_change = (sampler.stratified_uniform(0, 1) - 0.5) * 0.05
        knee_difference = sampler.stratified_uniform(-4, 4)
    arm_style, arms = _draw_arms(sampler, lag_s, noise)
    width_m = sampler.stratified_uniform(0.26, 0.64) * leg_length_m
    lateral_change = float(np.clip(lateral_change, -0.62 * width_m, 0.62 * width_m))
    stance = _draw_stance(sampler, width_m, asymmetric, side)
    return Style(
        knee=knee,
        knee_difference=Excursion(
            top=0.8 * sampler.normal(),
            change=knee_difference,
            bend=sampler.bend(),
            top_sd=0.3,
            change_sd=1.0,
            wander=0.3,
            jitter=0.015 * noise,
        ),
        knee_difference_sd=2.0 + 60.0 * abs(lateral_change),
        lateral=_draw_lateral(sampler, lateral_change, noise),
        balance=_draw_balance(sampler, noise),
        coordinates={**coordinates, **arms},
        tempo=_draw_tempo(sampler),
        stance=stance,
        arm_style=arm_style,
        arms_come_up=sampler.uniform() < 0.4,
        mtp_deg=-7.5 if sampler.uniform() < 0.85 else sampler.uniform(-12, 0),  # OpenCap's is constant, usually -7.5
        fatigue=sampler.clipped_normal(0.03, 0.05, -0.06, 0.14),
    )


class _Sampler:
    """Random numbers of one style: stratified ones from a Sobol sequence, and independent ones."""

    def __init__(self, seed: int, index: int) -> None:
        self._sobol = iter(sobol_point(_SOBOL_DIMENSIONS, seed + 1, index))
        self._generator = np.random.default_rng([seed, index, 1])

    def stratified_uniform(self, low: float, high: float) -> float:
        """A uniform number, stratified over the population."""
        return float(low + (high - low) * next(self._sobol))

    def stratified_normal(self, mean: float, sd: float, low: float, high: float) -> float:
        """A normal number clipped to bounds, stratified over the population."""
        quantile = np.clip(next(self._sobol), 1e-4, 1 - 1e-4)
        return float(np.clip(mean + sd * stats.norm.ppf(quantile), low, high))

    def stratified_chance(self, probability: float) -> bool:
        """True with this probability, stratified over the population."""
        return bool(next(self._sobol) < probability)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """An independent uniform number."""
        return float(self._generator.uniform(low, high))

    def normal(self) -> float:
        """An independent standard normal number."""
        return float(self._generator.standard_normal())

    def clipped_normal(self, mean: float, sd: float, low: float, high: float) -> float:
        """An independent normal number clipped to bounds."""
        return float(np.clip(mean + sd * self.normal(), low, high))

    def side(self) -> int:
        """1 for the right side or -1 for the left."""
        return int(self._generator.choice((-1, 1)))

    def bend(self, first: float = 0.9, second: float = 0.7) -> tuple[float, float]:
        """The coefficients of an excursion's path, with these standard deviations; see `Excursion.bend`."""
        return self.clipped_normal(0.0, first, -1.6, 2.2), self.clipped_normal(0.0, second, -1.6, 2.2)

    def left_and_right(self, mean: float, sd: float) -> tuple[float, float]:
        """Values of the right and the left side, `mean` plus and minus a difference of standard deviation `sd`."""
        difference = sd * self.normal()
        return mean + difference, mean - difference

    def piecewise_uniform(self, ranges: tuple[tuple[float, tuple[float, float]], ...]) -> float:
        """A number drawn uniformly from one of several ranges.

        Args:
            ranges: pairs of a cumulated probability and the bounds of a range.
        """
        quantile = self.uniform()
        return self.uniform(*next(bounds for share, bounds in ranges if quantile <= share))


def _draw_knee(sampler: _Sampler, noise: float) -> tuple[Excursion, float]:
    """Excursion of the knees, and the flexion at the bottom in degrees."""
    knee_top, depth_deg = sampler.stratified_uniform(0.8, 9.0), sampler.stratified_normal(100, 16, 48, 126)
    knee = Excursion(
        top=knee_top,
        change=depth_deg - knee_top,
        top_sd=sampler.uniform(0.3, 2.0),
        change_sd=sampler.uniform(1.0, 6.0),
        wander=0.25,
        jitter=0.015 * noise,
    )
    return knee, depth_deg


def _draw_lateral(sampler: _Sampler, change: float, noise: float) -> Excursion:
    """Position of the pelvis to the right of the middle of the feet, metres; `change` is that until the bottom."""
    return Excursion(
        top=0.008 * sampler.normal(),
        change=change,
        bend=sampler.bend(0.5, 0.5),
        lag_s=0.05 * sampler.normal(),
        top_sd=0.004,
        change_sd=0.007,
        wander=0.003,
        jitter=0.00013 * noise,
    )


def _draw_balance(sampler: _Sampler, noise: float) -> Excursion:
    """Position of the centre of mass between heel (0) and ball of the foot (1)."""
    return Excursion(
        top=sampler.stratified_normal(0.52, 0.12, 0.25, 0.85),
        change=0.11 * sampler.normal(),
        bend=sampler.bend(),
        lag_s=0.05 * sampler.normal(),
        top_sd=sampler.uniform(0.02, 0.09),
        change_sd=0.03,
        wander=0.03,
        jitter=0.0018 * noise,
    )


def _draw_trunk(
    sampler: _Sampler, lean_deg: float, lag_s: float, asymmetric: bool, noise: float
) -> dict[str, Excursion]:
    """Excursions of pelvis and lumbar joint; the pelvis tilts by `lean_deg` until the bottom."""

    def excursion(top: float, change: float, wander: float, jitter: float = 0.02, unsteady: float = 1.0) -> Excursion:
        return Excursion(
            top=top,
            change=change,
            bend=sampler.bend(),
            lag_s=lag_s + 0.04 * sampler.normal(),
            top_sd=1.2 * wander * unsteady,
            change_sd=0.1 * abs(change) * abs(sampler.normal()) + 0.8 * wander,
            wander=wander,
            jitter=jitter * noise,
        )

    bow_deg = max(sampler.stratified_uniform(-50, 4), _LARGEST_LEAN_DEG - lean_deg)
    sway = (
        {"list": 2.5, "rotation": 3.5, "bending": 4.0} if asymmetric else {"list": 1.2, "rotation": 1.8, "bending": 2}
    )
    within = sampler.stratified_normal
    return {
        "pelvis_tilt": excursion(within(-3, 6, -14, 12), lean_deg, 0.6, unsteady=sampler.uniform(0.8, 6)),
        "pelvis_list": excursion(1.5 * sampler.normal(), sway["list"] * sampler.normal(), 0.35, 0.012),
        "pelvis_rotation": excursion(within(0, 2.5, -6, 6), sway["rotation"] * sampler.normal(), 0.5, 0.012),
        "lumbar_extension": excursion(within(-1, 4, -12, 9), bow_deg, 0.7, unsteady=sampler.uniform(0.8, 4.5)),
        "lumbar_bending": excursion(within(0, 2.6, -8, 8), sway["bending"] * sampler.normal(), 0.5, 0.015),
        "lumbar_rotation": excursion(within(1.5, 4, -8, 12), within(0, 7, -19, 19), 0.7, 0.025),
    }


def _draw_arms(sampler: _Sampler, lag_s: float, noise: float) -> tuple[str, dict[str, Excursion]]:
    """Name of the way the arms are held, and the excursions of both arms."""
    cumulated = np.cumsum(_ARM_STYLE_WEIGHTS)
    style = list(_ARM_STYLES)[int(np.searchsorted(cumulated[:-1], sampler.stratified_uniform(0, 1)))]
    one_sided_deg = sampler.uniform(2, 14)
    arms = {}
    for name, (tops, changes) in zip(_ARMS, (*_ARM_STYLES[style], _PRONATION_DEG), strict=True):
        top, change = sampler.uniform(*tops), sampler.uniform(*changes)
        bend = sampler.bend(0.8, 0.8)
        lag = lag_s + 0.08 * sampler.normal()
        turns_freely = name == "pro_sup"  # which recordings also measure poorly
        for side in FEET:
            arms[f"{name}_{side}"] = Excursion(
                top=top + (1.8 if turns_freely else 0.6) * one_sided_deg * sampler.normal(),
                change=change * (1 + 0.1 * sampler.normal()),
                bend=(bend[0] + 0.15 * sampler.normal(), bend[1] + 0.15 * sampler.normal()),
                lag_s=lag,
                top_sd=2.0,
                change_sd=0.08 * abs(change) + 1.5,
                wander=1.8,
                jitter=(0.16 if turns_freely else 0.04) * noise,
            )
    return style, arms


def _draw_stance(sampler: _Sampler, width_m: float, asymmetric: bool, side: int) -> Stance:
    """Position and orientation of the feet."""
    toe_out, roll = sampler.stratified_uniform(-6, 24), sampler.stratified_normal(-3, 3.5, -10, 6)
    pitch, roll_change = sampler.stratified_normal(1, 2, -4, 5), sampler.stratified_normal(0, 2.5, -6, 6)
    lift = sampler.uniform(3, 12) if sampler.stratified_chance(0.12) else 0.0
    lifts = {1: (lift, 0.0), -1: (0.0, lift)}[side] if asymmetric else (lift, lift)
    return Stance(
        width_m=width_m,
        stagger_m=(0.035 if asymmetric else 0.012) * sampler.normal(),
        toe_out_deg=sampler.left_and_right(toe_out, 3.5),
        roll_deg=sampler.left_and_right(roll, 1.8),
        pitch_deg=sampler.left_and_right(pitch, 0.8),
        roll_change_deg=sampler.left_and_right(roll_change, 1.5),
        pitch_change_deg=sampler.left_and_right(sampler.normal(), 0.6),
        yaw_change_deg=sampler.left_and_right(0.35 * sampler.normal(), 0.25),
        heel_lift_deg=lifts,
    )


def _draw_tempo(sampler: _Sampler) -> Tempo:
    """Durations and speed profiles."""
    descent_s = float(np.exp(sampler.stratified_normal(np.log(1.0), 0.3, np.log(0.7), np.log(3.0))))
    return Tempo(
        descent_s=descent_s,
        bottom_s=sampler.piecewise_uniform(((0.65, (0.0, 0.08)), (0.9, (0.08, 0.4)), (1.0, (0.4, 1.5)))),
        ascent_s=float(np.clip(descent_s * np.exp(-0.1 + 0.2 * sampler.normal()), 0.65, 3.0)),
        standing_s=sampler.piecewise_uniform(((0.5, (0.0, 0.12)), (0.85, (0.12, 0.7)), (1.0, (0.7, 2.2)))),
        descent_skew=(sampler.uniform(1.6, 3.2), sampler.uniform(1.7, 3.2)),
        ascent_skew=(sampler.uniform(1.7, 3.2), sampler.uniform(1.6, 3.4)),
        spread=sampler.uniform(0.03, 0.12),
        slowing=sampler.clipped_normal(0.06, 0.1, -0.12, 0.3),
    )
