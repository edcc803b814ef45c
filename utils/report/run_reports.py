"""Write the reports of a saved guidance run."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from dataset.errors import InputError
from dataset.locations import REPOSITORY
from dataset.sessions import Session, is_session_path, open_session, require_model
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.result_record import session_folders
from utils.report.page import REPORT_NAME, write_report
from utils.report.report_config import ReportConfig
from utils.runs.writable import require_writable_file

logger = logging.getLogger("bige")

_ENDINGS = (".html", ".htm")


@dataclass(frozen=True)
class ReportResult:
    """The pages that were written.

    Attributes:
        pages: one page per session of the run.
    """

    pages: tuple[Path, ...]


def write_run_reports(config: ReportConfig) -> ReportResult:
    """Write the report of each session of a run.

    Raises:
        InputError: the run cannot be read, a page exists and may not be replaced or is not named as a page, one page or
            one subject is named for several sessions, or the subject that is named is not the run's.
    """
    folders = session_folders(config.run)
    if len(folders) > 1 and (config.out or config.subject):
        names = ", ".join(folder.name for folder in folders)
        raise InputError(
            f"{config.run} holds several sessions; to use --out or --subject, name the folder of one session: {names}"
        )
    if config.out and config.out.suffix.lower() not in _ENDINGS:
        raise InputError(f"--out {config.out}: the name must end in {' or '.join(_ENDINGS)}")
    pages = [config.out or folder / REPORT_NAME for folder in folders]
    for page in pages:
        if page.is_file() and not config.overwrite:
            raise InputError(f"{page} already exists; give --overwrite, or --out with another name")
        require_writable_file(page, "--out")
    for folder, page in zip(folders, pages, strict=True):
        result = load_guidance(folder)
        write_report(replace(result, session=_find_session(config, result)), page)
    return ReportResult(tuple(pages))


def _find_session(config: ReportConfig, result: GuidanceResult) -> Session | None:
    """The session that is named or, without a name, the one of the run; None with a warning where that is missing."""
    try:
        if config.subject or config.data_root:
            session = _open(config.subject or result.config.subject, config.data_root, result.config)
        else:
            session = result.session or _open_beside_code(result.config)
    except InputError as error:
        if config.subject:
            raise
        logger.warning("%s; the report is written without the 3-D player (name the session with --subject)", error)
        return None
    if session.id != result.session_id:
        raise InputError(f"{session.path} is session {session.id}, but the run is of session {result.session_id}")
    return replace(session, model=require_model(config.model)) if config.model else session


def _open(subject: str, data_root: Path | None, run: GuidanceConfig) -> Session:
    """A session by its path, or by its id under `data_root` or the data root of the run."""
    if is_session_path(subject):
        return open_session(subject)
    return open_session(subject, data_root or run.find_data_root()[1])


def _open_beside_code(run: GuidanceConfig) -> Session:
    """The run's session; a relative path may have been relative to this repository."""
    beside_code = REPOSITORY / run.subject
    return open_session(beside_code) if beside_code.is_dir() else run.open_session()
