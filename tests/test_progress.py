"""Progress: a bar on a terminal, a line every ten seconds elsewhere."""

import io
import itertools
import sys
import time

import pytest

from utils.guidance.optimisation.guidance_progress import GuidanceProgress
from utils.runs import progress
from utils.runs.progress import Progress, show_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def work(clock, seconds):
    for i in range(5):
        clock[0] += seconds
        yield i


def test_a_log_file_gets_a_line_every_ten_seconds(clock, caplog):
    caplog.set_level("INFO", logger="bige")
    assert list(show_progress(work(clock, 6.0), 5, title="squats1", unit="repetitions")) == [0, 1, 2, 3, 4]
    assert caplog.messages == [
        "squats1: 2 of 5 repetitions after 12 s, about 18 s left",
        "squats1: 4 of 5 repetitions after 24 s, about 6 s left",
        "squats1: 5 of 5 repetitions after 30 s",
    ]


def test_a_short_loop_writes_no_line(clock, caplog):
    caplog.set_level("INFO", logger="bige")
    list(show_progress(work(clock, 1.0), 5, title="squats1", unit="repetitions"))
    assert caplog.messages == []


def test_a_resumed_loop_counts_on_and_shows_numbers(clock, caplog):
    caplog.set_level("INFO", logger="bige")
    with Progress(400, title="run", unit="steps", done=300) as shown:
        clock[0] += 200
        shown.advance(20, {"loss": 0.12345})
        clock[0] += 1
    assert caplog.messages[0] == "run: 320 of 400 steps after 3 min, about 13 min left, loss 0.123"


def test_of_a_loop_that_ends_early_no_time_is_left(clock, caplog):
    caplog.set_level("INFO", logger="bige")
    with Progress(140, title="batch 0", unit="iterations") as shown:
        clock[0] += 10
        shown.advance(40)
        clock[0] += 1
    assert caplog.messages == [
        "batch 0: 40 of 140 iterations after 10 s, about 25 s left",
        "batch 0: 40 of 140 iterations after 11 s",
    ]


def test_a_batch_that_needed_fewer_iterations_is_over_when_its_motions_are_simulated(clock, caplog):
    caplog.set_level("INFO", logger="bige")
    with GuidanceProgress() as shown:
        shown.begin(140)
        for iteration in range(2):
            clock[0] += 12.0
            shown.show({"batch": 0, "iteration": iteration})
        clock[0] += 1.0
        shown.begin(6, "refinement round")
        assert caplog.messages[-1] == "batch 0: 2 of 140 iterations after 13 s"


def test_batches_are_numbered_through_the_run_as_in_its_history(clock, caplog):
    """Further starts after a refinement are no first batch again, and a round has the number that is told after it."""
    caplog.set_level("INFO", logger="bige")
    numbers = []
    with GuidanceProgress() as shown:
        for stage, batches in (("", 2), ("refinement round", 2), ("", 1)):
            shown.begin(2, stage)
            for batch, iteration in itertools.product(range(batches), range(2)):
                numbers.append(shown.show({"batch": batch, "iteration": iteration})["batch"])
                clock[0] += 12.0
    assert numbers == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    titles = [message.partition(":")[0] for message in caplog.messages]
    assert titles == ["batch 0", "batch 1", "batch 2, refinement round 1", "batch 3, refinement round 2", "batch 4"]


def test_a_unit_that_takes_long_gets_lines_too(caplog, monkeypatch):
    caplog.set_level("INFO", logger="bige")
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.05)
    with Progress(8, title="demo/full", unit="subjects"):
        time.sleep(0.3)
    assert caplog.messages[0] == "demo/full: 0 of 8 subjects after 0 s"
    lines = len(caplog.messages)
    time.sleep(0.2)
    assert len(caplog.messages) == lines


def test_nothing_is_shown_where_progress_is_not_wanted(clock, caplog):
    caplog.set_level("INFO", logger="bige")
    list(show_progress(work(clock, 60.0), 5, title="squats1", unit="repetitions", enabled=False))
    assert caplog.messages == []


def test_a_terminal_gets_a_bar_and_no_lines(clock, caplog, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    caplog.set_level("INFO", logger="bige")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    list(show_progress(work(clock, 60.0), 5, title="squats1", unit="repetitions"))
    assert "squats1: 100%" in terminal.getvalue()
    assert caplog.messages == []
