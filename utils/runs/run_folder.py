"""Names of the files that a run writes for one session."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from dataset.locations import MOTIONS_FOLDER, SESSION_PREFIX


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

    def refuse_existing(self, overwrite: bool) -> None:
        """Raise InputError where the session has motions there already, unless they may be replaced."""
        old = list(self.motions.glob("entry_*.mot"))
        if old and not overwrite:
            raise InputError(f"{self.motions} already holds {len(old)} motions; give --overwrite or another --exp-name")

    @contextmanager
    def replace_motions(self) -> Iterator[Path]:
        """Yield a temporary folder for new motions and the files beside them.

        They replace the session's old motions when the block ends without an error; otherwise the old ones stay.
        """
        temporary = self.motions.with_name(f".{self.motions.name}.{os.getpid()}.part")
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            temporary.mkdir(parents=True)
            yield temporary
            self.motions.mkdir(parents=True, exist_ok=True)
            new = sorted(temporary.iterdir())
            for path in new:
                os.replace(path, self.motions / path.name)
            for path in set(self.motions.glob("entry_*.mot")) - {self.motions / path.name for path in new}:
                path.unlink()
        except OSError as error:
            if error.errno is None or not str(error.filename).startswith(str(temporary)):
                raise
            file = str(error.filename).replace(str(temporary), str(self.motions), 1)
            raise OSError(error.errno, error.strerror, file) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
