"""Quantizers: the nearest code, straight-through gradients, moving averages against their closed form, resets."""

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
    answer = quantizer(latents)
    expected = torch.cdist(latents.flatten(0, 1), quantizer.codebook).argmin(1)
    assert torch.equal(answer.codes.flatten(), expected)
    torch.testing.assert_close(answer.latents, quantizer.codebook[answer.codes])


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_gradient_passes_straight_through(kind):
    latents = torch.randn(5, 4, requires_grad=True)
    weights = torch.randn(5, 4)
    answer = trained(kind, latents.detach())(latents)
    (gradient,) = torch.autograd.grad((answer.latents * weights).sum(), latents)
    torch.testing.assert_close(gradient, weights)


@pytest.mark.parametrize("kind", QUANTIZERS)
def test_commitment_draws_latents_to_their_codes(kind):
    latents = torch.randn(5, 4, requires_grad=True)
    answer = trained(kind, latents.detach(), nb_code=3)(latents)
    (gradient,) = torch.autograd.grad(answer.loss, latents)
    towards = answer.latents.detach() - latents.detach()
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
def test_codes_out_of_use_are_drawn_again_from_the_batch(kind):
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
    answer = beside.eval()(torch.cat([recorded, junk]), weight)
    expected = beside(recorded)
    torch.testing.assert_close(answer.loss, expected.loss)
    torch.testing.assert_close(answer.perplexity, expected.perplexity)


def test_perplexity_counts_codes_used_evenly():
    quantizer = make_quantizer("ema", 4, 1).eval()
    quantizer.codebook.copy_(torch.tensor([[0.0], [1.0], [2.0], [3.0]]))
    assert quantizer(torch.tensor([[0.0], [1.0]])).perplexity == pytest.approx(2, rel=1e-4)
    assert quantizer(torch.tensor([[0.0], [0.1]])).perplexity == pytest.approx(1, rel=1e-4)
    assert quantizer(torch.tensor([[0.0], [1.0], [2.0], [3.0]])).used_codes == 4


def test_groups_tell_more_latents_apart_than_one_codebook():
    torch.manual_seed(0)
    latents = torch.randn(4, 50, 4)
    one, two = trained("ema_reset", latents), trained("ema_reset", latents, groups=2)
    assert two(latents).codes.shape == (4, 50, 2)
    torch.testing.assert_close(two.vectors_of(two.codes_of(latents)), two(latents).latents)
    assert two(latents).loss < 0.8 * one(latents).loss


def test_a_name_that_is_no_quantizer_is_refused():
    with pytest.raises(ValueError, match="ema_reset"):
        make_quantizer("lookup_free", 8, 2)
