"""The motions of a folder, by subject, as evaluation sees them: at 60 Hz, with masks that say which frames count.

Layouts: motion files (`*.mot`) in one folder or in a folder for each subject, as LIMO_Surrogate.py and MOT_eval.py
write them (`latents_subject_run_<session>/`) or plain (`<subject>/`); the same with arrays (`*.npy`); a data root of
OpenCap sessions, of which the squat trials (`mocap`) or the muscle-driven repetitions (`muscle_driven`) are read.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.mot import Motion, read_motion
from dataset.sessions import Session, discover_sessions
from dataset.windows.resample import resample
from dataset.windows.segmentation import Repetition, segment_repetitions
from dataset.windows.window import window_from_trial
from models.conventions import COORDINATES, FRAME_RATE_HZ, WINDOW_FRAMES

logger = logging.getLogger("bige")

FILE_TYPES = ("mot", "npy", "mocap")
MUSCLE_DRIVEN = "muscle_driven"  # beside FILE_TYPES: the reference motions of a data root
_RUN_FOLDER, _RUN_PREFIX = "mot_visualization", "latents_subject_run_"
_DEGREES, _RADIANS = "_degrees", "_radians"  # T2M-GPT's twins
_SHORTEST_PERIOD_FRAMES = 20
_SAME = 1e-5  # degrees and metres: what single precision and eight decimals leave of equal frames


@dataclass(frozen=True)
class EvaluatedMotion:
    """One motion at 60 Hz.

    coordinates: (T, 33), degrees and metres, canonical order, where and how the person stood in the file.
    activations: (T, 80), 0 to 1, or None where the file has none. counted: (T,) bool, what the published definitions
    look at: all frames of a file, the repetition of a trial. copied: (T,) bool, frames that repeat earlier ones
    exactly, as in a motion tiled to a fixed length. repetition: frames (start, end) of the first complete squat, or of
    all counted frames where there is none, which `has_squat` says. extra: coordinates beside the 33 by name, (T,) each,
    degrees or metres, that some models have (knee adduction): without them their feet would slide.
    """

    name: str
    source: Path
    coordinates: np.ndarray
    activations: np.ndarray | None
    counted: np.ndarray
    copied: np.ndarray
    repetition: tuple[int, int]
    has_squat: bool
    extra: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.coordinates)


@dataclass(frozen=True)
class SubjectMotions:
    """The motions of one subject, and the session that has the subject's model, where it is known."""

    subject: str
    motions: tuple[EvaluatedMotion, ...]
    session: Session | None = None


@dataclass(frozen=True)
class MotionFolder:
    """What was read from `path`: the subjects with their motions, and what was left out, a sentence each."""

    path: Path
    subjects: tuple[SubjectMotions, ...]
    left_out: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's name, or the run's, where it is a run's `mot_visualization`."""
        path = self.path.resolve()
        return path.parent.name if path.name == _RUN_FOLDER else path.name

    @property
    def motions(self) -> int:
        """How many motions there are."""
        return sum(len(subject.motions) for subject in self.subjects)


def read_motion_folder(
    folder: str | Path,
    file_type: str,
    *,
    sessions: Iterable[Session] = (),
    model_of: Session | None = None,
) -> MotionFolder:
    """Every motion of a folder; what cannot be read is left out, named in a warning and in `left_out`.

    Args:
        file_type: one of FILE_TYPES, or MUSCLE_DRIVEN.
        sessions: known sessions; a subject folder that is named after one has that session's model.
        model_of: the session whose model stands for every subject, before any other.

    Sessions without muscle-driven repetitions have none to be left out. Raises InputError where there is no such folder
    or nothing in it can be evaluated.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one that holds motions")
    reader = _Reader()
    if file_type in ("mocap", MUSCLE_DRIVEN):
        subjects = [
            SubjectMotions(session.id, reader.session(session, file_type), model_of or session)
            for session in discover_sessions(folder)
        ]
    else:
        known = {session.id: session for session in sessions}
        subjects = [
            SubjectMotions(name, reader.files(files), model_of or known.get(name))
            for name, files in _groups(folder, file_type).items()
        ]
    subjects = tuple(subject for subject in subjects if subject.motions)
    if not subjects:
        said = f": {reader.left_out[0]}" if reader.left_out else ""
        if not said and file_type == MUSCLE_DRIVEN:
            said = ": no session has muscle-driven repetitions"
        more = f" ({len(reader.left_out) - 1} more like it)" if len(reader.left_out) > 1 else ""
        raise InputError(f"{folder}: nothing here can be evaluated{said}{more}")
    return MotionFolder(folder, subjects, tuple(reader.left_out))


class _Reader:
    """Reads one source after the other and remembers what could not be."""

    def __init__(self):
        self.left_out: list[str] = []

    def files(self, paths: Sequence[Path]) -> tuple[EvaluatedMotion, ...]:
        found: list[EvaluatedMotion] = []
        for path in paths:
            read = _arrays if path.suffix == ".npy" else _motion_file
            found += self._attempt(lambda read=read, path=path: read(path))
        return tuple(found)

    def session(self, session: Session, file_type: str) -> tuple[EvaluatedMotion, ...]:
        paths, read = (
            (session.squat_trials, _trial) if file_type == "mocap" else (session.squat_muscle_driven, _repetition_file)
        )
        if not paths and file_type == "mocap":
            self._leave_out(f"{session.path}: no trial (*.mot) in OpenSimData/Kinematics")
        return tuple(motion for path in paths for motion in self._attempt(lambda path=path: read(path)))

    def _attempt(self, read: Callable[[], list[EvaluatedMotion]]) -> list[EvaluatedMotion]:
        try:
            return read()
        except InputError as error:
            self._leave_out(str(error))
            return []

    def _leave_out(self, sentence: str) -> None:
        logger.warning("left out: %s", sentence)
        self.left_out.append(sentence)


def _groups(folder: Path, suffix: str) -> dict[str, list[Path]]:
    """Motion files by subject, in natural order."""
    if (folder / _RUN_FOLDER).is_dir():
        folder = folder / _RUN_FOLDER
    groups = {}
    for place in [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]:
        files = [path for path in place.glob(f"*.{suffix}") if not path.name.startswith(".")]
        files = [path for path in files if not _is_radians_twin(path)]
        if files:
            groups[place.name.removeprefix(_RUN_PREFIX)] = sorted(files, key=lambda path: (len(path.name), path.name))
    if groups:
        return groups
    try:
        sessions = discover_sessions(folder)
    except InputError:
        raise InputError(f"{folder}: holds no motion (*.{suffix}), neither itself nor in folders of subjects") from None
    raise InputError(f"{folder}: holds {len(sessions)} OpenCap session(s); give --file_type mocap for those")


def _is_radians_twin(path: Path) -> bool:
    return path.stem.endswith(_RADIANS) and path.with_stem(path.stem.removesuffix(_RADIANS) + _DEGREES).exists()


def _motion_file(path: Path) -> list[EvaluatedMotion]:
    motion = read_motion(path)
    period = tiling_period(motion.coordinates)
    end_s = np.inf if period is None else motion.time_s[period - 1]
    resampled = resample(motion)
    return [_whole(path.stem, path, resampled, resampled.time_s > end_s + 1e-6)]


def _arrays(path: Path) -> list[EvaluatedMotion]:
    """Motions (T, 33) or (N, T, 33) at 60 Hz, degrees and metres, canonical order."""
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not an array of numbers ({error})") from None
    if not isinstance(array, np.ndarray) or array.ndim not in (2, 3) or array.shape[-1] != len(COORDINATES):
        shape = getattr(array, "shape", "several arrays")
        raise InputError(f"{path}: {shape}; expected (frames, 33) or (motions, frames, 33), degrees and metres")
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise InputError(f"{path}: holds values that are no finite numbers")
    motions = array.reshape(-1, *array.shape[-2:]).astype(float)
    if motions.shape[0] == 0 or motions.shape[1] < 4:
        raise InputError(f"{path}: {motions.shape[0]} motion(s) of {motions.shape[1]} frame(s); at least 4 are needed")
    found = []
    for i, coordinates in enumerate(motions):
        period = tiling_period(coordinates)
        frames = np.arange(len(coordinates))
        copied = frames >= (len(coordinates) if period is None else period)
        name = path.stem if array.ndim == 2 else f"{path.stem}_{i}"
        found.append(_whole(name, path, Motion(frames / FRAME_RATE_HZ, coordinates, source=path), copied))
    return found


def _whole(name: str, path: Path, motion: Motion, copied: np.ndarray) -> EvaluatedMotion:
    """A file that is one motion, with the first squat in it."""
    repetition = _first_squat(motion.cut(0, int((~copied).sum())))
    everything = np.ones(len(motion), dtype=bool)
    return EvaluatedMotion(
        name=name,
        source=path,
        coordinates=motion.coordinates,
        activations=motion.activations,
        counted=everything,
        copied=copied,
        repetition=repetition or (0, int((~copied).sum())),
        has_squat=repetition is not None,
        extra=motion.extra,
    )


def _first_squat(motion: Motion) -> tuple[int, int] | None:
    """Frames (start, end) of a motion's first complete squat; the same way for generated and recorded motions."""
    squats = segment_repetitions(motion)
    return (squats[0].start_frame, squats[0].end_frame) if squats else None


def _trial(path: Path) -> list[EvaluatedMotion]:
    """The repetitions of a continuous trial, each with up to 196 frames of what follows it."""
    motion = resample(read_motion(path))
    squats = segment_repetitions(motion)
    if not squats:
        raise InputError(f"{path}: no squat repetition that starts and ends upright")
    return [_cut(f"{path.stem}_{k}", path, motion, squat) for k, squat in enumerate(squats, 1)]


def _repetition_file(path: Path) -> list[EvaluatedMotion]:
    motion = resample(read_motion(path))
    if motion.activations is None:
        raise InputError(f"{path}: holds no muscle activations, so it is no muscle-driven repetition")
    bottom = int(motion.column("knee_angle_r").argmax())
    return [_cut(path.parent.name, path, motion, Repetition(0, len(motion), bottom))]


def _cut(name: str, path: Path, trial: Motion, squat: Repetition) -> EvaluatedMotion:
    length = squat.end_frame - squat.start_frame
    window = window_from_trial(trial, squat, max(WINDOW_FRAMES, length))
    kept = int(window.recorded.sum())
    activations = None if window.activations is None else window.activations[:kept]
    repetition = _first_squat(Motion(window.time_s[:kept], window.coordinates[:kept]))
    return EvaluatedMotion(
        name=name,
        source=path,
        coordinates=window.coordinates[:kept],
        activations=activations,
        counted=np.arange(kept) < length,
        copied=np.zeros(kept, dtype=bool),
        repetition=repetition or (0, length),
        has_squat=repetition is not None,
        extra={name: values[squat.start_frame : squat.start_frame + kept] for name, values in trial.extra.items()},
    )


def tiling_period(coordinates: np.ndarray) -> int | None:
    """After how many frames a motion (T, 33) repeats itself exactly to its end; None where it does not.

    Tiling fills a fixed length with copies; a copy tells nothing, and at its seam the body jumps. Standing as still in
    the end as at the beginning is no copy.
    """
    again = np.abs(coordinates - coordinates[0]).max(1) < _SAME
    for period in np.flatnonzero(again[_SHORTEST_PERIOD_FRAMES:]) + _SHORTEST_PERIOD_FRAMES:
        moves = np.ptp(coordinates[period:], axis=0).max() > _SAME
        if moves and np.abs(coordinates[period:] - coordinates[:-period]).max() < _SAME:
            return int(period)
    return None
