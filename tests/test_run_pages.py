"""The overview picture of a run and the page of its people: what they mark, label and leave visible."""

from dataclasses import replace

import pytest
from synthetic_run import make_result

from utils.guidance.output import overview
from utils.people.people_table import write_tables
from utils.people.person_outcome import PersonOutcome


@pytest.fixture
def drawn(monkeypatch):
    """The titles of the panels in which the range is drawn; the one of the verdict has none yet."""
    titles = []
    monkeypatch.setattr(overview, "_draw_range", lambda axis, result: titles.append(axis.get_title("left")))
    return titles


@pytest.mark.parametrize(
    ("muscle", "panels"),
    [("vasmed", ["vasmed l [0–1]", "vasmed r [0–1]", ""]), ("vasmed_r", ["vasmed r [0–1]", ""])],
)
def test_the_range_is_marked_on_the_sides_for_which_it_was_asked(tmp_path, drawn, muscle, panels):
    result = make_result()
    overview.draw_overview(replace(result, config=replace(result.config, muscle=muscle)), tmp_path / "overview.png")
    assert drawn == panels


def test_the_table_of_people_scrolls_within_a_narrow_page(tmp_path):
    outcome = PersonOutcome("person", "met", accepted=2, wanted=2)
    write_tables([outcome], tmp_path / "people.csv", tmp_path / "people.html")
    page = (tmp_path / "people.html").read_text()
    assert '<div class="scroller"' in page[: page.index("<table>")]
    assert ".scroller { overflow-x: auto; }" in page
