"""The surrogate: each motion by itself, masked frames unseen, the person known, gradients to the motion."""

import pytest
import torch

from models.surrogate import Surrogate, SurrogateConfig


def small(**changes) -> Surrogate:
    torch.manual_seed(0)
    return Surrogate(SurrogateConfig(**changes)).eval()


@pytest.mark.parametrize("d_model", [33, 48])
@pytest.mark.parametrize("person_features", [0, 2])
def test_activations_of_every_muscle_and_frame(d_model, person_features):
    model = small(d_model=d_model, person_features=person_features)
    activations = model(torch.randn(2, 50, 33))
    assert activations.shape == (2, 50, 80)
    assert ((activations >= 0) & (activations <= 1)).all()


def test_paper_size_has_no_projection():
    assert isinstance(small(person_features=0).projection, torch.nn.Identity)


def test_answer_does_not_depend_on_batch_mates():
    model, motion = small(), torch.randn(3, 40, 33)
    torch.testing.assert_close(model(motion)[1:2], model(motion[1:2]))


def test_attention_runs_over_time():
    model, motion = small(), torch.randn(1, 40, 33, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(motion)[:, 0].sum(), motion)
    assert (gradient[0].abs().sum(-1) > 0).all()  # every frame reaches the first, and a gradient comes back


def test_masked_frames_are_not_seen():
    model, motion = small(), torch.randn(2, 40, 33)
    mask = torch.ones(2, 40, dtype=torch.bool)
    mask[:, 30:] = False
    other = motion.clone()
    other[:, 30:] = 1000.0
    torch.testing.assert_close(model(motion, mask)[:, :30], model(other, mask)[:, :30])
    torch.testing.assert_close(model(motion, mask)[:, :30], model(motion[:, :30]), rtol=1e-4, atol=1e-5)


def test_person_matters_and_is_the_mean_one_by_default():
    model, motion = small(), torch.randn(2, 20, 33)
    model.person_normalizer.fit(torch.tensor([[60.0, 0.8], [80.0, 0.9]]), least_std=1e-2)
    mean = torch.tensor([[70.0, 0.85]]).expand(2, -1)
    torch.testing.assert_close(model(motion), model(motion, None, mean))
    assert not torch.allclose(model(motion), model(motion, None, mean + 10))


def test_derivatives_are_central_differences():
    model = small(derivatives=True)
    time = torch.arange(40.0).view(1, 40, 1).expand(1, 40, 33)
    speed, acceleration = model.channels(0.5 * time.square())[..., 33:].chunk(2, -1)
    torch.testing.assert_close(speed[:, 5:-5], time[:, 5:-5])
    torch.testing.assert_close(acceleration[:, 5:-5], torch.ones(1, 30, 33))


def test_a_planted_foot_is_level_in_any_squat(recordings):
    """Real feet stay on the floor: their inclination, a sum of four coordinates, changes far less than the shank's."""
    from dataset.window_tensors import load_subjects

    motion = load_subjects(recordings / "opencap", ["field-subject0", "lab-subject5"]).motion
    sines = small(inclinations=True).channels(motion)[..., 33:43]
    shanks, feet = sines[..., 4:6], sines[..., 6:8]
    assert feet.std(1).mean() < 0.3 * shanks.std(1).mean()


def test_a_motion_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="196"):
        small()(torch.randn(1, 197, 33))
