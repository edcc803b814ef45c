"""How far OpenSim's own tools agree with the simulation: inverse dynamics and static optimisation of exported folders.

    python benchmarks/opensim_agreement.py demo/shipped RECORDINGS/opencap
    python benchmarks/opensim_agreement.py --guided output/mine/mot_visualization/latents_subject_run_SESSION

Each squat of each session, or each motion of a guided run, is simulated and exported, and OpenSim does the rest in a
process of its own. Columns: the largest difference of joint moments and of residual forces; the residual force of the
pelvis; how far the moments of OpenSim's muscles at the simulated activations, with tendons that stretch, are from the
joint moments; and vasti by static optimisation: with De Groote's muscles where pennation and the stretch of tendons are
left out on both sides, as OpenSim leaves them out; with De Groote's muscles and tendons of mean length against the
simulation as it is; and with the model's own muscles. Takes 15 to 30 seconds a squat.
"""

from pathlib import Path

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("roots", nargs="*", type=Path, metavar="ROOT", help="Data roots; all trials with squats count.")
    parser.add_argument("--guided", nargs="+", type=Path, default=[], metavar="FOLDER", help="Folders of guided runs.")
    parser.add_argument("--most", type=int, default=99, metavar="N", help="At most N motions of a trial or run.")
    parser.add_argument("--step", type=float, default=0.25, metavar="S", help="Seconds between static optimisations.")
    arguments = parser.parse_args()

    import torch
    from opensim_comparison.agreement import HEADER, agreement, guided_squats, recorded_squats, row

    from dataset.sessions import discover_sessions
    from utils.guidance.output.result_files import load_guidance

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(HEADER)
    for root in arguments.roots:
        for session in discover_sessions(root):
            for trial in session.trials:
                squats = recorded_squats(trial)[: arguments.most]
                if not squats:
                    continue
                found = agreement(session.model_for(trial), squats, arguments.step)
                print(row(f"{session.id} {trial.stem}", found), flush=True)
    for folder in arguments.guided:
        result = load_guidance(folder)
        if result.session is None:
            parser.error(f"{folder}: the session that it was made for is not found")
        found = agreement(result.session.model_path, guided_squats(result)[: arguments.most], arguments.step)
        print(row(f"guided {result.session_id}", found), flush=True)


if __name__ == "__main__":
    run_benchmark(main)
