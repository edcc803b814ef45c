"""Paths, modules, identifiers, flags, links and commands that the documents name exist."""

import argparse
import ast
import re
import runpy
import shlex
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SESSION = ROOT / "demo/shipped/Data/demo-person-040"  # an example of what a session's relative paths mean
DOCUMENTS = [
    "NOTICE",
    *(str(path.relative_to(ROOT)) for folder in (".", "docs") for path in sorted((ROOT / folder).glob("*.md"))),
]
ROOMS = "models|dataset|utils|options|tests|benchmarks|pretrained|docs|splits"
PATH = re.compile(rf"(?<![\w./<-])(?:{ROOMS})/[\w./*-]*")
SCRIPT = re.compile(r"(?<![\w./<-])\w+\.(?:py|toml|cff)\b")
MODULE = re.compile(r"(?<![\w./-])(?:models|dataset|utils|options)(?:\.\w+)+")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
IDENTIFIER = re.compile(r"[A-Za-z]\w+")


@cache
def words_of_the_code() -> frozenset[str]:
    """Identifiers and words of string constants of the packages and scripts, and words of the files' names.

    Names of coordinates, muscles and flags are string constants. Comments and docstrings do not count.
    """
    folders = ("models", "dataset", "utils", "options")
    files = [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    words = {word for path in (*files, *SESSION.rglob("*")) for word in re.findall(r"\w+", path.name)}
    for path in files:
        words |= identifiers_of(ast.parse(path.read_text()))
    return frozenset(words)


def identifiers_of(tree: ast.Module) -> set[str]:
    """Names that are defined or used in a module, and the words of its string constants without its docstrings."""
    defining = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, defining) and
                  node.body and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    names: set[str] = set()
    for node in ast.walk(tree):
        names |= {getattr(node, field) for field in ("id", "attr", "arg", "name") if hasattr(node, field)} - {None}
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            names |= set(re.findall(r"\w+", node.value))
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= set(node.module.split("."))
    return names


def exists(path: str) -> bool:
    path = path.rstrip("/.")
    return any(next(folder.glob(path), None) is not None for folder in (ROOT, SESSION))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_paths_and_modules_that_a_document_names_exist(document):
    text = (ROOT / document).read_text()
    paths = {*PATH.findall(text), *SCRIPT.findall(text)}
    modules = {name.replace(".", "/") for name in MODULE.findall(text) if not exists(name)}
    assert [path for path in sorted(paths) if not exists(path)] == []
    assert [name for name in sorted(modules) if not module_exists(name)] == []


def module_exists(name: str) -> bool:
    """Whether `a/b/c` is a package, a module, or a name in the module `a/b`."""
    module, _, attribute = name.rpartition("/")
    if exists(name) or exists(f"{name}.py"):
        return True
    return exists(f"{module}.py") and re.search(rf"\b{attribute}\b", (ROOT / f"{module}.py").read_text()) is not None


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document):
    page = ROOT / document
    assert [link for link in LINK.findall(page.read_text()) if not leads_somewhere(page, *link)] == []


def leads_somewhere(page: Path, link: str, title: str) -> bool:
    """Whether the file of a link exists and has the title after `#`, as GitHub writes titles in links."""
    target = page.parent / link if link else page
    if not title:
        return target.exists()
    titles = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
    return title in {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in titles}


def test_the_glossary_names_identifiers_of_the_code():
    """Also flags: `--total-iter` is the field `total_iter` of a configuration."""
    text = (ROOT / "docs/glossary.md").read_text()
    unknown = set()
    for quoted in re.findall(r"`([^`]+)`", text):
        plain = re.sub(r"<[^>]*>", " ", quoted)
        for flag in re.findall(r"--([a-z][a-z-]+)", plain):
            if flag.replace("-", "_") not in words_of_the_code() and flag not in words_of_the_code():
                unknown.add(flag)
        plain = re.sub(r"--[a-z-]+", " ", plain)
        unknown |= {word for word in IDENTIFIER.findall(plain) if word not in words_of_the_code()}
    assert sorted(unknown) == []


def test_the_architecture_drawing_contains_every_package():
    text = (ROOT / "docs/architecture.md").read_text()
    rooms = [path.parent.relative_to(ROOT) for room in ("models", "dataset", "utils") for path in
             (ROOT / room).glob("*/__init__.py")]  # fmt: skip
    assert [str(room) for room in sorted(rooms) if f"{room}/" not in text] == []


@pytest.mark.parametrize("room", ["models", "dataset", "utils"])
def test_the_architecture_drawing_has_the_layers_of_the_contract(room):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == [room])
    drawing = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    drawn = [re.findall(rf"{room}/(\w+)/", line) for line in drawing.splitlines()]
    packages = {name for line in drawn for name in line}
    expected = [sorted(packages & set(layer.split(" | "))) for layer in layers]
    assert [sorted(line) for line in drawn if line] == [names for names in expected if names]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200


def documented_commands() -> list[str]:
    """Every command line of a root script in a code block of the documents."""
    commands = []
    for document in DOCUMENTS:
        for block in re.findall(r"```\n(.*?)```", (ROOT / document).read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            commands += [" ".join(line.split()) for line in lines if re.match(r"python3? \w+\.py", line)]
    return sorted(set(commands))


class Accepted(Exception):
    """Raised in place of running a script whose arguments were parsed."""


@pytest.mark.parametrize("command", documented_commands())
def test_the_script_accepts_a_documented_command(command, monkeypatch):
    parse_args = argparse.ArgumentParser.parse_args

    def parse_only(parser, *arguments):
        parse_args(parser, *arguments)
        raise Accepted

    _, script, *arguments = shlex.split(command, comments=True)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr("sys.argv", [script, *arguments])
    with pytest.raises((Accepted, SystemExit)) as ended:
        runpy.run_path(str(ROOT / script))["main"]()
    assert ended.type is Accepted or ended.value.code == 0  # a list, as of `--list-quantities`, ends a script at once
