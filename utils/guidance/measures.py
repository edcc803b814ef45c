"""The measures of every guided sample beside what was asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from models.protocols import Skeleton
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity, find_quantity
from utils.biomechanics.statistics import AT_PEAK, summarise
from utils.guidance.guided_context import guided_context
from utils.guidance.guided_sample import GuidedSample

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
    ("heel_lift", "max"),
    ("range_excess", "max"),
    ("pelvis_tilt", AT_PEAK),
)


@dataclass(frozen=True)
class Measure:
    """A measure of every sample: values (S, C), left and right or one channel, and their unit."""

    values: Tensor
    unit: str


def measure_samples(
    samples: Sequence[GuidedSample], skeleton: Skeleton, muscle: str, repetitions: int = 1
) -> dict[str, Measure]:
    """The measures of guided samples as they are written, by `<quantity>_<statistic>`.

    Of several repetitions, a maximum is that of the whole motion, and everything else the mean over the repetitions.

    Args:
        samples: of `repetitions` repetitions of equal length, on the CPU.
        skeleton: the subject's, on the CPU.
        muscle: the muscle whose peak frame `at_peak` means.
        repetitions: how many each motion holds.
    """
    motion = torch.stack([sample.motion for sample in samples])
    activations = torch.stack([sample.activations for sample in samples])
    whole = measure(guided_context(motion, activations=activations, skeleton=skeleton), muscle)
    if repetitions == 1:
        return whole
    parts = zip(motion.chunk(repetitions, 1), activations.chunk(repetitions, 1), strict=True)
    each = [measure(guided_context(part, activations=known, skeleton=skeleton), muscle) for part, known in parts]
    return {
        name: one
        if statistic == "max"
        else replace(one, values=torch.stack([part[name].values for part in each]).mean(0))
        for (_, statistic), (name, one) in zip(MEASURES, whole.items(), strict=True)
    }


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
