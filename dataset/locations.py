"""Where the repository keeps what it ships: demo sessions, pretrained networks and lists of held-out sessions."""

import os
from pathlib import Path

from dataset.errors import InputError

DEMO_VARIABLE = "BIGE_DEMO"
HOLDOUT_NAME = "holdout.txt"
COMPLETE_NAME = "demo.json"
REPOSITORY = Path(__file__).resolve().parents[1]
SHIPPED_VQVAE = REPOSITORY / "pretrained" / "vqvae"
SHIPPED_SURROGATE = REPOSITORY / "pretrained" / "surrogate"
UCSD_HOLDOUT = REPOSITORY / "splits" / "ucsd_holdout.txt"
# A run's motions are in <run>/mot_visualization/latents_subject_run_<session>/
MOTIONS_FOLDER, SESSION_PREFIX = "mot_visualization", "latents_subject_run_"
FULL_DEMO, SHIPPED_DEMO = REPOSITORY / "demo" / "full", REPOSITORY / "demo" / "shipped"


def demo_root() -> Path:
    """The data root of the demo sessions: `$BIGE_DEMO`, else `demo/full` once it is complete, else `demo/shipped`.

    Raises InputError where `$BIGE_DEMO` names no folder, or where there is none of them.
    """
    named = os.environ.get(DEMO_VARIABLE)
    if named:
        root = Path(named).expanduser()
        if not root.is_dir():
            raise InputError(f"${DEMO_VARIABLE} names {root}, which is not a folder; make it: make_demo_sessions.py")
        return root
    if (FULL_DEMO / COMPLETE_NAME).is_file():
        return FULL_DEMO
    if SHIPPED_DEMO.is_dir():
        return SHIPPED_DEMO
    raise InputError(f"no demo sessions in {FULL_DEMO} or {SHIPPED_DEMO}; make them: python make_demo_sessions.py")


def demo_holdout(root: Path) -> Path | None:
    """The file that lists the held-out people of a demo root, or None where it has none."""
    path = Path(root) / HOLDOUT_NAME
    return path if path.is_file() else None
