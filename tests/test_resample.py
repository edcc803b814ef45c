"""Resampling: sines below the cut-off frequency are unchanged, aliasing is suppressed, and nothing shifts."""

import numpy as np
import pytest
from synthetic_squats import recorded_trials

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.io.motion import Motion
from dataset.windows.resample import resample, resample_signals


@pytest.mark.parametrize("rate_hz", [30.0, 50.0, 100.0, 200.0, 1000.0])
@pytest.mark.parametrize("frequency_hz", [0.5, 3.0, 6.0])
def test_a_slow_sine_is_unchanged(rate_hz, frequency_hz):
    time_s = 0.135 + np.arange(int(4 * rate_hz)) / rate_hz
    new_s, values = resample_signals(time_s, np.sin(2 * np.pi * frequency_hz * time_s), 60.0)
    assert new_s[0] == time_s[0]
    assert time_s[-1] - 1 / 60 < new_s[-1] <= time_s[-1] + 1e-9
    error = np.abs(values - np.sin(2 * np.pi * frequency_hz * new_s))
    inner = slice(20, -20)
    limit = 0.02 if rate_hz == 30 and frequency_hz == 6 else 2e-3
    assert error[inner].max() < limit
    assert error.max() < 0.1


@pytest.mark.parametrize(
    ("rate_hz", "frequency_hz"),
    [(100.0, 35.0), (100.0, 45.0), (200.0, 35.0), (200.0, 45.0), (200.0, 57.0), (200.0, 80.0)],
)
def test_frequencies_that_would_alias_are_suppressed(rate_hz, frequency_hz):
    time_s = np.arange(int(4 * rate_hz)) / rate_hz
    values = resample_signals(time_s, np.sin(2 * np.pi * frequency_hz * time_s), 60.0)[1]
    assert np.abs(values[20:-20]).max() < 0.01


def test_irregular_time_stamps_count():
    """Dropped and jittered frames: the signal is that of the stamps, not of the row numbers."""
    draw = np.random.default_rng(0)
    time_s = np.sort(np.delete(np.arange(400) / 100 + draw.uniform(-0.003, 0.003, 400), [50, 51, 200]))
    new_s, values = resample_signals(time_s, np.sin(2 * np.pi * time_s), 60.0)
    assert np.abs(values - np.sin(2 * np.pi * new_s))[20:-20].max() < 2e-3


def test_angles_beyond_180_degrees_are_unwrapped():
    time_s = np.arange(200) / 100
    heading = 170 + 15 * time_s
    coordinates = np.zeros((200, 33))
    coordinates[:, 2] = (heading + 180) % 360 - 180
    resampled = resample(Motion(time_s, coordinates))
    assert np.abs(resampled.column("pelvis_rotation") - (170 + 15 * resampled.time_s)).max() < 1e-3


def test_activations_stay_within_their_bounds(recordings):
    folder = recordings / "opencap" / "Data" / "field-subject0" / "OpenSimData" / "Dynamics" / "Asym_0_1"
    motion = read_motion(folder / "kinematics_activations.mot")
    resampled = resample(motion, 60.0)
    assert (resampled.activations >= motion.activations.min(0) - 1e-12).all()
    assert (resampled.activations <= motion.activations.max(0) + 1e-12).all()
    assert np.abs(resampled.activations[0] - motion.activations[0]).max() < 1e-12


def test_resampling_down_and_up_again_preserves_a_squat(recordings):
    motion = read_motion(recorded_trials(recordings)["mocap-dls/DLS01_ik"])
    back = resample(resample(motion, 60.0), 200.0)
    assert len(back) - len(motion) in (0, -1, -2, -3)
    error = np.abs(back.coordinates - motion.coordinates[: len(back)])
    assert np.median(error) < 0.01
    assert error[:, 12:14].max() < 1.0
    assert list(back.extra) == list(motion.extra)


def test_a_motion_at_the_new_rate_is_unchanged(recordings):
    motion = read_motion(recorded_trials(recordings)["field-subject0/Squats_0"])
    assert resample(motion, 60.0) is motion


def test_gaps_and_too_short_motions_are_errors():
    time_s = np.arange(100) / 100
    with pytest.raises(InputError, match=r"0\.51 s without a frame after 0\.49 s"):
        resample(Motion(np.where(time_s >= 0.5, time_s + 0.5, time_s), np.zeros((100, 33))))
    with pytest.raises(InputError, match="at least 4"):
        resample(Motion(time_s[:3], np.zeros((3, 33))))


def test_a_rate_that_falls_from_60_to_10_frames_a_second_is_no_gap():
    time_s = np.concatenate([np.arange(240) / 60, 4 + np.arange(20) / 10])
    coordinates = np.zeros((len(time_s), 33))
    coordinates[:, 12] = 40 + 30 * np.sin(2 * np.pi * 0.5 * time_s)
    again = resample(Motion(time_s, coordinates))
    error = np.abs(again.coordinates[:, 12] - 40 - 30 * np.sin(2 * np.pi * 0.5 * again.time_s))
    assert error.max() < 0.5
