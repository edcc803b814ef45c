"""The tables that a guidance run prints: the samples, and what the simulation finds of them."""

from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.published_terms import PUBLISHED_NAME
from utils.guidance.output.summary import format_sides
from utils.guidance.verification import NEAR
from utils.simulation.lost_contact import off_floor_sentences
from utils.simulation.saturation import saturation_sentence

# Measure, title, factor to the title's unit, significant digits
_SHOWN = (
    ("knee_flexion_max", "knee flexion l/r deg", 1, 3),
    ("asymmetry_rms", "asymmetry deg", 1, 2),
    ("angular_speed_rms", "angular speed deg/s", 1, 3),
    ("com_speed_rms", "pelvis speed m/s", 1, 2),
    ("com_acceleration_rms", "pelvis acceleration m/s^2", 1, 3),
    ("foot_drift_max", "foot drift l/r mm", 1000, 2),
    ("floor_penetration_max", "depth below floor mm", 1000, 2),
)
_VERDICTS = {"met": "met", "near": f"within {NEAR:g}", "missed": "missed"}


def sample_table(result: GuidanceResult) -> str:
    """One line per sample: each constraint with its value and whether it is met, and the main measures."""
    columns = [["sample", *map(str, range(len(result.samples)))]]
    for k, term in sorted(enumerate(result.terms), key=lambda pair: not pair[1].required):
        if term.comparison != "small":
            unit = "" if term.unit == "0-1" else f" {term.unit}"
            title = f"{_title(term)} {term.bounds_text}{unit}" + ("" if term.required else " (wish)")
            cells = [
                f"{format_sides(sample.values[k].tolist(), 3)} {'met' if sample.met[k] else 'missed'}"
                for sample in result.samples
            ]
            columns.append([title, *cells])
    for name, title, factor, digits in _SHOWN:
        values = result.measures[name].values
        columns.append([title, *(format_sides([factor * one for one in row], digits) for row in values.tolist())])
    if result.between_subject_distance:
        shares = [sample.proximity / result.between_subject_distance for sample in result.samples]
        columns.append(["between-subject distances", *(f"{share:.2f}" for share in shares)])
    return _aligned(columns)


def verification_table(result: GuidanceResult) -> str:
    """One line per sample: what is required of activations, predicted and simulated, and how trustworthy that is."""
    found = result.verification
    if found is None:
        return "The motions were not simulated."
    columns = [["sample", *map(str, range(len(result.samples)))]]
    compared = [
        (_title(term), [sample.values[k].tolist() for sample in result.samples], found.term_values[k].tolist())
        for k, term in enumerate(result.terms)
        if term.required and term.depends_on_activation
    ] or [(f"peak {result.config.muscle}", found.predicted.tolist(), found.simulated.tolist())]
    for title, predicted, simulated in compared:
        for kind, rows in (("predicted", predicted), ("simulated", simulated)):
            columns.append([f"{title} {kind}", *("/".join(f"{value:.2f}" for value in row) for row in rows)])
    verdicts = [_VERDICTS[verdict] for verdict in result.simulation_verdicts()]
    if verdicts:
        columns.append(["in simulation", *verdicts])
    columns.append(["right foot", *(f"{share:.0%}" for share in found.right_foot_share.tolist())])
    columns.append(["residual N", *(f"{residual:.1f}" for residual in found.residual_n.tolist())])
    if largest := found.largest_reserves():
        columns.append(["largest reserve Nm", *(f"{rms:.1f} {name}" for name, rms in largest)])
    saturated = [f"sample {j}: {saturation_sentence(shares)}" for j, shares in enumerate(found.saturated()) if shares]
    lost = [
        f"sample {j}: {sentence}"
        for j, intervals in enumerate(found.off_floor_s())
        for sentence in off_floor_sentences(intervals)
    ]
    return "\n".join([_aligned(columns), *saturated, *lost])


def _title(term: Term) -> str:
    """A term's title; the published muscle activation constraint is called by what it constrains."""
    if term.quantity == "activation" and term.statistic == "max" and term.name in ("", PUBLISHED_NAME):
        return f"peak {term.argument}"
    return term.label


def _aligned(columns: list[list[str]]) -> str:
    """Columns of cells, title first, right-aligned."""
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
