"""Names and definitions for the page: muscles, coordinates, quantities, statistics and units in plain words."""

import re
from dataclasses import dataclass

from dataset.muscle_names import MUSCLE_NAMES
from dataset.spelling import split_side
from models.conventions import without_side
from utils.biomechanics.registry import find_quantity
from utils.biomechanics.statistics import AT_BOTTOM, AT_PEAK, MOTION
from utils.simulation.saturation import WEAK_MUSCLES

# Groups of muscles whose curves are shown together; the last group holds every muscle of a leg.
PANEL_GROUPS = {
    "Quadriceps": ("vasmed", "vaslat", "vasint", "recfem"),
    "Gluteals": ("glmax1", "glmax2", "glmax3", "glmed1", "glmed2", "glmed3", "glmin1", "glmin2", "glmin3"),
    "Hamstrings": ("bflh", "bfsh", "semimem", "semiten"),
    "Calf and shin": ("soleus", "gasmed", "gaslat", "tibant", "tibpost"),
    "Adductors": ("addbrev", "addlong", "addmagDist", "addmagIsch", "addmagMid", "addmagProx", "grac"),
    "All 40 of a leg": tuple(MUSCLE_NAMES),
}


@dataclass(frozen=True)
class CoordinatePanel:
    """A panel of curves.

    Attributes:
        group: group of panels that are shown together.
        title: title of the panel.
        coordinates: names of the left and the right coordinate, or of a single one.
    """

    group: str
    title: str
    coordinates: tuple[str, ...]


COORDINATE_PANELS = (
    CoordinatePanel("Squat", "Knee flexion", ("knee_angle_l", "knee_angle_r")),
    CoordinatePanel("Squat", "Hip flexion", ("hip_flexion_l", "hip_flexion_r")),
    CoordinatePanel("Squat", "Ankle dorsiflexion", ("ankle_angle_l", "ankle_angle_r")),
    CoordinatePanel("Squat", "Pelvis tilt", ("pelvis_tilt",)),
    CoordinatePanel("Squat", "Pelvis height", ("pelvis_ty",)),
    CoordinatePanel("Squat", "Lumbar extension", ("lumbar_extension",)),
    CoordinatePanel("Hips", "Hip adduction", ("hip_adduction_l", "hip_adduction_r")),
    CoordinatePanel("Hips", "Hip rotation", ("hip_rotation_l", "hip_rotation_r")),
    CoordinatePanel("Feet", "Subtalar angle", ("subtalar_angle_l", "subtalar_angle_r")),
    CoordinatePanel("Feet", "Toe flexion", ("mtp_angle_l", "mtp_angle_r")),
    CoordinatePanel("Pelvis and trunk", "Pelvis list", ("pelvis_list",)),
    CoordinatePanel("Pelvis and trunk", "Pelvis rotation", ("pelvis_rotation",)),
    CoordinatePanel("Pelvis and trunk", "Pelvis forward", ("pelvis_tx",)),
    CoordinatePanel("Pelvis and trunk", "Pelvis sideways", ("pelvis_tz",)),
    CoordinatePanel("Pelvis and trunk", "Lumbar bending", ("lumbar_bending",)),
    CoordinatePanel("Pelvis and trunk", "Lumbar rotation", ("lumbar_rotation",)),
    CoordinatePanel("Arms", "Shoulder flexion", ("arm_flex_l", "arm_flex_r")),
    CoordinatePanel("Arms", "Shoulder adduction", ("arm_add_l", "arm_add_r")),
    CoordinatePanel("Arms", "Shoulder rotation", ("arm_rot_l", "arm_rot_r")),
    CoordinatePanel("Arms", "Elbow flexion", ("elbow_flex_l", "elbow_flex_r")),
    CoordinatePanel("Arms", "Forearm pronation", ("pro_sup_l", "pro_sup_r")),
)

_QUANTITY_TITLES = {
    "asymmetry": "Difference between left and right",
    "angular_speed": "Angular speed of the joints",
    "com_speed": "Speed of the pelvis",
    "com_acceleration": "Acceleration of the pelvis",
    "foot_slip": "Sliding speed of the feet",
    "foot_drift": "Drift of the feet",
    "floor_penetration": "Depth below the floor",
    "range_excess": "Angle beyond a joint's range",
}
_DEFINITIONS = {
    "activation": "Activation of the muscle: 0 is none, 1 is full.",
    "pelvis_tilt": "Tilt of the pelvis; negative is forward, as in a squat.",
    "hip_flexion": "Flexion of the hip.",
    "knee_flexion": "Flexion of the knee; 0 is straight. The largest value is the usual measure of a squat's depth.",
    "ankle_dorsiflexion": "Dorsiflexion of the ankle: how far the shin leans forward over the foot.",
    "asymmetry": "Difference between the two legs, taken over hip, knee and ankle together.",
    "angular_speed": "Angular speed of hips, knees, ankles and pelvis, taken together.",
    "com_speed": "Speed of the pelvis, which stands for the centre of mass.",
    "com_acceleration": "Acceleration of the pelvis, which stands for the centre of mass.",
    "angular_jerk": "How abruptly the angular acceleration of hips, knees, ankles and pelvis changes, taken together.",
    "com_jerk": "How abruptly the acceleration of the pelvis changes. Smooth motion has little jerk.",
    "pelvis_drop": "How far the pelvis is below its height as the squat begins.",
    "pelvis_height": "Height of the pelvis above the floor.",
    "foot_slip": "Speed at which the points of a foot that touch the floor slide along it. Planted feet do not slide.",
    "foot_drift": "Distance of a foot from its mean position along the floor. Planted feet do not drift.",
    "floor_penetration": "Depth of the lowest point of the feet below the floor.",
    "foot_lift": "Height of the lowest point of a foot above the floor.",
    "heel_lift": "Height of the heel above the floor.",
    "range_excess": "How far the worst joint is outside the range that the subject's model allows.",
    "repetitions": "Number of squats that the motion holds.",
    "halfway_pause": "How long the knees hardly move on their way down or up.",
    "bounce": "How far knees, hips or trunk straighten and bend again; 0 where they go down and up once.",
    "standing_flexion": "Flexion of the knee while the person stands before and after the squat.",
    "standing_extension": "How far the knees straighten before the first squat, or bend after the last one.",
    "standing_lean": "Angle of the trunk from the vertical while the person stands before and after the squat.",
    "standing_speed": "Angular speed of hips, knees, ankles and pelvis while the person stands before and after.",
    "knee_valgus": "How far the knee is medial of the line from hip to ankle; negative is lateral.",
    "trunk_lean": "Angle of the trunk from the vertical, forwards or sideways.",
    "descent_time": "How long the way down lasts.",
    "hold_time": "How long the knees rest at the bottom.",
    "ascent_time": "How long the way up lasts.",
    "repetition_time": "How long the squat lasts, from standing to standing.",
    "thigh_below_parallel": "Angle of the thigh below the horizontal; 0 is parallel, negative is above it.",
    "stance_width": "Distance between the ankles along the floor.",
    "toe_out": "How far a foot points outwards; negative is inwards.",
    "change_from_own": "Difference of the angles of legs, pelvis and trunk from the person's own squat, tempo aside.",
    "arm_change_from_own": "Difference of the angles of shoulders and elbows from the person's own squat, tempo aside.",
    "load_share": "Share of the body's load that a foot carries; 0.5 is half of it.",
    "rhythm_change_from_own": "Difference of the shares of descent, hold and ascent from those in the own squat.",
    "weight_change_from_own": "Difference of where the weight rests, along and between the feet, from the own squat.",
    "load_sway": "How far a foot's load departs from a steady one, or from that in the own squat, shifted.",
    "centre_of_pressure": "Where along a foot the load acts: 0 is the back of the heel, 1 the tip of the toes.",
    "net_centre_of_pressure": "Where the weight rests along the feet: 0 is the heels' back, 1 the tips of the toes.",
    "ground_reaction": "Force with which the floor pushes both feet up, in body weights; standing still it is 1.",
    "hip_extension_moment": "Moment of the muscles that extend the hip, less that of those that flex it.",
    "hip_abduction_moment": "Moment of the muscles that abduct the hip, less that of those that adduct it.",
    "knee_extension_moment": "Moment of the muscles that extend the knee, less that of those that flex it.",
    "ankle_plantarflexion_moment": "Moment of the muscles that push the forefoot down, less that of their opponents.",
    "patellofemoral_compression": "Force that presses the kneecap on the thigh bone, in body weights.",
}
_STATISTICS = {
    "mean": "mean over time",
    "mean_square": "mean square over time",
    "rms": "root mean square over time",
    "max": "largest value",
    "min": "smallest value",
    "range": "largest minus smallest value",
    "sum": "sum over time",
    "start": "value as the squat begins",
    "end": "value as the squat ends",
}
_PART_WORDS = {MOTION: "whole motion, standing included"}
SIDE_WORDS = {"l": "left", "r": "right"}
_UNITS = {"deg": "°", "Nm/kg": "N m/kg", "deg/s": "°/s", "m/s^2": "m/s²", "0-1": "0–1", "deg or m": "° or m"}


def unit_symbol(unit: str) -> str:
    """A unit with its usual symbols: the degree sign, and powers as superscripts."""
    if unit.startswith("(") and unit.endswith(")^2"):
        return f"({unit_symbol(unit[1:-3])})²"
    return _UNITS.get(unit, unit)


def with_minus_signs(text: str) -> str:
    """The text with a minus sign before negative numbers in place of a hyphen."""
    return re.sub(r"-(?=\d)", "−", text)


def muscle_name(muscle: str | None) -> str:
    """`vastus medialis` for `vasmed`, `left vastus medialis` for `vasmed_l`; unknown names are returned unchanged."""
    if not muscle:
        return "the muscle"
    base = without_side(muscle)
    name = MUSCLE_NAMES.get(base, base.replace("_", " "))
    return name if base == muscle else f"{SIDE_WORDS[muscle[-1]]} {name}"


def quantity_title(quantity: str, argument: str | None = None) -> str:
    """The name of a quantity as a title.

    Args:
        quantity: name of a registered quantity.
        argument: the muscle or coordinate that it asks for.
    """
    base, side = split_side(quantity)
    if side:
        return f"{quantity_title(base)}, {SIDE_WORDS[side]}"
    if quantity == "activation":
        return f"Activation of {muscle_name(argument)}"
    if quantity == "coordinate":
        return f"Coordinate {argument}"
    return _QUANTITY_TITLES.get(quantity, quantity.replace("_", " ").capitalize())


def definition(quantity: str) -> str:
    """What a quantity is, in a plain sentence; the registered documentation where no such sentence is written."""
    base, side = split_side(quantity)
    text = _DEFINITIONS.get(base, find_quantity(base).doc)
    return f"{SIDE_WORDS[side].capitalize()}: {text[0].lower()}{text[1:]}" if side else text


def statistic_words(statistic: str, muscle: str | None = None) -> str:
    """A statistic over time in words; `muscle` is the muscle of the statistic `at_peak`."""
    if statistic == AT_PEAK:
        return f"value at the peak activation of {muscle_name(muscle)}"
    if statistic == AT_BOTTOM:
        return "value at the bottom"
    if statistic.startswith("at_"):
        return f"value at {statistic.split('_')[1]} % of the repetition"
    base, over, part = statistic.partition("_over_")
    if not over:
        return _STATISTICS[base]
    return f"{_STATISTICS[base].removesuffix(' over time')} over the {_PART_WORDS.get(part, part)}"


def is_weak(muscle: str) -> bool:
    """Whether simulation and surrogate are known to be unreliable for a muscle, with or without its side."""
    return any(without_side(muscle) in names for names in WEAK_MUSCLES.values())


def weak_muscles() -> str:
    """The muscles for which simulation and surrogate are known to be unreliable, as an enumeration."""
    groups = [f"{group} ({', '.join(map(muscle_name, names))})" for group, names in WEAK_MUSCLES.items()]
    return "; ".join(groups)
