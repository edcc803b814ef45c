"""Settings of retargeting and of the export of joint positions."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from utils.runs.shared_configs import (
    DeviceConfig,
    OutputConfig,
    SessionConfig,
    SubjectConfig,
    require_above,
    require_choice,
    require_frame_rate,
)

JOINT_DEFINITIONS = ("body-model", "skeleton")
SOURCE_TYPES = ("mdm", "t2m", "humanml", "joints", "smpl")
UNITS = ("m", "cm", "mm")


@dataclass(frozen=True, kw_only=True)
class _JointConfig(SubjectConfig, DeviceConfig, OutputConfig):
    """What retargeting and export share.

    Attributes:
        exp_name: name of the run folder.
        fps: frames per second.
        joints_of: `body-model` for joints as SMPL and HumanML3D have them, whose straight legs bend by 10 degrees at
            the knee; `skeleton` for the joint centres of a skeleton; None for the default, see the subclasses.
        overwrite: whether files that exist already are replaced.
    """

    exp_name: str = "retargeted"
    fps: float | None = None
    joints_of: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where a value is not one of those that are known, or out of its range."""
        super().__post_init__()
        require_frame_rate(self.fps)
        require_choice(JOINT_DEFINITIONS, joints_of=self.joints_of)


@dataclass(frozen=True, kw_only=True)
class JointExportConfig(_JointConfig, SessionConfig):
    """Which trials' joint positions are written, and how.

    `fps` is the rate of the written positions, 20 Hz by default, and `joints_of` is `skeleton` by default.
    """

    @property
    def joint_definition(self) -> str:
        """`joints_of`, or its default."""
        return self.joints_of or "skeleton"


@dataclass(frozen=True, kw_only=True)
class RetargetingConfig(_JointConfig):
    """Which motions are retargeted to which subject, and when a fit is accepted.

    `fps` is the frame rate of the source; None for the rate that the file states, and 20 Hz where it states none, of
    which a warning tells for the types `smpl` and `joints`. `joints_of` is by default `skeleton` for the type `joints`,
    and `body-model` for the others.

    Attributes:
        type: `mdm` for MDM's results.npy, `t2m` or `joints` for joint positions (T, 22, 3) or (N, T, 22, 3), `humanml`
            for HumanML3D's 263 features, `smpl` for an .npz of SMPL parameters.
        input: file of motions, or a folder of such files.
        unit: unit of joint positions, or of the translation of SMPL parameters, `m`, `cm` or `mm`.
        mean: .npy file of the mean of normalised features, (263,); together with `std`.
        std: .npy file of their standard deviation, (263,).
        max_mean_mm: largest accepted mean distance between fitted and target joints, millimetres. The default is the
            RMS error of markers that OpenSim's guide accepts.
        max_p95_mm: largest accepted 95th percentile of these distances, millimetres. The default is the largest marker
            error that OpenSim's guide accepts.
    """

    type: str
    input: Path
    unit: str = "m"
    mean: Path | None = None
    std: Path | None = None
    max_mean_mm: float = 20.0
    max_p95_mm: float = 40.0

    def __post_init__(self) -> None:
        """Raise InputError where a value is missing, unknown or out of its range, or values do not go together."""
        super().__post_init__()
        if not (self.type and self.input):
            raise InputError("there is nothing to retarget: give --type and --input, or --export-joints")
        require_choice(SOURCE_TYPES, type=self.type)
        require_choice(UNITS, unit=self.unit)
        require_above(0, max_mean_mm=self.max_mean_mm, max_p95_mm=self.max_p95_mm)
        if (self.mean is None) != (self.std is None):
            raise InputError("--mean and --std have to be given together")
        if self.mean and self.type != "humanml":
            raise InputError(f"--mean and --std are for --type humanml, not for --type {self.type}")
        if self.unit != "m" and self.type == "humanml":
            raise InputError(
                "--unit is for joint positions and SMPL parameters; features of --type humanml are in metres"
            )

    @property
    def joint_definition(self) -> str:
        """`joints_of`, or its default."""
        return self.joints_of or ("skeleton" if self.type == "joints" else "body-model")
