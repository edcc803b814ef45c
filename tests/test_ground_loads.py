"""The loads on the legs obey Newton's laws on the masses of a stick figure, and hold against a whole scaled model."""

import pytest
import torch
from bodies import squat

from dataset.io.mot import read_motion
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_reader import load_skeleton, read_osim
from dataset.sessions import open_session
from dataset.windows.floor import floor_height
from dataset.windows.mirror import mirror_motion
from models.conventions import COORDINATE_INDEX
from models.filters import derivative_matrices, low_pass_matrix
from models.surrogate.ground_loads import LOAD_COUNT, ground_loads

PERSON = torch.tensor([75.0, 0.80, 0.37, 0.155, 0.34, 0.54, 0.138])
RATE_HZ = 60.0
LEG = (LOAD_COUNT - 5) // 2


def standing(frames: int = 60) -> torch.Tensor:
    motion = torch.zeros(1, frames, 33)
    motion[..., COORDINATE_INDEX["pelvis_ty"]] = 0.95
    return motion


def test_quiet_standing_loads_each_leg_with_half_of_the_body_weight():
    loads = ground_loads(standing(), PERSON, RATE_HZ)
    assert loads.shape == (1, 60, LOAD_COUNT)
    torch.testing.assert_close(loads, loads[:, :1].expand_as(loads), atol=1e-3, rtol=0)
    force, left, right = loads[0, 0, 2:5], loads[0, 0, 5 : 5 + LEG], loads[0, 0, 5 + LEG :]
    torch.testing.assert_close(force, torch.tensor([0.0, 1.0, 0.0]), atol=1e-3, rtol=0)
    assert left[0].item() == pytest.approx(0.5, abs=1e-4)
    torch.testing.assert_close(left[[0, 1, 2, 4, 6]], right[[0, 1, 2, 4, 6]], atol=1e-4, rtol=0)
    # the force passes the ankle at the lever that is told: moment = force * lever
    assert left[2].item() == pytest.approx(left[1].item() / 10 * 0.5 * 75 * 9.80665 / 100, abs=2e-3)


def test_upward_acceleration_increases_the_ground_reaction_force():
    motion, time_s = standing(120), torch.arange(120) / RATE_HZ
    motion[0, :, COORDINATE_INDEX["pelvis_ty"]] += 0.5 * 1.0 * (time_s - 1) ** 2  # 1 m/s^2 upwards
    upwards = ground_loads(motion, PERSON, RATE_HZ)[0, 30:90, 3]
    torch.testing.assert_close(upwards, torch.full_like(upwards, 1 + 1.0 / 9.80665), atol=2e-3, rtol=0)


def test_a_body_above_one_foot_loads_that_foot_alone():
    motion = standing()
    for side, degrees in (("l", -20.0), ("r", 20.0)):  # both legs swing to the left: the body stands over the right
        motion[..., COORDINATE_INDEX[f"hip_adduction_{side}"]] = degrees
    loads = ground_loads(motion, PERSON, RATE_HZ)[0, 0]
    assert loads[5].item() == 0.0
    assert loads[5 + LEG].item() == 1.0


def test_the_mirror_image_swaps_the_legs():
    motion = squat(1, 60) + 3 * torch.randn(1, 1, 33, generator=torch.Generator().manual_seed(0))
    motion[..., 3:6] = squat(1, 60)[..., 3:6]
    loads, mirrored = (ground_loads(m, PERSON, RATE_HZ)[0] for m in (motion, mirror_motion(motion)))
    left, right = loads[:, 5 : 5 + LEG], loads[:, 5 + LEG :]
    signs = torch.tensor([1.0, 1.0, *[1.0, -1.0] * 3])  # moments across the foot change sign
    torch.testing.assert_close(mirrored[:, 5 : 5 + LEG], right * signs, atol=2e-4, rtol=1e-3)
    torch.testing.assert_close(mirrored[:, 5 + LEG :], left * signs, atol=2e-4, rtol=1e-3)


def test_gradients_reach_every_frame():
    motion = squat(1, 40).requires_grad_()
    (gradient,) = torch.autograd.grad(ground_loads(motion, PERSON, RATE_HZ)[0, 20].square().sum(), motion)
    assert gradient.isfinite().all()
    assert (gradient[0].abs().sum(-1) > 0).all()


def test_loads_agree_with_those_of_all_bodies_of_a_scaled_model():
    """Against the zero-moment point of all bodies of a shipped person's model, as points at their mass centres."""
    session = open_session(SHIPPED_DEMO / "Data" / "demo-person-040")
    description, skeleton = read_osim(session.model_path), load_skeleton(session.model_path, torch.float64)
    motion = torch.as_tensor(read_motion(session.squat_trials[0]).coordinates)[None, 60:360]
    motion[..., COORDINATE_INDEX["pelvis_ty"]] -= floor_height(session, read_motion(session.squat_trials[0]))
    anthropometry = torch.tensor(skeleton.anthropometry)
    loads = ground_loads(motion, anthropometry, RATE_HZ)[0]

    frames = motion.shape[1]
    smooth = low_pass_matrix(frames, RATE_HZ, 4.0) @ motion[0]
    rotation, origin = skeleton.bodies(smooth)
    places = origin + (rotation @ torch.as_tensor(description.mass_centres).unsqueeze(-1)).squeeze(-1)  # (T, bodies, 3)
    acceleration = torch.einsum("ut,tbc->ubc", derivative_matrices(frames, RATE_HZ)[1], places)
    weighted = torch.as_tensor(description.masses_kg)[:, None] * (acceleration + torch.tensor([0.0, 9.80665, 0.0]))
    force = low_pass_matrix(frames, RATE_HZ, 3.0) @ weighted.sum(1)
    turning = places[..., [0, 2]] * weighted[..., 1, None] - places[..., 1, None] * weighted[..., [0, 2]]
    centre = low_pass_matrix(frames, RATE_HZ, 3.0) @ turning.sum(1) / force[:, 1, None]
    joints = skeleton.joint_centres(smooth)
    ankles = [joints[:, skeleton.joint_names.index(f"ankle_{side}")] for side in "lr"]
    exact = centre - (ankles[0] + ankles[1])[:, [0, 2]] / 2

    inner = slice(12, -12)
    error = (loads[inner, :2] / 10 - exact[inner]).abs()
    assert error[:, 0].mean() < 0.02  # metres forward
    assert error[:, 1].mean() < 0.005
    assert torch.corrcoef(torch.stack([loads[inner, 0], exact[inner, 0]]))[0, 1] > 0.97
    upwards = loads[inner, 3] * description.masses_kg.sum() * 9.80665
    torch.testing.assert_close(upwards, force[inner, 1], rtol=0.02, atol=0)
