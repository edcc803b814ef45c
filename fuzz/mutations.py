"""Mutations of valid files: bytes, tokens and lines, and the parts of zip archives."""

import io
import random
import re
import zipfile
from collections.abc import Callable

_TOKENS = (
    b"nan",
    b"+nan",
    b"-inf",
    b"1e999",
    b"-1",
    b"0",
    b"1e308",
    b"9" * 400,
    b"True",
    b"null",
    b"\xa0",
    b"1_0",
    b"0x1F",
    b"",
    b" ",
    b"\t",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"../..",
    b"%s%n",
    b"[",
    b"]",
    b"{",
    b"}",
    b"<",
    b">",
    b"&",
    b"*a",
    b"&a",
    b"!!python/object",
    b":",
    b",",
    b"-",
    b"'",
    b'"',
    b"\\",
    b"#",
    b"0 0 0",
    b"1:1:1:1",
)
_WORD = re.compile(rb"[\w.+-]+")
_ELEMENT = re.compile(rb"<(\w+)[^<>]*>[^<>]*</\1>")


def mutated(valid: bytes, source: random.Random) -> bytes:
    """A file that differs from a valid one in one or a few places.

    Args:
        valid: a valid file.
        source: of the random choices.
    """
    if valid[:2] == b"PK" and source.random() < 0.7:
        return _with_changed_part(valid, source)
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        valid = source.choice(_KINDS)(valid, source)
    return valid


def _with_changed_part(archive: bytes, source: random.Random) -> bytes:
    """A zip archive, one of whose parts is changed, whose check sums are right."""
    with zipfile.ZipFile(io.BytesIO(archive)) as parts:
        content = {info.filename: (parts.read(info), info.compress_type) for info in parts.infolist()}
    if not content:
        return archive
    name = source.choice(list(content))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as parts:
        for own, (values, kind) in content.items():
            change = own == name
            if change and source.random() < 0.1:
                continue
            parts.writestr(zipfile.ZipInfo(own), mutated(values, source) if change else values, kind)
    return target.getvalue()


def _bytes(valid: bytes, source: random.Random) -> bytes:
    changed = bytearray(valid)
    for _ in range(source.choice((1, 3, 20)) if changed else 0):
        changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed)


def _cut(valid: bytes, source: random.Random) -> bytes:
    return valid[: source.randrange(len(valid) + 1)]


def _without_piece(valid: bytes, source: random.Random) -> bytes:
    start = source.randrange(len(valid) + 1)
    return valid[:start] + valid[start + source.choice((1, 4, 100, 1000)) :]


def _repeated_piece(valid: bytes, source: random.Random) -> bytes:
    start = source.randrange(len(valid) + 1)
    piece = valid[start : start + source.choice((1, 8, 200))]
    return valid[:start] + piece * source.choice((2, 10, 1000)) + valid[start:]


def _token(valid: bytes, source: random.Random) -> bytes:
    start = source.randrange(len(valid) + 1)
    return valid[:start] + source.choice(_TOKENS) + valid[start:]


def _word(valid: bytes, source: random.Random) -> bytes:
    """Replace a word or number near a random place."""
    found = _WORD.search(valid, source.randrange(len(valid) + 1))
    if not found:
        return _token(valid, source)
    new = source.choice((*_TOKENS, found.group() * 2, found.group()[:1]))
    return valid[: found.start()] + new + valid[found.end() :]


def _element(valid: bytes, source: random.Random) -> bytes:
    """Empty, remove, repeat or exchange an element of XML near a random place; a line of another text."""
    start = source.randrange(len(valid) + 1)
    found = _ELEMENT.search(valid, start)
    if not found:
        return _line(valid, source)
    other = _ELEMENT.search(valid, source.randrange(len(valid) + 1)) or found
    new = source.choice((b"", b"<" + found[1] + b"/>", found.group() * 3, other.group()))
    return valid[: found.start()] + new + valid[found.end() :]


def _line(valid: bytes, source: random.Random) -> bytes:
    lines = valid.split(b"\n")
    i, j = source.randrange(len(lines)), source.randrange(len(lines))
    lines[i] = source.choice((b"", lines[j], lines[i] * 2, lines[i][:5]))
    return b"\n".join(lines)


_KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _bytes,
    _cut,
    _without_piece,
    _repeated_piece,
    _token,
    _word,
    _word,
    _word,
    _element,
    _element,
    _line,
)
