"""The surrogate: each motion by itself, masked frames unseen, the person known, gradients to the motion."""

import pytest
import torch
from bodies import squat
from opensim_poses import model_path

from dataset.opensim.model_reader import load_skeleton
from models.surrogate.joint_positions import joint_positions
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer

PERSON = [75.0, 0.80, 0.37, 0.155, 0.34, 0.54, 0.138]


def small(**changes) -> SurrogateTransformer:
    torch.manual_seed(0)
    return SurrogateTransformer(SurrogateConfig(**changes)).eval()


@pytest.mark.parametrize("d_model", [33, 48])
@pytest.mark.parametrize("person_features", [0, 7])
def test_activations_of_every_muscle_and_frame(d_model, person_features):
    model = small(d_model=d_model, person_features=person_features)
    activations = model(torch.randn(2, 50, 33))
    assert activations.shape == (2, 50, 80)
    assert ((activations >= 0) & (activations <= 1)).all()


def test_paper_size_has_no_projection():
    assert isinstance(small(person_features=0).projection, torch.nn.Identity)


def test_prediction_does_not_depend_on_other_motions_of_the_batch():
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


def test_prediction_depends_on_anthropometry_and_its_default_is_the_mean():
    model, motion = small(), torch.randn(2, 20, 33)
    people = torch.tensor([PERSON, PERSON]) * torch.tensor([[0.9], [1.1]])
    model.person_normalizer.fit(people, min_std=1e-2)
    mean = torch.tensor([PERSON]).expand(2, -1)
    torch.testing.assert_close(model(motion), model(motion, None, mean))
    assert not torch.allclose(model(motion), model(motion, None, 1.2 * mean))


def test_derivatives_are_central_differences():
    model = small(derivatives=True)
    time = torch.arange(40.0).view(1, 40, 1).expand(1, 40, 33)
    speed, acceleration = model.channels(0.5 * time.square())[..., 33:].chunk(2, -1)
    torch.testing.assert_close(speed[:, 5:-5], time[:, 5:-5])
    torch.testing.assert_close(acceleration[:, 5:-5], torch.ones(1, 30, 33))


@pytest.mark.parametrize("name", ["Rajagopal2015", "field-subject0", "mocap-dls"])
def test_joint_positions_are_close_to_those_of_the_skeleton(name, request):
    """Within 2 cm of the model's knees, ankles, shoulders and elbows, and steadier, in every pose of a squat."""
    skeleton = load_skeleton(model_path(name, request), torch.float64)
    motion = squat(3).double()
    points = joint_positions(motion, torch.tensor(skeleton.anthropometry))
    centres = skeleton.joint_centres(motion) - motion[..., None, 3:6]
    for side, offset in (("l", 1), ("r", 7)):
        for k, joint in ((0, "walker_knee"), (1, "ankle"), (3, "acromial"), (4, "elbow")):
            error = points[..., offset + k, :] - centres[..., skeleton.joint_names.index(f"{joint}_{side}"), :]
            assert error.norm(dim=-1).max() < 0.03, f"{joint}_{side}"
            assert error.std(1).max() < 0.01, f"{joint}_{side}"


def test_joint_positions_need_the_anthropometry():
    with pytest.raises(ValueError, match="anthropometry"):
        small(stick_figure=True, person_features=0)


def test_gradients_reach_the_motion_through_the_joint_positions():
    model, motion = small(stick_figure=True, derivatives=True), torch.randn(1, 40, 33, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(motion, None, torch.tensor(PERSON)).sum(), motion)
    assert torch.isfinite(gradient).all()
    assert (gradient.abs().sum((0, 1)) > 0).all()


def test_a_motion_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="196"):
        small()(torch.randn(1, 197, 33))
