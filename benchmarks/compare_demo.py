"""Compare the demo sessions with real recordings and with the paper's reference: the tables of DATASETS.md.

    python benchmarks/compare_demo.py --demo demo/full --real path/to/recordings
    python benchmarks/compare_demo.py --demo demo/full --real path/to/recordings --coordinates

Prints mean, standard deviation, minimum and maximum over repetitions for each data set, and the part of the real
repetitions outside the range of the demo sessions. The quantities are those of utils/biomechanics, over each repetition
of at most 10 s; the entropy is the paper's (10 bins, nats, one value for each window of 196 frames). The share of load
is that of the more loaded foot at the bottom, if the centre of mass is at rest there. With --coordinates, prints the
range and the speed of every coordinate, the part of the real frames outside the range of the demo sessions, and the
distances of real poses from the nearest demo pose. All trials of a real session are used.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark_parser import make_parser, run_benchmark

if TYPE_CHECKING:
    import numpy as np

    from dataset.sessions import Session
    from dataset.windows.segmentation import Repetition
    from dataset.windows.window import Window

FRAMES = 600  # of the longest window
SPEED_SMOOTHING_FRAMES = 2.0  # noise of a recording is no speed
COLUMNS = {  # title, format, and the paper's reference row (BIGE, Table 3, and Table 2 for the entropy)
    "depth_deg": ("largest knee flexion °", "{:.0f}", None),
    "duration_s": ("repetition s", "{:.2f}", None),
    "descent_s": ("descent s", "{:.2f}", None),
    "hold_s": ("hold s", "{:.2f}", None),
    "ascent_s": ("ascent s", "{:.2f}", None),
    "knee_speed_deg_s": ("peak speed of the knees °/s", "{:.0f}", None),
    "arm_speed_deg_s": ("peak speed of arm flexion °/s", "{:.0f}", None),
    "tilt_deg": ("pelvis tilt at the bottom °", "{:.1f}", -23.40),
    "asymmetry_deg": ("asymmetry RMS °", "{:.2f}", 2.42),
    "angular_speed_deg_s": ("angular speed RMS °/s", "{:.0f}", 90.04),
    "com_speed_m_s": ("COM speed RMS m/s", "{:.2f}", 0.54),
    "com_acceleration_m_s2": ("COM acceleration RMS m/s²", "{:.2f}", 2.65),
    "entropy_nats": ("entropy", "{:.2f}", 1.736),
    "load_share": ("share of load of one foot", "{:.0%}", None),
    "mass_kg": ("body mass kg", "{:.0f}", None),
    "leg_length_m": ("leg length m", "{:.2f}", None),
}


@dataclass(frozen=True)
class Squat:
    """One repetition: its placed window, its phases at 60 Hz, and who performed it."""

    window: "Window"
    repetition: "Repetition"
    load_share: float
    mass_kg: float
    leg_length_m: float


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR", help="Data root of the demo sessions.")
    parser.add_argument("--real", type=Path, required=True, metavar="DIR", help="Data root of real recordings.")
    parser.add_argument("--coordinates", action="store_true", help="Print the range of every coordinate as well.")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(1)
    demo, real = read_squats(arguments.demo), read_squats(arguments.real)
    print_quantities({"demo": measure(demo), "real": measure(real)})
    if arguments.coordinates:
        demo_windows, real_windows = ([squat.window for squat in squats] for squats in (demo, real))
        print_coordinates(demo_windows, real_windows)
        print_nearest(demo_windows, real_windows)


def read_squats(root: Path) -> list[Squat]:
    """The repetitions of every trial under a data root."""
    from dataset.sessions import discover_sessions

    return [
        squat for session in discover_sessions(root) for path in session.trials for squat in squats_of(session, path)
    ]


def squats_of(session: "Session", path: Path) -> list[Squat]:
    """The repetitions of a trial that are not longer than `FRAMES`."""
    import numpy as np
    import torch

    from dataset.io.mot import read_motion
    from dataset.opensim.model_reader import load_skeleton
    from dataset.windows.floor import floor_height
    from dataset.windows.resample import resample
    from dataset.windows.segmentation import segment_repetitions
    from dataset.windows.window import reason_not_to_fit, windows_of_repetitions
    from models.conventions import FRAME_RATE_HZ

    motion = resample(read_motion(path), FRAME_RATE_HZ)
    floor_m = floor_height(session, motion)
    repetitions = segment_repetitions(motion)
    fit = [k for k, one in enumerate(repetitions) if not reason_not_to_fit(one, FRAMES)]
    skeleton = load_skeleton(session.model_for(path), torch.float64)
    extra = {name: torch.as_tensor(values) for name, values in motion.extra.items()}
    rotation, origin = skeleton.bodies(torch.as_tensor(motion.coordinates), extra)
    places = (origin + (rotation @ torch.as_tensor(skeleton.description.mass_centres)[..., None])[..., 0]).numpy()
    mass_centre = np.average(places, axis=1, weights=skeleton.description.masses_kg)
    feet = skeleton.contact_points(torch.as_tensor(motion.coordinates), extra).unflatten(1, (2, -1)).mean(2).numpy()
    squats = []
    for k, window in zip(fit, windows_of_repetitions(motion, repetitions, fit, FRAMES), strict=True):
        bottom = repetitions[k].bottom_frame
        apart = (feet[bottom, 1] - feet[bottom, 0])[[0, 2]]
        left = float((mass_centre[bottom] - feet[bottom, 0])[[0, 2]] @ apart / (apart @ apart))
        share = min(1.0, max(left, 1 - left)) if len(repetitions[k].standing) == len(feet[0]) else 1.0
        squats.append(Squat(window.placed(floor_m)[0], repetitions[k], share, skeleton.mass_kg, skeleton.leg_length_m))
    return squats


def measure(squats: list[Squat]) -> dict[str, "np.ndarray"]:
    """Values (N,) of N repetitions, by column."""
    import numpy as np
    import torch

    from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ, WINDOW_FRAMES
    from utils.biomechanics.context import Context
    from utils.biomechanics.registry import evaluate_quantity
    from utils.biomechanics.statistics import summarise

    motion = torch.as_tensor(np.stack([squat.window.coordinates for squat in squats]))
    mask = torch.as_tensor(np.stack([squat.window.first_repetition for squat in squats]))
    context = Context(motion, mask=mask)

    def columns(*names: str) -> list[int]:
        return [COORDINATE_INDEX[f"{name}_{side}"] for name in names for side in "lr"]

    def peak_speed(name: str) -> "np.ndarray":
        speeds = smooth_speeds(motion[..., columns(name)].numpy(), axis=1)
        return np.where(mask.numpy()[..., None], np.abs(speeds), 0).max((1, 2))

    repetitions = [squat.repetition for squat in squats]
    bottoms = [one.bottom_frame - one.start_frame for one in repetitions]
    phases = [(one.start_frame, one.descent_end_frame, one.ascent_start_frame, one.end_frame) for one in repetitions]
    down, hold, up = (np.diff(phases, axis=1) / FRAME_RATE_HZ).T
    rows: dict[str, Any] = {"depth_deg": summarise(evaluate_quantity("knee_flexion", context), "max").amax(1)}
    rows |= {"duration_s": mask.sum(1) / FRAME_RATE_HZ, "descent_s": down, "hold_s": hold, "ascent_s": up}
    rows |= {"knee_speed_deg_s": peak_speed("knee_angle"), "arm_speed_deg_s": peak_speed("arm_flex")}
    rows["tilt_deg"] = motion[torch.arange(len(motion)), torch.tensor(bottoms), COORDINATE_INDEX["pelvis_tilt"]]
    for column in ("asymmetry", "angular_speed", "com_speed", "com_acceleration"):
        name = next(key for key in COLUMNS if key.startswith(column))
        rows[name] = summarise(evaluate_quantity(column, context), "rms").square().mean(1).sqrt()
    rows["entropy_nats"] = [entropy_nats(squat.window.coordinates[:WINDOW_FRAMES]) for squat in squats]
    for name in ("load_share", "mass_kg", "leg_length_m"):
        rows[name] = [getattr(squat, name) for squat in squats]
    return {name: np.asarray(rows[name]) for name in COLUMNS}


def smooth_speeds(values: "np.ndarray", axis: int) -> "np.ndarray":
    """Changes per second along an axis of frames at 60 Hz, smoothed."""
    import numpy as np
    from scipy.ndimage import gaussian_filter1d

    from models.conventions import FRAME_RATE_HZ

    return np.gradient(gaussian_filter1d(values, SPEED_SMOOTHING_FRAMES, axis=axis), 1 / FRAME_RATE_HZ, axis=axis)


def entropy_nats(values: "np.ndarray") -> float:
    """Shannon entropy of the histogram of all values of a sample in 10 bins, nats (BIGE, Table 2)."""
    import numpy as np

    share = np.histogram(values, bins=10)[0] / np.size(values)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


def print_quantities(sets: dict[str, dict[str, "np.ndarray"]]) -> None:
    """Print a Markdown table with a row for each quantity, and a column for each data set and the paper's reference."""
    import numpy as np

    counts = [f"{name} ({len(next(iter(rows.values())))} repetitions)" for name, rows in sets.items()]
    print("| | " + " | ".join(counts) + " | real outside | paper's reference |")
    print("|---" * (len(sets) + 3) + "|")
    for column, (title, form, reference) in COLUMNS.items():
        cells = []
        for rows in sets.values():
            values = rows[column]
            mean, low, high = (form.format(x) for x in (values.mean(), values.min(), values.max()))
            cells.append(f"{mean} ± {form.format(values.std())} [{low}, {high}]")
        demo, real = (rows[column] for rows in sets.values())
        cells.append(f"{np.mean((real < demo.min()) | (real > demo.max())):.0%}")
        print(f"| {title} | " + " | ".join(cells) + f" | {'–' if reference is None else form.format(reference)} |")
    print()


def print_coordinates(demo: list["Window"], real: list["Window"]) -> None:
    """A Markdown table of coordinates and their speeds over the recorded frames, degrees, centimetres and seconds."""
    import numpy as np

    from models.conventions import COORDINATES, TRANSLATIONS

    frames, speeds = [], []
    for windows in (demo, real):
        recorded = [window.coordinates[window.recorded] for window in windows]
        frames.append(np.concatenate(recorded))
        speeds.append(np.abs(np.concatenate([smooth_speeds(values, axis=0) for values in recorded])))
    print(
        "| coordinate | demo, minimum to maximum | demo, 1st to 99th percentile | real | real frames outside | "
        "speed, 99.9th percentile, demo / real |"
    )
    print("|---|---|---|---|---|---|")
    for i, name in enumerate(COORDINATES):
        unit = 100 if name in TRANSLATIONS else 1
        ours, theirs = (values[:, i] * unit for values in frames)
        low, high = np.percentile(ours, [1, 99])
        beyond = np.mean((theirs < ours.min()) | (theirs > ours.max()))
        quick = " / ".join(f"{np.percentile(values[:, i], 99.9) * unit:.0f}" for values in speeds)
        print(
            f"| {name} | {ours.min():.1f} to {ours.max():.1f} | {low:.1f} to {high:.1f} | "
            f"{theirs.min():.1f} to {theirs.max():.1f} | {beyond:.1%} | {quick} |"
        )


def print_nearest(demo: list["Window"], real: list["Window"]) -> None:
    """A Markdown table: for each real trial, the distance from its poses to the nearest demo pose, degrees.

    Over the 17 leg and pelvis angles, root mean square; every third recorded frame.
    """
    import numpy as np
    from scipy.spatial import cKDTree

    from models.conventions import LEG_AND_PELVIS_INDICES, TRANSLATION_INDICES

    angles = [i for i in LEG_AND_PELVIS_INDICES if i not in TRANSLATION_INDICES]
    poses = np.concatenate([window.coordinates[window.recorded][::3] for window in demo])
    tree = cKDTree(poses[:, angles])
    trials: dict[Path, list[np.ndarray]] = {}
    for window in real:
        assert window.source is not None, "windows of trials know their files"
        trials.setdefault(window.source, []).append(window.coordinates[window.recorded][::3])
    print("\n| real trial | distance to the nearest demo pose, mean ° | 95th percentile ° |\n|---|---|---|")
    for source, frames in trials.items():
        distance = tree.query(np.concatenate(frames)[:, angles])[0] / len(angles) ** 0.5
        name = f"{source.parents[2].name}/{source.stem}"
        print(f"| {name} | {distance.mean():.1f} | {np.percentile(distance, 95):.1f} |")


if __name__ == "__main__":
    run_benchmark(main)
