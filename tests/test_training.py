"""Training runs: what they leave behind, and that a resumed run is the unbroken one."""

import csv
import json
import os
import signal

import numpy as np
import pytest
import torch

import surrogate_training
import train_vq
from dataset.errors import InputError
from dataset.windows.motion_batch import MotionBatch
from options.surrogate_training_options import build_parser as surrogate_parser
from options.train_vq_options import build_parser as vq_parser
from tests.windows import squat_windows
from utils.checkpoints import load_vqvae, read_checkpoint
from utils.runs.environment import set_seed
from utils.training.distributed import Processes
from utils.training.surrogate_trainer import cosine_rate
from utils.training.vqvae_trainer import evaluate, learning_rate

SEED_COMMAND = (
    "--batch-size 256 --lr 2e-4 --total-iter 300000 --lr-scheduler 200000 --nb-code 512 --down-t 2 --depth 3 "
    "--dilation-growth-rate 3 --out-dir output --dataname mcs --vq-act relu --quantizer ema_reset --loss-vel 0.5 "
    "--recons-loss l1_smooth --exp-name VQVAE9"
)
TINY = (
    "--width 16 --code-dim 8 --nb-code 16 --depth 1 --batch-size 4 --lr 1e-3 --warm-up-iter 2 --save-iter 2 "
    "--eval-iter 2 --print-iter 1 --total-iter 4"
)


def train(tmp_path, name: str, more: str = ""):
    arguments = vq_parser("").parse_args(f"{TINY} --out-dir {tmp_path} --exp-name {name} {more}".split())
    set_seed(arguments.seed)
    train_vq.train(arguments, squat_windows(), squat_windows(seed=1), Processes(torch.device("cpu")))
    return tmp_path / name


def assert_same(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, dict):
            assert_same(value, other[name])
        elif isinstance(value, torch.Tensor):
            assert torch.equal(value, other[name]), name
        else:
            assert value == other[name], name


def test_every_flag_of_the_published_command_is_understood():
    arguments = vq_parser("").parse_args(SEED_COMMAND.split())
    assert (arguments.lr_scheduler, arguments.exp_name, arguments.loss_vel) == ([200_000], "VQVAE9", 0.5)
    assert vq_parser("").parse_args(["--local_rank=1"]).local_rank == 1


@pytest.mark.parametrize("quantizer", ["ema_reset", "reset"])
def test_resuming_continues_exactly(tmp_path, quantizer):
    more = f"--quantizer {quantizer} --augment 1 --mirror --unquantised 0.5"
    straight = train(tmp_path, "straight", more)
    broken = train(tmp_path, "broken", f"{more} --total-iter 2")
    train(tmp_path, "broken", f"{more} --resume-pth {broken / '2.pth'}")
    assert_same(read_checkpoint(straight / "4.pth"), read_checkpoint(broken / "4.pth"))
    assert (straight / "losses.csv").read_text() == (broken / "losses.csv").read_text()


def test_a_run_leaves_its_figures_and_latents(tmp_path):
    folder = train(tmp_path, "run", "--mirror")
    rows = list(csv.DictReader((folder / "losses.csv").open()))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert float(rows[1]["held_out/angle_rmse_deg"]) > 0
    assert rows[0]["held_out/angle_rmse_deg"] == ""
    with np.load(folder / "latents.npz") as content:
        assert content["latents"].shape == (16, 8, 8)
        assert content["names"][8] == "person0/squat_1_mirrored"
        expected = load_vqvae(folder / "best.pth").encode(squat_windows().motion)
        np.testing.assert_allclose(content["latents"][:8], expected.detach().numpy(), atol=2e-2)
    assert {"last.pth", "2.pth", "4.pth", "best.pth", "train.log"} <= {path.name for path in folder.iterdir()}


def test_training_learns_to_reconstruct(tmp_path):
    more = "--total-iter 150 --eval-iter 150 --print-iter 150 --lr 5e-3 --code-groups 2 --batch-size 8"
    model = load_vqvae(train(tmp_path, "learn", more))
    windows = squat_windows()
    spread = (windows.motion - windows.motion.mean((0, 1)))[windows.recorded][:, 6:].square().mean().sqrt()
    assert evaluate(model, windows)["angle_rmse_deg"] < 0.5 * float(spread)


def test_interrupted_training_saves_and_can_go_on(tmp_path, monkeypatch):
    from utils.training import augmentation

    calls, vary = [], augmentation.vary

    def interrupting(*arguments):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return vary(*arguments)

    monkeypatch.setattr(augmentation, "vary", interrupting)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, "stopped", "--augment 1")
    monkeypatch.setattr(augmentation, "vary", vary)
    assert read_checkpoint(tmp_path / "stopped" / "last.pth")["training"]["iteration"] == 3
    train(tmp_path, "stopped", f"--augment 1 --resume-pth {tmp_path / 'stopped' / 'last.pth'}")
    straight = train(tmp_path, "straight", "--augment 1")
    assert_same(read_checkpoint(straight / "4.pth"), read_checkpoint(tmp_path / "stopped" / "4.pth"))


def test_learning_rate_warms_up_and_falls():
    arguments = vq_parser("").parse_args(
        ["--lr", "1", "--warm-up-iter", "10", "--lr-scheduler", "20", "30", "--gamma", "0.1", "--total-iter", "40"]
    )
    assert [learning_rate(i, arguments) for i in (5, 10, 20, 21, 31)] == pytest.approx([0.5, 1, 1, 0.1, 0.01])
    arguments.cosine = True
    assert [learning_rate(i, arguments) for i in (20, 40)] == pytest.approx([0.5, 0], abs=1e-9)


def test_cosine_rate_rises_over_the_first_epoch_and_ends_at_zero():
    assert cosine_rate(1.0, 0.5, 100) == pytest.approx(0.5, rel=1e-3)
    assert cosine_rate(1.0, 50, 100) == pytest.approx(0.5)
    assert cosine_rate(1.0, 100, 100) == pytest.approx(0, abs=1e-9)


def train_surrogate(tmp_path, name: str, more: str = ""):
    text = f"--batch-size 4 --lr 3e-3 --dropout 0.1 --epochs 4 --out-dir {tmp_path} --exp-name {name} {more}"
    arguments = surrogate_parser("").parse_args(text.split())
    set_seed(arguments.seed)
    surrogate_training.train(arguments, squat_windows(), squat_windows(seed=1), torch.device("cpu"))
    return tmp_path / name


def test_surrogate_resumes_exactly(tmp_path):
    more = "--mirror --shift-frames 4 --derivatives --stick-figure"
    straight = train_surrogate(tmp_path, "straight", more)
    broken = train_surrogate(tmp_path, "broken", f"{more} --epochs 2")
    train_surrogate(tmp_path, "broken", f"{more} --resume-pth {broken / 'last.pth'}")
    assert_same(read_checkpoint(straight / "last.pth"), read_checkpoint(broken / "last.pth"))


def test_surrogate_learns_and_reports(tmp_path, capsys):
    from utils.checkpoints import load_surrogate

    folder = train_surrogate(tmp_path, "learn", "--epochs 40 --d-model 48 --lr 5e-3 --dropout 0 --layers 1")
    surrogate_training.report(load_surrogate(folder / "last.pth"), squat_windows(), folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["groups"]["vasti"]["r2_least"] > 0.8
    assert metrics["muscles"]["soleus_l"]["r2"] is None  # it never moves
    assert "vasmed" in capsys.readouterr().out
    assert (folder / "parity.png").stat().st_size > 10_000


def test_surrogate_stops_early(tmp_path):
    folder = train_surrogate(tmp_path, "early", "--epochs 50 --patience 2 --lr 0")
    assert read_checkpoint(folder / "last.pth")["training"]["epoch"] == 3


def test_windows_are_taken_with_all_that_belongs_to_them():
    windows = squat_windows()
    taken = windows.take([5, 0])
    assert isinstance(taken, MotionBatch)
    assert taken.names == (windows.names[5], windows.names[0])
    torch.testing.assert_close(taken.activations, windows.activations[[5, 0]])
    torch.testing.assert_close(taken.anthropometry, windows.anthropometry[[5, 0]])


@pytest.mark.parametrize("script", [train_vq, surrogate_training])
def test_a_training_run_is_not_replaced_silently(tmp_path, monkeypatch, script):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "last.pth").write_bytes(b"days of work")
    command = ["script", "--dataname", "demo", "--out-dir", str(tmp_path), "--exp-name", "mine"]
    for more in ([], ["--resume-pth", str(tmp_path / "another" / "last.pth")]):
        monkeypatch.setattr("sys.argv", command + more)
        with pytest.raises(InputError, match="already holds a training run"):
            script.main()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["last.pth"]
    assert (tmp_path / "mine" / "last.pth").read_bytes() == b"days of work"
