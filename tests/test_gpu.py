"""What is computed on a GPU is what the CPU computes; a device that is pretended to be one stands in for it."""

import csv
import json
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch
from pretended_gpu import PRETENDED, pretended_gpu
from synthetic_windows import squat_windows

import LIMO_Surrogate
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import open_session
from options.config_parser import parse_config
from options.surrogate_training_options import build_parser as surrogate_parser
from options.surrogate_training_options import parse_training_or_evaluation
from options.train_vq_options import build_parser as vq_parser
from utils.biomechanics.context import activation_of
from utils.checkpoints import read_checkpoint
from utils.guidance.latents.latent_space import load_latent_space
from utils.guidance.subject.frozen_models import FrozenModels, load_models
from utils.runs.environment import set_seed
from utils.training.distributed import ProcessGroup
from utils.training.surrogate_trainer import train_surrogate_on
from utils.training.vqvae_trainer import train_vqvae_on
from utils.training.vqvae_training_config import VQVAETrainingConfig

only_on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU on this machine")
REAL_ONLY = ("--precision bfloat16", "--compile", "--precision bfloat16 --compile")
# What is pretended takes many times as long, so that little is asked for there.
REQUEST = {
    "cuda": ["--min-samples", "5", "--low", "0.35", "--high", "0.40"],
    PRETENDED.type: ["--min-samples", "1", "--low", "0.35", "--high", "0.45", "--total-iter", "10"],
}
PERSON = SHIPPED_DEMO / "Data/demo-person-040"
VQVAE_RUN = (
    "--width 32 --code-dim 8 --nb-code 32 --depth 1 --batch-size 8 --lr 5e-3 --warm-up-iter 2 --save-iter 2 "
    "--eval-iter 50 --print-iter 1"
)
SURROGATE_RUN = "--kinematics --d-model 48 --layers 1 --batch-size 4 --lr 5e-3 --epochs 8"


@pytest.fixture
def gpu() -> Iterator[torch.device]:
    """A GPU, or a device that is pretended to be one."""
    with nullcontext(torch.device("cuda")) if torch.cuda.is_available() else pretended_gpu() as device:
        yield device


@pytest.fixture
def on_both(gpu) -> list[FrozenModels]:
    """The shipped networks and the shipped person, on the CPU and on the GPU."""
    session = open_session(PERSON)
    return [load_models(None, None, session, device, smooth_hz=6.0) for device in ("cpu", gpu)]


def test_motion_activation_and_gradient_are_those_of_the_cpu(on_both, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # convolutions of 10 bits, which move angles by .07°
    found = []
    for models in on_both:
        latents = load_latent_space(None, models.vqvae, frames=49, seed=0).latents[:3].clone().requires_grad_()
        context = models.describe(latents)
        peak = activation_of(context.activations, "vasmed").amax(1)
        (gradient,) = torch.autograd.grad(peak.sum(), latents)
        found.append([value.detach().cpu() for value in (context.motion, context.activations, gradient)])
    (motion, activations, gradient), (motion_gpu, activations_gpu, gradient_gpu) = found
    torch.testing.assert_close(motion_gpu, motion, atol=0.1, rtol=0)
    torch.testing.assert_close(activations_gpu, activations, atol=1e-2, rtol=0)
    assert torch.cosine_similarity(gradient_gpu.flatten(), gradient.flatten(), 0) > 0.99


def test_motions_guided_on_a_gpu_meet_the_request_in_simulation(gpu, tmp_path, monkeypatch):
    words = ["--exp-name", "gpu", "--dataname", "demo", "--subject", "demo-person-040", "--out-dir", str(tmp_path)]
    words += [*REQUEST[gpu.type], "--device", gpu.type]
    monkeypatch.setattr("sys.argv", ["LIMO_Surrogate.py", *words])
    LIMO_Surrogate.main()
    summary = json.loads(next((tmp_path / "gpu/mot_visualization").glob("*/summary.json")).read_text())
    assert summary["accepted"] == summary["wanted"]


def train_vqvae(gpu, folder, name: str, more: str):
    config = parse_config(
        vq_parser(""), VQVAETrainingConfig, f"{VQVAE_RUN} --out-dir {folder} --exp-name {name} {more}".split()
    )
    set_seed(config.seed)
    train_vqvae_on(config, squat_windows(), squat_windows(seed=1), ProcessGroup(gpu))
    return folder / name


def losses(folder) -> list[float]:
    with (folder / "losses.csv").open() as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("more", ["", *(pytest.param(more, marks=only_on_gpu) for more in REAL_ONLY)])
def test_the_vqvae_learns_on_a_gpu(gpu, tmp_path, more):
    folder = train_vqvae(gpu, tmp_path, "run", f"{more} --total-iter 40")
    first, last = losses(folder)[0], losses(folder)[-1]
    assert last < 0.8 * first
    weights = read_checkpoint(folder / "last.pth")["net"].values()
    assert {value.dtype for value in weights if value.is_floating_point()} == {torch.float32}


def test_resuming_on_a_gpu_continues_the_run(gpu, tmp_path):
    more = "--augment 1 --mirror --unquantised 0.5"
    straight = train_vqvae(gpu, tmp_path, "straight", f"{more} --total-iter 4")
    broken = train_vqvae(gpu, tmp_path, "broken", f"{more} --total-iter 2")
    train_vqvae(gpu, tmp_path, "broken", f"{more} --total-iter 4 --resume-pth {broken / '2.pth'}")
    one, other = (read_checkpoint(folder / "last.pth")["net"] for folder in (straight, broken))
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-2, atol=1e-4)  # sums on a GPU have no order


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=only_on_gpu)])
def test_the_surrogate_of_kinematics_learns_on_a_gpu(gpu, tmp_path, precision):
    words = f"{SURROGATE_RUN} --precision {precision} --out-dir {tmp_path} --exp-name run"
    config = parse_training_or_evaluation(surrogate_parser(""), words.split())
    set_seed(config.seed)
    windows, others = squat_windows(), squat_windows(seed=1)
    train_surrogate_on(config, windows, others, others, ProcessGroup(gpu))
    found = losses(tmp_path / "run")
    assert found[-1] < 0.9 * found[0]
