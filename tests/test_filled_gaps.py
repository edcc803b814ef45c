"""Gaps that were filled by a constant, a straight line or the other side's values are told; rest and limits are not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.io.filled_gaps import find_filled_gap
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from models.conventions import COORDINATE_INDEX as AT

TRIAL = next((Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040").rglob("Kinematics/*.mot"))


@pytest.fixture(scope="module")
def trial() -> Motion:
    """Two squats at 60 Hz, the first of which ends in row 100; the pelvis is lowest in row 50 or so."""
    return read_motion(TRIAL).cut(100, 318)


def with_gap(motion: Motion, name: str, first: int, last: int, how: str) -> Motion:
    """The motion with rows `first` to `last` (exclusive) of a column filled."""
    coordinates = motion.coordinates.copy()
    column = coordinates[:, AT[name]]
    if how == "held":
        column[first:last] = column[first - 1]
    elif how == "line":
        ends = motion.time_s[[first - 1, last]], column[[first - 1, last]]
        column[first:last] = np.interp(motion.time_s[first:last], *ends)
    else:
        column[first:last] = coordinates[first:last, AT[name[:-1] + ("l" if name.endswith("r") else "r")]]
    return replace(motion, coordinates=coordinates)


def read_again(folder: Path, motion: Motion, **how) -> Motion:
    write_motion(folder / "a.mot", motion)
    return read_motion(folder / "a.mot", **how)


@pytest.mark.parametrize("frames", [12, 30])
@pytest.mark.parametrize("name", ["knee_angle_r", "hip_flexion_l", "pelvis_ty", "pelvis_tilt", "ankle_angle_r"])
def test_a_value_that_is_held_in_a_squat_is_refused(tmp_path, trial, name, frames):
    """The step out of the gap may be smaller than a leap."""
    with pytest.raises(InputError, match=rf"a\.mot: column '{name}' is held at .* in data rows .*filled a gap"):
        read_again(tmp_path, with_gap(trial, name, 25, 25 + frames, "held"))


@pytest.mark.parametrize("name", ["knee_angle_l", "hip_flexion_r", "pelvis_ty"])
def test_a_straight_line_over_the_bottom_of_a_squat_is_refused(tmp_path, trial, name):
    with pytest.raises(InputError, match=rf"column '{name}' goes along a straight line in data rows \d+ to \d+"):
        read_again(tmp_path, with_gap(trial, name, 20, 80, "line"))


@pytest.mark.parametrize("name", ["knee_angle_r", "hip_adduction_r"])
def test_values_of_the_other_leg_are_refused(tmp_path, trial, name):
    other = f"{name[:-1]}l"
    with pytest.raises(InputError, match=f"column '{name}' has the values of '{other}' in data rows 26 to 55"):
        read_again(tmp_path, with_gap(trial, name, 25, 55, "copied"))


def test_a_dead_channel_is_told_also_where_it_stays_at_the_end_of_its_range(tmp_path, trial):
    """The knee is held in standing, where it is straightest, and never comes back."""
    knee = trial.column("knee_angle_r")
    first = 100 + int(knee[100:120].argmin())
    coordinates = trial.coordinates.copy()
    coordinates[:first, AT["knee_angle_r"]] += 1.0
    coordinates[first:, AT["knee_angle_r"]] = 0.123456
    with pytest.raises(InputError, match="is held at 0.1235 while that of the other leg bends"):
        read_again(tmp_path, replace(trial, coordinates=coordinates))


def test_gaps_of_arms_and_of_generated_motions_are_warned_of(tmp_path, trial, caplog):
    read_again(tmp_path, with_gap(trial, "arm_flex_l", 25, 55, "held"))
    read_again(tmp_path, with_gap(trial, "knee_angle_r", 25, 55, "held"), jumps="keep")
    text = caplog.text
    assert "'arm_flex_l' is held" in text
    assert "'knee_angle_r' is held" in text


@pytest.mark.parametrize(
    "change",
    [
        lambda c: np.maximum(c, np.where(np.arange(33) == AT["knee_angle_r"], 20.0, -np.inf)),  # the end of its range
        lambda c: np.where(np.arange(33) == AT["mtp_angle_l"], 3.21, c),  # locked
        lambda c: np.repeat(c[::10], 10, axis=0),  # held in all columns at once
        lambda c: np.round(c, 2),
        lambda c: np.concatenate([c[:50], np.repeat(c[50:51], 30, axis=0), c[50:]]),  # a still picture
        lambda c: np.where(np.arange(33) == AT["knee_angle_r"], c[:, [AT["knee_angle_l"]]], c),  # symmetric throughout
    ],
    ids=["range", "locked", "sampled up", "two decimals", "still", "symmetric"],
)
def test_what_is_no_gap(trial, change):
    coordinates = change(trial.coordinates)
    assert find_filled_gap(np.arange(len(coordinates)) / 60, coordinates, coordinates) is None
