"""Replacement of named blocks of a Markdown file."""

import re
from collections.abc import Mapping
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write

_BLOCK = "<!-- {name} -->\n{text}\n<!-- end of {name} -->"


def write_blocks(path: Path, blocks: Mapping[str, str]) -> None:
    """Put each text between the comments `<!-- name -->` and `<!-- end of name -->`; all other text stays.

    Args:
        path: the Markdown file.
        blocks: texts by name.

    Raises:
        InputError: the file or one of the blocks is missing; nothing is written then.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; expected one with the blocks {', '.join(blocks)}")
    content = path.read_text(encoding="utf-8")
    for name, text in blocks.items():
        pattern = re.compile(re.escape(f"<!-- {name} -->") + ".*?" + re.escape(f"<!-- end of {name} -->"), re.DOTALL)
        if not pattern.search(content):
            raise InputError(f"{path}: expected a block <!-- {name} --> ... <!-- end of {name} -->, found none")
        block = _BLOCK.format(name=name, text=text).replace("\\", r"\\")  # a backslash would be read as a group
        content = pattern.sub(block, content)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
