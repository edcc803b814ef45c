"""The list of everything that a constraint may name, for `--list-quantities`."""

import math
import shutil
import textwrap

from dataset.muscle_names import MUSCLE_GROUPS, MUSCLE_NAMES
from models.conventions import COORDINATES, TRANSLATIONS
from utils.biomechanics.coordinate_directions import POSITIVE_DIRECTIONS
from utils.biomechanics.registry import QUANTITIES, Quantity
from utils.biomechanics.repetition_parts import PARTS
from utils.biomechanics.statistics import AT_BOTTOM, AT_PEAK, MOTION, STATISTICS
from utils.guidance.objective.constraint_files import shipped_constraints

_NARROWEST = 40
# From where to where the demo people's squats mostly are, in degrees and metres; coordinates of a placed motion.
_USUAL_COORDINATES = {
    "pelvis_tilt": (-45, 10), "pelvis_list": (-5, 5), "pelvis_rotation": (-10, 10), "pelvis_tx": (-0.3, 0.3),
    "pelvis_ty": (0.4, 1.1), "pelvis_tz": (-0.1, 0.1), "hip_flexion": (-15, 115), "hip_adduction": (-40, 10),
    "hip_rotation": (-30, 20), "knee_angle": (0, 125), "ankle_angle": (-15, 40), "subtalar_angle": (-20, 20),
    "mtp_angle": (-10, 0), "lumbar_extension": (-50, 10), "lumbar_bending": (-5, 5), "lumbar_rotation": (-10, 15),
    "arm_flex": (-35, 165), "arm_add": (-80, 30), "arm_rot": (-40, 70), "elbow_flex": (0, 135), "pro_sup": (0, 140),
}  # fmt: skip
_EXAMPLE = (
    '  {"quantity": "activation", "argument": "vasmed", "statistic": "max", "comparison": "within", "low": 0.35,\n'
    '   "high": 0.45, "unit": "0-1", "weight": 1, "tolerance": 0.01, "name": "quadriceps", "wish": false}'
)


def vocabulary(width: int | None = None) -> str:
    """Every quantity, muscle, coordinate, statistic and comparison that a constraint may name, explained for users.

    Args:
        width: characters in a line; None for the width of the terminal. The example of an object is not wrapped.
    """
    columns = max(width or shutil.get_terminal_size().columns, _NARROWEST)
    lines = ["Quantities (unit; usual values in squats; difference that counts as equal; LR: also with _l or _r):"]
    lines += [_line(quantity) for quantity in QUANTITIES.values()]
    lines.append("Muscles (of both sides; vasmed_l or left vastus medialis names one), 0 to 1:")
    lines += [f"  {name:26} {words}" for name, words in MUSCLE_NAMES.items()]
    lines.append("Groups of muscles (as active as the most active of them):")
    lines += [f"  {name:26} {', '.join(members)}" for name, members in MUSCLE_GROUPS.items()]
    lines.append("Coordinates (unit; usual values in squats; LR: with _l or _r):")
    lines += [_coordinate_line(name, *bounds) for name, bounds in _USUAL_COORDINATES.items()]
    lines.append("Statistics over time:")
    lines.append(f"  {', '.join(STATISTICS)}")
    lines.append(f"  {AT_BOTTOM}: the value at the deepest knee flexion")
    lines.append("  at_25_percent: the value when so much of the repetition has gone by")
    lines.append(f"  {AT_PEAK}:<muscle>: the value at the frame of its peak activation")
    lines.append(f"  max_over_descent and the like: over a part of the squat, {', '.join(PARTS)}")
    lines.append(f"  max_over_{MOTION} and the like: standing before and after the squat counts too")
    lines.append("Comparisons:")
    lines.append("  within:LOW:HIGH, above:LOW, below:HIGH, equals:VALUE; a bound holds for both sides of a quantity")
    lines.append("  a bound is in the quantity's unit or written with one: 50 cm, 30°, 60 %")
    lines.append("  between, at least and at most mean within, above and below")
    lines.append("  small: as small as the other terms allow; never required")
    lines.append("  a bound may refer to the person's own squats: below:80%own, above:own-20")
    lines.append(f"Shipped sets (--constraints NAME): {', '.join(shipped_constraints())}")
    lines.append("In a file (--constraints FILE), a YAML or JSON list of such lines, or of objects:")
    wrapped = [
        part
        for line in lines
        for part in textwrap.wrap(
            line, columns, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
        )
    ]
    return "\n".join([*wrapped, _EXAMPLE])


def _coordinate_line(name: str, low: float, high: float) -> str:
    sides = "" if name in COORDINATES else "; LR"
    unit = "m" if name in TRANSLATIONS else "deg"
    return f"  {name:26} {unit}; {low:g} to {high:g}{sides}; positive: {POSITIVE_DIRECTIONS[name]}"


def _line(quantity: Quantity) -> str:
    name = quantity.name + (f":<{quantity.argument}>" if quantity.argument else "")
    usual = f"; {quantity.usual[0]:g} to {quantity.usual[1]:g}" if quantity.usual else ""
    low, high = quantity.limits
    if not usual and math.isfinite(high):
        usual = f"; {low:g} to {high:g}"
    sides = "; LR" if len(quantity.channels) > 1 and not quantity.argument else ""
    return f"  {name:26} {quantity.unit}{usual}; {quantity.tolerance:g}{sides}. {quantity.doc}"
