"""The repository is consistent: one list of packages, one version, scripts that answer at once, names that resolve."""

import ast
import re
import resource
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in ROOT.glob("*.py"))
BENCHMARKS = sorted(f"benchmarks/{path.name}" for path in (ROOT / "benchmarks").glob("*.py"))
BENCHMARKS = [name for name in BENCHMARKS if not name.endswith(("/benchmark_parser.py", "/measuring.py"))]
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
    files = ("requirements.txt", "requirements-dev.txt", "requirements-deepspeed.txt")
    for requirement in [requirement for name in files for requirement in requirements(name)]:
        assert tested[requirement.name.lower()] in requirement.specifier, requirement


def test_one_version_and_one_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {project['version']}\n" in citation
    assert f"\nlicense: {project['license']}\n" in citation
    assert re.search(r"^## \[(\d.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == project["version"]
    assert "Apache License" in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("script", SCRIPTS + BENCHMARKS)
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


@pytest.mark.slow
def test_a_benchmark_answers_bad_input_with_a_sentence():
    command = [sys.executable, "benchmarks/guided_verdicts.py", "no-such-folder"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no-such-folder: there is no such folder")


@pytest.mark.parametrize(
    "command",
    [
        "evaluate.py --subjects 1 --motions 2",
        "find_repetitions.py --trials 3",
        "read_motion.py",
        "surrogate.py --frames 60 --repeats 1",
        "time_proximity.py --latents 20 --samples 2 --code-dim 8",
    ],
)
def test_benchmarks_that_need_no_data_run_to_their_end(command):
    name, *arguments = command.split()
    result = subprocess.run(
        [sys.executable, f"benchmarks/{name}", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_importing_a_script_does_nothing(script):
    code = f"import {script.removesuffix('.py')}"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""


def test_the_readme_names_every_script():
    readme = (ROOT / "README.md").read_text()
    assert [script for script in SCRIPTS if script not in readme] == []


@cache
def sources() -> dict[Path, ast.Module]:
    """Syntax trees of all modules but the tests, by their path in the repository."""
    rooms = ("benchmarks", "dataset", "models", "options", "utils")
    paths = [*ROOT.glob("*.py"), *(path for room in rooms for path in (ROOT / room).rglob("*.py"))]
    return {path.relative_to(ROOT): ast.parse(path.read_text()) for path in paths}


def modules_imported(tree: ast.Module) -> set[str]:
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.partition(".")[0])
    return imported


def test_only_three_modules_unpickle_and_only_by_unpicklers_of_their_own():
    unpickling = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    trees = {path: tree for path, tree in sources().items() if modules_imported(tree) & unpickling}
    assert {str(path) for path in trees} == {
        "dataset/io/safe_npy.py", "dataset/io/smpl_model.py", "utils/checkpoints/checkpoint_check.py",
    }  # fmt: skip
    for path, tree in trees.items():
        assert modules_imported(tree) & unpickling == {"pickle"}, path
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "pickle"
        }
        assert used <= {"Unpickler", "UnpicklingError"}, path
        assert not any(isinstance(node, ast.ImportFrom) and node.module == "pickle" for node in ast.walk(tree)), path
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        unpicklers = [one for one in classes if "pickle.Unpickler" in map(ast.unparse, one.bases)]
        assert len(unpicklers) == 1, path
        methods = {node.name for node in unpicklers[0].body if isinstance(node, ast.FunctionDef)}
        assert "find_class" in methods, f"{path}: its unpickler would find every name"
        made = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pickle.Unpickler"
        ]
        assert not made, path


def test_arrays_weights_and_yaml_are_loaded_without_running_code():
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            function = ast.unparse(node.func)
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            where = f"{path}, line {node.lineno}"
            assert options.get("allow_pickle", "False") == "False", where
            assert not function.endswith("read_pickle"), where
            if function == "torch.load":
                assert options.get("weights_only") == "True", where
            if function.startswith("yaml."):
                assert function == "yaml.safe_load" or options.get("Loader") == "yaml.BaseLoader", where


def repository_files() -> list[Path]:
    """The files that git tracks, as paths relative to the repository; skips outside a git checkout."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout, so it is not known which files belong to the repository")
    return [Path(line) for line in listed.stdout.splitlines()]


def line_count(path: Path) -> int:
    return len((ROOT / path).read_text().splitlines())


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_root_script_parses_calls_and_prints(script):
    assert line_count(Path(script)) < 60


def test_no_two_modules_have_one_name():
    modules = [path for path in repository_files() if path.suffix == ".py" and path.name != "__init__.py"]
    names = [path.name for path in modules]
    assert [str(path) for path in modules if names.count(path.name) > 1] == []


def test_no_module_is_long():
    modules = [path for path in repository_files() if path.suffix == ".py" and path.parts[0] != "tests"]
    assert [str(path) for path in modules if line_count(path) > 350] == []
