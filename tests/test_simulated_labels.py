"""Simulated activations, forces and moments that cannot be right are left out by name, the others are used."""

import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table, read_table
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import Session, open_session
from dataset.windows.cut_repetitions import is_cut_of, require_times_of_trial
from dataset.windows.motion_dataset import MotionDataset
from utils.training import dynamics_samples
from utils.training.dynamics_samples import samples_of_session
from utils.training.sample_store import prepare_samples
from utils.training.simulated_labels import require_repetition

PERSON = SHIPPED_DEMO / "Data/demo-person-040"
FIRST = "squats1_segment_1"
WEIGHT_N = 730.0


@pytest.fixture
def session(tmp_path) -> Session:
    """The demo person with two simulated repetitions."""
    folder = tmp_path / "demo-person-040"
    shutil.copytree(PERSON, folder)
    for path in sorted((folder / "OpenSimData" / "Dynamics").iterdir())[2:]:
        shutil.rmtree(path)
    return open_session(folder)


@pytest.fixture(scope="module")
def files() -> tuple[Motion, Motion, Table, Table]:
    """Trial, activations, forces and moments of a repetition."""
    folder = PERSON / "OpenSimData/Dynamics" / FIRST
    names = (f"forces_resultant_{FIRST}.mot", f"kinetics_{FIRST}.mot")
    labels = read_motion(next(folder.glob("kinematics*.mot")))
    trial = read_motion(PERSON / "OpenSimData/Kinematics/squats1.mot")
    return trial, labels, *(read_table(folder / name) for name in names)


def with_value(table: Table, name: str, value: float) -> Table:
    data = table.data.copy()
    data[20, table.names.index(name)] = value
    return replace(table, data=data)


def shorter(table: Table) -> Table:
    half = len(table.time_s) // 2
    return replace(table, data=table.data[:half], time_s=table.time_s[:half])


def with_first_knee(table: Table, value: float) -> Table:
    return with_value(table, "knee_angle_r_moment", value)


OTHER_TIMES = "column 'time' goes from .* s; expected .* as in"
# Name, position among `files`, what is spoilt, and the reason.
FAULTS: list[tuple[str, int, Callable, str]] = [
    ("no activations", 1, lambda labels: replace(labels, activations=None), "has no muscle activations"),
    ("slowed down", 1, lambda labels: replace(labels, time_s=2 * labels.time_s), "column 'time' is"),
    ("nan", 2, lambda table: with_value(table, "ground_force_l_vy", np.nan), "'ground_force_l_vy' is nan in data row"),
    ("force", 2, lambda table: with_value(table, "ground_force_r_vz", 1e5), "_r_vz' is 1e.05 .*expected -14600 to"),
    ("moment", 3, lambda table: with_first_knee(table, -1e6), "'knee_angle_r_moment' is -1e.06"),
    ("infinite", 3, lambda table: with_first_knee(table, np.inf), "'knee_angle_r_moment' is inf"),
    ("short forces", 2, shorter, OTHER_TIMES),
    ("short moments", 3, shorter, OTHER_TIMES),
]


def test_the_files_of_a_simulation_are_taken(files):
    require_repetition(*files, weight_n=WEIGHT_N)
    trial, labels = files[:2]
    assert is_cut_of(labels, trial)
    first, last = np.abs(trial.time_s - labels.time_s[[0, -1], None]).argmin(1)
    require_repetition(trial.cut(first, last + 1), *files[1:], weight_n=WEIGHT_N)  # to its last frame


@pytest.mark.parametrize(("position", "spoil", "reason"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_file_that_no_simulation_writes_is_refused_by_name(files, position, spoil, reason):
    spoilt = list(files)
    spoilt[position] = spoil(files[position])
    with pytest.raises(InputError, match=reason) as raised:
        require_repetition(*spoilt, weight_n=WEIGHT_N)
    assert files[position].source.name in str(raised.value)


def test_frames_of_the_trial_at_other_times_are_refused_and_a_motion_of_its_own_is_not(files):
    trial, labels = files[:2]
    stretched = replace(labels, time_s=labels.time_s[0] + 1.5 * (labels.time_s - labels.time_s[0]))
    with pytest.raises(InputError, match=r"kinematics.*column 'time' is .* of .*squats1\.mot are from"):
        require_times_of_trial(stretched, trial)
    own = replace(stretched, coordinates=stretched.coordinates + 1.0)
    require_times_of_trial(own, trial)


def spoil_first(session: Session, spoil: Callable[[Motion], Motion]) -> Path:
    """Spoil the activation file of the first repetition."""
    path = next((session.path / "OpenSimData/Dynamics" / FIRST).glob("kinematics*.mot"))
    write_motion(path, spoil(read_motion(path)), style="muscle_driven")
    return path


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda labels: replace(labels, activations=labels.activations + 0.97), "activation' is 1.* expected 0 to 1"),
        (lambda labels: replace(labels, activations=labels.activations - 0.2), "activation' is -0.* expected 0 to 1"),
        (lambda labels: replace(labels, activations=np.full_like(labels.activations, np.nan)), "activation' is nan"),
        (lambda labels: replace(labels, time_s=labels.time_s[0] + 2 * (labels.time_s - labels.time_s[0])), "'time'"),
        (lambda labels: replace(labels, activations=None), "has no muscle activations"),
        (lambda labels: labels.cut(0, len(labels) // 2), "'time' goes from .* but the repetition of the trial lasts"),
    ],
)
def test_windows_leave_out_the_repetition_whose_activations_cannot_be_right(session, caplog, spoil, reason):
    whole = MotionDataset([session], with_activations=True)
    path = spoil_first(session, spoil)
    with caplog.at_level(logging.WARNING, "bige"):
        dataset = MotionDataset([session], with_activations=True)
    assert len(dataset) == len(whole) - 1 == 1
    assert [one.source for one in dataset.left_out] == [f"{session.id}/{FIRST}"]
    assert not dataset.left_out[0].is_part
    assert str(path) in caplog.text
    assert re.search(reason, dataset.left_out[0].reason)


def test_samples_leave_out_the_repetition_and_name_it_again_when_they_are_read_from_the_store(
    session, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr(dynamics_samples, "_VARIATIONS", 0)
    monkeypatch.setattr(dynamics_samples, "_OF_VARIATION", 10)
    path = spoil_first(session, lambda labels: replace(labels, activations=labels.activations + 1))
    for _ in range(2):
        caplog.clear()
        store = prepare_samples([session], tmp_path / "store", seed=0)
        assert [one.source for one in store.left_out] == [session.id]
        assert f"left out: {path}: column" in caplog.text
    shutil.rmtree(session.path / "OpenSimData/Dynamics/squats1_segment_2")
    with pytest.raises(InputError, match=f"{path.name}: column"):
        samples_of_session(session, seed=0)
