"""Guidance: terms, proximity, schedule and optimisation, on models so small that the solution is known."""

import json
import math
from dataclasses import replace

import pytest
import torch
from bodies import SimpleSkeleton, SimpleSurrogate, squat

from dataset.errors import InputError
from models.surrogate.kinematic_surrogate import KinematicSurrogate
from models.surrogate.transformer import SurrogateTransformer
from models.vqvae.autoencoder import VQVAE
from models.vqvae.vqvae_config import VQVAEConfig
from utils.biomechanics.context import Context
from utils.guidance.latents.latent_sampling import LatentSampler
from utils.guidance.objective.constraint_files import read_terms
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.objective import Objective
from utils.guidance.objective.proximity import CodebookProximity, Proximity
from utils.guidance.objective.published_terms import published_terms
from utils.guidance.objective.quantity_list import vocabulary
from utils.guidance.optimisation.latent_optimizer import LatentOptimizer
from utils.guidance.optimisation.schedule import Schedule
from utils.guidance.optimisation.search import search

DEPTH = Term("knee_flexion", "max", "within", 60.0, 80.0)


def decode(z):
    """Latents (B, 4, 3) -> squats with a knee flexion of 90 + 10 z[0, 0] degrees and a lumbar extension of z[0, 1]."""
    motion = squat(1, 32).repeat(len(z), 1, 1)
    bend = motion * (1 + z[:, :1, :1] / 9)
    lean = torch.nn.functional.one_hot(torch.tensor(20), 33) * z[:, :1, 1:2]
    return bend + lean


def describe(z, decode=decode):
    motion = decode(z)
    return Context(motion, surrogate=SimpleSurrogate(), skeleton=SimpleSkeleton())


def guidance_for(*terms, iterations=120, **options):
    latents = torch.randn(30, 4, 3, generator=torch.Generator().manual_seed(1))
    objective = Objective(options.pop("describe", describe), terms or [DEPTH], Proximity(latents), beta=0.01)
    objective = replace(objective, max_distance=options.pop("max_distance", math.inf))
    options = {"lr": 0.2, "schedule": Schedule(iterations)} | options
    return LatentOptimizer(objective, **options)


def draws(seed=2):
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(20, 4, 3, generator=generator)
    return lambda start: latents[start]


# Terms


def test_a_line_is_parsed_into_a_term():
    term = parse_term("activation:vasmed:max:within:0.35:0.45:weight=2:name=quadriceps")
    assert term == Term("activation", "max", "within", 0.35, 0.45, 2.0, argument="vasmed", name="quadriceps")
    assert term.required
    assert term.bounds_text == "0.35 to 0.45"
    tilt = parse_term("pelvis_tilt:at_peak:vasmed:below:-10:wish")
    assert (tilt.muscle, tilt.low, tilt.high, tilt.required) == ("vasmed", None, -10.0, False)
    assert not parse_term("foot_slip:mean:small").required
    assert parse_term("knee_flexion:max:above:90:wish=true") == parse_term("knee_flexion:max:above:90:wish")
    assert parse_term("knee_flexion:max:above:90:wish=false").required
    assert parse_term("knee_flexion:max:equals:90:tolerance=3").effective_tolerance == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("knee:max:above:90", "knee_flexion"),
        ("knee_flexion:median:above:90", "at_peak"),
        ("knee_flexion:max:beside:90", "within, above"),
        ("knee_flexion:max:within:90", "takes 2"),
        ("knee_flexion:max:within:90:80", "empty"),
        ("knee_flexion:max:above:ninety", "expected a number"),
        ("knee_flexion:max:above:nan", "expected a number"),
        ("knee_flexion:max:above:90:wieght=2", "wieght"),
        ("knee_flexion:max:above:90:high=100", "'high=100'; a line may end with weight, tolerance"),
        ("knee_flexion:max:above:90:quantity=hip_flexion", "'quantity=hip_flexion'; a line may end"),
        ("knee_flexion:max:above:90:weight=1:weight=2", "each once"),
        ("knee_flexion:max:above:90:wish=0", "true or false"),
        ("knee_flexion:max:above:90:weight=-1", "negative"),
        ("activation:vastus:max:above:0.3", "vasmed"),
        ("pelvis_tilt:at_peak:vastas medialis:above:0.3", "vasmed"),
        ("activation:vasmed:max:above:45", "can be, 0 to 1; write 45 % as 0.45"),
        ("activation:vasmed:max:above:145", "can be, 0 to 1$"),
        ("knee_flexion:range:above:180", "can be, 0 to 175 deg$"),
        ("knee_flexion:max_over_descent:above:165", "can be, -15 to 160 deg$"),
        ("knee_flexion:rms:above:-1", "can be, 0 to 160 deg$"),
        ("knee_flexion:max:above:400", "-15 to 160"),
        ("coordinate:hip_flexion_r:max:below:181", "what coordinate hip_flexion_r can be, -180 to 180 deg$"),
        ("coordinate:hip_flexion_r:range:below:361", "can be, 0 to 360 deg$"),
        ("coordinate:pelvis_ty:min:above:11", "what coordinate pelvis_ty can be, -10 to 10 m; write 11 cm as 0.11$"),
        ("knee_flexion:max_over_flight:above:90", "descent"),
        ("knee_flexion:max:below:owned", "80%own"),
        ("knee_flexion:max", "comparison"),
        ("left knee flexion:at most:90", "no statistic over time before 'at most', such as max"),
        ("activation", "muscle"),
        ("my left knee should bend at most 80", "no colon between its parts"),
    ],
)
def test_the_error_for_an_invalid_line_names_the_fault(line, says):
    with pytest.raises(InputError, match=says):
        parse_term(line)


def test_a_file_may_contain_lines_and_objects(tmp_path):
    path = tmp_path / "constraints.json"
    objects = [
        "asymmetry:rms:below:3",
        {"quantity": "knee_flexion", "unit": "deg", "statistic": "max", "comparison": "within", "low": 80, "high": 100},
        {"quantity": "pelvis_drop", "statistic": "max", "comparison": "above", "low": 0.3, "wish": True},
    ]
    path.write_text(json.dumps({"constraints": objects}))
    terms = read_terms(path)
    assert [term.required for term in terms] == [True, True, False]
    assert (terms[1].low, terms[1].high) == (80, 100)
    path.write_text(json.dumps([objects[1] | {"unit": "rad"}]))
    with pytest.raises(InputError, match="constraint 1: knee_flexion is in deg"):
        read_terms(path)
    path.write_text("nonsense")
    with pytest.raises(InputError, match="not a JSON file"):
        read_terms(path)


def test_the_example_in_the_list_of_quantities_is_a_valid_term(tmp_path):
    text = vocabulary()
    (tmp_path / "one.json").write_text(f"[{text[text.rindex('{') :]}]")
    assert read_terms(tmp_path / "one.json")[0].name == "quadriceps"


def test_the_list_of_quantities_is_wrapped_and_loses_no_word():
    narrow, wide = vocabulary(60), vocabulary(10_000)
    assert narrow.split() == wide.split()
    text, _, _ = narrow.partition('{"quantity"')
    assert max(map(len, text.splitlines())) <= 60


def test_the_worse_leg_decides_whether_a_term_holds_and_both_count_in_its_loss():
    term = Term("knee_flexion", "max", "within", 60.0, 80.0, tolerance=4.0)
    degrees = torch.tensor([[70.0, 79.0], [57.0, 70.0], [83.9, 61.0], [70.0, 85.0], [60.0, 80.0]])
    torch.testing.assert_close(term.violation(degrees), torch.tensor([0, 0.75, 0.975, 1.25, 0]))
    assert term.holds(degrees).tolist() == [True, True, True, False, True]  # by the tolerance that was asked for
    unasked = replace(term, tolerance=None)
    assert unasked.holds(degrees).tolist() == [True, False, False, False, True]
    # The bounds of the loss are 62 and 78, a tenth of the range further in.
    expected = torch.tensor([1.0, 5.0, 6.9, 7.0, 4.0]) / 2 * 0.01 / 4
    torch.testing.assert_close(term.loss(degrees), expected)
    assert Term("knee_flexion", "mean", "equals", 70.0, 70.0).holds(torch.tensor([[70.4], [75.0]])).tolist() == [1, 0]
    small = Term("com_acceleration", "mean_square", "small", scale=3.0)
    torch.testing.assert_close(small.loss(degrees), 3 * degrees.mean(1))
    assert small.unit == "(m/s^2)^2"
    assert (term.unit, small.violation(degrees).any().item(), small.holds(degrees).all().item()) == ("deg", False, True)


def test_a_range_is_narrowed_at_both_ends_and_a_bound_on_one_side_stays():
    narrow = DEPTH.narrowed(0.2)
    assert (narrow.low, narrow.high) == (64, 76)
    for term in (Term("knee_flexion", "max", "above", 60.0), Term("knee_flexion", "max", "below", high=60.0)):
        assert term.narrowed(0.2) == term


def test_mac_loss_is_the_published_one_and_a_tolerance_costs_the_same_in_every_unit():
    peaks = torch.tensor([[0.30, 0.40], [0.40, 0.55], [0.40, 0.38]])
    mac = Term("activation", "max", "within", 0.35, 0.45, argument="vasmed", tolerance=1e-9)
    expected = torch.tensor([0.025, 0.05, 0.0])
    torch.testing.assert_close(mac.loss(peaks) * 1e-9 / 0.01, expected, atol=1e-6, rtol=0)
    five_tolerances_off = [
        (Term("activation", "max", "above", 0.3, argument="vasmed"), 0.3 - 0.05),
        (Term("knee_flexion", "max", "above", 90.0), 85.0),
        (Term("pelvis_drop", "max", "above", 0.3), 0.3 - 0.025),
    ]
    for term, value in five_tolerances_off:
        values = torch.tensor([[value]])
        assert term.violation(values).item() == pytest.approx(5, rel=1e-4)
        assert term.loss(values).item() == pytest.approx(0.06, rel=1e-4)  # the bound is drawn in by one tolerance
        assert not term.met(values)
        assert term.met(values + 4.5 * term.effective_tolerance)


def test_published_terms_are_computed_in_the_units_of_the_paper():
    """Of a uniform motion: 60 deg/s are one degree a frame, 0.6 m/s one centimetre a frame."""
    radian = math.pi / 180
    motion = torch.zeros(1, 50, 33)
    motion[0, :, [6, 9, 12, 13, 14, 15, 0]] = torch.arange(50.0).unsqueeze(1)
    motion[0, :, 6] += 3
    motion[0, :, 3] = 0.01 * torch.arange(50)
    context = describe(motion, decode=lambda motion: motion)
    losses = {term.name: term.weight * term.loss(term.value(context)).item() for term in published_terms(0.35, 0.45)}
    assert losses["omega"] == pytest.approx(0.5 * radian**2, rel=1e-4)
    assert losses["asymmetry"] == pytest.approx((3 * radian) ** 2, rel=1e-4)
    assert losses["com_speed"] == pytest.approx(50 * 0.01**2, rel=1e-3)
    assert losses["com_acc"] == pytest.approx(0, abs=1e-5)
    assert losses["slide"] == pytest.approx(0.1 * 0.01, rel=1e-3)


@pytest.mark.parametrize("term", published_terms(0.9, 0.95, tilt_range_deg=(20.0, 30.0)), ids=lambda term: term.label)
def test_every_term_has_a_gradient_at_the_latent(term):
    torch.manual_seed(0)
    vqvae = VQVAE(VQVAEConfig(nb_code=16, code_dim=8, width=32, depth=1)).eval()
    vqvae.normalizer.mean.copy_(squat(1, 24)[0].mean(0))
    vqvae.normalizer.std.fill_(5.0)
    surrogate = KinematicSurrogate(SurrogateTransformer().eval(), None)
    z = torch.randn(2, 6, 8, requires_grad=True)
    context = Context(vqvae.decode(z), surrogate=surrogate, skeleton=SimpleSkeleton())
    term.loss(term.value(context)).sum().backward()
    assert z.grad.isfinite().all()
    assert (z.grad.flatten(1).norm(dim=1) > 0).all()


# Proximity


def test_proximity_equals_a_loop_over_training_latents():
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(200, 49, 16, generator=generator) + 3.0
    z = (latents[:12] + 0.3 * torch.randn(12, 49, 16, generator=generator)).requires_grad_()
    distance, index = Proximity(latents)(z)
    gradient = torch.autograd.grad(distance.sum(), z)[0]
    for j in range(12):
        each = torch.stack([(z[j] - latent).norm() for latent in latents])
        nearest = int(each.argmin())
        assert index[j] == nearest
        torch.testing.assert_close(distance[j], each[nearest])
        torch.testing.assert_close(gradient[j], torch.autograd.grad(each[nearest], z, retain_graph=True)[0][j])


def test_proximity_is_exact_far_from_the_origin():
    """Far from the origin the matrix product rounds by more than the difference between the two nearest."""
    latents = 1e3 + torch.randn(64, 4, 4, generator=torch.Generator().manual_seed(0))
    latents[:8] = latents[0] + 1e-3 * torch.arange(8.0).view(8, 1, 1)
    _, index = Proximity(latents)(latents[:8].clone())
    assert index.tolist() == list(range(8))


def test_proximity_to_the_codebook_is_the_distance_to_the_nearest_codes():
    distance, _ = CodebookProximity(torch.round)(torch.full((2, 4, 1), 0.25))
    assert distance.tolist() == [0.5, 0.5]


# Schedule and optimisation


def test_the_published_schedule():
    schedule = Schedule(3000, release=True)
    assert [schedule.weights(i)[0] for i in (0, 499)] == [0, 0]
    assert schedule.weights(750)[0] == pytest.approx(0.5, abs=0.01)
    assert schedule.weights(1000) == schedule.weights(2499) == (1.0, 1.0)
    assert schedule.weights(2500) == schedule.weights(2999) == (0.0, 0.0)
    assert Schedule(3000).weights(2500) == (1.0, 0.0)
    assert [Schedule(60).weights(i) for i in (9, 20, 50)] == [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0)]


def test_each_terms_loss_has_a_column_of_its_own_whatever_the_terms_are_called():
    """Two bounds on one quantity, the same wish twice, and one that is called like a column of every history."""
    terms = [
        Term("knee_flexion", "max", "above", low=95.0),
        Term("knee_flexion", "max", "below", high=80.0),
        Term("trunk_lean", "max", "small", name="iteration"),
        Term("trunk_lean", "max", "small", name="lean"),
        Term("trunk_lean", "max", "small", name="lean"),
    ]
    guidance, rows = guidance_for(*terms, schedule=Schedule(2, 0, 0, 0)), []
    z = draws()(slice(3))
    losses = [float(loss.mean()) for loss in guidance.objective.term_values(z)[1]]
    guidance.optimise(z, rows.append)
    assert [row["iteration"] for row in rows] == [0, 1]
    names = ("knee_flexion_max", "knee_flexion_max (2)", "iteration (2)", "lean", "lean (2)")
    assert {name: rows[0][name] for name in names} == pytest.approx(dict(zip(names, losses, strict=True)))


def test_required_terms_are_met_against_opposing_wishes():
    """From 90 degrees, 60 to 80 are required, while a wish for 100 degrees has four times the weight."""
    guidance = guidance_for(DEPTH, parse_term("knee_flexion:max:above:100:weight=4:wish"))
    z = guidance.optimise(torch.stack([draws()(j) for j in range(4)]))
    for sample in guidance.objective.evaluate(z, range(4)):
        assert sample.accepted
        assert 60 <= sample.values[0].min() <= sample.values[0].max() <= 80
        assert sample.met == (True, False)
    fixed = guidance_for(DEPTH, parse_term("knee_flexion:max:above:100:weight=4:wish"), multiplier_growth=1.0)
    assert not fixed.objective.evaluate(fixed.optimise(torch.zeros(1, 4, 3)), [0])[0].accepted


def test_among_accepted_iterates_the_one_nearest_to_the_training_latents_is_kept():
    far = torch.stack([draws()(j) for j in range(4)]) + 4
    guidance = guidance_for(iterations=240)
    before, _ = guidance.objective.proximity(far)
    samples = guidance.objective.evaluate(guidance.optimise(far), range(4))
    assert all(sample.accepted for sample in samples)
    assert max(sample.proximity for sample in samples) < 0.6 * before.min()


def test_samples_beyond_the_greatest_distance_are_not_accepted():
    """The latent of the requested squat is four units from every training latent."""
    deep = parse_term("knee_flexion:max:within:150:160")
    near = guidance_for(deep, max_distance=1.0)
    sample = near.objective.evaluate(near.optimise(torch.zeros(1, 4, 3)), [0])[0]
    assert not sample.accepted
    free = guidance_for(deep)
    sample = free.objective.evaluate(free.optimise(torch.zeros(1, 4, 3)), [0])[0]
    assert sample.accepted
    assert sample.proximity > 3


@pytest.mark.parametrize("patience", [0, 15])
def test_what_a_sample_becomes_does_not_depend_on_its_batch(patience):
    guidance = guidance_for(patience=patience)
    starts = torch.stack([draws()(j) for j in range(6)])
    together = guidance.optimise(starts)
    for j in range(6):
        torch.testing.assert_close(guidance.optimise(starts[j : j + 1])[0], together[j], rtol=1e-4, atol=1e-4)


def test_patience_ends_the_optimisation_when_all_samples_are_finished():
    seen = []
    guidance = guidance_for(iterations=600, patience=20)
    best = guidance.optimise(torch.stack([draws()(j) for j in range(4)]), seen.append)
    active = [row["active"] for row in seen]
    assert len(seen) < 500
    assert active[0] == 4
    assert active == sorted(active, reverse=True)
    assert seen[-1]["met"] == 4
    assert all(sample.accepted for sample in guidance.objective.evaluate(best, range(4)))


def test_what_is_missed_weighs_more_with_each_iteration():
    """The distance beyond the greatest one counts once with the attraction, and its growing weight beside that."""
    seen = []
    shallow = parse_term("knee_flexion:max:below:30")
    guidance = guidance_for(shallow, schedule=Schedule(4, first=0, ramp=0, last=0), max_distance=0.1)
    guidance.optimise(draws()(0)[None], seen.append)
    assert len(seen) == 4
    for k, row in enumerate(seen):
        weight, distance, loss = guidance.multiplier_growth**k, row["proximity"], row[shallow.label]
        assert loss > 0
        assert row["objective"] == pytest.approx(
            0.01 * distance + weight * loss + (weight - 1) * 0.01 * (distance - 0.1)
        )


@pytest.mark.parametrize(("left", "iterations"), [(1.0, 9), (0.998, 9), (0.99, 40)])
def test_a_sample_that_hardly_comes_nearer_to_its_requirement_is_given_up(left, iterations):
    """Each iteration leaves this share of what is missing; 2 percent have to be gained in 0.4 of the patience."""
    missing_deg, seen = [40.0], []

    def describe_slowly(z):
        missing_deg[0] *= left
        return describe(z, decode=lambda z: squat(1, 32, depth_deg=100 - missing_deg[0]) + 0 * z.sum())

    guidance = guidance_for(
        parse_term("knee_flexion:max:above:100"), schedule=Schedule(40, first=0, ramp=0), patience=20,
        describe=describe_slowly,
    )  # fmt: skip
    guidance.optimise(draws()(0)[None], seen.append)
    assert len(seen) == iterations


def test_no_latent_is_decoded_in_phases_with_proximity_alone():
    decoded = []
    guidance = guidance_for(schedule=Schedule(60, release=True), describe=lambda z: decoded.append(1) or describe(z))
    guidance.optimise(torch.zeros(1, 4, 3))
    assert len(decoded) == 60 - 10 - 10 + 1  # and once for the final values


def test_the_first_proximity_phase_is_skipped_on_training_latents():
    seen = []
    guidance = guidance_for(iterations=60)
    guidance.optimise(guidance.objective.proximity.latents[:2].view(2, 4, 3), seen.append)
    assert seen[0]["iteration"] == 10


def test_initial_latents_depend_on_start_and_seed_alone():
    latents = torch.randn(10, 4, 3)
    a, b, c = LatentSampler(latents, 1, 0.1), LatentSampler(latents, 1, 0.1), LatentSampler(latents, 2, 0.1)
    assert torch.equal(a(7), b(7))
    assert not torch.equal(a(7), c(7))
    without_noise = LatentSampler(latents, 1)
    noise = torch.stack([a(j) - without_noise(j) for j in range(200)])
    assert float(noise.std()) == pytest.approx(
        0.1 * float(latents.std()), rel=0.1
    )  # in standard deviations of the latents
    assert len({tuple(without_noise(j).flatten().tolist()) for j in range(10)}) == 10


def test_a_sample_that_is_not_accepted_is_replaced_by_another_start():
    """Starts 0 and 1 have no gradient and so do not change; further starts take their place."""
    latents = torch.zeros(8, 4, 3)
    latents[:2, 0, 2] = 1.0
    guidance = guidance_for(describe=lambda z: describe(torch.where((z[:, :1, 2:] > 0.5), z.detach() * 0, z)))
    samples = search(guidance, lambda j: latents[j], wanted=4, starts=8, batch_size=4, give_up=3)
    assert [sample.start for sample in samples] == [2, 3, 4, 5]
    assert all(sample.accepted for sample in samples)


def test_the_search_gives_up_and_returns_the_smallest_violations():
    batches = []
    guidance = guidance_for(parse_term("knee_flexion:min:above:160"), iterations=6)
    samples = search(
        guidance,
        draws(),
        wanted=4,
        starts=20,
        batch_size=4,
        give_up=2,
        on_iteration=lambda row: batches.append(row["batch"]),
    )
    assert set(batches) == {0, 1}
    assert len(samples) == 4
    assert not any(sample.accepted for sample in samples)
    assert [sample.violation for sample in samples] == sorted(sample.violation for sample in samples)


def test_an_interrupted_search_returns_its_best_samples():
    rows = []
    samples = search(
        guidance_for(),
        draws(),
        wanted=4,
        starts=20,
        batch_size=2,
        give_up=3,
        on_iteration=rows.append,
        should_stop=lambda: len(rows) > 100,
    )
    assert len(rows) == 101
    assert [sample.start for sample in samples] == [0, 1]
    assert all(sample.accepted for sample in samples)


def test_a_finished_sample_is_no_longer_decoded():
    decoded, rows = [], []
    guidance = guidance_for(iterations=600, patience=10, describe=lambda z: decoded.append(len(z)) or describe(z))
    guidance.optimise(torch.stack([draws()(j) for j in range(4)]), rows.append)
    active = [row["active"] for row in rows if DEPTH.label in row]  # the rows of iterations that decode
    assert decoded[: len(active)] == active
    assert 0 < active[-1] < 4


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_is_not_finite_once_is_said_and_does_not_keep_a_sample_where_it_is(value, caplog):
    calls = []

    def describe_undefined_once(z):
        z = z * 1.0
        if not calls and z.requires_grad:
            z.register_hook(lambda gradient: torch.full_like(gradient, value))
            calls.append(z)
        return describe(z)

    guidance = guidance_for(describe=describe_undefined_once, schedule=Schedule(120, first=0, ramp=0))
    latents = torch.stack([draws()(0), draws()(1)])
    assert all(sample.accepted for sample in guidance.objective.evaluate(guidance.optimise(latents), [0, 1]))
    assert "gradient of 2 of 2 samples was NaN or infinite" in caplog.text


def test_only_what_the_brief_attempt_misses_is_optimised_anew():
    """Each sample becomes what the brief schedule makes of it where that meets the range, and else the whole one."""
    starts = torch.stack([draws()(j) for j in range(8)])
    brief, whole = guidance_for(iterations=16), guidance_for(iterations=60)
    after_brief, after_whole = brief.optimise(starts), whole.optimise(starts)
    met = torch.tensor([sample.violation == 0 for sample in brief.objective.evaluate(after_brief, range(8))])
    assert 0 < met.sum() < 8
    rows = []
    found = guidance_for(iterations=60, brief=16).optimise(starts, rows.append)
    torch.testing.assert_close(found, torch.where(met[:, None, None], after_brief, after_whole), rtol=1e-4, atol=1e-4)
    assert [row["iteration"] for row in rows] == sorted({row["iteration"] for row in rows})
    assert rows[-1]["active"] == (~met).sum()
    assert rows[-1]["met"] == 8


def test_any_registered_quantity_can_be_constrained():
    guidance = guidance_for(DEPTH, parse_term("coordinate:lumbar_extension:mean:within:3:5"))
    samples = guidance.objective.evaluate(guidance.optimise(torch.zeros(2, 4, 3)), range(2))
    assert all(sample.accepted for sample in samples)
    assert samples[0].values[1].item() == pytest.approx(4, abs=1.1)
