"""Training runs: what they leave behind, and that a resumed run is the unbroken one."""

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_windows import squat_windows

import surrogate_training
import train_vq
from dataset.errors import InputError, RunError
from dataset.locations import SHIPPED_SURROGATE
from dataset.windows.motion_batch import MotionBatch
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.surrogate_config import SurrogateConfig
from models.vqvae.vqvae_config import VQVAEConfig
from options.config_parser import parse_config
from options.surrogate_training_options import TRANSFORMER_FLAGS, parse_training_or_evaluation
from options.surrogate_training_options import build_parser as surrogate_parser
from options.train_vq_options import build_parser as vq_parser
from utils.checkpoints import load_vqvae, read_checkpoint
from utils.runs.environment import set_seed
from utils.training import training_latents, vqvae_trainer
from utils.training.distributed import ProcessGroup
from utils.training.dynamics_training_config import DynamicsTrainingConfig
from utils.training.lr_schedules import cosine_schedule, milestone_schedule
from utils.training.surrogate_evaluation import evaluate_surrogate_on
from utils.training.surrogate_trainer import train_surrogate_on
from utils.training.surrogate_training_config import SurrogateEvaluationConfig, SurrogateTrainingConfig
from utils.training.vqvae_losses import evaluate_vqvae
from utils.training.vqvae_trainer import train_vqvae_on
from utils.training.vqvae_training_config import VQVAETrainingConfig

CPU = torch.device("cpu")
SEED_COMMAND = (
    "--batch-size 256 --lr 2e-4 --total-iter 300000 --lr-scheduler 200000 --nb-code 512 --down-t 2 --depth 3 "
    "--dilation-growth-rate 3 --out-dir output --dataname mcs --vq-act relu --quantizer ema_reset --loss-vel 0.5 "
    "--recons-loss l1_smooth --exp-name VQVAE9"
)
TINY = (
    "--width 16 --code-dim 8 --nb-code 16 --depth 1 --batch-size 4 --lr 1e-3 --warm-up-iter 2 --save-iter 2 "
    "--eval-iter 2 --print-iter 1 --total-iter 4"
)


def vqvae_config(text: str) -> VQVAETrainingConfig:
    return parse_config(vq_parser(""), VQVAETrainingConfig, text.split())


def train(tmp_path, name: str, more: str = ""):
    config = vqvae_config(f"{TINY} --out-dir {tmp_path} --exp-name {name} {more}")
    set_seed(config.seed)
    train_vqvae_on(config, squat_windows(), squat_windows(seed=1), ProcessGroup(CPU))
    return tmp_path / name


def test_a_warm_up_that_is_longer_than_the_training_is_said(tmp_path, caplog):
    train(tmp_path, "short", "--warm-up-iter 40")
    assert "rises for 40 steps and the training has 4, so that it reaches 0.0001 of 0.001" in caplog.text


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
    config = vqvae_config(SEED_COMMAND)
    assert (config.milestones, config.exp_name, config.loss_vel) == ((200_000,), "VQVAE9", 0.5)
    assert vqvae_config("--local_rank=1").local_rank == 1


def test_a_command_line_and_a_call_from_python_describe_the_same_training():
    assert vqvae_config("") == VQVAETrainingConfig()
    assert parse_training_or_evaluation(surrogate_parser(""), []) == DynamicsTrainingConfig()
    assert parse_training_or_evaluation(surrogate_parser(""), ["--kinematics"]) == SurrogateTrainingConfig()
    config = parse_training_or_evaluation(surrogate_parser(""), ["--muscle-width", "64", "--epochs", "3"])
    assert config == DynamicsTrainingConfig(network=DynamicsSurrogateConfig(muscle_width=64), epochs=3)
    assert vqvae_config("--vq-act gelu --vq-norm LN --mu 0.9").network == VQVAEConfig(
        activation="gelu", norm="LN", mu=0.9
    )
    config = parse_training_or_evaluation(surrogate_parser(""), ["--kinematics", "--no-person", "--heads", "11"])
    assert config == SurrogateTrainingConfig(network=SurrogateConfig(person_features=0, heads=11))
    evaluation = parse_training_or_evaluation(surrogate_parser(""), ["--evaluate", "x", "--subjects", "all"])
    assert evaluation.exp_name != DynamicsTrainingConfig().exp_name  # the folder of a training would be refused
    named = parse_training_or_evaluation(surrogate_parser(""), ["--evaluate", "x", "--exp-name", "surrogate"])
    assert named.exp_name == "surrogate"
    assert evaluation == SurrogateEvaluationConfig(checkpoint=Path("x"), subjects=("all",))


def test_every_setting_of_the_transformer_is_refused_without_it():
    """A flag that `TRANSFORMER_FLAGS` lacks would have no effect on the training of the other surrogate."""
    settable = {action.dest for action in surrogate_parser("")._actions if action.dest.startswith("network.")}
    of_the_other = {f"network.{name}" for name in DynamicsSurrogateConfig.__dataclass_fields__}
    assert settable - of_the_other <= set(TRANSFORMER_FLAGS)


@pytest.mark.parametrize(
    "flags",
    ["--cosine --gamma 0.05", "--cosine --lr-scheduler 10 20", "--code-dim 8 --code-groups 3", "--unquantised 1.5"],
)
def test_vqvae_settings_that_do_not_go_together_are_refused(flags):
    with pytest.raises(InputError):
        vqvae_config(flags)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--down-t 3", "196 frames are no multiple of 2 to the power of 3"),
        ("--down-t 2000000000", "does not divide a window"),
        ("--crop-len 50", "longer than a window, which --seq-len says has 49"),
        ("--stride-t 1", "--stride-t 1 is odd"),
        ("--stride-t 7", "--stride-t 7 is odd"),
    ],
)
def test_sizes_that_do_not_fit_a_window_are_refused(flags, reason):
    with pytest.raises(InputError, match=reason):
        vqvae_config(flags)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--subjects all", "--subjects has no effect without --evaluate"),
        ("--kinematics --cosine --lr-patience 3", "--lr-patience has no effect with --cosine"),
        ("--kinematics --d-model 32 --heads 3", "--d-model 32 is not a multiple of --heads 3"),
        ("--kinematics --stick-figure --no-person", "need the anthropometry"),
        ("--kinematics --ground-width 8", "--ground-width has no effect with --kinematics"),
        ("--d-model 32", "--d-model has no effect without --kinematics"),
        ("--mirror", "--mirror has no effect without --kinematics"),
        ("--evaluate x --epochs 3", "--epochs has no effect with --evaluate"),
        ("--evaluate x --precision bfloat16", "--precision has no effect with --evaluate"),
        ("--evaluate x --compile", "--compile has no effect with --evaluate"),
        ("--evaluate x --kinematics", "--kinematics has no effect with --evaluate"),
        ("--evaluate x --resume-pth y", "--resume-pth has no effect with --evaluate"),
        ("--muscle-layers 0", "--muscle-layers"),
    ],
)
def test_surrogate_settings_that_do_not_go_together_are_refused(flags, reason):
    with pytest.raises(InputError, match=reason):
        parse_training_or_evaluation(surrogate_parser(""), flags.split())


@pytest.mark.parametrize("quantizer", ["ema_reset", "reset"])
def test_resuming_continues_exactly(tmp_path, quantizer):
    more = f"--quantizer {quantizer} --augment 1 --mirror --unquantised 0.5 --balance --crop-len 5 --code-groups 2"
    straight = train(tmp_path, "straight", more)
    broken = train(tmp_path, "broken", f"{more} --total-iter 2")
    train(tmp_path, "broken", f"{more} --resume-pth {broken / '2.pth'}")
    assert_same(read_checkpoint(straight / "4.pth"), read_checkpoint(broken / "4.pth"))
    assert (straight / "losses.csv").read_text() == (broken / "losses.csv").read_text()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_network_trains_alike(tmp_path):
    plain, compiled = train(tmp_path, "plain"), train(tmp_path, "compiled", "--compile")
    one, other = (read_checkpoint(folder / "last.pth")["net"] for folder in (plain, compiled))
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-3)


def test_resuming_continues_a_cosine(tmp_path):
    straight = train(tmp_path, "straight", "--cosine")
    train(tmp_path, "broken", f"--cosine --resume-pth {straight / '2.pth'}")
    assert_same(read_checkpoint(straight / "4.pth"), read_checkpoint(tmp_path / "broken" / "4.pth"))


def test_a_run_writes_its_metrics_and_latents(tmp_path):
    folder = train(tmp_path, "run", "--mirror")
    rows = list(csv.DictReader((folder / "losses.csv").open()))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert float(rows[1]["validation/angle_rmse_deg"]) > 0
    assert rows[0]["validation/angle_rmse_deg"] == ""
    with np.load(folder / "latents.npz") as content:
        assert content["latents"].shape == (16, 8, 8)
        assert content["names"][8] == "person0/squat_1_mirrored"
        expected = load_vqvae(folder / "best.pth").encode(squat_windows().motion)
        np.testing.assert_allclose(content["latents"][:8], expected.detach().numpy(), atol=2e-2)
    assert {"last.pth", "2.pth", "4.pth", "best.pth", "train.log"} <= {path.name for path in folder.iterdir()}


def test_of_many_windows_some_that_are_spread_evenly_are_kept_as_latents(tmp_path, monkeypatch):
    monkeypatch.setattr(training_latents, "MOST_LATENTS", 3)
    windows = squat_windows()
    model = load_vqvae(train(tmp_path, "run"))
    training_latents.write_latents(tmp_path / "latents.npz", model, windows)
    with np.load(tmp_path / "latents.npz") as content:
        assert list(content["names"]) == [windows.names[i] for i in (0, 3, 6)]
        expected = model.encode(windows.motion[[0, 3, 6]]).detach()
        np.testing.assert_allclose(content["latents"], expected.numpy(), atol=2e-2)


def test_training_learns_to_reconstruct(tmp_path):
    more = "--total-iter 150 --eval-iter 150 --print-iter 150 --lr 5e-3 --code-groups 2 --batch-size 8"
    model = load_vqvae(train(tmp_path, "learn", more))
    windows = squat_windows()
    spread = (windows.motion - windows.motion.mean((0, 1)))[windows.recorded][:, 6:].square().mean().sqrt()
    assert evaluate_vqvae(model, windows)["angle_rmse_deg"] < 0.5 * float(spread)


def test_interrupted_training_saves_and_can_go_on(tmp_path, monkeypatch):
    calls, augment = [], vqvae_trainer.augment

    def interrupting(*arguments):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return augment(*arguments)

    monkeypatch.setattr(vqvae_trainer, "augment", interrupting)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, "stopped", "--augment 1")
    monkeypatch.setattr(vqvae_trainer, "augment", augment)
    assert read_checkpoint(tmp_path / "stopped" / "last.pth")["training"]["step"] == 3
    train(tmp_path, "stopped", f"--augment 1 --resume-pth {tmp_path / 'stopped' / 'last.pth'}")
    straight = train(tmp_path, "straight", "--augment 1")
    assert_same(read_checkpoint(straight / "4.pth"), read_checkpoint(tmp_path / "stopped" / "4.pth"))


def test_training_that_diverges_is_a_failed_run(tmp_path):
    with pytest.raises(RunError, match="diverged"):
        train(tmp_path, "diverged", "--lr 1e30 --warm-up-iter 0")


@pytest.mark.parametrize("names", [{}, {"step": "iteration", "optimizer": "optimiser"}])
def test_states_of_earlier_versions_are_resumed_and_others_refused(tmp_path, names):
    folder = train(tmp_path, "run", "--total-iter 2")
    content = torch.load(folder / "last.pth", weights_only=True)
    state = {names.get(name, name): value for name, value in content["training"].items()}
    if names:
        del state["plateau"], state["best_step"]
    torch.save(content | {"training": state}, folder / "last.pth")
    train(tmp_path, "run", f"--resume-pth {folder / 'last.pth'}")
    straight = train(tmp_path, "straight")
    assert_same(read_checkpoint(straight / "last.pth")["net"], read_checkpoint(folder / "last.pth")["net"])
    torch.save(content | {"training": {"moment": 3}}, folder / "last.pth")
    with pytest.raises(InputError, match="another version"):
        train(tmp_path, "run", f"--resume-pth {folder / 'last.pth'}")


def rates(schedule, steps: int, steps_done: int = 0, **settings) -> list[float]:
    """Learning rates that an optimiser uses in steps `steps_done` + 1 to `steps`."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)  # not the schedule's own
    scheduler, used = schedule(optimizer, 2.0, steps_done=steps_done, **settings), []
    for _ in range(steps_done, steps):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return used


def test_learning_rate_follows_the_closed_form():
    steps = np.arange(1, 41)
    warm_up = np.minimum(1, steps / 10)
    milestones = {"warm_up": 10, "milestones": (20, 30), "factor": 0.1}
    expected = 2 * warm_up * 0.1 ** ((steps > 20).astype(int) + (steps > 30))
    assert rates(milestone_schedule, 40, **milestones) == pytest.approx(expected)
    assert rates(milestone_schedule, 40, 25, **milestones) == pytest.approx(expected[25:])
    expected = 2 * warm_up * 0.5 * (1 + np.cos(np.pi * steps / 40))
    assert rates(cosine_schedule, 40, warm_up=10, total=40) == pytest.approx(expected, abs=1e-12)
    assert rates(cosine_schedule, 40, 5, warm_up=10, total=40) == pytest.approx(expected[5:], abs=1e-12)
    assert rates(cosine_schedule, 2, warm_up=0, total=40)[0] == pytest.approx(2, rel=1e-2)


def train_surrogate(tmp_path, name: str, more: str = ""):
    text = f"--kinematics --batch-size 4 --lr 3e-3 --dropout 0.1 --epochs 4 --out-dir {tmp_path}"
    text += f" --exp-name {name} {more}"
    config = parse_training_or_evaluation(surrogate_parser(""), text.split())
    set_seed(config.seed)
    train_surrogate_on(config, squat_windows(), squat_windows(seed=1), squat_windows(seed=1), ProcessGroup(CPU))
    return tmp_path / name


def test_surrogate_resumes_exactly(tmp_path):
    more = "--mirror --shift-frames 4 --derivatives --stick-figure --lr-patience 1"
    straight = train_surrogate(tmp_path, "straight", more)
    broken = train_surrogate(tmp_path, "broken", f"{more} --epochs 2")
    train_surrogate(tmp_path, "broken", f"{more} --resume-pth {broken / 'last.pth'}")
    assert_same(read_checkpoint(straight / "last.pth"), read_checkpoint(broken / "last.pth"))


def test_surrogate_learns_and_is_evaluated(tmp_path):
    from utils.checkpoints import load_surrogate

    folder = train_surrogate(tmp_path, "learn", "--epochs 40 --d-model 48 --lr 5e-3 --dropout 0 --layers 1")
    evaluation = evaluate_surrogate_on(load_surrogate(folder / "last.pth"), squat_windows(), folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics == evaluation.metrics
    assert metrics["groups"]["vasti"]["r2_least"] > 0.8
    assert metrics["muscles"]["soleus_l"]["r2"] is None  # it never moves
    assert "vasmed" in evaluation.table
    assert (folder / "parity.png").stat().st_size > 10_000


def test_training_does_not_continue_from_the_published_surrogate(tmp_path):
    torch.save(PublishedSurrogate(frames=32).state_dict(), tmp_path / "published.pth")
    with pytest.raises(InputError, match="evaluated but not trained"):
        train_surrogate(tmp_path, "run", f"--resume-pth {tmp_path / 'published.pth'}")


def test_training_of_kinematics_does_not_continue_from_a_surrogate_after_inverse_dynamics(tmp_path):
    with pytest.raises(InputError, match="after inverse dynamics, which is trained without --kinematics"):
        train_surrogate(tmp_path, "run", f"--resume-pth {SHIPPED_SURROGATE}")


def test_surrogate_stops_early(tmp_path):
    folder = train_surrogate(tmp_path, "early", "--epochs 50 --patience 2 --lr 0")
    assert read_checkpoint(folder / "last.pth")["training"]["step"] == 3


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
