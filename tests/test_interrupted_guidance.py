"""Guidance that was killed goes on from the disk and finds the same; earlier results stay until new ones are whole."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from random_networks import short_run, write_networks, write_person

from dataset.errors import InputError
from dataset.io.mot import read_motion
from options.config_parser import parse_config
from options.limo_surrogate_options import build_parser
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer
from utils.guidance.output.run_writer import RunWriter
from utils.guidance.output.unfinished_run import UnfinishedRun
from utils.people.guided_person import GuidedPerson, guide_person
from utils.people.person_outcome import MET, outcome_on_disk
from utils.runs.run_folder import RunFolder, replace_folder

ROOT = Path(__file__).resolve().parents[1]
# What depends on nothing but the settings and the seed.
SAME = ("entry_0_Test.mot", "entry_1_Test.mot", "entry_2_Test.mot", "latents.npz", "summary.json", "result.npz")


@pytest.fixture(autouse=True, scope="module")
def without_pictures():
    """Leave out what takes seconds and is not looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("utils.guidance.output.run_writer.draw_overview", lambda result, path: path.touch())
        patch.setattr("utils.guidance.output.run_writer.write_guided_events", lambda result, folder: None)
        patch.setattr("utils.people.guided_person.write_report", lambda result, path: path.touch())
        yield


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
    """Flags of a run of two batches, without its output folder."""
    folder = tmp_path_factory.mktemp("networks")
    return ["--exp-name", "Test", "--subject", str(write_person(folder / "person")), *short_run(write_networks(folder))]


@pytest.fixture
def config(flags, tmp_path):
    """The run, into a folder of its own."""
    return parse_config(build_parser(""), GuidanceConfig, [*flags, "--out-dir", str(tmp_path / "out")])


@pytest.fixture
def optimised(monkeypatch):
    """The number of latents of every batch that is optimised."""
    sizes = []
    optimise = LatentOptimizer.optimise

    def counting(self, z, *arguments):
        sizes.append(len(z))
        return optimise(self, z, *arguments)

    monkeypatch.setattr(LatentOptimizer, "optimise", counting)
    return sizes


def contents(folder: Path, names=SAME) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


def folder_of(config: GuidanceConfig) -> RunFolder:
    return RunFolder(config.run_folder, "person")


def break_off(config: GuidanceConfig, monkeypatch, *, batch: int = 1) -> None:
    """Run until the second iteration of a batch, and end there as a process that dies does."""

    class Died(Exception):
        pass

    def die(self, row):
        if row["batch"] == batch and row["iteration"] > 0:
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr("utils.guidance.output.run_writer.RunWriter.on_iteration", die)
        with pytest.raises(Died):
            guide_person(config)


@pytest.fixture(scope="module")
def whole(flags, tmp_path_factory) -> dict[str, bytes]:
    """The files of the run that was not interrupted, and its losses."""
    out = tmp_path_factory.mktemp("whole")
    config = parse_config(build_parser(""), GuidanceConfig, [*flags, "--out-dir", str(out)])
    guide_person(config)
    return contents(folder_of(config).motions) | {"losses": folder_of(config).losses.read_bytes()}


def assert_goes_on(config: GuidanceConfig, whole: dict[str, bytes], optimised: list[int]) -> None:
    """The same command finds the same, without optimising the first batch, of two, again."""
    optimised.clear()
    assert guide_person(config).is_written
    assert optimised == [1]
    assert contents(folder_of(config).motions) | {"losses": folder_of(config).losses.read_bytes()} == whole
    assert not folder_of(config).unfinished.parent.exists()


def test_a_run_that_was_broken_off_goes_on_behind_its_finished_batches(config, whole, optimised, monkeypatch):
    break_off(config, monkeypatch)
    unfinished = folder_of(config).unfinished
    assert len(list(unfinished.glob("optimised_*.npz"))) == 1
    assert {path.name for path in unfinished.glob("entry_*.mot")} == {"entry_0_Test.mot", "entry_1_Test.mot"}
    assert read_motion(unfinished / "entry_0_Test.mot").coordinates.shape == (196, 33)
    assert not folder_of(config).motions.exists()
    assert_goes_on(config, whole, optimised)


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on(flags, config, whole, optimised):
    command = [sys.executable, "LIMO_Surrogate.py", *flags, "--out-dir", config.out_dir, "--total-iter", "12"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    unfinished = folder_of(config).unfinished
    while process.poll() is None and not list(unfinished.glob("entry_*.mot")):
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (unfinished / "optimised_001.npz").unlink(missing_ok=True)  # where the second batch was quicker
    assert_goes_on(config, whole, optimised)


def interrupt(config: GuidanceConfig, monkeypatch) -> GuidedPerson:
    """Run until Ctrl-C arrives in the second batch."""

    def on_iteration(self, row):
        if row["batch"] == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("utils.guidance.output.run_writer.RunWriter._write_row", on_iteration)
        return guide_person(config)


def test_after_ctrl_c_the_best_so_far_is_written_and_the_same_command_goes_on(config, whole, optimised, monkeypatch):
    interrupted = interrupt(config, monkeypatch)
    assert interrupted.result.interrupted
    assert interrupted.is_written
    assert interrupted.report.is_file()
    assert_goes_on(config, whole, optimised)


def test_after_ctrl_c_an_earlier_result_is_kept(config, whole, optimised, monkeypatch):
    guide_person(config)
    again = replace(config, overwrite=True)
    interrupted = interrupt(again, monkeypatch)
    assert not interrupted.is_written
    assert "are kept" in interrupted.sentence
    assert contents(folder_of(config).motions).items() <= whole.items()
    assert_goes_on(again, whole, optimised)


def test_an_earlier_result_stays_until_the_new_one_is_whole(config, monkeypatch):
    guide_person(config)
    folder = folder_of(config)
    old, losses = contents(folder.motions), folder.losses.read_bytes()
    (folder.motions / "notes.txt").write_text("by hand")
    again = replace(config, overwrite=True, seed=config.seed + 1)
    break_off(again, monkeypatch)
    assert contents(folder.motions) == old
    assert folder.losses.read_bytes() == losses
    assert list(folder.events.glob("events*"))
    guide_person(again)
    new = contents(folder.motions)
    assert all(new[name] != old[name] for name in SAME)
    assert (folder.motions / "notes.txt").read_text() == "by hand"


def test_a_damaged_batch_is_optimised_again_and_other_settings_begin_anew(config, monkeypatch, optimised):
    break_off(config, monkeypatch)
    (batch,) = folder_of(config).unfinished.glob("optimised_*.npz")
    batch.write_bytes(batch.read_bytes()[:100])
    optimised.clear()
    break_off(config, monkeypatch)
    assert optimised == [2, 1]
    optimised.clear()
    break_off(replace(config, seed=config.seed + 1), monkeypatch)
    assert optimised == [2, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"rows": np.array('[{"iteration": 0}]')},
        {"rows": np.array('[1, "a"]')},
        {"rows": np.array("[" * 100_000)},
        {"latents": np.full((2, 3, 4), np.nan, "f4")},
        {"latents": np.full((2, 3, 4), "a")},
        {"latents": np.full((2, 3, 4), None)},
        {"initial": np.zeros(3)},
    ],
)
def test_a_finished_batch_of_other_values_is_not_known(change, tmp_path):
    initial = torch.zeros(2, 3, 4)
    row = {"iteration": 0, "active": 2, "met": 0, "objective": 1.5, "proximity": 0.1}
    UnfinishedRun(tmp_path, {"settings": "a"}).remember(initial, initial + 1, [row])
    assert UnfinishedRun(tmp_path, {"settings": "a"}).recall(initial + 1) is None  # another batch
    latents, rows = UnfinishedRun(tmp_path, {"settings": "a"}).recall(initial)
    assert (latents == 1).all()
    assert rows == [row]
    path = tmp_path / "optimised_000.npz"
    with np.load(path) as content:
        arrays = dict(content) | change
    np.savez_compressed(path, **arrays)
    assert UnfinishedRun(tmp_path, {"settings": "a"}).recall(initial) is None


def test_one_process_at_a_time_guides_a_person(tmp_path):
    first = UnfinishedRun(tmp_path, {"settings": "a"})
    with pytest.raises(InputError, match="another process is writing motions of this person"):
        UnfinishedRun(tmp_path, {"settings": "a"})
    first.release()
    UnfinishedRun(tmp_path, {"settings": "a"}).remove()


def test_a_disk_that_is_full_when_a_run_begins_leaves_the_person_free(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(errno.ENOSPC, "No space left on device", path)

    with monkeypatch.context() as patch:
        patch.setattr("utils.guidance.output.unfinished_run.write_json", full)
        with pytest.raises(OSError, match="No space left"):
            UnfinishedRun(tmp_path, {"settings": "a"})
    UnfinishedRun(tmp_path, {"settings": "a"}).release()


def test_a_disk_that_is_full_when_the_logs_are_opened_is_said_and_the_person_is_free(config, monkeypatch):
    def full(folder):
        raise OSError(errno.ENOSPC, "No space left on device", folder)

    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter", full)
    with pytest.raises(OSError, match="No space left"), RunWriter(config) as writer:
        writer.on_start(config.open_session(), [])
    UnfinishedRun(writer.memory.folder, {}).release()


@pytest.mark.parametrize("removed", [(), ("fingerprint.json",), None])
def test_what_a_process_leaves_that_dies_when_its_result_is_in_place_is_removed(removed, config, whole, monkeypatch):
    """Died before the folder of the unfinished run was removed, while it was, or before the one above it was."""
    with monkeypatch.context() as patch:
        patch.setattr("utils.guidance.output.run_writer.write_run_summary", lambda run: None)
        patch.setattr(UnfinishedRun, "remove", UnfinishedRun.release)
        guide_person(config)
    folder = folder_of(config)
    if removed is None:
        shutil.rmtree(folder.unfinished)
    for name in removed or ():
        (folder.unfinished / name).unlink()
    with pytest.raises(InputError, match="already holds 3 motions"):
        guide_person(config)
    assert sorted(path.name for path in config.run_folder.iterdir()) == [
        "losses_person.csv", "mot_visualization", "summary.json", "tensorboard"
    ]  # fmt: skip
    assert contents(folder.motions).items() <= whole.items()


def test_the_unfinished_run_of_other_settings_stays_beside_a_result(config, monkeypatch):
    guide_person(config)
    break_off(replace(config, overwrite=True, seed=config.seed + 1), monkeypatch)
    batches = list(folder_of(config).unfinished.glob("optimised_*.npz"))
    assert outcome_on_disk(config, config.open_session())[0].status == MET
    assert list(folder_of(config).unfinished.glob("optimised_*.npz")) == batches != []


@pytest.mark.parametrize("renamed", [1, 2])
def test_a_folder_that_was_being_replaced_when_the_process_died_is_whole(tmp_path, monkeypatch, renamed):
    """Died before the second rename: the old folder is back. Died after it: the new one stays."""
    folder = RunFolder(tmp_path, "somebody")
    folder.motions.mkdir(parents=True)
    (folder.motions / "entry_0_a.mot").write_text("old")
    new = tmp_path / "new"
    new.mkdir()
    (new / "entry_0_a.mot").write_text("new")
    rename, count = os.rename, []

    def dying(source, place):
        if len(count) == renamed:
            raise KeyboardInterrupt
        count.append(1)
        rename(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", dying)
        patch.setattr("utils.runs.run_folder._remove", lambda folder: dying(folder, folder))
        with pytest.raises(KeyboardInterrupt):
            replace_folder(new, folder.motions)
    with pytest.raises(InputError, match="already holds 1 motions"):
        folder.refuse_existing(overwrite=False)
    assert (folder.motions / "entry_0_a.mot").read_text() == ("old" if renamed == 1 else "new")
    assert [path.name for path in folder.motions.parent.iterdir()] == [folder.motions.name]
