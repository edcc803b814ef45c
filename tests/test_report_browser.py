"""The report in a real browser, offline: no errors, nothing asked of a network, and everything moves.

Needs Chromium (Debian: apt-get install chromium-headless-shell) and playwright; skips without.
"""

import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
from synthetic_run import make_result, make_session

from utils.guidance.objective.constraint_grammar import parse_term
from utils.report.page import write_report

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PIXELS = """() => {
  const canvas = document.getElementById("player");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum = (31 * sum + pixels[i]) % 1000003;
  return sum;
}"""


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"no Chromium on this machine; looked for {', '.join(BROWSERS)}")
    with sync_api.sync_playwright() as driver:
        # no sandbox: a container's root may not have one, and the page is our own
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report_path(tmp_path_factory):
    root = tmp_path_factory.mktemp("browser")
    return write_report(make_result(make_session(root / "person")), root / "report.html")


@pytest.fixture
def opened(browser):
    """Opens a file, offline; answers the page and a list of what it complained of or asked for."""
    contexts = []

    def open_page(path, **options):
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page, heard = context.new_page(), []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url))
        page.goto(path.as_uri())
        until(page, "Boolean(window.report)")
        return page, heard

    yield open_page
    for context in contexts:
        context.close()


def until(page, expression: str, seconds: float = 20) -> None:
    """Wait for it; playwright's own waiting evaluates text in the page, which the page's policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(15)


def frame(page) -> float:
    return page.evaluate("report.player.frame")


def test_the_page_opens_without_errors_or_requests_in_light_and_dark_wide_and_narrow(opened, report_path):
    pictures = set()
    for scheme in ("light", "dark"):
        page, heard = opened(report_path, color_scheme=scheme)
        assert heard == [report_path.as_uri()]
        pictures.add(page.evaluate(PIXELS))
        page.set_viewport_size({"width": 420, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == 420
    assert len(pictures) == 2


def test_the_player_plays_pauses_and_follows_the_scrubber(opened, report_path):
    page, _ = opened(report_path)
    before, picture = frame(page), page.evaluate(PIXELS)
    page.click("#play")
    until(page, f"report.player.frame > {before} + 5")
    assert page.evaluate(PIXELS) != picture
    page.click("#play")
    assert page.inner_text("#play") == "Play"
    stopped = frame(page)
    page.wait_for_timeout(150)
    assert frame(page) == stopped
    page.fill("#scrub", "30")
    assert frame(page) == 30
    assert page.inner_text("#time") == "0.50 / 3.25 s"
    cursor = page.locator("#coordinate-curves svg").first.locator(".cursor")
    at_30 = float(cursor.get_attribute("x1"))
    page.fill("#scrub", "90")
    assert float(cursor.get_attribute("x1")) > at_30


@pytest.mark.parametrize("speed", ["0.5", "2"])
def test_time_passes_as_the_speed_says(opened, report_path, speed):
    """Seconds of motion a second, from one drawn frame to a later one."""
    page, _ = opened(report_path)
    page.select_option("#speed", speed)
    page.evaluate("report.player.seek(0)")
    page.click("#play")
    rate = page.evaluate(
        """async () => {
          const shown = () => new Promise((done) =>
            requestAnimationFrame(() => requestAnimationFrame((now) => done([now, report.player.frame]))));
          const [start, from] = await shown();
          let [now, frame] = [start, from];
          while (now < start + 300) [now, frame] = await shown();
          const frames = Number(document.querySelector("#scrub").max) + 1;  // the motion may begin again meanwhile
          return ((frame - from + frames) % frames) / 60 / ((now - start) / 1000);
        }"""
    )
    assert rate == pytest.approx(float(speed), rel=0.15)


def test_keys_turn_step_play_and_change_the_sample(opened, report_path):
    page, _ = opened(report_path)
    page.focus("#player")
    yaw, now = page.evaluate("report.player.yaw"), frame(page)
    picture = page.evaluate(PIXELS)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("report.player.yaw") == yaw + 6
    assert page.evaluate(PIXELS) != picture
    page.keyboard.press(".")
    assert frame(page) == now + 1
    page.keyboard.press("Home")
    assert frame(page) == 0
    page.keyboard.press("PageDown")
    assert page.evaluate("report.player.sample.number") == 1
    assert page.get_attribute(".pick:nth-child(2)", "aria-pressed") == "true"
    page.keyboard.press("Space")
    until(page, "report.player.frame > 3")
    assert page.inner_text("#play") == "Pause"


def test_dragging_orbits(opened, report_path):
    page, _ = opened(report_path)
    page.locator("#player").scroll_into_view_if_needed()
    box = page.locator("#player").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    yaw = page.evaluate("report.player.yaw")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    page.mouse.up()
    assert page.evaluate("report.player.yaw") == pytest.approx(yaw + 30, abs=1)
    page.mouse.move(x + 100, y)
    assert page.evaluate("report.player.yaw") == pytest.approx(yaw + 30, abs=1)


def test_the_person_s_own_squat_is_laid_over_and_taken_away(opened, report_path):
    page, _ = opened(report_path)
    assert page.evaluate("report.player.other.kind") == "own"
    over = page.evaluate(PIXELS)
    page.check("#beside")
    beside = page.evaluate(PIXELS)
    page.select_option("#compare", "")
    alone = page.evaluate(PIXELS)
    assert len({over, beside, alone}) == 3
    # matched: the sample's deepest frame shows the own squat's deepest
    page.select_option("#compare", label="Own squat 1 (squats1, 0.0 s)")
    player = "report.player"
    page.evaluate(f"{player}.seek({player}.sample.deepest)")
    assert page.evaluate(f"Math.abs({player}.otherFrame - {player}.other.deepest)") < 4


def test_the_page_decodes_what_was_written(opened, report_path):
    page, _ = opened(report_path)
    knee, activation = page.evaluate(
        """() => {
          const { data } = report;
          const sample = data.samples[2];
          const knee = sample.coordinates[98 * 33 + data.coordinateIndex.get("knee_angle_l")] * 0.02;
          return [knee, sample.activations[98 * 80 + data.muscleIndex.get("vasmed_l")] / 255];
        }"""
    )
    assert knee == pytest.approx(100, abs=0.1)
    assert activation == pytest.approx(0.4 * 100 / 90, abs=0.003)


def test_tables_sort_by_click_and_by_key_and_say_so(opened, report_path):
    page, _ = opened(report_path)
    table = page.locator("#samples table")
    titles = table.locator("thead th").all_inner_texts()
    column = next(i for i, title in enumerate(titles) if title.startswith("Peak activation"))
    head = table.locator("thead th").nth(column)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    keys = table.locator("tbody tr").evaluate_all(f"rows => rows.map((row) => Number(row.cells[{column}].dataset.key))")
    assert keys == sorted(keys, reverse=True)
    assert keys != sorted(keys)
    assert table.locator("[aria-sort=ascending]").count() == 0
    table.locator("tbody tr").first.locator("button").click()
    assert page.evaluate("report.player.sample.number") == 2


def test_curves_change_with_the_group_and_scrub(opened, report_path):
    page, _ = opened(report_path)
    assert page.locator("#muscle-curves figure").count() == 4
    assert page.locator("#muscle-curves .panel-title").first.inner_text().startswith("Vastus medialis")
    page.select_option("#coordinate-group", "All 33 coordinates")
    assert page.locator("#coordinate-curves figure").count() == 21
    panel = page.locator("#coordinate-curves svg").first
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 50)
    assert frame(page) > 98


def test_a_panel_shows_all_of_its_ranges_and_a_gauge_the_side_that_has_one(opened, tmp_path):
    asked = ("knee_flexion:max:within:80:100", "knee_flexion_r:min:below:10", "vasmed_l:max:within:0.7:0.9")
    result = make_result(make_session(tmp_path / "person"))
    path = write_report(replace(result, terms=tuple(map(parse_term, asked))), tmp_path / "report.html")
    page, _ = opened(path)
    knee = page.locator("#coordinate-curves figure").first
    assert knee.locator(".positive.target").all_inner_texts() == [
        "required, largest value: 80 to 100", "required, right, smallest value: below 10",
    ]  # fmt: skip
    assert knee.locator("rect.target").count() == 2
    assert page.locator("#gauges .side").all_inner_texts() == ["L"]
    track, band = (page.locator(f"#gauges {one}").bounding_box() for one in (".track", ".track .target"))
    assert band["x"] + band["width"] <= track["x"] + track["width"]


def test_the_activation_of_an_own_squat_is_drawn_where_it_was_simulated_and_not_as_none_after_that(opened, tmp_path):
    result = make_result(make_session(tmp_path / "person"))
    own = result.own_squats
    labelled = np.arange(196) < 90
    simulated = replace(
        own.recorded[0], activations=np.where(labelled[:, None], np.full((196, 80), 0.5), 0), labelled=labelled
    )
    own = replace(own, simulated=(simulated,))
    page, heard = opened(write_report(replace(result, own_squats=own), tmp_path / "report.html"))
    page.uncheck("#match")
    assert len(heard) == 1
    places = page.locator("#muscle-curves svg >> nth=0 >> path.other.side-l").get_attribute("d")[1:].split("L")
    assert len(places) == 89  # the last of them has no neighbour to interpolate with
    assert len({place.split(",")[1] for place in places}) == 1


def test_the_printed_page_has_tables_and_a_strip_in_light_colours(opened, report_path):
    page, _ = opened(report_path, color_scheme="dark")
    page.emulate_media(media="print")
    until(page, "document.documentElement.hasAttribute('data-print')")
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--card')").strip() == "#ffffff"
    assert not page.is_visible("#player")
    assert not page.is_visible(".controls")
    assert page.is_visible("#strip canvas >> nth=0")
    assert page.is_visible("#samples table")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_without_a_skeleton_the_curves_still_play(opened, tmp_path):
    page, heard = opened(write_report(make_result(), tmp_path / "report.html"))
    assert len(heard) == 1
    before = frame(page)
    page.click("#play")
    until(page, f"report.player.frame != {before}")
    page.click("#play")
    page.click(".pick:nth-child(3)")
    assert page.evaluate("report.player.sample.number") == 2
