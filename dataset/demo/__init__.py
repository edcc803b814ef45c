"""Demo sessions: synthetic people who squat, in OpenCap's folder layout, so that everything runs without a download."""

import os
from pathlib import Path

from dataset.errors import InputError

DEMO_VARIABLE = "BIGE_DEMO"
HOLDOUT_NAME = "holdout.txt"
COMPLETE_NAME = "demo.json"
_REPOSITORY = Path(__file__).resolve().parents[2]
FULL, SHIPPED = _REPOSITORY / "demo" / "full", _REPOSITORY / "demo" / "shipped"


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
    if (FULL / COMPLETE_NAME).is_file():
        return FULL
    if SHIPPED.is_dir():
        return SHIPPED
    raise InputError(f"no demo sessions in {FULL} or {SHIPPED}; make them: python make_demo_sessions.py")


def demo_holdout(root: Path) -> Path | None:
    """The file that lists the held-out people of a demo root, or None where it has none."""
    path = Path(root) / HOLDOUT_NAME
    return path if path.is_file() else None
