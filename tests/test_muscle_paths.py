"""Muscle paths against OpenSim: lengths, moment arms, velocities and gradients."""

import logging

import numpy as np
import pytest
import torch
from opensim_poses import MODELS, model_path, rajagopal2015

from dataset.errors import InputError
from dataset.io.mot import read_motion
from dataset.opensim.model_reader import read_osim
from dataset.opensim.muscle_geometry import POSE_RANGE_DEG, MuscleGeometry
from dataset.opensim.muscle_path_reader import UnsupportedPathError, read_muscle_paths
from dataset.opensim.opensim_library import load_opensim, open_opensim_model
from dataset.sessions import open_session
from models.conventions import COORDINATE_INDEX, COORDINATES, MUSCLE_INDEX, MUSCLES
from models.muscles.moment_arms import LEG_COORDINATES, LEG_INDICES, velocities
from utils.simulation.simulators import ExactPaths, build_simulator

KNEE = LEG_COORDINATES.index("knee_angle")
# Largest errors in mm: of lengths and moment arms of knee extensors, hamstrings and calf, and of the others.
LIMIT_LENGTH, LIMIT_ARM, LIMIT_OTHER_ARM = 0.5, 0.5, 1.5
GROUPS = ("vas", "recfem", "semi", "bflh", "bfsh", "gas", "soleus")


def load(path):
    geometry = MuscleGeometry(path)
    return geometry, read_muscle_paths(geometry, read_osim(path))


@pytest.fixture(scope="module")
def rajagopal():
    return load(rajagopal2015())


def random_motion(count=40, share=0.9):
    """Poses (count, 33) drawn from the middle `share` of the range of squats, both legs differently."""
    low, high = np.array(POSE_RANGE_DEG).T
    generator = np.random.default_rng(1)
    motion = np.zeros((count, len(COORDINATES)))
    for indices in LEG_INDICES:
        share_of_range = 0.5 + share * (generator.uniform(size=(count, len(indices))) - 0.5)
        motion[:, indices] = low + share_of_range * (high - low)
    return motion


def assert_equal_to_opensim(geometry, paths, motion):
    found = paths(torch.from_numpy(motion))
    length = 1e3 * np.abs(found.lengths.numpy() - geometry.lengths(motion))
    assert length.max() < LIMIT_LENGTH, MUSCLES[int(length.max(axis=0).argmax())]
    arm = 1e3 * np.abs(found.moment_arms.numpy() - geometry.moment_arms(motion)).max(axis=2)  # (T, 2, 40)
    arm = arm.reshape(len(motion), -1)
    for i, name in enumerate(MUSCLES):
        assert arm[:, i].max() < (LIMIT_ARM if name.startswith(GROUPS) else LIMIT_OTHER_ARM), name


@pytest.mark.parametrize("name", MODELS)
def test_random_poses_equal_opensim(name, request):
    """Over twice the range of recorded squats, to 130 degrees of knee flexion."""
    geometry, paths = load(model_path(name, request))
    assert_equal_to_opensim(geometry, paths, random_motion(count=25))


@pytest.mark.parametrize("person", ["demo-person-040", "demo-person-075"])
def test_shipped_squats_equal_opensim(person):
    session = open_session(f"demo/shipped/Data/{person}")
    motion = read_motion(session.trials[0]).coordinates
    assert_equal_to_opensim(*load(session.model_path), motion[:: len(motion) // 40])


@pytest.mark.parametrize(
    ("session", "trial"),
    [
        pytest.param("field-subject0", "Squats_0.mot", marks=pytest.mark.slow),
        pytest.param("lab-subject5", "squats1.mot", marks=pytest.mark.slow),
        ("mocap-dls", "*.mot"),
    ],
)
def test_recorded_squats_equal_opensim(recordings, session, trial):
    """mocap-dls has a knee adduction besides the 33 coordinates."""
    folder = recordings / "opencap/Data" / session / "OpenSimData"
    motion = read_motion(next((folder / "Kinematics").glob(trial))).coordinates
    assert_equal_to_opensim(*load(open_session(folder.parent).model_path), motion[:: len(motion) // 40])


@pytest.mark.parametrize("name", MODELS)
def test_knee_muscles_keep_their_side_of_a_deeply_bent_knee(name, request):
    """To 135 degrees as in OpenSim; beyond, where OpenSim's vasti jump behind the knee, they still extend it.

    The short head of biceps femoris of Rajagopal's left leg jumps at 131 degrees in OpenSim, that of the right leg not.
    The gastrocnemii do from 138 degrees, where their origin enters the shank's cylinder.
    """
    geometry, paths = load(model_path(name, request))
    knee_deg = np.arange(60, 155, 0.5)
    motion = np.zeros((len(knee_deg), len(COORDINATES)))
    for side in "lr":
        motion[:, COORDINATE_INDEX[f"knee_angle_{side}"]] = knee_deg
        motion[:, COORDINATE_INDEX[f"hip_flexion_{side}"]] = 90
    arms = 1e3 * paths(torch.from_numpy(motion)).moment_arms.numpy()
    names = [name.removesuffix("_r") for name in MUSCLES[40:]]
    assert arms[:, :, KNEE, [names.index(name) for name in ("vasmed", "vaslat", "vasint", "recfem")]].max() < -12
    steady = [i for i, name in enumerate(names) if not name.startswith("gas")]
    assert np.abs(np.diff(arms[:, :, KNEE][..., steady], axis=0)).max() < 3
    deep = motion[(knee_deg >= 110) & (knee_deg <= 135)][::5]
    difference = 1e3 * np.abs(paths(torch.from_numpy(deep)).moment_arms.numpy() - geometry.moment_arms(deep))
    difference[:, 0, KNEE, names.index("bfsh")] = 0
    assert difference.max() < LIMIT_OTHER_ARM


def test_moment_arms_equal_those_by_which_opensim_applies_forces(rajagopal):
    geometry, paths = rajagopal
    motion = np.zeros((1, len(COORDINATES)))
    for name, value in (("hip_flexion_r", 40), ("hip_adduction_r", -5), ("knee_angle_r", 60), ("ankle_angle_r", 10)):
        motion[0, COORDINATE_INDEX[name]] = value
    difference = 1e3 * np.abs(
        paths(torch.from_numpy(motion)).moment_arms.numpy() - geometry.applied_moment_arms(motion)
    )
    assert difference.max() < 0.7  # in the straight left leg's gastrocnemii


def test_gastrocnemii_over_two_cylinders(rajagopal):
    """With a straight knee, where both surfaces are touched, our moment arms are those that OpenSim applies, in mm.

    The derivative of OpenSim's `getLength` is not: of medial gastrocnemius it is 0 in this pose.
    """
    geometry, paths = rajagopal
    motion = np.zeros((1, len(COORDINATES)))
    arms = paths(torch.from_numpy(motion)).moment_arms[0, 1, KNEE]
    applied = geometry.applied_moment_arms(motion)[0, 1, KNEE]
    model, state = open_opensim_model(rajagopal2015())
    knee = model.getCoordinateSet().get("knee_angle_r")
    for name in ("gasmed_r", "gaslat_r"):
        column = MUSCLE_INDEX[name] - 40
        assert 1e3 * float(arms[column]) == pytest.approx(1e3 * applied[column], abs=1.0)
        lengths = []
        for angle in (1e-3, -1e-3):
            knee.setValue(state, angle)
            lengths.append(model.getMuscles().get(name).getGeometryPath().getLength(state))
        assert -(lengths[0] - lengths[1]) / 2e-3 < applied[column] - 0.01


def test_muscles_span_the_joints_of_their_anatomy(rajagopal):
    geometry, paths = rajagopal
    arms = paths(torch.from_numpy(random_motion())).moment_arms.abs().amax(0).transpose(1, 2).flatten(0, 1)
    hip = {"hip_flexion", "hip_adduction", "hip_rotation"}
    for spans in (geometry.spans, arms.numpy() > 0):
        found = {
            name: {LEG_COORDINATES[j] for j in np.flatnonzero(row)} for name, row in zip(MUSCLES, spans, strict=True)
        }
        for side in "lr":
            assert found[f"vasmed_{side}"] == {"knee_angle"}
            assert found[f"glmax2_{side}"] == hip
            assert found[f"recfem_{side}"] == hip | {"knee_angle"}
            assert found[f"gasmed_{side}"] == {"knee_angle", "ankle_angle", "subtalar_angle"}
            assert found[f"fhl_{side}"] == {"ankle_angle", "subtalar_angle", "mtp_angle"}


def test_moment_arms_are_the_negative_gradient_of_lengths(rajagopal):
    """Also beyond every range. Nothing but the legs moves a muscle."""
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(share=1.1)).requires_grad_()
    path = paths(motion)
    weights = torch.randn(80, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    (gradient,) = torch.autograd.grad((path.lengths * weights).sum(), motion, retain_graph=True)
    expected = -(path.moment_arms * weights.unflatten(0, (2, 1, 40))).sum(-1) * torch.pi / 180
    torch.testing.assert_close(gradient[:, torch.tensor(LEG_INDICES)], expected, atol=2e-7, rtol=0)
    others = [i for i in range(len(COORDINATES)) if not any(i in leg for leg in LEG_INDICES)]
    assert float(gradient[:, others].abs().max()) == 0


def test_gradient_of_lengths_and_moment_arms(rajagopal):
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(count=4)).requires_grad_()
    weights = torch.randn(2, 2, 7, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def quantity(motion):
        path = paths(motion)
        return path.lengths.square().sum() + (path.moment_arms * weights[:1]).sum()

    assert torch.autograd.gradcheck(quantity, motion, atol=1e-6)


def test_velocities_are_the_time_derivative_of_lengths(rajagopal):
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(count=5))
    speeds = torch.randn(5, len(COORDINATES), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    step = 1e-5
    ahead = paths(motion + step * torch.rad2deg(speeds)).lengths
    behind = paths(motion - step * torch.rad2deg(speeds)).lengths
    found = velocities(paths(motion).moment_arms, speeds)
    torch.testing.assert_close(found, (ahead - behind) / (2 * step), atol=1e-6, rtol=0)


def test_leading_shapes_are_kept(rajagopal):
    geometry, paths = rajagopal
    motion = torch.from_numpy(random_motion(count=6))
    flat, stacked = paths(motion), paths(motion.reshape(2, 3, -1))
    torch.testing.assert_close(stacked.lengths.reshape(6, 80), flat.lengths)
    torch.testing.assert_close(stacked.moment_arms.reshape(6, 2, 7, 40), flat.moment_arms)
    one = paths(motion[0])
    torch.testing.assert_close(one.moment_arms, flat.moment_arms[0])


def test_a_model_with_other_surfaces_is_evaluated_by_opensim(tmp_path, caplog):
    """A cylinder of the knee extensors that a path has to pass on one side of along its axis: a warning."""
    text = rajagopal2015().read_text()
    start = text.index('<WrapCylinder name="KnExt_at_fem_r">')
    path = tmp_path / "changed.osim"
    path.write_text(text[:start] + text[start:].replace("<quadrant>all</quadrant>", "<quadrant>z</quadrant>", 1))
    with pytest.raises(UnsupportedPathError, match=r"\w+_r wraps over a WrapCylinder with the quadrant 'z'"):
        read_muscle_paths(MuscleGeometry(path), read_osim(path))
    with caplog.at_level(logging.WARNING, logger="bige"):
        simulator = build_simulator(path)
    assert isinstance(simulator.paths, ExactPaths)
    assert "OpenSim evaluates the muscle paths" in caplog.text


def test_a_path_that_is_a_function_is_evaluated_by_opensim(tmp_path, caplog):
    """Vastus medialis as a length of 0.3 m minus 0.04 m for each radian of knee flexion."""
    opensim = load_opensim()
    model = opensim.Model(str(rajagopal2015()))
    length, coordinates, function = (
        opensim.MultivariatePolynomialFunction(), opensim.StdVectorString(), opensim.FunctionBasedPath()
    )  # fmt: skip
    length.setDimension(1)
    length.setOrder(1)
    length.setCoefficients(opensim.Vector.createFromMat(np.array([0.3, -0.04])))
    coordinates.append(model.getCoordinateSet().get("knee_angle_r").getAbsolutePathString())
    function.setCoordinatePaths(coordinates)
    function.setLengthFunction(length)
    model.getMuscles().get("vasmed_r").set_path(function)
    path = tmp_path / "functions.osim"
    model.printToXML(str(path))
    with caplog.at_level(logging.WARNING, logger="bige"):
        simulator = build_simulator(path)
    assert "vasmed_r has a FunctionBasedPath" in caplog.text
    motion = torch.zeros(1, len(COORDINATES), dtype=torch.float64)
    motion[0, COORDINATE_INDEX["knee_angle_r"]] = 90
    found = simulator.paths(motion)
    assert float(found.lengths[0, MUSCLE_INDEX["vasmed_r"]]) == pytest.approx(0.3 - 0.04 * np.pi / 2)
    assert float(found.moment_arms[0, 1, KNEE, MUSCLE_INDEX["vasmed_r"] - 40]) == pytest.approx(0.04)


def test_unusable_models_are_errors(tmp_path):
    (tmp_path / "text.osim").write_text("not a model")
    with pytest.raises(InputError, match=r"text\.osim"):
        MuscleGeometry(tmp_path / "text.osim")
    with pytest.raises(InputError, match=r"absent\.osim"):
        build_simulator(tmp_path / "absent.osim")
    load_opensim().Model().printToXML(str(tmp_path / "empty.osim"))
    with pytest.raises(InputError, match="lacks 80 of the 80 muscles"):
        MuscleGeometry(tmp_path / "empty.osim")
