"""Where the files of a guidance run are."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError


@dataclass(frozen=True)
class RunFolder:
    """Where the files of one session's run are.

    run: <out-dir>/<exp-name>, shared by the sessions of an experiment. session: the session's id.
    """

    run: Path
    session: str

    @property
    def motions(self) -> Path:
        """Folder of the session's motions, with their latents, summary and overview."""
        return self.run / "mot_visualization" / f"latents_subject_run_{self.session}"

    @property
    def losses(self) -> Path:
        """The iterations' losses."""
        return self.run / f"losses_{self.session}.csv"

    @property
    def events(self) -> Path:
        """The session's TensorBoard events."""
        return self.run / "tensorboard" / self.session

    def prepare(self, overwrite: bool) -> None:
        """Make the folders; InputError where the session's motions are there already, unless they may be replaced."""
        old = sorted(self.motions.glob("entry_*.mot"))
        if old and not overwrite:
            raise InputError(f"{self.motions} already holds {len(old)} motions; give --overwrite or another --exp-name")
        for path in [*old, *self.events.glob("events.out.tfevents.*")]:
            path.unlink()
        self.motions.mkdir(parents=True, exist_ok=True)
