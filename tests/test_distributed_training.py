"""Processes that train one VQ-VAE: their networks are equal at every step, and the losses are those of one process."""

import csv
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_windows import squat_windows

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from options.config_parser import parse_config
from options.train_vq_options import build_parser
from utils.checkpoints import read_checkpoint
from utils.people.ranks import join_ranks
from utils.runs.environment import set_seed
from utils.training import vqvae_trainer
from utils.training.augmentation import augment
from utils.training.distributed import ProcessGroup, join_process_group
from utils.training.vqvae_training_config import VQVAETrainingConfig
from utils.training.window_drawing import BatchShare, random_sections

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
TINY = (
    "--dataname demo --device cpu --threads 1 --width 8 --code-dim 8 --nb-code 16 --depth 1 --batch-size 4 --lr 1e-3 "
    "--warm-up-iter 0 --total-iter 6 --eval-iter 6 --print-iter 1 --save-iter 6 --augment 1 --mu 0.5"
)
STEPS = 30
# A batch that does not divide into two; with a decay of 0.8, codes fall out of use and are reset in these steps.
SHARED = (
    f"--width 16 --code-dim 8 --nb-code 16 --depth 1 --batch-size 5 --lr 1e-3 --warm-up-iter 2 --mu 0.8 --print-iter 1 "
    f"--total-iter {STEPS} --eval-iter {STEPS} --save-iter {STEPS} --augment 1 --crop-len 5 --balance --unquantised 0.5"
)
MORE = {"ema": "--code-groups 2", "reset": "--temporal 1", "ema_reset": "--code-groups 2 --loss-pos 0.1", "orig": ""}


def train(rank: int, processes: int, folder: Path, quantizer: str) -> list[dict[str, torch.Tensor]]:
    """Train in this process of several; the network's state after each step."""
    states: list[dict[str, torch.Tensor]] = []

    class RememberedTask(vqvae_trainer.VQVAETask):
        def train_step(self):
            metrics = super().train_step()
            states.append({name: value.clone() for name, value in self.model.state_dict().items()})
            return metrics

        def show(self, writer, step):
            """Nothing: figures take longer than the steps."""

    text = f"{SHARED} --quantizer {quantizer} {MORE[quantizer]} --out-dir {folder} --exp-name {quantizer}-{processes}"
    config = parse_config(build_parser(""), VQVAETrainingConfig, text.split())
    model = next((SHIPPED_DEMO / "Data").rglob("*.osim"))
    windows = replace(squat_windows(), models=(str(model),) * 8)
    set_seed(config.seed)
    group = ProcessGroup(CPU, rank, processes, is_distributed=processes > 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vqvae_trainer, "VQVAETask", RememberedTask)
        vqvae_trainer.train_vqvae_on(config, windows, squat_windows(seed=1), group)
    return states


def train_in_one_of_two_processes(rank: int, folder: Path, quantizers: Sequence[str]) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    states = {quantizer: train(rank, 2, folder, quantizer) for quantizer in quantizers}
    torch.save(states, folder / f"states-{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("quantizers", [("reset",), pytest.param(("ema_reset", "ema", "orig"), marks=pytest.mark.slow)])
def test_two_processes_train_as_one_does(tmp_path, quantizers):
    torch.multiprocessing.spawn(train_in_one_of_two_processes, (tmp_path, quantizers), nprocs=2)
    first, second = (torch.load(tmp_path / f"states-{rank}.pt", weights_only=True) for rank in (0, 1))
    for quantizer in quantizers:
        assert len(first[quantizer]) == STEPS
        for step, (one, other) in enumerate(zip(first[quantizer], second[quantizer], strict=True)):
            assert all(torch.equal(value, other[name]) for name, value in one.items()), (quantizer, step)
        alone = train(0, 1, tmp_path, quantizer)
        for name, value in alone[-1].items():
            torch.testing.assert_close(first[quantizer][-1][name], value, rtol=1e-4, atol=1e-4, msg=name)
        losses = [read_losses(tmp_path / f"{quantizer}-{processes}") for processes in (1, 2)]
        np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5, atol=1e-5, err_msg=quantizer)


def read_losses(folder: Path) -> np.ndarray:
    """All columns of losses.csv, with 0 for what is not there."""
    with (folder / "losses.csv").open() as file:
        return np.array([[float(value or 0) for value in row.values()] for row in csv.DictReader(file)])


def test_a_torchrun_of_two_processes_writes_one_run(tmp_path):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = [ROOT / "tests" / "distributed_training.py", tmp_path, *TINY.split()]
    environment = os.environ | {"BIGE_DEMO": str(SHIPPED_DEMO), "OMP_NUM_THREADS": "1"}
    command = [*map(str, launcher + script), "--out-dir", str(tmp_path), "--exp-name", "run"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr

    first, second = (torch.load(tmp_path / f"rank{rank}.pth", weights_only=True) for rank in (0, 1))
    saved = read_checkpoint(tmp_path / "run" / "last.pth")["net"]
    assert first.keys() == second.keys() == saved.keys()
    assert all(torch.equal(saved[name], value) for name, value in first.items())
    assert all(torch.equal(saved[name], value) for name, value in second.items())
    with (tmp_path / "run" / "losses.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [1, 2, 3, 4, 5, 6], "written by one process"
    assert len(list((tmp_path / "run").glob("events.out.tfevents.*"))) == 1
    assert result.stdout.count("least validation loss") == 1


@pytest.mark.parametrize("processes", [2, 3, 5])
def test_shares_of_a_batch_are_the_whole_batch(processes):
    windows, partners = squat_windows(5), squat_windows(5, seed=1).motion
    weight = windows.recorded.float()

    def varied(share: BatchShare) -> tuple[torch.Tensor, torch.Tensor]:
        torch.manual_seed(0)
        motion, frames = augment(share.of(windows.motion), share.of(weight), partners, 1.0, share)
        return random_sections(motion, frames, share.of(windows.repetition), 20, share)

    whole = varied(BatchShare.whole(5))
    parts = [varied(BatchShare.of_process(5, rank, processes)) for rank in range(processes)]
    for expected, found in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(found), expected)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [({"WORLD_SIZE": ""}, r"\$WORLD_SIZE is ''"), ({"RANK": "first", "WORLD_SIZE": "2"}, r"\$RANK is 'first'")],
)
def test_what_no_launcher_sets_is_refused(monkeypatch, variables, reason):
    for name, value in ({"RANK": "0"} | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=reason), join_process_group(CPU):
        pass


@pytest.mark.parametrize("join", [lambda: join_process_group(CPU), join_ranks])
def test_processes_are_left_and_the_log_speaks_again_where_what_they_do_together_fails(monkeypatch, join):
    level, left = logging.getLogger("bige").level, []
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *_, **__: None)
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: left.append(True))
    with pytest.raises(InputError, match="failed"), join():
        raise InputError("failed")
    assert left == [True]
    assert logging.getLogger("bige").level == level


def test_settings_that_processes_cannot_share_are_refused():
    with pytest.raises(InputError, match="--batch-size 2 has no sample for some of 3 processes"):
        ProcessGroup(CPU, 0, 3).share_of_batch(2)
    with pytest.raises(InputError, match="--vq-norm BN"):
        ProcessGroup(CPU, 0, 2, is_distributed=True).wrap(torch.nn.BatchNorm1d(3))
