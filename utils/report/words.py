"""What the figures of a report are, in plain words, and how far each can be trusted."""

import math
import re
from collections.abc import Callable, Sequence

from dataset.errors import InputError
from models.conventions import COORDINATE_INDEX, MUSCLE_INDEX
from utils.biomechanics.registry import QUANTITIES
from utils.biomechanics.statistics import AT_PEAK
from utils.guidance.guidance_config import PublishedWeights
from utils.guidance.objective.constraint_grammar import parse_term, read_terms
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.published_terms import published_terms
from utils.simulation.simulation_summary import WEAK_MUSCLES

MUSCLE_NAMES = {
    "addbrev": "adductor brevis", "addlong": "adductor longus", "addmagDist": "adductor magnus (distal)",
    "addmagIsch": "adductor magnus (ischial)", "addmagMid": "adductor magnus (middle)",
    "addmagProx": "adductor magnus (proximal)", "bflh": "biceps femoris long head",
    "bfsh": "biceps femoris short head", "edl": "extensor digitorum longus", "ehl": "extensor hallucis longus",
    "fdl": "flexor digitorum longus", "fhl": "flexor hallucis longus", "gaslat": "lateral gastrocnemius",
    "gasmed": "medial gastrocnemius", "glmax1": "gluteus maximus 1", "glmax2": "gluteus maximus 2",
    "glmax3": "gluteus maximus 3", "glmed1": "gluteus medius 1", "glmed2": "gluteus medius 2",
    "glmed3": "gluteus medius 3", "glmin1": "gluteus minimus 1", "glmin2": "gluteus minimus 2",
    "glmin3": "gluteus minimus 3", "grac": "gracilis", "iliacus": "iliacus", "perbrev": "peroneus brevis",
    "perlong": "peroneus longus", "piri": "piriformis", "psoas": "psoas", "recfem": "rectus femoris",
    "sart": "sartorius", "semimem": "semimembranosus", "semiten": "semitendinosus", "soleus": "soleus",
    "tfl": "tensor fasciae latae", "tibant": "tibialis anterior", "tibpost": "tibialis posterior",
    "vasint": "vastus intermedius", "vaslat": "vastus lateralis", "vasmed": "vastus medialis",
}  # fmt: skip

# What the curves are grouped by; a muscle may be in several, and each is in "All"
MUSCLE_GROUPS = {
    "Quadriceps": ("vasmed", "vaslat", "vasint", "recfem"),
    "Gluteals": ("glmax1", "glmax2", "glmax3", "glmed1", "glmed2", "glmed3", "glmin1", "glmin2", "glmin3"),
    "Hamstrings": ("bflh", "bfsh", "semimem", "semiten"),
    "Calf and shin": ("soleus", "gasmed", "gaslat", "tibant", "tibpost"),
    "Adductors": ("addbrev", "addlong", "addmagDist", "addmagIsch", "addmagMid", "addmagProx", "grac"),
    "All 40 of a leg": tuple(MUSCLE_NAMES),
}

# Panels of coordinates: group, title, coordinates (left and right, or one), what a positive value means
COORDINATE_PANELS = (
    ("Squat", "Knee flexion", ("knee_angle_l", "knee_angle_r"), "bent"),
    ("Squat", "Hip flexion", ("hip_flexion_l", "hip_flexion_r"), "bent"),
    ("Squat", "Ankle dorsiflexion", ("ankle_angle_l", "ankle_angle_r"), "shin forward over the foot"),
    ("Squat", "Pelvis tilt", ("pelvis_tilt",), "tipped back; negative is forward"),
    ("Squat", "Pelvis height", ("pelvis_ty",), "up from the floor"),
    ("Squat", "Lumbar extension", ("lumbar_extension",), "bent back; negative is forward"),
    ("Hips", "Hip adduction", ("hip_adduction_l", "hip_adduction_r"), "towards the midline"),
    ("Hips", "Hip rotation", ("hip_rotation_l", "hip_rotation_r"), "inwards"),
    ("Feet", "Subtalar angle", ("subtalar_angle_l", "subtalar_angle_r"), "sole turned in"),
    ("Feet", "Toe flexion", ("mtp_angle_l", "mtp_angle_r"), "toes down"),
    ("Pelvis and trunk", "Pelvis list", ("pelvis_list",), "left side up"),
    ("Pelvis and trunk", "Pelvis rotation", ("pelvis_rotation",), "turned to the left"),
    ("Pelvis and trunk", "Pelvis forward", ("pelvis_tx",), "forward"),
    ("Pelvis and trunk", "Pelvis sideways", ("pelvis_tz",), "to the right"),
    ("Pelvis and trunk", "Lumbar bending", ("lumbar_bending",), "to the right"),
    ("Pelvis and trunk", "Lumbar rotation", ("lumbar_rotation",), "turned to the left"),
    ("Arms", "Shoulder flexion", ("arm_flex_l", "arm_flex_r"), "arm forward"),
    ("Arms", "Shoulder adduction", ("arm_add_l", "arm_add_r"), "towards the body"),
    ("Arms", "Shoulder rotation", ("arm_rot_l", "arm_rot_r"), "inwards"),
    ("Arms", "Elbow flexion", ("elbow_flex_l", "elbow_flex_r"), "bent"),
    ("Arms", "Forearm pronation", ("pro_sup_l", "pro_sup_r"), "pronated, palm back or down"),
)

_TITLES = {
    "asymmetry": "Difference between left and right",
    "angular_speed": "Speed of the joints",
    "com_speed": "Speed of the pelvis",
    "com_acceleration": "Acceleration of the pelvis",
    "foot_slip": "Sliding speed of the feet",
    "foot_drift": "Drift of the feet",
    "floor_penetration": "Depth under the floor",
    "range_excess": "Beyond the range of a joint",
}
# Plain sentences; where a quantity has none, its own definition stands
_PLAIN = {
    "activation": "How strongly the muscle is driven, as a share of all it can give, from 0 to 1.",
    "pelvis_tilt": "How far the pelvis is tipped; negative is forwards, as in a squat.",
    "hip_flexion": "How far the hip is bent.",
    "knee_flexion": "How far the knee is bent; 0 is straight, and the largest value is the usual depth of a squat.",
    "ankle_dorsiflexion": "How far the shin leans forward over the foot.",
    "asymmetry": "How far hips, knees and ankles of the two legs differ, the three taken together.",
    "angular_speed": "How fast hips, knees, ankles and pelvis turn, taken together.",
    "com_speed": "How fast the pelvis moves; it stands for the centre of mass.",
    "com_acceleration": "How abruptly the pelvis speeds up and slows down.",
    "pelvis_drop": "How far the pelvis goes down from where it begins.",
    "pelvis_height": "Height of the pelvis above the floor.",
    "foot_slip": "How fast the points of a foot that bear on the floor slide along it. Planted feet do not.",
    "foot_drift": "How far along the floor a foot gets from its mean place. Planted feet stay.",
    "floor_penetration": "How deep the deepest point of the feet is under the floor.",
    "foot_lift": "How high the lowest point of a foot is above the floor.",
    "range_excess": "How far the worst joint is outside the range that the person's model gives it.",
    "knee_valgus": "How far the knee is inside the line from hip to ankle; negative is outside it.",
    "trunk_lean": "How far the trunk leans from the vertical, forwards or to a side.",
}
# A small length reads better in millimetres
_SHOWN = {"foot_slip": ("mm/s", 1000.0)}
_STATISTICS = {
    "mean": "mean over time",
    "mean_square": "mean over time of its square",
    "rms": "root mean square over time",
    "max": "largest value",
    "min": "smallest value",
    "range": "largest minus smallest value",
    "sum": "sum over time",
    "start": "in the first frame",
    "end": "in the last frame",
}
_UNITS = {"deg": "°", "m": "m", "deg/s": "°/s", "m/s^2": "m/s²", "0-1": "0–1", "deg or m": "° or m"}
# Panels in which a required range of a quantity can be drawn
_PANEL_OF = {
    "knee_flexion": "knee_angle_l",
    "hip_flexion": "hip_flexion_l",
    "ankle_dorsiflexion": "ankle_angle_l",
    "pelvis_tilt": "pelvis_tilt",
    "pelvis_height": "pelvis_ty",
}


def unit(text: str) -> str:
    """A unit as a person writes it: degrees by their sign, squares raised."""
    if text.startswith("(") and text.endswith(")^2"):
        return f"({unit(text[1:-3])})²"
    return _UNITS.get(text, text)


def minus(text: str) -> str:
    """Numbers below zero with a true minus sign."""
    return re.sub(r"-(?=\d)", "−", text)


def muscle_name(muscle: str | None) -> str:
    """`vastus medialis` of `vasmed`, `left vastus medialis` of `vasmed_l`; what is not known stays as it is."""
    if not muscle:
        return "the muscle"
    if muscle[-2:] in ("_l", "_r"):
        side = "left" if muscle.endswith("_l") else "right"
        return f"{side} {MUSCLE_NAMES.get(muscle[:-2], muscle[:-2])}"
    return MUSCLE_NAMES.get(muscle, muscle)


def quantity_title(name: str, argument: str | None = None) -> str:
    """A quantity's name as a title."""
    if name == "activation":
        return f"Activation of {muscle_name(argument)}"
    if name == "coordinate":
        return f"Coordinate {argument}"
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def statistic_words(statistic: str, muscle: str | None = None) -> str:
    """A statistic over time, in words."""
    return f"when {muscle_name(muscle)} is most active" if statistic == AT_PEAK else _STATISTICS[statistic]


def weak(muscle: str) -> bool:
    """Whether simulation and surrogate are known to be poor for a muscle, side or no side."""
    return any(muscle.removesuffix("_l").removesuffix("_r") in names for names in WEAK_MUSCLES.values())


def terms_of(arguments: dict) -> dict[str, Term]:
    """The terms of a run by label, from its args.json; empty where it does not say enough or cannot be read."""
    try:
        names = ("tilt", "asymmetry", "angular_speed", "com_speed", "com_acceleration", "slide", "mac")
        weights = arguments.get("weights") or {name: arguments[f"alpha_{name}"] for name in names}
        terms = published_terms(
            arguments["low"],
            arguments["high"],
            arguments["muscle"],
            PublishedWeights(**weights),
        )
        terms += [parse_term(line) for line in arguments["constraint"]]
        terms += read_terms(arguments["constraints"]) if arguments["constraints"] else []
    except (KeyError, TypeError, InputError):
        return {}
    return {term.label: term for term in terms}


def ranges_of(terms: Sequence[Term]) -> list[dict]:
    """Where the curves show what was asked: {"panel": a coordinate or muscle, "low", "high", "words", "required"}."""
    ranges = []
    for term in terms:
        panel = _PANEL_OF.get(term.quantity)
        if term.quantity == "activation":
            panel = term.argument if term.argument in MUSCLE_INDEX else f"{term.argument}_l"
        elif term.quantity == "coordinate":
            panel = term.argument if term.argument in COORDINATE_INDEX else None
        if panel and term.comparison != "small":
            words = statistic_words(term.statistic, term.muscle)
            kind = "asked" if term.required else "wished"
            ranges.append({
                "panel": panel, "low": term.low, "high": term.high, "required": term.required,
                "words": minus(f"{kind}, {words}: {term.asked}"),
            })  # fmt: skip
    return ranges


def plain(quantity: str) -> str:
    """What a quantity is, in plain words."""
    return _PLAIN.get(quantity, QUANTITIES[quantity].doc)


def small_shown(term: Term) -> tuple[str, str, Callable[[float], float]]:
    """How what was only asked to be small is shown: statistic in words, unit, and what to do to the value.

    A mean of squares is shown as its root, in the quantity's own unit.
    """
    own = unit(QUANTITIES[term.quantity].unit)
    if term.statistic == "mean_square":
        return statistic_words("rms"), own, math.sqrt
    shown, factor = _SHOWN.get(term.quantity, (own, 1.0))
    return statistic_words(term.statistic, term.muscle), shown, lambda value: factor * value


def weak_sentence() -> str:
    """Which muscles not to lean on."""
    groups = [f"{group} ({', '.join(muscle_name(m) for m in names)})" for group, names in WEAK_MUSCLES.items()]
    return "; ".join(groups)
