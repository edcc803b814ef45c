"""The report says what the run's result says, opens without a network, and is small."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from bodies import squat
from opensim_poses import rajagopal2015
from synthetic_run import MASS_KG, RESIDUAL_N, make_result, make_session, own_squats_of, save_run

import report
from dataset.errors import InputError
from dataset.locations import SHIPPED_SURROGATE
from dataset.muscle_names import MUSCLE_NAMES
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.conventions import COORDINATE_INDEX, COORDINATES, MUSCLE_INDEX, TRANSLATION_INDICES
from utils.biomechanics.context import Context
from utils.biomechanics.registry import find_quantity
from utils.biomechanics.squat_phases import PHASES, find_phases, normalise_phases
from utils.guidance.baseline import AskedOfOwn, Baseline
from utils.guidance.change_description import SquatChange
from utils.guidance.measures import MEASURES, Measure, measure
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.objective.published_terms import printed_request, published_terms
from utils.guidance.objective.whole_motion import whole_motion_terms
from utils.guidance.output.printed_tables import sample_table
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.summary import summarise_result
from utils.guidance.subject.own_squats import OwnSquats
from utils.report import charts, encoding, vocabulary
from utils.report.comparison_squats import make_band, make_reference
from utils.report.constraint_table import constraint_groups, constraint_rows
from utils.report.measure_display import SHOWN_MEASURES
from utils.report.page import _history_charts, build_page
from utils.report.reliability import reliability_rows
from utils.report.sample_tables import sample_columns
from utils.report.sentences import sample_note, simulation_paragraph, summarise
from utils.report.skeleton_figure import SkeletonFigure
from utils.report.term_wording import ranges_of
from utils.runs.recorded_session import find_run_records

VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """A parsed page: every element with its attributes, and the text of each; fails where tags do not nest."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "text": "", **dict(attrs)})

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def find(self, **wanted):
        return [e for e in self.elements if all(e.get(key.replace("_", "-")) == v for key, v in wanted.items())]

    @property
    def data(self) -> dict:
        return json.loads(self.find(id="data")[0]["text"])

    def words(self) -> str:
        return " ".join(self.find(tag="body")[0]["text"].split())


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Session:
    return make_session(tmp_path_factory.mktemp("session") / "person")


@pytest.fixture(scope="module")
def result(session):
    return make_result(session)


@pytest.fixture(scope="module")
def page(result) -> Page:
    return Page(build_page(result))


def test_the_page_contains_no_network_address(result, page):
    text = build_page(result)
    assert re.findall(r"https?:[^\"' ]*", text) == ["http://www.w3.org/2000/svg"]  # a name, not an address
    assert not re.search(r"@import|url\(|import\(|fetch\(|XMLHttpRequest", text)
    for element in page.elements:
        assert "src" not in element
        assert element.get("href", "#").startswith(("#", "data:"))
    policy = page.find(http_equiv="Content-Security-Policy")[0]["content"]
    assert policy.startswith("default-src 'none'")


def test_the_page_starts_with_the_number_of_accepted_samples(page):
    assert page.find(tag="h1")[0]["text"] == (
        "1 of 3 samples meets the requirements in simulation. The surrogate predicted 2."
    )
    assert "peak vastus medialis activation between 0.35 and 0.45" in page.words()


def test_the_page_names_the_muscles_that_the_shipped_surrogate_predicts_least_well(result):
    """Of those that are not weak; it was said to be the hamstrings, of which three muscles in four are better."""
    metrics = json.loads((SHIPPED_SURROGATE / "metrics.json").read_text())["muscles"]
    r2 = {name: sum(metrics[f"{name}_{side}"]["r2"] or 1.0 for side in "lr") / 2 for name in MUSCLE_NAMES}
    least = [MUSCLE_NAMES[name] for name in sorted(r2, key=r2.get) if not vocabulary.is_weak(name)][:5]
    (row,) = (
        row for row in reliability_rows(result, make_reference(result.own_squats)) if row["title"] == "Weak muscles"
    )
    named = row["reliability"].partition("shipped surrogate predicts ")[2].removesuffix(" least well.")
    assert sorted(re.split(", | and ", named)) == sorted(least)


@pytest.mark.parametrize(("start", "title"), [("own", "training and own motions"), ("training", "training motions")])
def test_the_distance_of_a_latent_is_said_to_be_that_to_what_it_is_compared_with(result, start, title):
    """A sample that is the own squat was said to have no distance from training motions."""
    result = replace(result, config=replace(result.config, start=start))
    assert f"Distance from {title}" in [column.title for column in sample_columns(result)]
    assert f"Distance from {title}" in [row["title"] for row in reliability_rows(result, make_reference(OwnSquats()))]
    assert f"Distance from {title}" in [chart[0] for chart in _history_charts(result)]


def test_the_page_says_which_frames_its_values_are_of(page):
    """Who computes them anew from the files has to know it: with the standing, a mean speed is a fifth lower."""
    assert "Values are those of the squat; standing before and after it counts for feet" in page.words()


def test_the_head_says_that_a_sample_that_is_not_counted_is_the_same_as_another(result):
    """Of twenty motions that all met what was asked, one was the same as another, and 19 were said to meet it."""
    samples = tuple(replace(sample, violation=0.0, implausibility=0.0) for sample in result.samples)
    changes = tuple(SquatChange(0, 1.0, None, (), same_as) for same_as in (None, None, 1))
    head = summarise(replace(result, samples=samples, changes=changes))
    assert head["met"] == "2 of 3 samples meet the requirements in simulation, and 1 more is the same as another."
    assert "2 of 3 meet all requirements, and 1 more is the same as another" in head["rows"][0]["words"]


def test_a_sample_that_is_implausible_is_shown_as_missed_everywhere(result):
    """It was not counted, and shown as one that meets all requirements beside that count."""
    samples = [replace(sample, implausibility=2.0, violation=max(2.0, sample.violation)) for sample in result.samples]
    assert "met" in result.simulation_verdicts()
    result = replace(result, samples=tuple(samples))
    head = summarise(result)
    assert head["met"].startswith("0 of 3 samples")
    assert [row["states"] for row in head["rows"]] == [["missed"] * 3] * 2
    assert {cell.text for cell in sample_columns(result)[0].cells} == {"missed"}
    assert summarise_result(result)["simulated_within_range"] == 0
    assert "further from every recorded squat than --max-distance allows" in sample_note(result, 0, stands_up=True)


def test_the_head_says_the_least_change_that_meets_what_was_asked(result):
    accepted = next(j for j, sample in enumerate(result.samples) if sample.accepted)
    words = [("3° less knee flexion",), ("feet 5 cm closer together",), ("hold 0.3 s longer",)]
    changes = tuple(SquatChange(1, float(j), None, one) for j, one in enumerate(words))
    own = Baseline((), torch.zeros(0), (), "vasmed", torch.tensor([[0.1, 0.2], [0.61, 0.58]]), simulated=True)
    answer = summarise(replace(result, changes=changes, baseline=own))["answer"]
    asked = AskedOfOwn("knee_flexion_max above 90 deg", ((95.0,), (91.0,)), (True, True))
    already = replace(own, names=("a", "b"), asked=(asked,))
    text = summarise(replace(result, changes=changes, baseline=already))["answer"]
    assert text == f"2 of 2 own squats meet it already. {answer}"
    left, right = result.verification.simulated[accepted].tolist()
    assert answer.startswith(
        f"Sample {accepted} meets it with the least change from an own squat: {words[accepted][0]}."
    )
    assert answer.endswith(f"vastus medialis becomes {left:.2f} for 0.61 left and {right:.2f} for 0.58 right.")
    right_alone = replace(result.config, muscle="vasmed_r"), replace(own, peaks=own.peaks[:, 1:])
    terms = tuple(replace(term, argument="vasmed_r") if term.argument == "vasmed" else term for term in result.terms)
    answer = summarise(replace(result, config=right_alone[0], baseline=right_alone[1], terms=terms, changes=changes))
    assert answer["answer"].endswith(f"vastus medialis becomes {right:.2f} for 0.58 right.")
    predicted = summarise(replace(result, changes=changes, baseline=replace(own, simulated=False)))["answer"]
    assert predicted.endswith(f"{words[accepted][0]}.")
    refused = [replace(sample, violation=2.0) for sample in result.samples]
    assert summarise(replace(result, changes=changes, baseline=own, samples=refused))["answer"] == ""


def test_the_head_says_what_was_required_where_it_is_not_the_range_of_a_muscle(result):
    lines = ["knee_flexion:max:within:30:60", "descent_time:above:1", "trunk_lean:max:below:40:wish"]
    terms = (*(parse_term(line) for line in lines), *whole_motion_terms())
    result = replace(result, verification=None)
    question = summarise(replace(result, terms=terms))["question"]
    assert question == "What was required: knee flexion, largest value 30 to 60°; descent time above 1 s."
    wishes = summarise(replace(result, terms=terms[2:]))["question"]
    assert wishes == "No constraint was required of the motions; the table below lists the wishes."


def test_each_sample_is_shown_beside_the_own_squat_that_its_change_is_counted_from(result, monkeypatch):
    names = ("squats1, 0.0 s", "squats1, 2.0 s")
    own = Baseline(names, torch.zeros(0), (), "vasmed", torch.full((2, 2), 0.5), simulated=False)
    changes = tuple(SquatChange(one, 2.0, None, ("3° less knee flexion",)) for one in (1, 0, 1))
    monkeypatch.setattr("utils.report.page.baseline_sentence", lambda own: "now")
    page = Page(build_page(replace(result, changes=changes, baseline=own)))
    samples, squats = ([m for m in page.data["motions"] if m["kind"] == kind] for kind in ("sample", "own"))
    assert [sample["nearest"] for sample in samples] == [names[1], names[0], names[1]]
    assert [squat["name"] for squat in squats] == list(names)
    assert [cell["text"] for cell in page.find(tag="td") if cell["text"] in names] == [names[1], names[0], names[1]]


def test_ids_are_unique_and_labels_refer_to_elements(page):
    ids = [element["id"] for element in page.elements if "id" in element]
    assert len(ids) == len(set(ids))
    links = [e["href"][1:] for e in page.find(tag="a")] + [e["aria-describedby"] for e in page.find(id="player")]
    assert set(links) <= set(ids)
    headings = [int(e["tag"][1]) for e in page.elements if re.fullmatch("h[1-6]", e["tag"])]
    assert headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(headings, headings[1:], strict=False))


def test_points_of_the_figure_are_joint_centres_within_a_millimetre(result, page, session):
    skeleton = load_skeleton(session.model_path)
    names = SkeletonFigure(skeleton).names
    motions = [m for m in page.data["motions"] if m["kind"] == "sample"]
    for sample, motion in zip(result.samples, motions, strict=True):
        points = encoding.decode(motion["points"], 3 * len(names)).reshape(196, -1, 3) / 1000
        with torch.no_grad():
            centres = skeleton.joint_centres(sample.motion).numpy()
            soles = skeleton.contact_points(sample.motion).numpy()
        count = centres.shape[1]
        assert np.abs(points[:, :count] - centres).max() < 1e-3
        assert np.abs(points[:, count : count + 12] - soles).max() < 1e-3


def test_the_head_is_above_the_shoulders_and_left_is_left(session):
    figure = SkeletonFigure(load_skeleton(session.model_path))
    at = dict(zip(figure.names, figure.points(np.zeros((1, 33)))[0], strict=True))
    shoulders = (at["acromial_l"] + at["acromial_r"]) / 2
    assert 0.2 < at["head"][1] - shoulders[1] < 0.35
    assert 0 < at["head"][0] - at["neck"][0] + 0.01 < 0.1
    assert at["hand_l"][2] < 0 < at["hand_r"][2]
    assert at["hand_r"][1] < at["radius_hand_r"][1] < at["elbow_r"][1]
    soles = figure.soles()
    assert {figure.names[i][-1] for i in soles["l"]} == {"l"}
    assert {side["side"] for side in figure.shapes()} == {"", "l", "r"}


def test_coordinates_and_activations_can_be_decoded(result, page):
    motion = next(m for m in page.data["motions"] if m["kind"] == "sample")
    written = result.samples[0].motion.double().numpy()
    steps = np.array([coordinate["step"] for coordinate in page.data["coordinates"]])
    coordinates = encoding.decode(motion["coordinates"], 33) * steps
    assert np.abs(coordinates - written).max() <= 0.5 * encoding.ANGLE_STEP_DEG + 1e-9
    height = COORDINATES.index("pelvis_ty")
    assert np.abs(coordinates - written)[:, height].max() <= 0.5 * encoding.METRE_STEP_M + 1e-9
    activations = encoding.decode(motion["activations"], 80) / 255
    assert np.abs(activations - result.samples[0].activations.numpy()).max() < 0.002
    simulated = encoding.decode(motion["simulated"], 80) / 255
    assert np.abs(simulated - result.verification.activations[0].numpy()).max() < 0.002
    assert [c["name"] for c in page.data["coordinates"]] == list(COORDINATES)
    assert {i for i, step in enumerate(steps) if step == encoding.METRE_STEP_M} == set(TRANSLATION_INDICES)


def test_the_tables_sort_by_the_numbers_of_the_result(result, page):
    cells = [e for e in page.elements if e["tag"] == "td" and "data-key" in e]
    keys = [float(cell["data-key"]) for cell in cells]
    for j, sample in enumerate(result.samples):
        assert float(sample.values[0].max()) in keys
        assert result.measures["knee_flexion_max"].values[j, 1] in keys  # the larger side
        assert float(result.verification.simulated[j].max()) in keys
    heads = [e for e in page.find(tag="th", scope="col") if "aria-sort" in e]
    assert {head["aria-sort"] for head in heads} == {"ascending", "none"}
    assert len(page.find(tag="button", **{"class": "sort"})) == len(heads)
    residual = f"{100 * RESIDUAL_N / (MASS_KG * 9.80665):.1f}"
    assert residual in [cell["text"] for cell in cells]


def test_samples_have_the_numbers_of_their_files_and_of_the_printed_tables(result, page):
    assert [motion["label"] for motion in page.data["motions"][:3]] == ["sample 0", "sample 1", "sample 2"]
    for j, name in enumerate(result.file_names):
        (row, _) = page.find(tag="tr", **{"data-sample": str(j)})  # of both tables
        assert row["text"].split()[0] == str(j)
        (button, _) = page.find(tag="button", **{"data-show": str(j)})
        assert button["title"] == name
    assert f"sample 0: left, predicted {result.verification.predicted[0, 0]:.2f}" in build_page(result)


def test_the_simulated_peaks_of_one_side_are_told_where_that_side_is_in_question():
    result = make_result()
    peaks = result.verification.simulated + torch.tensor([0.0, 0.3])
    result = replace(result, verification=replace(result.verification, simulated=peaks))
    for muscle, sides in (("vasmed_l", [0]), ("vasmed_r", [1]), ("vasmed", [0, 1])):
        of_side = replace(result, config=replace(result.config, muscle=muscle))
        shown, error = peaks[:, sides], (peaks - result.verification.predicted)[:, sides].abs().numpy()
        told = simulation_paragraph(of_side)
        assert f"vastus medialis run from {shown.min():.2f} to {shown.max():.2f}" in told
        differ = f"by {np.median(error):.2f} (median) and by {error.max():.2f} at most"
        assert differ in told
        assert differ in reliability_rows(of_side, make_reference(result.own_squats))[0]["reliability"]


def test_the_tolerance_that_is_shown_is_the_one_of_the_verdict(session):
    """The registered one, 0.01 of activation, only counts where the surrogate judges."""
    peak = {
        simulated: constraint_rows(make_result(session, simulated=simulated))[0]["tolerance"]
        for simulated in (True, False)
    }
    assert peak == {True: "0", False: "0.01"}


def test_values_from_0_to_1_have_no_unit_beside_them(result):
    row = next(row for row in constraint_rows(result) if row["title"].startswith("Peak activation"))
    assert (row["target"], row["unit"], row["target_unit"]) == ("0.35 to 0.45", "", "")


def test_what_the_own_squats_do_of_it_stands_beside_what_the_samples_do(result):
    """An answer that nobody can see, such as 1.8 degrees of asymmetry for 3, would seem to be none."""
    asked = AskedOfOwn(printed_request(result.terms[0]), ((0.61, 0.58), (0.7, 0.2)), (False, False))
    own = Baseline(("a", "b"), torch.zeros(0), (), "vasmed", torch.ones(2, 2), simulated=True, asked=(asked,))
    measures = {f"{name}_{statistic}": Measure(torch.zeros(len(result.samples), 1), "") for name, statistic in MEASURES}
    result = replace(result, measures=measures)
    told = replace(result, baseline=own)
    rows = constraint_rows(told)
    assert [row["own"] for row in rows] == ["0.2 to 0.7"] + [""] * (len(rows) - 1)
    assert re.match(r"own squats +0.2 to 0.7 ", sample_table(told).splitlines()[1])
    assert {row["own"] for row in constraint_rows(result)} == {""}
    assert "own squats" not in sample_table(result)


def test_what_was_asked_stands_apart_from_what_is_required_of_every_motion(session):
    result = make_result(session)
    wish = parse_term("knee_flexion:max:below:60:wish")
    terms = (result.terms[0], wish, *whole_motion_terms())
    samples = tuple(
        replace(sample, values=(sample.values[0],) * len(terms), met=(True,) * len(terms)) for sample in result.samples
    )
    result = replace(result, terms=terms, samples=samples, verification=None)
    assert titles_of_groups(result) == (["Asked for", "Wished for"], ["Required of every motion"])
    assert [len(group["rows"]) for group in chain(*constraint_groups(result))] == [1, 1, len(whole_motion_terms())]
    missed = replace(samples[0], met=(True,) * (len(terms) - 1) + (False,))
    result = replace(result, samples=(missed, *samples[1:]))
    assert titles_of_groups(result) == (["Asked for", "Required of every motion", "Wished for"], [])
    small = replace(result, terms=(replace(wish, comparison="small", low=None, high=None),))
    assert titles_of_groups(small) == ([], ["Kept small"])


def titles_of_groups(result):
    return tuple([group["title"] for group in groups] for groups in constraint_groups(result))


def test_a_minimised_term_is_shown_as_a_root_in_its_own_unit(page):
    row = next(e for e in page.find(tag="tr") if "Difference between left and right" in e["text"])
    assert "root mean square" in row["text"]
    assert re.search(r"no limit\s*2\s*°", row["text"])  # one value, not "2 to 2"


def test_the_page_states_that_there_was_no_simulation(session):
    page = Page(build_page(make_result(session, simulated=False)))
    assert page.find(tag="h1")[0]["text"].strip() == "2 of 3 samples meet the requirements."
    assert "These motions were not simulated" in page.words()
    assert not page.find(tag="svg", **{"class": "scatter"})
    assert len(page.find(tag="table", **{"class": "sortable"})) == 1


def test_motions_of_a_run_in_a_folder_of_runs_are_named_after_the_run(tmp_path):
    folder = save_run(tmp_path, make_result(exp_name="study/first", samples=2))
    assert folder == tmp_path / "study/first/mot_visualization/latents_subject_run_person"
    assert sorted(path.name for path in folder.glob("entry_*")) == ["entry_0_first.mot", "entry_1_first.mot"]


def test_a_run_with_a_model_of_its_own_is_reported_again_on_that_model(tmp_path):
    session = make_session(tmp_path / "person")
    model = shutil.copy(session.model_path, tmp_path / "other.osim")
    result = make_result(session, subject=str(session.path))
    result = replace(result, config=replace(result.config, model=Path(model)))
    loaded = load_guidance(save_run(tmp_path / "runs", result))
    assert loaded.session.model_path == tmp_path / "other.osim"
    assert "other.osim" in build_page(loaded)


def test_without_a_model_the_page_has_curves_alone_and_states_it():
    page = Page(build_page(make_result()))
    assert "The 3-D player is left out" in page.words()
    assert not page.find(tag="canvas")
    assert page.data["figure"] is None
    assert page.data["motions"][0]["points"] is None
    assert page.data["reference"]["coordinates"]
    assert "synthetic demo subjects" in page.words()


def test_names_from_files_are_escaped(session):
    evil = "<img src=x onerror=alert(1)>"
    subject = "</script><script>alert(2)</script>"
    page = Page(build_page(make_result(session, session_id="a<b>&c", subject=subject, exp_name=evil)))
    assert not page.find(tag="img")
    assert not page.find(tag="b")
    assert len(page.find(tag="script")) == 2
    assert "a<b>&c" in page.find(tag="header")[0]["text"]
    assert evil in page.find(id="made")[0]["text"]


def test_the_terms_of_a_whole_motion_have_one_chart_of_their_loss(session):
    result = make_result(session)
    terms, history = (*result.terms, *whole_motion_terms()), result.history.assign(whole=0.5)
    titles = [title for title, _ in _history_charts(replace(result, terms=terms, history=history))]
    assert titles[-2:] == [
        "Loss: Peak activation of vastus medialis",
        "Loss: what is required of every motion, that it is whole",
    ]


def test_a_report_stays_below_eight_megabytes_and_says_what_it_leaves_out(session):
    """Simulated activations of the result are noise, which no encoding makes shorter; real ones take a third of it."""
    result = make_result(session, samples=600)
    history = pd.concat([result.history.assign(batch=result.history["batch"] + 2 * k) for k in range(100)])
    text = build_page(replace(result, history=history))
    assert len(text.encode()) < 8e6
    page = Page(text)
    shown = sum(motion["kind"] == "sample" for motion in page.data["motions"])
    assert 50 < shown < 600
    assert f"The player has the first {shown} of 600 samples" in page.words()
    assert "The tables list the first 500 of 600 samples" in page.words()
    assert len(page.find(tag="tr", **{"data-sample": "499"})) == 2
    assert not page.find(tag="tr", **{"data-sample": "500"})
    assert len({button["data-show"] for button in page.find(tag="button", **{"class": "show"})}) == shown
    assert "of 600" in page.find(tag="header")[0]["text"]


@pytest.mark.parametrize("columns", [1, 3])
def test_encoded_integers_are_decoded_exactly(columns):
    """Of constants, of a smooth curve and of noise over the whole range, also where the last half byte is filled up."""
    generator = np.random.default_rng(0)
    for frames in (1, 2, 7, 60):
        smooth = np.sin(np.linspace(0, 3, frames * columns)).reshape(frames, columns)
        for metres in (np.zeros((frames, columns)), smooth, generator.uniform(-32.7, 32.7, (frames, columns))):
            decoded = encoding.decode(encoding.encode_points(metres), columns)
            np.testing.assert_array_equal(decoded, np.round(1000 * metres))


@pytest.mark.parametrize("wait", [0, 50])
def test_a_squat_is_found_without_the_standing_around_it(wait):
    """Of 0.5 (1 - cos), 15 % of the depth is passed at arccos(0.7) = 0.127 of a turn, both ways."""
    motion = squat(frames=201)[0].numpy()
    motion = np.concatenate([motion[:1].repeat(wait, 0), motion, motion[-1:].repeat(wait, 0)])
    found = find_phases(motion)
    assert found.deepest == wait + 100
    assert found.start == wait + 25
    assert found.end == wait + 175
    assert found.is_complete
    assert not find_phases(motion[: wait + 140]).is_complete
    assert find_phases(motion, wait + 140).end == wait + 139


def test_a_band_is_the_mean_and_sd_at_the_same_phase_whatever_the_timing():
    """A slow squat and a fast one, with a curve that follows the knee and one that is three times as high."""
    quick, slow = (squat(frames=frames)[0].double().numpy() for frames in (101, 401))
    knee = COORDINATES.index("knee_angle_l")
    curves = [(motion, factor * motion[:, [knee]]) for motion, factor in ((quick, 1.0), (slow, 3.0))]
    of_one = normalise_phases(slow[:, [knee]], find_phases(slow))[:, 0]
    assert len(of_one) == PHASES
    assert of_one.argmax() == 50
    found = make_band(curves, "two")
    np.testing.assert_allclose(found.mean[:, 0], 2 * of_one, atol=4)  # the start of the quick one is a frame coarse
    np.testing.assert_allclose(found.sd[:, 0], np.sqrt(2) * of_one, atol=4)
    assert found.mean[50, 0] == pytest.approx(2 * of_one[50])
    assert make_band(curves[:1], "one").sd is None
    assert make_band([(quick[:3], quick[:3])], "too short") is None


def test_the_reference_is_the_subjects_own_squats(session):
    own = own_squats_of(session)
    found = make_reference(own)
    assert [one.label for one in found.squats] == ["own squat 1 (squats1, 0.0 s)", "own squat 2 (squats1, 2.0 s)"]
    assert [one.name for one in make_reference(own, ["squats1, 2.0 s"]).squats] == ["squats1, 2.0 s"]
    assert "2 of this subject's own repetitions" in found.coordinates.source
    knee = found.coordinates.mean[:, COORDINATES.index("knee_angle_l")]
    assert knee.max() == pytest.approx(90, abs=1)
    assert knee.argmax() == 50
    assert "predicted by the surrogate" in found.activations.source
    np.testing.assert_allclose(found.activations.mean, 0.25)
    assert make_reference(OwnSquats(own.recorded)).activations is None


def test_the_ranges_of_the_curves_are_those_of_the_terms():
    terms = [*published_terms(0.35, 0.45), parse_term("knee_flexion:max:within:80:100")]
    ranges = {found["panel"]: found for found in ranges_of(terms)}
    assert (ranges["knee_angle_l"]["low"], ranges["knee_angle_l"]["high"]) == (80, 100)
    assert ranges["vasmed_l"]["words"] == "required, largest value: 0.35 to 0.45"
    assert ranges["pelvis_tilt"]["words"].endswith("−34.2 to −17.4")


def test_a_range_of_one_side_says_which_and_what_is_no_value_of_a_curve_is_not_drawn_on_it():
    right, *others = ranges_of(
        [
            parse_term("knee_flexion_r:max_over_descent:below:100"),
            *map(
                parse_term, ("knee_flexion:range:within:20:40", "pelvis_tilt:rms:below:20", "knee_flexion:sum:above:9")
            ),
        ]
    )
    assert (right["panel"], right["side"]) == ("knee_angle_r", "r")
    assert right["words"] == "required, right, largest value over the descent: below 100"
    assert others == []
    (left,) = ranges_of([parse_term("vasmed_l:at_bottom:above:0.3:wish")])
    assert (left["side"], left["words"]) == ("l", "wish, left, value at the bottom: above 0.3")


def test_the_gauges_are_titled_by_the_muscle_that_they_show(result):
    def title(*constraints: str) -> str:
        built = Page(build_page(replace(result, terms=tuple(map(parse_term, constraints)))))
        return built.find(id="gauges")[0]["text"].strip()

    tilt = "pelvis_tilt:max:below:0"
    assert title("vasmed:max:within:0.35:0.45", tilt, tilt) == "vastus medialis, predicted"
    assert title("soleus:max:below:0.5", tilt, tilt) == "soleus, predicted"
    assert title("quadriceps:max:below:0.5", tilt, tilt) == ""  # a group, of which there is no curve
    assert title("vasmed:max:below:0.5:wish", tilt, tilt) == ""


def test_accuracy_figures_of_the_page_are_those_of_the_documentation(page):
    document = (Path(__file__).parent.parent / "docs/accuracy.md").read_text()
    words = page.words()

    def figures(pattern: str) -> list[float]:
        return [float(figure) for figure in re.search(pattern, words).groups()]

    cells = [
        [(float(r), float(rmse)) for r, rmse in re.findall(r"(\.\d+) / (\.\d+)", line)]
        for line in re.findall(r"^\| vastus \w+ \|.*", document, re.MULTILINE)
    ]
    assert [len(line) for line in cells] == [7, 7, 7]  # three vasti; OpenCap, OpenCap's motion, force plates
    for source, pattern in (
        (slice(4, None), r"force plates need \(error of (\.\d+) to (\.\d+)"),
        (slice(0, 2), r"OpenCap's own simulations \(error of (\.\d+) to (\.\d+)"),
    ):
        pairs = [pair for line in cells for pair in line[source]]
        assert figures(pattern) == [round(bound(rmse for _, rmse in pairs), 2) for bound in (min, max)]
        assert min(r for r, _ in pairs) > figures(r"with r above (\.\d+)")[0]
    (line,) = re.findall(r"^\| vertical force, RMSE in % of body weight.*", document, re.MULTILINE)
    feet = [float(rmse) for cell in line.split("|")[2:5] for rmse in re.findall(r"\d\.\d", cell)]
    assert len(feet) == 6  # both feet in three trials with force plates
    assert figures(r"force under a foot has an error of (\d) to (\d) % of body weight") == [
        round(bound(feet)) for bound in (min, max)
    ]
    assert "planted to a millimetre" in words
    assert "stay in place by construction (.1 cm)" in document


def test_every_coordinate_and_muscle_is_in_a_panel():
    shown = [name for panel in vocabulary.COORDINATE_PANELS for name in panel.coordinates]
    assert sorted(shown) == sorted(COORDINATES)
    assert {f"{muscle}_{side}" for muscle in vocabulary.MUSCLE_NAMES for side in "lr"} == set(MUSCLE_INDEX)
    assert all(set(muscles) <= set(vocabulary.MUSCLE_NAMES) for muscles in vocabulary.PANEL_GROUPS.values())
    assert all(vocabulary.statistic_words(term.statistic, term.muscle) for term in published_terms(0.3, 0.4))


def test_every_shown_measure_is_computed_by_guidance():
    assert {shown.name for shown in SHOWN_MEASURES} <= {f"{quantity}_{statistic}" for quantity, statistic in MEASURES}
    assert all(shown.note for shown in SHOWN_MEASURES)


@pytest.mark.parametrize("shown", SHOWN_MEASURES, ids=lambda shown: shown.name)
def test_a_measure_is_shown_in_the_unit_that_its_column_names(shown):
    unit = vocabulary.unit_symbol(find_quantity(shown.name.rpartition("_")[0]).unit)
    assert shown.factor == {("m", "cm"): 100, ("m", "mm"): 1000}.get((unit, shown.unit), 1)
    assert shown.factor != 1 or unit == shown.unit


def test_a_raised_heel_has_a_column_of_its_own_since_the_foot_does_not_count_as_lifted():
    skeleton, motion = load_skeleton(rajagopal2015()), squat()
    for side in "lr":
        motion[..., COORDINATE_INDEX[f"ankle_angle_{side}"]] -= 30.0
    motion[..., COORDINATE_INDEX["pelvis_ty"]] -= Context(motion, skeleton=skeleton).sole_height.flatten(2).amin(-1)
    activations = torch.zeros(*motion.shape[:2], len(MUSCLE_INDEX))
    found = measure(Context(motion, activations=activations, skeleton=skeleton, floor_height_m=0.0), "vasmed")
    assert found["heel_lift_max"].values.min() > 0.05
    assert found["foot_lift_max"].values.max() < 0.01
    assert {"heel_lift_max", "foot_lift_max"} <= {shown.name for shown in SHOWN_MEASURES}


def test_batches_follow_one_another_in_the_history():
    iteration, batch = np.tile(np.arange(100), 2), np.repeat([0, 1], 100)
    picture = charts.history_chart("objective", iteration, batch, np.where(iteration < 50, np.nan, 1.0))
    curves = [re.findall(r"[\d.]+,[\d.]+", points) for points in re.findall(r'polyline[^>]*points="([^"]*)"', picture)]
    assert [len(points) for points in curves] == [50, 50]
    x = [[float(point.split(",")[0]) for point in points] for points in curves]
    assert x[0] == sorted(x[0])
    assert x[1][0] - x[0][0] == pytest.approx(x[1][-1] - x[0][-1], abs=0.2)
    assert x[1][0] > x[0][-1]
    assert picture.count('class="part"') == 1


def test_thinning_keeps_straight_lines_and_the_last_point():
    x = np.arange(3000.0)
    points = np.array(charts.downsample(x, 2 * x + 1))
    assert len(points) == 160
    np.testing.assert_allclose(points[:, 1], 2 * points[:, 0] + 1)
    assert points[-1, 0] == 2999


def test_the_script_replaces_a_report_only_with_overwrite(tmp_path, session, result, monkeypatch, capsys):
    folder = save_run(tmp_path, result)
    command = ["report.py", str(tmp_path / "hand"), "--subject", str(session.path)]
    monkeypatch.setattr("sys.argv", command)
    report.main()
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert "3-D player is left out" not in (folder / "report.html").read_text()
    with pytest.raises(InputError, match="--overwrite"):
        report.main()
    monkeypatch.setattr("sys.argv", [*command, "--out", str(tmp_path / "elsewhere.html")])
    report.main()
    assert (tmp_path / "elsewhere.html").is_file()


def test_a_saved_run_gives_the_page_of_its_result(tmp_path, session, result, page, monkeypatch):
    folder = save_run(tmp_path, result)
    monkeypatch.setattr("sys.argv", ["report.py", str(folder), "--subject", str(session.path)])
    report.main()
    saved = Page((folder / "report.html").read_text())
    assert saved.data == page.data
    assert saved.find(tag="table")[0]["text"] == page.find(tag="table")[0]["text"]
    assert saved.find(tag="header")[0]["text"] == page.find(tag="header")[0]["text"]


def test_the_folder_of_one_session_is_enough_from_any_working_directory(tmp_path, session, result, monkeypatch):
    folder = save_run(tmp_path, result)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["report.py", ".", "--subject", str(session.path)])
    report.main()
    assert Page((folder / "report.html").read_text()).find(tag="svg", **{"class": "history"})


def test_a_session_that_has_moved_leaves_the_player_out(tmp_path, monkeypatch, caplog):
    folder = save_run(tmp_path, make_result(session_id="nobody-knows-me", subject="nobody-knows-me"))
    monkeypatch.setattr("sys.argv", ["report.py", str(folder)])
    monkeypatch.delenv("BIGE_DATA", raising=False)
    report.main()
    assert "without the 3-D player" in caplog.text
    assert "3-D player is left out" in (folder / "report.html").read_text()


def test_a_saved_run_finds_its_session_without_the_variable_that_named_the_data_root(tmp_path, monkeypatch):
    """A demo person of the same id was taken for it, in reports and in evaluations."""
    own = make_session(tmp_path / "root" / "Data" / "demo-person-040")
    monkeypatch.setenv("BIGE_DATA", str(tmp_path / "root"))
    folder = save_run(tmp_path, make_result(own, session_id=own.id, subject=own.id))
    monkeypatch.delenv("BIGE_DATA")
    assert load_guidance(folder).session == own
    assert find_run_records(folder)[0].session == own


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "result.json").unlink(), "holds no finished guidance run"),
        (lambda folder: (folder / "result.json").write_text("{"), "not a JSON file"),
        (lambda folder: (folder / "result.json").write_text("{}"), "result.json: format"),
    ],
)
def test_a_broken_run_is_named(tmp_path, session, result, monkeypatch, break_it, message):
    folder = save_run(tmp_path, result)
    break_it(folder)
    monkeypatch.setattr("sys.argv", ["report.py", str(tmp_path / "hand"), "--subject", str(session.path)])
    with pytest.raises(InputError, match=message):
        report.main()
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("file", "values", "message"),
    [
        ("result.json", {"mass_kg": None}, "mass_kg is 'None', expected a number above 0"),
        ("result.json", {"leg_length_m": [1]}, "leg_length_m is .* expected a number above 0"),
        ("result.json", {"between_subject_distance": "x"}, "between_subject_distance is 'x'"),
        ("result.json", {"versions": []}, "versions is .* expected a dict"),
        ("result.json", {"history": ["met"]}, "history has no 'batch'"),
        ("args.json", {"out_dir": None}, "out_dir is null"),
    ],
)
def test_a_run_with_a_value_of_another_type_is_named(tmp_path, result, monkeypatch, file, values, message):
    folder = save_run(tmp_path, result)
    (folder / file).write_text(json.dumps(json.loads((folder / file).read_text()) | values))
    monkeypatch.setattr("sys.argv", ["report.py", str(folder)])
    with pytest.raises(InputError, match=f"{file}: {message}"):
        report.main()


@pytest.mark.parametrize("name", ["start", "measure_knee_flexion_max", "own_recorded_0_counted", "met"])
def test_a_run_with_too_few_values_is_named(tmp_path, result, monkeypatch, name):
    folder = save_run(tmp_path, result)
    with np.load(folder / "result.npz") as stored:
        arrays = dict(stored)
    np.savez(folder / "result.npz", **arrays | {name: arrays[name][:-1]})
    monkeypatch.setattr("sys.argv", ["report.py", str(folder)])
    with pytest.raises(InputError, match=f"result.npz: '{name}' has the shape"):
        report.main()


def test_a_run_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["report.py", str(tmp_path / "mime")])
    with pytest.raises(InputError, match="mime: there is no such folder"):
        report.main()


def test_a_motion_is_not_replaced_by_a_page(tmp_path, session, result, monkeypatch):
    motion = next(save_run(tmp_path, result).glob("entry_*.mot"))
    before = motion.read_bytes()
    command = ["report.py", str(tmp_path / "hand"), "--subject", str(session.path), "--out", str(motion), "--overwrite"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(InputError, match="the name must end in .html or .htm"):
        report.main()
    assert motion.read_bytes() == before


def test_the_session_of_another_subject_is_refused(tmp_path, session, monkeypatch):
    save_run(tmp_path, make_result(session_id="somebody"))
    monkeypatch.setattr("sys.argv", ["report.py", str(tmp_path / "hand"), "--subject", str(session.path)])
    with pytest.raises(InputError, match="is session person"):
        report.main()


def test_one_page_for_several_sessions_is_refused(tmp_path, monkeypatch):
    for session_id in ("one", "another"):
        save_run(tmp_path, make_result(session_id=session_id))
    monkeypatch.setattr("sys.argv", ["report.py", str(tmp_path / "hand"), "--out", str(tmp_path / "page.html")])
    with pytest.raises(InputError, match="several sessions"):
        report.main()
