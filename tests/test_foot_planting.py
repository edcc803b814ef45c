"""Planted feet stay in place on the floor, with the least change of the motion."""

import pytest
import torch
from opensim_poses import MODELS, model_path

from dataset.opensim.model_reader import load_skeleton
from models.conventions import COORDINATE_INDEX as AT
from models.skeleton.foot_planting import FootPlanting
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.biomechanics.statistics import summarise
from utils.guidance.subject.postprocessing import stand_on_floor

_LEFT_ALONE = [AT[name] for name in ("lumbar_extension", "mtp_angle_l", "mtp_angle_r", "arm_flex_l", "elbow_flex_r")]


@pytest.fixture(params=MODELS)
def skeleton(request):
    return load_skeleton(model_path(request.param, request), torch.float64)


def rough_squat(skeleton, count=1, frames=60):
    """A squat whose feet drift, turn, float and penetrate by centimetres and degrees, near the floor."""
    phase = torch.linspace(0, 2 * torch.pi, frames, dtype=torch.float64)
    bend = 40 * (1 - phase.cos())
    motion = torch.zeros(count, frames, 33, dtype=torch.float64)
    for side, sign in (("l", 1), ("r", -1)):
        motion[..., AT[f"knee_angle_{side}"]] = bend + 3 + sign * 2 * (2 * phase).sin()
        motion[..., AT[f"hip_flexion_{side}"]] = 0.9 * bend + 5
        motion[..., AT[f"ankle_angle_{side}"]] = 0.3 * bend + 3 * phase.sin()
        motion[..., AT[f"hip_rotation_{side}"]] = -5 + sign * 4 * phase.sin()
    motion[..., AT["pelvis_tilt"]] = -0.3 * bend
    motion[..., AT["lumbar_extension"]] = -0.2 * bend
    return stand_on_floor(motion, skeleton)[0]


def feet(skeleton, motion, name):
    return summarise(evaluate_quantity(name, Context(motion, skeleton=skeleton, floor_height_m=0.0)), "max").max()


def test_planted_feet_stay_in_place_on_the_floor(skeleton):
    motion = rough_squat(skeleton)
    assert feet(skeleton, motion, "foot_drift") > 0.005
    planted, points = FootPlanting(skeleton)(motion)
    torch.testing.assert_close(points, skeleton.contact_points(planted))
    assert feet(skeleton, planted, "foot_drift") < 5e-4
    assert feet(skeleton, planted, "foot_slip") < 0.03  # at a point where the heel lifts; the foot as a whole stays
    for name in ("floor_penetration", "foot_lift"):
        assert feet(skeleton, planted, name) < 1e-3
    torch.testing.assert_close(planted[..., _LEFT_ALONE], motion[..., _LEFT_ALONE], rtol=0, atol=0)
    assert (planted - motion)[..., 6:].square().mean().sqrt() < 2  # degrees


def test_a_planted_motion_is_left_as_it_is(skeleton):
    planting = FootPlanting(skeleton)
    once, _ = planting(rough_squat(skeleton))
    again, _ = planting(once)
    assert (again - once).abs().max() < 0.05


def test_motions_of_a_batch_do_not_mix(skeleton):
    planting = FootPlanting(skeleton)
    both = torch.cat([rough_squat(skeleton), rough_squat(skeleton).flip(1) * 0.8])
    torch.testing.assert_close(planting(both)[0][1:], planting(both[1:])[0])


def test_the_gradient_of_planting_is_its_derivative(skeleton):
    """Along random directions, at a planted motion, where the implicit derivative is exact."""
    planting = FootPlanting(skeleton)
    motion, _ = planting(rough_squat(skeleton, frames=20))
    motion, _ = planting(motion.detach())
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(motion.shape, generator=generator, dtype=torch.float64)
    point = motion.detach().requires_grad_()
    (gradient,) = torch.autograd.grad((planting(point)[0] * weight).sum(), point)
    for _ in range(3):
        direction = torch.randn(motion.shape, generator=generator, dtype=torch.float64)
        direction[..., 3:6] *= 0.01
        direction[..., [AT["mtp_angle_l"], AT["mtp_angle_r"]]] = 0.0  # toes count as fixed to the foot
        step = 1e-3 * direction
        changed = (planting(motion + step)[0] - planting(motion - step)[0]).mul(weight).sum() / 2
        assert (gradient * step).sum().item() == pytest.approx(changed.item(), abs=0.02 * step.norm().item())
