"""Splits of sessions into training and held-out ones, by subject, so that no subject is on both sides."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.locations import UCSD_HOLDOUT
from dataset.sessions import Session

logger = logging.getLogger("bige")

HELD_OUT_FRACTION = 0.25  # 20 of the paper's 80 subjects


@dataclass(frozen=True)
class Split:
    """A split of sessions.

    Attributes:
        training: ids of the sessions to train on.
        held_out: ids of the held-out sessions.
        origin: how the split was made, in words.
    """

    training: tuple[str, ...]
    held_out: tuple[str, ...]
    origin: str

    def write(self, path: str | Path) -> None:
        """Write the split as JSON."""
        write_json(path, asdict(self))


def read_ids(path: str | Path) -> list[str]:
    """Read ids of sessions or subjects, one per line; `#` starts a comment.

    Raises:
        InputError: the file cannot be read or has no ids.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not encoded in UTF-8; save it as UTF-8 in a text editor") from None
    ids = [line.partition("#")[0].strip() for line in lines]
    ids = [name for name in ids if name]
    if not ids:
        raise InputError(f"{path}: has no ids; expected one id of a session or subject per line")
    return ids


def split_sessions(sessions: Sequence[Session], *, seed: int = 0, holdout_file: str | Path | None = None) -> Split:
    """Split sessions by subject.

    Args:
        sessions: the sessions to split.
        seed: seed of a random split.
        holdout_file: ids of held-out sessions or subjects; other sessions of the same subjects are held out as well. By
            default the list of UCSD's held-out sessions, if any of the sessions is in it; else a quarter of the
            subjects (at least one) is drawn.

    Raises:
        InputError: one of the sides is empty.
    """
    if holdout_file is None and {session.id for session in sessions} & set(read_ids(UCSD_HOLDOUT)):
        holdout_file = UCSD_HOLDOUT
    if holdout_file is not None:
        ids = set(read_ids(holdout_file))
        subjects = {session.subject for session in sessions if {session.id, session.subject} & ids}
        origin = f"held-out ids of {Path(holdout_file).name}"
    else:
        names = sorted({session.subject for session in sessions})
        count = max(1, round(HELD_OUT_FRACTION * len(names)))
        drawn = np.random.default_rng(seed).permutation(len(names))[:count]
        subjects = {names[i] for i in drawn}
        origin = f"{count} of {len(names)} subjects held out, drawn with seed {seed}"
    held_out = tuple(session.id for session in sessions if session.subject in subjects)
    training = tuple(session.id for session in sessions if session.subject not in subjects)
    if not (training and held_out):
        side = "train on" if not training else "hold out"
        raise InputError(
            f"no session is left to {side}: {len(sessions)} session(s) of {_subjects(sessions)} subject(s) (subjectID "
            f"in sessionMetadata.yaml, else the session), {origin}; a split needs at least two subjects, of which some "
            "but not all are held out"
        )
    logger.info(
        "%d sessions of %d subjects: %d for training, %d held out (%s)",
        len(sessions), _subjects(sessions), len(training), len(held_out), origin,
    )  # fmt: skip
    return Split(training, held_out, origin)


def _subjects(sessions: Sequence[Session]) -> int:
    return len({session.subject for session in sessions})
