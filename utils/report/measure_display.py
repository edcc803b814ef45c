"""How the page shows the measures of guided samples: title, unit, and how reliable each one is."""

from dataclasses import dataclass

from utils.guidance.measures import MEASURES
from utils.report.vocabulary import definition, statistic_words

_PARTS = {f"{quantity}_{statistic}": (quantity, statistic) for quantity, statistic in MEASURES}
_AS_ANGLES = "As reliable as the joint angles above."


@dataclass(frozen=True)
class MeasureDisplay:
    """How a measure is shown.

    Attributes:
        name: its name in `GuidanceResult.measures`.
        title: title of its column.
        unit: the unit that is shown.
        factor: from the measure's own unit to that unit.
        digits: digits after the decimal point.
        reliability: how far the measure can be trusted, in sentences.
    """

    name: str
    title: str
    unit: str
    factor: float
    digits: int
    reliability: str

    @property
    def definition(self) -> str:
        """What the quantity is."""
        return definition(_PARTS[self.name][0])

    @property
    def note(self) -> str:
        """Definition and statistic over time."""
        return f"{self.definition} Shown: {statistic_words(_PARTS[self.name][1])}."


SHOWN_MEASURES = (
    MeasureDisplay("knee_flexion_max", "Largest knee flexion", "°", 1, 0, _AS_ANGLES),
    MeasureDisplay("trunk_lean_max", "Largest trunk lean", "°", 1, 0, _AS_ANGLES),
    MeasureDisplay(
        "pelvis_drop_max", "Depth of the pelvis", "cm", 100, 0,
        "It follows from the joint angles and the length of the model's legs.",
    ),
    MeasureDisplay(
        "asymmetry_rms", "Left–right difference", "°", 1, 1,
        f"{_AS_ANGLES} A few degrees mean little, because motion capture from video has errors of that size.",
    ),
    MeasureDisplay(
        "knee_valgus_max", "Largest knee valgus", "mm", 1000, 0,
        "The least certain of the joint measures: hip rotation and adduction are small and hard to capture.",
    ),
    MeasureDisplay("descent_time_mean", "Descent", "s", 1, 1, _AS_ANGLES),
    MeasureDisplay("hold_time_mean", "Hold", "s", 1, 1, _AS_ANGLES),
    MeasureDisplay("ascent_time_mean", "Ascent", "s", 1, 1, _AS_ANGLES),
    MeasureDisplay("stance_width_mean", "Stance width", "cm", 100, 0, _AS_ANGLES),
    MeasureDisplay(
        "ground_reaction_max", "Peak ground reaction", "body weights", 1, 2,
        "It follows from the motion and the masses of the model's bodies; no force was measured.",
    ),
    MeasureDisplay(
        "angular_speed_rms", "Angular speed of the joints", "°/s", 1, 0,
        "After a low-pass filter, as in motion capture. It is not a peak speed.",
    ),
    MeasureDisplay(
        "foot_drift_max", "Largest drift of the feet", "mm", 1000, 0,
        "A fault of the motion: planted feet do not drift. Guided motions are planted to a millimetre, where motion "
        "capture from video drifts by centimetres.",
    ),
    MeasureDisplay(
        "foot_lift_max", "Largest lift of the feet", "mm", 1000, 0,
        "A fault of the motion: planted feet bear on the floor. A heel that rises above the toes does not count here.",
    ),
    MeasureDisplay(
        "heel_lift_max", "Largest lift of the heels", "mm", 1000, 0,
        f"{_AS_ANGLES} A few millimetres mean little.",
    ),
)  # fmt: skip
