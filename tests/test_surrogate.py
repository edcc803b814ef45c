"""The surrogate: each motion by itself, masked frames unseen, the person known, gradients to the motion."""

import pytest
import torch
from bodies import squat
from opensim_poses import model_path

from dataset.errors import InputError
from dataset.opensim.model_reader import load_skeleton
from models.surrogate.joint_positions import joint_positions
from models.surrogate.kinematic_surrogate import KinematicSurrogate
from models.surrogate.published_transformer import PublishedSurrogate
from models.surrogate.surrogate_config import SurrogateConfig
from models.surrogate.transformer import SurrogateTransformer
from models.surrogate.windowed_attention import WindowedAttentionLayer
from utils.checkpoints import load_surrogate, save_checkpoint

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


@pytest.mark.parametrize("derivatives", [False, True])
def test_attention_reaches_half_a_second(derivatives):
    """Every frame within the reach of the layers has a gradient, and none beyond."""
    model, motion = small(derivatives=derivatives), torch.randn(1, 100, 33, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(motion)[:, 50].sum(), motion)
    seen = gradient[0].abs().sum(-1) > 0
    reach = 3 * (25 // 3) + 5 if derivatives else 30
    assert seen[50 - reach : 51 + reach].all()
    assert not seen[: 50 - reach].any()
    assert not seen[51 + reach :].any()


@pytest.mark.parametrize("more", [1, 4, 300])
def test_a_frame_has_the_same_answer_in_motions_of_any_length(more):
    model = small(derivatives=True, stick_figure=True)
    for layer in model.transformer:
        torch.nn.init.normal_(layer.bias)
    motion = torch.randn(1, 100 + 2 * more, 33).cumsum(1)
    whole, part = model(motion), model(motion[:, more:-more])
    torch.testing.assert_close(part[:, 30:-30], whole[:, more + 30 : -more - 30])
    assert model(torch.randn(1, 600, 33)).shape == (1, 600, 80)


def test_attention_is_a_softmax_of_scores_and_relative_bias():
    layer = WindowedAttentionLayer(8, 2, 16, reach=3)
    torch.nn.init.normal_(layer.bias)
    hidden = torch.randn(1, 12, 8)
    queries, keys, values = layer.queries_keys_values(hidden)[0].unflatten(-1, (3, 2, 4)).unbind(1)
    expected = torch.zeros(12, 2, 4)
    for frame in range(12):
        near = range(max(0, frame - 3), min(12, frame + 4))
        for head in range(2):
            scores = [queries[frame, head] @ keys[k, head] / 2 + layer.bias[head, k - frame + 3] for k in near]
            expected[frame, head] = torch.stack(scores).softmax(0) @ values[list(near), head]
    torch.testing.assert_close(layer._attention(hidden, None)[0], layer.output(expected.flatten(1)))


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


def test_a_motion_without_recorded_frames_has_an_answer():
    model, motion = small(), torch.randn(2, 20, 33)
    assert torch.isfinite(model(motion, torch.zeros(2, 20, dtype=torch.bool))).all()


def test_only_the_published_surrogate_has_a_longest_motion():
    assert KinematicSurrogate(small(), None).longest_frames is None
    assert KinematicSurrogate(PublishedSurrogate(frames=196), None).longest_frames == 196


def test_checkpoints_with_a_position_for_each_frame_are_refused(tmp_path):
    save_checkpoint(tmp_path / "old.pth", small())
    content = torch.load(tmp_path / "old.pth", weights_only=True)
    torch.save(content | {"config": content["config"] | {"frames": 196}}, tmp_path / "old.pth")
    with pytest.raises(InputError, match=r"old\.pth was made by another version of this code.*frames"):
        load_surrogate(tmp_path / "old.pth")
