"""The registry of metrics: names, titles, units, definitions, and how those are computed that summarise a quantity.

A metric that is a statistic of a registered biomechanical quantity needs one line here, with a `QuantityStatistic`.
Any other metric is computed in `subject_metrics` (one value per subject) or in `set_metrics` (one value for the whole
set), under the name that it has here.
"""

from dataclasses import dataclass

from models.conventions import COORDINATES, TRANSLATIONS

PUBLISHED, EXTENDED = "published definition", "extended"
FRACTION = "0-1"
DISTANCES, FLOOR, GUIDANCE = "distances", "floor", "guidance"
PARTS = (DISTANCES, FLOOR, GUIDANCE)


@dataclass(frozen=True)
class QuantityStatistic:
    """A statistic over time of a biomechanical quantity, averaged over motions and sides.

    Attributes:
        quantity: name in `utils.biomechanics.registry.QUANTITIES`.
        statistic: name in `utils.biomechanics.statistics.STATISTICS`.
        scale: factor from the quantity's unit to the metric's.
        needs_skeleton: whether the quantity is computed on the subject's skeleton.
    """

    quantity: str
    statistic: str
    scale: float = 1.0
    needs_skeleton: bool = False


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: key in code, CSV and JSON.
        title: what tables call it.
        unit: unit of its values; empty where it has none.
        digits: decimals that tables show.
        part: the part of an evaluation in which it is computed, one of `PARTS`.
        definition: `PUBLISHED` (the BIGE paper's) or `EXTENDED`.
        direction: "↓" where lower is better, "↑" where higher is, "→" where closer to the reference is.
        source: how it is computed, where it summarises a biomechanical quantity.
        shown: False for metrics that are in CSV and JSON only.
    """

    name: str
    title: str
    unit: str
    digits: int
    part: str
    definition: str
    direction: str
    source: QuantityStatistic | None = None
    shown: bool = True

    @property
    def heading(self) -> str:
        """Title, direction and unit, as a column of the paper's tables is headed."""
        return " ".join(part for part in (self.title, self.direction, f"[{self.unit}]" if self.unit else "") if part)


_METRICS = (
    Metric("fidelity", "fidelity W2", "", 3, DISTANCES, PUBLISHED, "↓"),
    Metric("diversity", "diversity", "nats", 3, DISTANCES, PUBLISHED, "→"),
    Metric("penetration", "penetration", "cm", 3, FLOOR, PUBLISHED, "↓"),
    Metric("floating", "floating", "cm", 3, FLOOR, PUBLISHED, "↓"),
    Metric("sliding", "sliding", "m/s", 3, FLOOR, PUBLISHED, "↓"),
    Metric("pelvis_tilt", "pelvis tilt", "deg", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("asymmetry", "asymmetry", "deg", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("omega", "angular speed", "deg/s", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("com_velocity", "COM velocity", "m/s", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("com_acceleration", "COM acceleration", "m/s^2", 2, GUIDANCE, PUBLISHED, "→"),
    Metric("mac", "MAC", FRACTION, 3, GUIDANCE, PUBLISHED, "↓"),
    Metric("w1_rotations", "1-Wasserstein distance, mean over 30 angles", "deg", 2, DISTANCES, EXTENDED, "↓"),
    Metric("w1_translations", "1-Wasserstein distance, mean over pelvis x, y, z", "cm", 2, DISTANCES, EXTENDED, "↓"),
    Metric("w2_angles", "2-Wasserstein distance of the set, angle curves", "deg", 2, DISTANCES, EXTENDED, "↓"),
    Metric("w2_pelvis", "2-Wasserstein distance of the set, pelvis path", "cm", 2, DISTANCES, EXTENDED, "↓"),
    Metric(
        "w2_angles_subject", "2-Wasserstein distance, subject to reference, angle curves", "deg", 2,
        DISTANCES, EXTENDED, "↓",
    ),
    Metric("frechet", "Fréchet distance, VQ-VAE features", "", 3, DISTANCES, EXTENDED, "↓"),
    Metric("precision", "precision", FRACTION, 3, DISTANCES, EXTENDED, "↑"),
    Metric("recall", "recall", FRACTION, 3, DISTANCES, EXTENDED, "↑"),
    Metric("density", "density", "", 3, DISTANCES, EXTENDED, "→"),
    Metric("coverage", "coverage", FRACTION, 3, DISTANCES, EXTENDED, "↑"),
    Metric("diversity_of_subject", "RMS difference between motions of a subject", "deg", 2, DISTANCES, EXTENDED, "→"),
    Metric("inside_band", "angle curves within reference mean ± 2 SD", FRACTION, 3, DISTANCES, EXTENDED, "↑"),
    Metric(
        "inside_band_legs", "leg and pelvis angle curves within reference mean ± 2 SD", FRACTION, 3,
        DISTANCES, EXTENDED, "↑",
    ),
    Metric("complete_squats", "motions with a complete squat", FRACTION, 3, DISTANCES, EXTENDED, "↑"),
    Metric(
        "contact_penetration", "penetration of contact points", "cm", 3, FLOOR, EXTENDED, "↓",
        QuantityStatistic("floor_penetration", "mean", 100, needs_skeleton=True),
    ),
    Metric(
        "contact_floating", "floating of feet", "cm", 3, FLOOR, EXTENDED, "↓",
        QuantityStatistic("foot_lift", "mean", 100, needs_skeleton=True),
    ),
    Metric(
        "contact_sliding", "sliding of contact points", "cm/s", 3, FLOOR, EXTENDED, "↓",
        QuantityStatistic("foot_slip", "mean", 100, needs_skeleton=True),
    ),
    Metric(
        "contact_drift", "drift of feet", "cm", 2, FLOOR, EXTENDED, "↓",
        QuantityStatistic("foot_drift", "max", 100, needs_skeleton=True),
    ),
    Metric(
        "peak_activation", "peak activation of vastus medialis (or of --muscle)", FRACTION, 3,
        GUIDANCE, EXTENDED, "→",
    ),
    Metric("in_range", "peaks within the requested range", FRACTION, 3, GUIDANCE, EXTENDED, "↑"),
    Metric("tilt_at_peak", "pelvis tilt at peak activation", "deg", 2, GUIDANCE, EXTENDED, "→"),
    Metric(
        "repetition_asymmetry", "asymmetry of a repetition", "deg", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("asymmetry", "rms"),
    ),
    Metric(
        "repetition_omega", "angular speed of a repetition", "deg/s", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("angular_speed", "rms"),
    ),
    Metric(
        "repetition_com_velocity", "COM velocity of a repetition", "m/s", 3, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("com_speed", "rms"),
    ),
    Metric(
        "repetition_com_acceleration", "COM acceleration of a repetition", "m/s^2", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("com_acceleration", "rms"),
    ),
    Metric("com_jerk", "COM jerk", "m/s^3", 1, GUIDANCE, EXTENDED, "→", QuantityStatistic("com_jerk", "rms")),
    Metric(
        "angular_jerk", "angular jerk", "1000 deg/s^3", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("angular_jerk", "rms", 1e-3),
    ),
    Metric(
        "knee_flexion", "depth: peak knee flexion", "deg", 1, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("knee_flexion", "max"),
    ),
    Metric(
        "pelvis_drop", "depth: descent of the pelvis", "cm", 1, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("pelvis_drop", "max", 100),
    ),
    Metric(
        "knee_valgus", "peak knee valgus", "cm", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("knee_valgus", "max", 100, needs_skeleton=True),
    ),
    Metric(
        "trunk_lean", "peak trunk lean", "deg", 1, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("trunk_lean", "max", needs_skeleton=True),
    ),
    Metric(
        "range_excess", "excess over the model's joint ranges", "deg", 2, GUIDANCE, EXTENDED, "↓",
        QuantityStatistic("range_excess", "max", needs_skeleton=True),
    ),
    Metric(
        "descent_time", "descent", "s", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("descent_time", "mean"), shown=False,
    ),
    Metric(
        "hold_time", "hold", "s", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("hold_time", "mean"), shown=False,
    ),
    Metric(
        "ascent_time", "ascent", "s", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("ascent_time", "mean"), shown=False,
    ),
    Metric(
        "stance_width", "stance width", "cm", 1, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("stance_width", "mean", 100, needs_skeleton=True), shown=False,
    ),
    Metric(
        "toe_out", "toe-out", "deg", 1, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("toe_out", "mean", needs_skeleton=True), shown=False,
    ),
    Metric(
        "thigh_below_parallel", "thigh below parallel", "deg", 1, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("thigh_below_parallel", "max", needs_skeleton=True), shown=False,
    ),
    Metric(
        "ground_reaction", "peak ground reaction", "body weights", 2, GUIDANCE, EXTENDED, "→",
        QuantityStatistic("ground_reaction", "max", needs_skeleton=True), shown=False,
    ),
    *(
        Metric(
            f"w1_{name}", f"1-Wasserstein distance of {name}", "cm" if name in TRANSLATIONS else "deg", 2,
            DISTANCES, EXTENDED, "↓", shown=False,
        )
        for name in COORDINATES
    ),
)  # fmt: skip
METRICS = {metric.name: metric for metric in _METRICS}


def metrics_of(parts: tuple[str, ...], definition: str) -> list[Metric]:
    """The metrics of these parts under one definition, in the order of the tables."""
    return [metric for metric in _METRICS if metric.part in parts and metric.definition == definition]
