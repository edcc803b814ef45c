"""How good the simulation is, against OpenCap's own simulations and against force plates.

    python benchmarks/validate_activations.py RECORDINGS [--torso-mass-height 1 --trunk-adjustment 0]

RECORDINGS is a folder that holds opencap/Data/ with field-subject0 (repetitions that OpenCap simulated, in
OpenSimData/Dynamics), lab-subject4 and mocap-dls (force plates, in ForceData). Each repetition is simulated as
simulate_activations.py does; frames within 0.2 s of the end of a trial are left out. "OpenCap's motion" is the one that
OpenCap's simulation ended with, in place of the recorded one. By the plates are the joint moments that follow from them
by inverse dynamics, and the activations that these moments need.
"""

from pathlib import Path

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("recordings", type=Path, metavar="RECORDINGS", help="Folder with the recordings, see above.")
    parser.add_argument("--exact-paths", action="store_true", help="Use OpenSim's own muscle paths.")
    parser.add_argument("--torso-mass-height", type=float, help="In place of the default, see SimulationSettings.")
    parser.add_argument("--trunk-adjustment", type=float, metavar="DEG", help="The same, 0 for none.")
    arguments = parser.parse_args()

    import torch
    from simulation_validation.comparisons import compare_with_opencap, compare_with_plates
    from simulation_validation.validation_tables import activation_table, force_table, moment_table

    from models.muscles.simulation_settings import SimulationSettings

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    root, exact = arguments.recordings / "opencap" / "Data", arguments.exact_paths
    named = {"torso_mass_height": arguments.torso_mass_height, "trunk_adjustment_deg": arguments.trunk_adjustment}
    settings = SimulationSettings(**{name: value for name, value in named.items() if value is not None})
    field = root / "field-subject0"
    comparisons = [
        comparison
        for same_motion in (False, True)
        for comparison in compare_with_opencap(field, settings, same_motion=same_motion, exact_paths=exact)
    ]
    for session, trial in (("lab-subject4", "squats1"), ("lab-subject4", "squatsAsym1"), ("mocap-dls", "DLS01_ik")):
        comparisons.append(compare_with_plates(root / session, trial, settings, exact_paths=exact))
    for table in (activation_table, force_table, moment_table):
        print(table(comparisons))


if __name__ == "__main__":
    run_benchmark(main)
