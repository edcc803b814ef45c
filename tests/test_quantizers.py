"""Quantizers: the nearest code, straight-through gradients, moving averages against their closed form, resets."""

from pathlib import Path

import pytest
import torch

from models.vqvae.quantizer import make_quantizer
from models.vqvae.vqvae_config import QUANTIZERS


def trained(kind: str, latents: torch.Tensor, nb_code: int = 8, **options):
    torch.manual_seed(0)
    quantizer = make_quantizer(kind, nb_code, latents.shape[-1], **options)
    quantizer.train()
    quantizer(latents)
    return quantizer.eval()


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_every_latent_gets_its_nearest_code(kind):
    latents = torch.randn(3, 10, 4)
    quantizer = trained(kind, latents)
    output = quantizer(latents)
    expected = torch.cdist(latents.flatten(0, 1), quantizer.codebook).argmin(1)
    assert torch.equal(output.codes.flatten(), expected)
    torch.testing.assert_close(output.latents, quantizer.codebook[output.codes])


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_gradient_passes_straight_through(kind):
    latents = torch.randn(5, 4, requires_grad=True)
    weights = torch.randn(5, 4)
    output = trained(kind, latents.detach())(latents)
    (gradient,) = torch.autograd.grad((output.latents * weights).sum(), latents)
    torch.testing.assert_close(gradient, weights)


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_commitment_draws_latents_to_their_codes(kind):
    latents = torch.randn(5, 4, requires_grad=True)
    output = trained(kind, latents.detach(), nb_code=3)(latents)
    (gradient,) = torch.autograd.grad(output.loss, latents)
    towards = output.latents.detach() - latents.detach()
    torch.testing.assert_close(gradient, -2 * towards / towards.numel())


def test_moving_average_equals_its_closed_form():
    torch.manual_seed(0)
    quantizer = make_quantizer("ema", 2, 1, mu=0.9)
    quantizer.codebook.copy_(torch.tensor([[0.0], [10.0]]))
    quantizer.mark_initialised()
    quantizer.train()
    quantizer(torch.tensor([[1.0], [3.0], [11.0]]))
    # from the file's codes as averages of 10: sums 0.9 * (0, 100) + 0.1 * (4, 11), counts 0.9 * 10 + 0.1 * (2, 1)
    torch.testing.assert_close(quantizer.codebook, torch.tensor([[0.4 / 9.2], [91.1 / 9.1]]))


def test_codebook_moves_to_the_clusters_of_its_latents():
    torch.manual_seed(1)
    centres = torch.tensor([[0.0, 0.0], [5.0, 5.0], [-5.0, 5.0]])
    quantizer = make_quantizer("ema_reset", 3, 2, mu=0.8).train()
    for _ in range(60):
        quantizer(centres.repeat_interleave(20, 0) + 0.1 * torch.randn(60, 2))
    assert torch.cdist(centres, quantizer.codebook).min(1).values.max() < 0.2


@pytest.mark.parametrize("kind", ["ema_reset", "reset"])
def test_unused_codes_are_drawn_again_from_the_batch(kind):
    quantizer = make_quantizer(kind, 4, 2, mu=0.5).train()
    latents = torch.randn(50, 2)
    quantizer(latents)
    quantizer.codebook.data[0] = 1000.0
    for _ in range(3):
        quantizer(latents)
    assert quantizer.codebook.abs().max() < 10


def test_latents_without_weight_change_nothing():
    recorded, junk = torch.randn(20, 3), 100 + torch.randn(20, 3)
    weight = torch.cat([torch.ones(20), torch.zeros(20)])
    torch.manual_seed(0)
    beside = make_quantizer("ema_reset", 8, 3)
    beside.train()
    beside(torch.cat([recorded, junk]), weight)
    assert beside.codebook.abs().max() < 10
    output = beside.eval()(torch.cat([recorded, junk]), weight)
    expected = beside(recorded)
    torch.testing.assert_close(output.loss, expected.loss)
    torch.testing.assert_close(output.perplexity, expected.perplexity)


def test_perplexity_counts_codes_used_evenly():
    quantizer = make_quantizer("ema", 4, 1).eval()
    quantizer.codebook.copy_(torch.tensor([[0.0], [1.0], [2.0], [3.0]]))
    assert quantizer(torch.tensor([[0.0], [1.0]])).perplexity == pytest.approx(2, rel=1e-4)
    assert quantizer(torch.tensor([[0.0], [0.1]])).perplexity == pytest.approx(1, rel=1e-4)
    assert quantizer(torch.tensor([[0.0], [1.0], [2.0], [3.0]])).used_codes == 4


def test_grouped_codebooks_distinguish_more_latents_than_one_codebook():
    torch.manual_seed(0)
    latents = torch.randn(4, 50, 4)
    one, two = trained("ema_reset", latents), trained("ema_reset", latents, groups=2)
    assert two(latents).codes.shape == (4, 50, 2)
    torch.testing.assert_close(two.vectors_of(two.codes_of(latents)), two(latents).latents)
    assert two(latents).loss < 0.8 * one(latents).loss


def test_a_name_that_is_no_quantizer_is_refused():
    with pytest.raises(ValueError, match="ema_reset"):
        make_quantizer("lookup_free", 8, 2)


def train_in_one_of_two_processes(rank: int, folder: str) -> None:
    """Train on latents of which this process sees its half, under a seed of its own, and save the codebooks."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2)
    torch.manual_seed(rank)
    centre = torch.tensor([-100.0, 100.0])[rank]
    for kind in ("reset", "ema_reset"):
        quantizer = make_quantizer(kind, 6, 2, mu=0.5).train()
        for _ in range(4):
            quantizer(centre + torch.randn(20, 2))
        torch.save(quantizer.codebook.detach(), Path(folder) / f"{kind}_{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_draw_the_same_codes_from_the_latents_of_both(tmp_path):
    torch.multiprocessing.spawn(train_in_one_of_two_processes, (str(tmp_path),), nprocs=2)
    for kind in ("reset", "ema_reset"):
        first, second = (torch.load(tmp_path / f"{kind}_{rank}.pt", weights_only=True) for rank in range(2))
        assert torch.equal(first, second)
        assert (first < -50).any()
        assert (first > 50).any()
