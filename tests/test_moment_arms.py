"""Polynomial muscle paths against OpenSim: lengths, moment arms and velocities, also outside the fitted range."""

import numpy as np
import pytest
import torch
from opensim_poses import rajagopal2015

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.opensim.muscle_geometry import MuscleGeometry
from dataset.opensim.muscle_path_cache import cached_muscle_paths
from dataset.opensim.muscle_path_fit import fit_muscle_paths
from dataset.opensim.opensim_library import load_opensim, open_opensim_model
from models.conventions import COORDINATE_INDEX, COORDINATES, MUSCLE_INDEX, MUSCLES
from models.muscles.moment_arms import LEG_COORDINATES, LEG_INDICES, monomials, velocities


@pytest.fixture(scope="session")
def rajagopal():
    path = rajagopal2015()
    return MuscleGeometry(path), fit_muscle_paths(path)


def random_motion(geometry, count=40, share=0.9):
    """Poses (count, 33) drawn from the middle `share` of the fitted range, both legs differently."""
    limits = np.degrees(geometry.fit_range())
    middle, half = limits.mean(axis=1), share * np.diff(limits, axis=1)[:, 0] / 2
    generator = np.random.default_rng(0)
    motion = np.zeros((count, len(COORDINATES)))
    for indices in LEG_INDICES:
        motion[:, indices] = middle + half * generator.uniform(-1, 1, (count, len(middle)))
    return motion


def errors(geometry, paths, motion):
    """Absolute errors in mm: lengths (T, 80), and moment arms of the spanned coordinates (values,)."""
    found = paths(torch.from_numpy(motion))
    length = 1e3 * np.abs(found.lengths.numpy() - geometry.lengths(motion))
    spanned = geometry.spans.reshape(2, -1, len(LEG_COORDINATES)).transpose(0, 2, 1)
    arm = 1e3 * np.abs(found.moment_arms.numpy() - geometry.moment_arms(motion))[:, spanned]
    return length, arm


def test_random_poses_equal_opensim(rajagopal):
    geometry, paths = rajagopal
    length, arm = errors(geometry, paths, random_motion(geometry))
    assert length.mean() < 0.15
    assert arm.mean() < 0.6
    assert np.quantile(length, 0.99) < 1.5


@pytest.mark.parametrize(
    ("session", "model", "trial"),
    [
        pytest.param("field-subject0", "*contacts.osim", "Squats_0.mot", marks=pytest.mark.slow),
        pytest.param("lab-subject5", "*.osim", "squats1.mot", marks=pytest.mark.slow),
        ("mocap-dls", "*.osim", "*.mot"),
    ],
)
def test_real_squats_equal_opensim(recordings, tmp_path_factory, session, model, trial):
    """mocap-dls has a knee adduction besides the 33 coordinates; in lab-subject5 glmax1 jumps in some poses."""
    folder = recordings / "opencap/Data" / session / "OpenSimData"
    osim = next((folder / "Model").glob(model))
    motion = read_motion(next((folder / "Kinematics").glob(trial))).coordinates
    motion = motion[:: len(motion) // 40]
    paths = cached_muscle_paths(osim, tmp_path_factory.mktemp("paths"))
    length, arm = errors(MuscleGeometry(osim), paths, motion)
    assert length.mean() < 0.13
    assert length.max() < 2
    assert arm.mean() < 0.5
    assert arm.max() < 10


def test_exact_moment_arms_equal_opensims_own(rajagopal):
    """Differences of lengths against OpenSim's computeMomentArm, which carries the knee's coupled patella along."""
    geometry, _ = rajagopal
    model, state = open_opensim_model(rajagopal2015())
    pose = {"hip_flexion_r": 40.0, "hip_adduction_r": -5.0, "knee_angle_r": 60.0, "ankle_angle_r": 10.0}
    motion = np.zeros((1, len(COORDINATES)))
    for name, value in pose.items():
        motion[0, COORDINATE_INDEX[name]] = value
        model.getCoordinateSet().get(name).setValue(state, np.radians(value), False)
    model.assemble(state)
    arms = geometry.moment_arms(motion)[0]
    for muscle, coordinate in (
        ("vasmed_r", "knee_angle"),
        ("recfem_r", "knee_angle"),
        ("recfem_r", "hip_flexion"),
        ("glmax2_r", "hip_flexion"),
        ("soleus_r", "ankle_angle"),
        ("gaslat_r", "knee_angle"),
    ):
        reference = model.getCoordinateSet().get(f"{coordinate}_r")
        expected = model.getMuscles().get(muscle).computeMomentArm(state, reference)
        found = arms[1, LEG_COORDINATES.index(coordinate), MUSCLE_INDEX[muscle] - 40]
        assert found == pytest.approx(expected, abs=2e-4), (muscle, coordinate)


def test_muscles_span_the_joints_of_their_anatomy(rajagopal):
    geometry, _ = rajagopal
    spans = {
        name: {LEG_COORDINATES[j] for j in np.flatnonzero(row)}
        for name, row in zip(MUSCLES, geometry.spans, strict=True)
    }
    hip = {"hip_flexion", "hip_adduction", "hip_rotation"}
    for side in "lr":
        assert spans[f"vasmed_{side}"] == {"knee_angle"}
        assert spans[f"glmax2_{side}"] == hip
        assert spans[f"recfem_{side}"] == hip | {"knee_angle"}
        assert spans[f"gasmed_{side}"] == {"knee_angle", "ankle_angle", "subtalar_angle"}
        assert spans[f"fhl_{side}"] == {"ankle_angle", "subtalar_angle", "mtp_angle"}


def test_moment_arms_are_the_negative_gradient_of_lengths_inside_and_outside_the_range(rajagopal):
    _, paths = rajagopal
    motion = torch.zeros(3, len(COORDINATES), dtype=torch.float64)
    motion[0, COORDINATE_INDEX["knee_angle_l"]] = 70
    motion[1, COORDINATE_INDEX["hip_flexion_r"]] = 80
    motion[2, COORDINATE_INDEX["knee_angle_r"]] = 170  # beyond every range
    motion.requires_grad_()
    path = paths(motion)
    for muscle in ("vasmed_l", "recfem_r", "bflh_r"):
        leg, column = divmod(MUSCLE_INDEX[muscle], 40)
        (gradient,) = torch.autograd.grad(path.lengths[:, MUSCLE_INDEX[muscle]].sum(), motion, retain_graph=True)
        slope = gradient[:2, LEG_INDICES[leg]] * 180 / np.pi
        torch.testing.assert_close(-slope, path.moment_arms[:2, leg, :, column])
    ahead = motion.detach().clone()
    ahead[2, COORDINATE_INDEX["knee_angle_r"]] += 10
    grown = paths(ahead)
    knee = LEG_COORDINATES.index("knee_angle")
    torch.testing.assert_close(grown.moment_arms[2], path.moment_arms[2])
    expected = path.lengths[2, 40:] - path.moment_arms[2, 1, knee] * np.radians(10)
    torch.testing.assert_close(grown.lengths[2, 40:], expected)


def test_gradient_of_lengths_and_moment_arms(rajagopal):
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(geometry, count=2)).requires_grad_()
    weights = torch.randn(2, 2, 7, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def quantity(motion):
        path = paths(motion)
        return path.lengths.square().sum() + (path.moment_arms * weights).sum()

    assert torch.autograd.gradcheck(quantity, motion)


def test_velocities_are_the_time_derivative_of_lengths(rajagopal):
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(geometry, count=5))
    speeds = torch.randn(5, len(COORDINATES), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    step = 1e-5
    ahead = paths(motion + step * torch.rad2deg(speeds)).lengths
    behind = paths(motion - step * torch.rad2deg(speeds)).lengths
    found = velocities(paths(motion).moment_arms, speeds)
    torch.testing.assert_close(found, (ahead - behind) / (2 * step), atol=1e-6, rtol=0)


def test_leading_shapes_are_kept(rajagopal):
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(geometry, count=6))
    flat, stacked = paths(motion), paths(motion.reshape(2, 3, -1))
    torch.testing.assert_close(stacked.lengths.reshape(6, 80), flat.lengths)
    torch.testing.assert_close(stacked.moment_arms.reshape(6, 2, 7, 40), flat.moment_arms)
    one = paths(motion[0])
    torch.testing.assert_close(one.moment_arms, flat.moment_arms[0])


def test_cache_gives_the_same_paths_without_fitting_again(rajagopal, tmp_path, monkeypatch):
    _, paths = rajagopal
    monkeypatch.setattr("dataset.opensim.muscle_path_cache.fit_muscle_paths", lambda _: paths)
    cached_muscle_paths(rajagopal2015(), tmp_path)
    monkeypatch.setattr("dataset.opensim.muscle_path_cache.fit_muscle_paths", None)
    again = cached_muscle_paths(rajagopal2015(), tmp_path)
    motion = torch.linspace(0, 30, 33, dtype=torch.float64)[None]
    torch.testing.assert_close(again(motion).lengths, paths(motion).lengths, rtol=0, atol=0)


def test_monomials_of_a_rajagopal_leg():
    """126 of hip and knee, 50 more of knee, ankle and subtalar joint, 35 more of ankle, subtalar and toe joints."""
    assert monomials([(0, 1, 2, 3), (3, 4, 5), (4, 5, 6)]).shape == (211, 7)
    assert monomials([(3,)], order=2).tolist() == [[0] * 7, [0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 2, 0, 0, 0]]


def test_unusable_models_are_errors(tmp_path):
    (tmp_path / "text.osim").write_text("not a model")
    with pytest.raises(InputError, match=r"text\.osim"):
        MuscleGeometry(tmp_path / "text.osim")
    with pytest.raises(InputError, match=r"absent\.osim"):
        cached_muscle_paths(tmp_path / "absent.osim", tmp_path)
    load_opensim().Model().printToXML(str(tmp_path / "empty.osim"))
    with pytest.raises(InputError, match="lacks 80 of the 80 muscles"):
        MuscleGeometry(tmp_path / "empty.osim")
