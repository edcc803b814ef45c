"""The command segment_squats.py: its files, its table, and its errors."""

import errno

import numpy as np
import pandas
import pytest
from synthetic_squats import squats

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from models.conventions import COORDINATE_INDEX
from utils.segmentation.segment_session import segment_session
from utils.segmentation.segmentation_config import SegmentationConfig


def test_segments_table_and_plot(run_script, tmp_path, capsys):
    trial = squats(3, rate_hz=100.0, start_s=2.0)
    write_motion(tmp_path / "Data" / "abc" / "OpenSimData" / "Kinematics" / "SQT01.mot", trial)
    run_script("segment_squats.py", "--subject", "abc", "--data-root", tmp_path, "--out-dir", tmp_path / "out")
    assert "3 repetitions" in capsys.readouterr().out
    table = pandas.read_csv(tmp_path / "out" / "abc" / "SQT01_segments.csv")
    assert len(table) == 3
    for row in table.itertuples():
        segment = read_motion(tmp_path / "out" / "abc" / f"{row.segment}.mot")
        assert segment.rate_hz == pytest.approx(100)
        assert (segment.time_s[0], segment.time_s[-1]) == pytest.approx((row.start_s, row.end_s))
        assert segment.column("knee_angle_l").max() == pytest.approx(row.knee_flexion_l_deg, abs=1e-3)
        assert row.descent_cm == pytest.approx(35, abs=0.1)
        assert row.descent_s + row.hold_s + row.ascent_s == pytest.approx(row.duration_s)
        assert row.descent_s == pytest.approx(0.8, abs=0.1)
        assert row.hold_s < 0.1
        assert row.standing_on == "left and right"
    assert (tmp_path / "out" / "abc" / "SQT01_segments.png").read_bytes().startswith(b"\x89PNG")


def test_the_descent_is_that_from_stance_to_the_bottom_wherever_the_ascent_ends(tmp_path):
    """A person who rises onto the toes at the end does not descend further."""
    trial = squats(1, hold_s=0.5)
    trial.coordinates[len(trial) // 2 :, COORDINATE_INDEX["pelvis_ty"]] += np.linspace(0, 0.03, (len(trial) + 1) // 2)
    write_motion(tmp_path / "abc" / "OpenSimData" / "Kinematics" / "squat.mot", trial)
    (table,) = segment_session(SegmentationConfig(subject=tmp_path / "abc", out_dir=tmp_path / "out")).tables.values()
    assert list(table["descent_cm"]) == [pytest.approx(35, abs=0.2)]


def test_a_session_without_squats_is_refused(run_script, tmp_path):
    write_motion(tmp_path / "abc" / "OpenSimData" / "Kinematics" / "stand.mot", squats(0, stance_s=2.0))
    with pytest.raises(InputError, match="no squat that starts and ends upright"):
        run_script("segment_squats.py", "--subject", tmp_path / "abc", "--out-dir", tmp_path / "out")


def _session(root, name, count, **shape):
    write_motion(root / name / "OpenSimData" / "Kinematics" / "squat.mot", squats(count, **shape))
    return root / name


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_other_repetitions_of_an_earlier_run_are_replaced_only_where_that_is_asked_for(tmp_path):
    first, second = _session(tmp_path / "a", "abc", 3), _session(tmp_path / "b", "abc", 2, start_s=1.0)
    out = tmp_path / "out"
    segment_session(SegmentationConfig(subject=first, out_dir=out))
    before = _contents(out / "abc")
    assert len(before) == 5
    segment_session(SegmentationConfig(subject=first, out_dir=out))  # the same again
    with pytest.raises(
        InputError, match=r"squat_segment_1\.mot is there already and holds something else.*--overwrite"
    ):
        segment_session(SegmentationConfig(subject=second, out_dir=out))
    assert _contents(out / "abc") == before
    (out / "abc" / "notes.txt").write_text("of the user")
    segment_session(SegmentationConfig(subject=second, out_dir=out, overwrite=True))
    names = {"squat_segment_1.mot", "squat_segment_2.mot", "squat_segments.csv", "squat_segments.png", "notes.txt"}
    assert {path.name for path in (out / "abc").iterdir()} == names
    assert read_motion(out / "abc" / "squat_segment_1.mot").time_s[0] >= 1


def test_a_repetition_that_the_trial_has_no_more_is_not_removed_without_a_word(tmp_path):
    session = _session(tmp_path, "abc", 2)
    segment_session(SegmentationConfig(subject=session, out_dir=tmp_path / "out"))
    _session(tmp_path, "abc", 1)
    with pytest.raises(InputError, match="--overwrite"):
        segment_session(SegmentationConfig(subject=session, out_dir=tmp_path / "out"))
    assert (tmp_path / "out" / "abc" / "squat_segment_2.mot").exists()
    other = session / "OpenSimData" / "Kinematics" / "squat_segment.mot"  # another trial's files are not this trial's
    write_motion(other, squats(1))
    segment_session(SegmentationConfig(subject=session, trial=("squat_segment",), out_dir=tmp_path / "out"))


def test_a_disk_that_fills_up_loses_no_earlier_repetition(tmp_path, monkeypatch):
    session, out = _session(tmp_path, "abc", 2), tmp_path / "out"
    segment_session(SegmentationConfig(subject=session, out_dir=out))
    before = _contents(out / "abc")
    _session(tmp_path, "abc", 1)

    def full(path, *arguments):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr("utils.segmentation.segment_session.plot_segments", full)
    with pytest.raises(OSError, match="No space") as raised:
        segment_session(SegmentationConfig(subject=session, out_dir=out, overwrite=True))
    assert raised.value.filename == str(out / "abc" / "squat_segments.png")
    assert _contents(out / "abc") == before


def test_trials_that_lie_deeper_are_named(tmp_path):
    """As in OpenCap's validation data, OpenSimData/Mocap/IK/squats1.mot."""
    deeper = tmp_path / "subject2/OpenSimData/Mocap/IK/squats1.mot"
    deeper.parent.mkdir(parents=True)
    deeper.write_text("")
    with pytest.raises(InputError, match=r"OpenSimData/Mocap/IK/squats1\.mot is one: move trials there"):
        segment_session(SegmentationConfig(subject=str(tmp_path / "subject2"), out_dir=str(tmp_path / "out")))
