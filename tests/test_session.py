"""Sessions: folder layouts, names of repetitions, choice of the model, metadata, and messages of errors."""

import os
from pathlib import Path

import pytest
from synthetic_squats import RECORDED_REPETITIONS

from dataset.errors import InputError
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session, data_root, discover_sessions, open_session, repetition_of
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.run_fingerprint import changes_since, run_fingerprint


def _make(session, models=(), trials=(), repetitions=(), metadata=None):
    for folder, names in (("Model", models), ("Kinematics", trials), ("Dynamics", repetitions)):
        for name in names:
            file = session / "OpenSimData" / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (session / "OpenSimData").mkdir(parents=True, exist_ok=True)
    if metadata:
        (session / "sessionMetadata.yaml").write_text(metadata)
    return session


@pytest.fixture
def root(tmp_path):
    _make(
        tmp_path / "Data" / "015b7571",
        models=["LaiArnold_scaled.osim", "LaiArnold_scaled_adjusted_contacts.osim", "._LaiArnold_scaled.osim"],
        trials=["SQT01.mot", "My_squat.mot", "lunge.mot", "._SQT01.mot", "squat.txt"],
        repetitions=[
            f"{name}/kinematics_activations_{name}_muscle_driven.mot"
            for name in ("SQT01_segment_10", "SQT01_segment_9", "lunge_segment_1")
        ]
        + ["SQT01_segment_9/kinetics_SQT01_segment_9_muscle_driven.mot"],
        metadata="mass_kg: 72.5\r\nheight_m: 1.78\r\nsubjectID: 'S 1'\r\nsettings:\r\n  framerate: 60\r\n",
    )
    _make(tmp_path / "OpenCapData_7562e3c0", trials=["DLS01_ik.mot", "walk.mot"], metadata="mass_kg: unknown\n")
    (tmp_path / "Data" / "notes").mkdir()
    return tmp_path


def test_sessions_are_found_in_both_layouts(root):
    assert [session.id for session in discover_sessions(root)] == ["015b7571", "7562e3c0"]
    assert [session.id for session in discover_sessions(root / "Data")] == ["015b7571"]
    assert [session.id for session in discover_sessions(root / "OpenCapData_7562e3c0")] == ["7562e3c0"]


def test_a_session_is_opened_by_folder_or_id(root, monkeypatch):
    monkeypatch.delenv("BIGE_DATA", raising=False)
    folder = root / "OpenCapData_7562e3c0"
    assert open_session(folder).path == folder
    assert open_session("7562e3c0", root).path == folder
    assert open_session("OpenCapData_7562e3c0", root).path == folder
    assert open_session("7562e3c0/", root).path == open_session("./OpenCapData_7562e3c0", root).path == folder
    with pytest.raises(InputError, match="--data-root or set .BIGE_DATA"):
        open_session("7562e3c0")
    with pytest.raises(InputError, match="~nobody-of-this-name/s1: no such session folder"):
        open_session("~nobody-of-this-name/s1")
    monkeypatch.setenv("BIGE_DATA", str(root))
    assert open_session("7562e3c0").path == folder


def test_endings_of_files_are_known_in_capitals_too(tmp_path):
    session = Session(_make(tmp_path / "s", models=["A_scaled.OSIM"], trials=["squat1.mot", "SQUAT2.MOT"]))
    assert [path.name for path in session.squat_trials] == ["SQUAT2.MOT", "squat1.mot"]
    assert session.trial("squat2.MOT").name == session.trial("squat2").name == "SQUAT2.MOT"
    before = run_fingerprint(GuidanceConfig(subject=str(session.path)), session)
    session.model_path.write_text("another model")
    assert changes_since(before, run_fingerprint(GuidanceConfig(subject=str(session.path)), session)) == ["model"]


def test_another_choice_among_the_models_is_another_fingerprint(tmp_path):
    folder = _make(tmp_path / "s", models=["A_scaled.osim", "B_scaled.osim"], trials=["squat1.mot"])
    models = [folder / "OpenSimData" / "Model" / f"{name}_scaled.osim" for name in "AB"]
    fingerprints = []
    for newest in (0, 1, 0):
        for number, path in enumerate(models):
            os.utime(path, (number == newest, number == newest))
        session = Session(folder)
        assert session.model_path == models[newest]
        fingerprints.append(run_fingerprint(GuidanceConfig(subject=str(folder)), session))
    assert changes_since(fingerprints[0], fingerprints[1]) == ["model"]
    assert fingerprints[0] == fingerprints[2]


def test_contents_of_a_session(root):
    session = open_session("015b7571", root)
    assert session.model_path.name == "LaiArnold_scaled_adjusted_contacts.osim"
    assert [path.stem for path in session.squat_trials] == ["My_squat", "SQT01"]
    assert len(session.trials) == 3
    assert [repetition_of(path) for path in session.squat_muscle_driven] == [("SQT01", 9), ("SQT01", 10)]
    assert len(session.muscle_driven) == 3
    assert session.subject == "S 1"
    assert session.metadata["settings"] == {"framerate": "60"}
    assert session.trial("lunge") == session.trial("LUNGE.mot") == session.path / "OpenSimData/Kinematics/lunge.mot"


@pytest.mark.parametrize(
    ("models", "taken"),
    [
        (["generic_unscaled.osim", "subject01_scaled.osim"], "subject01_scaled.osim"),
        (["a_not-scaled.osim", "b.osim", "c_scaled.osim"], "c_scaled.osim"),
        (["LaiUhlrich2022_generic_contacts.osim", "LaiUhlrich2022_scaled.osim"], "LaiUhlrich2022_scaled.osim"),
        (["a_scaled_no_contacts.osim", "b_scaled_contacts.osim"], "b_scaled_contacts.osim"),
        (["UNSCALED.OSIM", "Scaled.OSIM"], "Scaled.OSIM"),
        (["Scaled_generic.osim", "subject_not_scaled.osim"], "Scaled_generic.osim"),
    ],
)
def test_the_model_is_chosen_by_meaning(tmp_path, caplog, models, taken):
    session = Session(_make(tmp_path / "s", models=models))
    with caplog.at_level("INFO"):
        assert session.model_path.name == taken
    assert all(name in caplog.text for name in models)


@pytest.mark.parametrize(
    ("models", "warned"),
    [(["generic.osim", "a_unscaled.osim"], True), (["not_scaled.osim"], True), (["generic_scaled.osim"], False)],
)
def test_models_that_are_not_scaled_give_a_warning(tmp_path, caplog, models, warned):
    assert Session(_make(tmp_path / "s", models=models)).model_path.name in models
    assert ("no model there is scaled" in caplog.text) == warned


def test_of_equal_models_the_newest_is_taken(tmp_path):
    session = Session(_make(tmp_path / "s", models=["a_scaled.osim", "b_scaled.osim"]))
    os.utime(session.path / "OpenSimData/Model/b_scaled.osim", (1e9, 1e9))
    assert session.model_path.name == "a_scaled.osim"


@pytest.mark.parametrize("published", ["Rajagopal2015.osim", "LaiUhlrich2022.osim", "gait2392_simbody.osim"])
def test_a_model_of_a_published_name_is_taken_after_one_of_another_name(tmp_path, published):
    session = Session(_make(tmp_path / "s", models=["subject01.osim", published]))
    os.utime(session.path / "OpenSimData/Model/subject01.osim", (1e9, 1e9))
    assert session.model_path.name == "subject01.osim"


@pytest.mark.parametrize(("others", "own"), [("generic", "scaled"), ("Unscaled models", "Scaled models")])
def test_folders_of_kinds_of_models_are_not_those_of_trials(tmp_path, caplog, others, own):
    session = Session(_make(tmp_path / "s", models=[f"{folder}/Rajagopal2015.osim" for folder in (own, others)]))
    with caplog.at_level("INFO"):
        chosen = session.model_path
    assert session.model_for(session.path / "OpenSimData/Kinematics/squat1.mot") == chosen
    assert chosen.parent.name == own
    assert f"{others}/Rajagopal2015.osim" in caplog.text


def test_a_trial_has_its_own_model(tmp_path, caplog):
    session = Session(
        _make(
            tmp_path / "s",
            models=["squats1/scaled.osim", "squats1_slow/scaled.osim", "squats10/scaled.osim"],
            trials=["squats1.mot", "squats1_slow_ik.mot", "squats10.mot", "squats2.mot"],
            repetitions=["squats10_segment_1/kinematics_activations_squats10_segment_1_muscle_driven.mot"],
        )
    )
    folder = {path.stem: session.model_for(path).parent.name for path in session.trials if path.stem != "squats2"}
    assert folder == {"squats1": "squats1", "squats1_slow_ik": "squats1_slow", "squats10": "squats10"}
    assert session.model_for(session.muscle_driven[0]).parent.name == "squats10"
    assert session.model_for("elsewhere/squats1_segment_2.mot").parent.name == "squats1"
    with pytest.raises(InputError, match="no model for the trial squats2"):
        session.model_for(session.trial("squats2"))
    with caplog.at_level("INFO"):
        assert session.model_path.parent.name == session.model_for("elsewhere/entry_0.mot").parent.name == "squats1"
    assert "stands for the subject" in caplog.text


def test_the_model_of_the_first_squat_trial_stands_for_the_subject(tmp_path):
    folder = _make(
        tmp_path / "s", models=["gait1/scaled.osim", "squats2/scaled.osim"], trials=["gait1.mot", "squats2.mot"]
    )
    assert Session(folder).model_path.parent.name == "squats2"


def test_the_model_of_one_trial_is_not_that_of_another(tmp_path):
    folder = _make(tmp_path / "s", models=["squats1/scaled.osim"], trials=["squats1.mot", "squats2.mot"])
    session = Session(folder)
    assert session.model_for(session.trial("squats1")).parent.name == "squats1"
    with pytest.raises(InputError, match="no model for the trial squats2"):
        session.model_for(session.trial("squats2"))
    other = Session(_make(tmp_path / "t", models=["LaiUhlrich2022/scaled.osim"], trials=["squats1.mot"]))
    assert other.model_for(other.trial("squats1")).parent.name == "LaiUhlrich2022"


@pytest.mark.parametrize(
    ("models", "has_model"),
    [((), False), (("notes.txt",), False), (("a.osim",), True), (("squats1/a.osim",), True)],
    ids=["none", "another file", "of the session", "of a trial"],
)
def test_a_session_says_whether_it_has_a_model(tmp_path, models, has_model):
    _make(tmp_path, models=models)
    assert Session(tmp_path).has_model == has_model
    assert Session(tmp_path, model=tmp_path / "b.osim").has_model


def test_a_model_can_be_named(tmp_path):
    folder = _make(tmp_path / "s", models=["a_scaled.osim"], trials=["squats1.mot"])
    (tmp_path / "mine.osim").touch()
    session = open_session(folder, model=tmp_path / "mine.osim")
    assert open_session(folder, model=str(tmp_path / "mine.osim")) == session
    assert session.model_path == session.model_for(session.trials[0]) == tmp_path / "mine.osim"
    with pytest.raises(InputError, match="see --model"):
        open_session(folder, model=tmp_path / "nothing.osim")


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        (b"subjectID:\tS7\nmass_kg:\t70\n", "S7"),
        (b"subjectID: S7\r\nheight_m: 1.8\r\n", "S7"),
        ("subjectID: J\u00fcrgen\n".encode("latin-1"), "J\u00fcrgen"),
        (b"subjectID: 007\n", "007"),
        (b"subjectID:\n  nested: 1\n", "odd"),
        (b"", "odd"),
    ],
)
def test_metadata_of_odd_files(tmp_path, content, subject):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "sessionMetadata.yaml").write_bytes(content)
    assert Session(tmp_path / "odd").subject == subject


@pytest.mark.parametrize("content", [b"- a\n- list\n", b"only words\n", b"a: b: c\n", b"\x00\x01\x02"])
def test_metadata_that_is_not_a_mapping_gives_a_warning(tmp_path, caplog, content):
    (tmp_path / "sessionMetadata.yaml").write_bytes(content)
    assert Session(tmp_path).metadata == {}
    assert "sessionMetadata.yaml: not read" in caplog.text


def test_all_trials_are_used_if_none_is_named_squat(root, caplog):
    caplog.set_level("INFO")
    session = open_session("7562e3c0", root)
    assert [path.stem for path in session.squat_trials] == ["DLS01_ik", "walk"]
    assert "no trial is named squat" in caplog.text
    assert session.trial("DLS01").stem == "DLS01_ik"
    assert session.subject == "7562e3c0"
    with pytest.raises(InputError, match="DLS01_ik, walk"):
        session.trial("squats1")


def test_a_trial_of_another_ending_is_named(tmp_path, caplog):
    session = Session(_make(tmp_path / "sto", trials=["squats1.mot", "squats2.sto"]))
    with caplog.at_level("INFO"):
        assert [path.name for path in session.squat_trials] == ["squats1.mot"]
    assert "not used: squats2.sto; --trial takes the path of one" in caplog.text


def test_errors_list_what_was_found(root, tmp_path, monkeypatch):
    monkeypatch.delenv("BIGE_DATA", raising=False)
    with pytest.raises(InputError, match=r"no scaled model.*no such folder"):
        _ = open_session("7562e3c0", root).model_path
    with pytest.raises(InputError, match="it has 015b7571, 7562e3c0"):
        open_session("unknown", root)
    with pytest.raises(InputError, match=r"not an OpenCap session.*found notes|found 015b7571, notes"):
        open_session(root / "Data")
    with pytest.raises(InputError, match="found nothing"):
        discover_sessions(root / "Data" / "notes")
    with pytest.raises(InputError, match=r"--data-root.*BIGE_DATA.*--dataname demo"):
        data_root(None)
    with pytest.raises(InputError, match=r"absent: there is no such folder.*--data-root"):
        data_root(tmp_path / "absent")
    monkeypatch.setenv("BIGE_DATA", str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"gone: there is no such folder.*BIGE_DATA"):
        data_root(None)


def test_data_of_an_unknown_name_are_refused_and_not_taken_for_the_demo_people():
    with pytest.raises(InputError, match="--dataname is 'opencap', expected one of mcs, demo"):
        GuidanceConfig(subject="demo-person-040", dataname="opencap")


def test_recordings(recordings):
    sessions = {session.id: session for session in discover_sessions(recordings / "opencap")}
    assert set(sessions) == {name.split("/")[0] for name in RECORDED_REPETITIONS}
    assert "contacts" in sessions["field-subject0"].model_path.name
    assert all(session.model_path.is_file() for session in sessions.values())
    assert [repetition_of(path) for path in sessions["field-subject0"].muscle_driven] == [
        ("Asym_0", 1),
        ("Asym_0", 2),
        ("Squats_0", 1),
        ("Squats_0", 2),
    ]
    for name in RECORDED_REPETITIONS:
        session, trial = name.split("/")
        assert sessions[session].trial(trial).is_file()


def test_what_archives_and_programs_that_unpack_them_leave_is_named(root, tmp_path, monkeypatch, caplog):
    monkeypatch.delenv("BIGE_DATA", raising=False)
    packed = tmp_path / "OpenCapData_1.zip"
    packed.touch()
    deep = _make(tmp_path / "OpenCapData_2" / "OpenCapData_2")
    _make(tmp_path / "__MACOSX")
    assert [session.id for session in discover_sessions(root)] == ["015b7571", "7562e3c0"]
    assert f"{packed}, {deep}; unpack or move them" in caplog.text
    with pytest.raises(InputError, match=r"OpenCapData_1.zip: this is a file; .*; unpack it first"):
        open_session(packed)
    with pytest.raises(InputError, match=r"OpenCapData_1.zip: this is a file; .*; unpack it first"):
        discover_sessions(packed)
    with pytest.raises(InputError, match=f"no OpenSimData/; found OpenCapData_2; {deep} is one, name that"):
        open_session(deep.parent)


def test_links_that_lead_nowhere_are_named(root, caplog):
    """As to a disk that is not there today."""
    lost = root / "Data" / "on_another_disk"
    lost.symlink_to(root / "no_such_disk")
    assert [session.id for session in discover_sessions(root)] == ["015b7571", "7562e3c0"]
    assert f"links that lead nowhere, or lie a folder too deep: {lost};" in caplog.text


def test_a_model_that_is_a_link_to_nowhere_is_refused_by_name(tmp_path):
    session = Session(_make(tmp_path / "1", models=["LaiArnold_generic.osim"], trials=["squats.mot"]))
    lost = tmp_path / "1/OpenSimData/Model/LaiArnold_scaled.osim"
    lost.symlink_to(tmp_path / "no_such_disk/LaiArnold_scaled.osim")
    assert session.model_path == lost  # not the generic one in its place
    with pytest.raises(InputError, match=r"LaiArnold_scaled\.osim: there is no such model file"):
        load_skeleton(session.model_path)
    lost.unlink()
    lost.mkdir()
    assert session.model_path.name == "LaiArnold_generic.osim"


def test_an_archive_alone_is_to_be_unpacked(tmp_path):
    (tmp_path / "OpenCapData_1.zip").touch()
    with pytest.raises(InputError, match=r"found OpenCapData_1.zip; unpack .*OpenCapData_1.zip"):
        discover_sessions(tmp_path)


@pytest.mark.parametrize("subject", ["", " "])
def test_a_variable_that_is_not_set_is_no_session(tmp_path, monkeypatch, subject):
    _make(tmp_path)
    monkeypatch.chdir(tmp_path)  # which the empty path would be
    with pytest.raises(InputError, match="--subject is empty"):
        open_session(subject)


def test_a_repetition_counts_once_however_many_files_its_folder_has(tmp_path, caplog):
    names = [f"squat_segment_1/kinematics_activations_squat{ending}.mot" for ending in ("", "_copy")]
    session = Session(_make(tmp_path / "one", repetitions=names))
    assert [path.stem for path in session.muscle_driven] == ["kinematics_activations_squat"]
    assert (
        "kinematics_activations_squat_copy.mot: kinematics_activations_squat.mot of the same repetition" in caplog.text
    )


def test_a_session_without_permission_is_one_of_which_nothing_is_used(tmp_path, monkeypatch, caplog):
    """One of many people; on the root of a disk, `lost+found` is no session."""
    for name in ("Data/closed", "Data/lost+found", "Data/open/OpenSimData/Kinematics", "private"):
        (tmp_path / name).mkdir(parents=True)
    closed = [tmp_path / name for name in ("Data/closed", "Data/lost+found", "private")]
    is_dir = Path.is_dir

    def guarded(self):
        if set(closed) & set(self.parents):
            raise PermissionError(13, "Permission denied", str(self))
        return is_dir(self)

    monkeypatch.setattr(Path, "is_dir", guarded)
    sessions = discover_sessions(tmp_path)
    assert [session.id for session in sessions] == ["closed", "open"]
    assert "there is no permission to look into this folder" in caplog.text
    assert sessions[0].trials == sessions[0].muscle_driven == []
    with pytest.raises(InputError, match="no scaled model"):
        _ = sessions[0].model_path
