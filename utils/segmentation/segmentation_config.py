"""Settings of `segment_session`."""

from dataclasses import dataclass
from pathlib import Path

from utils.runs.shared_configs import SessionConfig


@dataclass(frozen=True, kw_only=True)
class SegmentationConfig(SessionConfig):
    """Which trials to segment, and where to write.

    Attributes:
        out_dir: the repetitions go to `<out_dir>/<session>/`.
        overwrite: replace files of an earlier run that hold something else.
    """

    out_dir: Path = Path("output/segments")
    overwrite: bool = False
