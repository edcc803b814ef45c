"""The objective of guidance in closed form: what is compared among iterates, what draws them, and what they miss."""

import torch
from bodies import SimpleSkeleton, SimpleSurrogate, squat

from models.conventions import COORDINATE_INDEX
from utils.biomechanics.context import Context
from utils.guidance.objective.constraints import Term, distinct
from utils.guidance.objective.objective import Objective
from utils.guidance.objective.proximity import Proximity

REQUIRED = Term("knee_flexion", "max", "within", 60.0, 80.0, weight=3.0)
WISH = Term("lumbar_extension", "max", "below", None, 5.0, weight=2.0, wish=True)
LATENTS = torch.zeros(2, 4, 3)


def describe(z):
    return Context(squat(len(z), 32), surrogate=SimpleSurrogate(), skeleton=SimpleSkeleton())


def objective(**options):
    return Objective(describe, [REQUIRED, WISH], Proximity(LATENTS), beta=0.1, **options)


def test_iterates_are_compared_by_what_draws_them_and_by_their_wishes_not_by_requirements():
    losses = [torch.tensor([7.0, 8.0]), torch.tensor([0.5, 0.0])]
    score = objective().score(losses, attraction=torch.tensor([0.25, 0.75]))
    torch.testing.assert_close(score, torch.tensor([0.25 + 2 * 0.5, 0.75], dtype=torch.float64))


def test_training_latents_draw_in_proportion_to_their_distance():
    z = torch.ones(2, 4, 3)
    drawn = objective(own_weight=5.0).attraction(z, LATENTS, distance=torch.tensor([2.0, 3.0]))
    torch.testing.assert_close(drawn, torch.tensor([0.2, 0.3]))


def test_own_squats_draw_in_proportion_to_the_squared_change_from_the_start():
    start = torch.ones(2, 4, 3)
    z = start + torch.tensor([1.0, 3.0])[:, None, None]
    by_change = objective(change=lambda moved: moved.square().sum((1, 2)), own_weight=5.0)
    drawn = by_change.attraction(z, start, distance=torch.tensor([2.0, 3.0]))
    torch.testing.assert_close(drawn, torch.tensor([5.0 * 12, 5.0 * 12 * 9]))


def test_a_latent_that_is_a_twentieth_too_far_away_misses_by_one_tolerance():
    missed = objective(max_distance=2.0).implausibility(torch.tensor([1.5, 2.0, 2.1, 2.4]))
    torch.testing.assert_close(missed, torch.tensor([0.0, 0.0, 1.0, 4.0]), atol=1e-5, rtol=0)


def test_a_sample_misses_what_it_misses_most_of_its_requirements_and_no_wish():
    values = [torch.tensor([[80.0], [84.0]]), torch.tensor([[90.0], [90.0]])]
    in_tolerances = (84.0 - 80.0) / REQUIRED.effective_tolerance
    near, far = torch.tensor([1.0, 1.0]), torch.tensor([2.2, 2.01])
    chosen = objective(max_distance=2.0)
    torch.testing.assert_close(chosen.violation(values, near), torch.tensor([0.0, in_tolerances], dtype=torch.float64))
    missed = torch.tensor([2.0, max(in_tolerances, 0.1)], dtype=torch.float64)
    torch.testing.assert_close(chosen.violation(values, far), missed, atol=1e-5, rtol=0)


def test_a_sample_within_a_tolerance_is_said_to_meet_a_requirement():
    depth = float(describe(torch.zeros(1, 4, 3)).motion[..., COORDINATE_INDEX["knee_angle_r"]].amax())
    tolerance = REQUIRED.effective_tolerance
    for beyond, met in ((0.5, True), (1.5, False)):
        term = Term("knee_flexion", "max", "below", None, depth - beyond * tolerance)
        chosen = Objective(describe, [term], Proximity(LATENTS), beta=0.1)
        (sample,) = chosen.evaluate(torch.zeros(1, 4, 3), [7])
        assert sample.start == 7
        assert sample.met == (met,), beyond
        assert abs(sample.violation - beyond) < 1e-3


def test_no_two_terms_share_a_column_whatever_they_are_called():
    assert distinct(["x", "x", "x (2)", "x", "y"], ["y"]) == ["x", "x (2)", "x (2) (2)", "x (3)", "y (2)"]
