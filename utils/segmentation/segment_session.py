"""Segmentation of a session's trials into squat repetitions, written with a table and a plot of each trial."""

import filecmp
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write, files_together
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.left_out import LeftOut
from dataset.windows.segmentation import Repetition, Segmentation, segment_motion
from utils.runs.hold import LONGEST_WAIT_S, held
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

    A trial that cannot be read or holds no repetition is left out. The files appear together, when all are written.

    Raises:
        InputError: the session cannot be read, no trial holds a repetition, two trials have one name, or files that are
            there hold something else and may not be replaced, or are those of another process at this moment.
    """
    session = config.open_session()
    trials = config.find_trials(session)
    folder = config.out_dir / session.id
    require_writable(folder, within=config.out_dir)
    tables: dict[str, pd.DataFrame] = {}
    left_out: list[LeftOut] = []
    refusal = f"{folder}: another process is writing there; wait until it has ended"
    with held(folder / ".segmentation.lock", refusal, wait_s=LONGEST_WAIT_S), files_together(folder) as new:
        for path in trials:
            try:
                tables[path.stem], segmentation = segment_trial(path, new)
            except InputError as error:
                left_out.append(LeftOut(path.stem, str(error)))
            else:
                left_out += segmentation.left_out(path.stem)
        _replace_files(folder, new, list(tables), overwrite=config.overwrite)
    result = SegmentationResult(folder, tables, tuple(left_out))
    if not result.repetitions:
        reasons = "; ".join(map(str, left_out))
        if not tables:
            raise InputError(f"{session.path}: no trial can be used; {reasons}")
        raise InputError(f"{session.path}: no squat that starts and ends upright; {reasons}; see the plots in {folder}")
    return result


def segment_trial(path: Path, folder: Path) -> tuple[pd.DataFrame, Segmentation]:
    """Segment one trial, and write its repetitions, table and plot to `folder`.

    Returns:
        The table of the repetitions, see `SegmentationResult.tables`, and the segmentation.

    Raises:
        InputError: the trial cannot be read, or cannot be resampled.
    """
    motion = read_motion(path)
    segmentation = segment_motion(motion)
    repetitions = segmentation.repetitions
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


def _replace_files(folder: Path, new: Path, trials: list[str], *, overwrite: bool) -> None:
    """Put the files of trials in the place of those that an earlier run has left.

    Raises:
        InputError: those hold something else, and may not be replaced; nothing is changed then.
    """
    old = {path.name for path in folder.glob("*_segment*.*") if any(_is_of_trial(path, trial) for trial in trials)}
    written = {path.name for path in new.iterdir()}
    changed = [name for name in sorted(old) if not (new / name).exists() or not _is_same(folder / name, new / name)]
    if changed and not overwrite:
        raise InputError(
            f"{folder / changed[0]} is there already and holds something else than this session's trials give now; "
            "give --overwrite to replace what an earlier run wrote, or another --out-dir"
        )
    for name in sorted(old - written):
        (folder / name).unlink()
        logger.info("removed %s; the trial has no such repetition now", folder / name)
    for name in sorted(written):
        os.replace(new / name, folder / name)


def _is_of_trial(path: Path, trial: str) -> bool:
    """Whether a file is a repetition or the table of a trial. Its plot is drawn again in any case."""
    number = path.stem.removeprefix(f"{trial}_segment_")
    return path.name == f"{trial}_segments.csv" or (
        path.suffix == ".mot" and path.stem != number and number.isdecimal()
    )


def _is_same(one: Path, other: Path) -> bool:
    return filecmp.cmp(one, other, shallow=False)


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
