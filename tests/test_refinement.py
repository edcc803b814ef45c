"""Refinement: simulated peaks are brought into the range where the surrogate alone predicts them wrongly."""

from dataclasses import replace

import torch
from bodies import SimpleSkeleton, SimpleSurrogate, activations_of, squat

from dataset.io.mot import read_motion
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import Session
from models.conventions import MUSCLES
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.objective import Objective
from utils.guidance.objective.own_bounds import with_own_form
from utils.guidance.objective.proximity import Proximity
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer
from utils.guidance.optimisation.refinement import refine
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.subject.simulated_span import SimulatedSpan, Span, missed_span
from utils.guidance.verification import SimulatedMotion
from utils.simulation.simulated_prediction import simulated_prediction
from utils.simulation.simulators import build_simulator

PEAK = Term("activation", "max", "within", 0.30, 0.34, argument="vasmed", tolerance=0.005)
LATENTS = torch.randn(30, 4, 3, generator=torch.Generator().manual_seed(1))


class Models:
    """Latents (B, 4, 3) are squats of 90 + 10 z[0, 0] degrees; the predicted activation at 90 degrees is 0.4."""

    surrogate = SimpleSurrogate()

    def describe(self, z, surrogate=None):
        motion = squat(1, 32).repeat(len(z), 1, 1) * (1 + z[:, :1, :1] / 9)
        return Context(motion, surrogate=surrogate or self.surrogate, skeleton=SimpleSkeleton())

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
            torch.tensor([0, 0, 0, 0, 0.05]),
            torch.zeros(14),
        )  # fmt: skip
        for one in activations_of_motion(motion)
    ]


def simulate(motion):
    return MusclePrediction(simulated_activations(motion))


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
    faster = replace(guidance, lr=1.0)  # these latents are few and far apart
    refined, simulations = refine(
        samples, faster, models, judge=simulated_by(simulated_activations), simulate=simulate, rounds=4
    )
    assert ((peaks(refined) >= 0.30) & (peaks(refined) <= 0.34)).all()
    assert [sample.start for sample in refined] == [sample.start for sample in samples]
    for sample, simulation in zip(refined, simulations, strict=True):
        torch.testing.assert_close(simulation.activations, simulated_activations(sample.motion[None])[0])
    for sample in refined:  # what the surrogate predicts of them stays what it predicts
        torch.testing.assert_close(sample.activations, activations_of(sample.motion[None])[0])


class OwnModels(Models):
    """The same, of a person whose own squat is one of 90 degrees."""

    def describe(self, z, surrogate=None):
        return self.describe_motion(super().describe(z).motion, surrogate=surrogate or self.surrogate)

    def describe_motion(self, motion, **options):
        return super().describe_motion(motion, own=Context(squat(1, 32)), **options)


def test_refinement_is_not_drawn_back_to_the_own_squats():
    models, guidance, samples = guided()
    terms = with_own_form([PEAK], own_weight=0.05, form_weight=2.0)
    objective = replace(guidance.objective, terms=terms, describe=OwnModels().describe)
    refined, _ = refine(
        objective.evaluate(torch.stack([sample.z for sample in samples]), range(len(samples))),
        replace(guidance, objective=objective, lr=1.0),
        OwnModels(),
        judge=simulated_by(simulated_activations),
        simulate=simulate,
        rounds=4,
    )
    assert ((peaks(refined) >= 0.30) & (peaks(refined) <= 0.34)).all()
    assert all(len(sample.values) == len(terms) for sample in refined)


def test_a_motion_within_the_range_in_simulation_is_unchanged():
    models, guidance, samples = guided()
    rows = []
    judge = simulated_by(activations_of)
    refined, _ = refine(samples, guidance, models, judge=judge, simulate=simulate, rounds=2, on_iteration=rows.append)
    assert rows == []
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))


def test_a_refined_motion_with_a_greater_violation_in_simulation_is_discarded():
    models, guidance, samples = guided()
    calls = []

    def worsening(motion):  # worse from round to round, whatever the motion is
        calls.append(len(motion))
        return torch.full_like(simulated_activations(motion), 0.5 + 0.1 * len(calls))

    refined, _ = refine(samples, guidance, models, judge=simulated_by(worsening), simulate=simulate, rounds=2)
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))
    assert len(calls) == 3


def test_a_refined_motion_that_needs_forces_that_nothing_gives_is_discarded():
    models, guidance, samples = guided()
    calls = []

    def impossible(motion):
        """What simulates a first version that misses the range, and then versions that meet it by a large residual."""
        calls.append(len(motion))
        peak = 0.5 if len(calls) == 1 else 0.32
        found = simulated_by(lambda motion: torch.full_like(simulated_activations(motion), peak))(motion)
        return [replace(one, unexplained=torch.tensor([100.0 * (len(calls) > 1), 0, 0, 0, 0.05])) for one in found]

    refined, simulations = refine(samples, guidance, models, judge=impossible, simulate=simulate, rounds=2)
    assert len(calls) > 1
    assert all(torch.equal(a.motion, b.motion) for a, b in zip(samples, refined, strict=True))
    assert all(float(one.unexplained[0]) == 0 for one in simulations)


def test_each_sample_has_its_own_simulation_also_where_that_is_no_number():
    models, guidance, samples = guided()

    def undefined(motion):
        found = simulated_activations(motion)
        found[1] = torch.nan
        return found

    refined, simulations = refine(samples, guidance, models, judge=simulated_by(undefined), simulate=simulate, rounds=0)
    for sample, simulation in zip(refined, simulations, strict=True):
        assert bool(simulation.activations.isnan().all()) == (sample.start == samples[1].start)


def test_a_span_is_simulated_and_the_rest_is_the_surrogates_corrected_by_what_it_missed():
    """Each motion has a span of its own, without its first and last 0.2 s; gradients come from both."""
    known = squat(2, 120) * torch.tensor([1.0, 0.8])[:, None, None]
    span = Span(torch.tensor([10, 70]), 45)
    mixed = SimulatedSpan(simulate, SimpleSurrogate(), span, known, simulate(known))
    torch.testing.assert_close(mixed(known).activations, simulated_activations(known))
    motion = (1.05 * known).requires_grad_()
    found = mixed(motion).activations
    simulated = simulated_activations(motion)
    corrected = activations_of(motion) + simulated_activations(known) - activations_of(known)
    for j, first in enumerate(span.first.tolist()):
        inner = torch.zeros(120, dtype=torch.bool)
        inner[first + 12 : first + 45 - 12] = True
        torch.testing.assert_close(found[j, inner], simulated[j, inner])
        torch.testing.assert_close(found[j, ~inner], corrected[j, ~inner])
        for frame, expected_of in ((first + 20, simulated), (first + 5, activations_of(motion))):
            (gradient,) = torch.autograd.grad(found[j, frame, 0], motion, retain_graph=True)
            (expected,) = torch.autograd.grad(expected_of[j, frame, 0], motion, retain_graph=True)
            torch.testing.assert_close(gradient, expected)
    for frames, expected in ((120, simulated), (0, corrected)):
        span = Span(torch.zeros(2).long(), frames)
        alone = SimulatedSpan(simulate, SimpleSurrogate(), span, known, simulate(known))
        torch.testing.assert_close(alone(motion).activations, expected)


def test_the_span_surrounds_what_the_missed_requirements_look_at():
    motion = squat(3, 200)
    values = activations_of(motion)
    values[1] *= 2.0
    context = Context(motion, prediction=MusclePrediction(values), skeleton=SimpleSkeleton())
    vasmed = values[0, :, MUSCLES.index("vasmed_l")]
    deepest, bound = int(vasmed.argmax()), float(vasmed.max()) + 0.01  # which the second motion misses

    def below(statistic, **options):
        return Term("activation", statistic, "below", high=bound, argument="vasmed", **options)

    span = missed_span([below("max")], context)
    assert span.frames == 41
    assert span.first[1] <= deepest - 20 <= deepest + 20 <= span.first[1] + 40
    assert missed_span([below("max_over_descent")], context).frames == 41
    assert missed_span([below("max_over_motion")], context).frames == 41
    assert missed_span([below("at_bottom")], context).frames == 41
    both = missed_span([below("max"), Term("activation", "min", "above", low=0.9, argument="vasmed")], context)
    assert both.frames > 41
    assert missed_span([replace(below("mean"), high=0.0)], context).frames == 200
    for term in (
        below("max", wish=True),
        Term("knee_flexion", "max", "below", high=1.0),
        replace(below("max"), high=5.0),
    ):
        assert missed_span([term], context).frames == 0


def test_the_simulation_of_a_span_is_that_of_the_whole_motion(tmp_path):
    """Without the ends of the span, on a demo person's own squat."""
    session = Session(SHIPPED_DEMO / "Data" / "demo-person-040")
    simulator = build_simulator(session.model_path)
    motion = torch.from_numpy(read_motion(session.trials[0]).coordinates)[None, :240]

    def simulate_it(part):
        return simulated_prediction(simulator(part, 60.0), simulator.coordinate_names, simulator.weight_n)

    whole, frame = simulate_it(motion), 100
    nothing = whole.map(torch.zeros_like)
    span = Span(torch.tensor([frame]), 41)
    found = SimulatedSpan(simulate_it, lambda *_: nothing, span, motion, nothing)(motion)
    vasti = [MUSCLES.index(f"{name}_{side}") for name in ("vasmed", "vaslat") for side in "lr"]
    inner = slice(frame + 12, frame + 29)
    torch.testing.assert_close(
        found.activations[:, inner, vasti], whole.activations[:, inner, vasti], atol=0.02, rtol=0
    )
    torch.testing.assert_close(found.load_share[:, inner], whole.load_share[:, inner], atol=0.02, rtol=0)
    torch.testing.assert_close(found.moments[:, inner], whole.moments[:, inner], atol=0.05, rtol=0)
