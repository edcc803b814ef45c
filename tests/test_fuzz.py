"""The fuzzer: a short campaign over every reader finds nothing, and it finds what is wrong with a bad reader."""

import os
import time

import pytest

from dataset.errors import InputError
from fuzz import campaign
from fuzz.campaign import fuzz, input_of, table
from fuzz.names import READER_NAMES
from fuzz.readers import Reader, reader

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the fuzzer forks")


BOMBS = [b"dies", b"raises", b"waits", b"takes", b"runs", b"other"]


def bad_reader(path):
    text = path.read_bytes()
    if text == b"dies":
        os.kill(os.getpid(), 11)
    elif text == b"raises":
        raise KeyError(text)
    elif text == b"waits":
        end = time.process_time() + 2.3
        while time.process_time() < end:
            pass
    elif text == b"takes":
        bytearray(600_000_000)
    elif text == b"runs":
        os.system("true")
    elif text != b"valid":
        raise InputError("not valid")


def test_each_way_in_which_a_reader_can_fail_is_counted(tmp_path, monkeypatch):
    bad = Reader("bad", (("a.txt", b"valid"),), lambda: BOMBS, bad_reader)
    monkeypatch.setattr(campaign, "reader", lambda name: bad)
    monkeypatch.setattr(campaign, "MOST_SECONDS", 2.0)
    (result,) = fuzz(["bad"], 60, 0, tmp_path, most_inputs=8)
    assert {kind: result.failed(kind) for kind in ("crash", "slow", "memory", "code")} == {
        "crash": 2, "slow": 1, "memory": 1, "code": 1,
    }  # fmt: skip
    assert len(list(tmp_path.iterdir())) == 5
    assert result.refused > 0
    assert "5 failures" in table([result])


@pytest.mark.parametrize("name", READER_NAMES)
def test_the_files_that_inputs_are_made_from_are_read(tmp_path, name):
    """A reader that refuses them is not tried beyond what it refuses."""
    kind, refused = reader(name), {}
    assert kind.valid
    for file, content in kind.valid:
        (tmp_path / file).write_bytes(content)
        try:
            kind.read(tmp_path / file)
        except InputError as error:
            refused[file] = str(error)
    assert refused == {}


def test_a_short_campaign_over_every_reader_finds_nothing(tmp_path):
    results = fuzz(READER_NAMES, 2, 1, tmp_path, with_bombs=False)
    assert [failure for result in results for failure in result.failures] == []
    assert all(result.inputs for result in results)


@pytest.mark.slow
def test_no_bomb_of_any_reader_goes_off(tmp_path):
    results = fuzz(READER_NAMES, 300, 1, tmp_path)
    assert [failure for result in results for failure in result.failures] == []


def test_each_reader_reads_an_input_however_little_time_there_is(tmp_path):
    assert [result.inputs for result in fuzz(["ids", "record"], 1e-9, 0, tmp_path, with_bombs=False)] == [1, 1]


def test_an_input_is_made_again_from_its_number():
    kind = reader("ids")
    assert [input_of(kind, 3, i) for i in range(60)] == [input_of(kind, 3, i) for i in range(60)]
