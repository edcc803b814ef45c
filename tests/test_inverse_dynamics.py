"""Inverse dynamics and contact Jacobians hold against OpenSim, energy and finite differences."""

import numpy as np
import opensim
import pytest
import torch
from opensim_poses import MODELS, OpenSimPoses, model_path

from dataset.opensim.model_reader import load_skeleton, read_osim
from models.conventions import COORDINATES, TRANSLATIONS
from models.skeleton.inverse_dynamics import Dynamics

FRAMES = 6


def random_motion(path, seed=0):
    """Positions, speeds and accelerations (FRAMES, 33) in degrees and metres, within the model's ranges."""
    generator = np.random.default_rng(seed)
    low, high = load_skeleton(path, torch.float64).coordinate_range.numpy().T
    motion = generator.uniform(low, high, (FRAMES, 33))
    motion[:, 3:6] = generator.uniform(-1, 1, (FRAMES, 3))
    speed, acceleration = generator.normal(0, 60, (FRAMES, 33)), generator.normal(0, 200, (FRAMES, 33))
    speed[:, 3:6] /= 60
    acceleration[:, 3:6] /= 100
    return motion, speed, acceleration


def model_state(dynamics, coordinate_map, *motions):
    extra = {name: np.zeros(FRAMES) for name in coordinate_map.extra_names}
    return dynamics.state(*(coordinate_map(torch.tensor(motion), extra) for motion in motions))


def opensim_inverse_dynamics(path, motion, speed, acceleration) -> dict[str, np.ndarray]:
    """OpenSim's generalised forces by coordinate, the patella's added to the knee's."""
    poses = OpenSimPoses(path)
    forces = poses.model.getForceSet()
    for i in range(forces.getSize()):
        forces.get(i).setAppliesForce(poses.state, False)
    count = poses.coordinates.getSize()
    for i in range(count):  # the state's own order of speeds, told by a speed unlike any other
        poses.coordinates.get(i).setSpeedValue(poses.state, float(i))
    order = [poses.coordinates.get(round(u)).getName() for u in poses.state.getU().to_numpy()]
    solver = opensim.InverseDynamicsSolver(poses.model)
    rows = []
    for t in range(len(motion)):
        poses.set(motion[t], speed[t], {name: 0.0 for name in order if name.startswith(("wrist", "knee_add"))})
        demanded = opensim.Vector(count, 0.0)
        for i, name in enumerate(order):
            driver = name.removesuffix("_beta")
            if driver in COORDINATES:
                unit = 1.0 if driver in TRANSLATIONS else np.pi / 180
                demanded.set(i, float(acceleration[t, COORDINATES.index(driver)] * unit))
            elif not driver.endswith("_beta"):
                poses.coordinates.get(name).setSpeedValue(poses.state, 0.0)
        poses.model.realizeDynamics(poses.state)
        rows.append(solver.solve(poses.state, demanded).to_numpy())
    result = {}
    for i, name in enumerate(order):
        driver = name.removesuffix("_beta")
        result[driver] = result.get(driver, 0.0) + np.array(rows)[:, i]
    return result


@pytest.mark.parametrize("name", MODELS)
def test_inverse_dynamics_equals_opensim(name, request):
    """To rounding without speeds; within 0.5 Nm with them (all of it in the knee's velocity-squared term)."""
    path = model_path(name, request)
    dynamics, coordinate_map = Dynamics(read_osim(path)), load_skeleton(path, torch.float64).coordinate_map
    motion, speed, acceleration = random_motion(path)
    for factor, tolerance in ((0.0, 1e-8), (1.0, 0.5)):
        state = model_state(dynamics, coordinate_map, motion, factor * speed, acceleration)
        forces = dynamics.inverse_dynamics(state)
        expected = opensim_inverse_dynamics(path, motion, factor * speed, acceleration)
        for i, coordinate in enumerate(dynamics.coordinate_names):
            np.testing.assert_allclose(forces[i], expected[coordinate], rtol=0, atol=tolerance, err_msg=coordinate)


def test_power_equals_the_change_of_energy():
    """Generalised forces times speeds is what kinetic and potential energy gain, along an arbitrary smooth motion."""
    path = model_path("Rajagopal2015", None)
    dynamics, coordinate_map = Dynamics(read_osim(path)), load_skeleton(path, torch.float64).coordinate_map
    motion, speed, acceleration = random_motion(path, seed=3)
    step = 1e-4

    def energy(t):
        state = model_state(dynamics, coordinate_map, motion + t * speed + t * t * acceleration / 2,
                            speed + t * acceleration, acceleration)  # fmt: skip
        arm = torch.einsum("bijn,bj->bin", state.rotation, dynamics.mass_centre[..., 0])
        velocity = (centre(t + step) - centre(t - step)) / (2 * step)
        omega = torch.einsum("bijn,bin->bjn", state.rotation, state.angular_velocity)
        inertia = torch.einsum("bin,bij,bjn->bn", omega, dynamics.inertia[..., 0], omega)
        mass = dynamics.mass[:, 0]
        kinetic = (mass * velocity.square().sum(1) + inertia).sum(0) / 2
        return kinetic - (mass * (state.origin + arm)[:, 1] * dynamics.gravity[0, 1]).sum(0)

    def centre(t):
        state = model_state(dynamics, coordinate_map, motion + t * speed + t * t * acceleration / 2,
                            speed, acceleration)  # fmt: skip
        return state.origin + torch.einsum("bijn,bj->bin", state.rotation, dynamics.mass_centre[..., 0])

    gain = (energy(10 * step) - energy(-10 * step)) / (20 * step)
    state = model_state(dynamics, coordinate_map, motion, speed, acceleration)
    speeds = coordinate_map(torch.tensor(speed), {name: np.zeros(FRAMES) for name in coordinate_map.extra_names})
    power = (dynamics.inverse_dynamics(state) * speeds).sum(0)
    torch.testing.assert_close(power, gain, rtol=1e-4, atol=1e-2)


def test_contact_jacobian_is_the_derivative_of_the_points():
    path = model_path("Rajagopal2015", None)
    dynamics, skeleton = Dynamics(read_osim(path)), load_skeleton(path, torch.float64)
    motion, speed, acceleration = random_motion(path)
    state = model_state(dynamics, skeleton.coordinate_map, motion, speed, acceleration)
    points = dynamics.contact_points(state)
    coordinates = skeleton.coordinate_map(torch.tensor(motion))[:, :1]

    def sphere_centres(coordinates):
        lowest = dynamics.contact_points(dynamics.state(coordinates, 0 * coordinates, 0 * coordinates))
        return lowest[..., 0]

    derivative = torch.autograd.functional.jacobian(sphere_centres, coordinates)[..., 0]
    moving = list(dynamics.contact_coordinates)
    # The lowest point of a sphere is not fixed to the foot: compare at the centre, which is.
    at_centre = points + torch.tensor([0.0, 1.0, 0.0]).reshape(1, 3, 1) * dynamics.contact_radii[..., None]
    jacobian = dynamics.contact_jacobian(state, at_centre)
    torch.testing.assert_close(jacobian[..., 0], derivative[..., moving], rtol=0, atol=1e-9)
    still = [i for i in range(len(dynamics.coordinate_names)) if i not in moving]
    assert derivative[..., still].abs().max() < 1e-12


def test_gradient_is_exact():
    path = model_path("Rajagopal2015", None)
    dynamics, coordinate_map = Dynamics(read_osim(path)), load_skeleton(path, torch.float64).coordinate_map
    arguments = [coordinate_map(torch.tensor(x[:1])).requires_grad_() for x in random_motion(path)]
    assert torch.autograd.gradcheck(
        lambda *a: dynamics.inverse_dynamics(dynamics.state(*a)), arguments, atol=1e-4, rtol=1e-4
    )
