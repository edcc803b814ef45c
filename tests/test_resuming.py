"""Trainings that are killed, given again, resumed under another name, or that diverge: nothing is lost."""

import csv
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from synthetic_windows import squat_windows

from dataset.errors import InputError, RunError
from dataset.io.atomic_write import atomic_write, remove_leftovers
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import discover_sessions
from dataset.splits import Split, keep_split
from dataset.windows.motion_batch import MotionBatch
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from options.config_parser import parse_config
from options.surrogate_training_options import build_parser as surrogate_parser
from options.surrogate_training_options import parse_training_or_evaluation
from options.train_vq_options import build_parser
from utils.checkpoints import read_checkpoint
from utils.checkpoints.training_latents_file import read_training_latents
from utils.runs.environment import set_seed
from utils.runs.record import record_config
from utils.training import vqvae_trainer
from utils.training.distributed import ProcessGroup
from utils.training.resuming import held_folder, resumed_config
from utils.training.surrogate_trainer import train_surrogate_on
from utils.training.vqvae_training_config import VQVAETrainingConfig

CPU = torch.device("cpu")
TINY = (
    "--width 16 --code-dim 8 --nb-code 16 --depth 1 --batch-size 4 --lr 1e-3 --warm-up-iter 2 --eval-iter 4 "
    "--print-iter 1 --total-iter 8 --augment 1"
)


class KilledError(Exception):
    """As if the process had ended here: nothing catches it."""


def parsed(tmp_path: Path, name: str, more: str = "") -> VQVAETrainingConfig:
    text = f"{TINY} --out-dir {tmp_path} --exp-name {name} {more}"
    return parse_config(build_parser(""), VQVAETrainingConfig, text.split())


def train(tmp_path: Path, name: str, more: str = "", *, windows: MotionBatch | None = None) -> Path:
    """What train_vq.py does, on synthetic windows."""
    config, _ = resumed_config(parsed(tmp_path, name, more))
    set_seed(config.seed)
    with held_folder(config.run_folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(vqvae_trainer.VQVAETask, "show", lambda *_: None)  # figures take longer than the steps
        record_config(config, config.run_folder)
        split = Split(("a",), ("b",), ("c",), "of the test")
        vqvae_trainer.train_vqvae_on(
            config, windows or squat_windows(), squat_windows(seed=1), ProcessGroup(CPU), split
        )
    return config.run_folder


def train_until(step: int, tmp_path: Path, name: str, more: str = "") -> Path:
    """A training that is killed in a step."""
    steps, train_step = [], vqvae_trainer.VQVAETask.train_step

    def killed_step(self):
        steps.append(1)
        if len(steps) == step:
            raise KilledError
        return train_step(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vqvae_trainer.VQVAETask, "train_step", killed_step)
        with pytest.raises(KilledError):
            train(tmp_path, name, more)
    return tmp_path / name


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def steps_of(folder: Path) -> list[int]:
    with (folder / "losses.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def straight(tmp_path_factory) -> Path:
    return train(tmp_path_factory.mktemp("straight"), "straight")


@pytest.mark.parametrize("step", [2, 5, 7])
def test_the_command_of_a_killed_run_goes_on_to_the_same_bytes(tmp_path, straight, step):
    folder = train_until(step, tmp_path, "killed")
    assert steps_of(folder) == list(range(1, step))
    train(tmp_path, "killed")
    for name in ("last.pth", "best.pth", "latents.npz", "losses.csv"):
        assert digest(folder / name) == digest(straight / name), name
    assert not list(folder.glob(".*")), "neither a lock nor a temporary file stays"


def test_a_finished_run_that_is_given_again_stays_as_it_is(tmp_path, straight):
    for _ in range(2):
        folder = train(tmp_path, "twice")
    for name in ("last.pth", "best.pth", "latents.npz", "losses.csv"):
        assert digest(folder / name) == digest(straight / name), name


def test_checkpoints_are_written_by_time_too(tmp_path):
    for minutes, expected in ((0, 3), (60, None)):
        folder = train_until(4, tmp_path, f"every-{minutes}", f"--save-minutes {minutes}")
        last = folder / "last.pth"
        assert (read_checkpoint(last)["training"]["step"] if last.exists() else None) == expected


def test_another_command_does_not_replace_a_run(tmp_path):
    folder = train(tmp_path, "mine")
    before = {path.name: digest(path) for path in folder.iterdir()}
    for more, reason in (
        ("--lr 1e-2", "whose --lr is 0.001, not 0.01; choose another --exp-name"),
        ("--width 8", "whose --width is 16, not 8"),
        ("--total-iter 9", "--total-iter is 8, not 9.*--resume-pth"),
        (f"--resume-pth {folder / 'best.pth'}", "best.pth has no training state"),
    ):
        with pytest.raises(InputError, match=reason):
            train(tmp_path, "mine", more)
    assert {path.name: digest(path) for path in folder.iterdir()} == before
    record = folder / "args.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"network": 5}))
    with pytest.raises(InputError, match="already holds a training run"):
        train(tmp_path, "mine")


def test_a_resumed_run_keeps_seed_split_and_network(tmp_path):
    last = train(tmp_path, "first", "--seed 7") / "last.pth"
    for more, reason in (
        ("--seed 8", "--seed 8 differs .* 7;"),
        ("--width 8", "--width 8 differs .* 16;"),
        ("--vq-act gelu", "--vq-act gelu differs .* relu;"),
        ("--seq-len 100", "--seq-len 100 differs .* 49;"),
    ):
        with pytest.raises(InputError, match=reason):
            resumed_config(parsed(tmp_path, "second", f"--resume-pth {last} {more}"))
    text = f"--total-iter 9 --exp-name second --out-dir {tmp_path} --resume-pth {last}"
    config, split = resumed_config(parse_config(build_parser(""), VQVAETrainingConfig, text.split()))
    assert config.seed == 7
    assert config.network.width == 16
    assert split == Split(("a",), ("b",), ("c",), "of the test")


def test_a_flag_that_says_the_default_is_refused_where_the_run_has_another_value(tmp_path):
    last = train(tmp_path, "first", "--seed 7") / "last.pth"
    for more, reason in (
        ("--seed 123", "--seed 123 differs .* 7;"),
        ("--width 512", "--width 512 differs .* 16;"),
        ("--quantizer ema_reset --nb-code 512", "--nb-code 512 differs .* 16;"),
    ):
        text = f"--exp-name second --out-dir {tmp_path} --resume-pth {last} {more}"
        with pytest.raises(InputError, match=reason):
            resumed_config(parse_config(build_parser(""), VQVAETrainingConfig, text.split()))


def test_settings_that_the_command_does_not_name_are_those_of_the_run_and_others_are_said(tmp_path, caplog):
    last = train(tmp_path, "first", "--lr-scheduler 3 5 --data-root elsewhere") / "last.pth"
    (tmp_path / "alone").mkdir()
    alone = _copied(last, tmp_path / "alone")
    for path in (last, alone):
        text = f"--exp-name second --out-dir {tmp_path} --resume-pth {path} --lr 2e-4 --total-iter 20"
        caplog.clear()
        config, _ = resumed_config(parse_config(build_parser(""), VQVAETrainingConfig, text.split()))
        assert (config.lr, config.total_iter) == (2e-4, 20), "as the command says"
        kept = (config.batch_size, config.augment, config.warm_up_iter, config.lr_scheduler, config.data_root)
        assert kept == (4, 1.0, 2, (3, 5), Path("elsewhere")), "as in the run"
        assert config.eval_iter == 4, "as in the run: the best of other evaluations would be another step"
        assert (config.exp_name, config.print_iter) == ("second", 200), "settings of the command that change nothing"
        said = [one.message for one in caplog.records if one.levelname == "WARNING"]
        assert [" ".join(one.split()[:2]) for one in said] == ["--lr 0.0002", "--total-iter 20"]
        assert f"takes the place of 0.001 in the run of {path}" in said[0]


def test_a_kept_split_takes_no_session_that_was_held_out_or_is_new():
    sessions = discover_sessions(SHIPPED_DEMO)
    first, second = (session.id for session in sessions)
    kept = Split((first,), (first,), (first,), "of the test")
    assert keep_split(sessions, kept, SHIPPED_DEMO) == kept
    with pytest.raises(InputError, match="lacks 1 of the 2 sessions of the run that is resumed, such as gone"):
        keep_split(sessions, replace(kept, held_out=("gone",)), SHIPPED_DEMO)


def test_a_run_goes_on_under_another_name_to_its_end(tmp_path, straight):
    folder = train(tmp_path, "other", f"--total-iter 10 --lr 0 --resume-pth {straight / 'last.pth'}")
    assert steps_of(folder) == list(range(1, 11))
    assert digest(folder / "best.pth") == digest(straight / "best.pth"), "the validation loss has not fallen"
    (tmp_path / "alone").mkdir()
    copied = tmp_path / "alone" / "last.pth"
    copied.write_bytes((straight / "last.pth").read_bytes())
    folder = train(tmp_path, "without-best", f"--total-iter 10 --lr 0 --resume-pth {copied}")
    assert (folder / "best.pth").is_file()


def test_the_command_of_a_killed_run_that_goes_on_with_another_goes_on_too(tmp_path, straight, monkeypatch):
    more = f"--total-iter 14 --resume-pth {straight}"
    monkeypatch.setattr("sys.argv", ["train_vq.py", *more.split()])
    whole = train(tmp_path, "whole", more)
    killed = train_until(5, tmp_path, "killed", more)  # behind the evaluation of step 12
    assert read_checkpoint(killed / "last.pth")["training"]["step"] == 12
    for _ in range(2):
        train(tmp_path, "killed", more)
        for name in ("last.pth", "best.pth", "losses.csv"):
            assert digest(killed / name) == digest(whole / name), name
    monkeypatch.setattr("sys.argv", ["train_vq.py", *more.split(), "--lr", "0.1"])
    with pytest.raises(InputError, match="already holds a training run"):
        train(tmp_path, "killed", f"{more} --lr 0.1")


def test_rows_of_losses_that_are_torn_or_of_another_version_do_not_stop_a_run(tmp_path, straight):
    folder = train_until(7, tmp_path, "torn")
    with (folder / "losses.csv").open("a") as file:
        file.write("7,9.8,\0\n8,9.")
    train(tmp_path, "torn")
    assert (folder / "losses.csv").read_text() == (straight / "losses.csv").read_text()
    folder = train_until(7, tmp_path, "older")
    (folder / "losses.csv").write_text("step,loss\n1,2.5\n")
    train(tmp_path, "older")
    kept = [path.read_text() for path in folder.glob("losses-*.csv")]
    assert kept == ["step,loss\n1,2.5\n"]


def test_a_loss_that_is_not_finite_names_the_window_and_replaces_nothing(tmp_path):
    folder = train_until(6, tmp_path, "run")
    before = {path.name: digest(path) for path in folder.glob("*.pth")}
    windows = squat_windows()
    windows.motion[3, 5, 7] = torch.nan
    name = windows.names[3]
    with pytest.raises(
        RunError, match=rf"the loss of step \d is NaN or infinite, that of {name}.*good checkpoint is .*last"
    ):
        train(tmp_path, "run", f"--augment 0 --total-iter 40 --resume-pth {folder / 'last.pth'}", windows=windows)
    assert {path.name: digest(path) for path in folder.glob("*.pth")} == before


def test_weights_that_are_not_finite_replace_no_checkpoint(tmp_path, monkeypatch):
    folder = train_until(6, tmp_path, "run")
    before = digest(folder / "last.pth")
    train_step = vqvae_trainer.VQVAETask.train_step

    def poisoned_step(self):
        metrics = train_step(self)
        with torch.no_grad():
            next(self.model.decoder.parameters()).fill_(torch.inf)
        return metrics

    monkeypatch.setattr(vqvae_trainer.VQVAETask, "train_step", poisoned_step)
    with pytest.raises(RunError, match="weights decoder.* are NaN or infinite.*smaller --lr"):
        train(tmp_path, "run", f"--save-minutes 0 --resume-pth {folder / 'last.pth'}")
    assert digest(folder / "last.pth") == before


def test_one_process_at_a_time_trains_into_a_folder(tmp_path):
    with held_folder(tmp_path), pytest.raises(InputError, match="another process is training"), held_folder(tmp_path):
        pass
    with held_folder(tmp_path):
        pass


def test_a_training_that_ends_does_not_free_the_folder_of_the_next(tmp_path, monkeypatch):
    """The next one takes the folder as soon as it can."""
    next_one, release = FileLock(tmp_path / ".training.lock"), FileLock.release

    def release_and_be_followed(lock, *arguments, **options):
        release(lock, *arguments, **options)
        if lock is not next_one:
            next_one.acquire(timeout=0)

    with monkeypatch.context() as patch:
        patch.setattr(FileLock, "release", release_and_be_followed)
        with held_folder(tmp_path):
            pass
    with pytest.raises(InputError, match="another process is training"), held_folder(tmp_path):
        pass
    next_one.release()


def test_temporary_files_of_killed_processes_are_removed(tmp_path):
    with atomic_write(tmp_path / "last.pth") as temporary:
        temporary.write_text("whole")
        of_killed = temporary.with_name(temporary.name.replace(f"-{os.getpid()}.", "-999999999."))
        of_killed.write_text("half")
        elsewhere = temporary.with_name(f".last.pth.another-machine-{os.getpid()}.part.pth")
        elsewhere.write_text("half")
        remove_leftovers(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([temporary, elsewhere])
        os.utime(elsewhere, (0, 0))
        remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["last.pth"]


def test_the_same_seed_gives_the_same_surrogate_file(tmp_path):
    found = []
    for name in ("one", "other"):
        text = "--kinematics --batch-size 4 --dropout 0.1 --epochs 1 --d-model 16 --heads 2 --layers 1"
        where = ["--out-dir", str(tmp_path), "--exp-name", name]
        config = parse_training_or_evaluation(surrogate_parser(""), [*text.split(), *where])
        set_seed(config.seed)
        train_surrogate_on(config, squat_windows(), squat_windows(seed=1), squat_windows(seed=1), ProcessGroup(CPU))
        found.append([digest(tmp_path / name / file) for file in ("best.pth", "last.pth")])
    assert found[0] == found[1]


def test_latents_know_their_network(tmp_path, straight):
    model = VQVAE(VQVAEConfig(width=16, code_dim=8, nb_code=16, depth=1))
    with pytest.raises(InputError, match="of another VQ-VAE than the one beside them"):
        read_training_latents(_copied(straight / "latents.npz", tmp_path), model)
    # Other checkpoints of the run are taken, since guidance may ask for any of them.
    assert np.isfinite(read_training_latents(straight / "latents.npz", model).latents).all()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda saved: saved["training"].update(optimizer=[1, 2]), "a training state of another version"),
        (lambda saved: saved["training"].update(step="two"), "a training state of another version"),
        (lambda saved: saved["training"]["optimizer"].update(param_groups=[]), "its optimiser does not fit"),
        (lambda saved: saved["training"]["optimizer"]["state"][0]["exp_avg"].fill_(torch.nan), "optimiser is NaN"),
        (lambda saved: saved["run"]["settings"].update(batch_size="many"), "not those of a training of this code"),
    ],
)
def test_a_damaged_training_state_is_a_sentence(tmp_path, straight, spoil, reason):
    saved = torch.load(straight / "last.pth", weights_only=True)
    spoil(saved)
    torch.save(saved, tmp_path / "damaged.pth")
    text = f"--out-dir {tmp_path} --exp-name new --resume-pth {tmp_path / 'damaged.pth'}"

    def resume() -> None:
        config, _ = resumed_config(parse_config(build_parser(""), VQVAETrainingConfig, text.split()))
        vqvae_trainer.train_vqvae_on(config, squat_windows(), squat_windows(seed=1), ProcessGroup(CPU))

    with pytest.raises(InputError, match=reason):
        resume()


def _copied(file: Path, folder: Path) -> Path:
    (folder / file.name).write_bytes(file.read_bytes())
    return folder / file.name


def test_a_run_folder_is_gone_on_with_where_it_stopped(tmp_path, straight):
    config, split = resumed_config(parsed(tmp_path, "new", f"--resume-pth {straight}"))
    assert config.resume_pth == straight / "last.pth"
    assert split is not None
    own, _ = resumed_config(parsed(straight.parent, straight.name, f"--resume-pth {straight}"))
    assert own.resume_pth == straight / "last.pth"


def test_weights_without_training_state_keep_the_seed_of_their_run(tmp_path, straight):
    """Else people whom they were trained on would be held out."""
    weights = straight / "best.pth"
    assert not read_checkpoint(weights).get("training")
    with pytest.raises(InputError, match=r"--seed 7 differs from the run of .*best\.pth, which has 123"):
        resumed_config(parsed(tmp_path, "new", f"--resume-pth {weights} --seed 7"))
    config, split = resumed_config(parsed(tmp_path, "new", f"--resume-pth {weights}"))
    assert config.seed == 123
    assert split is None
    other, _ = resumed_config(parsed(tmp_path, "new", f"--resume-pth {weights} --seed 7 --data-root {tmp_path}"))
    assert other.seed == 7  # other sessions


def test_a_finished_training_whose_last_checkpoint_was_removed_is_not_replaced(tmp_path):
    config = parsed(tmp_path, "run")
    config.run_folder.mkdir()
    record_config(config, config.run_folder)
    (config.run_folder / "best.pth").write_bytes(b"")
    assert resumed_config(config)[0].resume_pth is None  # ended before its first checkpoint to go on from
    (config.run_folder / "metrics.json").write_text("{}")
    with pytest.raises(InputError, match=r"run holds a finished training without last\.pth, which a new one would"):
        resumed_config(config)
