"""Reconstruction and sampling with a trained VQ-VAE, as library calls and from the command line."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from opensim_poses import rajagopal2015
from synthetic_windows import squat_windows

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.locations import SHIPPED_DEMO, SHIPPED_VQVAE
from dataset.sessions import discover_sessions
from dataset.windows.window_loading import load_windows
from models.conventions import COORDINATES, ROTATION_INDICES
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from options.mot_eval_options import build_parser, parse_reconstruction_or_sampling
from utils.checkpoints import load_vqvae, save_checkpoint
from utils.reconstruction.autoencoding import code_usage, used_codes_of
from utils.reconstruction.reconstruct import reconstruct
from utils.reconstruction.reconstruction_config import ReconstructionConfig, SamplingConfig
from utils.reconstruction.reconstruction_metrics import ReconstructionErrors
from utils.reconstruction.sample import sample, sample_latents
from utils.runs.recorded_session import find_run_records

SUBJECT = "demo-person-040"


def parse(text: str) -> ReconstructionConfig | SamplingConfig:
    return parse_reconstruction_or_sampling(build_parser(""), text.split())


def test_a_command_line_describes_what_a_call_from_python_does():
    assert parse("") == ReconstructionConfig()
    assert parse("--subjects all --resume-pth x") == ReconstructionConfig(subjects=("all",), checkpoint=Path("x"))
    assert parse("--sample 3 --dataname demo") == SamplingConfig(count=3)
    assert parse("--sample 3 --sample-noise 1 --subject a") == SamplingConfig(count=3, noise=1.0, subject="a")


@pytest.mark.parametrize("flags", ["--subject a", "--sample-noise 0.5", "--sample 2 --subjects all", "--sample 0"])
def test_flags_without_effect_are_refused(flags):
    with pytest.raises(InputError):
        parse(flags)


def test_codes_of_a_large_codebook_are_counted():
    windows = replace(squat_windows(2), models=(str(rajagopal2015()),) * 2)
    codes = torch.full((2, windows.motion.shape[1] // 4), 40_000)
    errors = ReconstructionErrors()
    errors.add(windows.motion, windows.motion, codes, windows)
    assert errors.metrics()["used_codes"] == 1


def test_reconstruction_of_a_demo_subject(tmp_path):
    config = ReconstructionConfig(
        data_root=SHIPPED_DEMO, subjects=(SUBJECT,), out_dir=tmp_path, exp_name="run", device="cpu", threads=1
    )
    earlier = tmp_path / "run" / "reconstructions" / "somebody" / "squats1_1.mot"
    earlier.parent.mkdir(parents=True)
    earlier.touch()
    notes = earlier.with_name("notes.txt")
    notes.write_text("of the user")
    result = reconstruct(config)
    assert not earlier.exists()
    assert notes.read_text() == "of the user"
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics == result.metrics
    error = (result.reconstruction - result.windows.motion)[result.windows.recorded].square().mean(0).sqrt()
    assert [metrics["coordinates"][name] for name in COORDINATES] == pytest.approx(error.tolist(), rel=1e-4)
    assert metrics["all"] == pytest.approx(metrics["subjects"][SUBJECT])
    assert metrics["all"]["joint_centre_error_mm"] < 10
    assert SUBJECT in result.table
    for name, motion, recorded in zip(
        result.windows.names, result.reconstruction, result.windows.recorded, strict=True
    ):
        written = read_motion(tmp_path / "run" / "reconstructions" / f"{name}.mot")
        np.testing.assert_allclose(written.coordinates, motion[recorded].numpy(), atol=1e-5)
    assert json.loads((tmp_path / "run" / "eval_args.json").read_text())["subjects"] == [SUBJECT]


def test_metrics_of_a_training_are_not_replaced_and_other_settings_are_said(tmp_path, caplog):
    config = ReconstructionConfig(
        data_root=SHIPPED_DEMO, subjects=(SUBJECT,), out_dir=tmp_path, exp_name="run", device="cpu", threads=1
    )
    (tmp_path / "run").mkdir()
    for name in ("args.json", "metrics.json"):
        (tmp_path / "run" / name).write_text("of the training")
    result = reconstruct(config)
    assert (tmp_path / "run" / "metrics.json").read_text() == "of the training"
    assert json.loads(result.metrics_path.read_text()) == result.metrics
    reconstruct(config)
    assert not caplog.records
    reconstruct(replace(config, seed=7))
    assert "reconstructions: replacing what an earlier run wrote there; seed was 123, and is 7" in caplog.text


def test_the_latents_of_a_squat_do_not_depend_on_how_long_the_window_is():
    """The shipped VQ-VAE: 10 s of mostly standing, its first 3.3 s, and the same later in time."""
    model, windows = load_vqvae(SHIPPED_VQVAE), load_windows(discover_sessions(SHIPPED_DEMO), frames=600)
    with torch.no_grad():
        latents, short = model.encode(windows.motion), model.encode(windows.motion[:, :196])
        torch.testing.assert_close(short, latents[:, :49], atol=0.02, rtol=0)
        difference = model.decode(short) - model.decode(latents)[:, :196]
        assert difference[..., list(ROTATION_INDICES)].abs().max() < 0.5
        later = model.encode(torch.cat([windows.motion[:, :1].expand(-1, 200, -1), windows.motion], 1))
        torch.testing.assert_close(later[:, 50:], latents, atol=0.02, rtol=0)


def test_samples_are_written_where_guidance_writes_its_motions(tmp_path):
    subject = f"somewhere/{SUBJECT}"
    result = sample(SamplingConfig(count=2, subject=subject, out_dir=tmp_path, exp_name="e", threads=1, device="cpu"))
    assert [path.name for path in result.paths] == ["entry_0_e.mot", "entry_1_e.mot"]
    assert result.folder == tmp_path / "e" / "mot_visualization" / f"latents_subject_run_{SUBJECT}"
    np.testing.assert_allclose(read_motion(result.paths[1]).coordinates, result.motion[1].numpy(), atol=1e-5)


def test_samples_take_the_place_of_earlier_ones_and_name_their_session(tmp_path, monkeypatch, caplog):
    session = tmp_path / "people" / "OpenCapData_somebody"
    shutil.copytree(SHIPPED_DEMO / "Data" / SUBJECT, session)
    monkeypatch.chdir(session)
    settings = {"out_dir": tmp_path, "exp_name": "study/first", "threads": 1, "device": "cpu"}
    for count in (3, 2):
        result = sample(SamplingConfig(count=count, subject=str(session), **settings))
    assert "replacing what an earlier run wrote there; count was 3, and is 2" in caplog.text
    assert result.folder.name == "latents_subject_run_somebody"
    assert sorted(path.name for path in result.folder.glob("*.mot")) == ["entry_0_first.mot", "entry_1_first.mot"]
    assert all(path.is_file() for path in result.paths)
    (record,) = find_run_records(tmp_path / "study" / "first")
    assert record.session.path == session
    (result.folder / "summary.json").write_text("{}")  # as guidance and retargeting leave it
    with pytest.raises(InputError, match="already holds motions of another kind"):
        sample(SamplingConfig(count=1, subject=".", **settings))


def test_samples_without_noise_are_quantised_training_latents(tmp_path):
    model, file = load_vqvae(SHIPPED_VQVAE), tmp_path / "latents.npz"
    with np.load(SHIPPED_VQVAE / "latents.npz") as content:
        latents = content["latents"][:10, :49]
    np.savez(file, latents=latents, names=np.arange(10))
    drawn = sample_latents(model, file, count=3, noise=0.0)
    training = model.quantize(torch.from_numpy(latents.astype(np.float32)))
    assert all((training == latent).all(-1).all(-1).any() for latent in drawn)
    assert not torch.equal(sample_latents(model, file, count=3, noise=1.0), drawn)


def test_evenly_used_codes_have_a_perplexity_of_their_number():
    codes = torch.arange(8).repeat(2).view(2, 8)
    recorded = torch.ones(2, 32, dtype=torch.bool)
    assert code_usage(used_codes_of(codes, recorded)) == pytest.approx((8.0, 8.0))
    recorded[:, 16:] = False
    assert code_usage(used_codes_of(codes, recorded)) == pytest.approx((4.0, 4.0))


def test_windows_that_are_no_whole_latents_are_refused(tmp_path):
    save_checkpoint(tmp_path / "best.pth", VQVAE(VQVAEConfig(nb_code=8, code_dim=8, width=8, down_t=3)))
    config = ReconstructionConfig(
        data_root=SHIPPED_DEMO, subjects=(SUBJECT,), checkpoint=tmp_path, out_dir=tmp_path, exp_name="run", threads=1
    )
    with pytest.raises(InputError, match="49 is a window of 196 frames, .* stands for 8; expected a multiple of 2"):
        reconstruct(config)
    assert reconstruct(replace(config, seq_len=50)).reconstruction.shape[1] == 200
