"""Measure the RMS error of each coordinate, in degrees, after export to joint positions and inverse kinematics.

    python benchmarks/retarget_round_trip.py SESSION [SESSION ...]

The 22 joint positions of each squat trial at 20 Hz are fitted without noise, and with 5 mm of noise along each axis of
each joint. `legs` is the error over hips, knees, ankles and subtalar joints.
"""

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("sessions", nargs="+", metavar="SESSION", help="OpenCap session folders.")
    arguments = parser.parse_args()

    import numpy as np
    import torch

    from dataset.io.mot import read_motion
    from dataset.opensim.model_reader import load_skeleton
    from dataset.sessions import open_session
    from dataset.windows.resample import resample
    from models.conventions import COORDINATES, ROTATION_INDICES
    from models.skeleton.body_joints import BodyJoints
    from utils.retargeting.joint_export import joints_of_motion
    from utils.retargeting.joint_fit import fit_motion

    torch.set_num_threads(1)
    legs = [i for i, name in enumerate(COORDINATES) if name.startswith(("hip", "knee", "ankle", "subtalar"))]
    rows, heads = [], []
    for session in map(open_session, arguments.sessions):
        body = BodyJoints(load_skeleton(session.model_path))
        for trial in session.trials:
            motion = resample(read_motion(trial), 20.0)
            joints = joints_of_motion(motion, body, session)
            for noise_m in (0.0, 0.005):
                noisy = joints + np.random.default_rng(0).normal(0, noise_m, joints.shape)
                error = fit_motion(noisy, body, 20.0)[1].coordinates.double().numpy() - motion.coordinates
                turned = COORDINATES.index("pelvis_rotation")  # the first frame is turned to face +x
                error[:, turned] -= error[0, turned]
                rows.append(np.sqrt((error**2).mean(0)))
                heads.append(f"{session.id}/{trial.stem}" + (" + 5 mm" if noise_m else ""))
    errors = np.array(rows)  # (trials, 33)
    for k, head in enumerate(heads):
        print(f"{k + 1:>3}  {head}")
    print("".join([f"{'':<18}", *(f"{k + 1:>7}" for k in range(len(heads)))]))
    print("".join([f"{'legs':<18}", *(f"{np.sqrt((row[legs] ** 2).mean()):>7.2f}" for row in errors)]))
    for i in ROTATION_INDICES:
        print("".join([f"{COORDINATES[i]:<18}", *(f"{row[i]:>7.2f}" for row in errors)]))


if __name__ == "__main__":
    run_benchmark(main)
