"""The command segment_squats.py: its files, its table, and its errors."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from synthetic_squats import squats

from dataset.io.mot import read_motion, write_motion
from models.conventions import COORDINATE_INDEX
from utils.segmentation.segment_session import segment_session
from utils.segmentation.segmentation_config import SegmentationConfig

SCRIPT = Path(__file__).parent.parent / "segment_squats.py"


def _run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_segments_table_and_plot(tmp_path):
    trial = squats(3, rate_hz=100.0, start_s=2.0)
    write_motion(tmp_path / "Data" / "abc" / "OpenSimData" / "Kinematics" / "SQT01.mot", trial)
    done = _run("--subject", "abc", "--data-root", tmp_path, "--out-dir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "3 repetitions" in done.stdout
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


def test_invalid_input_gives_one_sentence_and_status_2(tmp_path):
    write_motion(tmp_path / "abc" / "OpenSimData" / "Kinematics" / "stand.mot", squats(0, stance_s=2.0))
    done = _run("--subject", tmp_path / "abc", "--out-dir", tmp_path / "out")
    assert done.returncode == 2
    assert "no squat that starts and ends upright" in done.stderr
    assert "Traceback" not in done.stderr
