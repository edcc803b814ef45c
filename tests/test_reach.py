"""What no person reaches is refused in a recording, by column, value and row, and what people do is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.io.continuous_angles import BALL_JOINTS
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.reach import RANGES_DEG, limits_deg
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import COORDINATES

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"


@pytest.fixture(scope="module")
def trial() -> Motion:
    """Two squats of the demo person at 60 Hz."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))).cut(100, 318)


def with_column(motion: Motion, names: str, function: Callable[[np.ndarray], np.ndarray]) -> Motion:
    """The motion with other values in some columns, separated by blanks."""
    coordinates = motion.coordinates.copy()
    for name in names.split():
        coordinates[:, AT[name]] = function(coordinates[:, AT[name]])
    return replace(motion, coordinates=coordinates)


def read_again(folder: Path, motion: Motion, **how) -> Motion:
    write_motion(folder / "a.mot", motion)
    return read_motion(folder / "a.mot", **how)


@pytest.mark.parametrize(
    ("column", "function", "expected"),
    [
        ("knee_angle_r", lambda x: 400 + 0 * x, "'knee_angle_r' is 400 degrees in data row 1 .*-50 to 190 degrees"),
        ("knee_angle_l", lambda x: x + 360, "'knee_angle_l' is 36.* degrees .*-50 to 190"),
        ("knee_angle_r", lambda x: 3 * x, "'knee_angle_r' is 19.* degrees"),
        ("hip_flexion_l", lambda x: x + 720, "'hip_flexion_l' is 7.* degrees in data row 1 .*-60 to 175"),
        ("hip_flexion_l", lambda x: x - 150, "'hip_flexion_l' is -1.* degrees"),
        ("ankle_angle_l", lambda x: x + 100, "'ankle_angle_l'"),
        ("lumbar_extension", lambda x: x - 160, "'lumbar_extension'"),
        ("elbow_flex_r", lambda x: x + 250, "'elbow_flex_r'"),
        ("pelvis_tilt", lambda x: x + 720, "'pelvis_tilt' is 7"),
        ("pelvis_tx", lambda x: x + np.linspace(0, 11, len(x)) ** 1.2, "pelvis_tx"),
        ("pelvis_ty", lambda x: x + 50, "'pelvis_ty'"),
        ("pelvis_tx pelvis_ty pelvis_tz", lambda x: x + 50, "pelvis_ty"),
        ("pelvis_tz", lambda x: x + 50, "pelvis_tz"),
    ],
)
def test_what_no_joint_and_no_body_reaches_is_refused(tmp_path, trial, column, function, expected):
    with pytest.raises(InputError, match=rf"a\.mot: .*{expected}") as raised:
        read_again(tmp_path, with_column(trial, column, function))
    assert str(raised.value).count("\n") == 0


def test_a_body_that_rises_faster_than_any_jump_is_refused(tmp_path, trial):
    """At 7 m/s for a tenth of a second; along the floor people run faster than that."""
    since_s = trial.time_s - trial.time_s[0] - 1
    way_m = np.interp(since_s, [0, 0.1, 0.5, 1.0], [0, 0.7, 0.7, 0])
    with pytest.raises(InputError, match="'pelvis_ty' is moving at .* m/s .*expected at most 6 m/s"):
        read_again(tmp_path, with_column(trial, "pelvis_ty", lambda x: x + way_m))
    read_again(tmp_path, with_column(trial, "pelvis_tx", lambda x: x + way_m))


@pytest.mark.parametrize("factor", [15, 20, 40])
def test_speeds_that_no_person_has_are_refused(tmp_path, trial, factor):
    with pytest.raises(InputError, match=r"a\.mot: column '.*' is moving at .*/s in data row .*; expected at most"):
        read_again(tmp_path, replace(trial, time_s=trial.time_s / factor))


def test_a_generated_motion_is_kept_with_a_warning(tmp_path, trial, caplog):
    wrong = with_column(trial, "knee_angle_r", lambda x: 3 * x)
    again = read_again(tmp_path, wrong, jumps="keep")
    assert np.abs(again.coordinates - wrong.coordinates).max() < 1e-7
    assert "'knee_angle_r'" in caplog.text
    assert "it is kept" in caplog.text


@pytest.mark.parametrize(
    ("columns", "function"),
    [
        ("pelvis_rotation", lambda x: x + np.linspace(0, 2000, len(x))),  # turning round and round
        ("arm_flex_r", lambda x: x + np.linspace(0, 720, len(x))),
        ("arm_add_l", lambda x: x - 170),
        ("pelvis_tilt", lambda x: x - 90),
        ("pelvis_tz", lambda x: x + np.linspace(0, 8, len(x))),
        ("ankle_angle_r ankle_angle_l", lambda x: x + 25),
        ("knee_angle_r knee_angle_l", lambda x: x - 15),
        ("subtalar_angle_r", lambda x: x - 35),
    ],
)
def test_what_people_do_is_read_as_it_is(tmp_path, trial, columns, function):
    moved = with_column(trial, columns, function)
    turns = (read_again(tmp_path, moved).coordinates - moved.coordinates) / 360
    assert np.abs(turns - turns[0].round()).max() < 1e-9  # an angle's first frame is within a turn of its range


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_few_frames_are_read(tmp_path, trial, frames):
    assert len(read_again(tmp_path, trial.cut(0, frames))) == frames


@pytest.mark.parametrize("joint", BALL_JOINTS, ids=lambda joint: COORDINATES[joint[0]])
def test_a_ball_joint_in_its_other_description_is_read_as_in_its_usual_one(tmp_path, trial, joint):
    """The same rotation by (a + 180, 180 - b, c + 180)."""
    other = trial.coordinates.copy()
    other[:, joint] = other[:, joint] * [1, -1, 1] + 180
    again = read_again(tmp_path, replace(trial, coordinates=other)).coordinates
    np.testing.assert_allclose(again, trial.coordinates, atol=1e-6)


def test_limits_hold_the_published_ranges_with_a_margin_for_both_sides():
    for name, (low, high, source) in RANGES_DEG.items():
        assert source
        sided = [one for one in COORDINATES if one.removesuffix("_l").removesuffix("_r") == name]
        assert sided
        for one in sided:
            assert limits_deg(one) == (low - 30, high + 30)
    assert limits_deg("pelvis_rotation") is limits_deg("arm_flex_l") is None
