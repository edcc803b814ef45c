"""Help of every root script: full sentences, plain words, and defaults as a user would type them."""

import argparse
import builtins
import re
import runpy
import sys
from pathlib import Path

import pytest

from dataset.errors import InputError
from options.surrogate_training_options import TRANSFORMER_FLAGS

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in ROOT.glob("*.py"))


class Parsed(Exception):
    """The parser of a script, in place of what the script would do."""


@pytest.fixture
def parser_of(monkeypatch):
    """The parser of a root script."""

    def stop(parser: argparse.ArgumentParser, *arguments: object) -> None:
        raise Parsed(parser)

    def parser_of(script: str) -> argparse.ArgumentParser:
        with monkeypatch.context() as patch:
            patch.setattr(argparse.ArgumentParser, "parse_args", stop)
            patch.setattr(sys, "path", [str(ROOT), *sys.path])
            main = runpy.run_path(str(ROOT / script))["main"]
            with pytest.raises(Parsed) as raised:
                main()
        return raised.value.args[0]

    return parser_of


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_in_sentences_and_plain_words(script, parser_of):
    parser = parser_of(script)
    for action in parser._actions:
        name = action.option_strings[0] if action.option_strings else action.dest
        assert action.help, name
        assert re.fullmatch(r"([A-Z0-9]|bvh: ).*\.", action.help.removesuffix(")").split(" (default:")[0], re.DOTALL), (
            name
        )
        if action.nargs != 0 and action.choices is None and not isinstance(action, argparse.BooleanOptionalAction):
            assert action.metavar, f"{name} would be shown as {name} {action.dest.upper()}"


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_is_no_wider_than_the_terminal(script, parser_of, monkeypatch):
    """But for the script's docstring, which has lines of 120, and the grammar of constraints, which is one word."""
    monkeypatch.setenv("COLUMNS", "80")
    parser = parser_of(script)
    parser.description, parser.usage = None, "%(prog)s"
    assert [line for line in parser.format_help().splitlines() if len(line) > 80 and " " in line.strip()] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_folder_of_results_has_one_flag_in_all_scripts(script, parser_of):
    for group in parser_of(script)._action_groups:
        for action in group._group_actions if group.title == "output" else []:
            assert action.metavar != "DIR" or "--out-dir" in action.option_strings


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_default_is_shown_as_python_writes_it(script, parser_of):
    text = " ".join(parser_of(script).format_help().split())
    defaults = re.findall(r"\(default: ([^)]*)\)", text)
    assert not [shown for shown in defaults if re.search(r"None|True|False|Path|SUPPRESS|[\[\]({'\"]|\.0\b", shown)]
    assert "==SUPPRESS==" not in text


# What else a script has to be told, so that nothing but the number is wrong.
REQUIRED = {
    "LIMO_Surrogate.py": ["--subject", "somebody"],
    "calculate_floor.py": ["--folder_path", "folder"],
    "calculate_guidance.py": ["--folder_path", "folder"],
    "calculate_wasserstein.py": ["--folder_path", "folder"],
    "export_mot.py": ["a.mot", "--subject", "somebody"],
    "make_tables.py": ["--row", "BIGE=folder"],
    "render_mot.py": ["a.mot", "--subject", "somebody", "--image", "a.png"],
    "report.py": ["run"],
    "retarget_baselines.py": ["--subject", "somebody", "--type", "joints", "--input", "a.npy"],
    "segment_squats.py": ["--subject", "somebody"],
    "simulate_activations.py": ["--subject", "somebody", "--out-dir", "out"],
    "wasserstein_mocap.py": ["--folder_path", "folder"],
}
NUMBERS = {int: ["-7", str(10**40)], float: ["nan", "inf", "-7"]}


class Ran(Exception):
    """A script has gone on to compute."""


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_number_out_of_its_range_is_refused_by_the_name_of_its_flag(script, parser_of, monkeypatch):
    parser = parser_of(script)
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    main = runpy.run_path(str(ROOT / script))["main"]
    actions = [action for action in parser._actions if action.option_strings and action.type in NUMBERS]
    for flag, text in [(action.option_strings[0], text) for action in actions for text in NUMBERS[action.type]]:
        more = ["--sample", "2"] if flag == "--sample-noise" else []
        if script == "surrogate_training.py" and flag in TRANSFORMER_FLAGS.values():
            more = ["--kinematics"]
        monkeypatch.setattr(sys, "argv", [script, *REQUIRED.get(script, []), *more, f"{flag}={text}"])
        with monkeypatch.context() as patch:
            patch.setattr("builtins.__import__", _stop_at_utils(script))
            with pytest.raises(InputError, match=f"^{flag} is {re.escape(text)[:9]}.*expected"):
                main()


def _stop_at_utils(script):
    real = builtins.__import__

    def guarded(name, globals=None, locals=None, fromlist=(), level=0):
        # After its configuration, a root script imports the capability inside `main`.
        if globals and globals.get("__file__") == str(ROOT / script):
            raise Ran
        return real(name, globals, locals, fromlist, level)

    return guarded
