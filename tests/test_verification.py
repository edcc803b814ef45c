"""The verdict counts what the simulation finds between the first and the last 0.2 s, on the right side of the body."""

from types import SimpleNamespace

import pytest
import torch
from bodies import SimpleSkeleton, squat

from models.conventions import COORDINATES, MUSCLES
from models.muscles.static_optimization import Simulation
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.verification import Verification, simulate_motions
from utils.simulation.saturation import RESERVE_NAMES

WEIGHT_N, FRAMES, END = 700.0, 196, 12  # 0.2 s at 60 Hz
LEFT, RIGHT = MUSCLES.index("vasmed_l"), MUSCLES.index("vasmed_r")
HIP = RESERVE_NAMES.index("hip_rotation_l")


def a_simulation() -> Simulation:
    """A motion with 60 % of the load on the right foot, and much in the first and last 0.2 s that does not count."""
    fields = dict.fromkeys(Simulation.__dataclass_fields__, torch.zeros(1, FRAMES, 1))
    activations = torch.full((1, FRAMES, len(MUSCLES)), 0.1).double()
    activations[:, 60, LEFT], activations[:, 60, RIGHT] = 0.4, 0.3
    ground = torch.zeros(1, FRAMES, 2, 3).double()
    ground[..., 1] = WEIGHT_N * torch.tensor([0.6, 0.4])  # right, left
    residuals, reserves = torch.zeros(1, FRAMES, 6).double(), torch.zeros(1, FRAMES, 2, 7).double()
    residuals[..., :3], residuals[..., 3:] = 1.0, torch.tensor([2.0, 3.0, 6.0]).double()
    reserves[:, 60:80, 0, HIP] = 0.1 * WEIGHT_N
    contact = torch.ones(1, FRAMES, 2)
    contact[:, 30:45, 1] = 0.0
    for end in (slice(0, END), slice(FRAMES - END, FRAMES)):
        activations[:, end], residuals[:, end], reserves[:, end], contact[:, end] = 0.9, 500.0, 500.0, 0.0
    return Simulation(
        **fields
        | {"activations": activations, "ground_forces": ground, "residuals": residuals, "reserves": reserves}
        | {"contact": contact, "moments": torch.zeros(1, FRAMES, len(COORDINATES)).double()}
        | {"centres_of_pressure": torch.zeros(1, FRAMES, 2, 3).double()}
        | {"converged": torch.ones(1, FRAMES, dtype=torch.bool)}
    )


def simulator(motion: torch.Tensor, rate_hz: float) -> Simulation:
    assert (motion.shape, rate_hz) == ((1, FRAMES, len(COORDINATES)), 60.0)
    return a_simulation()


simulator.device, simulator.coordinate_names, simulator.weight_n = torch.device("cpu"), COORDINATES, WEIGHT_N


def verified(own=None) -> Verification:
    motion = squat(frames=FRAMES)
    predicted = torch.full((FRAMES, len(MUSCLES)), 0.2)
    predicted[50, RIGHT], predicted[END - 1], predicted[-END] = 0.45, 0.8, 0.8
    sample = GuidedSample(0, torch.zeros(1), motion[0], predicted, (torch.tensor([0.2, 0.45]),), (True,), 0.0, 0.0, -1)
    terms = [parse_term("activation:vasmed:max:within:0.35:0.45")]
    simulations = simulate_motions(simulator, motion, own)
    return Verification.of([sample], simulations, terms, SimpleSkeleton(), "vasmed_l")


def test_ends_that_rest_on_what_is_not_there_do_not_count():
    found = verified()
    assert found.simulated.tolist() == [[0.4, 0.3]]  # left, right
    torch.testing.assert_close(found.predicted, torch.tensor([[0.2, 0.45]]).double())
    torch.testing.assert_close(found.term_values[0], torch.tensor([[0.4, 0.3]]).double())
    assert found.residual_n.item() == pytest.approx(7.0)  # of the forces, without the moments
    assert found.right_foot_share.item() == pytest.approx(0.6)
    assert found.saturated() == [{}]
    (intervals,) = found.off_floor_s()
    assert intervals["right foot"] == []
    assert intervals["left foot"] == [pytest.approx((30 / 60, 44 / 60), abs=1.01 / 60)]


def test_frames_that_were_not_solved_are_said(monkeypatch, caplog):
    verified()
    assert "did not converge" not in caplog.text
    unsolved = a_simulation()
    unsolved.converged[0, :7] = False
    monkeypatch.setitem(globals(), "a_simulation", lambda: unsolved)
    verified()
    assert "did not converge in 7 frames of 1 motion" in caplog.text


@pytest.mark.parametrize(("of_own", "refused"), [(0.12, False), (0.08, True), (None, True)])
def test_the_reserves_of_the_own_squats_are_heeded(of_own, refused):
    own = None
    if of_own is not None:
        reserves = torch.zeros(len(RESERVE_NAMES)).double()
        reserves[HIP] = of_own
        own = [SimpleNamespace(reserves_bw_m=reserves)]
    (sentence,) = verified(own).unexplained_sentences()
    assert ("10.0 % of body weight times metres at hip_rotation_l" in sentence) == refused


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [(0.45, 0.35, "met"), (0.499, 0.4, "near"), (0.4, 0.301, "near"), (0.501, 0.4, "missed"), (0.31, 0.299, "missed")],
)
def test_near_is_within_a_twentieth_on_both_sides(left, right, verdict):
    peaks = torch.tensor([[left, right]]).double()
    zero = torch.zeros(1)
    found = Verification(torch.zeros(1, FRAMES, 80), peaks, peaks, (peaks,), zero, zero)
    assert found.verdicts([parse_term("activation:vasmed:max:within:0.35:0.45")]) == [verdict]
