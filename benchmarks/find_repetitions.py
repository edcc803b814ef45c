"""Measure how many squats of any tempo segmentation finds, and how exactly: the figures of DATASETS.md.

    python benchmarks/find_repetitions.py

Trials are in the styles of the demo people, with their sway, noise and variation between repetitions, but last 0.8 to
9 s a repetition, with and without holds, and with 0 to 2.5 s of standing between them. Their boundaries are compared
with those on the curve of the same trial without sway, noise and variation.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmark_parser import make_parser, run_benchmark

if TYPE_CHECKING:
    import numpy as np


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--trials", type=int, default=400, help="Trials of three repetitions each (default: 400).")
    arguments = parser.parse_args()

    import numpy as np

    generator = np.random.default_rng(1)
    differences = []
    for index in range(arguments.trials):
        differences += differences_s(index, generator)
    found = np.array(differences)
    print(f"{len(found)} of {3 * arguments.trials} repetitions found")
    print(f"{'':<14}{'within 0.1 s':>14}{'median s':>10}{'1 % s':>8}{'99 % s':>8}")
    for name, column in zip(("start", "descent end", "ascent start", "end"), found.T, strict=True):
        low, middle, high = np.percentile(column, [1, 50, 99])
        print(f"{name:<14}{100 * np.mean(np.abs(column) < 0.1 + 1e-6):>12.1f} %{middle:>10.2f}{low:>8.2f}{high:>8.2f}")


def differences_s(index: int, generator: "np.random.Generator") -> "list[np.ndarray]":
    """Found minus true start, end of descent, start of ascent and end of each repetition of a trial that is found."""
    import numpy as np
    from scipy.signal import find_peaks

    from dataset.demo.squat_timeline import draw_targets
    from dataset.demo.style_sampler import draw_style
    from dataset.io.motion import Motion
    from dataset.windows.repetition_phases import divide_into_phases
    from dataset.windows.segmentation import segment_repetitions
    from models.conventions import COORDINATES, FRAME_RATE_HZ

    style = draw_style(0, index, 0.85)
    duration_s = np.exp(generator.uniform(np.log(0.8), np.log(9.0)))
    hold_s = duration_s * generator.uniform(0.0, 0.45) * (generator.random() < 0.6)
    descent_s = generator.uniform(0.4, 0.6) * (duration_s - hold_s)
    tempo = replace(
        style.tempo,
        descent_s=descent_s,
        bottom_s=hold_s,
        ascent_s=duration_s - hold_s - descent_s,
        standing_s=generator.choice([0.0, 0.15, 0.4, 1.0, 2.5]),
    )
    targets = draw_targets(replace(style, tempo=tempo), 0, index, 3)
    coordinates = np.zeros((len(targets.depth), len(COORDINATES)))
    for side, share in (("l", 0.5), ("r", -0.5)):
        knee = targets.knee_mean + share * targets.knee_difference
        for name, part in (("knee_angle", 1.0), ("hip_flexion", 0.5), ("ankle_angle", 0.5)):
            coordinates[:, COORDINATES.index(f"{name}_{side}")] = part * knee
    coordinates[:, COORDINATES.index("pelvis_ty")] = 0.14 + 0.84 * np.cos(np.radians(targets.knee_mean / 2))
    motion = Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates)

    bottoms = find_peaks(np.pad(targets.depth, 1), prominence=0.5, plateau_size=1)[0] - 1
    repetitions = segment_repetitions(motion)
    differences = []
    for true in divide_into_phases(90.0 * targets.depth, bottoms.tolist()):
        inside = [one for one in repetitions if one.start_frame < true.bottom < one.end_frame - 1]
        if len(inside) == 1 and true.start is not None and true.end is not None:
            one = inside[0]
            found = (one.start_frame, one.descent_end_frame, one.ascent_start_frame, one.end_frame - 1)
            expected = (true.start, true.descent_end, true.ascent_start, true.end)
            differences.append(np.subtract(found, expected) / FRAME_RATE_HZ)
    return differences


if __name__ == "__main__":
    run_benchmark(main)
