"""The motions of a folder, grouped by subject."""

from dataclasses import dataclass
from pathlib import Path

from dataset.locations import MOTIONS_FOLDER
from dataset.sessions import Session
from dataset.windows.window import Window


@dataclass(frozen=True)
class SubjectWindows:
    """The motions of one subject.

    Attributes:
        subject: name of the subject, as the folder has it.
        windows: the motions at 60 Hz, where and how the subject stood in the file.
        session: the session whose model is the subject's, or None where it is not known.
    """

    subject: str
    windows: tuple[Window, ...]
    session: Session | None = None


@dataclass(frozen=True)
class WindowFolder:
    """What was read from a folder of motions.

    Attributes:
        path: the folder.
        subjects: the subjects that have at least one motion.
        left_out: a sentence for each file that could not be read.
    """

    path: Path
    subjects: tuple[SubjectWindows, ...]
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the folder, or of the run where the folder is a run's `mot_visualization`."""
        path = self.path.resolve()
        return path.parent.name if path.name == MOTIONS_FOLDER else path.name

    @property
    def count(self) -> int:
        """Number of motions of all subjects."""
        return sum(len(subject.windows) for subject in self.subjects)
