"""The motions of several subjects, ready to be evaluated."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dataset.locations import demo_root
from dataset.motion_folders.folder_reader import read_motion_folder
from dataset.motion_folders.window_folder import WindowFolder
from dataset.sessions import Session, discover_sessions, open_session, require_model
from models.conventions import FRAME_RATE_HZ
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.subject_set import SubjectSet
from utils.runs.recorded_session import find_run_records

logger = logging.getLogger("bige")


@dataclass
class MotionSet:
    """The motions of several subjects, ready to be evaluated.

    Attributes:
        name: name of the set in tables.
        folder: the folder that they were read from, with the files that could not be read.
        subjects: the motions by subject.
    """

    name: str
    folder: WindowFolder
    subjects: list[SubjectSet]

    @classmethod
    def of(cls, name: str, folder: WindowFolder, networks: EvaluationNetworks) -> "MotionSet":
        """The motions of a folder."""
        return cls(name, folder, [SubjectSet(subject, networks) for subject in folder.subjects])

    def __len__(self) -> int:
        return sum(map(len, self.subjects))

    @cached_property
    def subject_of(self) -> np.ndarray:
        """(N,) index of the subject of each motion."""
        return np.repeat(np.arange(len(self.subjects)), [len(subject) for subject in self.subjects])

    @property
    def shared_between_subjects(self) -> int:
        """Number of motions that are found with exactly the same coordinates under another subject."""
        owners: dict[bytes, set[str]] = {}
        keys = [(window.coordinates.tobytes(), s.name) for s in self.subjects for window in s.windows]
        for key, name in keys:
            owners.setdefault(key, set()).add(name)
        return sum(len(owners[key]) > 1 for key, _ in keys)

    @cached_property
    def curves(self) -> np.ndarray:
        """(N, 101, 33), see `SubjectSet.curves`."""
        return np.concatenate([subject.curves for subject in self.subjects])

    @cached_property
    def features(self) -> np.ndarray:
        """(N, D), see `SubjectSet.features`."""
        return np.concatenate([subject.features for subject in self.subjects])

    @cached_property
    def values(self) -> np.ndarray:
        """(frames, 33), see `SubjectSet.values`."""
        return np.concatenate([subject.values for subject in self.subjects])

    def counted_values(self) -> np.ndarray:
        """(values,) all values that the published definitions pool, degrees and metres alike."""
        return np.concatenate([subject.motion[subject.counted].flatten().numpy() for subject in self.subjects])


def load_motions(
    folder: str | Path,
    file_type: str,
    networks: EvaluationNetworks,
    *,
    name: str | None = None,
    data_root: Path | None = None,
    subject: str | Path | None = None,
    model: Path | None = None,
    array_rate_hz: float = FRAME_RATE_HZ,
) -> MotionSet:
    """Read the motions of a folder for an evaluation.

    Args:
        folder: the folder; see `read_motion_folder` for the layouts.
        file_type: `mot`, `npy` or `mocap`.
        networks: the networks of the evaluation.
        name: name of the set; by default the folder's.
        data_root: folder of sessions with the subjects' models, beside the demo sessions.
        subject: session whose model stands for every subject: a folder, or the id of a known session.
        model: OpenSim model of every subject, in place of those of the sessions.
        array_rate_hz: frames per second of arrays, which do not state it.

    Raises:
        InputError: there is nothing to evaluate in the folder.
    """
    records = [] if file_type == "mocap" else find_run_records(folder)
    sessions = find_known_sessions(data_root, [record.session for record in records if record.session is not None])
    model_of = None
    if subject:
        model_of = next((s for s in sessions if s.id == str(subject)), None) or open_session(subject, data_root)
    if model:
        model_of = Session(model.parent, require_model(model))
    read = read_motion_folder(folder, file_type, sessions=sessions, model_of=model_of, array_rate_hz=array_rate_hz)
    return MotionSet.of(name or read.name, read, networks)


def find_known_sessions(data_root: Path | None = None, recorded: Sequence[Session] = ()) -> list[Session]:
    """Sessions that a subject's folder may be named after.

    Of one id, that under the data root comes before that of the run's record, and this one before a demo person.

    Args:
        data_root: folder of sessions; None for none.
        recorded: sessions that the record of a run names.
    """
    demo = {session.id: session for session in discover_sessions(demo_root())}
    of_root = {session.id: session for session in discover_sessions(data_root)} if data_root else {}
    of_run = {session.id: session for session in recorded if session.id not in of_root}
    named = [str(session.path) for session in of_run.values() if session != demo.get(session.id)]
    if named:
        logger.info("models as the run's record names them: %s", ", ".join(named))
    return list((demo | of_run | of_root).values())
