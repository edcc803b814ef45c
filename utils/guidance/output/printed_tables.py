"""The tables that a guidance run prints: the samples, and what the simulation finds of them."""

from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.output.summary import format_sides, simulated_rows

# Measure, title, factor to the title's unit, significant digits
_SHOWN = (
    ("knee_flexion_max", "knee l/r deg", 1, 3),
    ("asymmetry_rms", "asym deg", 1, 2),
    ("angular_speed_rms", "omega deg/s", 1, 3),
    ("com_speed_rms", "COM m/s", 1, 2),
    ("com_acceleration_rms", "COM m/s^2", 1, 3),
    ("foot_drift_max", "drift l/r mm", 1000, 2),
    ("floor_penetration_max", "floor mm", 1000, 2),
)


def sample_table(result: GuidanceResult) -> str:
    """One line per sample: each constraint with its value and whether it is met, and the main measures."""
    columns = [["entry", *map(str, range(len(result.samples)))]]
    for k, term in sorted(enumerate(result.terms), key=lambda pair: not pair[1].required):
        if term.comparison != "small":
            title = f"{term.label} {term.asked} {term.unit}" + ("" if term.required else " (wish)")
            missed = "MISSED" if term.required else "off"
            cells = [
                f"{format_sides(sample.values[k].tolist(), 3)} {'met' if sample.met[k] else missed}"
                for sample in result.samples
            ]
            columns.append([title, *cells])
    for name, title, factor, digits in _SHOWN:
        values = result.measures[name].values
        columns.append([title, *(format_sides([factor * one for one in row], digits) for row in values.tolist())])
    if result.distance_to_others:
        shares = [sample.proximity / result.distance_to_others for sample in result.samples]
        columns.append(["between-subject distances", *(f"{share:.2f}" for share in shares)])
    return _aligned(columns)


def verification_table(result: GuidanceResult) -> str:
    """One line per sample: predicted and simulated peak activation, and how trustworthy the simulation is."""
    rows = simulated_rows(result)
    columns = [
        ["entry", *map(str, range(len(rows)))],
        ["predicted l/r", *("/".join(f"{peak:.2f}" for peak in row["peak_predicted"]) for row in rows)],
        ["simulated l/r", *("/".join(f"{peak:.2f}" for peak in row["peak_simulated"]) for row in rows)],
        ["in range", *(_verdict(row) for row in rows)],
        ["right foot", *(f"{row['right_foot_share']:.0%}" for row in rows)],
        ["residual N", *(f"{row['residual_force_n']:.1f}" for row in rows)],
    ]
    return _aligned(columns, least_width=10)


def _verdict(row: dict) -> str:
    if row["within_range"]:
        return "yes"
    return "within .05" if row["within_range_and_0.05"] else "no"


def _aligned(columns: list[list[str]], least_width: int = 0) -> str:
    """Columns of cells, title first, right-aligned."""
    widths = [max(least_width, *map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
