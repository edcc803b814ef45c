"""The latent space of guidance: how far people's latents are apart, and whose initial latents are whose."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import squat
from random_networks import short_run, write_networks, write_person

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from options.config_parser import parse_config
from options.limo_surrogate_options import build_parser
from utils.checkpoints import save_checkpoint
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.latents.latent_space import load_latent_space
from utils.guidance.preparation import prepare
from utils.networks.inference import load_frozen_vqvae


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    return write_networks(tmp_path_factory.mktemp("networks"))


def space_of(folder, latents, names):
    """The latent space of latents (N, L, D) beside the VQ-VAE of a folder."""
    np.savez(folder / "latents.npz", latents=np.asarray(latents, dtype=np.float32), names=np.array(names))
    vqvae = load_frozen_vqvae(folder / "vqvae.pth", torch.device("cpu"))
    return load_latent_space(folder / "vqvae.pth", vqvae, frames=49, seed=0)


def test_the_between_subject_distance_is_the_median_to_the_nearest_latent_of_another_person(tmp_path):
    """People at 0, 1 and 4 along one axis, each with a second repetition that is 0.1 away."""
    folder = write_networks(tmp_path)
    latents = np.zeros((6, 49, 4))
    latents[:, 0, 0] = [0.0, -0.1, 1.0, 1.1, 4.0, 4.1]
    space = space_of(folder, latents, ["a/1", "a/2", "b/1", "b/2", "c/1", "c/2"])
    assert space.between_subject_distance == pytest.approx(np.median([1.0, 1.1, 1.0, 1.1, 2.9, 3.0]), rel=1e-5)
    assert space.max_distance(2.0) == pytest.approx(2 * space.between_subject_distance)
    assert space.max_distance(0.0) == math.inf
    alone = space_of(folder, latents, [f"a/{number}" for number in range(6)])
    assert alone.between_subject_distance is None
    assert alone.max_distance(1.0) == math.inf


def test_a_single_training_latent_is_refused_and_few_are_said(tmp_path, caplog):
    """Nothing could be changed along the principal components of one, and each size of a change was NaN."""
    folder = write_networks(tmp_path)
    latents = np.random.default_rng(0).normal(size=(20, 49, 4))
    with pytest.raises(InputError, match="1 training window of at most --seq-len 49, expected 2 at least"):
        space_of(folder, latents[:1], ["a/1"])
    assert not caplog.records
    few = space_of(folder, latents[:3], ["a/1", "a/2", "b/1"])
    assert "3 training windows of at most --seq-len 49, so guidance changes motions along 2 directions" in caplog.text
    assert torch.isfinite(few.update.squared_size(torch.randn(5, 49, 4))).all()
    caplog.clear()
    space_of(folder, latents, [f"{number}/1" for number in range(20)])
    assert not caplog.records


@pytest.mark.parametrize("groups", [1, 2])
def test_without_training_latents_each_start_is_of_random_codes(tmp_path, groups):
    """Of grouped codebooks, the codes of one group say nothing of those of another."""
    vqvae = VQVAE(VQVAEConfig(nb_code=16, code_dim=4, code_groups=groups, width=16, depth=1)).eval()
    for name, codebook in vqvae.named_buffers():
        if name.endswith("codebook"):
            codebook.copy_(torch.randn(codebook.shape, generator=torch.Generator().manual_seed(len(name))))
    save_checkpoint(tmp_path / "vqvae.pth", vqvae)
    space = load_latent_space(tmp_path / "vqvae.pth", vqvae, frames=49, seed=0)
    first, second = space.sampler(0), space.sampler(1)
    assert first.shape == (49, 4)
    torch.testing.assert_close(vqvae.quantize(first[None])[0], first)
    torch.testing.assert_close(space.sampler(0), first)
    assert not torch.equal(first, second)
    codes = vqvae.quantizer.codes_of(torch.cat([first, second]))
    assert groups == 1 or (codes[:, 0] != codes[:, 1]).float().mean() > 0.7


@pytest.mark.parametrize(("down_t", "seq_len"), [(1, 49), (3, 50)])
def test_latents_of_another_length_are_guided(tmp_path, down_t, seq_len):
    vqvae = VQVAE(VQVAEConfig(nb_code=16, code_dim=4, width=16, depth=1, down_t=down_t))
    vqvae.normalizer.fit(squat(4), min_std=0.02)
    save_checkpoint(tmp_path / "vqvae.pth", vqvae)
    length = 4 * seq_len // 2**down_t
    latents = np.random.default_rng(0).normal(size=(9, length, 4))
    np.savez(tmp_path / "latents.npz", latents=latents, names=np.arange(9))
    config = GuidanceConfig(
        subject=str(SHIPPED_DEMO / "Data" / "demo-person-040"), vq_name=tmp_path / "vqvae.pth", verify=False,
        threads=1, num_runs=2, min_samples=1,
    )  # fmt: skip
    prepared = prepare(config)
    assert prepared.config.seq_len == seq_len
    z = prepared.latents.sampler(0)[None]
    assert prepared.models.vqvae.decode(z).shape == (1, 4 * seq_len, 33)
    assert prepared.latents.proximity(z)[0].shape == (1,)
    if down_t == 3:
        with pytest.raises(InputError, match="49 is a window of 196 frames, .* expected a multiple of 2"):
            prepare(replace(config, seq_len=49))


def test_two_people_do_not_start_from_the_same_training_squats_and_one_always_does(networks, tmp_path):
    orders = {}
    for name, seed in (("a", 1), ("b", 1), ("a", 2), ("a", 1)):
        folder = tmp_path / name
        if not folder.exists():
            write_person(folder)
        words = ["--subject", str(folder), *short_run(networks), "--start", "training", "--seed", str(seed)]
        prepared = prepare(parse_config(build_parser(""), GuidanceConfig, words))
        order = torch.stack([prepared.latents.sampler(number) for number in range(9)])
        if (name, seed) in orders:
            torch.testing.assert_close(order, orders[name, seed])
        orders[name, seed] = order
    every = list(orders.values())
    assert all(not torch.equal(one, other) for i, one in enumerate(every) for other in every[:i])
