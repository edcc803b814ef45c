"""Columns that are the same in every row of a squat are named, and activations that all are so are refused."""

from dataclasses import replace

import numpy as np
import pytest
from test_standing_feet import DEMO_PERSON, again, changed, facing

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.motion_folders.file_reader import read_muscle_driven_window
from models.conventions import MUSCLE_INDEX


@pytest.fixture(scope="module")
def trial():
    """Two squats of the demo person at 60 Hz, facing +x."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))).cut(100, 318)


@pytest.fixture(scope="module")
def simulated():
    """A repetition with its activations."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Dynamics").glob("*/kinematics_activations*.mot")))


@pytest.mark.parametrize(
    ("heading_deg", "name"),
    [(0, "pelvis_tilt"), (0, "lumbar_extension"), (0, "ankle_angle_l"), (0, "pelvis_tx"), (90, "pelvis_tz")],
)
def test_a_column_that_was_not_recorded_is_named(tmp_path, trial, caplog, heading_deg, name):
    again(tmp_path, changed(facing(trial, heading_deg), [name], 0))
    assert f"column '{name}' is 0 in every row while knee_angle_" in caplog.text


def test_nobody_who_squats_to_the_side_of_an_axis_is_warned(tmp_path, trial, caplog):
    again(tmp_path, changed(trial, ["pelvis_tz", "pelvis_rotation", "arm_rot_l"], 0))
    assert "in every row" not in caplog.text


@pytest.mark.parametrize("value", [0.0, 0.05])
def test_activations_that_do_not_change_are_refused(tmp_path, simulated, value, caplog):
    motion = replace(simulated, activations=np.full_like(simulated.activations, value))
    with pytest.raises(InputError, match="no muscle activation changes while the knees bend"):
        again(tmp_path, motion)
    assert len(again(tmp_path, motion, jumps="keep")) == len(motion)
    assert "no muscle activation changes" in caplog.text


def test_a_vastus_that_does_nothing_is_named(tmp_path, simulated, caplog):
    activations = simulated.activations.copy()
    activations[:, [MUSCLE_INDEX["vasmed_r"], MUSCLE_INDEX["iliacus_r"]]] = 0.05  # the other one may rest
    again(tmp_path, replace(simulated, activations=activations))
    assert "the activation of vasmed_r is 0.05 in every row while the knee bends" in caplog.text
    assert "iliacus" not in caplog.text


@pytest.mark.parametrize(("rows", "where"), [(slice(0, 40), "ends"), (slice(40, None), "begins")])
def test_half_a_repetition_is_not_taken_for_a_whole_one(tmp_path, simulated, rows, where):
    half = replace(
        simulated,
        time_s=simulated.time_s[rows],
        coordinates=simulated.coordinates[rows],
        activations=simulated.activations[rows],
        extra={},
    )
    again(tmp_path, half)
    with pytest.raises(InputError, match=f"{where} with knees flexed by .* not a whole repetition"):
        read_muscle_driven_window(tmp_path / "a.mot")
