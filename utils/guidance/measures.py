"""The measures of every guided sample beside what was asked of it."""

from dataclasses import dataclass

from torch import Tensor

from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity, find_quantity
from utils.biomechanics.statistics import AT_PEAK, summarise

# Quantity and statistic over time
MEASURES = (
    ("knee_flexion", "max"),
    ("thigh_below_parallel", "max"),
    ("knee_valgus", "max"),
    ("pelvis_drop", "max"),
    ("trunk_lean", "max"),
    ("asymmetry", "rms"),
    ("angular_speed", "rms"),
    ("com_speed", "rms"),
    ("com_acceleration", "rms"),
    ("descent_time", "mean"),
    ("hold_time", "mean"),
    ("ascent_time", "mean"),
    ("stance_width", "mean"),
    ("toe_out", "mean"),
    ("ground_reaction", "max"),
    ("foot_slip", "mean"),
    ("foot_drift", "max"),
    ("floor_penetration", "max"),
    ("foot_lift", "max"),
    ("range_excess", "max"),
    ("pelvis_tilt", AT_PEAK),
)


@dataclass(frozen=True)
class Measure:
    """A measure of every sample: values (S, C), left and right or one channel, and their unit."""

    values: Tensor
    unit: str


def measure(context: Context, muscle: str) -> dict[str, Measure]:
    """The measures of the motions of a context, by `<quantity>_<statistic>`.

    Args:
        context: motions with activations and a skeleton.
        muscle: the muscle whose peak frame `at_peak` means.
    """
    return {
        f"{name}_{statistic}": Measure(
            summarise(evaluate_quantity(name, context), statistic, context, muscle), find_quantity(name).unit
        )
        for name, statistic in MEASURES
    }
