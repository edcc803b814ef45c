"""Which sessions a trained network has seen, so that it is evaluated on others."""

import logging
from collections.abc import Sequence
from pathlib import Path

from dataset.errors import InputError
from dataset.io.guarded_files import read_json_object_or_none
from dataset.sessions import Session, discover_sessions
from dataset.spelling import list_names
from dataset.splits import SETS, Split, find_subjects, split_by_subject
from utils.checkpoints.checkpoint_file import find_checkpoint, read_checkpoint

logger = logging.getLogger("bige")


def split_of_network(path: str | Path) -> Split | None:
    """The split of the training that a checkpoint is from; None where neither it nor the files beside it say.

    Args:
        path: a checkpoint file or a run folder.

    Raises:
        InputError: there is no checkpoint.
    """
    path = find_checkpoint(path)
    run = read_checkpoint(path).get("run")
    stored = run.get("split") if isinstance(run, dict) else read_json_object_or_none(path.with_name("split.json"))
    try:
        return None if stored is None else Split.of(stored)
    except (KeyError, TypeError):
        return None


def split_for_network(path: str | Path, root: Path, seed: int) -> tuple[dict[str, Session], Split]:
    """The sessions under a data root by their id, and the split of them for a trained network.

    The split is that of the training, with the sessions that are there. Where the training knew none of them, they are
    split as a training would.

    Args:
        path: a checkpoint file or a run folder.
        root: the data root.
        seed: seed of a random split, see `split_sessions`.

    Raises:
        InputError: there is no checkpoint, or no session.
    """
    trained = split_of_network(path)
    sessions = {session.id: session for session in discover_sessions(root)}
    known = {*trained.training, *trained.validation, *trained.held_out} if trained else set()
    if trained is None or not known & set(sessions):
        sessions, split = split_by_subject(root, seed)
        if trained is None:
            logger.warning(
                "%s does not say which sessions it was trained on; those that are held out here (%s) may be among them",
                path, split.origin,
            )  # fmt: skip
        return sessions, split
    sets = {name: [one for one in getattr(trained, name) if one in sessions] for name in SETS}
    split = Split.of(sets | {"origin": f"that of the training of {path}: {trained.origin}"})
    if new := sorted(set(sessions) - known):
        logger.warning(
            "%d session(s) that the training of %s did not know are in no set of its split: %s",
            len(new), path, list_names(new),
        )  # fmt: skip
    logger.info("%d sessions held out, by the split of the training of %s", len(split.held_out), path)
    return sessions, split


def sessions_to_evaluate(
    path: str | Path, root: Path, subjects: Sequence[str], seed: int
) -> tuple[list[Session], Split | None]:
    """The sessions on which a network is evaluated, and the split that they are from; None where they are named.

    Args:
        path: a checkpoint file or a run folder.
        root: the data root.
        subjects: ids of sessions or subjects, or `all`; empty for those that the training held out, see
            `split_for_network`.
        seed: seed of a random split.

    Raises:
        InputError: there is no checkpoint or no such session, or all were trained on.
    """
    if not subjects:
        sessions, split = split_for_network(path, root, seed)
        if not split.held_out:
            raise InputError(
                f"{root} has none of the sessions that the training of {path} held out; name sessions with --subjects"
            )
        return [sessions[name] for name in split.held_out], split
    named = find_subjects(root, subjects)
    trained = split_of_network(path)
    seen = {*trained.training, *trained.validation} & {session.id for session in named} if trained else set()
    if seen:
        logger.warning(
            "%d of the %d sessions were among the training or validation sessions of %s (%s); the errors on unknown "
            "people are larger",
            len(seen), len(named), path, list_names(sorted(seen)),
        )  # fmt: skip
    return named, None
