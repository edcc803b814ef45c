"""Segmentation of a session's trials into squat repetitions, written with a table and a plot of each trial."""

import logging
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.mot import read_motion, write_motion
from dataset.windows.segmentation import segment_repetitions
from utils.runs.writable import require_writable
from utils.segmentation.segment_plot import plot_segments
from utils.segmentation.segmentation_config import SegmentationConfig

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class SegmentationResult:
    """The repetitions of a session.

    Attributes:
        folder: folder of the files.
        tables: for each trial by name, one row per repetition: its name, start, bottom and end (s), duration (s),
            peak knee flexion of each leg (degrees) and descent of the pelvis (cm).
    """

    folder: Path
    tables: dict[str, pd.DataFrame]

    @property
    def repetitions(self) -> int:
        """Number of repetitions in all trials."""
        return sum(map(len, self.tables.values()))


def segment_session(config: SegmentationConfig) -> SegmentationResult:
    """Segment the trials of a session and write `<out_dir>/<session>/<trial>_segment_<k>.mot`, a table and a plot.

    Raises:
        InputError: the session or a trial cannot be read, or no trial holds a repetition.
    """
    session = config.open_session()
    trials = config.find_trials(session)
    folder = config.out_dir / session.id
    require_writable(folder)
    result = SegmentationResult(folder, {path.stem: segment_trial(path, folder) for path in trials})
    if not result.repetitions:
        raise InputError(
            f"{session.path}: no squat that starts and ends upright in {', '.join(result.tables)}; see the plots in "
            f"{folder}"
        )
    return result


def segment_trial(path: Path, folder: Path) -> pd.DataFrame:
    """Segment one trial, and write its repetitions, table and plot to `folder`.

    Returns:
        The table of the repetitions, see `SegmentationResult.tables`.

    Raises:
        InputError: the trial cannot be read, or cannot be resampled.
    """
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
    table = pd.DataFrame(rows)
    plot_segments(folder / f"{path.stem}_segments.png", motion, repetitions, path.stem)
    with atomic_write(folder / f"{path.stem}_segments.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f")
    return table
