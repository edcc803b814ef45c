"""Windows on disk are those that are read from the sessions, and are made anew only where something changed."""

import dataclasses
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from dataset.errors import InputError
from dataset.locations import REPOSITORY, SHIPPED_DEMO, cache_folder
from dataset.sessions import discover_sessions, open_session
from dataset.windows import window_store
from dataset.windows.session_file import _CODE, SessionIndex, read_frames, store_session, stored_index
from dataset.windows.window_loading import load_windows, open_split
from dataset.windows.window_store import open_windows

SETTINGS = {"with_activations": False}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("root")
    shutil.copytree(SHIPPED_DEMO, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def sessions(root):
    return discover_sessions(root)


@pytest.mark.parametrize("activations", [False, True])
def test_stored_windows_are_those_of_the_sessions(sessions, tmp_path, activations):
    expected = load_windows(sessions, activations=activations).with_mirrored()
    store = open_windows(sessions, tmp_path, {"with_activations": activations}).with_mirrored()
    read = store.take(range(len(store)))
    assert tuple(store.names) == read.names == expected.names
    assert tuple(store.subjects) == expected.subjects
    for field in dataclasses.fields(expected):
        one, other = getattr(read, field.name), getattr(expected, field.name)
        assert torch.equal(one, other) if isinstance(other, torch.Tensor) else one == other, field.name


def test_any_batch_is_a_selection_of_all_windows(sessions, tmp_path):
    store = open_windows(sessions, tmp_path, SETTINGS).with_mirrored()
    everything = store.take(range(len(store)))
    chosen = torch.tensor([len(store) - 1, 0, 3, 3])
    assert torch.equal(store.take(chosen).motion, everything.motion[chosen])
    assert torch.equal(torch.cat([part.motion for part in store.batches(3)]), everything.motion)
    assert [len(part) for part in store.batches(len(store) - 1)] == [len(store) - 1, 1]


def test_windows_are_made_anew_where_any_code_that_reads_them_has_changed():
    read_all = """
import sys
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import discover_sessions
from dataset.windows.motion_dataset import read_session
for session in discover_sessions(SHIPPED_DEMO):
    read_session(session)
    read_session(session, with_activations=True)
print(*(module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)), sep="\\n")
"""
    files = subprocess.run([sys.executable, "-c", read_all], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    used = {Path(name) for name in files.stdout.splitlines()}
    code = {path for folder in ("dataset", "models") for path in (REPOSITORY / folder).rglob("*.py")}
    hashed = {path for pattern in _CODE for path in REPOSITORY.glob(pattern)}
    named = {path for path in used & code if path.name != "__init__.py"}
    assert len(named) > 50
    assert named <= hashed


def test_windows_are_made_once(sessions, tmp_path, monkeypatch):
    first = open_windows(sessions, tmp_path, SETTINGS)
    monkeypatch.setattr(window_store, "store_session", None)
    assert open_windows(sessions, tmp_path, SETTINGS).names == first.names


def test_windows_are_made_anew_where_a_file_changed_and_only_there(root, tmp_path):
    changed, other = discover_sessions(root)[:2]
    for session in (changed, other):
        store_session(session, tmp_path, SETTINGS)
    trial = changed.squat_trials[0]
    os.utime(trial, ns=(1, 1))
    assert stored_index(changed, tmp_path, SETTINGS) is not None, "the content is the same"
    with trial.open("a") as file:
        file.write("\n")
    assert stored_index(changed, tmp_path, SETTINGS) is None
    assert stored_index(other, tmp_path, SETTINGS) is not None
    assert stored_index(other, tmp_path, {"with_activations": True}) is None
    open_windows([changed, other], tmp_path, SETTINGS)
    assert len(list(tmp_path.glob("*.frames"))) == 2, "the old frames are removed"


def test_old_frames_of_a_session_with_brackets_in_its_name_are_removed(root, tmp_path):
    (session,) = (one for one in discover_sessions(root) if one.id == "demo-person-040")
    shutil.copytree(session.path, tmp_path / "demo [1]")
    session = open_session(tmp_path / "demo [1]")
    for _ in range(2):
        store_session(session, tmp_path, SETTINGS)
        with session.squat_trials[0].open("a") as file:
            file.write("\n")
    assert len(list(tmp_path.glob("*.frames"))) == 1


def test_a_file_that_no_reader_reads_is_not_hashed(root, tmp_path, caplog):
    (session,) = (one for one in discover_sessions(root) if one.id == "demo-person-040")
    huge = session.trials[0].with_name("squats-of-another-program.mot")
    with huge.open("wb") as file:
        file.truncate(50 << 30)  # sparse
    try:
        began_s = time.process_time()
        index = store_session(session, tmp_path, SETTINGS)
        assert time.process_time() - began_s < 10
        assert stored_index(session, tmp_path, SETTINGS) == index
        assert [item.source for item in index.left_out] == ["demo-person-040/squats-of-another-program"]
        assert "expected 1.07 GB at most" in index.left_out[0].reason
    finally:
        huge.unlink()


def test_windows_are_made_anew_where_the_model_of_one_trial_changed(root, tmp_path):
    session = discover_sessions(root)[0]
    own = session.path / "OpenSimData" / "Model" / session.squat_trials[0].stem / "own.osim"
    own.parent.mkdir()
    try:
        shutil.copy(session.model_path, own)
        store_session(session, tmp_path, SETTINGS)
        own.write_text(own.read_text() + "\n")
        assert stored_index(session, tmp_path, SETTINGS) is None
    finally:
        shutil.rmtree(own.parent)


def test_an_interrupted_call_goes_on_where_it_stopped(sessions, tmp_path, monkeypatch):
    def interrupted(session, folder, settings):
        if session is sessions[-1]:
            raise KeyboardInterrupt
        return store_session(session, folder, settings)

    monkeypatch.setattr(window_store, "store_session", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_windows(sessions, tmp_path, SETTINGS)
    made = []
    monkeypatch.setattr(window_store, "store_session", lambda one, *rest, **named: made.append(one.id) or "made")
    monkeypatch.setattr(window_store, "_store_of", lambda folder, indices: indices)
    open_windows(sessions, tmp_path, SETTINGS)
    assert made == [sessions[-1].id]


def test_damaged_files_are_made_anew(sessions, tmp_path):
    index = store_session(sessions[0], tmp_path, SETTINGS)
    frames = tmp_path / index.frame_file
    content = frames.read_bytes()
    for damaged in (content[:-1], content[:1000] + bytes(512) + content[1512:]):
        frames.write_bytes(damaged)
        assert stored_index(sessions[0], tmp_path, SETTINGS) is None
    frames.write_bytes(content)
    assert stored_index(sessions[0], tmp_path, SETTINGS) == index
    for path in tmp_path.glob("*.json"):
        path.write_text(path.read_text()[:-1])
    assert stored_index(sessions[0], tmp_path, SETTINGS) is None


def test_a_repeated_end_is_stored_once(sessions, tmp_path):
    index: SessionIndex = store_session(sessions[0], tmp_path, SETTINGS)
    for window in index.windows:
        frames = read_frames(tmp_path / index.frame_file, index.dtype, window)
        assert len(frames) == window.frames
        assert (frames[window.stored - 1 :] == frames[-1]).all()
        assert window.stored == 1 or frames[window.stored - 2] != frames[-1]
    assert np.unique([window.frames for window in index.windows]) == [196]


def test_warnings_are_repeated_although_nothing_is_read(root, tmp_path, caplog):
    session = discover_sessions(root)[0]
    folder = tmp_path / "Data" / session.path.name
    shutil.copytree(session.path, folder)
    (folder / "OpenSimData" / "Kinematics" / "squat_empty.mot").write_text("nothing\n")
    for _ in range(2):
        caplog.clear()
        store = open_windows(discover_sessions(tmp_path), tmp_path / "store", SETTINGS)
        assert [item.source for item in store.left_out] == [f"{session.id}/squat_empty"]
        assert "squat_empty.mot" in caplog.text


def test_sessions_without_windows_are_an_error(tmp_path):
    (tmp_path / "Data" / "nobody" / "OpenSimData" / "Kinematics").mkdir(parents=True)
    with pytest.raises(InputError, match="no usable repetition"):
        open_windows(discover_sessions(tmp_path), tmp_path / "store", SETTINGS)


@pytest.mark.parametrize("content", ["windows", "samples"])
def test_a_cache_folder_that_cannot_be_made_is_named_with_its_variable(tmp_path, monkeypatch, content):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BIGE_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=rf"{content} cannot be stored there .*BIGE_CACHE"):
        cache_folder(tmp_path, content)


def test_no_subject_is_in_two_sets(root):
    windows = open_split(root, seed=1)
    assert set(windows.training.subjects).isdisjoint(windows.held_out.subjects)
    assert any(cache_folder(root, "windows").iterdir())
    assert cache_folder(root, "windows") != cache_folder(root.parent, "windows")
