"""Simulate recorded squats: muscle activations, joint moments and ground reaction forces from kinematics alone.

    python simulate_activations.py --subject DATA/Data/SESSION --out-dir output/simulated
    python simulate_activations.py --subject SESSION --data-root DATA --trial Squats_0 --out-dir output/simulated

Writes one folder per repetition, DIR/<session>/OpenSimData/Dynamics/<trial>_segment_<k>/: the muscle-driven motion with
80 activations on the trial's own time stamps, joint moments, ground reaction forces, reserves and residuals, and a
summary of how far to trust them. No force plate is needed. Takes a few milliseconds per frame. With --opensim, the
folder opensim/ of each repetition is one in which OpenSim's own tools repeat the simulation.
A repetition that is there already is kept where model, trial and settings are the same, and simulated anew otherwise.
The exit status is 1 where a trial was left out, which is named, and 2 where nothing can be simulated.
"""

import sys

from dataset.left_out import is_complete, left_out_table
from options.config_parser import parse_config
from options.simulate_activations_options import build_parser
from utils.cli import run
from utils.simulation.simulation_config import SimulationConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), SimulationConfig)

    from utils.simulation.printed_table import simulation_table
    from utils.simulation.session_simulation import simulate_session

    result = simulate_session(config)
    print(simulation_table(result))
    print(f"wrote {result.folder / 'OpenSimData' / 'Dynamics'} and {result.summary_path}")
    if result.left_out:
        print(left_out_table(result.left_out))
    if not is_complete(result.left_out):
        sys.exit(1)


if __name__ == "__main__":
    run(main)
