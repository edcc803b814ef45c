"""Forces that nothing gives and muscles at their limits: what lasts counts, a peak of single frames does not."""

from types import SimpleNamespace

import pytest
import torch

from models.conventions import MUSCLES
from models.muscles.static_optimization import Simulation
from utils.guidance.missing_forces import (
    missing_forces,
    missing_of,
    missing_sentences,
    most_reserves,
    own_squats_sentence,
)
from utils.simulation.saturation import RESERVE_NAMES, saturated_muscles, saturation_sentence
from utils.simulation.unexplained_forces import MOST_FORCE_BW, MOST_RESERVE_BW_M, lasting_reserves, unexplained_forces

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


@pytest.mark.parametrize("start", [20, 21, 57])
def test_what_lasts_is_the_least_of_a_peak_of_three_frames(start):
    found = simulation()
    found.residuals[0, start : start + 3, 0] = WEIGHT_N * torch.tensor([0.02, -0.05, 0.03], dtype=torch.float64)
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


def simulation_lacking(*shares):
    """A motion for each share of body weight times metres that is missing at the left hip's rotation."""
    empty = dict.fromkeys(Simulation.__dataclass_fields__, torch.zeros(len(shares), 60, 1))
    reserves = torch.zeros(len(shares), 60, 2, 7).double()
    reserves[:, 20:40, 0, RESERVE_NAMES.index("hip_rotation_l")] = WEIGHT_N * torch.tensor(shares).double()[:, None]
    return Simulation(**(empty | {"reserves": reserves, "residuals": torch.zeros(len(shares), 60, 6).double()}))


def test_what_the_muscles_lack_in_the_own_squats_is_no_reason_to_refuse_a_motion():
    """A generic model is too weak for a deep squat that the person was recorded in."""
    own = lasting_reserves(simulation_lacking(0.1, 0.16, 0.3), WEIGHT_N, EVERY)
    guided = simulation_lacking(0.04, 0.13, 0.18)
    strict, fair = (missing_of(guided, WEIGHT_N, EVERY, most_reserves(most)) for most in (None, own))
    assert (missing_forces(strict) > 0).tolist() == [False, True, True]
    assert (missing_forces(fair) > 0).tolist() == [False, False, True]
    sentences = missing_sentences(fair)
    assert sentences[:2] == ["", ""]
    assert "cannot supply 18.0 % of body weight times metres at hip_rotation_l" in sentences[2]
    assert "the own squats lack 16.0 %" in sentences[2]
    assert "own squats" not in missing_sentences(strict)[2]


def test_runs_of_earlier_versions_which_do_not_know_what_own_squats_lack_are_judged_without_it():
    found = missing_of(simulation_lacking(0.04, 0.08), WEIGHT_N, EVERY, most_reserves(None))
    torch.testing.assert_close(missing_forces(found[:, :4]), missing_forces(found))
    assert missing_sentences(found[:, :4]) == missing_sentences(found)
    assert [bool(sentence) for sentence in missing_sentences(found)] == [False, True]


def test_forces_that_are_no_number_are_not_taken_for_none():
    guided = simulation_lacking(0.04, torch.nan)
    assert (missing_forces(missing_of(guided, WEIGHT_N, EVERY, most_reserves(None))) == 0).tolist() == [True, False]


def test_a_joint_that_lacks_more_than_in_the_own_squats_is_not_hidden_by_one_that_lacks_as_much_as_in_them():
    most = most_reserves(lasting_reserves(simulation_lacking(0.16), WEIGHT_N, EVERY))
    guided = simulation_lacking(0.15)
    guided.reserves[0, 20:40, 1, RESERVE_NAMES.index("knee_angle_r") - 7] = -0.07 * WEIGHT_N
    missing = missing_of(guided, WEIGHT_N, EVERY, most)
    assert missing_forces(missing).item() == pytest.approx(1 + 0.07 / MOST_RESERVE_BW_M)
    assert missing_sentences(missing) == ["the muscles cannot supply 7.0 % of body weight times metres at knee_angle_r"]


def test_what_one_joint_lacks_in_the_own_squats_counts_for_both_sides_and_for_no_other_joint():
    most = most_reserves(lasting_reserves(simulation_lacking(0.16), WEIGHT_N, EVERY))
    for name, value in zip(RESERVE_NAMES, most.tolist(), strict=True):
        assert value == pytest.approx(0.16 if name.startswith("hip_rotation") else MOST_RESERVE_BW_M)


def test_own_squats_that_need_forces_that_nothing_gives_are_said():
    usual = most_reserves(None)
    assert own_squats_sentence(missing_of(simulation_lacking(0.04), WEIGHT_N, EVERY, usual)) == ""
    found = simulation_lacking(0.04, 0.16)
    found.residuals[0, 20:30, 4] = 0.2 * WEIGHT_N
    said = own_squats_sentence(missing_of(found, WEIGHT_N, EVERY, usual))
    assert "in 1 of 2 own squats the feet cannot hold the body: up to 20 % of body weight" in said
    assert "in 1 of 2 own squats the model's muscles are too weak: up to 16.0 %" in said
