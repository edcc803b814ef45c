"""Command lines made from configurations: types, defaults, several values, nested and positional fields."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from options.config_parser import add_option, new_parser, parse_config


@dataclass(frozen=True, kw_only=True)
class Inner:
    width: int = 4


@dataclass(frozen=True, kw_only=True)
class Outer:
    motions: tuple[Path, ...]
    rate_hz: float | None = None
    names: tuple[str, ...] = ("a", "b")
    overwrite: bool = False
    verify: bool = True
    inner: Inner = field(default_factory=Inner)
    without_flag: str = "kept"


@pytest.fixture
def parser():
    parser = new_parser("python script.py")
    add_option(parser, Outer, "motions", flags=("motions",), help="Files.")
    for path in ("rate_hz", "names", "overwrite", "verify", "inner.width"):
        add_option(parser, Outer, path, help=f"Value of {path}.")
    return parser


def test_defaults_are_those_of_the_configuration(parser):
    assert parse_config(parser, Outer, ["x.mot"]) == Outer(motions=(Path("x.mot"),))


def test_flags_have_the_types_of_the_fields(parser):
    line = ["x.mot", "y.mot", "--rate-hz", "60", "--names", "c", "--overwrite", "--no-verify", "--width", "8"]
    assert parse_config(parser, Outer, line) == Outer(
        motions=(Path("x.mot"), Path("y.mot")),
        rate_hz=60.0,
        names=("c",),
        overwrite=True,
        verify=False,
        inner=Inner(width=8),
    )


def test_a_tilde_that_the_shell_has_left_is_the_home_folder(parser, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    motions = parse_config(parser, Outer, ["~/x.mot", "~", "a~/x.mot", "~nobody-of-this-name/x.mot"]).motions
    assert motions == (
        Path("/home/ada/x.mot"),
        Path("/home/ada"),
        Path("a~/x.mot"),
        Path("~nobody-of-this-name/x.mot"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x.mot --width wide",
        "x.mot --width 1_0",
        "x.mot --width \u0664",
        "x.mot --rate-hz 1e309",
        "x.mot --rate-hz +nan",
        "x.mot --rate-hz 6_0",
        "x.mot --unknown 1",
        "x.mot --rate 60",
        "'' --width 8",
    ],
)
def test_other_command_lines_are_refused_with_status_2(parser, line, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse_config(parser, Outer, shlex.split(line))
    assert stopped.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_help_states_defaults_as_a_user_types_them(parser):
    text = " ".join(parser.format_help().split())
    assert text.startswith("usage:")
    assert "Value of names. (default: a b)" in text
    assert "Value of verify. (default: on)" in text
    assert "Value of rate_hz. --" in text
