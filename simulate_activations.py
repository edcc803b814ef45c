"""Simulate what a recorded squat takes: muscle activations, joint moments and ground reaction forces, from kinematics.

    python simulate_activations.py --subject DATA/Data/SESSION --out-dir output/simulated
    python simulate_activations.py --subject SESSION --data-root DATA --trial Squats_0 --out-dir output/simulated

One folder a repetition, DIR/<session>/OpenSimData/Dynamics/<trial>_segment_<k>/, holds the muscle-driven motion with 80
activations on the trial's own time stamps, the joint moments, the ground reaction forces, the reserves and residuals,
and a summary of how far to trust them. No force plate is needed. Takes a few milliseconds a frame, after a fit of the
muscle paths that is made once a model (about 10 s) and kept in DIR/<session>/cache.
"""

from dataset.io.atomic_write import write_json
from options.simulate_activations_options import build_parser
from utils.cli import run
from utils.runs.environment import set_threads


def main() -> None:
    arguments = build_parser(__doc__).parse_args()
    from dataset.sessions import open_session
    from models.muscles.simulation_settings import WEAKLY_ACTUATED, SimulationSettings
    from utils.simulation.session_simulation import simulate_session

    set_threads(arguments.threads)
    session = open_session(arguments.subject, arguments.data_root)
    trials = [session.trial(name) for name in arguments.trial] if arguments.trial else session.squat_trials
    summaries = simulate_session(
        session,
        trials,
        arguments.out_dir,
        SimulationSettings(activation_floor=arguments.activation_floor),
        exact_paths=arguments.exact_paths,
        overwrite=arguments.overwrite,
    )
    columns = ("s", "vasmed l", "vasmed r", "force BW", "residual N", "reserve Nm")
    print(f"{'repetition':<28}" + "".join(f"{column:>12}" for column in columns))
    for summary in summaries:
        peaks, residuals = summary["peak_activation"], summary["residual_rms"]
        reserve = max(rms for name, rms in summary["reserve_rms_nm"].items() if name[:-2] not in WEAKLY_ACTUATED)
        residual = max(residuals[f"pelvis_t{axis}"] for axis in "xyz")
        print(
            f"{summary['repetition']:<28}{summary['end_s'] - summary['start_s']:>12.2f}{peaks['vasmed_l']:>12.3f}"
            f"{peaks['vasmed_r']:>12.3f}{summary['peak_vertical_force_bw']:>12.2f}{residual:>12.1f}{reserve:>12.2f}"
        )
        for warning in summary["warnings"]:
            print(f"    {warning}")
    weak = ", ".join(name for names in summaries[0]["weak_muscles"].values() for name in names)
    print(f"peak activations; residual and reserve are the largest RMS. Weak, do not lean on them: {weak}")
    path = arguments.out_dir / session.id / "summary.json"
    write_json(path, {"session": session.id, "model": session.model_path, "repetitions": summaries})
    print(f"wrote {path.parent / 'OpenSimData' / 'Dynamics'} and {path}")


if __name__ == "__main__":
    run(main)
