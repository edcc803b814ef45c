"""Settings of `export_motions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from utils.runs.shared_configs import require_names_of_their_own

FORMATS = ("bvh", "json", "mot", "opensim")
UNITS_PER_M = {"m": 1.0, "cm": 100.0}


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Which motions to export, and in which format.

    Attributes:
        motions: motion files (.mot or .sto).
        subject: the session whose scaled model moves: its folder, or its id under the data root. Not needed for mot.
        data_root: folder of sessions in which an id is looked up; None for $BIGE_DATA.
        model: OpenSim model (.osim) to use in place of the session's own; None for the session's.
        format: `bvh`, bones for animation programs; `json`, bodies with bone meshes for the OpenCap viewer; `mot`, the
            motion with knee_angle_*_beta columns; `opensim`, a folder with which OpenSim's tools repeat the simulation
            of the motion.
        unit: unit of lengths in a .bvh, `m` or `cm`.
        out_dir: files are written to `<out_dir>/<name of the motion>.<format>`, the folder to
            `<out_dir>/<name of the motion>_opensim`.
    """

    motions: Sequence[Path]
    subject: str | None = None
    data_root: Path | None = None
    model: Path | None = None
    format: str = "bvh"
    unit: str = "m"
    out_dir: Path = Path("output/exports")

    def __post_init__(self) -> None:
        """Raise InputError where values are unknown or do not go together."""
        if self.format not in FORMATS:
            raise InputError(f"--format is {self.format!r}, expected one of {', '.join(FORMATS)}")
        if self.unit not in UNITS_PER_M:
            raise InputError(f"--unit is {self.unit!r}, expected one of {', '.join(UNITS_PER_M)}")
        if self.unit != "m" and self.format != "bvh":
            raise InputError(f"--unit {self.unit} has no effect with --format {self.format}, whose lengths are metres")
        require_names_of_their_own(self.motions)
        if self.format != "mot" and not self.subject:
            raise InputError(f"--format {self.format} needs the subject's model: give the session with --subject")
