"""Segmentation: number and boundaries of the repetitions, at any sampling rate."""

from itertools import pairwise

import numpy as np
import pytest
from synthetic_squats import RECORDED_REPETITIONS, recorded_trials, squats

from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.windows.resample import resample
from dataset.windows.segmentation import segment_repetitions
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


def test_a_pause_at_the_bottom_is_one_repetition():
    motion = squats(3, bend_s=2.4)
    knees = [COORDINATE_INDEX["knee_angle_l"], COORDINATE_INDEX["knee_angle_r"]]
    motion.coordinates[:, knees] = np.minimum(motion.coordinates[:, knees], 80) + 3 * np.sin(9 * motion.time_s)[:, None]
    assert len(segment_repetitions(motion)) == 3


def test_repetitions_without_a_pause_are_separated():
    assert len(segment_repetitions(squats(5, stance_s=0.0))) == 5


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
