"""Height of the torso's mass centre at which recorded squats need the centre of pressure that force plates measured.

    python benchmarks/torso_mass_centre.py RECORDINGS

RECORDINGS is a folder that holds opencap/Data/ with lab-subject4 and mocap-dls. Prints, in repetitions, mean and
standard deviation of the error of the whole body's fore-aft centre of pressure, by inverse dynamics alone, for heights
of the torso's mass centre relative to the model's. Then how far the whole body's mass centre moves from upright stance
to the bottom of a squat: by the model, and by the plates' horizontal force, integrated twice.
"""

from pathlib import Path

from benchmark_parser import make_parser, run_benchmark

TRIALS = (("lab-subject4", "squats1"), ("lab-subject4", "squatsAsym1"), ("mocap-dls", "DLS01_ik"))
HEIGHTS = (1.0, 0.9, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4, 0.3)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("recordings", type=Path, metavar="RECORDINGS", help="Folder with the recordings, see above.")
    arguments = parser.parse_args()

    import numpy as np
    import torch
    from simulation_validation.mass_centre import forward_movement_m, plate_trial, pressure_error_m

    torch.set_num_threads(1)
    trials = [plate_trial(arguments.recordings / "opencap/Data" / session, trial) for session, trial in TRIALS]
    print(f"{'height':<10}" + "".join(f"{f'{session} {trial}':>28}" for session, trial in TRIALS))
    for height in HEIGHTS:
        errors_cm = [100 * pressure_error_m(trial, height) for trial in trials]
        print(f"{height:<10}" + "".join(f"{f'{error.mean():.1f} +- {error.std():.1f} cm':>28}" for error in errors_cm))
    print("\nmass centre, from upright stance to the bottom, forwards, cm")
    for (session, trial), recorded in zip(TRIALS, trials, strict=True):
        moves_cm = 100 * np.array(forward_movement_m(recorded))
        print(f"{session} {trial:<14} model {moves_cm[:, 0].round(1)}  plates {moves_cm[:, 1].round(1)}")


if __name__ == "__main__":
    run_benchmark(main)
