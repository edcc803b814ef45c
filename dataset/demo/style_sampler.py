"""Random styles of squatting for the synthetic subjects.

The ranges are wider than those of real recordings (`DATASETS.md` compares them), and no recorded curve is used.
"""

from dataclasses import replace

import numpy as np

from dataset.demo.sampler import Ranges, Sampler
from dataset.demo.squat_style import Excursion, Style, SwingStyle, Tempo
from models.conventions import FEET
from models.skeleton.squat_targets import Stance

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
# Cumulated shares of the population, and the flexion of the knees at the bottom, degrees. Where a joint reaches its
# limit, the squat becomes less deep.
_DEPTH_DEG = ((0.15, (45, 80)), (0.5, (80, 105)), (0.8, (105, 122)), (1.0, (122, 137)))
_ONE_LEG_DEPTH_DEG = ((0.5, (40, 60)), (0.9, (60, 80)), (1.0, (80, 105)))
_WIDTH, _ONE_LEG_WIDTH = (0.22, 0.66), (0.16, 0.36)  # distance of the feet over the leg's length
_ONE_LEG, _ASYMMETRIC = 0.125, 0.28  # shares of the population
# The same of the duration of descent and ascent together, and of the pauses at the bottom and between repetitions, s.
_MOVING_S = ((0.3, (0.95, 1.5)), (0.65, (1.5, 2.6)), (0.85, (2.6, 4.2)), (1.0, (4.2, 6.4)))
_HOLD_S = ((0.6, (0.0, 0.08)), (0.75, (0.08, 0.5)), (0.9, (0.5, 1.6)), (1.0, (1.6, 3.0)))
_STANDING_S = ((0.4, (0.0, 0.12)), (0.75, (0.12, 0.7)), (1.0, (0.7, 2.2)))
_ONE_LEG_MOVING_S = 1.3  # at least
_QUICK_S = 1.6  # whoever moves faster does not stay at the bottom
# Largest acceleration of the pelvis, m/s^2: nobody falls or leaps off the floor. The peak of a minimum-jerk movement
# over a distance d in a time t is 5.77 d / t^2 (Flash and Hogan 1985).
_LARGEST_ACCELERATION_M_S2 = 5.0
_MINIMUM_JERK_PEAK = 5.77
# Where the other foot is held on one leg: ranges of its heel's position forward, of the change of that to the bottom,
# and of its height, over the leg's length, and of the ankle's angle, degrees. Behind the body the toes point down.
_SWING_PLACES = {
    "in front": ((0.1, 0.45), (0.0, 0.3), (0.08, 0.24), (-15, 10)),
    "beside": ((-0.1, 0.1), (-0.08, 0.1), (0.12, 0.28), (-25, 5)),
    "behind": ((-0.5, -0.15), (-0.1, 0.1), (0.22, 0.42), (-30, 0)),
}
# Knee flexion minus lean at which hips and ankles reach their limits; who squats deeper keeps the pelvis more upright.
_DEEPEST_WITHOUT_LEAN_DEG = 155.0
# Share of the people who lift their heels: of all, and of those who squat deep.
_LIFTED_HEELS, _LIFTED_HEELS_DEEP, _DEEP_DEG = 0.12, 0.4, 115.0
# Limit of the trunk's lean from standing to the bottom, pelvis and lumbar joint together.
_LARGEST_LEAN_DEG = -88.0
# Displacement of the pelvis over the distance of the feet; at 0.3 one foot carries about 80 % of the weight.
_LARGEST_SHIFT = 0.62
_SHIFT_S = 0.9  # a descent of this time is long enough for the largest one
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
    sampler = Sampler(seed, index)
    kind = sampler.stratified_uniform(0, 1)
    one_leg = kind < _ONE_LEG
    asymmetric = _ONE_LEG <= kind < _ONE_LEG + _ASYMMETRIC
    noise = float(np.exp(sampler.stratified_uniform(np.log(0.25), np.log(9.0))))  # from marker data to two smartphones
    knee, depth_deg = _draw_knee(sampler, noise, _ONE_LEG_DEPTH_DEG if one_leg else _DEPTH_DEG)
    lean_deg = -sampler.stratified_uniform(5, 48) * (0.55 + 0.45 * depth_deg / 100)
    lean_deg = max(lean_deg, depth_deg - _DEEPEST_WITHOUT_LEAN_DEG)
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
    width_m = sampler.stratified_uniform(*(_ONE_LEG_WIDTH if one_leg else _WIDTH)) * leg_length_m
    tempo = _draw_tempo(sampler, leg_length_m * (1 - float(np.cos(np.radians(depth_deg / 2)))), one_leg)
    # A quick shift to the side would need a push from beside the feet.
    largest_m = _LARGEST_SHIFT * width_m * min(1.0, tempo.descent_s / _SHIFT_S) ** 2
    lateral_change = float(np.clip(lateral_change, -largest_m, largest_m))
    lifted_heels = _LIFTED_HEELS_DEEP if depth_deg > _DEEP_DEG else _LIFTED_HEELS
    stance = _draw_stance(sampler, width_m, asymmetric, side, lifted_heels)
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
        tempo=tempo,
        stance=stance,
        arm_style=arm_style,
        arms_come_up=sampler.uniform() < 0.4,
        mtp_deg=-7.5 if sampler.uniform() < 0.85 else sampler.uniform(-12, 0),  # OpenCap's is constant, usually -7.5
        fatigue=sampler.clipped_normal(0.03, 0.05, -0.06, 0.14),
        pressure_share=sampler.uniform(0.2, 0.8),
        swing=_draw_swing(sampler, leg_length_m, "r" if side > 0 else "l") if one_leg else None,
    )


def _draw_knee(sampler: Sampler, noise: float, depths: Ranges) -> tuple[Excursion, float]:
    """Excursion of the knees, and the flexion at the bottom in degrees."""
    knee_top, depth_deg = sampler.stratified_uniform(0.8, 9.0), sampler.stratified_piecewise(depths)
    knee = Excursion(
        top=knee_top,
        change=depth_deg - knee_top,
        top_sd=sampler.uniform(0.3, 2.0),
        change_sd=sampler.uniform(1.0, 6.0),
        wander=0.25,
        jitter=0.015 * noise,
    )
    return knee, depth_deg


def _draw_lateral(sampler: Sampler, change: float, noise: float) -> Excursion:
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


def _draw_balance(sampler: Sampler, noise: float) -> Excursion:
    """Position of the centre of mass between heel (0) and ball of the foot (1)."""
    return Excursion(
        top=sampler.stratified_normal(0.52, 0.12, 0.25, 0.85),
        change=0.14 * sampler.normal(),
        bend=sampler.bend(),
        lag_s=0.05 * sampler.normal(),
        top_sd=sampler.uniform(0.02, 0.09),
        change_sd=0.03,
        wander=0.03,
        jitter=0.0018 * noise,
    )


def _draw_trunk(
    sampler: Sampler, lean_deg: float, lag_s: float, asymmetric: bool, noise: float
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


def _draw_arms(sampler: Sampler, lag_s: float, noise: float) -> tuple[str, dict[str, Excursion]]:
    """Name of the way the arms are held, and the excursions of both arms."""
    cumulated = np.cumsum(_ARM_STYLE_WEIGHTS)
    style = list(_ARM_STYLES)[int(np.searchsorted(cumulated[:-1], sampler.stratified_uniform(0, 1)))]
    one_sided_deg = sampler.uniform(2, 14)
    # Some people move their arms all the time, by up to a hundred degrees a second.
    wander_deg = 1.8 * (sampler.uniform(3, 9) if sampler.uniform() < 0.12 else 1.0)
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
                wander=wander_deg,
                jitter=(0.16 if turns_freely else 0.04) * noise,
            )
    return style, arms


def _draw_swing(sampler: Sampler, leg_length_m: float, foot: str) -> SwingStyle:
    """How the foot is held that is in the air; lengths relative to the leg's."""
    place = list(_SWING_PLACES)[int(sampler.uniform(0, len(_SWING_PLACES)))]
    forward, forward_change, up, ankle_deg = (sampler.uniform(*bounds) for bounds in _SWING_PLACES[place])

    def excursion(top: float, change: float, scale: float = leg_length_m) -> Excursion:
        return Excursion(
            top=scale * top,
            change=scale * change,
            bend=sampler.bend(0.4, 0.4),
            lag_s=0.05 * sampler.normal(),
            top_sd=0.012 * scale,
            change_sd=0.02 * scale,
            wander=0.008 * scale,
        )

    return SwingStyle(
        foot=foot,
        place=place,
        forward=excursion(forward, forward_change),
        up=excursion(up, sampler.uniform(-0.04, 0.06)),
        outward=excursion(sampler.uniform(-0.06, 0.1), sampler.uniform(-0.04, 0.08)),
        ankle=replace(excursion(ankle_deg, sampler.uniform(-8, 8), 1.0), top_sd=2.0, change_sd=2.0, wander=0.8),
    )


def _draw_stance(sampler: Sampler, width_m: float, asymmetric: bool, side: int, lifted_heels: float) -> Stance:
    """Position and orientation of the feet."""
    toe_out, roll = sampler.stratified_uniform(-6, 24), sampler.stratified_normal(-3, 3.5, -10, 6)
    pitch, roll_change = sampler.stratified_normal(1, 2, -4, 5), sampler.stratified_normal(0, 2.5, -6, 6)
    lift = sampler.uniform(3, 14) if sampler.stratified_chance(lifted_heels) else 0.0
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


def _draw_tempo(sampler: Sampler, drop_m: float, one_leg: bool) -> Tempo:
    """Durations and speed profiles of squats in which the pelvis goes down by `drop_m`."""
    moving_s = sampler.stratified_piecewise(_MOVING_S)
    if one_leg:
        moving_s = max(moving_s, _ONE_LEG_MOVING_S)
    share = sampler.clipped_normal(0.52, 0.05, 0.4, 0.65)
    shortest_s = (_MINIMUM_JERK_PEAK * drop_m / _LARGEST_ACCELERATION_M_S2) ** 0.5
    hold_s = sampler.stratified_piecewise(_HOLD_S)
    gentle = 0.7 * max(0.0, 1.0 - (moving_s - 1.0))  # quick movements start and stop as gently as they can
    return Tempo(
        descent_s=max(share * moving_s, shortest_s),
        bottom_s=hold_s if moving_s > _QUICK_S else min(hold_s, 0.05),
        ascent_s=max((1 - share) * moving_s, shortest_s),
        standing_s=sampler.piecewise_uniform(_STANDING_S),
        descent_skew=(sampler.uniform(1.6 + gentle, 3.2), sampler.uniform(1.7 + gentle, 3.2)),
        ascent_skew=(sampler.uniform(1.7 + gentle, 3.2), sampler.uniform(1.6 + gentle, 3.4)),
        spread=sampler.uniform(0.03, 0.12),
        slowing=sampler.clipped_normal(0.06, 0.1, -0.12, 0.3),
    )
