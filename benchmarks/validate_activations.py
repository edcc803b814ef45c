"""How good the simulation is, against OpenCap's own simulations and against force plates.

    python benchmarks/validate_activations.py RECORDINGS [--exact-paths]

RECORDINGS is a folder that holds opencap/Data/ with field-subject0 (repetitions that OpenCap simulated, in
OpenSimData/Dynamics), lab-subject4 and mocap-dls (force plates, in ForceData). Each repetition is simulated as
simulate_activations.py does; frames within 0.2 s of the end of a trial are left out.
"""

from pathlib import Path

from benchmark_parser import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("recordings", type=Path, metavar="RECORDINGS", help="Folder with the recordings, see above.")
    parser.add_argument("--exact-paths", action="store_true", help="Use OpenSim's own muscle paths.")
    arguments = parser.parse_args()

    import torch
    from simulation_validation.comparisons import compare_with_opencap, compare_with_plates
    from simulation_validation.validation_tables import activation_table, force_table, moment_table

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    root, exact = arguments.recordings / "opencap" / "Data", arguments.exact_paths
    comparisons = compare_with_opencap(root / "field-subject0", exact_paths=exact)
    print(activation_table(comparisons))
    for session, trial in (("lab-subject4", "squats1"), ("lab-subject4", "squatsAsym1"), ("mocap-dls", "DLS01_ik")):
        comparisons.append(compare_with_plates(root / session, trial, exact_paths=exact))
    print(force_table(comparisons))
    print(moment_table(comparisons))


if __name__ == "__main__":
    main()
