"""Settings of `write_run_reports`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Which guidance run to report, and where to write the pages.

    Attributes:
        run: run folder (`<out_dir>/<exp_name>`), or the folder of one of its sessions.
        subject: session folder of the subject, or its id under the data root; None for the one that the run names.
        data_root: folder of sessions in which an id is looked up; None for the one that the run names.
        model: OpenSim model (.osim) to draw in place of the session's own.
        out: the page to write; None for report.html in the folder of each session.
        overwrite: replace a report that exists.
    """

    run: Path
    subject: str | None = None
    data_root: Path | None = None
    model: Path | None = None
    out: Path | None = None
    overwrite: bool = False
