"""The windows of one session on disk: a file of frames, and an index that says which windows are in it.

Frames follow each other without gaps, each with its motion, its masks and, where they are known, its activations.
The end of a window that repeats its last frame, such as a person standing still, is stored once. The index has a
fingerprint of everything that the windows were made from, so that they are made anew where a file or the code changed.
"""

import glob
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from dataset.io.guarded_files import LARGEST_BYTES, checksum, read_json_object
from dataset.left_out import LeftOut
from dataset.locations import REPOSITORY
from dataset.opensim.model_reader import load_skeleton
from dataset.session_metadata import METADATA_NAME
from dataset.session_models import all_models
from dataset.sessions import Session
from dataset.windows.motion_dataset import arrays_of, read_session
from dataset.windows.window import Window
from models.conventions import FRAME_RATE_HZ, KNEE_INDICES

logger = logging.getLogger("bige")

# The code that decides what is in a window.
_CODE = (
    *("dataset/*.py", "dataset/io/*.py", "dataset/opensim/*.py", "dataset/windows/*.py"),
    *("models/*.py", "models/skeleton/*.py", "models/muscles/foot_contact.py"),  # where the floor is
)
_LARGEST_INDEX_BYTES = 1 << 28


@dataclass(frozen=True)
class StoredWindow:
    """One window in a file of frames.

    Attributes:
        name: name of the window.
        start: its first frame in the file.
        stored: number of frames in the file; the window goes on with copies of the last one.
        frames: length of the window.
        model: path of the subject's scaled model.
        depth_deg: largest knee flexion in the repetition.
        repetition_s: duration of the repetition.
    """

    name: str
    start: int
    stored: int
    frames: int
    model: str
    depth_deg: float
    repetition_s: float


@dataclass(frozen=True)
class SessionIndex:
    """What is known of a session's windows without reading their frames.

    Attributes:
        key: hash of all that the windows were made from.
        stamps: size and time of modification of each file that they were made from, by path within the session.
        subject: id of the subject.
        frame_file: name of the file of frames.
        frame_checksum: of that file; 0 where there is none.
        frame_type: description of a frame for numpy: name, type and shape of each array.
        windows: the windows.
        anthropometry: features of each model, see `ANTHROPOMETRIC_FEATURES`.
        left_out: the files that could not be used.
        warnings: what was logged as warnings while the session was read.
    """

    key: str
    stamps: dict[str, list[int]]
    subject: str
    frame_file: str
    frame_checksum: int
    frame_type: list[list[Any]]
    windows: list[StoredWindow]
    anthropometry: dict[str, list[float]]
    left_out: list[LeftOut]
    warnings: list[str]

    @property
    def dtype(self) -> np.dtype:
        """Type of one frame in the file."""
        return np.dtype([(name, kind, tuple(shape)) for name, kind, shape in self.frame_type])


def stored_index(session: Session, folder: Path, settings: Mapping[str, Any]) -> SessionIndex | None:
    """The index of a session's windows that were stored before, or None where they have to be made.

    Files are compared by size and time of modification, and where these differ by their content.

    Args:
        session: the session.
        folder: of the stored windows.
        settings: what else the windows depend on.
    """
    path = _index_path(session, folder, settings)
    try:
        content = read_json_object(path, _LARGEST_INDEX_BYTES)
        index = SessionIndex(
            **content
            | {
                "windows": [StoredWindow(**window) for window in content["windows"]],
                "left_out": [LeftOut(**item) for item in content["left_out"]],
            }
        )
        found = checksum(folder / index.frame_file) if index.windows else 0
    except (OSError, InputError, ValueError, TypeError, KeyError):
        return None
    if found != index.frame_checksum:
        return None
    stamps = _stamps(session, settings)
    if index.stamps == stamps and index.key.startswith(_code_key()):
        return index
    if index.key != _key(session, settings, stamps):
        return None
    index = SessionIndex(**vars(index) | {"stamps": stamps})
    _write_index(path, index)
    return index


def store_session(session: Session, folder: Path, settings: Mapping[str, Any]) -> SessionIndex:
    """Read a session, and write its windows and their index.

    Args:
        session: the session.
        folder: of the stored windows.
        settings: keywords of `read_session`.

    Raises:
        InputError: the session has no model.
    """
    stamps = _stamps(session, settings)  # before reading, so that a later change is noticed
    key = _key(session, settings, stamps)
    path = _index_path(session, folder, settings)
    with _collected_warnings() as warnings:
        read = read_session(session, **settings)
        models = [str(session.model_for(window.source)) for window in read.windows]
        anthropometry = {model: list(load_skeleton(model).anthropometry) for model in dict.fromkeys(models)}
    frames = [_frames_of(window) for window in read.windows]
    stored = [_without_repeated_end(one) for one in frames]
    starts = np.cumsum([0, *map(len, stored)])
    frame_file = f"{path.stem}-{key[-32:]}.frames"
    if stored:
        with atomic_write(folder / frame_file) as temporary:
            np.concatenate(stored).tofile(temporary)
    index = SessionIndex(
        key=key,
        stamps=stamps,
        subject=session.subject,
        frame_file=frame_file,
        frame_checksum=checksum(folder / frame_file) if stored else 0,
        frame_type=_frame_type(frames[0].dtype) if frames else [],
        windows=[
            StoredWindow(name, int(start), len(kept), len(window), model, *_depth_and_duration(window))
            for name, start, kept, window, model in zip(
                read.names, starts[:-1], stored, read.windows, models, strict=True
            )
        ],
        anthropometry=anthropometry,
        left_out=read.left_out,
        warnings=warnings,
    )
    _write_index(path, index)
    for old in folder.glob(f"{glob.escape(path.stem)}-*.frames"):
        if old.name != frame_file:
            with suppress(OSError):
                old.unlink()
    return index


def read_frames(path: Path, dtype: np.dtype, window: StoredWindow) -> np.ndarray:
    """The frames (T,) of a window, of the type `dtype`.

    Args:
        path: the file of frames.
        dtype: type of a frame.
        window: which frames.
    """
    kept = np.fromfile(path, dtype, count=window.stored, offset=window.start * dtype.itemsize)
    return kept[np.minimum(np.arange(window.frames), window.stored - 1)]


def _write_index(path: Path, index: SessionIndex) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(asdict(index)), encoding="utf-8")


def _index_path(session: Session, folder: Path, settings: Mapping[str, Any]) -> Path:
    which = json.dumps([str(session.path.resolve()), str(session.model), session.id, dict(settings)], sort_keys=True)
    return folder / f"{session.path.name}-{hashlib.blake2b(which.encode(), digest_size=6).hexdigest()}.json"


def _sources(session: Session, settings: Mapping[str, Any]) -> list[Path]:
    """The files that the windows of a session can depend on."""
    models = all_models(session.path / "OpenSimData" / "Model")
    files = [session.path / METADATA_NAME, *session.trials, *models]
    if session.model is not None:
        files.append(session.model)
    if settings.get("with_activations") or not session.trials:
        files += session.muscle_driven
    return sorted(path for path in files if os.path.isfile(path))  # not of a folder without permission


def _stamps(session: Session, settings: Mapping[str, Any]) -> dict[str, list[int]]:
    stamps = {}
    for path in _sources(session, settings):
        stat = path.stat()
        name = path.relative_to(session.path) if path.is_relative_to(session.path) else path
        stamps[str(name)] = [stat.st_size, stat.st_mtime_ns]
    return stamps


def _key(session: Session, settings: Mapping[str, Any], stamps: Mapping[str, Any]) -> str:
    """Hash of the code, then of the session's files and the settings."""
    digest = hashlib.blake2b(json.dumps([session.id, dict(settings)], sort_keys=True).encode(), digest_size=16)
    for name, stamp in stamps.items():
        digest.update(name.encode() + b"\0" + _content_hash(session.path / name, stamp))
    return f"{_code_key()}-{digest.hexdigest()}"


def _content_hash(path: Path, stamp: list[int]) -> bytes:
    """Hash of a file's content, or of its stamp where no reader reads it, because it is too large or not readable."""
    if stamp[0] <= LARGEST_BYTES:
        with suppress(OSError), path.open("rb") as file:
            return hashlib.file_digest(file, hashlib.blake2b).digest()
    return hashlib.blake2b(json.dumps(stamp).encode()).digest()


@lru_cache(maxsize=1)
def _code_key() -> str:
    """Hash of the code that makes windows."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(path for pattern in _CODE for path in REPOSITORY.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Collect the warnings of the package's log instead of writing them."""
    collected: list[str] = []

    def collect(record: logging.LogRecord) -> bool:
        if record.levelno >= logging.WARNING:
            collected.append(record.getMessage())
        return False

    logger.addFilter(collect)
    try:
        yield collected
    finally:
        logger.removeFilter(collect)


def _frame_type(dtype: np.dtype) -> list[list[Any]]:
    return [[name, dtype[name].base.str, list(dtype[name].shape)] for name in dtype.names or ()]


def _frames_of(window: Window) -> np.ndarray:
    """The arrays of a window as one array of frames (T,)."""
    arrays = arrays_of(window)
    frames = np.zeros(
        len(window), [(name, values.dtype.newbyteorder("<"), values.shape[1:]) for name, values in arrays.items()]
    )
    for name, values in arrays.items():
        frames[name] = values
    return frames


def _without_repeated_end(frames: np.ndarray) -> np.ndarray:
    """The frames up to the first of those at the end that are all the same."""
    rows = np.ascontiguousarray(frames).view(np.uint8).reshape(len(frames), -1)
    different = np.flatnonzero((rows != rows[-1]).any(1))
    return frames[: different[-1] + 2 if len(different) else 1]


def _depth_and_duration(window: Window) -> tuple[float, float]:
    """Largest knee flexion in the repetition, degrees, and its duration, seconds."""
    flexion = window.coordinates[window.first_repetition][:, KNEE_INDICES]
    return float(flexion.max()), len(flexion) / FRAME_RATE_HZ
