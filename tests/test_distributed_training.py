"""Two processes train one VQ-VAE: their networks stay equal, and only the first one writes files."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dataset.locations import SHIPPED_DEMO
from utils.checkpoints import read_checkpoint

ROOT = Path(__file__).resolve().parents[1]
TINY = (
    "--dataname demo --device cpu --threads 1 --width 8 --code-dim 8 --nb-code 16 --depth 1 --batch-size 4 --lr 1e-3 "
    "--warm-up-iter 0 --total-iter 6 --eval-iter 6 --print-iter 1 --save-iter 6 --augment 1 --mu 0.5"
)


@pytest.mark.parametrize("quantizer", ["ema_reset", "reset"])
def test_networks_and_codebooks_of_both_processes_stay_equal(tmp_path, quantizer):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = [ROOT / "tests" / "distributed_training.py", tmp_path, *TINY.split(), "--quantizer", quantizer]
    environment = os.environ | {"BIGE_DEMO": str(SHIPPED_DEMO), "OMP_NUM_THREADS": "1"}
    command = [*map(str, launcher + script), "--out-dir", str(tmp_path), "--exp-name", "run"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr

    first, second = (torch.load(tmp_path / f"rank{rank}.pth", weights_only=True) for rank in (0, 1))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
    saved = read_checkpoint(tmp_path / "run" / "last.pth")["net"]
    assert all(torch.equal(saved[name], value) for name, value in first.items())
    assert first["quantizer.codebook"].unique(dim=0).shape[0] == 16

    with (tmp_path / "run" / "losses.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [1, 2, 3, 4, 5, 6], "written by one process"
    events = list((tmp_path / "run").glob("events.out.tfevents.*"))
    assert len(events) == 1
    assert result.stdout.count("least validation loss") == 1
