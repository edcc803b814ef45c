"""Segmentation of a session's trials into squat repetitions, written with a table and a plot of each trial."""

import glob
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.left_out import LeftOut
from dataset.windows.segmentation import Repetition, Segmentation, segment_motion
from utils.runs.writable import require_writable
from utils.segmentation.segment_plot import plot_segments
from utils.segmentation.segmentation_config import SegmentationConfig

logger = logging.getLogger("bige")


@dataclass(frozen=True)
class SegmentationResult:
    """The repetitions of a session.

    Attributes:
        folder: folder of the files.
        tables: for each trial by name, one row per repetition: its name, the feet that carry the body, start, bottom
            and end (s), duration of the whole and of descent, hold and ascent (s), peak knee flexion of each leg
            (degrees) and descent of the pelvis (cm).
        left_out: trials without a repetition, and parts of trials that are no repetitions, with the reason.
    """

    folder: Path
    tables: dict[str, pd.DataFrame]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def repetitions(self) -> int:
        """Number of repetitions in all trials."""
        return sum(map(len, self.tables.values()))


def segment_session(config: SegmentationConfig) -> SegmentationResult:
    """Segment the trials of a session and write `<out_dir>/<session>/<trial>_segment_<k>.mot`, a table and a plot.

    A trial that cannot be read or holds no repetition is left out.

    Raises:
        InputError: the session cannot be read, no trial holds a repetition, or two trials have one name.
    """
    session = config.open_session()
    trials = config.find_trials(session)
    refuse_same_names(trials)
    folder = config.out_dir / session.id
    require_writable(folder, within=config.out_dir)
    tables: dict[str, pd.DataFrame] = {}
    left_out: list[LeftOut] = []
    for path in trials:
        try:
            tables[path.stem], segmentation = segment_trial(path, folder)
        except InputError as error:
            left_out.append(LeftOut(path.stem, str(error)))
        else:
            left_out += segmentation.left_out(path.stem)
    result = SegmentationResult(folder, tables, tuple(left_out))
    if not result.repetitions:
        reasons = "; ".join(map(str, left_out))
        if not tables:
            raise InputError(f"{session.path}: no trial can be used; {reasons}")
        raise InputError(f"{session.path}: no squat that starts and ends upright; {reasons}; see the plots in {folder}")
    return result


def refuse_same_names(trials: list[Path]) -> None:
    """Raise InputError where two trials from different folders have one name, so that their files would be the same."""
    seen: dict[str, Path] = {}
    for path in trials:
        other = seen.setdefault(path.stem.lower(), path)
        if other != path:
            raise InputError(f"{other} and {path} have one name, so their results would have too; give them one by one")


def segment_trial(path: Path, folder: Path) -> tuple[pd.DataFrame, Segmentation]:
    """Segment one trial, and write its repetitions, table and plot to `folder`.

    Files of repetitions that an earlier run found and this one does not are removed, which is logged.

    Returns:
        The table of the repetitions, see `SegmentationResult.tables`, and the segmentation.

    Raises:
        InputError: the trial cannot be read, or cannot be resampled.
    """
    motion = read_motion(path)
    segmentation = segment_motion(motion)
    repetitions = segmentation.repetitions
    for old in folder.glob(f"{glob.escape(path.stem)}_segment_*.mot"):
        number = old.stem.removeprefix(f"{path.stem}_segment_")
        if number.isdecimal() and int(number) > len(repetitions):
            old.unlink()
            logger.info("removed %s, which an earlier run wrote; the trial has no such repetition now", old)
    rows = []
    for k, repetition in enumerate(repetitions, 1):
        part = motion.cut(repetition.start_frame, repetition.end_frame)
        name = f"{path.stem}_segment_{k}"
        write_motion(folder / f"{name}.mot", part)
        rows.append({"segment": name, **_row(motion, repetition)})
    table = pd.DataFrame(rows)
    plot_segments(folder / f"{path.stem}_segments.png", motion, segmentation, path.stem)
    with atomic_write(folder / f"{path.stem}_segments.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f")
    return table, segmentation


def _row(motion: Motion, repetition: Repetition) -> dict[str, Any]:
    """The row of a repetition of a trial in `SegmentationResult.tables`, without its name."""
    part = motion.cut(repetition.start_frame, repetition.end_frame)
    start_s, end_s = part.time_s[[0, -1]]
    hold_starts_s, hold_ends_s = motion.time_s[[repetition.descent_end_frame, repetition.ascent_start_frame]]
    descending_m = motion.column("pelvis_ty")[repetition.start_frame : repetition.bottom_frame + 1]
    return {
        "standing_on": " and ".join({"l": "left", "r": "right"}[side] for side in repetition.standing),
        "start_s": start_s,
        "bottom_s": motion.time_s[repetition.bottom_frame],
        "end_s": end_s,
        "duration_s": end_s - start_s,
        "descent_s": hold_starts_s - start_s,
        "hold_s": hold_ends_s - hold_starts_s,
        "ascent_s": end_s - hold_ends_s,
        "knee_flexion_l_deg": part.column("knee_angle_l").max(),
        "knee_flexion_r_deg": part.column("knee_angle_r").max(),
        "descent_cm": 100 * (descending_m.max() - descending_m[-1]),
    }
