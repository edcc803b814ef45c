"""Cut the squat trials of an OpenCap session into repetitions, each from upright stance to upright stance.

    python segment_squats.py --subject path/to/session
    python segment_squats.py --subject d66330dc-7884-4915-9dbb-0520932294c4 --data-root path/to/MCS_DATA --trial SQT01

Writes <out-dir>/<session>/: <trial>_segment_<k>.mot, <trial>_segments.csv and <trial>_segments.png, which shows the
trial with its repetitions shaded.
"""

from options.segment_squats import build_parser
from utils.script import run


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.errors import InputError
    from dataset.session import open_session

    session = open_session(arguments.subject, arguments.data_root)
    trials = [session.trial(name) for name in arguments.trial] if arguments.trial else session.squat_trials
    if not trials:
        raise InputError(f"{session.path}: no motion file (*.mot) in OpenSimData/Kinematics")
    folder = arguments.out_dir / session.id
    found = sum(segment_trial(path, folder) for path in trials)
    if not found:
        names = ", ".join(path.stem for path in trials)
        raise InputError(f"{session.path}: no squat that starts and ends upright in {names}; see the plots in {folder}")
    print(f"{found} repetitions in {len(trials)} trial(s), written to {folder}")


def segment_trial(path, folder) -> int:
    """Segment the trial at `path` into files in `folder` and print its table; returns the number of repetitions."""
    import pandas

    from dataset.motion_file import read_motion, write_motion
    from dataset.segmentation import segment_repetitions
    from dataset.whole_file import written_whole
    from utils.segment_plot import plot_segments

    motion = read_motion(path)
    repetitions = segment_repetitions(motion)
    rows = []
    for k, repetition in enumerate(repetitions, 1):
        part = motion.cut(repetition.start_frame, repetition.end_frame)
        name = f"{path.stem}_segment_{k}"
        write_motion(folder / f"{name}.mot", part)
        pelvis_m = part.column("pelvis_ty")
        rows.append(
            {
                "segment": name,
                "start_s": part.time_s[0],
                "bottom_s": motion.time_s[repetition.bottom_frame],
                "end_s": part.time_s[-1],
                "duration_s": part.time_s[-1] - part.time_s[0],
                "knee_flexion_l_deg": part.column("knee_angle_l").max(),
                "knee_flexion_r_deg": part.column("knee_angle_r").max(),
                "descent_cm": 100 * (pelvis_m.max() - pelvis_m.min()),
            }
        )
    table = pandas.DataFrame(rows)
    plot_segments(folder / f"{path.stem}_segments.png", motion, repetitions, path.stem)
    with written_whole(folder / f"{path.stem}_segments.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f")
    if rows:
        print(table.to_string(index=False, float_format="%.2f"))
    return len(rows)


if __name__ == "__main__":
    run(main)
