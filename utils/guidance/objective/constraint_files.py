"""Files of constraints: YAML or JSON, a person's own or one that is shipped in `constraints/`.

    constraints:
      - knee_flexion:max:within:110:130
      - {quantity: activation, argument: quadriceps, statistic: max, comparison: above, low: 0.5}

A file may also be the list alone. Its other keys, `title` and `about`, are for people.
"""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from yaml import MarkedYAMLError, SafeLoader, YAMLError
from yaml.events import AliasEvent
from yaml.nodes import MappingNode

from dataset.errors import InputError
from dataset.locations import SHIPPED_CONSTRAINTS
from utils.guidance.objective.constraint_grammar import parse_term, term_from
from utils.guidance.objective.constraints import Term

_MOST_BYTES = 2**20
_KEYS = {"title", "about", "constraints"}
_SUFFIX = ".yaml"


class _Loader(SafeLoader):
    """YAML of plain values, without references between its parts and with each key once."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(AliasEvent):
            raise YAMLError("it refers to another of its parts with *, which constraints need not")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key.value, str)]
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        if repeated:
            raise YAMLError(f"the key {repeated[0]!r} occurs twice in one entry")
        return super().construct_mapping(node, deep)


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
    if isinstance(content, dict):
        unknown = sorted(set(map(str, content)) - _KEYS)
        if unknown:
            raise InputError(f"{path}: unknown key {unknown[0][:40]!r}; known are {', '.join(sorted(_KEYS))}")
        content = content.get("constraints")
    if not isinstance(content, list) or not content:
        raise InputError(f"{path}: expected a list of constraints, or the key constraints with that list")
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
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path}: is larger than 1 MB, which no list of constraints is")
        text = path.read_text(encoding="utf-8")
        if kind == "JSON":
            return json.loads(text)
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except RecursionError:
        raise InputError(f"{path}: its lists are nested too deeply for constraints") from None
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise InputError(f"{path}: not a YAML file ({line}{error.problem or error.context})") from None
    except (ValueError, YAMLError) as error:
        raise InputError(f"{path}: not a {kind} file ({' '.join(str(error).split())[:200]})") from None
