"""Compare the demo sessions with real recordings and with the paper's reference: the tables of DATASETS.md.

    python benchmarks/compare_demo.py --demo demo/full --real path/to/recordings
    python benchmarks/compare_demo.py --demo demo/full --real path/to/recordings --coordinates

Prints mean, standard deviation, minimum and maximum over repetitions for each data set. The quantities are those of
utils/biomechanics, over the first repetition of every window; the entropy is the paper's (10 bins, nats, one value for
each window). With --coordinates, prints the range of every coordinate, the part of the real recordings outside the
range of the demo sessions, and the distances of real poses from the nearest demo pose. All trials of a real session are
used.
"""

from pathlib import Path

from benchmark_parser import make_parser

COLUMNS = {  # title, format, and the paper's reference row (BIGE, Table 3, and Table 2 for the entropy)
    "depth_deg": ("largest knee flexion °", "{:.0f}", None),
    "duration_s": ("repetition s", "{:.2f}", None),
    "descent_s": ("descent s", "{:.2f}", None),
    "ascent_s": ("ascent s", "{:.2f}", None),
    "tilt_deg": ("pelvis tilt at the bottom °", "{:.1f}", -23.40),
    "asymmetry_deg": ("asymmetry RMS °", "{:.2f}", 2.42),
    "angular_speed_deg_s": ("angular speed RMS °/s", "{:.0f}", 90.04),
    "com_speed_m_s": ("COM speed RMS m/s", "{:.2f}", 0.54),
    "com_acceleration_m_s2": ("COM acceleration RMS m/s²", "{:.2f}", 2.65),
    "entropy_nats": ("entropy", "{:.2f}", 1.736),
}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR", help="Data root of the demo sessions.")
    parser.add_argument("--real", type=Path, required=True, metavar="DIR", help="Data root of real recordings.")
    parser.add_argument("--coordinates", action="store_true", help="Print the range of every coordinate as well.")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(1)
    demo, real = read_windows(arguments.demo), read_windows(arguments.real)
    print_quantities({"demo": measure(demo), "real": measure(real)})
    if arguments.coordinates:
        print_coordinates(demo, real)
        print_nearest(demo, real)


def read_windows(root: Path) -> list:
    """The placed windows of every trial under a data root."""
    from dataset.io.mot import read_motion
    from dataset.sessions import discover_sessions
    from dataset.windows.floor import floor_height
    from dataset.windows.window import windows_of_trial

    windows = []
    for session in discover_sessions(root):
        for path in session.trials:
            motion = read_motion(path)
            floor_m = floor_height(session, motion)
            windows += [window.placed(floor_m)[0] for window in windows_of_trial(motion)]
    return windows


def measure(windows) -> dict:
    """Values (N,) of N repetitions, by column."""
    import numpy as np
    import torch

    from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ
    from utils.biomechanics.context import Context
    from utils.biomechanics.registry import evaluate_quantity
    from utils.biomechanics.statistics import summarise

    motion = torch.as_tensor(np.stack([window.coordinates for window in windows]))
    mask = torch.as_tensor(np.stack([window.first_repetition & window.recorded for window in windows]))
    context = Context(motion, mask=mask)
    knees = motion[..., [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]]
    bottom = knees.mean(-1).masked_fill(~mask, -torch.inf).argmax(1)
    length = mask.sum(1)
    rows = {"depth_deg": summarise(evaluate_quantity("knee_flexion", context), "max").amax(1)}
    rows |= {"duration_s": length / FRAME_RATE_HZ, "descent_s": bottom / FRAME_RATE_HZ}
    rows["ascent_s"] = (length - 1 - bottom) / FRAME_RATE_HZ
    rows["tilt_deg"] = motion[torch.arange(len(motion)), bottom, COORDINATE_INDEX["pelvis_tilt"]]
    for column in ("asymmetry", "angular_speed", "com_speed", "com_acceleration"):
        name = next(key for key in COLUMNS if key.startswith(column))
        rows[name] = summarise(evaluate_quantity(column, context), "rms").square().mean(1).sqrt()
    rows["entropy_nats"] = np.array([entropy_nats(window.coordinates) for window in windows])
    return {name: np.asarray(values) for name, values in rows.items()}


def entropy_nats(values) -> float:
    """Shannon entropy of the histogram of all values of a sample in 10 bins, nats (BIGE, Table 2)."""
    import numpy as np

    share = np.histogram(values, bins=10)[0] / np.size(values)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def print_quantities(sets: dict) -> None:
    """Print a Markdown table with a row for each quantity, and a column for each data set and the paper's reference."""
    counts = [f"{name} ({len(next(iter(rows.values())))} repetitions)" for name, rows in sets.items()]
    print("| | " + " | ".join(counts) + " | paper's reference |")
    print("|---" * (len(sets) + 2) + "|")
    for column, (title, form, reference) in COLUMNS.items():
        cells = []
        for rows in sets.values():
            values = rows[column]
            mean, low, high = (form.format(x) for x in (values.mean(), values.min(), values.max()))
            cells.append(f"{mean} ± {form.format(values.std())} [{low}, {high}]")
        print(f"| {title} | " + " | ".join(cells) + f" | {'–' if reference is None else form.format(reference)} |")
    print()


def print_coordinates(demo, real) -> None:
    """A Markdown table of coordinate ranges, degrees and centimetres, over the recorded frames of the windows."""
    import numpy as np

    from models.conventions import COORDINATES, TRANSLATIONS

    frames = [np.concatenate([window.coordinates[window.recorded] for window in windows]) for windows in (demo, real)]
    print("| coordinate | demo, minimum to maximum | demo, 1st to 99th percentile | real | real frames outside |")
    print("|---|---|---|---|---|")
    for i, name in enumerate(COORDINATES):
        ours, theirs = (values[:, i] * (100 if name in TRANSLATIONS else 1) for values in frames)
        low, high = np.percentile(ours, [1, 99])
        beyond = np.mean((theirs < ours.min()) | (theirs > ours.max()))
        print(
            f"| {name} | {ours.min():.1f} to {ours.max():.1f} | {low:.1f} to {high:.1f} | "
            f"{theirs.min():.1f} to {theirs.max():.1f} | {beyond:.1%} |"
        )


def print_nearest(demo, real) -> None:
    """A Markdown table: for each real trial, the distance from its poses to the nearest demo pose, degrees.

    Over the 17 leg and pelvis angles, root mean square; every third recorded frame.
    """
    import numpy as np
    from scipy.spatial import cKDTree

    from models.conventions import LEG_AND_PELVIS_INDICES, TRANSLATION_INDICES

    angles = [i for i in LEG_AND_PELVIS_INDICES if i not in TRANSLATION_INDICES]
    poses = np.concatenate([window.coordinates[window.recorded][::2] for window in demo])
    tree = cKDTree(poses[:, angles])
    trials = {}
    for window in real:
        trials.setdefault(window.source, []).append(window.coordinates[window.recorded][::3])
    print("\n| real trial | distance to the nearest demo pose, mean ° | 95th percentile ° |\n|---|---|---|")
    for source, frames in trials.items():
        distance = tree.query(np.concatenate(frames)[:, angles])[0] / len(angles) ** 0.5
        name = f"{source.parents[2].name}/{source.stem}"
        print(f"| {name} | {distance.mean():.1f} | {np.percentile(distance, 95):.1f} |")


if __name__ == "__main__":
    main()
