"""Settings of the tables of RESULTS.md."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from utils.metrics.evaluation_config import MetricConfig
from utils.runs.shared_configs import DataConfig


@dataclass(frozen=True, kw_only=True)
class TablesConfig(DataConfig, MetricConfig):
    """Which rows the tables have, and where they are written.

    Attributes:
        row: names and folders of generated motions; a folder holds one folder for each subject, which is named after a
            session of the data.
        recordings: OpenCap data root of recorded subjects with muscle-driven repetitions; None for no such table.
        guided: run folders of guided motions, whose subjects are set beside their own squats; none for no such table.
        requests: folder with a run folder of guided motions for each request; None for no such table.
        results: Markdown file in which the tables are put between the comments that name them.
        out_dir: folder of the tables as CSV, JSON, LaTeX and Markdown.
    """

    row: tuple[tuple[str, Path], ...] = ()
    recordings: Path | None = None
    guided: tuple[Path, ...] = ()
    requests: Path | None = None
    results: Path = Path("RESULTS.md")
    out_dir: Path = Path("output/tables")

    def __post_init__(self) -> None:
        """Raise InputError where there is no row to make."""
        super().__post_init__()
        if not (self.row or self.recordings or self.guided or self.requests):
            raise InputError(
                "there is no table to make: give --row NAME=DIR, --recordings DIR, --guided DIR or --requests DIR"
            )
        names = [name for name, _ in self.row]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(f"--row: {twice[0]} is the name of two rows; give each a name of its own")

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are made, which are those of their blocks in the Markdown file."""
        made = {
            "recorded": self.recordings, "generated": self.row, "guided": self.guided, "requests": self.requests,
        }  # fmt: skip
        return tuple(name for name, source in made.items() if source)
