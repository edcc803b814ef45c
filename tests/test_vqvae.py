"""The VQ-VAE: shapes, receptive field, normalisation, weights of frames, gradients for guidance."""

import pytest
import torch
from synthetic_windows import squat_windows

from dataset.windows.mirror import mirror_activations, mirror_motion
from models.normalizer import Normalizer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import NORMS, PADDINGS, VQVAEConfig

SMALL = {"width": 32, "code_dim": 16, "nb_code": 32, "depth": 2}


def small(**changes) -> VQVAE:
    torch.manual_seed(0)
    model = VQVAE(VQVAEConfig(**SMALL | changes)).eval()
    model.quantizer.codebook.normal_()
    return model


@pytest.mark.parametrize(("down_t", "stride_t", "latent_frames"), [(2, 2, 49), (1, 2, 98), (1, 4, 49)])
def test_a_latent_frame_stands_for_a_power_of_the_stride(down_t, stride_t, latent_frames):
    model = small(down_t=down_t, stride_t=stride_t)
    latents = model.encode(torch.randn(2, 196, 33))
    assert latents.shape == (2, latent_frames, 16)
    assert model.decode(latents).shape == (2, 196, 33)


@pytest.mark.parametrize("norm", [None, *NORMS])
@pytest.mark.parametrize("activation", ["relu", "silu", "gelu"])
def test_each_motion_is_reconstructed_by_itself(norm, activation):
    model, motion = small(norm=norm, activation=activation), torch.randn(3, 32, 33)
    torch.testing.assert_close(model.reconstruct(motion)[1:2], model.reconstruct(motion[1:2]), rtol=1e-4, atol=1e-5)


def test_frames_that_do_not_fill_a_latent_frame_are_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        small().encode(torch.randn(1, 195, 33))


def test_units_of_a_coordinate_do_not_matter():
    """Metres or millimetres: the normalisation inside gives the network the same numbers."""
    windows, model = squat_windows(), small()
    model.normalizer.fit(windows.motion)
    latents, motion = model.encode(windows.motion), model.reconstruct(windows.motion)
    scale = torch.ones(33)
    scale[3:6] = 1000.0
    model.normalizer.fit(windows.motion * scale)
    torch.testing.assert_close(model.encode(windows.motion * scale), latents, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(model.reconstruct(windows.motion * scale), motion * scale, rtol=1e-3, atol=1e-2)


def test_normalizer_takes_weighted_moments_and_inverts():
    normalizer = Normalizer(2)
    values = torch.tensor([[1.0, 5.0], [3.0, 5.0], [100.0, 100.0]])
    normalizer.fit(values, torch.tensor([1.0, 1.0, 0.0]), min_std=0.5)
    torch.testing.assert_close(normalizer.mean, torch.tensor([2.0, 5.0]))
    torch.testing.assert_close(normalizer.std, torch.tensor([1.0, 0.5]))
    torch.testing.assert_close(normalizer.denormalize(normalizer.normalize(values)), values)


@pytest.mark.parametrize(("down_t", "stride_t"), [(2, 2), (1, 4)])
def test_initialised_as_interpolator_the_untrained_network_preserves_any_motion(down_t, stride_t):
    """A steady drift comes back exactly, away from the ends and whatever its size; its means are the latent."""
    model = small(width=80, code_dim=40, down_t=down_t, stride_t=stride_t)
    model.start_as_interpolator()
    slope = torch.randn(2, 1, 33)
    motion = slope * torch.arange(64.0).view(1, 64, 1) / 64
    channels = torch.arange(33) * 40 // 33
    torch.testing.assert_close(model.encode(motion)[..., channels], motion.view(2, 16, 4, 33).mean(2))
    error = model.decode(model.encode(motion)) - motion
    assert error[:, 8:-8].abs().max() < 0.02 * slope.abs().max()


@pytest.mark.parametrize("padding", PADDINGS)
def test_the_same_frames_have_the_same_latents_wherever_they_are_in_a_motion(padding):
    """Away from the ends by the receptive field: of depth 2, less than 32 frames."""
    model, motion = small(padding=padding), torch.randn(1, 160, 33)
    latents = model.encode(motion)
    section = model.encode(motion[:, 40:])  # shifted by ten latent frames
    torch.testing.assert_close(section[:, 8:], latents[:, 18:], rtol=1e-4, atol=1e-5)
    longer = model.encode(torch.cat([motion, torch.randn(1, 80, 33)], 1))
    torch.testing.assert_close(longer[:, :32], latents[:, :32], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", PADDINGS)
def test_only_with_edge_padding_standing_still_is_the_same_at_the_ends(padding):
    model = small(padding=padding)
    for length in (16, 60):
        latents = model.encode(torch.randn(1, 1, 33).expand(-1, length, -1))
        decoded = model.decode(latents)
        constant = torch.allclose(latents, latents[:, :1], atol=1e-5) and torch.allclose(
            decoded, decoded[:, :1], atol=1e-4
        )
        assert constant == (padding == "edge")


def test_a_network_too_narrow_to_carry_all_coordinates_is_refused():
    with pytest.raises(ValueError, match="width of 66"):
        small(width=64).start_as_interpolator()


def test_gradient_reaches_every_latent_frame():
    model = small()
    latents = torch.randn(2, 8, 16, requires_grad=True)
    model.decode(latents).square().sum().backward()
    assert (latents.grad.abs().sum(-1) > 0).all()


def test_unquantised_windows_are_decoded_from_their_own_latents():
    model, motion = small().train(), torch.randn(2, 32, 33)
    answer = model(motion, unquantised=torch.tensor([True, False]))
    model.eval()
    torch.testing.assert_close(answer.reconstruction[0], model.decode(model.encode(motion))[0])
    torch.testing.assert_close(answer.reconstruction[1], model.decode(answer.quantised.latents)[1])


def test_mirroring_twice_changes_nothing_and_once_exchanges_sides():
    windows = squat_windows()
    torch.testing.assert_close(mirror_motion(mirror_motion(windows.motion)), windows.motion)
    mirrored = mirror_motion(windows.motion)
    torch.testing.assert_close(mirrored[..., 6:9], windows.motion[..., 9:12])  # left hip from the right
    torch.testing.assert_close(mirrored[..., 1], -windows.motion[..., 1])  # pelvis_list
    activations = torch.arange(80.0)
    torch.testing.assert_close(mirror_activations(activations)[:40], activations[40:])


def test_mirrored_motion_is_the_reflected_body(recordings):
    """On a symmetric model every joint centre goes to the place of its partner's reflection."""
    from dataset.opensim.model_reader import load_skeleton

    skeleton = load_skeleton(recordings / "models" / "LaiUhlrich2022.osim", torch.float64)
    motion = squat_windows().motion[:2].double()
    names = skeleton.joint_names
    swap = {"l": "r", "r": "l"}
    partners = [names.index(n[:-1] + swap[n[-1]]) if n[-2:] in ("_l", "_r") else i for i, n in enumerate(names)]
    reflected = skeleton.joint_centres(motion)[..., partners, :] * torch.tensor([1.0, 1.0, -1.0])
    assert (skeleton.joint_centres(mirror_motion(motion)) - reflected).norm(dim=-1).max() < 2e-3
