"""Names of the files that a run writes for one session."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError


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
        return self.run / "mot_visualization" / f"latents_subject_run_{self.session}"

    @property
    def losses(self) -> Path:
        """Table of the losses, one row per iteration."""
        return self.run / f"losses_{self.session}.csv"

    @property
    def events(self) -> Path:
        """Folder of the session's TensorBoard events."""
        return self.run / "tensorboard" / self.session

    def prepare(self, overwrite: bool) -> None:
        """Make the folders and remove the session's old motions and events.

        Raises:
            InputError: the session has motions there already and `overwrite` is false.
        """
        old = sorted(self.motions.glob("entry_*.mot"))
        if old and not overwrite:
            raise InputError(f"{self.motions} already holds {len(old)} motions; give --overwrite or another --exp-name")
        for path in [*old, *self.events.glob("events.out.tfevents.*")]:
            path.unlink()
        self.motions.mkdir(parents=True, exist_ok=True)
