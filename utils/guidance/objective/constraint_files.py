"""Files of constraints: YAML or JSON, a person's own or one that is shipped in `constraints/`.

    constraints:
      - knee_flexion:max:within:110:130
      - {quantity: activation, argument: quadriceps, statistic: max, comparison: above, low: 0.5}

A file may also be the list alone. Its other keys, `title` and `about`, are for people.
"""

from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from yaml import MarkedYAMLError, SafeLoader, YAMLError
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, ScalarNode

from dataset.errors import InputError
from dataset.io.guarded_files import read_json, read_text
from dataset.locations import SHIPPED_CONSTRAINTS
from dataset.plain_numbers import plain_integer, plain_number
from utils.guidance.objective.constraint_grammar import parse_term, term_from
from utils.guidance.objective.constraints import Term

_MOST_BYTES, _MOST_TERMS = 1 << 16, 200
_KEYS = {"title", "about", "constraints"}
_SUFFIX = ".yaml"


class _Loader(SafeLoader):
    """YAML of plain values, without references between its parts and with each key once.

    Numbers are read as those of a line. YAML itself would read 017 as 15, and 9_0 and 1:30 as 90;
    here 017 is 17, and the others stay texts, which are no bounds.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(AliasEvent):
            raise YAMLError("it refers to another of its parts with *, which constraints need not")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = Counter(key.value for key, _ in node.value if isinstance(key.value, str))
        repeated = sorted(key for key, count in keys.items() if count > 1)
        if repeated:
            raise YAMLError(f"the key {repeated[0]!r} occurs twice in one entry")
        return super().construct_mapping(node, deep)


def _number_or_text(loader: _Loader, node: ScalarNode) -> float | int | str:
    text = loader.construct_scalar(node)
    whole, number = plain_integer(text), plain_number(text)
    return text if number is None else number if whole is None else whole


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _number_or_text)


def shipped_constraints() -> list[str]:
    """Names of the sets of constraints that `--constraints NAME` finds."""
    return sorted(path.stem for path in SHIPPED_CONSTRAINTS.glob(f"*{_SUFFIX}"))


def read_terms(path: str | Path) -> list[Term]:
    """The terms of a file, or of a shipped set by its name.

    Raises:
        InputError: the file or one of its terms cannot be read.
    """
    path = _find(Path(path))
    content = _load(path)
    try:
        return _terms(path, content)
    except InputError:
        raise
    except ValueError:  # Python writes no integer of more than 4300 digits into a message
        raise InputError(f"{path}: has an integer of more digits than any bound has") from None


def _terms(path: Path, content: Any) -> list[Term]:
    if isinstance(content, dict):
        unknown = sorted(set(map(str, content)) - _KEYS)
        if unknown:
            raise InputError(f"{path}: unknown key {unknown[0][:40]!r}; known are {', '.join(sorted(_KEYS))}")
        content = content.get("constraints")
    if not isinstance(content, list) or not content:
        raise InputError(f"{path}: expected a list of constraints, or the key constraints with that list")
    if len(content) > _MOST_TERMS:
        raise InputError(f"{path}: has {len(content)} constraints; expected {_MOST_TERMS} at most")
    return [_term(item, f"{path}, constraint {position}") for position, item in enumerate(content, 1)]


def _term(item: Any, source: str) -> Term:
    if isinstance(item, dict):
        return term_from(item, source)
    if not isinstance(item, str):
        raise InputError(f"{source}: expected a line or an object, found {str(item)[:40]!r}")
    try:
        return parse_term(item)
    except InputError as error:
        raise InputError(f"{source}: {str(error).removeprefix('constraint ')}") from None


def _find(path: Path) -> Path:
    """The file, or the shipped set whose name it is."""
    name = path.name.lower().replace("_", "-").replace(" ", "-")
    if path.exists() or len(path.parts) > 1 or path.suffix not in ("", _SUFFIX):
        return path
    shipped = shipped_constraints()
    stem = name.removesuffix(_SUFFIX)
    if stem in shipped:
        return SHIPPED_CONSTRAINTS / f"{stem}{_SUFFIX}"
    similar = get_close_matches(stem, shipped, n=1)
    offered = f"did you mean {similar[0]}?" if similar else f"shipped are {', '.join(shipped)}"
    raise InputError(f"--constraints {path}: there is no such file and no shipped set of this name; {offered}")


def _load(path: Path) -> Any:
    """The content of a YAML or JSON file, of plain values."""
    kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
    try:
        if kind == "JSON":
            return read_json(path, _MOST_BYTES)
        loader = _Loader(read_text(path, _MOST_BYTES))
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except RecursionError:
        raise InputError(f"{path}: its lists are nested too deeply for constraints") from None
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}: not a YAML file ({line}{error.problem or error.context})") from None
    except InputError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, YAMLError) as error:
        raise InputError(f"{path}: not a {kind} file ({' '.join(str(error).split())[:200]})") from None
