"""Refinement: what the simulation finds comes into the range, where the surrogate alone promised what is not so."""

import pytest
import torch
from bodies import SimpleSkeleton, activations_of, squat

from utils.biomechanics.context import Context
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.objective import Objective
from utils.guidance.objective.proximity import Proximity
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer
from utils.guidance.optimisation.refinement import refine
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.subject.surrogate_correction import corrected, log_odds
from utils.guidance.verification import SimulatedMotion

PEAK = Term("activation", "max", "within", 0.30, 0.34, argument="vasmed", tolerance=0.005)
LATENTS = torch.randn(30, 4, 3, generator=torch.Generator().manual_seed(1))


class Models:
    """Latents (B, 4, 3) are squats of 90 + 10 z[0, 0] degrees; the surrogate reads 0.4 activation at 90 degrees."""

    def describe(self, z, correction=None):
        motion = squat(1, 32).repeat(len(z), 1, 1) * (1 + z[:, :1, :1] / 9)
        surrogate = activations_of if correction is None else corrected(activations_of, correction)
        return Context(motion, surrogate=surrogate, skeleton=SimpleSkeleton())

    def describe_motion(self, motion, **options):
        return Context(motion, **({"surrogate": activations_of, "skeleton": SimpleSkeleton()} | options))


def truth(motion):
    """What a simulation finds: a fifth more than the surrogate says, and still more the deeper the squat."""
    promised = activations_of(motion)
    return promised * (1.2 + promised)


def simulated_by(activations_of_motion):
    """A simulation that finds these activations, and no residual."""
    return lambda motion: [SimulatedMotion(one, 0.0, 0.5) for one in activations_of_motion(motion)]


def guided(count=4):
    models = Models()
    guidance = LatentOptimizer(
        Objective(models.describe, [PEAK], Proximity(LATENTS), beta=0.01), lr=0.2, schedule=Schedule(120)
    )
    samples = guidance.objective.evaluate(guidance.optimise(LATENTS[:count]), list(range(count)))
    return models, guidance, samples


def peaks(samples):
    return truth(torch.stack([sample.motion for sample in samples])).amax((1, 2))


def test_the_simulation_comes_to_find_what_was_asked():
    models, guidance, samples = guided()
    assert all(sample.accepted for sample in samples)  # promised
    assert (peaks(samples) > 0.40).all()  # and not so
    refined, simulations = refine(samples, guidance, models, simulated_by(truth), rounds=3)
    assert ((peaks(refined) >= 0.30) & (peaks(refined) <= 0.34)).all()
    assert [sample.start for sample in refined] == [sample.start for sample in samples]
    for sample, simulation in zip(refined, simulations, strict=True):
        torch.testing.assert_close(simulation.activations, truth(sample.motion[None])[0])
    for sample in refined:  # the corrected surrogate says what the simulation finds
        assert sample.activations.max().item() == pytest.approx(truth(sample.motion[None]).max().item(), abs=0.01)


def test_a_motion_that_meets_it_already_is_left_alone():
    models, guidance, samples = guided()
    rows = []
    refined, _ = refine(samples, guidance, models, simulated_by(activations_of), rounds=2, on_iteration=rows.append)
    assert rows == []
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))


def test_it_never_returns_a_version_that_the_simulation_likes_less():
    models, guidance, samples = guided()
    calls = []

    def contrary(motion):  # worse from round to round, whatever the motion is
        calls.append(len(motion))
        return torch.full_like(truth(motion), 0.5 + 0.1 * len(calls))

    refined, _ = refine(samples, guidance, models, simulated_by(contrary), rounds=2)
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))
    assert len(calls) == 3


def test_a_correction_turns_one_answer_into_the_other_and_stays_within_0_and_1():
    said, found = torch.tensor([[[0.05, 0.4, 0.98]]]), torch.tensor([[[0.10, 0.9, 0.2]]])
    surrogate = corrected(lambda motion: said, log_odds(found) - log_odds(said))
    torch.testing.assert_close(surrogate(None), found)
    high = corrected(lambda motion: 0.5 + said / 2, torch.full((1, 1, 3), 5.0))(None)
    assert ((high > 0) & (high < 1)).all()
