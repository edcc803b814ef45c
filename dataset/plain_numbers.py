"""Numbers as people and programs write them in texts: one strict reading for command lines, settings and metadata."""

import math
import re

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
SPACES = " \t\r\n"  # not those of other alphabets, such as the non-breaking one


def plain_number(text: str) -> float | None:
    """The finite number that a text is in full, as `12`, `-.5` or `1e-3`; None for any other text.

    Python's `float` also reads `1_0`, digits of other alphabets, `nan` and `infinity`, and rounds `1e309` to infinity.
    Other programs read none of these, and a person who writes one means something else.
    """
    text = text.strip(SPACES)
    if not _PLAIN.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def plain_integer(text: str) -> int | None:
    """The integer that a text of ASCII digits is in full, with or without a sign; None for any other text."""
    text = text.strip(SPACES)
    return int(text) if re.fullmatch(r"[+-]?\d{1,100}", text, re.ASCII) else None
