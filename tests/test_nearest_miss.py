"""What is said where too few motions meet what is asked: the nearest miss, and bounds that it would meet."""

import re
from dataclasses import replace

import pytest
import torch
from synthetic_run import make_result

from utils.guidance.change_description import SquatChange
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.output.nearest_miss import nearest_miss, nearest_miss_sentences
from utils.guidance.output.summary import format_sides, summarise_result
from utils.guidance.verification import missed_requirements

KNEE, QUADRICEPS = "knee_flexion:max:within:100:110", "quadriceps:max:below:0.1"


def result_of(*samples, lines=(KNEE, QUADRICEPS)):
    """A run in which sample j has the values samples[j] of what is asked, left and right of each line."""
    terms = [parse_term(line) for line in lines]
    result = make_result(samples=len(samples), simulated=False)
    guided = []
    for sample, values in zip(result.samples, samples, strict=True):
        given = [torch.tensor(value) for value in values]
        met = tuple(bool(term.holds(value[None])) for term, value in zip(terms, given, strict=True))
        violation = float(missed_requirements(terms, [value[None] for value in given]))
        guided.append(replace(sample, values=tuple(given), met=met, violation=violation))
    return replace(result, terms=tuple(terms), samples=tuple(guided))


@pytest.mark.parametrize(
    "values",
    [
        ([91.24, 84.342], [0.1, 0.05]),  # three digits of the lower knee would be 84.3, of the upper 91.2
        ([104.0, 110.04], [0.09, 0.09]),
        ([105.0, 105.0], [0.10042, 0.4961]),
        ([99.96, 105.0], [0.12345, 0.05]),
    ],
)
def test_a_sample_meets_the_bounds_that_are_offered(values):
    found = nearest_miss(result_of(values))
    asked = {parse_term(line).label: line for line in (KNEE, QUADRICEPS)}
    assert found["in_the_way"]
    for miss in found["in_the_way"]:
        bound, number = re.fullmatch(r"at (least|most) (\S+)", miss["relaxed"]).groups()
        quantity = asked[miss["name"]].rsplit(":", 2 if "below" in asked[miss["name"]] else 3)[0]
        relaxed = parse_term(f"{quantity}:{'above' if bound == 'least' else 'below'}:{number}")
        assert bool(relaxed.holds(torch.tensor([miss["value"]])))


def test_a_bound_that_would_have_to_be_the_limit_of_its_quantity_is_said_to_be_left_out():
    """An activation of at most 1 asks for nothing."""
    text = "\n".join(nearest_miss_sentences(result_of(([105.0, 105.0], [0.98, 0.9998]))))
    assert "is 0.98/1 where below 0.1 is asked; at most 0.1 would have to be left out" in text
    assert "in place of" not in text


def test_the_bounds_that_are_offered_are_said_to_be_those_of_one_motion():
    lines = nearest_miss_sentences(result_of(([91.2, 84.3], [0.1, 0.05])))
    (offered,) = (i for i, line in enumerate(lines) if "it would have to be" in line)
    assert "what this one motion needs; a new run searches anew" in lines[offered + 1]


@pytest.mark.parametrize(
    ("values", "shown"), [([-8.5e-6, 0.0095], "0/0.0095"), ([0.41234], "0.412"), ([1234.5, -0.00081], "1234/-0.0008")]
)
def test_numbers_that_are_nothing_are_shown_as_such(values, shown):
    assert format_sides(values, 3) == shown


def test_the_published_constraint_is_called_by_its_muscle():
    """The advice spoke of `MAC`, which the table beside it calls the peak of the muscle."""
    lines = nearest_miss_sentences(result_of(([0.34, 0.36],), lines=("vasmed:max:within:0.35:0.45:name=MAC",)))
    assert any(line.strip().startswith("peak vasmed is 0.34/0.36 where 0.35 to 0.45 is asked") for line in lines)
    assert not any("MAC" in line for line in lines)


def test_the_requirement_that_is_missed_by_most_tolerances_comes_first():
    found = nearest_miss(result_of(([99.0, 104.0], [0.5, 0.1])))["in_the_way"]
    assert [miss["name"] for miss in found] == ["quadriceps_max", "knee_flexion_max"]


def test_the_sample_that_misses_least_is_named_by_its_number():
    far, near = ([50.0, 50.0], [0.5, 0.5]), ([99.0, 99.0], [0.1, 0.1])
    assert nearest_miss(result_of(far, near))["sample"] == 1
    assert "Sample 1 comes nearest of those that miss it:" in nearest_miss_sentences(result_of(far, near))


def test_all_requirements_that_are_missed_most_often_are_named():
    both, quadriceps = ([50.0, 50.0], [0.5, 0.5]), ([105.0, 105.0], [0.5, 0.5])
    assert nearest_miss_sentences(result_of(both, both))[-1] == (
        "In the way most often: knee_flexion_max and peak quadriceps, which 2 of 2 motions each miss."
    )
    assert nearest_miss_sentences(result_of(both, quadriceps))[-1] == (
        "In the way most often: peak quadriceps, which 2 of 2 motions miss."
    )


def test_forces_that_nothing_gives_are_in_the_way_where_most_motions_need_them():
    """Of eight motions, three missed a bound and all needed such forces; the bound was said to be in the way."""
    knee, met = ([50.0, 50.0], [0.05, 0.05]), ([105.0, 105.0], [0.05, 0.05])
    simulated = make_result(samples=2).verification
    lacking = replace(simulated, unexplained=torch.tensor([[0.5, 0.0, 0.0, 0.0, 0.0]] * 2))
    assert nearest_miss_sentences(replace(result_of(knee, met), verification=lacking))[-1] == (
        "In the way most often: forces that nothing gives, which 2 of 2 motions need."
    )
    assert nearest_miss_sentences(replace(result_of(knee, knee), verification=lacking))[-1] == (
        "In the way most often: knee_flexion_max, which 2 of 2 motions miss; "
        "forces that nothing gives, which 2 of 2 motions need."
    )


def test_nothing_is_said_where_all_that_were_wanted_are_accepted():
    accepted = result_of(([105.0, 105.0], [0.05, 0.05]))
    assert nearest_miss(accepted) is None
    assert nearest_miss_sentences(accepted) == []


def test_what_an_interrupted_run_came_nearest_to_is_said_to_be_unfinished():
    result = result_of(([91.0, 84.0], [0.1, 0.05]))
    assert not any("interrupted" in line for line in nearest_miss_sentences(result))
    assert "interrupted before its end" in nearest_miss_sentences(replace(result, interrupted=True))[1]


@pytest.mark.parametrize(
    ("same_as", "accepted", "said"),
    [
        ((None, None, None), 3, None),
        ((None, 0, None), 2, "1 more meets it and is the same answer as another."),
        ((None, 0, 0), 1, "2 more meet it and are the same answers as others."),
    ],
)
def test_answers_that_are_there_already_do_not_count_and_are_said(same_as, accepted, said):
    result = result_of(*[([105.0, 105.0], [0.05, 0.05])] * 3)
    changes = tuple(SquatChange(0, 1.0, None, (), same) for same in same_as)
    lines = nearest_miss_sentences(replace(result, changes=changes))
    assert lines == ([f"{accepted} of 3 motions meet what is asked as the surrogate predicts.", said] if said else [])


def test_two_bounds_on_one_quantity_are_two_entries_of_the_summary():
    lines = ("knee_flexion:max:above:80", "knee_flexion:max:below:100", QUADRICEPS)
    (sample,) = summarise_result(result_of(([85.0, 104.0], [85.0, 104.0], [0.05, 0.05]), lines=lines))["samples"]
    assert {name: entry["met"] for name, entry in sample["terms"].items()} == {
        "knee_flexion_max above 80": True, "knee_flexion_max below 100": False, "quadriceps_max": True,
    }  # fmt: skip
    lines = ("knee_flexion:max:above:80", "knee_flexion:max:above:80:wish", QUADRICEPS)
    (sample,) = summarise_result(result_of(([85.0, 104.0], [85.0, 104.0], [0.05, 0.05]), lines=lines))["samples"]
    assert list(sample["terms"])[:2] == ["knee_flexion_max above 80", "knee_flexion_max above 80 (2)"]


def test_the_summary_says_how_near_the_range_and_other_people_a_sample_is():
    result = replace(make_result(), between_subject_distance=0.4)
    peaks = torch.tensor([[0.40, 0.40], [0.48, 0.40], [0.60, 0.40]], dtype=torch.float64)
    verification = replace(result.verification, term_values=(peaks, *result.verification.term_values[1:]))
    result = replace(result, verification=verification)
    summary = summarise_result(result)
    rows = [sample["simulated"] for sample in summary["samples"]]
    assert result.simulation_verdicts() == ["met", "near", "missed"]
    assert [row["within_range"] for row in rows] == [True, False, False]
    assert [row["within_range_and_0.05"] for row in rows] == [True, True, False]
    assert summary["simulated_within_range"] == 1
    assert summary["judged_by"] == "simulation"
    assert summarise_result(make_result(simulated=False))["judged_by"] == "surrogate"
    assert [sample["proximity_of_people"] for sample in summary["samples"]] == [0, 0.25, 0.5]
    (first, *_) = summarise_result(replace(result, between_subject_distance=None))["samples"]
    assert first["proximity_of_people"] is None
