"""Two recordings of one name, one id or one placeholder subject are told apart, and stale results are not kept."""

import json
import logging
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.io.opensim_table import write_table
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import Session, discover_sessions, open_session
from dataset.splits import split_sessions
from models.conventions import MUSCLES, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import SimulationSettings
from models.muscles.static_optimization import PELVIS
from utils.metrics.evaluation import with_requested_activation
from utils.metrics.evaluation_config import EvaluationConfig
from utils.metrics.motion_set import find_known_sessions
from utils.runs.recorded_session import find_run_records
from utils.runs.shared_configs import SessionConfig
from utils.simulation import repetition_files
from utils.simulation.fingerprint import FINGERPRINT, fingerprint_of, kept_summary, remove_surplus, require_same_session
from utils.simulation.repetition_files import (
    TOOLS_FOLDER,
    motion_path,
    summary_path,
    table_paths,
    write_repetition,
)
from utils.simulation.session_simulation import repetition_names


def make_session(path, *, subject=None, trials=()):
    kinematics = path / "OpenSimData" / "Kinematics"
    kinematics.mkdir(parents=True)
    for trial in trials:
        (kinematics / f"{trial}.mot").write_text(trial)
    if subject is not None:
        (path / "sessionMetadata.yaml").write_text(f"subjectID: {subject}\n")
    return Session(path)


def test_two_sessions_of_one_id_are_two_and_are_named(tmp_path, caplog):
    make_session(tmp_path / "Data" / "abc")
    make_session(tmp_path / "OpenCapData_abc")
    with caplog.at_level(logging.WARNING, "bige"):
        sessions = discover_sessions(tmp_path)
    assert sorted(session.id for session in sessions) == ["OpenCapData_abc", "abc"]
    assert "have the same id" in caplog.text
    assert open_session("abc", tmp_path).path == tmp_path / "Data" / "abc"
    assert open_session("OpenCapData_abc", tmp_path).path == tmp_path / "OpenCapData_abc"


@pytest.mark.parametrize("placeholder", ["defaultSubject", "default subject", "Subject", '""', "unknown", "~"])
def test_a_placeholder_is_nobodys_name(tmp_path, placeholder):
    sessions = [make_session(tmp_path / "Data" / f"s{k}", subject=placeholder) for k in range(3)]
    assert len({session.subject for session in sessions}) == 3


def test_placeholders_are_said_once_and_split_as_different_subjects(tmp_path, caplog):
    for k in range(3):
        make_session(tmp_path / "Data" / f"s{k}", subject="defaultSubject")
    make_session(tmp_path / "Data" / "s3", subject="subject7")
    with caplog.at_level(logging.WARNING, "bige"):
        split_sessions(discover_sessions(tmp_path))
        sessions = discover_sessions(tmp_path)
    assert caplog.text.count("placeholder") == 1
    assert [session.subject for session in sessions] == ["s0", "s1", "s2", "subject7"]


def find_trials(session: Session, *trials) -> list[Path]:
    return SessionConfig(subject=str(session.path), trial=trials).find_trials(session)


def test_trials_of_one_stem_have_results_of_their_own(tmp_path):
    session = make_session(tmp_path / "a", trials=["squats1", "squats1_ik", "squats2_ik"])
    names = repetition_names(session, session.squat_trials)
    assert list(names.values()) == ["squats1", "squats1_ik", "squats2"]
    assert list(repetition_names(session, [session.trial("squats1_ik")]).values()) == ["squats1_ik"]
    other = make_session(tmp_path / "b", trials=["squats1"])
    with pytest.raises(InputError, match="have one name"):
        find_trials(session, session.trial("squats1"), other.trial("squats1"))
    assert find_trials(session, "squats1", session.trial("squats1")) == [session.trial("squats1")]


def test_trials_that_differ_in_case_are_told_apart(tmp_path):
    session = make_session(tmp_path / "a", trials=["SQUATS1", "Squats1", "squats1"])
    if len(session.trials) < 3:
        pytest.skip("this file system does not tell case")
    assert [session.trial(name).stem for name in ("SQUATS1", "Squats1.mot", "squats1")] == [
        "SQUATS1",
        "Squats1",
        "squats1",
    ]
    with pytest.raises(InputError, match="give the path of one file at a time"):
        find_trials(session)


# A summary with the numbers that tables are made of.
WHOLE = {
    "repetition": "squats1_segment_1",
    "start_s": 0.5,
    "end_s": 2.0,
    "peak_vertical_force_bw": 1.2,
    "residual_rms": dict.fromkeys(PELVIS, 3.0),
    "reserve_rms_nm": {f"{name}_{side}": 1.0 for name in LEG_COORDINATES for side in SIDES},
    "peak_activation": dict.fromkeys(MUSCLES, 0.3),
    "warnings": ["noisy"],
}


def write_tables(folder, name):
    """The motion and the tables of a repetition."""
    for path in (motion_path(folder, name), *table_paths(folder, name)):
        write_table(path, ["knee_angle_r"], np.zeros((3, 1)), np.array([0.5, 1.0, 2.0]), old_header=True)


@pytest.fixture
def simulated(tmp_path):
    """Files of one repetition, and the model and trial that they were made from."""
    model, trial, name = tmp_path / "a.osim", tmp_path / "squats1.mot", "squats1_segment_1"
    model.write_text("model")
    trial.write_text("motion")
    folder = tmp_path / "Dynamics" / name
    folder.mkdir(parents=True)
    write_tables(folder, name)
    summary = WHOLE | {FINGERPRINT: fingerprint_of(model, trial, None)}
    summary_path(folder, name).write_text(json.dumps(summary))
    return model, trial, folder, name


def test_an_unchanged_result_is_kept_and_a_stale_one_is_made_anew_with_the_reason(simulated, caplog):
    model, trial, folder, name = simulated
    same = fingerprint_of(model, trial, SimulationSettings())
    assert kept_summary(folder, name, same, (0.5, 2.0))["end_s"] == 2.0
    assert kept_summary(folder, name, same, (0.5, 2.1)) is None
    assert kept_summary(folder, name, fingerprint_of(model, trial, None, exact_paths=True), (0.5, 2.0)) is None
    assert "its settings changed" in caplog.text
    model.write_text("model, twice as strong")
    trial.write_text("another motion")
    assert kept_summary(folder, name, fingerprint_of(model, trial, None), (0.5, 2.0)) is None
    assert "its model and motion changed" in caplog.text


def test_a_result_of_an_earlier_simulation_is_made_anew(simulated, monkeypatch, caplog):
    model, trial, folder, name = simulated
    monkeypatch.setattr("utils.simulation.fingerprint.SIMULATION_VERSION", "another")
    assert kept_summary(folder, name, fingerprint_of(model, trial, None), (0.5, 2.0)) is None
    assert "its simulation changed" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        {"start_s": "0.5"}, {"end_s": None}, {"peak_activation": {"vasmed_l": 0.3}}, {"residual_rms": 3.0},
        {"warnings": "none"}, {"repetition": 1}, {"reserve_rms_nm": {}},
    ],
)  # fmt: skip
def test_a_repetition_whose_summary_is_damaged_is_made_anew(simulated, damage, caplog):
    model, trial, folder, name = simulated
    same = fingerprint_of(model, trial, None)
    summary_path(folder, name).write_text(json.dumps(WHOLE | {FINGERPRINT: same} | damage))
    assert kept_summary(folder, name, same, (0.5, 2.0)) is None
    assert "simulated anew, because its summary changed" in caplog.text


OTHER = {"model": "another", "motion": "another", "settings": "another", "simulation": "another"}


@pytest.fixture
def written(monkeypatch):
    """In place of the writers of a repetition's tables and motion: their paths, which get a text."""
    paths = []

    def write(path):
        paths.append(path)
        path.write_text("new")

    for writer in ("_write_moments", "_write_ground_forces", "_write_reserves"):
        monkeypatch.setattr(repetition_files, writer, lambda *arguments: write(arguments[-1]))
    monkeypatch.setattr(repetition_files, "write_motion", lambda path, *_, **__: write(path))
    return paths


def write_set_up(folder):
    """A folder for OpenSim's tools."""
    folder.mkdir()
    (folder / "setup.xml").write_text("set-up")


def write_other(folder, name, write_tools=None):
    """Write the repetition as simulated from something else."""
    simulated = SimpleNamespace(name=name, motion=None)
    write_repetition(None, simulated, WHOLE | {FINGERPRINT: OTHER}, folder, write_tools)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("writer", ["_write_moments", "_write_reserves", "write_json", "write_motion"])
def test_a_disk_that_is_full_leaves_the_repetition_that_was_there(simulated, written, writer, monkeypatch):
    _, _, folder, name = simulated
    write_set_up(folder / TOOLS_FOLDER)
    before = contents(folder)

    def full(*arguments, **_):
        raise OSError(28, "No space left on device", next(str(path) for path in arguments if isinstance(path, Path)))

    monkeypatch.setattr(repetition_files, writer, full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_other(folder, name)
    assert Path(raised.value.filename).parent == folder
    assert contents(folder) == before


@pytest.mark.parametrize("moved", range(5))
def test_a_simulation_that_is_killed_in_replacing_is_made_anew(simulated, written, moved, monkeypatch):
    model, trial, folder, name = simulated
    old = fingerprint_of(model, trial, None)
    replace, count = os.replace, []

    def dying(source, place):
        if Path(place).parent == folder:
            if len(count) == moved:
                raise KeyboardInterrupt
            count.append(place)
        replace(source, place)

    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(KeyboardInterrupt):
        write_other(folder, name)
    assert kept_summary(folder, name, old, (0.5, 2.0)) is None
    assert kept_summary(folder, name, OTHER, (0.5, 2.0)) is None


def test_the_folder_for_opensim_takes_the_place_of_an_earlier_one_with_the_motion(simulated, written, monkeypatch):
    """A full disk while it is written leaves the earlier one, with the repetition that it is of."""
    folder, name = simulated[2:]
    write_set_up(folder / TOOLS_FOLDER)
    before = contents(folder)

    def full(place):
        write_set_up(place)
        raise OSError(28, "No space left on device", str(place / "motion.mot"))

    with pytest.raises(OSError, match="No space left") as raised:
        write_other(folder, name, full)
    assert Path(raised.value.filename) == folder / TOOLS_FOLDER / "motion.mot"
    assert contents(folder) == before
    (folder / TOOLS_FOLDER / "old.sto").touch()
    write_other(folder, name, write_set_up)
    assert [path.name for path in (folder / TOOLS_FOLDER).iterdir()] == ["setup.xml"]
    write_other(folder, name)
    assert not (folder / TOOLS_FOLDER).exists()


def test_results_of_another_program_are_not_replaced(simulated):
    model, trial, folder, name = simulated
    summary_path(folder, name).unlink()
    with pytest.raises(InputError, match="--overwrite"):
        kept_summary(folder, name, fingerprint_of(model, trial, None), (0.5, 2.0))


def test_repetitions_that_a_trial_no_longer_has_are_removed_where_this_program_made_them(simulated):
    folder = simulated[2]
    foreign = folder.with_name("squats1_segment_2")
    foreign.mkdir()
    remove_surplus(folder.parent, "squats1", 1)
    assert folder.is_dir()
    remove_surplus(folder.parent, "squats1", 0)
    assert not folder.exists()
    assert foreign.is_dir()


def test_results_of_another_session_of_the_name_are_refused_and_those_of_a_moved_one_are_not(tmp_path):
    first, moved, other = (make_session(tmp_path / name / "s", trials=["squats1"]) for name in ("a", "b", "c"))
    for session in (first, moved, other):
        model = session.path / "OpenSimData" / "Model" / "scaled.osim"
        model.parent.mkdir()
        model.write_text("another model" if session is other else "model")
    name = "squats1_segment_1"
    folder = tmp_path / "out" / "s" / "OpenSimData" / "Dynamics" / name
    folder.mkdir(parents=True)
    write_tables(folder, name)
    old = fingerprint_of(first.model_path, first.trial("squats1"), None, session=first.path)
    summary_path(folder, name).write_text(json.dumps(WHOLE | {FINGERPRINT: old}))
    for session in (first, moved):
        require_same_session(folder.parent, session, session.trials)
    new = fingerprint_of(moved.model_path, moved.trial("squats1"), None, session=moved.path)
    assert kept_summary(folder, name, new, (0.5, 2.0)) is not None
    with pytest.raises(InputError, match="another session of this name") as refused:
        require_same_session(folder.parent, other, other.trials)
    assert all(str(session.path) in str(refused.value) for session in (first, other))


def test_the_record_of_a_run_names_session_and_requested_activation(tmp_path):
    session = make_session(tmp_path / "people" / "somebody")
    folder = tmp_path / "run" / "mot_visualization" / "latents_subject_run_somebody"
    folder.mkdir(parents=True)
    asked = {"subject": str(session.path), "low": 0.2, "high": 0.3, "muscle": "soleus"}
    (folder / "args.json").write_text(json.dumps(asked))
    for place in (tmp_path / "run", folder.parent, folder):
        (record,) = find_run_records(place)
        assert (record.session.path, record.low, record.high, record.muscle) == (session.path, 0.2, 0.3, "soleus")
    for given in (
        {},
        {"low": 0.25},
        {"low": 0.4, "high": 0.5},
        {"muscle": "vasmed"},
        {"muscle": "quadriceps"},
    ):  # of the rest the run was asked
        found = with_requested_activation(EvaluationConfig(folder_path=folder, **given))
        assert (found.low, found.high, found.muscle) == tuple((asked | given)[key] for key in ("low", "high", "muscle"))
    (folder / "args.json").write_text(json.dumps(asked | {"high": 0.2}))  # exactly one value
    (record,) = find_run_records(folder)
    assert (record.low, record.high) == (0.2, 0.2)
    assert EvaluationConfig(folder_path=folder, low=0.2, high=0.2).requested_activation == (0.2, 0.2, "vasmed")
    for wrong in ({"low": None}, {"low": "0.2"}, {"high": [0.3]}, {"low": 0.4}, {"low": -0.1}, {"high": 1.5}):
        (folder / "args.json").write_text(json.dumps(asked | wrong))
        (record,) = find_run_records(folder)
        assert (record.low, record.high, record.muscle) == (None, None, None), wrong
    shutil.rmtree(session.path)
    assert find_run_records(folder)[0].session is None
    (folder / "args.json").write_text(json.dumps({"subject": "demo-person-040"}))
    assert find_run_records(folder)[0].session.id == "demo-person-040"
    assert find_run_records(tmp_path / "people") == []


def test_a_person_of_the_own_data_is_not_taken_for_the_demo_person_of_the_same_id(tmp_path, monkeypatch):
    """Motions of the one were evaluated on the model of the other."""
    own = make_session(tmp_path / "root" / "Data" / "demo-person-040")
    folder = tmp_path / "run" / "mot_visualization" / "latents_subject_run_demo-person-040"
    folder.mkdir(parents=True)

    def found(**arguments) -> Path | None:
        (folder / "args.json").write_text(json.dumps({"subject": "demo-person-040", **arguments}))
        (record,) = find_run_records(folder)
        return record.session and record.session.path

    demo = SHIPPED_DEMO / "Data" / "demo-person-040"
    monkeypatch.setenv("BIGE_DEMO", str(SHIPPED_DEMO))
    monkeypatch.delenv("BIGE_DATA", raising=False)
    assert found() == found(dataname="demo") == demo
    assert found(dataname="mcs") is None
    assert found(dataname=["mcs"]) == demo
    named = {"BIGE_DATA": str(tmp_path / "root")}
    assert found(_environment=named) == found(dataname="mcs", _environment=named) == own.path
    assert found(dataname="demo", _environment=named) == demo
    for other in ({"BIGE_DATA": str(tmp_path / "moved")}, {"BIGE_DATA": 3}, ["BIGE_DATA"]):
        assert found(_environment=other) == demo
    assert found(data_root=str(tmp_path / "root")) == own.path
    monkeypatch.setenv("BIGE_DATA", str(tmp_path / "root"))
    assert found() == found(dataname="mcs") == own.path
    assert found(dataname="demo") == demo
    assert found(subject="demo-person-075") == SHIPPED_DEMO / "Data" / "demo-person-075"


def test_the_session_that_a_run_names_comes_before_a_demo_person_of_its_id_and_after_the_data_root(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("BIGE_DEMO", str(SHIPPED_DEMO))
    own = make_session(tmp_path / "root" / "Data" / "demo-person-040")
    other = make_session(tmp_path / "other" / "Data" / "demo-person-040")
    demo = open_session(SHIPPED_DEMO / "Data" / "demo-person-040")

    def known(**more) -> Path:
        return next(session.path for session in find_known_sessions(**more) if session.id == demo.id)

    with caplog.at_level("INFO"):
        assert known() == known(recorded=[demo]) == demo.path
        assert not caplog.records
        assert known(recorded=[own]) == own.path
        assert str(own.path) in caplog.text
    assert known(recorded=[own], data_root=tmp_path / "other") == other.path


def test_subjects_that_differ_in_case_only_are_named(tmp_path, caplog):
    for k, subject in enumerate(("anna", "Anna", "bert")):
        make_session(tmp_path / "Data" / f"s{k}", subject=subject)
    assert [session.subject for session in discover_sessions(tmp_path)] == ["anna", "Anna", "bert"]
    assert "the subjects 'Anna' and 'anna' differ in case or spaces only, and count as two" in caplog.text


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: os.truncate(path, path.stat().st_size - 20)])
def test_a_repetition_of_which_a_file_is_lost_or_cut_off_is_simulated_anew(simulated, caplog, which, spoil):
    model, trial, folder, name = simulated
    same = fingerprint_of(model, trial, None)
    path = (*table_paths(folder, name), motion_path(folder, name))[which]
    spoil(path)
    assert kept_summary(folder, name, same, (0.5, 2.0)) is None
    assert path == motion_path(folder, name) or f"simulated anew, because its {path.name} changed" in caplog.text
