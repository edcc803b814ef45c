"""What a command could not use and went on without, and why."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """A file, trial or repetition that was left out.

    Attributes:
        source: what was left out, such as the name of a trial, with times in seconds where only a part was.
        reason: why, as the end of a sentence.
        is_part: whether it is a part of a trial whose other repetitions are used. Recordings that begin or end during
            a squat are common, so that a part is named and does not make a run incomplete.
    """

    source: str
    reason: str
    is_part: bool = False

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


def left_out_by(sentence: str) -> LeftOut:
    """What an error's sentence, `source: reason`, says was left out."""
    source, _, reason = sentence.partition(": ")
    return LeftOut(source, reason)


def left_out_table(left_out: Sequence[LeftOut]) -> str:
    """A printed table of what was left out, one line each; empty where there is nothing."""
    if not left_out:
        return ""
    width = max(len(item.source) for item in left_out)
    return "\n".join(
        [f"left out ({len(left_out)}):", *(f"  {item.source:<{width}}  {item.reason}" for item in left_out)]
    )


def is_complete(left_out: Sequence[LeftOut]) -> bool:
    """Whether nothing but parts of trials was left out."""
    return all(item.is_part for item in left_out)
