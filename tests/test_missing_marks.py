"""Marks for missing data are called that, by column, value and rows; what only looks like one is read."""

from dataclasses import replace

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.plausibility import in_degrees_and_metres
from dataset.locations import SHIPPED_DEMO
from dataset.motion_folders.file_reader import read_array_windows
from models.conventions import COORDINATE_INDEX as AT

TRIAL = min((SHIPPED_DEMO / "Data/demo-person-040/OpenSimData/Kinematics").glob("*.mot"))
GAP = slice(100, 130)


@pytest.fixture(scope="module")
def trial() -> Motion:
    """Two squats at 60 Hz, the first of which ends in row 100."""
    return read_motion(TRIAL).cut(100, 318)


def with_value(motion: Motion, name: str, rows: slice, value: float) -> Motion:
    coordinates = motion.coordinates.copy()
    coordinates[rows, AT[name]] = value
    return replace(motion, coordinates=coordinates)


def read_again(folder, motion: Motion, **how) -> Motion:
    write_motion(folder / "a.mot", motion)
    return read_motion(folder / "a.mot", **how)


@pytest.mark.parametrize("name", ["knee_angle_l", "pelvis_ty", "pelvis_rotation", "arm_flex_r", "mtp_angle_l"])
@pytest.mark.parametrize("value", [-999, 9999, 999.9, 1e30, -32768])
@pytest.mark.parametrize(
    ("rows", "where"),
    [(GAP, "data rows 101 to 130"), (slice(7, 8), "data row 8"), (slice(None), "every row"), (slice(5), "rows 1 to 5")],
)
@pytest.mark.parametrize("jumps", ["refuse", "keep"])
def test_values_that_no_angle_has(tmp_path, trial, name, value, rows, where, jumps):
    says = rf"a\.mot: column '{name}' is {value:g}".replace("+", r"\+") + f" in .*{where}, which looks like a mark for"
    with pytest.raises(InputError, match=says):
        read_again(tmp_path, with_value(trial, name, rows, value), jumps=jumps)


def test_a_height_in_millimetres_that_passes_999_is_no_mark(tmp_path, trial):
    height = trial.column("pelvis_ty")
    raised = with_value(trial, "pelvis_ty", slice(None), 0.0).coordinates
    raised[:, AT["pelvis_ty"]] = height + 0.999 - np.median(height)
    raised[:, [AT[f"pelvis_t{axis}"] for axis in "xyz"]] *= 1000
    nearest = np.abs(raised[:, AT["pelvis_ty"]] - 999).argmin()
    raised[nearest, AT["pelvis_ty"]] = 999.0
    found = read_again(tmp_path, replace(trial, coordinates=raised))
    assert found.column("pelvis_ty")[nearest] == pytest.approx(0.999)


def test_the_same_in_an_array(trial):
    with pytest.raises(InputError, match="'knee_angle_l' is -999 in data rows 101 to 130, which looks like a mark"):
        in_degrees_and_metres(with_value(trial, "knee_angle_l", GAP, -999).coordinates, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, mark) for name in ("knee_angle_r", "hip_flexion_l", "lumbar_extension") for mark in (0, -1, 99, -99)],
        ("pelvis_ty", 0),
        ("pelvis_ty", -1),
    ],
)
@pytest.mark.parametrize("rows", [slice(150, 180), slice(0, 45), slice(170, None)], ids=["middle", "start", "end"])
def test_a_run_of_a_value_that_could_be_measured(tmp_path, trial, name, value, rows):
    with pytest.raises(InputError, match=f"'{name}' is {value} in data rows .* looks like a mark for missing data"):
        read_again(tmp_path, with_value(trial, name, rows, value))


def test_in_a_generated_motion_it_is_a_fault_of_the_generator(tmp_path, trial, caplog):
    motion = with_value(trial, "knee_angle_r", GAP, 0)
    np.testing.assert_allclose(read_again(tmp_path, motion, jumps="keep").coordinates, motion.coordinates, atol=1e-6)
    assert "'knee_angle_r' is 0 in data rows 101 to 130" in caplog.text


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mtp_angle_l", lambda x: 0 * x),
        ("knee_angle_r", lambda x: np.maximum(x - 20, 0)),  # at the end of its range, as inverse kinematics leaves it
        ("lumbar_bending", lambda x: x.round()),
        ("pelvis_rotation", lambda x: x - 999),
        ("pelvis_tz", lambda x: -1 + 0 * x),
    ],
)
def test_what_rests_at_such_a_value_is_read(tmp_path, trial, name, function, caplog):
    motion = with_value(trial, name, slice(None), function(trial.column(name)))
    read = read_again(tmp_path, motion).column(name) - motion.column(name)
    np.testing.assert_allclose((read + 180) % 360 - 180, 0, atol=1e-6)
    assert "mark" not in caplog.text


def test_a_leg_that_was_not_recorded_is_named(tmp_path, trial, caplog):
    read_again(tmp_path, with_value(trial, "knee_angle_l", slice(None), 0))
    assert "'knee_angle_l' is 0 in every row while knee_angle_r ranges over" in caplog.text


def test_a_mark_in_a_further_column_is_named(tmp_path, trial, caplog):
    emg = np.random.default_rng(0).random(len(trial))
    emg[GAP] = -9999
    read_again(tmp_path, replace(trial, extra={"emg": emg}))
    assert "'emg' is -9999 in data rows 101 to 130" in caplog.text


@pytest.mark.parametrize(
    ("value", "says"),
    [(1e30, "looks like a mark"), (-999, "looks like a mark"), (np.inf, "finite"), (5000, "no person")],
)
def test_absurd_values_of_generated_arrays_are_refused_by_motion(tmp_path, trial, value, says):
    motions = np.stack([trial.coordinates] * 3)
    motions[1, 40, AT["knee_angle_r"]] = value
    np.save(tmp_path / "a.npy", motions)
    with pytest.raises(InputError, match=rf"a\.npy.*{says}"):
        read_array_windows(tmp_path / "a.npy")


def test_bad_but_finite_generated_arrays_are_evaluated_with_a_warning(tmp_path, trial, caplog):
    motions = np.stack([trial.coordinates] * 3)
    motions[1:, 40:60, AT["ankle_angle_r"]] = 120.0
    np.save(tmp_path / "a.npy", motions)
    assert len(read_array_windows(tmp_path / "a.npy")) == 3
    assert "motion 1: column 'ankle_angle_r' is 120 degrees in data row 41" in caplog.text
    assert "it is kept, as it is (and 1 more of 3 motions)" in caplog.text


def test_a_motion_of_zeros_is_none(tmp_path, trial):
    with pytest.raises(InputError, match="every value is 0"):
        read_again(tmp_path, replace(trial, coordinates=0 * trial.coordinates))
    np.save(tmp_path / "a.npy", np.stack([trial.coordinates, 0 * trial.coordinates]))
    with pytest.raises(InputError, match="motion 1: every value is 0"):
        read_array_windows(tmp_path / "a.npy")
