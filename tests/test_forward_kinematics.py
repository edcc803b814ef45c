"""The skeleton's forward kinematics equal OpenSim's, differentiate correctly, and place contacts sensibly."""

import numpy as np
import opensim
import pytest
import torch
from opensim_poses import MODELS, OpenSimPoses, model_path

from dataset.errors import InputError
from dataset.opensim.model_reader import load_skeleton, read_osim
from models.conventions import COORDINATES
from models.skeleton.description import PiecewisePolynomial
from models.skeleton.forward_kinematics import OpenSimSkeleton
from models.skeleton.joint_functions import JointFunctions


def random_motion(skeleton: OpenSimSkeleton, frames: int, beyond: float = 0.25) -> np.ndarray:
    """Poses over the model's ranges and a quarter beyond them."""
    low, high = skeleton.coordinate_range.double().numpy().T
    margin = beyond * (high - low)
    motion = np.random.default_rng(0).uniform(low - margin, high + margin, (frames, len(COORDINATES)))
    motion[:, 3:6] = np.random.default_rng(1).uniform(-1, 1, (frames, 3))
    return motion


@pytest.mark.parametrize("name", MODELS)
def test_points_equal_opensim(name, request):
    path = model_path(name, request)
    exact, single = load_skeleton(path, torch.float64), load_skeleton(path, torch.float32)
    motion = random_motion(exact, 12)
    extra = {key: np.linspace(-8, 8, 12) for key in exact.coordinate_map.extra_names}
    poses = OpenSimPoses(path)
    joints, markers = poses.model.getJointSet(), poses.model.getMarkerSet()
    expected_joints, expected_markers, expected_contacts = [], [], []
    for t in range(len(motion)):
        poses.set(motion[t], extra={key: values[t] for key, values in extra.items()})
        expected_joints.append(
            [joints.get(j).getChildFrame().getPositionInGround(poses.state).to_numpy() for j in exact.joint_names]
        )
        expected_markers.append(
            [markers.get(m).getLocationInGround(poses.state).to_numpy() for m in exact.marker_names]
        )
        contacts = []
        for body, location in zip(exact.description.contact_bodies, exact.description.contact_locations, strict=True):
            frame = poses.model.getBodySet().get(exact.body_names[body])
            ground = frame.findStationLocationInGround(poses.state, opensim.Vec3(*location))
            contacts.append(ground.to_numpy())
        expected_contacts.append(contacts)
    for skeleton, tolerance in ((exact, 1e-9), (single, 2e-6)):
        frames = torch.tensor(motion)
        np.testing.assert_allclose(skeleton.joint_centres(frames, extra), expected_joints, rtol=0, atol=tolerance)
        np.testing.assert_allclose(skeleton.contact_points(frames, extra), expected_contacts, rtol=0, atol=tolerance)
        if exact.marker_names:
            np.testing.assert_allclose(skeleton.markers(frames, extra), expected_markers, rtol=0, atol=tolerance)


def test_gradient_is_exact():
    skeleton = load_skeleton(model_path("Rajagopal2015", None), torch.float64)
    motion = torch.tensor(random_motion(skeleton, 2, beyond=-0.1)).requires_grad_()
    assert torch.autograd.gradcheck(lambda m: skeleton.contact_points(m) * 100, motion, atol=1e-6)
    assert torch.autograd.gradcheck(lambda m: skeleton.joint_centres(m) * 100, motion, atol=1e-6)


def test_batch_shape_and_frames_are_independent():
    skeleton = load_skeleton(model_path("Rajagopal2015", None), torch.float64)
    motion = torch.tensor(random_motion(skeleton, 6))
    batched = skeleton.joint_centres(motion.reshape(2, 3, 33))
    assert batched.shape == (2, 3, 22, 3)
    torch.testing.assert_close(batched.reshape(6, 22, 3)[4], skeleton.joint_centres(motion[4]))


def test_moving_the_pelvis_moves_everything_rigidly():
    skeleton = load_skeleton(model_path("Rajagopal2015", None), torch.float64)
    motion = torch.tensor(random_motion(skeleton, 4))
    moved = motion.clone()
    moved[:, 3:6] += torch.tensor([0.3, -0.2, 0.7], dtype=torch.float64)
    shift = skeleton.contact_points(moved) - skeleton.contact_points(motion)
    torch.testing.assert_close(shift, torch.tensor([0.3, -0.2, 0.7], dtype=torch.float64).expand_as(shift))


def test_placed_contacts_agree_with_opencaps_own(recordings):
    """OpenCap's model with spheres and the same person's model without: our placement lands on the spheres."""
    folder = recordings / "opencap/Data/field-subject0/OpenSimData/Model"
    with_spheres = next(folder.glob("*contacts.osim"))
    without = folder / "LaiArnoldModified2017_poly_withArms_weldHand_scaled.osim"
    assert "<ContactSphere " in with_spheres.read_text()
    assert "<ContactSphere " not in without.read_text()
    own, placed = read_osim(with_spheres), read_osim(without)
    assert placed.contact_names == own.contact_names
    np.testing.assert_allclose(placed.contact_locations, own.contact_locations, atol=1e-4)


def test_functions_of_several_pieces_keep_all_their_powers():
    starts, coefficients = np.array([-1.0, 0.5]), np.arange(12.0).reshape(2, 6)
    functions = JointFunctions([PiecewisePolynomial(0, starts, coefficients)], torch.float64)
    value, slope = functions(torch.tensor([[0.0, 1.5]], dtype=torch.float64), derivatives=1)  # 1 behind each start
    np.testing.assert_allclose(value[0], coefficients.sum(1))
    np.testing.assert_allclose(slope[0], (coefficients * np.arange(6)).sum(1))


def test_missing_and_unreadable_models_are_named(tmp_path):
    with pytest.raises(InputError, match="nowhere.osim"):
        read_osim(tmp_path / "nowhere.osim")
    (tmp_path / "broken.osim").write_text("this is no model")
    with pytest.raises(InputError, match="broken.osim"):
        read_osim(tmp_path / "broken.osim")
