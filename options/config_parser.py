"""Command lines made from configuration dataclasses: a flag takes its type, default and destination from a field.

    parser = new_parser(__doc__)
    group = parser.add_argument_group("optimisation")
    add_option(group, GuidanceConfig, "total_iter", help="Iterations of each optimisation.")
    config = parse_config(parser, GuidanceConfig)

Nothing here imports torch, so that `--help` answers at once.
"""

import argparse
import textwrap
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from dataset.errors import InputError
from dataset.locations import expanded
from dataset.plain_numbers import plain_integer, plain_number

Config = TypeVar("Config")


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keep the commands of a script's docstring as typed, wrap other text, and add defaults as users type them."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        default, text = action.default, action.help or ""
        if default is None or default is False or default == [] or default is argparse.SUPPRESS or "default" in text:
            return text
        shown = " ".join(map(_as_typed, default)) if isinstance(default, list | tuple) else _as_typed(default)
        return f"{text} (default: {shown})".replace("%", "%%").replace("%%%%", "%%")

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return textwrap.fill(
            text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )


def _integer(text: str) -> int:
    value = plain_integer(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not an integer such as 12")
    return value


def _number(text: str) -> float:
    value = plain_number(text)
    if value is None:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number such as 0.5")
    return value


def user_path(text: str) -> Path:
    """The path that a word of a command line means; shells leave the `~` of `--out-dir=~/runs` as it is."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; is a variable of the shell not set?")
    return expanded(text)


_CONVERTERS = {int: _integer, float: _number, Path: user_path}


def _as_typed(value: Any) -> str:
    """A value as a user would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def new_parser(description: str) -> argparse.ArgumentParser:
    """A parser whose help opens with `description`, the script's docstring."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=_HelpFormatter, allow_abbrev=False, add_help=False
    )
    parser.add_argument("-h", "--help", action="help", help="Show this help and exit.")
    return parser


def add_option(
    group: argparse._ActionsContainer, config_class: type, path: str, *, flags: Sequence[str] = (), **options: Any
) -> None:
    """Add the flag of a field of a configuration.

    Args:
        group: a parser or an argument group.
        config_class: the dataclass that `parse_config` is to make.
        path: name of the field; of a nested configuration, `outer.inner`.
        flags: names of the flag, by default the field's name with dashes; for a positional argument, the field's name.
        options: further keywords of `add_argument`, such as help, metavar, choices, type and action.
    """
    field, annotation = _find_field(config_class, path)
    flags = tuple(flags) or ("--" + path.rpartition(".")[2].replace("_", "-"),)
    is_positional = not flags[0].startswith("-")
    if not is_positional:
        options["dest"] = path
    if "default" in options:
        pass  # such as argparse.SUPPRESS, so that `refuse_options` can tell whether the flag was given
    elif field.default is not MISSING:
        options["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    elif field.default_factory is not MISSING:
        options["default"] = field.default_factory()
    elif not is_positional:
        options.setdefault("required", True)
    if annotation is bool:
        options.setdefault("action", argparse.BooleanOptionalAction if options["default"] else "store_true")
    else:
        item, several = _item_type(annotation)
        if several and "action" not in options:
            options.setdefault("nargs", "+")
        if item is not str and "action" not in options:
            options.setdefault("type", _CONVERTERS.get(item, item))
    group.add_argument(*flags, **options)


def parse_config(
    parser: argparse.ArgumentParser, config_class: type[Config], arguments: Sequence[str] | None = None
) -> Config:
    """Parse the command line (or `arguments`) and make the configuration of it.

    A field `given` of the configuration gets the names of the fields that the command line names.

    Raises:
        InputError: by the configuration itself, where values do not go together.
    """
    namespace = parser.parse_args(arguments)
    if "given" in config_class.__dataclass_fields__:  # type: ignore[attr-defined]
        namespace.given = given_fields(parser, arguments)
    return config_of(namespace, config_class)


def given_fields(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> tuple[str, ...]:
    """The fields that the command line (or `arguments`) names, `outer.inner` of a nested configuration."""
    absent = object()
    every = argparse.Namespace(**{action.dest: absent for action in parser._actions})
    parsed = vars(parser.parse_args(arguments, every))
    return tuple(sorted(name for name, value in parsed.items() if value is not absent))


def config_of(namespace: argparse.Namespace, config_class: type[Config], prefix: str = "") -> Config:
    """The configuration that parsed arguments describe; fields without a flag keep their defaults."""
    values = {}
    parsed = vars(namespace)
    hints = get_type_hints(config_class)
    for field in fields(config_class):  # type: ignore[arg-type]
        path = prefix + field.name
        if is_dataclass(hints[field.name]):
            values[field.name] = config_of(namespace, hints[field.name], f"{path}.")
        elif path in parsed:
            value = parsed[path]
            values[field.name] = tuple(value) if isinstance(value, list) else value
    return config_class(**values)


def refuse_options(namespace: argparse.Namespace, flags: Mapping[str, str], condition: str) -> None:
    """Refuse flags that would have no effect.

    Args:
        namespace: parsed arguments; the flags were added with the default argparse.SUPPRESS.
        flags: the flags, by the fields that they set.
        condition: when they would have no effect, as it ends the sentence: "without --sample".

    Raises:
        InputError: one of them was given.
    """
    for path, flag in flags.items():
        if path in vars(namespace):
            raise InputError(f"{flag} has no effect {condition}")


def _find_field(config_class: type, path: str) -> tuple[Field[Any], Any]:
    """The field at `path`, and its annotation."""
    name, _, rest = path.partition(".")
    annotation = get_type_hints(config_class)[name]
    if rest:
        return _find_field(annotation, rest)
    return next(field for field in fields(config_class) if field.name == name), annotation


def _item_type(annotation: Any) -> tuple[Any, bool]:
    """What argparse converts each word to, and whether there are several: `tuple[int, ...] | None` -> (int, True)."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation, False
    if (
        get_origin(annotation) in (tuple, list, Sequence)
        or getattr(get_origin(annotation), "__name__", "") == "Sequence"
    ):
        return get_args(annotation)[0], True
    return (Path if annotation is Path else str), False
