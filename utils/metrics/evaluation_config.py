"""Settings of an evaluation."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from dataset.motion_folders.file_types import FILE_TYPES
from dataset.muscle_names import canonical_muscle
from utils.guidance.guidance_config import PUBLISHED_MUSCLE, PUBLISHED_RANGE
from utils.metrics.catalogue import PARTS
from utils.metrics.published_values import BASELINES
from utils.runs.shared_configs import ComputeConfig, require_choice, require_fraction, require_frame_rate


@dataclass(frozen=True, kw_only=True)
class MetricConfig(ComputeConfig):
    """Which metrics are computed, and how.

    Attributes:
        parts: parts of the catalogue that are computed, of `utils.metrics.catalogue.PARTS`.
        low: lower limit of the requested peak activation, 0 to 1; None for that of the run that made the motions, and
            0.35 where there is no record of it.
        high: upper limit of it, 0 to 1; None likewise, and 0.45.
        muscle: the muscle or group whose peak was requested; None likewise, and vastus medialis.
        vq_name: VQ-VAE whose encoder gives the features (checkpoint or run folder); None for the shipped one.
        surrogate_name: surrogate that predicts activations where files have none; None for the shipped one.
    """

    parts: tuple[str, ...] = PARTS
    low: float | None = None
    high: float | None = None
    muscle: str | None = None
    vq_name: Path | None = None
    surrogate_name: Path | None = None

    def __post_init__(self) -> None:
        """Spell the muscle as the program does. Raises InputError where it or a value is not one that can be."""
        super().__post_init__()
        require_fraction(low=self.low, high=self.high)
        if self.muscle is not None:
            object.__setattr__(self, "muscle", canonical_muscle(self.muscle))
        low, high, _ = self.requested_activation
        if low > high:
            raise InputError(f"--low is {low:g} and --high is {high:g}, expected --low to be at most --high")
        if unknown := set(self.parts) - set(PARTS):
            raise InputError(f"parts: {min(unknown)!r} is not one of {', '.join(PARTS)}")

    @property
    def requested_activation(self) -> tuple[float, float, str]:
        """Lower and upper limit of the requested peak activation, and the muscle."""
        low, high = PUBLISHED_RANGE
        muscle = self.muscle or PUBLISHED_MUSCLE
        return low if self.low is None else self.low, high if self.high is None else self.high, muscle


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(MetricConfig):
    """Which motions are evaluated against which reference, and where the tables go.

    Attributes:
        folder_path: folder of subjects' folders (`latents_subject_run_<session>/` or `<subject>/`), one folder of
            motions, or a data root of OpenCap sessions.
        file_type: `mot` for OpenSim motion files, `npy` for arrays of frames by 33 coordinates, `mocap` for the
            recorded squat trials of OpenCap sessions.
        fps: frames per second of arrays; None for 60.
        baseline: method that the row is named after and whose published row is set beside it, a key of
            `published_values.BASELINES`; None for the folder's name.
        subject: session whose model stands for every subject; None for the session that a subject's folder names.
        reference: folder of the reference motions; None for the data root, or the demo sessions where there is none.
        data_root: folder of sessions with the subjects' models; None for $BIGE_DATA.
        model: OpenSim model (.osim) of every subject, in place of those of the sessions.
        out_dir: folder of the written tables.
        table_name: first part of the names of the written files.
    """

    folder_path: Path
    file_type: str = "mot"
    fps: float | None = None
    baseline: str | None = None
    subject: str | None = None
    model: Path | None = None
    reference: Path | None = None
    data_root: Path | None = None
    out_dir: Path = Path("output/evaluation")
    table_name: str = "evaluation"

    def __post_init__(self) -> None:
        """Raise InputError where a value is not one of those that are known."""
        super().__post_init__()
        require_choice(FILE_TYPES, file_type=self.file_type)
        require_frame_rate(self.fps)
        if self.fps is not None and self.file_type != "npy":
            raise InputError("--fps is for --file_type npy; motion files state the time of each frame")
        require_choice(tuple(BASELINES), baseline=self.baseline)
