"""Choice of sessions by their subjects, and their split into training, validation and held-out ones.

No subject is in two sets.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import write_json
from dataset.io.guarded_files import LARGEST_LIST_BYTES, read_text
from dataset.locations import UCSD_HOLDOUT, demo_holdout, demo_validation
from dataset.sessions import Session, discover_sessions
from dataset.spelling import list_names

logger = logging.getLogger("bige")

HELD_OUT_FRACTION = 0.25  # 20 of the paper's 80 subjects
VALIDATION_FRACTION = 0.15
SETS = ("training", "validation", "held_out")


@dataclass(frozen=True)
class Split:
    """A split of sessions.

    Attributes:
        training: ids of the sessions to train on.
        validation: ids of the sessions that choose the checkpoint.
        held_out: ids of the held-out sessions, on which the chosen checkpoint is evaluated once.
        origin: how the split was made, in words.
    """

    training: tuple[str, ...]
    validation: tuple[str, ...]
    held_out: tuple[str, ...]
    origin: str

    def write(self, path: str | Path) -> None:
        """Write the split as JSON."""
        write_json(path, asdict(self))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Split":
        """The split that `write` wrote.

        Raises:
            KeyError, TypeError: the values are not those of a split.
        """
        return cls(**{name: tuple(map(str, values[name])) for name in SETS}, origin=str(values["origin"]))


def read_ids(path: str | Path) -> list[str]:
    """Read ids of sessions or subjects, one per line; `#` starts a comment.

    Raises:
        InputError: the file cannot be read or has no ids.
    """
    lines = read_text(path, LARGEST_LIST_BYTES).splitlines()
    ids = [line.partition("#")[0].strip() for line in lines]
    ids = [name for name in ids if name]
    if not ids:
        raise InputError(f"{path}: has no ids; expected one id of a session or subject per line")
    return ids


def find_subjects(root: Path, subjects: Sequence[str]) -> list[Session]:
    """The sessions of some subjects under a data root.

    Args:
        root: the data root.
        subjects: ids of sessions or subjects, or `all`.

    Raises:
        InputError: there is no session or subject of that id.
    """
    sessions = discover_sessions(root)
    subjects = [name.rstrip("/") for name in subjects]
    if subjects == ["all"]:
        return sessions
    known = {name for session in sessions for name in (session.id, session.subject)}
    unknown = [name for name in subjects if name not in known]
    if unknown:
        apart = " (names are separated by spaces)" if "," in unknown[0] else ""
        raise InputError(f"{root} has no session or subject {unknown[0]}{apart}; it has {list_names(sorted(known))}")
    return [session for session in sessions if {session.id, session.subject} & set(subjects)]


def split_by_subject(root: Path, seed: int, kept: Split | None = None) -> tuple[dict[str, Session], Split]:
    """The sessions under `root` by their id, and their split.

    Args:
        root: the data root; a demo root names its own sets of subjects.
        seed: seed of a random split, see `split_sessions`.
        kept: a split that was made before, which is used instead, see `keep_split`.

    Raises:
        InputError: there are no sessions, one of the sets is empty, or a session of a kept split is not there.
    """
    sessions = discover_sessions(root)
    if kept is not None:
        return {session.id: session for session in sessions}, keep_split(sessions, kept, root)
    split = split_sessions(sessions, seed=seed, holdout_file=demo_holdout(root), validation_file=demo_validation(root))
    return {session.id: session for session in sessions}, split


def split_sessions(
    sessions: Sequence[Session],
    *,
    seed: int = 0,
    holdout_file: str | Path | None = None,
    validation_file: str | Path | None = None,
) -> Split:
    """Split sessions by subject.

    Args:
        sessions: the sessions to split.
        seed: seed of a random split.
        holdout_file: ids of held-out sessions or subjects; other sessions of the same subjects are held out as well. By
            default the list of UCSD's held-out sessions, if any of the sessions is in it; else a quarter of the
            subjects (at least one) is drawn.
        validation_file: the same of the validation subjects. By default 15 % of the subjects (at least one) are drawn
            from those that are not held out. Of two subjects, the held-out one has to serve as validation too.

    Raises:
        InputError: no session is left to train on, or none is held out.
    """
    if holdout_file is None and {session.id for session in sessions} & set(read_ids(UCSD_HOLDOUT)):
        holdout_file = UCSD_HOLDOUT
    names = sorted({session.subject for session in sessions})
    generator = np.random.default_rng(seed)
    if holdout_file is not None:
        held_out, origin = _subjects_in(holdout_file, sessions), f"held-out ids of {Path(holdout_file).name}"
    else:
        held_out = _drawn(names, HELD_OUT_FRACTION * len(names), generator)
        origin = f"{len(held_out)} of {len(names)} subjects held out, drawn with seed {seed}"
    if validation_file is not None:
        validation = _listed_for_validation(validation_file, sessions, held_out)
        origin += f", validation ids of {Path(validation_file).name}"
    elif len(rest := [name for name in names if name not in held_out]) > 1:
        validation = _drawn(rest, VALIDATION_FRACTION * len(names), generator)
        origin += f", {len(validation)} for validation, drawn with seed {seed}"
    else:
        validation = held_out
        origin += ", which are the validation subjects too, since there are no others"
        logger.warning("only one subject is not held out, so that the held-out subjects choose the checkpoint as well")
    split = Split(
        training=tuple(session.id for session in sessions if session.subject not in held_out | validation),
        validation=tuple(session.id for session in sessions if session.subject in validation),
        held_out=tuple(session.id for session in sessions if session.subject in held_out),
        origin=origin,
    )
    used = {"train on": split.training, "validate with": split.validation, "hold out": split.held_out}
    if not all(used.values()):
        purpose = next(purpose for purpose, ids in used.items() if not ids)
        raise InputError(
            f"no session is left to {purpose}: {len(sessions)} session(s) of {len(names)} subject(s) (subjectID in "
            f"sessionMetadata.yaml, else the session), {origin}; a split needs at least two subjects, of which some "
            "but not all are held out"
        )
    logger.info(
        "%d sessions of %d subjects: %d for training, %d for validation, %d held out (%s)",
        len(sessions), len(names), len(split.training), len(split.validation), len(split.held_out), origin,
    )  # fmt: skip
    return split


def _listed_for_validation(path: str | Path, sessions: Sequence[Session], held_out: set[str]) -> set[str]:
    """The validation subjects of a list, without those that are held out, which are named in the log."""
    listed = _subjects_in(path, sessions)
    if listed & held_out:
        logger.warning(
            "%s: these ids are held out, and do not choose the checkpoint: %s",
            path, list_names(sorted(listed & held_out)),
        )  # fmt: skip
    return listed - held_out


def keep_split(sessions: Sequence[Session], kept: Split, root: Path) -> Split:
    """A split that was made before, of the sessions that it was made of; others are left out and named in the log.

    Args:
        sessions: the sessions that there are.
        kept: the split.
        root: the data root of the sessions.

    Raises:
        InputError: a session of the split is not there.
    """
    known = [*kept.training, *kept.validation, *kept.held_out]
    there = {session.id for session in sessions}
    missing = sorted(set(known) - there)
    if missing:
        raise InputError(
            f"{root} lacks {len(missing)} of the {len(set(known))} sessions of the run that is resumed, such as "
            f"{missing[0]}; name the data of that run with --data-root, or start a new training without --resume-pth"
        )
    new = sorted(there - set(known))
    if new:
        logger.warning(
            "%d session(s) that the resumed run did not have are left out, such as %s; a new training uses them",
            len(new), new[0],
        )  # fmt: skip
    return kept


def _subjects_in(path: str | Path, sessions: Sequence[Session]) -> set[str]:
    """The subjects of the sessions whose id or subject a file lists."""
    ids = read_ids(path)
    found = {session.subject for session in sessions if {session.id, session.subject} & set(ids)}
    if not found:
        raise InputError(f"{path}: none of its {len(ids)} ids, such as {ids[0][:40]!r}, is a session or subject here")
    known = {name for session in sessions for name in (session.id, session.subject)}
    unknown = [name[:40] for name in ids if name not in known]
    if unknown and Path(path) != UCSD_HOLDOUT:  # of which a data root may have some sessions only
        logger.warning(
            "%s: %d of its %d ids are no session or subject here, so nothing is held back for them: %s",
            path, len(unknown), len(ids), list_names(unknown),
        )  # fmt: skip
    return found


def _drawn(names: Sequence[str], count: float, generator: np.random.Generator) -> set[str]:
    """`count` of the names, rounded, at least one."""
    return {names[i] for i in generator.permutation(len(names))[: max(1, round(count))]}
