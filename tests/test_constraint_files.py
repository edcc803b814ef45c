"""Constraint files and names: YAML read safely, shipped sets, clinical names, contradictions, own bounds."""

import json
import re

import pytest
import torch
from bodies import SimpleSkeleton, SimpleSurrogate, squat

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from dataset.muscle_names import MUSCLE_GROUPS, MUSCLE_NAMES, canonical_muscle, muscle_channels
from dataset.sessions import Session
from models.conventions import COORDINATES, MUSCLE_INDEX, MUSCLES
from utils.biomechanics import registry
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity
from utils.guidance.guidance_config import GuidanceConfig, PublishedWeights
from utils.guidance.objective.constraint_checks import check_together
from utils.guidance.objective.constraint_files import read_terms, shipped_constraints
from utils.guidance.objective.constraint_grammar import parse_term, term_from
from utils.guidance.objective.own_bounds import own_value, with_own_bounds
from utils.guidance.objective.published_terms import (
    muscle_in_question,
    published_terms,
    terms_of,
    without_published_wishes,
)
from utils.guidance.objective.quantity_list import vocabulary
from utils.guidance.subject.frozen_models import load_models


def asked_of(**options):
    """The terms of a configuration without those of a whole motion, which nobody has to ask for."""
    return [term for term in terms_of(GuidanceConfig(subject="x", **options)) if not term.of_a_whole_motion]


def context_of(motion, **options):
    return Context(motion, surrogate=SimpleSurrogate(), skeleton=SimpleSkeleton(), **options)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("vastus medialis", "vasmed"),
        ("Left Vastus Medialis", "vasmed_l"),
        ("VMO", "vasmed"),
        ("addmagDist_r", "addmagDist_r"),
        ("quads", "quadriceps"),
        ("right glutes", "gluteals_r"),
        ("Gluteus-Maximus", "gluteus_maximus"),
        ("glmax1", "glmax1"),
        ("triceps surae (left)", "calf_l"),
        ("M. vastus medialis", "vasmed"),
        ("soleus muscle", "soleus"),
        ("right anterior tibialis", "tibant_r"),
        ("VL", "vaslat"),
        ("knee extensors", "quadriceps"),
        ("med_gas_l", "gasmed_l"),
        ("glut_med2", "glmed2"),
        ("gmed_l", "gluteus_medius_l"),
        ("VMO activation", "vasmed"),
        ("linker Quadrizeps", "quadriceps_l"),
        ("M. gluteus maximus rechts", "gluteus_maximus_r"),
    ],
)
def test_muscles_are_known_by_the_names_that_clinicians_use(written, canonical):
    assert canonical_muscle(written) == canonical
    assert canonical_muscle(canonical) == canonical


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ("plantar flexors:max:below:.5", "activation:calf"),
        ("hip extensors:max:below:.5", "hip_extension_moment or activation:gluteus_maximus or activation:hamstrings"),
        ("squat depth:max:above:.3", "knee_flexion or thigh_below_parallel or pelvis_height"),
        ("tempo:above:3", "descent_time"),
        ("pause:above:1", "hold_time or halfway_pause"),
        ("left pelvic drop:max:below:3", "coordinate:pelvis_list or pelvis_drop"),
        ("hip rotation:max:below:10", "coordinate:hip_rotation"),
        ("pelvis list:max:below:3", "coordinate:pelvis_list"),
        ("symmetry:rms:above:.9", "asymmetry or load_share"),  # more of it is less asymmetry
        ("LSI:mean:above:90%", "asymmetry or load_share"),
        ("KAM:max:below:.3", "knee_valgus or hip_abduction_moment"),
        ("knee flexion moment:max:below:1", "knee_extension_moment"),  # the external one
        ("PFJ stress:max:below:8", "patellofemoral_compression"),
        ("knee ROM:above:90", "knee_flexion"),
        ("knees over toes:max:below:0", "ankle_dorsiflexion"),
        ("anterior pelvic tilt:max:below:20", "pelvis_tilt"),
        ("both knees:max:below:90", "knee_flexion or knee_valgus"),
        ("VMO/VL:max:above:1", "activation:vasmed or activation:vaslat"),
        ("GM:max:above:.3", "activation:gasmed or activation:gluteus_medius"),
    ],
)
def test_names_that_may_mean_several_are_answered_with_these(written, offered):
    with pytest.raises(InputError, match=f"did you mean {offered}"):
        parse_term(written)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("heel lift:max:below:1 cm", "heel_lift:max:below:0.01"),
        ("stance width:above:500mm", "stance_width:mean:above:0.5"),
        ("trunk lean:max:≤:30°", "trunk_lean:max:below:30"),
        ("toe out:between:18 degrees:22 deg", "toe_out:mean:within:18:22"),
        ("descent time:≥:3 s", "descent_time:mean:above:3"),
        ("left load share:mean:above:60 %", "load_share_l:mean:above:0.6"),
        ("knee moment:max:smaller than:1e-1 Nm/kg", "knee_extension_moment:max:below:0.1"),
        ("knee flexion:max:below:own-20°", "knee_flexion:max:below:own-20"),
        ("stance width:exactly:own + 5 cm", "stance_width:mean:equals:own+0.05"),
        ("heel lift:max:within:0 cm:own", "heel_lift:max:within:0:own"),
        ("knee flexion:max:=:90:tolerance=2°", "knee_flexion:max:equals:90:tolerance=2"),
        ("coordinate:pelvis_ty:min:above:60 cm", "coordinate:pelvis_ty:min:above:0.6"),
        ("ground reaction:max:no more than:1.2 x BW", "ground_reaction:max:below:1.2"),
        ("vGRF:max:up to:120 % body weight", "ground_reaction:max:below:1.2"),
        ("com acceleration:max:below:3 m/s^2", "com_acceleration:max:below:3"),
        ("com acceleration:max:below:3 m/s²", "com_acceleration:max:below:3"),
        ("knee flexion:max:höchstens:90 Grad", "knee_flexion:max:below:90"),
        ("descent time:not less than:2500 ms", "descent_time:mean:above:2.5"),
        ("knee flexion:max:below:80 per cent of own", "knee_flexion:max:below:80%own"),
    ],
)
def test_bounds_may_be_written_with_a_unit_and_comparisons_with_signs(written, plain):
    assert parse_term(written) == parse_term(plain)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("heel lift:max:below:1°", "a bound is '1°', expected a number in m$"),
        ("knee flexion:max:below:50 %", "'50 %', expected a number in deg$"),
        ("knee flexion:max:below:0,5", "'0,5', expected a number in deg$"),
        ("load share:mean:above:60 kg", "'60 kg', expected a number from 0 to 1 or in %$"),
        ("load share:mean:above:60 %%", "'60 %%', expected a number from 0 to 1 or in %$"),
        ("load share:mean:above:50 % BW", "'50 % BW', expected a number from 0 to 1 or in %$"),
        ("vasmed:max:above:40 % MVC", "'40 % MVC', expected a number from 0 to 1 or in %$"),
        ("com acceleration:max:below:3 m/s", "'3 m/s', expected a number in m/s\\^2$"),
        ("knee flexion:max:about:90", "'about' is not a comparison; known are within, above, .* at least, at most"),
        ("hip moment:max:below:own-10%", "'own-10%', expected such as 80%own"),
        ("knee flexion:max:below:own-10 cm", "'10 cm', expected a number in deg$"),
        ("knee flexion:max:within:80-90", "within takes 2 numbers with a colon between them, got 1$"),
        ("knee flexion:max:above:80:90", "above takes 1 number, got 2$"),
    ],
)
def test_a_bound_in_another_unit_is_answered_with_the_unit_of_its_quantity(line, says):
    with pytest.raises(InputError, match=says):
        parse_term(line)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("heel_lift:max:below:1", "write 1 cm as 0.01"),
        ("heel_lift:max:below:2", "write 2 cm as 0.02"),
        ("knee_valgus:max:below:5", "write 5 cm as 0.05"),
        ("vasmed:max:below:45", "write 45 % as 0.45"),
    ],
)
def test_a_bound_in_hundredths_of_the_unit_is_answered_with_the_unit(line, advice):
    with pytest.raises(InputError, match=f"{advice}$"):
        parse_term(line)


@pytest.mark.parametrize("line", ["vasmed:max:below:0.04", "glutes:mean:within:0:3%", "VMO:min:equals:0.01"])
def test_less_activation_than_that_of_a_muscle_at_rest_is_refused(line):
    with pytest.raises(InputError, match="is less than 0.05, the activation of a muscle that rests$"):
        parse_term(line)
    assert parse_term(f"{line}:wish").wish
    parse_term("vasmed:range:below:0.04")
    parse_term("vasmed:max:within:0.01:0.1")


def test_every_muscle_has_a_name_and_every_group_is_of_muscles():
    assert {f"{name}_{side}" for name in MUSCLE_NAMES for side in "lr"} == set(MUSCLES)
    assert all(canonical_muscle(words) == name for name, words in MUSCLE_NAMES.items())
    for members in MUSCLE_GROUPS.values():
        assert set(members) <= set(MUSCLE_NAMES)
    assert muscle_channels("vasmed_r") == [[MUSCLE_INDEX["vasmed_r"]]]


def test_a_group_is_as_active_as_its_most_active_muscle_on_each_side():
    activations = torch.zeros(1, 3, 80)
    activations[0, :, MUSCLE_INDEX["recfem_l"]] = torch.tensor([0.1, 0.6, 0.2])
    activations[0, :, MUSCLE_INDEX["vaslat_l"]] = torch.tensor([0.3, 0.4, 0.1])
    context = Context(torch.zeros(1, 3, 33), activations=activations)
    found = evaluate_quantity("activation", context, "quadriceps").values[0]
    torch.testing.assert_close(found, torch.tensor([[0.3, 0.0], [0.6, 0.0], [0.2, 0.0]]))


def test_a_line_with_clinical_names_is_the_line_with_the_short_ones():
    for words, short in (
        ("activation:left vastus medialis:peak:below:0.3", "activation:vasmed_l:max:below:0.3"),
        ("Right knee angle:at the bottom:above:90", "knee_flexion_r:at_bottom:above:90"),
        ("pelvis tilt:at peak:Quads:above:-30", "pelvis_tilt:at_peak:quadriceps:above:-30"),
        ("descent time:above:2", "descent_time:mean:above:2"),
        ("load:mean over ascent:within:.4:.6", "load_share:mean_over_ascent:within:.4:.6"),
        ("weight shift:max:<=:.6", "load_share:max:below:.6"),
        ("heel rise:max:under:.02", "heel_lift:max:below:.02"),
        ("trunk_lean:at 50%:below:30", "trunk_lean:at_50_percent:below:30"),
        ("left knee flexion:max:at most:90", "knee_flexion_l:max:below:90"),
        ("descent time:At least:3", "descent_time:mean:above:3"),
        ("vasti:max:between:0.3:0.5", "activation:vasti:max:within:0.3:0.5"),
        ("knee flexion:Max:WITHIN:80:90:Weight=2:Wish", "knee_flexion:max:within:80:90:weight=2:wish"),
        ("knee flexion:max:at  least:80", "knee_flexion:max:above:80"),
        ("pelvis tilt:at-peak:vasmed:above:-30", "pelvis_tilt:at_peak:vasmed:above:-30"),
        ("pelvis tilt:at the  peak:vasmed:above:-30", "pelvis_tilt:at_peak:vasmed:above:-30"),
        ("knee flexion:ROM:above:60", "knee_flexion:range:above:60"),
        ("load:avg during the eccentric phase:above:.4", "load_share:mean_over_descent:above:.4"),
        ("right leg load:max over the whole motion:below:.4", "load_share_r:max_over_motion:below:.4"),
        ("eccentric phase:above:3 s", "descent_time:mean:above:3"),
        ("PFJ compression:peak:below:80%own", "patellofemoral_compression:max:below:80%own"),
        ("load on left foot:mean:above:.6", "load_share_l:mean:above:.6"),
        ("right leg load:mean:below:.4", "load_share_r:mean:below:.4"),
        ("left foot lift:max:below:.01", "foot_lift_l:max:below:.01"),
        ("Hüftbeugung:maximal:mindestens:80", "hip_flexion:max:above:80"),
    ):
        assert parse_term(words) == parse_term(short)


def test_similar_names_are_looked_up_for_few_words_of_an_unknown_name(monkeypatch):
    looked_up = []
    monkeypatch.setattr(registry, "nearest", lambda word, names: looked_up.append(word) or [])
    with pytest.raises(InputError, match="there is no quantity"):
        registry.find_quantity("_".join(f"vmo{i}" for i in range(1000)))
    assert 1 < len(looked_up) < 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("knee_flexion:max:above:120", "knee_flexion:max:below:100"),
        ("knee_flexion_l:at_bottom:above:100", "knee_flexion:max:below:90"),
        ("knee_flexion:min:above:20", "knee_flexion:mean_over_descent:below:10"),
        ("activation:vasmed:max:above:0.5", "activation:quadriceps_l:max:below:0.3"),
        ("activation:vasmed:max:within:0.35:0.45", "activation:vasmed_r:max:above:0.6"),
        ("load_share_l:mean:above:0.6", "load_share_r:mean:above:0.5"),
        ("load_share_l:max:below:0.4", "load_share_r:mean:below:0.55"),
        ("load_share_r:min:above:0.6", "load_share_l:max:above:0.45"),
        ("load_share_l:mean_over_descent:above:0.6", "load_share_r:mean_over_descent:above:0.45"),
        ("load_share_l:max_over_motion:below:0.4", "load_share_r:mean:below:0.55"),
        ("knee_flexion:min_over_motion:above:20", "knee_flexion:start:below:10"),
        ("knee_flexion:mean:above:90", "knee_flexion:max_over_motion:below:60"),
        ("descent_time:mean:above:3", "repetition_time:mean:below:2"),
    ],
)
def test_requirements_that_no_motion_can_meet_together_are_refused(one, other):
    terms = [parse_term(one), parse_term(other)]
    for both in (terms, terms[::-1]):
        with pytest.raises(InputError, match="contradict each other"):
            check_together(both)
    check_together([terms[0], parse_term(f"{other}:wish")])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("load_share_r:max_over_motion:above:0.6", "load_share_r:max:below:0.5"),
        ("knee_flexion:min_over_motion:below:5", "knee_flexion:min:above:10"),
        ("load_share_r:mean_over_motion:above:0.6", "load_share_r:max:below:0.5"),
    ],
)
def test_what_is_asked_of_the_squat_does_not_contradict_what_is_asked_with_standing(one, other):
    check_together([parse_term(one), parse_term(other)])


@pytest.mark.parametrize(
    ("one", "says"),
    [
        ("load_share:mean:above:0.6", "load_share_mean above 0.6: not each foot can, both together"),
        ("load_share:mean:below:0.45", "both together carry the whole load"),
    ],
)
def test_a_share_of_the_load_that_both_feet_cannot_have_is_refused(one, says):
    with pytest.raises(InputError, match=says):
        check_together([parse_term(one)])


@pytest.mark.parametrize(
    "lines",
    [
        (
            "descent_time:mean:above:2",
            "hold_time:min:above:1",
            "ascent_time:mean:above:2",
            "repetition_time:max:below:4",
        ),
        (
            "descent_time:mean:below:2",
            "hold_time:mean:below:1",
            "ascent_time:max:below:2",
            "repetition_time:mean:above:6",
        ),
        ("descent_time:min:above:1", "descent_time:max:above:3", "repetition_time:mean:below:2"),
        (
            "descent_time:mean:below:5",
            "descent_time:mean:below:2",
            "hold_time:mean:below:1",
            "ascent_time:mean:below:2",
            "repetition_time:min:above:6",
        ),
    ],
)
def test_times_that_do_not_add_up_are_refused(lines):
    with pytest.raises(InputError, match="descent_time_.* and repetition_time_.* contradict each other"):
        check_together([parse_term(line) for line in lines])


@pytest.mark.parametrize(
    "lines",
    [
        ("knee_flexion_l:max:above:120", "knee_flexion_r:max:below:100"),
        ("knee_flexion:max:above:120", "knee_flexion:mean:below:100"),
        ("activation:quadriceps:max:above:0.5", "activation:vasmed:max:below:0.3"),
        ("coordinate:lumbar_extension:max:above:5", "coordinate:lumbar_bending:max:below:3"),
        ("load_share_l:mean:above:0.6", "load_share_r:mean:above:0.4"),
        ("load_share_l:max:above:0.6", "load_share_r:max:above:0.6"),
        ("load_share:mean:within:0.45:0.55",),
        ("load_share_l:range:below:0.1", "load_share_r:range:below:0.1"),
        ("descent_time:mean:above:2", "ascent_time:mean:above:2", "repetition_time:mean:below:4"),
        ("descent_time:mean:below:2", "hold_time:mean:below:1", "ascent_time:mean:below:2"),
        (
            "descent_time:mean:below:2",
            "hold_time:mean:below:0.5",
            "ascent_time:mean:below:2",
            "repetition_time:mean:above:4.5",
        ),
        ("descent_time:rms:above:3", "repetition_time:mean:below:2"),
        ("descent_time:mean:within:2:3", "ascent_time:mean:below:2", "repetition_time:mean:above:8"),
        ("descent_time:mean:above:2", "hold_time:mean:above:1", "repetition_time:mean:within:3:4"),
    ],
)
def test_requirements_that_can_be_met_together_are_not_refused(lines):
    check_together([parse_term(line) for line in lines])


def test_constraints_replace_the_default_range_and_the_wish_on_the_same_quantity(caplog):
    with caplog.at_level("INFO", logger="bige"):
        terms = asked_of(constraint=("knee_flexion:max:above:90", "asymmetry:mean_square:small"))
    assert "replace the default range of vasmed, 0.35 to 0.45" in caplog.text
    assert [term.quantity for term in terms if term.required] == ["knee_flexion"]
    assert [term.quantity for term in terms].count("asymmetry") == 1
    both = asked_of(low=0.2, constraint=("knee_flexion:max:above:90",))
    assert [(term.low, term.high) for term in both if term.quantity == "activation"] == [(0.2, 0.45)]
    wish = asked_of(constraint=("knee_flexion:max:above:90:wish",))
    assert [(term.low, term.high) for term in wish if term.required] == [(0.35, 0.45)]
    with pytest.raises(InputError, match="contradict"):
        asked_of(high=0.4, constraint=("activation:vasmed:max:above:0.5",))


def test_the_papers_set_is_the_published_objective():
    context = context_of(squat() + torch.randn(1, 196, 33, generator=torch.Generator().manual_seed(0)))
    of_file = asked_of(constraints_file="squat")
    published = published_terms(0.35, 0.45)
    assert len(of_file) == len(published)
    for ours, theirs in zip(of_file, published, strict=True):
        assert (ours.quantity, ours.statistic, ours.required) == (theirs.quantity, theirs.statistic, theirs.required)
        losses = [term.weight * term.loss(term.value(context)) for term in (ours, theirs)]
        torch.testing.assert_close(*losses)


def test_from_own_squats_the_papers_wishes_act_only_where_they_are_asked_for():
    def acting(**options):
        config = GuidanceConfig(subject="someone", whole=False, **options)
        return without_published_wishes(terms_of(config), config)

    by_default = acting()
    assert [term.name for term in by_default] == ["MAC", "com_acc", "slide"]
    assert by_default[1].weight == 10 * PublishedWeights().com_acceleration
    everything = ["MAC", "tilt", "asymmetry", "omega", "com_speed", "com_acc", "slide"]
    assert [term.name for term in acting(weights=PublishedWeights(tilt=1.0))] == everything
    in_file = acting(constraints_file="squat")
    assert [term.name for term in in_file] == everything
    assert in_file == read_terms("squat")


@pytest.mark.parametrize("name", ["knee-sparing", "slow-eccentric"])
def test_a_set_that_promises_a_slow_squat_requires_a_slow_descent(name):
    """As a wish it was never met: a squat that becomes shallower takes less time."""
    (descent,) = (term for term in read_terms(name) if term.quantity == "descent_time")
    assert descent.required
    assert descent.low >= 1.0


def test_shipped_sets_are_read_and_can_be_met_together():
    assert len(shipped_constraints()) == 6
    own = context_of(squat(depth_deg=95))
    for name in shipped_constraints():
        terms = with_own_bounds(read_terms(name), own)
        assert any(term.required for term in terms)
        assert read_terms(name.replace("-", "_").upper()) == read_terms(name)
    with pytest.raises(InputError, match="did you mean slow-eccentric"):
        read_terms("slow-excentric")


def test_yaml_holds_lines_and_objects(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "constraints:\n  - asymmetry:rms:below:3\n  - {quantity: left knee flexion, statistic: max, "
        "comparison: within, low: 80, high: own+5, wish: true}\n"
    )
    line, item = read_terms(path)
    assert line == parse_term("asymmetry:rms:below:3")
    assert item == parse_term("knee_flexion_l:max:within:80:own+5:wish")
    path.write_text("- {quantity: knee_flexion, statistic: max, comparison: above, low: 80, wish: 'True'}\n")
    assert read_terms(path) == [parse_term("knee_flexion:max:above:80:wish")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- &a knee_flexion:max:above:90\n- *a\n", "refers to another of its parts"),
        ("- !!python/object/apply:os.system ['true']\n", "not a YAML file"),
        ("[" * 5000, "nested too deeply"),
        ("constraints: {}\n", "expected a list"),
        ("- 5\n", "constraint 1: expected a line or an object"),
        ("- {quantity: 3, statistic: max, comparison: above, low: 1}\n", "quantity is '3', expected a text"),
        ("- {quantity: knee_flexion, statistic: max, comparison: above, low: [1]}\n", "expected a number"),
        ("- {quantity: knee_flexion, statistic: max, comparison: above, low: true}\n", "expected a number"),
        ("- {quantity: knee_flexion, quantity: trunk_lean}\n", "occurs twice"),
        ("- {quantity: knee_flexion, statistic: max, comparison: above, low: 90, wish: maybe}\n", "true or false"),
        ("- {quantity: knee_flexion, statistic: max, comparison: above, low: 90, wish: 0}\n", "true or false"),
        (
            "- {quantity: knee_flexion, statistic: max, comparison: above, low: 80, high: 100}\n",
            "above takes low, and high stands there too",
        ),
        ("- {quantity: asymmetry, statistic: rms, comparison: small, high: 3}\n", "small takes no bound"),
        (
            "- {quantity: trunk_lean, statistic: max, muscle: vasmed, comparison: below, high: 40}\n",
            "muscle is 'vasmed', which the statistic at_peak alone takes",
        ),
        (
            "- {quantity: knee_flexion, statistic: max, comparison: above, low: " + "9" * 310 + "}\n",
            "expected a number",
        ),
        ("constraint: []\n", "unknown key 'constraint'"),
        ("- 'knee_flexion:max:above:'\n", "constraint 1: 'knee_flexion:max:above:': a bound is ''"),
        ("a: b: c\n", "line 1"),
        ("#" * (2**20 + 1), "expected 0.0655 MB at most"),
    ],
)
def test_a_file_that_is_no_list_of_constraints_is_refused_with_a_sentence(content, says, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=says) as error:
        read_terms(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "muscle"),
    [
        ({}, "vasmed"),
        ({"muscle": "soleus_l"}, "soleus_l"),
        ({"constraint": ("knee_flexion:max:above:90",)}, "vasmed"),
        ({"constraint": ("left soleus:max:below:0.3", "quadriceps:max:below:0.5")}, "soleus_l"),
        ({"constraint": ("soleus:max:below:0.3", "vasmed:max:below:0.5")}, "vasmed"),
        ({"constraint": ("soleus:max:below:0.3",), "low": 0.1, "high": 0.4}, "vasmed"),
        ({"constraint": ("soleus:max:below:0.3:wish",)}, "vasmed"),
        ({"constraint": ("quadriceps:max:below:80%own",)}, "quadriceps"),
    ],
)
def test_a_run_is_about_the_first_muscle_of_which_something_is_required(options, muscle):
    config = GuidanceConfig(subject="x", **options)
    assert muscle_in_question(terms_of(config), config) == muscle


@pytest.mark.parametrize("bound", ["+20%", "+0.2", " +20 %"])
def test_a_bound_with_a_plus_is_refused_since_it_may_mean_a_change(tmp_path, bound):
    with pytest.raises(InputError, match=r"a bound is .*\+.*120%own for more than the person does now"):
        parse_term(f"vastus medialis:max:above:{bound}")
    path = tmp_path / "request.yaml"
    path.write_text(f"[{{quantity: vasmed, statistic: max, comparison: above, low: '{bound}'}}]")
    with pytest.raises(InputError, match="120%own"):
        read_terms(path)


def test_own_bounds_are_those_of_each_side_of_the_own_squats():
    own_motion = squat(2, depth_deg=90)
    own_motion[..., 13] *= 0.5  # the right knee
    own = context_of(own_motion)
    term = parse_term("knee_flexion:max:within:80 % of own:own+5:name=depth")
    torch.testing.assert_close(own_value(term, own), torch.tensor([90.0, 45.0]), rtol=1e-3, atol=0)
    left, right = with_own_bounds([term], own)
    assert (left.quantity, left.name, right.quantity) == ("knee_flexion_l", "depth_l", "knee_flexion_r")
    assert (left.low, left.high, right.low, right.high) == pytest.approx((72, 95, 36, 50), rel=1e-3)
    assert left.bounds_text == "72 to 94.99 (80 % of own to own+5)"
    lean, symmetry = parse_term("trunk_lean:max:below:40"), parse_term("asymmetry:rms:below:3")
    assert with_own_bounds([lean, term, symmetry], own) == [lean, left, right, symmetry]
    with pytest.raises(ValueError, match="not known yet"):
        term.met(own_value(term, own)[None])
    (muscle, other) = with_own_bounds([parse_term("activation:vasmed:max:below:50%own")], own)
    assert (muscle.argument, muscle.high) == ("vasmed_l", pytest.approx(0.2, rel=1e-3))
    assert other.high == pytest.approx(0.1, rel=1e-3)
    with pytest.raises(InputError, match="no squats of the person's own"):
        with_own_bounds([term], None)
    with pytest.raises(InputError, match="outside what knee_flexion_l can be"):
        with_own_bounds([parse_term("knee_flexion:max:above:own+100")], own)
    with pytest.raises(InputError, match="contradict"):
        with_own_bounds([parse_term("knee_flexion:max:above:own"), parse_term("knee_flexion_l:max:below:60")], own)


def test_a_place_is_in_metres_and_counts_by_centimetres():
    term = term_from({"quantity": "coordinate", "argument": "pelvis_ty", "statistic": "min", "comparison": "above",
                      "low": 0.6, "unit": "m"}, "FILE")  # fmt: skip
    assert (term.unit, term.effective_tolerance) == ("m", 0.01)
    height = torch.tensor([[0.62], [0.58]])
    assert term.met(height).tolist() == [True, False]
    torch.testing.assert_close(term.loss(height), torch.tensor([0.0, 0.03]), atol=1e-6, rtol=0)
    with pytest.raises(InputError, match="coordinate is in deg, not in 'm'"):
        term_from({"quantity": "coordinate", "argument": "hip_flexion_l", "statistic": "max", "comparison": "below",
                   "high": 60, "unit": "m"}, "FILE")  # fmt: skip


def test_bounds_that_a_quantity_can_just_reach_are_taken():
    for asked in ("coordinate:hip_flexion_r:max:below:180", "coordinate:pelvis_ty:min:above:-10"):
        assert parse_term(asked).quantity == "coordinate"


def test_the_list_names_every_muscle_and_group_and_unit_and_is_json_where_it_says_so():
    text = vocabulary(200)
    for word in (
        *MUSCLE_NAMES,
        *MUSCLE_GROUPS,
        "vastus medialis",
        "lumbar_extension",
        "Nm/kg",
        "body weights",
        "at_bottom",
        "80%own",
        "slow-eccentric",
    ):
        assert word in text
    assert re.search(r"hip_adduction +deg; -40 to 10; LR; positive: towards the midline\n", text)
    stems = {line.split()[0] for line in text.splitlines() if line.startswith("  ")}
    assert all(name in stems or name[:-2] in stems for name in COORDINATES)
    json.loads(text[text.rindex("{") :])


@pytest.mark.parametrize(
    ("coordinate", "raised", "forward", "right"),
    [
        ("pelvis_list", "left hip", None, None),
        ("pelvis_rotation", None, "right hip", None),
        ("hip_adduction_l", None, None, "left ankle"),
        ("hip_flexion_l", "left ankle", "left ankle", None),
        ("knee_angle_r", "right ankle", None, None),
    ],
)
def test_the_directions_that_the_list_names_are_those_of_the_model(coordinate, raised, forward, right):
    models = load_models(None, None, Session(SHIPPED_DEMO / "Data" / "demo-person-040"), "cpu", 6.0)
    motion = torch.zeros(2, 1, 33)
    motion[1, 0, COORDINATES.index(coordinate)] = 10.0
    joints = Context(motion, skeleton=models.skeleton).leg_joints
    places = {"hip": joints.hip, "ankle": joints.ankle}
    for point, axis in ((raised, 1), (forward, 0), (right, 2)):
        if point:
            side, joint = point.split()
            moved = (places[joint][1] - places[joint][0])[0, ["left", "right"].index(side)]
            assert moved[axis] > 0.005


@pytest.mark.parametrize("name", ["quadriceps", "left vastus medialis", "glutes"])
def test_a_muscle_in_place_of_a_quantity_means_its_activation(name):
    assert parse_term(f"{name}:max:below:0.3") == parse_term(f"activation:{name}:max:below:0.3")
    content = {"quantity": name, "statistic": "max", "comparison": "below", "high": 0.3}
    assert term_from(content, "file") == parse_term(f"activation:{name}:max:below:0.3")


@pytest.mark.parametrize(
    "number", ["9_0", "\u0669\u0660", "1e309", "+nan", "inf", "0x5A", "1:30", "90\u00a0", "1,5", "true"]
)
def test_a_bound_that_is_no_plain_number_is_refused_wherever_it_stands(number, tmp_path):
    path = tmp_path / "asked.yaml"
    for text in (
        f"- {{quantity: knee_flexion, statistic: max, comparison: above, low: {number}}}\n",
        f"- {{quantity: knee_flexion, statistic: max, comparison: within, low: {number}, high: own+5}}\n",
        f"- {{quantity: knee_flexion, statistic: max, comparison: above, low: 90, weight: {number}}}\n",
        f"- knee_flexion:max:above:90:tolerance={number}\n",
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            read_terms(path)
    with pytest.raises(InputError):
        parse_term(f"knee_flexion:max:above:{number}")


def test_a_number_in_yaml_is_the_number_in_a_line_and_in_json(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "- {quantity: knee_flexion, statistic: max, comparison: within, low: 9e1, high: +95}\n"
    )
    (tmp_path / "a.json").write_text(
        '[{"quantity": "knee_flexion", "statistic": "max", "comparison": "within", "low": 90, "high": 95.0}]'
    )
    assert read_terms(tmp_path / "a.yaml") == read_terms(tmp_path / "a.json")
    assert read_terms(tmp_path / "a.yaml") == [parse_term("knee_flexion:max:within:90:95")]
