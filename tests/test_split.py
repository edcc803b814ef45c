"""Splits: no subject in two sets, reproducible with a seed, and the shipped list for UCSD's sessions."""

import json

import pytest

from dataset.errors import InputError
from dataset.sessions import Session
from dataset.splits import UCSD_HOLDOUT, read_ids, split_sessions


@pytest.fixture
def sessions(tmp_path):
    """24 sessions of 12 subjects, two each."""
    made = []
    for i in range(24):
        folder = tmp_path / f"session{i:02d}"
        folder.mkdir()
        (folder / "sessionMetadata.yaml").write_text(f"subjectID: subject{i % 12}\n")
        made.append(Session(folder))
    return made


@pytest.mark.parametrize("seed", range(5))
def test_no_subject_is_in_two_sets(sessions, seed):
    split = split_sessions(sessions, seed=seed)
    subject = {session.id: session.subject for session in sessions}
    sets = [{subject[i] for i in ids} for ids in (split.training, split.validation, split.held_out)]
    assert sum(map(len, sets)) == len(set.union(*sets)) == 12
    assert sorted(split.training + split.validation + split.held_out) == sorted(subject)
    assert (len(split.validation), len(split.held_out)) == (4, 6)


def test_split_depends_on_the_seed_and_not_on_the_order(sessions):
    split = split_sessions(sessions, seed=1)
    assert set(split_sessions(sessions[::-1], seed=1).held_out) == set(split.held_out)
    assert set(split_sessions(sessions[::-1], seed=1).validation) == set(split.validation)
    assert {split_sessions(sessions, seed=seed).held_out for seed in range(8)} != {split.held_out}


def test_a_holdout_file_holds_out_all_sessions_of_its_subjects(sessions, tmp_path, caplog):
    (tmp_path / "ids.txt").write_text("# ours\nsession03   # one of subject3's two\nsubject5\n\nnot-here\n")
    split = split_sessions(sessions, holdout_file=tmp_path / "ids.txt")
    assert split.held_out == ("session03", "session05", "session15", "session17")
    split.write(tmp_path / "run" / "split.json")
    written = json.loads((tmp_path / "run" / "split.json").read_text())
    assert tuple(written["held_out"]) == split.held_out
    assert tuple(written["validation"]) == split.validation
    assert "ids.txt" in written["origin"]
    assert "ids.txt: 1 of its 3 ids are no session or subject here" in caplog.text
    assert "not-here" in caplog.text


def test_a_validation_file_names_the_validation_subjects_among_those_that_are_not_held_out(sessions, tmp_path, caplog):
    (tmp_path / "held.txt").write_text("subject5\n")
    (tmp_path / "chosen.txt").write_text("session03\nsubject5\n")
    files = {"holdout_file": tmp_path / "held.txt", "validation_file": tmp_path / "chosen.txt"}
    split = split_sessions(sessions, **files)
    assert split.held_out == ("session05", "session17")
    assert split.validation == ("session03", "session15")
    assert "chosen.txt" in split.origin
    assert "chosen.txt: these ids are held out, and do not choose the checkpoint: subject5" in caplog.text


def test_of_two_subjects_the_held_out_one_also_chooses_the_checkpoint_and_that_is_said(sessions, caplog):
    split = split_sessions(sessions[:2])
    assert split.validation == split.held_out
    assert len(split.training) == len(split.held_out) == 1
    assert "validation subjects too" in split.origin
    assert "choose the checkpoint as well" in caplog.text


def test_the_shipped_list_is_used_if_it_has_one_of_the_sessions(sessions, tmp_path):
    ids = read_ids(UCSD_HOLDOUT)
    assert len(set(ids)) == 21
    assert all(len(one) == 36 for one in ids)
    split = split_sessions([*sessions, Session(tmp_path / ids[4])])
    assert split.held_out == (ids[4],)
    assert len(split.training + split.validation) == 24


def test_an_empty_side_is_an_error(sessions, tmp_path):
    (tmp_path / "none.txt").write_text("nobody\n")
    with pytest.raises(InputError, match=r"none\.txt: none of its 1 ids, such as 'nobody', is a session or"):
        split_sessions(sessions, holdout_file=tmp_path / "none.txt")
    with pytest.raises(InputError, match="no session is left to train on"):
        split_sessions(sessions[:1])
    (tmp_path / "empty.txt").write_text("# only a comment\n")
    with pytest.raises(InputError, match="has no ids"):
        read_ids(tmp_path / "empty.txt")
