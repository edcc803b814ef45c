"""Locations of what the repository contains: demo sessions, pretrained networks and lists of held-out sessions."""

import os
from hashlib import blake2b
from pathlib import Path

from dataset.errors import InputError

DEMO_VARIABLE, CACHE_VARIABLE = "BIGE_DEMO", "BIGE_CACHE"
HOLDOUT_NAME = "holdout.txt"
VALIDATION_NAME = "validation.txt"
COMPLETE_NAME = "demo.json"
REPOSITORY = Path(__file__).resolve().parents[1]
SHIPPED_VQVAE = REPOSITORY / "pretrained" / "vqvae"
SHIPPED_SURROGATE = REPOSITORY / "pretrained" / "surrogate"
SHIPPED_CONSTRAINTS = REPOSITORY / "constraints"
UCSD_HOLDOUT = REPOSITORY / "splits" / "ucsd_holdout.txt"
# A run's motions are in <run>/mot_visualization/latents_subject_run_<session>/
MOTIONS_FOLDER, SESSION_PREFIX = "mot_visualization", "latents_subject_run_"
FULL_DEMO, SHIPPED_DEMO = REPOSITORY / "demo" / "full", REPOSITORY / "demo" / "shipped"


def expanded(path: str | Path) -> Path:
    """A path as a user wrote it, a leading `~` replaced by the home folder; `~name` of no user stays as it is."""
    return Path(os.path.expanduser(path))


def demo_root() -> Path:
    """The data root of the demo sessions: `$BIGE_DEMO`, else `demo/full` if it is complete, else `demo/shipped`.

    Raises:
        InputError: `$BIGE_DEMO` is not a folder, or there are no demo sessions.
    """
    named = os.environ.get(DEMO_VARIABLE)
    if named:
        root = expanded(named)
        if not root.is_dir():
            raise InputError(
                f"${DEMO_VARIABLE} is {root}, which is not a folder; make_demo_sessions.py --out-dir makes it"
            )
        return root
    if (FULL_DEMO / COMPLETE_NAME).is_file():
        return FULL_DEMO
    if SHIPPED_DEMO.is_dir():
        return SHIPPED_DEMO
    raise InputError(f"no demo sessions in {FULL_DEMO} or {SHIPPED_DEMO}; make them with python make_demo_sessions.py")


def demo_holdout(root: Path) -> Path | None:
    """The file that lists the held-out subjects of a demo root, or None where there is no such file."""
    return _existing(Path(root) / HOLDOUT_NAME)


def demo_validation(root: Path) -> Path | None:
    """The file that lists the validation subjects of a demo root, or None where there is no such file."""
    return _existing(Path(root) / VALIDATION_NAME)


def cache_folder(root: Path, content: str) -> Path:
    """Folder in which what is made from a data root is kept, below $BIGE_CACHE or the user's cache folder.

    It is made where it is missing. It can be deleted at any time; what is missing is made anew.

    Args:
        root: the data root.
        content: what is kept, as the name of a folder.

    Raises:
        InputError: the folder cannot be made.
    """
    named = os.environ.get(CACHE_VARIABLE)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    base = expanded(named) if named else Path(cache) / "bige"
    root = root.resolve()
    folder = base / content / f"{root.name}-{blake2b(str(root).encode(), digest_size=6).hexdigest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: {content} cannot be stored there ({error.strerror}); name another folder with ${CACHE_VARIABLE}"
        ) from None
    return folder


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
