"""Segmentation: number and boundaries of the repetitions, at any sampling rate."""

from itertools import pairwise

import numpy as np
import pytest
from synthetic_squats import RECORDED_REPETITIONS, recorded_trials, squats

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.windows.repetition_phases import divide_into_phases
from dataset.windows.resample import resample
from dataset.windows.segmentation import segment_motion, segment_repetitions
from models.conventions import COORDINATE_INDEX


@pytest.mark.parametrize("rate_hz", [50.0, 60.0, 100.0, 200.0])
@pytest.mark.parametrize("noise_deg", [0.0, 0.4])
def test_known_repetitions_are_found_at_any_rate(rate_hz, noise_deg):
    motion = squats(4, rate_hz=rate_hz, noise_deg=noise_deg, start_s=3.55)
    repetitions = segment_repetitions(motion)
    assert len(repetitions) == 4
    for k, repetition in enumerate(repetitions):
        assert motion.time_s[repetition.bottom_frame] == pytest.approx(3.55 + 2.3 * k + 1.5, abs=0.06)
        bend_starts, bend_ends = 3.55 + 2.3 * k + 0.7, 3.55 + 2.3 * (k + 1)
        assert motion.time_s[repetition.start_frame] == pytest.approx(bend_starts, abs=0.4)
        assert motion.time_s[repetition.end_frame - 1] == pytest.approx(bend_ends, abs=0.4)


@pytest.mark.parametrize("stance_s", [0.2, 0.7, 3.0])
@pytest.mark.parametrize(("bend_s", "hold_s"), [(0.8, 0.0), (1.3, 0.0), (2.0, 1.0), (6.0, 2.0), (9.0, 0.0)])
def test_repetitions_of_any_tempo_with_pauses_at_top_and_bottom(bend_s, hold_s, stance_s):
    motion = squats(3, stance_s=stance_s, bend_s=bend_s, hold_s=hold_s)
    repetitions = segment_repetitions(motion)
    assert len(repetitions) == 3
    for k, one in enumerate(repetitions):
        starts_s = k * (stance_s + bend_s + hold_s) + stance_s
        middle_s = starts_s + bend_s / 2 + hold_s / 2
        # Half a cosine has a tenth of its largest speed, as within a hold, in its last 3 percent.
        early_s = 0.04 * bend_s / 2 + 0.08
        assert motion.time_s[one.start_frame] == pytest.approx(starts_s, abs=0.1)
        assert motion.time_s[one.end_frame - 1] == pytest.approx(starts_s + bend_s + hold_s, abs=0.1)
        assert motion.time_s[one.descent_end_frame] == pytest.approx(middle_s - hold_s / 2, abs=early_s)
        assert motion.time_s[one.ascent_start_frame] == pytest.approx(middle_s + hold_s / 2, abs=early_s)
        assert one.start_frame < one.descent_end_frame <= one.bottom_frame <= one.ascent_start_frame < one.end_frame


def test_standing_between_repetitions_belongs_to_none():
    """Neither sway nor a slow drift of the knees in standing moves a boundary by more than a tenth of a second."""
    still = squats(4, stance_s=2.0)
    swaying = still.coordinates.copy()
    knees = [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]
    sway_deg = 0.6 * np.sin(2 * np.pi * still.time_s / 2.7) + 0.4 * still.time_s
    swaying[:, knees] += sway_deg[:, None]
    found = segment_repetitions(Motion(still.time_s, swaying))
    assert len(found) == 4
    for one, other in zip(found, segment_repetitions(still), strict=True):
        assert abs(one.start_frame - other.start_frame) <= 6
        assert abs(one.end_frame - other.end_frame) <= 6


def test_who_rises_half_way_and_goes_down_again_does_not_hold():
    """The time between the two bottoms is none of a hold, as the hips move by a third of the depth in it."""
    frames = np.arange(420)
    knee = np.interp(frames, [0, 60, 120, 150, 180, 240, 300, 360], [0, 0, 90, 60, 89, 89, 0, 0])
    (found,) = divide_into_phases(knee, [120])
    assert found.descent_end >= 115
    assert found.ascent_start <= 125
    assert found.end == pytest.approx(300, abs=12)


def bend_of_knees(*angles_deg):
    """Knee flexion that goes from one angle to the next in a second each, with rests of half a second, at 60 Hz."""
    parts = [np.full(30, angles_deg[0])]
    for one, other in pairwise(angles_deg):
        parts += [one + (other - one) * (1 - np.cos(np.linspace(0, np.pi, 60))) / 2, np.full(30, other)]
    return np.concatenate(parts)


def test_who_stands_a_little_more_flexed_after_a_shallow_squat_stands():
    """A tenth of a shallow squat's depth is as little as people differ by from one stance to the next."""
    (found,) = divide_into_phases(bend_of_knees(3, 45, 13), [105])
    assert found.start == pytest.approx(30, abs=6)
    assert found.end == pytest.approx(180, abs=6)
    (found,) = divide_into_phases(bend_of_knees(13, 45, 3), [105])
    assert found.start == pytest.approx(30, abs=6)


def test_a_recording_that_ends_on_the_way_up_does_not_end_upright():
    knee = bend_of_knees(3, 45, 3)
    is_on_the_way = (knee < 14) & (np.arange(len(knee)) > 120)
    (found,) = divide_into_phases(knee[: np.flatnonzero(is_on_the_way)[0]], [105])
    assert found.start == pytest.approx(30, abs=6)
    assert found.end is None


def test_a_trial_played_backwards_has_the_mirrored_boundaries():
    motion = squats(3, bend_s=2.4, hold_s=0.6, noise_deg=0.2)
    backwards = segment_repetitions(Motion(motion.time_s, motion.coordinates[::-1]))
    last = len(motion) - 1
    assert len(backwards) == 3
    for one, other in zip(segment_repetitions(motion), reversed(backwards), strict=True):
        assert one.start_frame == last - (other.end_frame - 1)
        assert one.end_frame - 1 == last - other.start_frame
        assert (one.descent_end_frame, one.ascent_start_frame) == (
            last - other.ascent_start_frame, last - other.descent_end_frame,
        )  # fmt: skip


@pytest.mark.parametrize("slower", [1.5, 3.0])
def test_a_trial_played_slowly_has_the_stretched_boundaries(slower):
    motion = squats(3, bend_s=1.6, hold_s=0.4)
    stretched = resample(Motion(motion.time_s * slower, motion.coordinates), 60.0)
    found = segment_repetitions(stretched)
    assert len(found) == 3
    for one, other in zip(segment_repetitions(motion), found, strict=True):
        for frame, slow_frame in (
            (one.start_frame, other.start_frame),
            (one.end_frame - 1, other.end_frame - 1),
            (one.descent_end_frame, other.descent_end_frame),
        ):
            assert stretched.time_s[slow_frame] == pytest.approx(slower * motion.time_s[frame], abs=0.1 * slower)


def test_a_squat_that_comes_up_half_way_between_two_bottoms_is_refused():
    motion = squats(2, stance_s=0.0)
    bent = motion.coordinates.copy()
    knees = [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]
    between = slice(*np.searchsorted(motion.time_s, [0.8, 2.4]))
    bent[between, knees[0] : knees[1] + 1] = np.maximum(bent[between, knees[0] : knees[1] + 1], 50.0)
    found = segment_motion(Motion(motion.time_s, bent))
    assert not found.repetitions
    assert "upright stance" in found.reason


def test_a_pause_at_the_bottom_is_one_repetition():
    motion = squats(3, bend_s=2.4)
    knees = [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]
    motion.coordinates[:, knees] = np.minimum(motion.coordinates[:, knees], 80) + 3 * np.sin(9 * motion.time_s)[:, None]
    repetitions = segment_repetitions(motion)
    assert len(repetitions) == 3
    assert all(0.3 < (one.ascent_start_frame - one.descent_end_frame) / 60 < 1.0 for one in repetitions)


def test_repetitions_without_a_pause_are_separated():
    assert len(segment_repetitions(squats(5, stance_s=0.0))) == 5


def test_repetitions_that_turn_at_once_share_their_straightest_frame():
    """Where the knees extend until they flex again, standing begins a frame after the top and ends a frame before."""
    time_s = np.arange(360) / 60
    for shift_s in np.arange(5) / 300:
        flexion = 95 * np.abs((time_s + 1 + shift_s) % 2 - 1)  # a triangle, deepest at 1 s and 3 s less the shift
        bottoms = [int(flexion[:120].argmax()), 120 + int(flexion[120:240].argmax())]
        first, second = divide_into_phases(flexion, bottoms)
        assert first.end is not None
        assert first.end <= second.start
        assert first.end == pytest.approx(120, abs=2)


def test_people_who_come_up_by_three_quarters_between_repetitions_do_two():
    motion = squats(2, stance_s=0.0)
    knees = [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]
    between = slice(*np.searchsorted(motion.time_s, [0.8, 2.4]))
    motion.coordinates[between, knees[0] : knees[1] + 1] = np.maximum(
        motion.coordinates[between, knees[0] : knees[1] + 1], 26.0
    )
    assert len(segment_repetitions(motion)) == 2


def test_incomplete_squats_are_left_out():
    assert segment_repetitions(squats(0, stance_s=3.0)) == []
    assert segment_repetitions(squats(3, depth_deg=18.0)) == []
    step = squats(1)
    step.coordinates[:, COORDINATE_INDEX["knee_angle_l"]] = 4.0
    assert segment_repetitions(step) == []
    whole = squats(3)
    cut_in_the_bottom = whole.cut(0, segment_repetitions(whole)[2].bottom_frame)
    assert len(segment_repetitions(cut_in_the_bottom)) == 2
    assert segment_repetitions(whole.cut(0, 15)) == []


@pytest.mark.parametrize(("share", "count"), [(0.35, 3), (0.5, 4)])
def test_a_dip_much_shallower_than_the_deepest_squat_is_none(share, count):
    deep, one = squats(3), squats(1)
    dip = one.coordinates[0] + share * (one.coordinates - one.coordinates[0])
    assert len(segment_repetitions(Motion(one.time_s, dip))) == 1  # where it is the deepest
    both = np.concatenate([deep.coordinates, dip])
    assert len(segment_repetitions(Motion(np.arange(len(both)) / 60, both))) == count


@pytest.mark.parametrize("name", RECORDED_REPETITIONS)
def test_recorded_repetitions(recordings, name):
    motion = read_motion(recorded_trials(recordings)[name])
    repetitions = segment_repetitions(motion)
    assert len(repetitions) == RECORDED_REPETITIONS[name]
    knee = np.maximum(motion.column("knee_angle_l"), motion.column("knee_angle_r"))
    height = motion.column("pelvis_ty")
    for repetition in repetitions:
        inside = slice(repetition.start_frame, repetition.end_frame)
        for frame in (repetition.start_frame, repetition.end_frame - 1):
            assert knee[frame] < knee.min() + 0.2 * np.ptp(knee)
            assert height[frame] > height.max() - 0.15 * np.ptp(height)
        assert knee[repetition.bottom_frame] > knee[inside].max() - 1.0
        assert height[repetition.bottom_frame] < height[inside].min() + 0.01
        assert 1.2 < motion.time_s[repetition.end_frame - 1] - motion.time_s[repetition.start_frame] < 3.0
    for one, other in pairwise(repetitions):
        assert one.end_frame - 1 <= other.start_frame


def test_rate_does_not_move_the_boundaries(recordings):
    motion = read_motion(recorded_trials(recordings)["mocap-dls/DLS01_ik"])
    slower = resample(motion, 60.0)
    for one, other in zip(segment_repetitions(motion), segment_repetitions(slower), strict=True):
        assert motion.time_s[one.start_frame] == pytest.approx(slower.time_s[other.start_frame], abs=0.01)
        assert motion.time_s[one.end_frame - 1] == pytest.approx(slower.time_s[other.end_frame - 1], abs=0.01)


def test_mirrored_trials_have_the_same_boundaries(recordings):
    """Swapping left and right changes no boundary."""
    motion = read_motion(recorded_trials(recordings)["lab-subject4/squatsAsym1"])
    swapped = motion.coordinates.copy()
    left, right = COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]
    swapped[:, [left, right]] = swapped[:, [right, left]]
    assert segment_repetitions(Motion(motion.time_s, swapped)) == segment_repetitions(motion)
