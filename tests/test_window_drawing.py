"""Which windows, and which sections of them, a training draws; the distance between joint centres as a loss."""

import pytest
import torch
from synthetic_windows import squat_windows

from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import discover_sessions
from dataset.windows.motion_batch import MotionBatch
from models.conventions import COORDINATE_INDEX
from utils.training.vqvae_losses import position_loss
from utils.training.window_drawing import balanced_probability, random_sections


def windows_of(depths_deg: list[float], durations_s: list[float]) -> MotionBatch:
    """Windows of 600 frames whose knees flex to the depths, for the durations."""
    windows = squat_windows(len(depths_deg), frames=600)
    motion, frame = torch.zeros_like(windows.motion), torch.arange(600)
    repetition = frame < 60 * torch.tensor(durations_s).unsqueeze(1)
    motion[..., COORDINATE_INDEX["knee_angle_l"]] = torch.tensor(depths_deg).unsqueeze(1) * repetition
    return MotionBatch(**vars(windows) | {"motion": motion, "repetition": repetition, "standing": ~repetition})


def test_every_depth_and_tempo_is_drawn_equally_often():
    windows = windows_of([60.0] * 10 + [120.0] * 5 + [60.0] * 5, [2.0] * 15 + [8.0] * 5)
    expected = torch.tensor([[60.0, 2.0], [120.0, 2.0], [60.0, 8.0]])
    torch.testing.assert_close(windows.depth_and_duration()[[0, 10, 19]], expected)
    probability = balanced_probability(windows)
    shares = torch.stack([probability[:10].sum(), probability[10:15].sum(), probability[15:].sum()])
    torch.testing.assert_close(shares, torch.full((3,), 1 / 3))


def test_a_single_odd_window_is_not_drawn_all_the_time():
    probability = balanced_probability(windows_of([60.0] * 199 + [120.0], [2.0] * 200))
    assert probability[-1] < 0.15
    assert probability[-1] > 20 * probability[0]


def test_sections_are_parts_of_their_windows_in_the_repetition_and_the_second_after_it():
    windows = windows_of([90.0] * 400, [6.0] * 400)
    number = torch.arange(600.0).view(1, 600, 1).expand(400, -1, 33)
    motion, weight = random_sections(number, number[..., 0], windows.repetition, 196)
    assert motion.shape == (400, 196, 33)
    assert (motion.diff(dim=1) == 1).all()
    assert torch.equal(motion[..., 0], weight)
    first = motion[:, 0, 0]
    latest = 6 * 60 + 60 - 196
    assert (first.min(), first.max()) == (0, latest)
    assert float((first == 0).float().mean()) == pytest.approx(0.25, abs=0.1)
    assert float((first == latest).float().mean()) == pytest.approx(0.25, abs=0.1)
    assert len(first.unique()) > 60


def test_windows_that_are_not_longer_stay_whole():
    windows = squat_windows()
    motion, weight = random_sections(windows.motion, windows.recorded.float(), windows.repetition, 32)
    assert torch.equal(motion, windows.motion)
    assert torch.equal(weight, windows.recorded.float())


def test_the_position_loss_is_the_distance_between_joint_centres_in_centimetres():
    skeleton = load_skeleton(discover_sessions(SHIPPED_DEMO)[0].model_path)
    target = squat_windows().motion
    moved = target.clone()
    moved[:4, :, COORDINATE_INDEX["pelvis_tx"]] += 0.03
    moved[:4, :, COORDINATE_INDEX["pelvis_tz"]] += 0.04
    moved.requires_grad_()
    weight = torch.ones(8, 32)
    assert float(position_loss(skeleton, target, target, weight)) == 0
    loss = position_loss(skeleton, moved, target, weight)
    torch.testing.assert_close(loss.detach(), torch.tensor(2.5), rtol=1e-4, atol=0)
    only_moved = (torch.arange(8) < 4).float().unsqueeze(1).expand(-1, 32)
    torch.testing.assert_close(position_loss(skeleton, moved, target, only_moved).detach(), torch.tensor(5.0))
    loss.backward()
    assert moved.grad is not None
    assert torch.isfinite(moved.grad).all(), "also where prediction and target are the same"
    assert moved.grad[0].abs().sum() > 0
