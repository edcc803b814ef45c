"""What a simulation finds, in the form of a surrogate's answer."""

import torch
from opensim_poses import rajagopal2015

from models.conventions import COORDINATE_INDEX as AT
from models.conventions import FRAME_RATE_HZ
from utils.biomechanics.context import Context
from utils.simulation.simulated_prediction import simulated_prediction
from utils.simulation.simulators import build_simulator


def test_a_simulations_moments_and_shares_are_those_of_its_legs():
    """A symmetric stance: half the weight on each foot; moments of one sign on both sides."""
    simulator = build_simulator(rajagopal2015())
    motion = torch.zeros(1, 30, 33, dtype=torch.float64)
    motion[..., AT["pelvis_ty"]] = 0.93
    for side in "lr":
        motion[..., AT[f"hip_flexion_{side}"]], motion[..., AT[f"knee_angle_{side}"]] = 40, 60
        motion[..., AT[f"ankle_angle_{side}"]] = 20
    simulation = simulator(motion, FRAME_RATE_HZ)
    found = simulated_prediction(simulation, simulator.coordinate_names, simulator.weight_n)
    torch.testing.assert_close(found.load_share.sum(-1), torch.ones(1, 30, dtype=torch.float64))
    torch.testing.assert_close(found.load_share[..., 0], found.load_share[..., 1], atol=0.05, rtol=0)
    names = simulator.coordinate_names
    per_kg = 9.80665 / simulator.weight_n
    torch.testing.assert_close(found.moments[..., 0, 3], per_kg * simulation.moments[..., names.index("knee_angle_l")])
    torch.testing.assert_close(found.moments[..., 1, 0], per_kg * simulation.moments[..., names.index("hip_flexion_r")])
    context = Context(motion, prediction=found)
    assert context.activations is found.activations
    assert context.load_share is found.load_share
