"""Losses: closed forms, and no weight for frames that were not recorded."""

import pytest
import torch
from synthetic_windows import squat_windows

from utils.training.augmentation import augment, delay_windows
from utils.training.motion_losses import ELEMENTWISE, temporal_loss, velocity_loss, weighted_loss
from utils.training.surrogate_metrics import activation_loss, activation_metrics


@pytest.mark.parametrize(("kind", "expected"), [("l1", 2.0), ("l2", 4.0), ("l1_smooth", 1.5)])
def test_closed_forms(kind, expected):
    prediction, target = torch.full((1, 4, 3), 3.0), torch.ones(1, 4, 3)
    assert weighted_loss(kind, prediction, target) == pytest.approx(expected)


@pytest.mark.parametrize("kind", ELEMENTWISE)
@pytest.mark.parametrize("loss", [weighted_loss, velocity_loss, temporal_loss])
def test_frames_without_weight_do_not_count(kind, loss):
    prediction, target = torch.randn(2, 20, 3), torch.randn(2, 20, 3)
    weight = torch.ones(2, 20)
    weight[:, 12:] = 0
    expected = loss(kind, prediction[:, :12], target[:, :12])
    prediction[:, 12:] = 1e6
    torch.testing.assert_close(loss(kind, prediction, target, weight), expected)


@pytest.mark.parametrize("without", [slice(0, 5), slice(8, 11), slice(15, None)], ids=str)
@pytest.mark.parametrize("loss", [weighted_loss, velocity_loss, temporal_loss])
def test_it_does_not_matter_what_frames_without_weight_hold(loss, without):
    prediction, target, weight = torch.randn(2, 20, 3), torch.randn(2, 20, 3), torch.rand(2, 20)
    weight[:, without] = 0
    expected = loss("l1", prediction, target, weight)
    prediction[:, without] = 1e6
    torch.testing.assert_close(loss("l1", prediction, target, weight), expected)


def test_a_constant_offset_costs_no_velocity_and_a_steady_drift_no_acceleration():
    target = torch.randn(1, 30, 3)
    drift = 0.5 * torch.arange(30.0).view(1, 30, 1)
    assert velocity_loss("l1", target + 7, target) == pytest.approx(0, abs=1e-5)
    assert velocity_loss("l1", target + drift, target) == pytest.approx(0.5, rel=1e-4)
    assert temporal_loss("l1", target + drift, target) == pytest.approx(0, abs=1e-5)


def test_augmented_windows_start_where_placed_windows_do():
    windows = squat_windows(count=16, frames=64)
    motion = windows.motion.clone()
    motion[..., [3, 5, 2]] -= motion[:, :1, [3, 5, 2]]
    torch.manual_seed(0)
    varied, counts = augment(motion, windows.recorded.float(), motion.flip(0))
    assert varied[:, 0, [3, 5, 2]].abs().max() < 1e-4  # pelvis_tx, pelvis_tz, pelvis_rotation
    assert (varied - motion).abs().max() > 5
    assert varied.diff(dim=1).abs().max() < 30  # no jump
    assert counts.min() == 0
    assert counts.max() == 1


def test_the_pose_that_is_held_behind_the_end_of_a_quicker_motion_does_not_count():
    motion = torch.linspace(0, 50, 64)[None, :, None] * torch.rand(16, 1, 33)
    torch.manual_seed(0)
    varied, counts = augment(motion, torch.ones(16, 64), motion.flip(0))
    held = varied.diff(dim=1).abs().amax(-1) == 0
    assert held.any()
    assert counts[:, 1:][held].max() == 0
    assert counts.mean() > 0.8


def test_nothing_varies_at_strength_zero():
    windows = squat_windows()
    varied, counts = augment(windows.motion, windows.recorded.float(), windows.motion.flip(0), strength=0.0)
    torch.testing.assert_close(varied, windows.motion)
    assert torch.equal(counts, windows.recorded.float())


def test_delayed_windows_hold_their_first_pose():
    windows = squat_windows(count=4)
    chosen, shift = torch.tensor([2, 1]), torch.tensor([5, 0])
    motion, recorded, activations, labelled = delay_windows(windows.take(chosen), shift)
    torch.testing.assert_close(motion[0, 5:], windows.motion[2, :-5])
    torch.testing.assert_close(motion[0, :5], windows.motion[2, :1].expand(5, -1))
    torch.testing.assert_close(activations[0, 5:], windows.activations[2, :-5])
    assert recorded[0, :5].all()
    assert not labelled[0, :5].any()
    assert torch.equal(labelled[0, 5:], windows.labelled[2, :-5])
    assert torch.equal(recorded[1], windows.recorded[1])


def test_r2_is_one_for_the_truth_and_zero_for_the_mean():
    windows = squat_windows()
    activations = windows.activations + 0.01 * torch.randn_like(windows.activations)
    windows = type(windows)(**{**vars(windows), "activations": activations})
    assert activation_metrics(activations, windows)["r2_median"] == pytest.approx(1)
    mean = activations[windows.recorded].mean(0).expand_as(activations)
    assert activation_metrics(mean, windows)["r2_median"] == pytest.approx(0, abs=1e-4)
    off = activations.clone()
    off[~windows.recorded] = 0.9
    assert activation_loss(off, activations, windows.recorded) == 0
