"""A trained network is evaluated on sessions that its training held out."""

import shutil

import pytest

from dataset.errors import InputError
from dataset.locations import SHIPPED_VQVAE
from dataset.splits import Split, split_by_subject, split_sessions
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints import save_checkpoint, sessions_to_evaluate, split_for_network

NAMES = tuple("abcdefgh")
TRAINED = Split(NAMES[:4], NAMES[4:6], NAMES[6:8], "of the test")


@pytest.fixture
def root(tmp_path):
    """A data root of eight sessions."""
    for name in NAMES:
        folder = tmp_path / "root" / "Data" / name / "OpenSimData" / "Kinematics"
        folder.mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint without training state, with its split beside it."""
    save_checkpoint(tmp_path / "run" / "best.pth", VQVAE(VQVAEConfig(nb_code=8, code_dim=8, width=8)))
    TRAINED.write(tmp_path / "run" / "split.json")
    return tmp_path / "run" / "best.pth"


def evaluated(checkpoint, root, *subjects, seed=123):
    return {session.id for session in sessions_to_evaluate(checkpoint, root, subjects, seed)[0]}


@pytest.mark.parametrize("seed", range(3))
def test_nobody_who_was_trained_on_is_evaluated_as_held_out_whatever_the_seed(root, checkpoint, seed):
    assert {*split_by_subject(root, seed)[1].held_out} != {"g", "h"}  # what this command would draw
    assert evaluated(checkpoint, root, seed=seed) == evaluated(checkpoint.parent, root, seed=seed) == {"g", "h"}
    (root / "Data" / "new" / "OpenSimData" / "Kinematics").mkdir(parents=True)
    assert evaluated(checkpoint, root, seed=seed) == {"g", "h"}


def test_the_split_of_a_training_travels_in_its_checkpoints(root, checkpoint, tmp_path):
    network = VQVAE(VQVAEConfig(nb_code=8, code_dim=8, width=8))
    moved = tmp_path / "moved" / "300.pth"
    save_checkpoint(moved, network, run={"split": vars(TRAINED)})
    shutil.rmtree(root / "Data" / "h")
    sessions, split = split_for_network(moved, root, 123)
    assert set(sessions) == set(NAMES[:7])
    assert (split.training, split.validation, split.held_out) == (NAMES[:4], NAMES[4:6], ("g",))
    shutil.rmtree(root / "Data" / "g")
    with pytest.raises(InputError, match="none of the sessions that the training of .* held out; name sessions with"):
        evaluated(moved, root)
    assert evaluated(moved, root, "a") == {"a"}


def test_named_sessions_that_were_trained_on_are_said(root, checkpoint, caplog):
    assert evaluated(checkpoint, root, "all") == set(NAMES)
    assert "6 of the 8 sessions were among the training or validation sessions" in caplog.text
    caplog.clear()
    assert evaluated(checkpoint, root, "g") == {"g"}
    assert not caplog.text


def test_of_sessions_that_a_training_did_not_know_some_are_drawn(root, checkpoint, caplog):
    drawn = set(split_sessions(list(split_by_subject(root, 5)[0].values()), seed=5).held_out)
    assert evaluated(SHIPPED_VQVAE, root, seed=5) == drawn
    assert "may be among them" not in caplog.text
    checkpoint.with_name("split.json").unlink()
    assert evaluated(checkpoint, root, seed=5) == drawn
    assert "does not say which sessions it was trained on" in caplog.text
