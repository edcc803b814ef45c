"""Whether guided motions that the simulation accepts are also met with OpenSim's geometry and its static optimisation.

    python benchmarks/guided_verdicts.py output/mine/mot_visualization/latents_subject_run_SESSION [FOLDER ...]

For each accepted motion of finished runs of LIMO_Surrogate.py: the peak activation of the run's muscle by the
simulation of the run, by the same simulation with muscle lengths and moment arms from OpenSim itself (--exact-paths),
and, within 0.1 s of each peak, by OpenSim's static optimisation of the exported folder, with De Groote's muscles, whose
tendons do not stretch there, and with the model's own. Differences are the largest over both sides. Where the run asked
for a range of these peaks, the motions with both of them in it, widened by .05, are counted too. Takes about a minute a
motion.
"""

import math
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark

NEAR = 0.05  # of activation


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="Folders of motions of guided runs.")
    parser.add_argument("--most", type=int, default=99, metavar="N", help="At most N motions of a run.")
    arguments = parser.parse_args()

    import torch
    from opensim_comparison.peaks import exact_peaks, optimised_peaks

    from utils.guidance.output.result_files import load_guidance

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    kinds = ("exact paths", "De Groote", "own muscles")
    print(f"{'subject':<24}{'motion':<8}" + "".join(f"{kind:<14}" for kind in ("simulated", *kinds)) + "differences")
    differences: dict[str, list[float]] = {kind: [] for kind in kinds}
    outside: dict[str, list[float]] = {kind: [] for kind in kinds}  # by how much peaks miss the range
    for folder in arguments.folders:
        result = load_guidance(folder)
        if result.verification is None:
            parser.error(f"{folder}: the run was made without simulation")
        accepted = [j for j, sample in enumerate(result.samples) if sample.accepted][: arguments.most]
        if not accepted:
            print(f"{result.session_id:<24}no motion was accepted")
            continue
        exact = exact_peaks(result, accepted)
        for row, j in enumerate(accepted):
            simulated, optimised = result.verification.simulated[j], optimised_peaks(result, j)
            found = dict(zip(kinds, (exact[row], optimised.de_groote, optimised.own), strict=True))
            for kind, peaks in found.items():
                ours = simulated if kind == "exact paths" else optimised.ours
                differences[kind].append(float((peaks - ours).abs().max()))
                outside[kind] += _outside_of_range(result, peaks)
            cells = [*(_pair(peaks) for peaks in (simulated, *found.values()))]
            largest = " ".join(f"{values[-1]:.3f}" for values in differences.values())
            print(f"{result.session_id:<24}{j:<8}{''.join(f'{cell:<14}' for cell in cells)}{largest}", flush=True)
    for name, values in differences.items():
        rms = math.sqrt(sum(value**2 for value in values) / max(1, len(values)))
        print(f"{name}: {_near(values)} within {NEAR}, RMS {rms:.3f}, largest {max(values, default=0):.3f}", end="")
        print(f"; {_near(outside[name])} in the range of the run or within {NEAR} of it" if outside[name] else "")


def _near(values: list[float]) -> str:
    return f"{sum(value <= NEAR for value in values)} of {len(values)}"


def _outside_of_range(result, peaks) -> list[float]:  # type: ignore[no-untyped-def]
    """By how much peaks (2,) miss what a run requires of them, the worse one; empty where it requires no range."""
    from utils.biomechanics.statistics import outside

    ranges = [
        (term.low, term.high)
        for term in result.terms
        if term.required
        and (term.quantity, term.argument, term.statistic) == ("activation", result.config.muscle, "max")
    ]
    return [max(float(outside(peaks, *bounds).max()) for bounds in ranges)] if ranges else []


def _pair(peaks) -> str:  # type: ignore[no-untyped-def]  # torch is imported after the options are read
    return "/".join(f"{peak:.3f}" for peak in peaks.tolist())


if __name__ == "__main__":
    run_benchmark(main)
