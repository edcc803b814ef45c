"""Replacement of named blocks of a Markdown file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.guarded_files import LARGEST_LIST_BYTES, read_text

_BLOCK = "<!-- {name} -->\n{text}\n<!-- end of {name} -->"


def write_blocks(path: Path, blocks: Mapping[str, str]) -> None:
    """Put each text between the comments `<!-- name -->` and `<!-- end of name -->`; all other text stays.

    Args:
        path: the Markdown file.
        blocks: texts by name.

    Raises:
        InputError: as `read_with_blocks`; nothing is written then.
    """
    content = read_with_blocks(path, blocks)
    for name, text in blocks.items():
        pattern = _pattern_of(name)
        block = _BLOCK.format(name=name, text=text).replace("\\", r"\\")  # a backslash would be read as a group
        content = pattern.sub(block, content)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="")  # the line ends of the file


def read_with_blocks(path: Path, names: Iterable[str]) -> str:
    """The text of a Markdown file that has these blocks, each once.

    Args:
        path: the Markdown file.
        names: names of the blocks.

    Raises:
        InputError: the file cannot be read as text in UTF-8, or a block is missing or there twice.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; expected one with the blocks {', '.join(names)}")
    content = read_text(path, LARGEST_LIST_BYTES)
    for name in names:
        found = len(_pattern_of(name).findall(content))
        if found != 1:
            count = "none" if found == 0 else f"{found} of them"
            raise InputError(f"{path}: expected a block <!-- {name} --> ... <!-- end of {name} -->, found {count}")
    return content


def _pattern_of(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(f"<!-- {name} -->") + ".*?" + re.escape(f"<!-- end of {name} -->"), re.DOTALL)
