"""Names of the files that a run writes for one session."""

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

    def refuse_existing(self, overwrite: bool) -> None:
        """Raise InputError where the session has motions there already, unless they may be replaced."""
        old = list(self.motions.glob("entry_*.mot"))
        if old and not overwrite:
            raise InputError(f"{self.motions} already holds {len(old)} motions; give --overwrite or another --exp-name")

    def remove_motions(self) -> None:
        """Remove the session's old motions."""
        for path in self.motions.glob("entry_*.mot"):
            path.unlink()

    def prepare(self, overwrite: bool) -> None:
        """Make the folder of the motions and remove old ones.

        Raises:
            InputError: the session has motions there already and `overwrite` is false.
        """
        self.refuse_existing(overwrite)
        self.remove_motions()
        self.motions.mkdir(parents=True, exist_ok=True)
