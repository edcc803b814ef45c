"""Time is what the stamps say: a recording with fewer frames in places gives the results of the whole one."""

import json
from pathlib import Path

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.windows.resample import fastest_rate_hz, resample, to_even
from dataset.windows.segmentation import segment_repetitions
from dataset.windows.window import windows_of_trial
from models.conventions import MUSCLE_INDEX
from utils.export.export_config import ExportConfig
from utils.export.motion_export import export_motions
from utils.segmentation.segment_session import segment_trial
from utils.simulation.simulated_repetition import simulate_repetition
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
MODEL = next((DEMO_PERSON / "OpenSimData/Model").glob("*.osim"))


@pytest.fixture(scope="module")
def trial() -> Motion:
    """Two squats of the demo person at 60 Hz."""
    return read_motion(next((DEMO_PERSON / "OpenSimData/Kinematics").glob("*.mot"))).cut(100, 318)


def rows(motion: Motion, kept: np.ndarray) -> Motion:
    """Some frames of a motion, with their own time stamps."""
    return Motion(motion.time_s[kept], motion.coordinates[kept], None, {k: v[kept] for k, v in motion.extra.items()})


def thinned(motion: Motion, kind: str) -> Motion:
    """The motion with frames missing: half of them in its second half, or one in six at random."""
    frames = np.arange(len(motion))
    if kind == "60 then 30 Hz":
        return rows(motion, frames[(frames < len(motion) // 2) | (frames % 2 == 0)])
    dropped = np.random.default_rng(1).random(len(motion)) < 1 / 6
    dropped[[0, -1]] = False
    return rows(motion, frames[~dropped])


KINDS = ["60 then 30 Hz", "dropped at random"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_uneven_motion_has_no_rate_but_an_even_grid(trial, kind):
    uneven = thinned(trial, kind)
    assert trial.is_even
    assert to_even(trial) is trial
    assert not uneven.is_even
    with pytest.raises(InputError, match="not evenly spaced"):
        _ = uneven.rate_hz
    even = to_even(uneven)
    assert even.rate_hz == pytest.approx(60, rel=1e-3)
    assert fastest_rate_hz(uneven.time_s) == pytest.approx(60, rel=1e-3)
    count = min(len(even), len(trial))
    assert np.abs(even.time_s[:count] - trial.time_s[:count]).max() < 1e-6
    error = np.abs(even.coordinates[:count] - trial.coordinates[:count])
    assert error.max() < 2.0  # the recording is noisy
    assert np.median(error) < 0.01


@pytest.mark.parametrize("times", [2, 3])
def test_frames_that_are_stored_more_than_once_count_once(tmp_path, trial, caplog, times):
    """A video of 30 or 20 frames a second, stored at 60: speeds were zero and too large by turns."""
    once = rows(trial, np.arange(0, len(trial) - len(trial) % times, times))
    again = np.repeat(np.arange(len(once)), times)
    held = Motion(trial.time_s[: len(again)], once.coordinates[again], extra={"wrist_flex_r": again.astype(float)})
    write_motion(tmp_path / "a.mot", held)
    read = read_motion(tmp_path / "a.mot")
    assert "repeat the row before, also while the person moves" in caplog.text
    assert np.abs(read.time_s - once.time_s).max() < 1e-6
    assert np.abs(read.coordinates - once.coordinates).max() < 1e-6
    assert np.array_equal(read.extra["wrist_flex_r"], np.arange(len(once)))
    kept = read_motion(tmp_path / "a.mot", jumps="keep")  # a generated motion
    assert np.abs(kept.coordinates - held.coordinates).max() < 1e-6


def test_who_stands_as_still_as_a_stored_pose_does_repeats_no_frame(tmp_path, trial, caplog):
    still = np.r_[np.zeros(30, dtype=int), np.arange(len(trial))]
    motion = Motion(np.arange(len(still)) / 60, trial.coordinates[still])
    write_motion(tmp_path / "a.mot", motion)
    assert len(read_motion(tmp_path / "a.mot")) == len(motion)
    assert not caplog.text


def test_stamps_that_were_rounded_are_those_of_an_even_recording(trial):
    rounded = Motion(trial.time_s.round(2), trial.coordinates)
    assert rounded.is_even
    assert rounded.rate_hz == pytest.approx(60, rel=1e-2)
    again = resample(Motion((np.arange(400) / 60).round(2), np.zeros((400, 33)) + np.arange(400)[:, None]), 50.0)
    assert np.abs(np.diff(again.coordinates[20:-20], axis=0) - 60 / 50).max() < 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_simulation_of_an_uneven_recording_is_that_of_the_even_one(trial, kind):
    simulator = build_simulator(MODEL)
    uneven = thinned(trial, kind)
    whole = [simulate_repetition(simulator, trial, one, "a") for one in segment_repetitions(trial)]
    parts = [simulate_repetition(simulator, uneven, one, "a") for one in segment_repetitions(uneven)]
    assert len(parts) == len(whole) == 2
    for one, other in zip(whole, parts, strict=True):
        assert set(other.motion.time_s) <= set(uneven.time_s)
        assert len(other.simulation.moments) == len(other.simulation.converged) == len(other.motion)
        force, again = (x.simulation.ground_forces[..., 1].sum(1).max() for x in (one, other))
        assert float(again) == pytest.approx(float(force), rel=0.03)
        for name in ("vasmed_l", "vasmed_r", "vaslat_r", "glmax2_l"):
            peak, found = (x.motion.activations[:, MUSCLE_INDEX[name]].max() for x in (one, other))
            assert found == pytest.approx(peak, rel=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_segments_windows_and_exports_of_an_uneven_recording(trial, kind, tmp_path):
    uneven = thinned(trial, kind)
    for name, motion in (("even", trial), ("uneven", uneven)):
        write_motion(tmp_path / f"{name}.mot", motion)
    tables = [segment_trial(tmp_path / f"{name}.mot", tmp_path / "segments")[0] for name in ("even", "uneven")]
    for column in ("start_s", "bottom_s", "end_s"):
        assert np.abs(tables[0][column] - tables[1][column]).max() < 0.05
    assert np.abs(tables[0]["descent_cm"] - tables[1]["descent_cm"]).max() < 0.1

    ours, theirs = (windows_of_trial(motion)[0] for motion in (uneven, trial))
    times = theirs.time_s[:100]
    for i in (4, 12, 13):  # height of the pelvis, knees
        found = np.interp(times, ours.time_s, ours.coordinates[:, i])
        assert np.abs(found - theirs.coordinates[:100, i])[2:].max() < 1.0

    paths = {}
    for form in ("json", "mot"):
        config = ExportConfig(
            motions=(tmp_path / "uneven.mot",), format=form, out_dir=tmp_path / form, subject=str(DEMO_PERSON)
        )
        paths[form] = export_motions(config).paths[0]
    content = json.loads(paths["json"].read_text())
    steps = np.diff(content["time"])
    assert np.ptp(steps) < 3e-6
    back = read_motion(paths["mot"])
    assert back.is_even
    height = np.array(content["bodies"]["pelvis"]["translation"])[:, 1]
    assert np.abs(np.interp(content["time"], trial.time_s, trial.column("pelvis_ty")) - height).max() < 0.005
    assert (
        np.abs(np.interp(back.time_s, trial.time_s, trial.column("knee_angle_l")) - back.column("knee_angle_l")).max()
        < 1
    )


def test_a_gap_is_refused(trial):
    frames = np.arange(len(trial))
    with pytest.raises(InputError, match="without a frame"):
        to_even(rows(trial, frames[(frames < 80) | (frames > 110)]))
