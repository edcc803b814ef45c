"""Which sessions train and which are held out: by subject, so that no person is on both sides."""

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
    """Session ids on either side, and where the split is from."""

    training: tuple[str, ...]
    held_out: tuple[str, ...]
    origin: str

    def write(self, path: str | Path) -> None:
        """Write the split as JSON, to lie beside the run that used it."""
        write_json(path, asdict(self))


def read_ids(path: str | Path) -> list[str]:
    """Ids of sessions or subjects, one a line; `#` starts a comment. InputError where the file has none."""
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    ids = [line.partition("#")[0].strip() for line in lines]
    ids = [one for one in ids if one]
    if not ids:
        raise InputError(f"{path}: names no session; expected one session or subject id a line")
    return ids


def split_sessions(sessions: Sequence[Session], *, seed: int = 0, holdout_file: str | Path | None = None) -> Split:
    """Split sessions by subject.

    holdout_file: ids of held-out sessions or subjects; other sessions of the same subjects are held out with them. By
    default the shipped UCSD list where it names any of the sessions, else a quarter of the subjects (at least one),
    drawn with `seed` from their sorted names. Raises InputError where either side would be empty.
    """
    if holdout_file is None and {session.id for session in sessions} & set(read_ids(UCSD_HOLDOUT)):
        holdout_file = UCSD_HOLDOUT
    if holdout_file is not None:
        ids = set(read_ids(holdout_file))
        subjects = {session.subject for session in sessions if {session.id, session.subject} & ids}
        origin = f"held-out ids of {Path(holdout_file).name}"
    else:
        everyone = sorted({session.subject for session in sessions})
        count = max(1, round(HELD_OUT_FRACTION * len(everyone)))
        drawn = np.random.default_rng(seed).permutation(len(everyone))[:count]
        subjects = {everyone[i] for i in drawn}
        origin = f"{count} of {len(everyone)} subjects held out, drawn with seed {seed}"
    held_out = tuple(session.id for session in sessions if session.subject in subjects)
    training = tuple(session.id for session in sessions if session.subject not in subjects)
    if not (training and held_out):
        side = "train on" if not training else "hold out"
        raise InputError(
            f"nothing left to {side}: {len(sessions)} session(s) of {_subjects(sessions)} subject(s) (subjectID in "
            f"sessionMetadata.yaml, else the session), {origin}; a split needs two subjects, some but not all held out"
        )
    logger.info(
        "%d sessions of %d subjects: %d to train on, %d held out (%s)",
        len(sessions), _subjects(sessions), len(training), len(held_out), origin,
    )  # fmt: skip
    return Split(training, held_out, origin)


def _subjects(sessions: Sequence[Session]) -> int:
    return len({session.subject for session in sessions})
