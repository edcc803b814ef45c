"""The commands of docs/performance.md exist, and `benchmarks/performance.py` finds and accepts all of them."""

import argparse
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/performance.md").read_text()
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)


class Accepted(Exception):
    """Raised in place of measuring."""


@pytest.fixture
def benchmarks(monkeypatch):
    """The folder of the benchmarks, whose modules can be imported during a test."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return ROOT / "benchmarks"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_benchmark_accepts_the_command_of_its_table(command, benchmarks, monkeypatch):
    parse_args = argparse.ArgumentParser.parse_args

    def parse_only(parser, *arguments):
        parse_args(parser, *arguments)
        raise Accepted

    python, script, *arguments = shlex.split(command)
    assert python == "python"
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr("sys.argv", [script, *arguments])
    with pytest.raises(Accepted):
        runpy.run_path(str(ROOT / script), run_name="measured")["main"]()


def test_every_table_can_be_made_anew_and_is_not_empty(benchmarks):
    block = runpy.run_path(str(benchmarks / "performance.py"), run_name="measured")["BLOCK"]
    found = list(block.finditer(PAGE))
    assert [one["command"] for one in found] == COMMANDS
    assert len(found) >= 6
    assert [one["command"] for one in found if len(one["printed"].splitlines()) < 3] == []


def test_a_product_of_matrices_takes_two_operations_for_each_multiplication(benchmarks):
    import torch

    counted = runpy.run_path(str(benchmarks / "measuring.py"))["counted_operations"]
    first, second = torch.randn(3, 5, requires_grad=True), torch.randn(5, 7)
    assert counted(lambda: first @ second) == 2 * 3 * 5 * 7
    assert counted(lambda: (first @ second).sum().backward()) == 2 * 2 * 3 * 5 * 7  # and one for the gradient


def test_guidance_starts_without_torchs_compiler():
    """Importing it takes as long as importing torch; only an optimiser needs it, when it is made."""
    code = "import utils.people.guided_person, sys; print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
