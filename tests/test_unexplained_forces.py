"""Forces that nothing gives and muscles at their limits: what lasts counts, a peak of single frames does not."""

from types import SimpleNamespace

import pytest
import torch

from models.conventions import MUSCLES
from utils.simulation.saturation import RESERVE_NAMES, saturated_muscles, saturation_sentence
from utils.simulation.unexplained_forces import MOST_FORCE_BW, MOST_RESERVE_BW_M, unexplained_forces

WEIGHT_N = 700.0
EVERY = slice(None)


def simulation(frames=60):
    """Residuals and reserves of one motion that needs neither."""
    residuals, reserves = torch.zeros(1, frames, 6), torch.zeros(1, frames, 2, 7)
    return SimpleNamespace(residuals=residuals.double(), reserves=reserves.double())


@pytest.mark.parametrize("lasts", [1, 2, 3, 10])
def test_a_residual_counts_from_three_frames_on(lasts):
    found = simulation()
    found.residuals[0, 20 : 20 + lasts, 3:] = WEIGHT_N * torch.tensor([0.12, 0.0, 0.16], dtype=torch.float64)
    forces = unexplained_forces(found, WEIGHT_N, EVERY)
    assert forces.force_bw.item() == pytest.approx(0.2 if lasts >= 3 else 0.0)
    assert forces.excess().item() == pytest.approx(0.2 / MOST_FORCE_BW if lasts >= 3 else 0.0)
    assert ("20 % of body weight" in forces.sentence(0)) == (lasts >= 3)


def test_what_lasts_is_the_least_of_a_peak_of_three_frames():
    found = simulation()
    found.residuals[0, 20:23, 0] = WEIGHT_N * torch.tensor([0.02, -0.05, 0.03], dtype=torch.float64)
    assert unexplained_forces(found, WEIGHT_N, EVERY).moment_bw_m.item() == pytest.approx(0.02)


@pytest.mark.parametrize("frames", [4, 5, 50])
def test_a_muscle_counts_as_saturated_from_a_twentieth_of_the_frames_on(frames):
    activations = torch.full((100, len(MUSCLES)), 0.98)
    activations[:frames, MUSCLES.index("vaslat_l")] = 0.995
    found = saturated_muscles(activations)
    assert found == ({"vaslat_l": pytest.approx(frames / 100)} if frames >= 5 else {})
    assert ("vaslat_l" in saturation_sentence(found)) == (frames >= 5)


def test_the_largest_reserve_is_named_and_frames_that_do_not_count_are_left_out():
    found = simulation()
    found.reserves[0, 5:15, 1, 3] = -0.08 * WEIGHT_N
    forces = unexplained_forces(found, WEIGHT_N, EVERY)
    assert forces.reserve_bw_m.item() == pytest.approx(0.08)
    assert forces.excess().item() == pytest.approx(0.08 / MOST_RESERVE_BW_M)
    assert f"8.0 % of body weight times metres at {RESERVE_NAMES[7 + 3]}" in forces.sentence(0)
    within = unexplained_forces(found, WEIGHT_N, slice(15, -15))
    assert within.excess().item() == 0
    assert within.sentence(0) == ""
