"""Names of the files that a run writes for one session."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from dataset.io.atomic_write import named_in_place, remove_leftovers, temporary_path
from dataset.locations import MOTIONS_FOLDER, SESSION_PREFIX
from utils.runs.hold import held

SESSION_LOCK = "lock"  # in the folder of a session's unfinished run


@dataclass(frozen=True)
class RunFolder:
    """The files of one session's run.

    Attributes:
        run: `<out_dir>/<exp_name>`, shared by the sessions of an experiment.
        session: the session's id.
    """

    run: Path
    session: str

    @property
    def motions(self) -> Path:
        """Folder of the session's motions, with their latents, summary and overview."""
        return self.run / MOTIONS_FOLDER / f"{SESSION_PREFIX}{self.session}"

    @property
    def losses(self) -> Path:
        """Table of the losses, one row per iteration."""
        return self.run / f"losses_{self.session}.csv"

    @property
    def events(self) -> Path:
        """Folder of the session's TensorBoard events."""
        return self.run / "tensorboard" / self.session

    @property
    def opensim(self) -> Path:
        """Folder that holds, for each motion, a folder for OpenSim's tools."""
        return self.run / "opensim" / self.session

    @property
    def own_squats(self) -> Path:
        """Folder of the own squats that guidance began with: not among `motions`, which are evaluated together."""
        return self.run / "own_squats" / self.session

    @property
    def unfinished(self) -> Path:
        """Folder of what a run that is going on, or was interrupted, has found so far."""
        return self.run / "unfinished" / self.session

    def hold(self) -> AbstractContextManager[None]:
        """Hold what the run has of the session, so that one process at a time writes its motions.

        Raises:
            InputError: another process holds it.
        """
        return hold_session(self.unfinished)

    def refuse_existing(self, overwrite: bool) -> None:
        """Raise InputError where the session has motions there already, unless they may be replaced."""
        restore_folder(self.motions)
        old = list(self.motions.glob("entry_*.mot"))
        if old and not overwrite:
            raise InputError(f"{self.motions} already holds {len(old)} motions; give --overwrite or another --exp-name")

    @contextmanager
    def replace_motions(self) -> Iterator[Path]:
        """Yield a temporary folder for new motions and the files beside them.

        It takes the place of the session's old folder when the block ends without an error; otherwise the old one
        stays. Files of other programs in the old folder are kept.
        """
        with new_folder(self.motions) as temporary:
            yield temporary
            _keep_other_files(self.motions, temporary)


@contextmanager
def hold_session(unfinished: Path) -> Iterator[None]:
    """As `RunFolder.hold`, by the folder of the session's unfinished run; it is removed in the end if it is empty."""
    refusal = (
        f"{unfinished}: another process is writing motions of this person into the same folder; wait until it has "
        "ended, or choose another --exp-name"
    )
    try:
        with held(unfinished / SESSION_LOCK, refusal):
            yield
    finally:
        for folder in (unfinished, unfinished.parent):  # a killed process may have made them
            with suppress(OSError):  # another process has begun, or sessions are unfinished
                folder.rmdir()


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """Yield a temporary folder, which takes the place of `place` when the block ends without an error.

    Raises:
        OSError: a file cannot be written; `filename` is as if it were written in `place`, which stays as it was.
    """
    restore_folder(place)
    temporary = temporary_path(place)
    for folder in (place.parent, place):  # other files of the old folder are kept in the new one
        remove_leftovers(folder)
    try:
        with named_in_place(temporary, place):
            temporary.mkdir(parents=True)
            yield temporary
            replace_folder(temporary, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_folder(new: Path, place: Path) -> None:
    """Rename a folder to `place`, where there may be another, which is removed.

    At any time one of the two is whole: a process that is killed in between leaves what `restore_folder` puts right.
    """
    restore_folder(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(place):
        os.rename(place, _aside(place))
    os.rename(new, place)
    _remove(_aside(place))


def restore_folder(place: Path) -> None:
    """Undo a `replace_folder` that was killed before the new folder was in place, and complete one that was later."""
    aside = _aside(place)
    if not os.path.lexists(aside):
        return
    if os.path.lexists(place):
        _remove(aside)
    else:
        os.rename(aside, place)


def _aside(place: Path) -> Path:
    """Where a folder is while another takes its place."""
    return place.with_name(f".{place.name}.old")


def _remove(folder: Path) -> None:
    """Remove a folder, or a link to one, if it is there."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _keep_other_files(old: Path, new: Path) -> None:
    """Give the folder `new` what `old` holds beside its motions and is not in `new`, by hard links where possible."""
    if not old.is_dir():
        return
    for path in old.iterdir():
        place = new / path.name
        if place.exists() or (path.name.startswith("entry_") and path.suffix == ".mot"):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, place, symlinks=True, copy_function=_link_or_copy)
        else:
            _link_or_copy(path, place)


def keep_other_kinds(old: Path, new: Path, suffix: str) -> None:
    """Give the folder `new` the files below `old` that do not end in `suffix` and are not in `new`."""
    for path in old.rglob("*"):
        place = new / path.relative_to(old)
        is_file = path.is_symlink() or path.is_file()
        if is_file and path.suffix != suffix and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(path, place)


def _link_or_copy(source: str | Path, place: str | Path) -> None:
    """A file under a second name; a copy where the file system has no hard links."""
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, place, follow_symlinks=False)
