"""The table that simulate_activations.py prints."""

from utils.simulation.saturation import WEAK_MUSCLES, largest_reserve
from utils.simulation.session_simulation import SimulationResult
from utils.simulation.simulation_summary import largest_residual_n


def simulation_table(result: SimulationResult) -> str:
    """One line per repetition, followed by its warnings, and which muscles not to rely on."""
    columns = ("s", "vasmed l", "vasmed r", "force BW", "residual N", "reserve Nm")
    lines = [f"{'repetition':<28}" + "".join(f"{column:>12}" for column in columns)]
    for summary in result.summaries:
        peaks = summary["peak_activation"]
        coordinate, reserve_nm = largest_reserve(summary["reserve_rms_nm"])
        lines.append(
            f"{summary['repetition']:<28}{summary['end_s'] - summary['start_s']:>12.2f}{peaks['vasmed_l']:>12.3f}"
            f"{peaks['vasmed_r']:>12.3f}{summary['peak_vertical_force_bw']:>12.2f}{largest_residual_n(summary):>12.1f}"
            f"{reserve_nm:>12.2f} {coordinate}"
        )
        lines += [f"    {warning}" for warning in summary["warnings"]]
    weak = ", ".join(name for names in WEAK_MUSCLES.values() for name in names)
    lines.append(
        "Peak activations and peak vertical ground reaction force; residual and reserve are the largest RMS, "
        "the reserve with its joint angle."
    )
    lines.append(f"Known to be weak, do not rely on them: {weak}")
    return "\n".join(lines)
