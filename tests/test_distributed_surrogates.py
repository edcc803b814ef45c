"""Processes that train one surrogate, of either kind: their networks are equal, and the losses are those of one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_windows import squat_windows
from test_distributed_training import read_losses

from dataset.locations import SHIPPED_DEMO
from dataset.sessions import discover_sessions
from models.surrogate.batch_dropout import BatchDropout, set_part_of_batch
from options.surrogate_training_options import build_parser, parse_training_or_evaluation
from utils.runs.environment import set_seed
from utils.training import dynamics_samples, dynamics_trainer, surrogate_trainer
from utils.training.distributed import ProcessGroup
from utils.training.surrogate_evaluation import SurrogateTrainingResult

CPU = torch.device("cpu")
# Eight windows: batches of five and three, which do not divide into two; patience of the learning rate of one epoch.
KINEMATICS = "--kinematics --d-model 12 --batch-size 5 --epochs 3 --lr-patience 1 --shift-frames 8 --lr 3e-3"
# Batches of seven, the last of which has one sample, so that one process has none.
SMALL_BATCHES = "--kinematics --d-model 12 --batch-size 7 --epochs 2 --dropout 0 --cosine --precision bfloat16"
DYNAMICS = "--ground-networks 2 --ground-width 8 --ground-layers 1 --muscle-width 8 --muscle-layers 1"
DYNAMICS += " --batch-size 37 --epochs 3"


def train(rank: int, processes: int, folder: Path, name: str, flags: str) -> SurrogateTrainingResult | None:
    """Train in this process of several, and save the network of its last step."""
    group = ProcessGroup(CPU, rank, processes, is_distributed=processes > 1)
    text = f"{flags} --out-dir {folder} --exp-name {name}-{processes} --threads 1 --seed 3"
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        for trainer in (surrogate_trainer, dynamics_trainer):  # the evaluation is one process's
            patch.setattr(trainer, "evaluate_surrogate_on", lambda *_: None)
        if "--kinematics" in flags:
            config = parse_training_or_evaluation(build_parser(""), text.split())
            remember(patch, surrogate_trainer.SurrogateTask, kept)
            patch.setattr(surrogate_trainer.SurrogateTask, "show", lambda *_: None)  # takes longer than the steps
            set_seed(config.seed)
            windows = [squat_windows(seed=seed) for seed in range(3)]
            result = surrogate_trainer.train_surrogate_on(config, *windows, group)
        else:
            config = parse_training_or_evaluation(build_parser(""), f"{text} --data-root {folder / 'data'}".split())
            patch.setattr(dynamics_samples, "_VARIATIONS", 1)
            patch.setattr(dynamics_samples, "_OF_VARIATION", 40)
            remember(patch, dynamics_trainer.DynamicsSurrogateTask, kept)
            set_seed(config.seed)
            if group.is_main:
                config.run_folder.mkdir(parents=True)
            result = dynamics_trainer._train(config, None, group)
    torch.save(kept[0].model.state_dict(), folder / f"{name}-{processes}-{rank}.pt")
    return result


def remember(patch: pytest.MonkeyPatch, task: type, kept: list) -> None:
    start = task.__init__

    def remembered(self, *arguments) -> None:
        start(self, *arguments)
        kept.append(self)

    patch.setattr(task, "__init__", remembered)


def train_in_one_of_two_processes(rank: int, folder: Path, runs: Sequence[tuple[str, str]]) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    for name, flags in runs:
        result = train(rank, 2, folder, name, flags)
        assert (result is None) == (rank > 0)
    torch.distributed.destroy_process_group()


def data_root(folder: Path) -> None:
    """Two demo people and a copy of one of them, with a repetition each."""
    for session in discover_sessions(SHIPPED_DEMO):
        for name in (session.id, f"{session.id}-again")[: 2 if session.id.endswith("040") else 1]:
            copy = folder / "Data" / name
            shutil.copytree(session.path, copy)
            (copy / "sessionMetadata.yaml").write_text(f"subjectID: {name}\n")
            for path in sorted((copy / "OpenSimData" / "Dynamics").iterdir())[1:]:
                shutil.rmtree(path)


RUNS = [("kinematics", KINEMATICS), ("small", SMALL_BATCHES), ("dynamics", DYNAMICS)]


@pytest.mark.parametrize("runs", [RUNS[:1], pytest.param(RUNS[1:], marks=pytest.mark.slow)], ids=["fast", "slow"])
def test_two_processes_train_a_surrogate_as_one_does(tmp_path, runs):
    if "dynamics" in dict(runs):
        data_root(tmp_path / "data")
    torch.multiprocessing.spawn(train_in_one_of_two_processes, (tmp_path, runs), nprocs=2)
    for name, flags in runs:
        assert train(0, 1, tmp_path, name, flags) is not None
        alone, first, second = (
            torch.load(tmp_path / f"{name}-{which}.pt", weights_only=True) for which in ("1-0", "2-0", "2-1")
        )
        assert all(torch.equal(value, second[key]) for key, value in first.items()), name
        for key, value in alone.items():
            torch.testing.assert_close(first[key], value, rtol=1e-4, atol=1e-4, msg=f"{name} {key}")
        losses = [read_losses(tmp_path / f"{name}-{processes}") for processes in (1, 2)]
        tolerance = 1e-3 if "bfloat16" in flags else 1e-5
        np.testing.assert_allclose(losses[1], losses[0], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_dropout_of_parts_is_that_of_the_whole_batch(p):
    values = torch.randn(7, 3, 4)
    dropout = BatchDropout(p)
    torch.manual_seed(1)
    whole = torch.nn.functional.dropout(values, p)
    torch.manual_seed(1)
    assert torch.equal(dropout(values), whole)
    parts = []
    for rows in (slice(0, 3), slice(3, 7)):
        set_part_of_batch(dropout, 7, rows)
        torch.manual_seed(1)
        parts.append(dropout(values[rows]))
    torch.testing.assert_close(torch.cat(parts), whole)
    assert torch.equal(dropout.eval()(values), values)
