"""Run folders: motions of an earlier run stay until new ones are whole, and nothing is written outside."""

import dataclasses

import numpy as np
import pytest

from dataset.errors import InputError
from dataset.sessions import open_session
from dataset.splits import read_ids
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.checkpoints.training_latents_file import read_training_latents
from utils.reconstruction.reconstruction_config import SamplingConfig
from utils.runs import record
from utils.runs.run_folder import RunFolder
from utils.runs.writable import require_writable
from utils.training.training_state import require_kept_network


def write_motions(folder, count, text):
    for j in range(count):
        (folder / f"entry_{j}_run.mot").write_text(text)


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.fixture
def folder(tmp_path):
    """A run folder that holds three motions."""
    folder = RunFolder(tmp_path / "run", "somebody")
    with folder.replace_motions() as new:
        write_motions(new, 3, "old")
    return folder


def test_new_motions_replace_all_old_ones(folder):
    with folder.replace_motions() as new:
        write_motions(new, 2, "new")
    assert contents(folder.motions) == {"entry_0_run.mot": "new", "entry_1_run.mot": "new"}
    assert [path.name for path in folder.motions.parent.iterdir()] == [folder.motions.name]


def test_what_a_killed_process_has_held_is_removed_but_not_what_an_interrupted_run_has_found(folder):
    found = RunFolder(folder.run, "another").unfinished / "fingerprint.json"
    folder.unfinished.mkdir(parents=True)
    (folder.unfinished / "lock").touch()
    with folder.hold():
        found.parent.mkdir()
        found.touch()
    assert [path.name for path in folder.unfinished.parent.iterdir()] == ["another"]
    with RunFolder(folder.run, "another").hold():
        pass
    assert found.exists()
    found.unlink()
    with folder.hold():
        found.parent.rmdir()
    assert not folder.unfinished.parent.exists()


def write_and_fail(folder):
    with folder.replace_motions() as new:
        write_motions(new, 2, "new")
        raise OSError(28, "No space left on device", str(new / "entry_2_run.mot"))


def test_a_run_that_fails_keeps_the_old_motions(folder):
    with pytest.raises(OSError, match="No space") as raised:
        write_and_fail(folder)
    assert raised.value.filename == str(folder.motions / "entry_2_run.mot")
    assert contents(folder.motions) == {f"entry_{j}_run.mot": "old" for j in range(3)}
    assert [path.name for path in folder.motions.parent.iterdir()] == [folder.motions.name]


@pytest.mark.parametrize("name", ["../elsewhere", "a/../../b", "/elsewhere", ""])
def test_a_name_that_leads_out_of_the_output_is_refused(name):
    with pytest.raises(InputError, match="^--exp-name is"):
        SamplingConfig(count=1, exp_name=name)


@pytest.mark.parametrize("name", ["two\nlines", "a\ttab", "study/" + 201 * "n", 101 * "é", "\udcff"])
def test_a_name_that_no_table_or_file_could_have_is_refused(name):
    with pytest.raises(InputError, match="^--exp-name is .*printable characters, of at most 200 bytes"):
        SamplingConfig(count=1, exp_name=name)


def test_nothing_is_written_through_a_link_that_leaves_the_output(tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    (out / "run").mkdir(parents=True)
    elsewhere.mkdir()
    require_writable(out / "run", within=out)
    (out / "run" / "within").symlink_to(out / "run")  # stays inside
    require_writable(out / "run", within=out)
    (out / "linked").symlink_to(elsewhere)
    (out / "run" / "losses.csv").symlink_to(elsewhere / "not_there_yet.csv")
    for run in ("linked", "linked/deeper", "run"):
        with pytest.raises(InputError, match="link that leads out of"):
            require_writable(out / run, within=out)
    assert not list(elsewhere.iterdir())


def test_an_output_folder_that_is_a_link_itself_is_the_users_own(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    assert require_writable(tmp_path / "out" / "run", within=tmp_path / "out") is None  # it did not refuse


def test_a_session_named_by_dots_has_the_name_of_its_folder(tmp_path, monkeypatch):
    (tmp_path / "p1" / "OpenSimData").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "p1" / "OpenSimData")
    assert open_session("..").id == "p1"
    monkeypatch.chdir(tmp_path / "p1")
    assert open_session(".").id == "p1"


def test_a_name_may_have_parts():
    assert SamplingConfig(count=1, exp_name="study/first").run_folder.name == "first"


def vqvae(channels: int) -> VQVAE:
    return VQVAE(VQVAEConfig(width=8, code_dim=channels, nb_code=8, depth=1))


def test_training_latents_that_are_damaged_or_of_another_network_are_named(tmp_path):
    file = tmp_path / "latents.npz"
    np.savez(file, latents=np.zeros((4, 49, 8)), names=np.arange(4))
    assert read_training_latents(file, vqvae(8)).recorded.all()
    with pytest.raises(InputError, match="8 channels and the VQ-VAE beside them has 16"):
        read_training_latents(file, vqvae(16))
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(InputError, match="cannot be read"):
        read_training_latents(file, vqvae(8))


def _latents_file(path, lengths, total):
    """Latents (N, total, 8), each counted up to its repetition's end and constant in the standing after it."""
    frame = np.arange(total)
    latents = np.minimum(frame, np.array(lengths)[:, None])[..., None] * np.ones(8)
    np.savez(path, latents=latents, names=np.arange(len(lengths)), repetition=frame < np.array(lengths)[:, None])
    return read_training_latents(path, vqvae(8))


def test_training_latents_are_cut_or_lengthened_by_standing(tmp_path):
    latents = _latents_file(tmp_path / "latents.npz", [20, 40, 60], 75)
    short, long = latents.of_length(49), latents.of_length(100)
    assert short.names == ("0", "1")  # a squat that does not fit is not cut
    assert np.array_equal(short.latents, latents.latents[:2, :49])
    assert long.latents.shape == (3, 100, 8)
    assert np.array_equal(long.latents[:, :75], latents.latents)
    assert (long.latents[:, 75:] == latents.latents[:, -1:]).all()
    assert np.array_equal(long.repetition.sum(1), [20, 40, 60])
    assert not long.recorded[:, 75:].any()
    with pytest.raises(InputError, match="needs --seq-len 29"):
        latents.of_length(20)


def test_latents_of_earlier_versions_are_cut_but_not_lengthened(tmp_path):
    np.savez(tmp_path / "latents.npz", latents=np.zeros((4, 49, 8)), names=np.arange(4))
    latents = read_training_latents(tmp_path / "latents.npz", vqvae(8))
    assert latents.of_length(20).latents.shape == (4, 20, 8)
    with pytest.raises(InputError, match="--seq-len 60 asks for more"):
        latents.of_length(60)


@pytest.mark.parametrize("seq_len", [0, 151])
def test_a_length_out_of_range_is_refused(seq_len):
    with pytest.raises(InputError, match="^--seq-len is"):
        SamplingConfig(count=1, seq_len=seq_len)


def test_ids_in_another_encoding_are_refused(tmp_path):
    (tmp_path / "holdout.txt").write_bytes("Müller\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"holdout\.txt: is not encoded in UTF-8"):
        read_ids(tmp_path / "holdout.txt")
    (tmp_path / "holdout.txt").write_text("Müller\n", encoding="utf-8-sig")
    assert read_ids(tmp_path / "holdout.txt") == ["Müller"]


def test_settings_that_differ_from_a_kept_network_are_refused(tmp_path):
    kept = VQVAEConfig(width=32, depth=2)
    require_kept_network(VQVAEConfig(), kept, tmp_path / "last.pth")
    require_kept_network(dataclasses.replace(kept), kept, tmp_path / "last.pth")
    with pytest.raises(InputError, match="^--width 64 differs from the network of .*last.pth, which has 32"):
        require_kept_network(VQVAEConfig(width=64), kept, tmp_path / "last.pth")


def test_a_package_that_is_imported_without_being_installed_has_no_known_version(monkeypatch):
    def version(package):
        raise record.PackageNotFoundError(package)

    monkeypatch.setattr(record, "version", version)
    assert record.versions.__wrapped__()["opensim"] == "unknown"
