"""Every figure of an evaluation: its name, title and unit, and whether it is the paper's definition or a sounder one.

The functions that compute them hold the formulas: `published`, `utils.quantities`, `distances`, `contact`, `curves`.
"""

from dataclasses import dataclass

from models.conventions import COORDINATES, TRANSLATIONS

PUBLISHED, SOUNDER = "published definition", "sounder"
SHARE = "0-1"
DISTANCES, FLOOR, GUIDANCE = "distances", "floor", "guidance"
PARTS = (DISTANCES, FLOOR, GUIDANCE)


@dataclass(frozen=True)
class Metric:
    """One figure. part: what has to be computed for it. good: where it should go, as tables mark it."""

    name: str
    title: str
    unit: str
    digits: int
    part: str
    definition: str
    good: str = ""  # "↓", "↑", or "→" for as near to the reference's as may be
    shown: bool = True  # False: in CSV and JSON only

    @property
    def heading(self) -> str:
        """Title, unit and arrow, as a column of the paper's tables is headed."""
        return " ".join(part for part in (self.title, self.good, f"[{self.unit}]" if self.unit else "") if part)


_METRICS = (
    Metric("fidelity", "fidelity W2", "", 3, DISTANCES, PUBLISHED, "↓"),
    Metric("diversity", "diversity", "nats", 3, DISTANCES, PUBLISHED, "→"),
    Metric("penetration", "penetration", "cm", 3, FLOOR, PUBLISHED, "↓"),
    Metric("floating", "floating", "cm", 3, FLOOR, PUBLISHED, "↓"),
    Metric("sliding", "sliding", "m/s", 3, FLOOR, PUBLISHED, "↓"),
    Metric("pelvis_tilt", "pelvis tilt", "deg", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("asymmetry", "asymmetry", "deg", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("omega", "omega", "deg/s", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("com_velocity", "COM velocity", "m/s", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("com_acceleration", "COM acceleration", "m/s^2", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("mac", "MAC", SHARE, 3, GUIDANCE, PUBLISHED, "↓"),
    Metric("w1_rotations", "1-D Wasserstein, mean of 30 angles", "deg", 2, DISTANCES, SOUNDER, "↓"),
    Metric("w1_translations", "1-D Wasserstein, mean of pelvis x, y, z", "cm", 2, DISTANCES, SOUNDER, "↓"),
    Metric("w2_angles", "2-Wasserstein of the set, angle curves", "deg", 2, DISTANCES, SOUNDER, "↓"),
    Metric("w2_pelvis", "2-Wasserstein of the set, pelvis path", "cm", 2, DISTANCES, SOUNDER, "↓"),
    Metric("w2_angles_subject", "2-Wasserstein, subject to reference, angle curves", "deg", 2, DISTANCES, SOUNDER, "↓"),
    Metric("frechet", "Frechet distance, VQ-VAE features", "", 3, DISTANCES, SOUNDER, "↓"),
    Metric("precision", "precision", SHARE, 3, DISTANCES, SOUNDER, "↑"),
    Metric("recall", "recall", SHARE, 3, DISTANCES, SOUNDER, "↑"),
    Metric("density", "density", "", 3, DISTANCES, SOUNDER, "→"),
    Metric("coverage", "coverage", SHARE, 3, DISTANCES, SOUNDER, "↑"),
    Metric("diversity_of_subject", "distance between a subject's motions", "deg", 2, DISTANCES, SOUNDER, "→"),
    Metric("inside_band", "angle curves inside reference mean ± 2 SD", SHARE, 3, DISTANCES, SOUNDER, "↑"),
    Metric("inside_band_legs", "the same, leg and pelvis angles", SHARE, 3, DISTANCES, SOUNDER, "↑"),
    Metric("complete_squats", "motions that hold a complete squat", SHARE, 3, DISTANCES, SOUNDER, "↑"),
    Metric("contact_penetration", "penetration of contact points", "cm", 3, FLOOR, SOUNDER, "↓"),
    Metric("contact_floating", "floating of feet", "cm", 3, FLOOR, SOUNDER, "↓"),
    Metric("contact_sliding", "sliding of contact points", "cm/s", 3, FLOOR, SOUNDER, "↓"),
    Metric("contact_drift", "drift of feet", "cm", 2, FLOOR, SOUNDER, "↓"),
    Metric("peak_activation", "peak vastus medialis", SHARE, 3, GUIDANCE, SOUNDER, "→"),
    Metric("in_range", "peaks in the range asked for", SHARE, 3, GUIDANCE, SOUNDER, "↑"),
    Metric("tilt_at_peak", "pelvis tilt at the peak", "deg", 2, GUIDANCE, SOUNDER, "→"),
    Metric("repetition_asymmetry", "asymmetry of a repetition", "deg", 2, GUIDANCE, SOUNDER, "→"),
    Metric("repetition_omega", "omega of a repetition", "deg/s", 2, GUIDANCE, SOUNDER, "→"),
    Metric("repetition_com_velocity", "COM velocity of a repetition", "m/s", 3, GUIDANCE, SOUNDER, "→"),
    Metric("repetition_com_acceleration", "COM acceleration of a repetition", "m/s^2", 2, GUIDANCE, SOUNDER, "→"),
    Metric("com_jerk", "COM jerk", "m/s^3", 1, GUIDANCE, SOUNDER, "→"),
    Metric("angular_jerk", "angular jerk", "1000 deg/s^3", 2, GUIDANCE, SOUNDER, "→"),
    Metric("knee_flexion", "depth, greatest knee flexion", "deg", 1, GUIDANCE, SOUNDER, "→"),
    Metric("pelvis_drop", "depth, pelvis drop", "cm", 1, GUIDANCE, SOUNDER, "→"),
    Metric("knee_valgus", "greatest knee valgus", "cm", 2, GUIDANCE, SOUNDER, "→"),
    Metric("trunk_lean", "greatest trunk lean", "deg", 1, GUIDANCE, SOUNDER, "→"),
    Metric("range_excess", "beyond the model's joint ranges", "deg", 2, GUIDANCE, SOUNDER, "↓"),
    *(
        Metric(
            f"w1_{name}",
            f"1-D Wasserstein of {name}",
            "cm" if name in TRANSLATIONS else "deg",
            2,
            DISTANCES,
            SOUNDER,
            "↓",
            shown=False,
        )
        for name in COORDINATES
    ),
)
METRICS = {metric.name: metric for metric in _METRICS}


def metrics_of(parts: tuple[str, ...], definition: str) -> list[Metric]:
    """The metrics of these parts under one definition, in the tables' order."""
    return [metric for metric in _METRICS if metric.part in parts and metric.definition == definition]
