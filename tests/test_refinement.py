"""Refinement: simulated peaks are brought into the range where the surrogate alone predicts them wrongly."""

import pytest
import torch
from bodies import SimpleSkeleton, SimpleSurrogate, activations_of, squat

from models.surrogate.prediction import MusclePrediction
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
    """Latents (B, 4, 3) are squats of 90 + 10 z[0, 0] degrees; the predicted activation at 90 degrees is 0.4."""

    def describe(self, z, correction=None):
        motion = squat(1, 32).repeat(len(z), 1, 1) * (1 + z[:, :1, :1] / 9)
        surrogate = SimpleSurrogate() if correction is None else corrected(SimpleSurrogate(), correction)
        return Context(motion, surrogate=surrogate, skeleton=SimpleSkeleton())

    def describe_motion(self, motion, **options):
        return Context(motion, **({"surrogate": SimpleSurrogate(), "skeleton": SimpleSkeleton()} | options))


def simulated_activations(motion):
    """Simulated activations: a fifth above the surrogate's, and more in a deeper squat."""
    predicted = activations_of(motion)
    return predicted * (1.2 + predicted)


def simulated_by(activations_of_motion):
    """A simulation with these activations, and without residual and reserve."""
    return lambda motion: [
        SimulatedMotion(
            one,
            torch.full((len(one), 2), 0.5),
            torch.zeros(len(one), 2, 7),
            torch.zeros(len(one), 2, 3),
            0.0,
            0.5,
            torch.zeros(14),
            torch.ones(len(one), 2),
            torch.zeros(4),
        )  # fmt: skip
        for one in activations_of_motion(motion)
    ]


def guided(count=4):
    models = Models()
    guidance = LatentOptimizer(
        Objective(models.describe, [PEAK], Proximity(LATENTS), beta=0.01), lr=0.2, schedule=Schedule(120)
    )
    samples = guidance.objective.evaluate(guidance.optimise(LATENTS[:count]), list(range(count)))
    return models, guidance, samples


def peaks(samples):
    return simulated_activations(torch.stack([sample.motion for sample in samples])).amax((1, 2))


def test_refinement_brings_simulated_peaks_into_the_range():
    models, guidance, samples = guided()
    assert all(sample.accepted for sample in samples)  # as predicted by the surrogate
    assert (peaks(samples) > 0.40).all()  # simulated
    refined, simulations = refine(samples, guidance, models, simulated_by(simulated_activations), rounds=3)
    assert ((peaks(refined) >= 0.30) & (peaks(refined) <= 0.34)).all()
    assert [sample.start for sample in refined] == [sample.start for sample in samples]
    for sample, simulation in zip(refined, simulations, strict=True):
        torch.testing.assert_close(simulation.activations, simulated_activations(sample.motion[None])[0])
    for sample in refined:  # the corrected surrogate predicts the simulated peaks
        assert sample.activations.max().item() == pytest.approx(
            simulated_activations(sample.motion[None]).max().item(), abs=0.01
        )


def test_a_motion_within_the_range_in_simulation_is_unchanged():
    models, guidance, samples = guided()
    rows = []
    refined, _ = refine(samples, guidance, models, simulated_by(activations_of), rounds=2, on_iteration=rows.append)
    assert rows == []
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))


def test_a_refined_motion_with_a_greater_violation_in_simulation_is_discarded():
    models, guidance, samples = guided()
    calls = []

    def worsening(motion):  # worse from round to round, whatever the motion is
        calls.append(len(motion))
        return torch.full_like(simulated_activations(motion), 0.5 + 0.1 * len(calls))

    refined, _ = refine(samples, guidance, models, simulated_by(worsening), rounds=2)
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))
    assert len(calls) == 3


def test_a_correction_reproduces_the_simulated_activations_and_stays_between_0_and_1():
    predicted, simulated = torch.tensor([[[0.05, 0.4, 0.98]]]), torch.tensor([[[0.10, 0.9, 0.2]]])
    surrogate = corrected(lambda motion: MusclePrediction(predicted), log_odds(simulated) - log_odds(predicted))
    torch.testing.assert_close(surrogate(None).activations, simulated)
    high = corrected(lambda motion: MusclePrediction(0.5 + predicted / 2), torch.full((1, 1, 3), 5.0))(None).activations
    assert ((high > 0) & (high < 1)).all()
