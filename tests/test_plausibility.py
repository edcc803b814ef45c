"""Motion files whose values are not what they should be are put right with a warning, or refused in a sentence."""

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import write_table
from dataset.io.plausibility import in_seconds
from dataset.motion_folders.file_reader import read_array_windows
from dataset.windows.placement import Placement, place
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import COORDINATES, ROTATION_INDICES, TRANSLATION_INDICES

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
ANGLES, POSITIONS = list(ROTATION_INDICES), list(TRANSLATION_INDICES)
KNEES = [AT["knee_angle_l"], AT["knee_angle_r"]]


@pytest.fixture(scope="module")
def trial() -> Motion:
    """Two squats of the demo person at 60 Hz."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))).cut(100, 318)


def read_again(folder: Path, motion: Motion, name: str = "a.mot", title: str = "Coordinates", **how) -> Motion:
    """The motion as it is read from a file that says degrees."""
    names = [*COORDINATES, *motion.extra]
    data = np.column_stack([motion.coordinates, *motion.extra.values()])
    write_table(folder / name, names, data, motion.time_s, title=title)
    return read_motion(folder / name, **how)


def changed(motion: Motion, columns, function) -> Motion:
    """The motion with other values in some columns."""
    coordinates = motion.coordinates.copy()
    coordinates[:, columns] = function(coordinates[:, columns])
    return replace(motion, coordinates=coordinates)


def test_a_clean_recording_is_read_as_it_is(tmp_path, trial, caplog):
    again = read_again(tmp_path, trial)
    assert np.abs(again.coordinates - trial.coordinates).max() < 1e-8
    assert not caplog.records


def test_time_in_milliseconds(tmp_path, trial, caplog):
    again = read_again(tmp_path, replace(trial, time_s=1000 * trial.time_s))
    assert np.abs(again.time_s - trial.time_s).max() < 1e-6
    assert "'time'" in caplog.text
    assert "milliseconds" in caplog.text


def test_the_highest_rate_is_read_whatever_its_stamps_are_rounded_to():
    time_s = 3600 + np.arange(50) / 2500
    assert np.array_equal(in_seconds(time_s, None), time_s)


def test_the_rate_of_whole_milliseconds_is_that_of_all_frames(tmp_path, trial, caplog):
    """60 Hz has steps of 16 and 17 ms; a median of 17 would be called 58.8 frames a second."""
    read_again(tmp_path, replace(trial, time_s=np.round(1000 * trial.time_s)))
    said = re.search(r"([\d.]+) frames a second", caplog.text)
    assert float(said[1]) == pytest.approx(trial.rate_hz, abs=0.1)


@pytest.mark.parametrize("factor", [60.0, 1e6, 1e-3])
def test_time_in_frames_microseconds_or_kiloseconds_is_refused(tmp_path, trial, factor):
    with pytest.raises(InputError, match=r"a\.mot: column 'time'.*expected seconds"):
        read_again(tmp_path, replace(trial, time_s=factor * trial.time_s))


@pytest.mark.parametrize(("factor", "unit"), [(1000.0, "millimetres"), (100.0, "centimetres")])
def test_positions_in_another_unit(tmp_path, trial, caplog, factor, unit):
    patella_m = np.linspace(0.01, 0.04, len(trial))
    written = replace(changed(trial, POSITIONS, lambda x: factor * x), extra={"patella_ty": factor * patella_m})
    again = read_again(tmp_path, written)
    assert np.abs(again.coordinates - trial.coordinates).max() < 1e-6
    assert np.abs(again.extra["patella_ty"] - patella_m).max() < 1e-6
    assert unit in caplog.text


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.3])
def test_millimetres_from_about_zero(tmp_path, trial, caplog, offset):
    own = trial.column("pelvis_ty")
    relative = changed(trial, AT["pelvis_ty"], lambda x: x - np.median(own) + offset)
    again = read_again(tmp_path, changed(relative, POSITIONS, lambda x: 1000 * x))
    assert np.abs(again.coordinates - relative.coordinates).max() < 1e-6
    assert "millimetres" in caplog.text


@pytest.mark.parametrize("factor", [6.5, 10.0])
def test_a_pelvis_that_descends_farther_than_legs_allow_is_refused(tmp_path, trial, factor):
    """Decimetres, for example."""
    with pytest.raises(InputError, match="'pelvis_ty' ranges over .* if it is in metres, more than legs allow"):
        read_again(tmp_path, changed(trial, POSITIONS, lambda x: factor * x))


def test_pelvis_in_no_unit_is_refused(tmp_path, trial):
    with pytest.raises(InputError, match=r"a\.mot: column 'pelvis_ty'.*metres"):
        read_again(tmp_path, changed(trial, POSITIONS, lambda x: 1e5 * x))


@pytest.mark.parametrize("names", [["pelvis_ty"], ["pelvis_tx", "pelvis_tz"]])
@pytest.mark.parametrize("factor", [100.0, 1000.0])
def test_a_pelvis_in_two_units_is_refused(tmp_path, trial, names, factor):
    with pytest.raises(InputError, match="'pelvis_tx' and 'pelvis_tz' are not in the unit of 'pelvis_ty'"):
        read_again(tmp_path, changed(trial, [AT[name] for name in names], lambda x: factor * x))


@pytest.mark.parametrize("factor", [1.0, 1000.0])
def test_radians_under_a_header_that_says_degrees(tmp_path, trial, caplog, factor):
    """Also together with millimetres."""
    wrong = changed(changed(trial, ANGLES, np.radians), POSITIONS, lambda x: factor * x)
    again = read_again(tmp_path, wrong)
    assert np.abs(again.coordinates - trial.coordinates).max() < 1e-5
    assert "radians" in caplog.text


def test_radians_from_0_to_a_turn_are_read(tmp_path, trial):
    once_round = changed(trial, ANGLES, lambda x: np.mod(x, 360))
    write_motion(tmp_path / "a.mot", once_round, in_degrees=False)
    assert np.abs(read_motion(tmp_path / "a.mot").coordinates - trial.coordinates).max() < 1e-5


def test_degrees_under_a_header_that_says_radians_are_refused_also_of_a_shallow_squat(tmp_path, trial):
    shallow = changed(trial, ANGLES, lambda x: 0.05 * x)
    write_motion(tmp_path / "a.mot", shallow)
    text = (tmp_path / "a.mot").read_text().replace("inDegrees=yes", "inDegrees=no")
    (tmp_path / "a.mot").write_text(text)
    with pytest.raises(InputError, match="inDegrees=no, but"):
        read_motion(tmp_path / "a.mot")


@pytest.mark.parametrize("between", [lambda x: 180 - x, lambda x: x - 180], ids=["positive", "negative"])
def test_knees_that_are_180_degrees_where_they_are_straight(tmp_path, trial, caplog, between):
    again = read_again(tmp_path, changed(trial, KNEES, between))
    assert np.abs(again.coordinates - trial.coordinates).max() < 1e-6
    assert "these are the angles between thigh and shank" in caplog.text
    with pytest.raises(InputError, match="knee_angle_r is near 180 degrees .*, and knee_angle_l is not"):
        read_again(tmp_path, changed(trial, KNEES[1:], lambda x: 180 - x))


def test_who_sits_on_the_heels_has_knees_that_flex_as_the_pelvis_goes_down(tmp_path, trial, caplog):
    """Kneeling upright, and down on the heels: knees of 90 to 160 degrees, which are angles of flexion."""
    kneeling = changed(trial, KNEES, lambda x: 90 + 70 * x / x.max())
    assert np.abs(read_again(tmp_path, kneeling, jumps="keep").coordinates - kneeling.coordinates).max() < 1e-6
    assert "between thigh and shank" not in caplog.text


def test_knees_that_bend_negatively(tmp_path, trial, caplog):
    again = read_again(tmp_path, changed(trial, KNEES, np.negative))
    assert np.abs(again.coordinates - trial.coordinates).max() < 1e-8
    assert "gait2392" in caplog.text
    with pytest.raises(InputError, match="knee_angle_r is negative.*knee_angle_l is positive"):
        read_again(tmp_path, changed(trial, KNEES[1:], np.negative))


@pytest.mark.parametrize(
    ("name", "title"), [("a.sto", "Speeds"), ("squat_Kinematics_u.sto", "x"), ("squat_Kinematics_dudt.sto", "x")]
)
def test_a_file_of_speeds_is_refused_by_its_title_or_its_name(tmp_path, trial, name, title):
    with pytest.raises(InputError, match="speeds or accelerations"):
        read_again(tmp_path, trial, name, title)


@pytest.mark.parametrize("order", [1, 2])
def test_a_file_of_speeds_or_accelerations_is_refused_by_its_values(tmp_path, trial, order):
    values = trial.coordinates
    for _ in range(order):
        values = np.gradient(values, trial.time_s, axis=0)
    with pytest.raises(InputError, match=r"a\.mot"):
        read_again(tmp_path, replace(trial, coordinates=values))


def test_speeds_in_radians_are_called_speeds(tmp_path, trial):
    speeds = replace(trial, coordinates=np.gradient(trial.coordinates, trial.time_s, axis=0))
    write_motion(tmp_path / "a.mot", changed(speeds, ANGLES, lambda x: 2 * x), in_degrees=False)
    assert np.abs(np.radians(2 * speeds.coordinates[:, KNEES])).max() > np.pi
    with pytest.raises(InputError, match=r"a\.mot: .* so these are speeds"):
        read_motion(tmp_path / "a.mot")


@pytest.mark.parametrize("column", ["arm_flex_r", "pelvis_tx", "pelvis_ty", "pelvis_rotation", "knee_angle_l"])
@pytest.mark.parametrize("value", [1e30, -1e6])
def test_an_absurd_number_is_refused_with_its_column_and_row(tmp_path, trial, column, value):
    coordinates = trial.coordinates.copy()
    coordinates[60, AT[column]] = value
    with pytest.raises(InputError, match=rf"a\.mot: column '{column}' is .* in data row 61"):
        read_again(tmp_path, replace(trial, coordinates=coordinates))


@pytest.mark.parametrize("value", [1e30, np.nan, 1.7e9])
def test_a_further_column_of_no_use_is_left_out_with_a_warning(tmp_path, trial, caplog, value):
    """Controls of OpenSim Moco are NaN in their last row, and clocks count seconds since 1970."""
    spoilt = np.where(np.arange(len(trial)) == len(trial) - 1, value, 0.2)
    wrist = np.linspace(0, 20, len(trial))
    back = read_again(tmp_path, replace(trial, extra={"clock": spoilt, "wrist_flex_r": wrist}))
    assert list(back.extra) == ["wrist_flex_r"]
    assert np.array_equal(back.coordinates, read_again(tmp_path, trial).coordinates)
    assert f"column 'clock' is {value:.4g} in data row {len(trial)}; it is not read" in caplog.text


def test_a_further_column_of_a_joint_of_the_legs_is_not_left_out(tmp_path, trial):
    """The model may have the joint, and without its angle the foot would stand elsewhere."""
    spoilt = np.where(np.arange(len(trial)) == 5, np.nan, 4.0)
    with pytest.raises(InputError, match=r"a\.mot: column 'knee_adduction_r' is nan in data row 6; correct the value"):
        read_again(tmp_path, replace(trial, extra={"knee_adduction_r": spoilt}))


def test_arrays_are_checked_as_files_are(tmp_path, trial, caplog):
    wrong = changed(changed(changed(trial, KNEES, np.negative), ANGLES, np.radians), POSITIONS, lambda x: 1000 * x)
    np.save(tmp_path / "a.npy", np.stack([trial.coordinates, wrong.coordinates]))
    right, mended = read_array_windows(tmp_path / "a.npy")
    assert np.array_equal(right.coordinates, trial.coordinates)
    assert np.abs(mended.coordinates - trial.coordinates).max() < 1e-9
    assert len(caplog.records) == 3
    np.save(tmp_path / "c.npy", trial.coordinates + 720.0 * (np.arange(33) == AT["elbow_flex_r"]))
    read_array_windows(tmp_path / "c.npy")
    assert "column 'elbow_flex_r' is 7" in caplog.text
    np.save(tmp_path / "b.npy", np.where(np.arange(33) == 7, 1e30, trial.coordinates))
    with pytest.raises(InputError, match=r"b\.npy: column 'hip_adduction_l'"):
        read_array_windows(tmp_path / "b.npy")


def test_activations_in_percent_are_refused(tmp_path, trial):
    motion = replace(trial, activations=np.full((len(trial), 80), 40.0))
    write_motion(tmp_path / "a.mot", motion)
    with pytest.raises(
        InputError, match="'addbrev_l/activation' is 40 in data row 1 .*go from 40 to 40.*expected 0 to 1"
    ):
        read_motion(tmp_path / "a.mot")


def test_a_cell_that_only_python_reads_is_refused(tmp_path, trial):
    write_motion(tmp_path / "a.mot", trial)
    lines = (tmp_path / "a.mot").read_text().splitlines()
    for cell in ("+nan", "infinity", "+Infinity"):
        cells = lines[20].split("\t")
        cells[5] = cell
        (tmp_path / "b.mot").write_text("\n".join([*lines[:20], "\t".join(cells), *lines[21:]]) + "\n")
        with pytest.raises(InputError, match=r"b\.mot: column 'pelvis_ty' is (nan|inf)"):
            read_motion(tmp_path / "b.mot")


def test_tens_of_thousands_of_columns_are_read_at_once(tmp_path):
    names = "\t".join(["time", *(f"c{i}" for i in range(80_000))])
    (tmp_path / "a.mot").write_text(f"Coordinates\nversion=1\nendheader\n{names}\n")
    start = time.perf_counter()
    with pytest.raises(InputError, match="80001 columns; expected 10000 at most"):
        read_motion(tmp_path / "a.mot")
    assert time.perf_counter() - start < 2


# Angles


def wrapped(values: np.ndarray) -> np.ndarray:
    """Degrees within half a turn of zero."""
    return (values + 180) % 360 - 180


@pytest.mark.parametrize("every", [1, 2, 4])
@pytest.mark.parametrize("column", ["pelvis_rotation", "arm_rot_r", "arm_flex_l", "arm_add_r"])
def test_wrapped_angles_are_those_of_the_continuous_file(tmp_path, trial, column, every):
    """At 60, 30 and 15 frames a second."""
    own = trial.column(column)
    swing = own - own.mean() + 178 + 8 * np.sin(2 * np.pi * 0.6 * trial.time_s)
    continuous = changed(trial, AT[column], lambda _: swing)
    if column == "pelvis_rotation":  # the whole person turns, so that the feet stay
        placed, _ = place(trial.coordinates)
        heading_deg = 180 - np.median(placed[:, AT[column]])
        continuous = Motion(trial.time_s, Placement(np.zeros(3), heading_deg).restore(placed))
    continuous = Motion(continuous.time_s[::every], continuous.coordinates[::every])
    files = [continuous, changed(continuous, AT[column], wrapped), changed(continuous, AT[column], lambda x: x - 720)]
    assert np.abs(np.diff(files[1].column(column))).max() > 300
    first, second, third = (read_again(tmp_path, motion) for motion in files)
    assert np.abs(first.coordinates - second.coordinates).max() < 1e-7
    assert np.abs(first.coordinates - third.coordinates).max() < 1e-7
    assert np.abs(np.diff(first.column(column))).max() < 60
    turns = (first.coordinates - continuous.coordinates) / 360
    assert np.abs(turns - turns[0].round()).max() < 1e-7


def test_an_arm_that_begins_overhead_and_behind_is_not_turned_to_the_front(tmp_path, trial):
    """Arms rise forwards to 180 degrees and beyond, and hardly backwards: -160 degrees are 200."""
    raised = changed(trial, AT["arm_flex_l"], lambda _: 200 + 0.1 * trial.column("knee_angle_l"))
    for motion in (raised, changed(raised, AT["arm_flex_l"], wrapped)):
        found = read_again(tmp_path, motion).column("arm_flex_l")
        np.testing.assert_allclose(found, raised.column("arm_flex_l"), atol=1e-7)


def test_a_ball_joint_keeps_one_description(tmp_path, trial):
    """An arm that is raised sideways beyond 90 degrees, by a program that keeps the second angle within 90."""
    names = [AT[f"arm_{part}_r"] for part in ("flex", "add", "rot")]
    raised = -100 + 30 * np.cos(2 * np.pi * 0.5 * trial.time_s)
    continuous = changed(trial, names, lambda x: np.column_stack([x[:, 0], raised, x[:, 2]]))
    rotation = Rotation.from_euler("ZXY", continuous.coordinates[:, names], degrees=True)
    limited = changed(continuous, names, lambda _: rotation.as_euler("ZXY", degrees=True))
    assert np.abs(np.diff(limited.coordinates[:, names], axis=0)).max() > 90
    again = read_again(tmp_path, limited).coordinates[:, names]
    assert np.abs(np.diff(again, axis=0)).max() < 10
    back = Rotation.from_euler("ZXY", again, degrees=True)
    assert np.degrees((back.inv() * rotation).magnitude()).max() < 1e-5


def test_a_further_angle_is_unwrapped_and_other_columns_are_not(tmp_path, trial):
    angle = 178 + 8 * np.sin(trial.time_s)
    force = np.where(np.arange(len(trial)) % 50 < 25, 0.0, 700.0)
    again = read_again(tmp_path, replace(trial, extra={"wrist_flex_r": wrapped(angle), "ground_force_vy": force}))
    assert np.ptp(again.extra["wrist_flex_r"] - angle) < 1e-7
    assert np.abs(again.extra["ground_force_vy"] - force).max() < 1e-7


# Marker jumps


@pytest.mark.parametrize(("first", "last"), [(5, 9), (60, 61), (0, 4), (214, 218)])
def test_a_marker_jump_is_interpolated_and_named(tmp_path, trial, caplog, first, last):
    coordinates = trial.coordinates.copy()
    coordinates[first:last, KNEES] = 150
    again = read_again(tmp_path, replace(trial, coordinates=coordinates))
    assert np.abs(again.coordinates - trial.coordinates).max() < 3
    for word in ("knee_angle_l", "knee_angle_r", f"{trial.time_s[first]:.2f}", "interpolated"):
        assert word in caplog.text
    kept = read_again(tmp_path, replace(trial, coordinates=coordinates), jumps="keep")
    assert np.abs(kept.coordinates - coordinates).max() < 1e-7


@pytest.mark.parametrize(
    ("column", "size"), [("pelvis_ty", 0.4), ("pelvis_rotation", 70), ("hip_adduction_l", 60), ("elbow_flex_r", 90)]
)
def test_jumps_of_positions_ball_joints_and_arms_are_interpolated(tmp_path, trial, column, size):
    coordinates = trial.coordinates.copy()
    coordinates[60:63, AT[column]] += size
    again = read_again(tmp_path, replace(trial, coordinates=coordinates))
    limit = 0.01 if column == "pelvis_ty" else 3
    assert np.abs(again.column(column) - trial.column(column)).max() < limit


@pytest.mark.parametrize("first", [0, 20, 60, 100])
def test_a_row_of_zeros_is_interpolated_in_every_column(tmp_path, trial, caplog, first):
    """Standing and squatting: also angles that differ from zero by less than a leap."""
    coordinates = trial.coordinates.copy()
    coordinates[first : first + 2] = 0
    again = read_again(tmp_path, replace(trial, coordinates=coordinates))
    assert np.abs(again.coordinates - trial.coordinates).max() < 3
    assert "2 of them in every coordinate" in caplog.text


def test_a_leap_that_stays_is_refused_in_a_recording(tmp_path, trial, caplog):
    coordinates = trial.coordinates.copy()
    coordinates[100:, AT["knee_angle_l"]] += 60
    motion = replace(trial, coordinates=coordinates)
    with pytest.raises(InputError, match=r"a\.mot: knee_angle_l leaps by .* at 3\.33 s, and stays"):
        read_again(tmp_path, motion)
    again = read_again(tmp_path, motion, jumps="mend")
    assert np.abs(again.coordinates - coordinates).max() < 1e-7
    assert "and stays there" in caplog.text


def test_fast_movements_and_noise_are_no_jumps(tmp_path, caplog):
    """Knees that swing by 120 degrees twice a second, an extension of 900 degrees a second, and noise."""
    time_s = np.arange(300) / 60
    draw = np.random.default_rng(0)
    for knee in (
        60 - 60 * np.cos(2 * np.pi * 2 * time_s),
        5 + 90 / (1 + np.exp(40 * (time_s - 2.5))),
        40 + draw.normal(0, 10, 300),
    ):
        coordinates = draw.normal(0, 0.01, (300, 33))  # a column of nothing but zeros was not recorded
        coordinates[:, AT["pelvis_ty"]] = 0.9
        coordinates[:, KNEES] = knee[:, None]
        again = read_again(tmp_path, Motion(time_s, coordinates))
        assert np.abs(again.coordinates - coordinates).max() < 1e-7
    assert not caplog.records


def test_no_recording_is_changed(recordings, caplog):
    for path in sorted((recordings / "opencap").rglob("*.mot")):
        if "Kinematics" in path.parts or path.name.startswith("kinematics_activations"):
            read_motion(path)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("unit_m", [0.3048, 0.0254], ids=["feet", "inches"])
def test_a_pelvis_in_feet_or_inches_is_refused(tmp_path, trial, unit_m):
    with pytest.raises(InputError, match="'pelvis_ty' ranges over .* times what the angles of hips and knees give"):
        read_again(tmp_path, changed(trial, POSITIONS, lambda x: x / unit_m))


def test_a_pelvis_in_feet_is_refused_also_of_a_squat_on_one_leg(tmp_path, trial):
    """The straighter leg carries the body; the other one stays bent in the air."""
    on_right = changed(trial, AT["knee_angle_l"], lambda x: 110 + 0.05 * x)
    on_right = changed(on_right, AT["hip_flexion_l"], lambda _: 50 - on_right.column("pelvis_tilt"))
    read_again(tmp_path, on_right)
    with pytest.raises(InputError, match="'pelvis_ty' ranges over .* times what the angles of hips and knees give"):
        read_again(tmp_path, changed(on_right, POSITIONS, lambda x: x / 0.3048))


@pytest.mark.parametrize("share", [0.7, 1.0, 1.6])
def test_legs_of_any_length_are_read(tmp_path, trial, share, caplog):
    read_again(tmp_path, changed(trial, POSITIONS, lambda x: share * x))
    assert "adult" not in caplog.text


def test_a_generated_pelvis_that_moves_too_far_is_a_fault_of_the_generator(tmp_path, trial, caplog):
    motion = changed(trial, [AT["pelvis_ty"]], lambda x: 3 * x)
    np.save(tmp_path / "a.npy", motion.coordinates)
    (window,) = read_array_windows(tmp_path / "a.npy")
    np.testing.assert_allclose(window.coordinates, motion.coordinates)
    assert "times what the angles of hips and knees give for legs of an adult" in caplog.text
