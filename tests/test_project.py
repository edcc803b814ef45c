"""The project holds together: one list of packages, scripts that answer, names that resolve."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in ROOT.glob("*.py"))


def requirements(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def test_conda_and_pip_users_get_the_same_packages():
    environment = (ROOT / "environment.yml").read_text()
    listed = set(re.findall(r"^      - (\S+)$", environment, re.MULTILINE))
    assert listed == requirements("requirements.txt")


def test_every_requirement_has_a_tested_version_within_its_range():
    from packaging.requirements import Requirement

    pinned = dict(line.lower().split("==") for line in requirements("constraints.txt"))
    for line in requirements("requirements.txt") | requirements("requirements-dev.txt"):
        requirement = Requirement(line)
        assert pinned[requirement.name.lower()] in requirement.specifier, line


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_answers_at_once_and_in_sentences(script):
    start = time.perf_counter()
    result = subprocess.run([sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", script, "--help"], cwd=ROOT, capture_output=True, text=True
    ).stderr
    assert not re.search(r"\| +(torch|opensim|pandas|matplotlib)$", loaded, re.MULTILINE), (
        "heavy imports before parsing"
    )
    assert f"python {script}" in result.stdout, "the help opens with the commands"
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("script", SCRIPTS)
def test_importing_a_script_does_nothing(script):
    code = f"import {script.removesuffix('.py')}"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""


def test_the_readme_names_every_script():
    readme = (ROOT / "README.md").read_text()
    assert [script for script in SCRIPTS if script not in readme] == []


def test_nothing_unpickles_what_a_user_might_have_downloaded():
    for path in ROOT.rglob("*.py"):
        if ".venv" in path.parts or path == Path(__file__):
            continue
        text = path.read_text()
        assert "allow_pickle=True" not in text, path
        for call in re.findall(r"torch\.load\([^)]*\)", text):
            assert "weights_only=True" in call, path
