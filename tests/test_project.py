"""The repository is consistent: one list of packages, one version, scripts that answer at once, names that resolve."""

import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in ROOT.glob("*.py"))
HEAVY = ("torch", "opensim", "pandas", "scipy", "matplotlib", "pyvista")
HELP_CPU_S = 5.0


def requirements(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def test_packages_are_listed_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "dependencies" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.txt"]}
    assert re.findall(r"^      - (.+)$", (ROOT / "environment.yml").read_text(), re.MULTILINE) == [
        "-r requirements.txt"
    ]


def test_every_requirement_has_a_tested_version_within_its_range():
    tested = {pinned.name.lower(): next(iter(pinned.specifier)).version for pinned in requirements("constraints.txt")}
    for requirement in requirements("requirements.txt") + requirements("requirements-dev.txt"):
        assert tested[requirement.name.lower()] in requirement.specifier, requirement


def test_one_version_and_one_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation
    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == project["version"]
    assert "Apache License" in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_answers_at_once_and_in_sentences(script):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    result = subprocess.run(
        [sys.executable, "-X", "importtime", script, "--help"], cwd=ROOT, capture_output=True, text=True
    )
    cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert result.returncode == 0, result.stderr
    assert f"python {script}" in result.stdout, "the help opens with the commands"
    heavy = re.findall(rf"\| +({'|'.join(HEAVY)})$", result.stderr, re.MULTILINE)
    assert heavy == [], "imported before the arguments are parsed"
    assert cpu_s < HELP_CPU_S, "seconds of processor time"


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
