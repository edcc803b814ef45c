"""A squat is a pelvis that goes down and comes up on feet that stay; everything else is left out with its reason."""

import numpy as np
import pytest
from synthetic_squats import RECORDED_REPETITIONS, recorded_trials, squats

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.windows.segmentation import segment_motion, segment_repetitions
from dataset.windows.squat_evidence import foot_heights
from models.conventions import COORDINATE_INDEX


def changed(motion: Motion, **columns) -> Motion:
    coordinates = motion.coordinates.copy()
    for name, values in columns.items():
        coordinates[:, COORDINATE_INDEX[name]] = values
    return Motion(motion.time_s, coordinates)


def test_feet_of_straight_legs_are_a_leg_below_the_pelvis_and_bending_both_joints_keeps_them_level():
    motion = squats(1)
    heights = foot_heights(
        changed(motion, pelvis_ty=1.0, **{f"{j}_{s}": 0.0 for j in ("knee_angle", "hip_flexion") for s in "lr"})
    )
    np.testing.assert_allclose(heights, 1.0 - 0.08 - 0.84 - 0.06, atol=1e-9)
    knee = motion.column("knee_angle_l")
    one = {f"hip_flexion_{s}": knee / 2 for s in "lr"} | {f"ankle_angle_{s}": knee / 2 for s in "lr"}
    low = foot_heights(changed(motion, **one))  # equal segments folded over the hip: the foot rises straight up
    expected = motion.column("pelvis_ty") - 0.08 - 0.84 * np.cos(np.radians(knee / 2)) - 0.06
    np.testing.assert_allclose(low, np.stack([expected] * 2, 1), atol=1e-9)


def test_a_glitch_of_four_frames_is_no_repetition_and_leaves_the_others_as_they_are():
    whole = squats(3, stance_s=1.5)
    glitch = whole.coordinates.copy()
    glitch[40:44, [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]] = 120.0
    found = segment_motion(Motion(whole.time_s, glitch))
    assert [r.bottom_frame for r in found.repetitions] == [r.bottom_frame for r in segment_repetitions(whole)]


def test_knees_that_bend_without_descent_are_no_squat():
    found = segment_motion(changed(squats(3), pelvis_ty=0.95))
    assert not found.repetitions
    assert "descends by 0 cm only" in found.reason


@pytest.mark.parametrize("column", ["pelvis_list", "pelvis_tilt"])
def test_a_body_that_lies_does_not_squat(column):
    found = segment_motion(changed(squats(2), **{column: 90.0}))
    assert not found.repetitions
    assert "not upright" in found.reason


def test_a_jump_is_no_squat():
    motion = squats(1, stance_s=1.5)
    flight = np.clip((motion.time_s - 3.0) * (3.5 - motion.time_s), 0, None) * 4.9  # a parabola of half a second
    found = segment_motion(changed(motion, pelvis_ty=motion.column("pelvis_ty") + flight))
    assert not found.repetitions
    assert "leave the floor" in found.reason


def test_repeated_jumps_are_no_squats_though_they_begin_and_end_at_the_tops_of_flights():
    motion = squats(4, stance_s=0.5, bend_s=0.7)
    since_s = motion.time_s % 1.2
    flight = np.clip(since_s * (0.5 - since_s), 0, None) * 4.9  # straight knees; 31 cm high
    found = segment_motion(changed(motion, pelvis_ty=motion.column("pelvis_ty") + flight))
    assert not found.repetitions
    assert len(found.refused) == 4
    assert all("leave the floor" in part.reason for part in found.refused)


@pytest.mark.parametrize(("side", "other"), [("left", "r"), ("right", "l")])
def test_a_single_leg_squat_is_recognised_and_names_the_foot_in_the_air(side, other):
    motion = squats(2)
    bend = (motion.column("knee_angle_l") - 4) / 91
    raised = {f"hip_flexion_{side[0]}": 40 + 55 * bend, f"knee_angle_{side[0]}": 85 + 45 * bend}
    standing = {f"hip_flexion_{other}": 95 * bend / 2, f"ankle_angle_{other}": 95 * bend / 2}
    found = segment_motion(changed(motion, **raised, **standing))
    assert not found.repetitions
    assert f"single-leg squat, the {side} foot" in found.reason


@pytest.mark.parametrize(
    ("first_s", "last_s", "words"),
    [(1.4, 3.0, "begins during the squat"), (0.0, 1.6, "ends during the squat"), (1.2, 1.8, "not upright stance")],
)
def test_a_trial_that_is_cut_says_where(first_s, last_s, words):
    whole = squats(1)
    found = segment_motion(whole.cut(*np.searchsorted(whole.time_s, [first_s, last_s])))
    assert not found.repetitions
    assert words in found.reason


def test_reasons_of_trials_without_a_deep_flexion():
    assert "by 14 degrees only" in segment_motion(squats(3, depth_deg=18.0)).reason
    step = changed(squats(1), knee_angle_l=4.0)
    assert "only one knee flexes, the right one" in segment_motion(step).reason
    assert "too short" in segment_motion(squats(3).cut(0, 15)).reason


def test_an_incomplete_last_repetition_is_named():
    whole = squats(3)
    found = segment_motion(whole.cut(0, segment_repetitions(whole)[2].bottom_frame + 3))
    assert len(found.repetitions) == 2
    (part,) = found.left_out("squats1")
    assert part.is_part
    assert "ends during the squat" in part.reason


@pytest.mark.parametrize("name", RECORDED_REPETITIONS)
def test_every_recorded_repetition_is_a_squat(recordings, name):
    found = segment_motion(read_motion(recorded_trials(recordings)[name]))
    assert len(found.repetitions) == RECORDED_REPETITIONS[name]
