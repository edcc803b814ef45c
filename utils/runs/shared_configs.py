"""Settings that several capabilities share. Their configurations inherit from these, so each default stands here once.

Every configuration is a frozen dataclass whose fields are the flags of its root script: `--total-iter` is `total_iter`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from dataset.locations import demo_root
from dataset.session_folders import no_trial
from dataset.sessions import DATA_ROOT_VARIABLE, Session, data_root, discover_sessions, is_session_path, open_session
from models.conventions import FRAME_RATE_HZ, FRAMES_PER_LATENT, LONGEST_SEQ_LEN, WINDOW_FRAMES

_GREATEST_SEED = 2**32 - 1  # of numpy
_GREATEST_INTEGER = 2**31 - 1
_LARGEST_SIZE, _MOST_LAYERS = 2**16, 100  # of a batch, a layer or a population; of a network
_MOST_REPEATED = 1000  # trials of a person, or squats of a trial, which is made in one piece
DATA_NAMES = (RECORDED, DEMO) = ("mcs", "demo")
_FLAGS_WITH_UNDERSCORES = ("file_type", "folder_path", "local_rank")


class CheckedConfig:
    """Base of every configuration, whose `__post_init__` checks the values and calls that of the next base."""

    def __post_init__(self) -> None:
        """The end of the chain of checks."""


@dataclass(frozen=True, kw_only=True)
class ThreadsConfig(CheckedConfig):
    """How many threads a run uses.

    Attributes:
        threads: most CPU threads that torch uses; None for half of the cores.
    """

    threads: int | None = None

    def __post_init__(self) -> None:
        """Raise InputError where a number is out of its range."""
        super().__post_init__()
        require_at_least(1, threads=self.threads)


@dataclass(frozen=True, kw_only=True)
class DeviceConfig(ThreadsConfig):
    """Where a run computes.

    Attributes:
        device: torch device; `auto` takes a GPU where there is one, and the CPU otherwise.
    """

    device: str = "auto"


@dataclass(frozen=True, kw_only=True)
class ComputeConfig(DeviceConfig):
    """Where and how reproducibly a run computes.

    Attributes:
        seed: seed of every random choice.
    """

    seed: int = 123

    def __post_init__(self) -> None:
        """Raise InputError where a number is out of its range."""
        super().__post_init__()
        if not 0 <= self.seed <= _GREATEST_SEED:
            raise InputError(f"--seed is {self.seed}, expected an integer from 0 to {_GREATEST_SEED}")


@dataclass(frozen=True, kw_only=True)
class DataConfig(CheckedConfig):
    """Which sessions a run reads.

    Attributes:
        dataname: `mcs` for a data root of OpenCap sessions, `demo` for the synthetic demo sessions; None for `mcs`
            where `data_root` or $BIGE_DATA names a data root, and `demo` otherwise.
        data_root: folder that holds `Data/<session>/` or `OpenCapData_<session>/`; None for $BIGE_DATA.
    """

    dataname: str | None = None
    data_root: Path | None = None

    def __post_init__(self) -> None:
        """Raise InputError where there is no data of that name, for which the demo people would be taken."""
        super().__post_init__()
        require_choice(DATA_NAMES, dataname=self.dataname)

    def find_data_root(self) -> tuple[str, Path]:
        """The name of the data (`mcs` or `demo`) and the folder of its sessions.

        Raises:
            InputError: recordings are asked for, and neither `data_root` nor $BIGE_DATA names a folder.
        """
        named = self.data_root or os.environ.get(DATA_ROOT_VARIABLE)
        name = self.dataname or (RECORDED if named else DEMO)
        if name == RECORDED or self.data_root:
            return name, data_root(self.data_root)
        return name, demo_root()


@dataclass(frozen=True, kw_only=True)
class WindowConfig(CheckedConfig):
    """How long the windows are.

    Attributes:
        seq_len: length of a window in latents of 4 frames; repetitions that do not fit, with 0.6 s of standing after
            them, are left out.
    """

    seq_len: int = WINDOW_FRAMES // FRAMES_PER_LATENT

    def __post_init__(self) -> None:
        """Raise InputError where the length is out of its range."""
        super().__post_init__()
        require_seq_len(self.seq_len)

    @property
    def window_frames(self) -> int:
        """Frames of a window at 60 Hz."""
        return self.seq_len * FRAMES_PER_LATENT


@dataclass(frozen=True, kw_only=True)
class SubjectConfig(CheckedConfig):
    """The OpenCap session of one subject.

    Attributes:
        subject: the session's folder, or its id under the data root.
        data_root: folder of sessions in which an id is looked up; None for $BIGE_DATA.
        model: OpenSim model (.osim) to use in place of the session's own; None for the session's.
    """

    subject: str
    data_root: Path | None = None
    model: Path | None = None

    def open_session(self) -> Session:
        """The session; an id is looked up under the data root, and without one among the demo sessions.

        Raises:
            InputError: the session is not there.
        """
        subject: str | Path = self.subject
        if not is_session_path(self.subject) and not (self.data_root or os.environ.get(DATA_ROOT_VARIABLE)):
            demo = {session.id: session for session in discover_sessions(demo_root())}
            subject = demo[self.subject].path if self.subject in demo else subject
        return open_session(subject, self.data_root, self.model)


@dataclass(frozen=True, kw_only=True)
class SessionConfig(SubjectConfig):
    """One OpenCap session and some of its trials.

    Attributes:
        trial: names of trials in `OpenSimData/Kinematics`, or paths; empty for all trials named squat or sqt, and for
            every trial where none is.
    """

    trial: Sequence[str] = ()

    def find_trials(self, session: Session) -> list[Path]:
        """The motion files of the trials, each once.

        Raises:
            InputError: there is none, or not the one that is named, or two have one name.
        """
        trials = [session.trial(name) for name in self.trial] if self.trial else session.squat_trials
        if not trials:
            raise InputError(no_trial(session.path))
        require_names_of_their_own(trials)
        return list(dict.fromkeys(trials))


_LONGEST_NAME = 200  # bytes; file systems take 255, and files are named entry_19_<name>.mot


@dataclass(frozen=True, kw_only=True)
class OutputConfig(CheckedConfig):
    """Where a run writes.

    Attributes:
        out_dir: parent of the run folders.
        exp_name: name of the run folder; of a path, such as `study/first`, the last part is that of files.
    """

    out_dir: Path = Path("output")
    exp_name: str

    def __post_init__(self) -> None:
        """Raise InputError where the name would lead out of `out_dir`, or is none of a folder."""
        super().__post_init__()
        name = Path(self.exp_name)
        if not name.parts or name.is_absolute() or ".." in name.parts:
            raise InputError(
                f"--exp-name is {self.exp_name!r}, expected the name of a folder in --out-dir; name another place with "
                "--out-dir"
            )
        # The name is part of those of files, and stands in lines of tables and of headers.
        if not self.exp_name.isprintable() or max(len(part.encode()) for part in name.parts) > _LONGEST_NAME:
            raise InputError(
                f"--exp-name is {self.exp_name[:40]!r}, expected a name of printable characters, of at most "
                f"{_LONGEST_NAME} bytes"
            )

    @property
    def run_folder(self) -> Path:
        """`<out_dir>/<exp_name>`, which holds everything that the run writes."""
        return self.out_dir / self.exp_name


def flag_of(field: str) -> str:
    """The flag of a field as it is typed: `--total-iter` of `total_iter`."""
    return "--" + (field if field in _FLAGS_WITH_UNDERSCORES else field.replace("_", "-"))


def require_at_least(least: float, **values: float | None) -> None:
    """Raise InputError for the first of the named values that is below `least` or not a usable number; None passes."""
    for name, value in values.items():
        if value is None:
            continue
        if not least <= value < math.inf:
            raise InputError(f"{flag_of(name)} is {value}, expected a number of at least {least:g}")
        if value > _GREATEST_INTEGER and isinstance(value, int):
            raise InputError(f"{flag_of(name)} is {value}, expected a number of at most {_GREATEST_INTEGER}")


def require_layers(**values: int) -> None:
    """Raise InputError for the first of the named numbers of layers that is below 1 or more than any network has."""
    _require_from_1_to(_MOST_LAYERS, values)


def require_sizes(**values: int) -> None:
    """Raise InputError for the first of the named sizes that is below 1 or more than any machine has memory for."""
    _require_from_1_to(_LARGEST_SIZE, values)


def require_counts(**values: int) -> None:
    """Raise InputError for the first of the named counts that is below 1 or more than anybody records."""
    _require_from_1_to(_MOST_REPEATED, values)


def _require_from_1_to(most: int, values: Mapping[str, int]) -> None:
    require_at_least(1, **values)
    for name, value in values.items():
        if value > most:
            raise InputError(f"{flag_of(name)} is {value}, expected a number of at most {most}")


def require_seq_len(seq_len: int) -> None:
    """Raise InputError where a length in latents is below 1 or above the longest."""
    require_at_least(1, seq_len=seq_len)
    if seq_len > LONGEST_SEQ_LEN:
        longest_s = LONGEST_SEQ_LEN * FRAMES_PER_LATENT / FRAME_RATE_HZ
        raise InputError(f"--seq-len is {seq_len}, expected at most {LONGEST_SEQ_LEN}, which is {longest_s:g} s")


def require_above(bound: float, **values: float | None) -> None:
    """Raise InputError for the first of the named values that is not a finite number above `bound`; None passes."""
    for name, value in values.items():
        if value is not None and not bound < value < math.inf:
            raise InputError(f"{flag_of(name)} is {value}, expected a number above {bound:g}")


def require_frame_rate(fps: float | None) -> None:
    """Raise InputError where `--fps` of a motion is not 1 to 1000 frames a second; None passes."""
    if fps is not None and not 1 <= fps <= 1000:
        raise InputError(f"--fps is {fps:g}, expected 1 to 1000 frames a second")


def require_names_of_their_own(paths: Sequence[Path]) -> None:
    """Raise InputError where two files have one name, by case at most, since what is made of them would have it too."""
    known: dict[str, Path] = {}
    for path in paths:
        other = known.setdefault(path.stem.lower(), path)
        if other != path:
            raise InputError(
                f"{other} and {path} have one name but for case, so their results would have too; give the path of one "
                "file at a time, and write them to different folders"
            )


def require_fraction(**values: float | None) -> None:
    """Raise InputError for the first of the named values that is not between 0 and 1; None passes."""
    for name, value in values.items():
        if value is not None and not 0 <= value <= 1:
            percent = f"; {value:g} percent is {value / 100:g}" if 1 < value <= 100 else ""
            raise InputError(f"{flag_of(name)} is {value}, expected a number from 0 to 1{percent}")


def require_choice(choices: Sequence[str], **values: str | None) -> None:
    """Raise InputError for the first of the named values that is not one of `choices`; None passes."""
    for name, value in values.items():
        if value is not None and value not in choices:
            raise InputError(f"{flag_of(name)} is {value!r}, expected one of {', '.join(choices)}")
