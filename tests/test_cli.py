"""Exit statuses and sentences of root scripts, and the record of how a run was made."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dataset.errors import InputError, RunError
from dataset.io.atomic_write import atomic_write
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils import cli
from utils.checkpoints import read_checkpoint, save_checkpoint
from utils.runs.record import record_config
from utils.training.vqvae_training_config import VQVAETrainingConfig

ROOT = Path(__file__).resolve().parents[1]


def fails_with(error: BaseException):
    def main() -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (InputError("walk.mot: no squat"), 2, "error: walk.mot: no squat"),
        (RunError("ffmpeg failed"), 1, "error: ffmpeg failed"),
        (PermissionError(13, "Permission denied", "out/args.json"), 1, "error: out/args.json: there is no permission"),
        (OSError(28, "No space left on device"), 1, "error: the disk is full"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_expected_exceptions_become_a_sentence_and_a_status(error, status, sentence, caplog):
    with pytest.raises(SystemExit) as end:
        cli.run(fails_with(error))
    assert end.value.code == status
    assert caplog.messages[-1].startswith(sentence)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
def test_a_closed_terminal_interrupts_unless_that_is_ignored(tmp_path):
    def main() -> None:
        with atomic_write(tmp_path / "table.csv") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGHUP)

    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        with pytest.raises(SystemExit) as end:
            cli.run(main)
        assert end.value.code == 130
        assert list(tmp_path.iterdir()) == []
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        cli.run(main)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_warning_is_shown_once_however_often_a_recording_is_read():
    code = (
        "import logging; from utils import cli; log = logging.getLogger('bige'); "
        "cli.run(lambda: [log.log(level, 'a.mot: %s', 'jump') for level in (30, 30, 20, 20)] + [log.warning('other')])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.stderr.splitlines() == ["a.mot: jump"] * 3 + ["other"]


@pytest.mark.parametrize("error", [None, InputError("walk.mot: no squat")])
def test_a_closed_standard_output_changes_no_status(error, monkeypatch, caplog):
    monkeypatch.setattr(sys, "stdout", None)
    if error is None:
        cli.run(lambda: print("done"))
    else:
        with pytest.raises(SystemExit) as end:
            cli.run(fails_with(error))
        assert end.value.code == 2
        assert caplog.messages[-1] == "error: walk.mot: no squat"


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.run(fails_with(ZeroDivisionError()))


def test_a_checkpoint_that_cannot_be_written_names_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as raised:
        save_checkpoint(tmp_path / "last.pth", VQVAE(VQVAEConfig(width=8, code_dim=8, nb_code=8, depth=1)))
    assert raised.value.filename == str(tmp_path / "last.pth")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_checkpoint_is_named(tmp_path):
    (tmp_path / "last.pth").touch()
    with pytest.raises(InputError, match=r"last\.pth is empty"):
        read_checkpoint(tmp_path / "last.pth")


def test_a_record_has_the_nested_settings_the_command_and_the_versions(tmp_path, monkeypatch):
    config = VQVAETrainingConfig(total_iter=7, network=VQVAEConfig(width=8))
    monkeypatch.delenv("BIGE_DEMO", raising=False)
    monkeypatch.setenv("BIGE_DATA", "/recordings")
    record_config(config, tmp_path)
    record = json.loads((tmp_path / "args.json").read_text())
    assert record["total_iter"] == 7
    assert record["network"]["width"] == 8
    assert record["_command"] == "called from Python"
    assert record["_environment"] == {"BIGE_DATA": "/recordings"}
    assert record["_versions"]["torch"] == torch.__version__
    monkeypatch.setattr(sys, "argv", ["/anywhere/train_vq.py", "--exp-name", "my run"])
    record_config(config, tmp_path, "eval_args.json")
    assert json.loads((tmp_path / "eval_args.json").read_text())["_command"] == "train_vq.py --exp-name 'my run'"
