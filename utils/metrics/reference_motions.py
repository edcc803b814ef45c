"""The reference motions of an evaluation, and where they are looked for."""

import logging
from collections.abc import Sequence
from pathlib import Path

from dataset.errors import InputError
from dataset.locations import FULL_DEMO, SHIPPED_DEMO, demo_root, expanded
from dataset.motion_folders.file_types import MUSCLE_DRIVEN
from dataset.motion_folders.folder_reader import read_motion_folder
from dataset.sessions import discover_sessions
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.motion_set import MotionSet, find_known_sessions

logger = logging.getLogger("bige")


def load_reference(
    folder: str | Path | None,
    networks: EvaluationNetworks,
    *,
    fallbacks: Sequence[Path | None] = (),
    data_root: Path | None = None,
) -> MotionSet:
    """Read the reference motions: the muscle-driven repetitions of the sessions in a folder.

    The set is called `Reference`, or `Demo reference` where the subjects are synthetic.

    Args:
        folder: a data root. The recorded trials are taken where none of its sessions has a muscle-driven repetition,
            and the motion files where it holds no session at all. None for the first of `fallbacks` with muscle-driven
            repetitions, and for the demo sessions where there is none; the choice of the demo sessions is logged.
        networks: the networks of the evaluation.
        fallbacks: data roots that are tried in this order where `folder` is None.
        data_root: folder of sessions with the models of subjects that have none in `folder`, beside the demo sessions.

    Raises:
        InputError: there is no motion in the folder.
    """
    root = expanded(folder) if folder else next((f for f in fallbacks if f and _has_muscle_driven(f)), None)
    if root is None:
        root = demo_root()
        logger.warning("reference: the synthetic demo sessions in %s; name recorded ones with --reference", root)
    name = "Demo reference" if is_demo_root(root) else "Reference"
    sessions = find_known_sessions(data_root)
    try:
        discover_sessions(root)
    except InputError:
        return MotionSet.of(name, read_motion_folder(root, "mot", sessions=sessions), networks)
    if _has_muscle_driven(root):
        return MotionSet.of(name, read_motion_folder(root, MUSCLE_DRIVEN, sessions=sessions), networks)
    logger.warning("reference: %s has no muscle-driven repetition, so its recorded trials are taken", root)
    return MotionSet.of(name, read_motion_folder(root, "mocap", sessions=sessions), networks)


def _has_muscle_driven(root: Path) -> bool:
    return any(session.muscle_driven for session in discover_sessions(root))


def is_demo_root(root: Path) -> bool:
    """Whether a folder is a data root of demo sessions, or inside one."""
    demo = {SHIPPED_DEMO.resolve(), FULL_DEMO.resolve(), demo_root().resolve()}
    return bool(demo & {root.resolve(), *root.resolve().parents})
