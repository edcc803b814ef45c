"""The tables that a guidance run prints: the samples, and what the simulation finds of them."""

from dataset.left_out import left_out_table
from utils.guidance.baseline import Baseline, baseline_sentence
from utils.guidance.change_description import DISTINCT_DEG, mean_change_deg
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.objective.published_terms import printed_request, printed_title
from utils.guidance.output.nearest_miss import nearest_miss_sentences
from utils.guidance.output.summary import format_sides
from utils.guidance.verification import NEAR
from utils.simulation.lost_contact import off_floor_sentences
from utils.simulation.saturation import saturation_of_samples

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
    """One line per sample: each constraint with its value and whether it is met, and the main measures.

    The values are those of the simulation, where there is one. The first line is that of the own squats, where it is
    known what these do of the constraints.
    """
    own = result.baseline if result.baseline and result.baseline.asked else None
    now = [""] if own else []
    columns = [["sample", *(["own squats"] if own else []), *map(str, range(len(result.samples)))]]
    for k, term in sorted(enumerate(result.terms), key=lambda pair: not pair[1].required):
        if term.comparison != "small" and not term.of_a_whole_motion:
            title = printed_request(term) + ("" if term.required else " (wish)")
            cells = [
                f"{format_sides(sample.values[k].tolist(), 3)} {'met' if sample.met[k] else 'missed'}"
                for sample in result.samples
            ]
            before = own.range_of(term) if own else None
            columns.append([title, *([_range(before)] if before else now), *cells])
    if any(term.of_a_whole_motion for term in result.terms):
        columns.append(["whole", *now, *(_missing_of_whole(result, j) for j in range(len(result.samples)))])
    for name, title, factor, digits in _SHOWN:
        values = result.measures[name].values
        rows = ([round(factor * one, 2) for one in row] for row in values.tolist())  # a hundredth is enough of each
        columns.append([title, *now, *(format_sides(row, digits) for row in rows)])
    if result.between_subject_distance:
        shares = [sample.proximity / result.between_subject_distance for sample in result.samples]
        columns.append(["between-subject distances", *now, *(f"{share:.2f}" for share in shares)])
    return _aligned(columns)


def result_tables(result: GuidanceResult) -> str:
    """All that is printed of a result: what the samples do, what the simulation finds, and what changes."""
    parts = [f"What was asked, as the surrogate predicts it; the motions were not simulated\n{sample_table(result)}"]
    if result.verification and result.session:
        model = result.session.model_path.name
        parts[0] = f"What was asked, simulated on {model}\n{sample_table(result)}"
        parts.append(f"As the surrogate predicted it and as simulated on {model}\n{verification_table(result)}")
    if result.changes:
        parts.append(change_lines(result))
    if missing := nearest_miss_sentences(result):
        parts.append("\n".join(missing))
    if result.own_squats.left_out:
        parts.append(left_out_table(result.own_squats.left_out))
    return "\n\n".join(parts)


def change_lines(result: GuidanceResult) -> str:
    """One line per sample: what it changes of the person's own squat."""
    lines = []
    for j, change in enumerate(result.changes):
        same = "" if change.same_as is None else f" (the same answer as sample {change.same_as})"
        lines.append(f"sample {j}: {change.sentence}; {change.form_deg:.1f}° in form{same}")
    distinct = sum(change.same_as is None for change in result.changes)
    answers = "1 answer"
    if distinct > 1:
        answers = (
            f"{distinct} different answers, which differ by {DISTINCT_DEG:g}° in form or noticeably in tempo, stance "
            "or load"
        )
    return "\n".join(
        [
            f"What changes (own values second; angles at the bottom; form: RMS of legs, pelvis and trunk, on average "
            f"{mean_change_deg(result.changes):.1f}°); {answers}:",
            *lines,
        ]
    )


def baseline_table(baseline: Baseline) -> str:
    """One line per own squat, and a sentence on all of them."""
    profiles = baseline.profiles
    columns = [["own squat", *baseline.names]]
    for title, values in (
        ("knees deg", [f"{one.knee_deg:.0f}" for one in profiles]),
        ("hips deg", [f"{one.hip_deg:.0f}" for one in profiles]),
        ("trunk deg", [f"{one.lean_deg:.0f}" for one in profiles]),
        ("depth cm", [f"{100 * one.depth_m:.0f}" for one in profiles]),
        ("down s", [f"{one.descent_s:.1f}" for one in profiles]),
        ("hold s", [f"{one.hold_s:.1f}" for one in profiles]),
        ("up s", [f"{one.ascent_s:.1f}" for one in profiles]),
        ("stance cm", [f"{100 * one.width_m:.0f}" for one in profiles]),
        ("knee l-r deg", [f"{round(one.knee_difference_deg)}" for one in profiles]),
        ("right foot", ["" if one.right_share is None else f"{one.right_share:.0%}" for one in profiles]),
        ("from heel", ["" if one.pressure is None else f"{one.pressure:.0%}" for one in profiles]),
        (f"peak {baseline.muscle}", [format_sides(peaks, 2) for peaks in baseline.peaks.tolist()]),
    ):
        columns.append([title, *values])
    asked = [_asked_table(baseline), _later_session_line(baseline)]
    parts = [_aligned(columns), *asked, baseline_sentence(baseline), left_out_table(baseline.left_out)]
    return "\n".join(filter(None, parts))


def _later_session_line(baseline: Baseline) -> str:
    """Whose the own values are, and how a later session is compared with them; empty where no bound refers to them."""
    lines = [f"--constraint {one.in_numbers}" for one in baseline.asked if one.in_numbers]
    if not lines:
        return ""
    return f"own values are those of these squats; to ask a later session for the same: {' '.join(lines)}"


def _asked_table(baseline: Baseline) -> str:
    """One line for each requirement: what each own squat does of it; empty where that is unknown."""
    if not baseline.asked:
        return ""
    columns = [["what is asked", *(one.title for one in baseline.asked)]]
    for k, name in enumerate(baseline.names):
        cells = [f"{format_sides(one.values[k], 3)} {'met' if one.met[k] else 'missed'}" for one in baseline.asked]
        columns.append([name, *cells])
    return _aligned(columns)


def verification_table(result: GuidanceResult) -> str:
    """One line per sample: what is required of activations, predicted and simulated, and how trustworthy that is."""
    found = result.verification
    if found is None:
        return "The motions were not simulated."
    columns = [["sample", *map(str, range(len(result.samples)))]]
    compared = [
        (printed_title(term), result.predicted_values(k).tolist(), found.term_values[k].tolist())
        for k, term in enumerate(result.terms)
        if term.required and term.depends_on_activation and not term.of_a_whole_motion
    ]
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
    lost = [
        f"sample {j}: {sentence}"
        for j, intervals in enumerate(found.off_floor_s())
        for sentence in off_floor_sentences(intervals)
    ]
    unexplained = [f"sample {j}: {text}" for j, text in enumerate(found.unexplained_sentences()) if text]
    return "\n".join([_aligned(columns), *unexplained, *saturation_of_samples(found.saturated()), *lost])


def _range(ends: tuple[float, float]) -> str:
    """The least and the greatest value: `1.06 to 1.47`."""
    return " to ".join(dict.fromkeys(format_sides([end], 3) for end in ends))


def _missing_of_whole(result: GuidanceResult, j: int) -> str:
    """`yes`, or what a motion lacks to be whole."""
    sample = result.samples[j]
    missing = [term.label for k, term in enumerate(result.terms) if term.of_a_whole_motion and not sample.met[k]]
    return "not " + ", ".join(missing) if missing else "yes"


def _aligned(columns: list[list[str]]) -> str:
    """Columns of cells, title first, right-aligned."""
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
