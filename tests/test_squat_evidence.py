"""A squat is a pelvis that goes down and comes up over feet that stay; everything else is left out with its reason."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_squats import RECORDED_REPETITIONS, recorded_trials, squats

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.windows.segmentation import segment_motion, segment_repetitions
from dataset.windows.squat_evidence import feet_of
from models.conventions import COORDINATE_INDEX


def changed(motion: Motion, **columns) -> Motion:
    coordinates = motion.coordinates.copy()
    for name, values in columns.items():
        coordinates[:, COORDINATE_INDEX[name]] = values
    return Motion(motion.time_s, coordinates)


def test_feet_of_straight_legs_are_a_leg_below_the_pelvis_and_bending_both_joints_keeps_them_level():
    motion = squats(1)
    heights = feet_of(
        changed(motion, pelvis_ty=1.0, **{f"{j}_{s}": 0.0 for j in ("knee_angle", "hip_flexion") for s in "lr"})
    )[1]
    np.testing.assert_allclose(heights, 1.0 - 0.08 - 0.84 - 0.06, atol=1e-9)
    knee = motion.column("knee_angle_l")
    one = {f"hip_flexion_{s}": knee / 2 for s in "lr"} | {f"ankle_angle_{s}": knee / 2 for s in "lr"}
    low = feet_of(changed(motion, **one))[1]  # equal segments folded over the hip: the foot rises straight up
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


@pytest.mark.parametrize("length", [0.75, 1.2])
def test_people_with_short_and_with_long_legs_squat_as_deep(length):
    """Their pelvis descends by less, or by more, as if the feet of an average adult left the floor."""
    motion = squats(2, depth_deg=125.0)
    flexed = {
        f"{joint}_{side}": motion.column(f"knee_angle_{side}") / 2
        for joint in ("hip_flexion", "ankle_angle")
        for side in "lr"
    }
    folded_m = 0.84 * (1 - np.cos(np.radians(motion.column("knee_angle_l") / 2)))
    found = segment_motion(changed(motion, pelvis_ty=0.98 - length * folded_m, **flexed))
    assert len(found.repetitions) == 2
    assert not found.refused


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


def single_leg_squats(count: int, standing: str, knee_deg: float = 85.0, more_deg: float = 45.0) -> Motion:
    """Squats on one leg; the other is bent behind, its knee by `knee_deg` and at the bottom by `more_deg` more."""
    motion = squats(count)
    bend = (motion.column("knee_angle_l") - 4) / 91
    other = {"l": "r", "r": "l"}[standing]
    raised = {f"hip_flexion_{other}": 40 + 55 * bend, f"knee_angle_{other}": knee_deg + more_deg * bend}
    carrying = {f"hip_flexion_{standing}": 95 * bend / 2, f"ankle_angle_{standing}": 95 * bend / 2}
    return changed(motion, **raised, **carrying)


@pytest.mark.parametrize("standing", ["l", "r"])
@pytest.mark.parametrize(("knee_deg", "more_deg"), [(85, 45), (100, 0), (5, 0)])
def test_a_single_leg_squat_is_a_repetition_that_names_the_standing_foot(standing, knee_deg, more_deg):
    """The other leg may bend with this one, stay bent, or be straight in front, as in a pistol squat."""
    found = segment_motion(single_leg_squats(2, standing, knee_deg, more_deg))
    assert [one.standing for one in found.repetitions] == [(standing,)] * 2
    assert not found.refused
    on_two_feet = segment_repetitions(squats(2))
    for one, other in zip(found.repetitions, on_two_feet, strict=True):
        assert replace(one, standing=("l", "r")) == other


def test_squats_on_two_feet_and_on_one_are_found_in_one_trial():
    parts = [squats(2), single_leg_squats(2, "r")]
    coordinates = np.concatenate([part.coordinates for part in parts])
    found = segment_motion(Motion(np.arange(len(coordinates)) / 60.0, coordinates))
    assert [one.standing for one in found.repetitions] == [("l", "r")] * 2 + [("r",)] * 2


def test_a_hop_on_one_leg_is_no_squat():
    motion = single_leg_squats(1, "l")
    flight = np.clip((motion.time_s - 2.3) * (2.8 - motion.time_s), 0, None) * 4.9
    found = segment_motion(changed(motion, pelvis_ty=motion.column("pelvis_ty") + flight))
    assert not found.repetitions or found.repetitions[0].end_frame / 60 < 2.4


def test_a_lunge_is_no_squat():
    """The front hip flexes and the rear hip extends, so that the feet are a step apart at the bottom."""
    motion = squats(2)
    bend = (motion.column("knee_angle_l") - 4) / 91
    found = segment_motion(changed(motion, hip_flexion_l=90 * bend, hip_flexion_r=-5 * bend, ankle_angle_r=20 * bend))
    assert not found.repetitions
    assert found.refused
    assert all("as in a lunge" in part.reason or "in the air" in part.reason for part in found.refused)


@pytest.mark.parametrize("standing", ["l", "r"])
def test_a_foot_that_rests_far_behind_is_that_of_a_split_squat_and_one_far_in_front_is_not(standing):
    """Of one leg, as in a pistol squat, the other may be held out in front, and not put up behind."""
    other = {"l": "r", "r": "l"}[standing]
    motion = single_leg_squats(2, standing)
    in_front = segment_motion(changed(motion, **{f"hip_flexion_{other}": 75.0, f"knee_angle_{other}": 5.0}))
    behind = segment_motion(changed(motion, **{f"hip_flexion_{other}": -50.0, f"knee_angle_{other}": 30.0}))
    assert [one.standing for one in in_front.repetitions] == [(standing,)] * 2
    assert not behind.repetitions
    assert behind.refused
    assert all("as in a lunge" in part.reason for part in behind.refused)


def test_stairs_are_no_squats_on_one_leg():
    """The standing knee lowers the body to the next step, where the body stays."""
    motion = single_leg_squats(1, "l")
    lowest = int(motion.column("pelvis_ty").argmin())
    pelvis_m = motion.column("pelvis_ty").copy()
    pelvis_m[lowest:] = pelvis_m[lowest]
    assert not segment_repetitions(changed(motion, pelvis_ty=pelvis_m))


def test_a_knee_that_is_raised_and_kicks_is_no_squat():
    motion = squats(2)
    bend = (motion.column("knee_angle_l") - 4) / 91
    kick = changed(motion, knee_angle_l=4.0, hip_flexion_l=0.0, hip_flexion_r=80 * bend, pelvis_ty=0.95)
    found = segment_motion(kick)
    assert not found.repetitions
    assert "only one knee flexes, the right one" in found.reason


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
    step = changed(squats(1), knee_angle_l=4.0)  # the left leg is raised while the right knee flexes
    assert "as in a step" in segment_motion(step).reason
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
