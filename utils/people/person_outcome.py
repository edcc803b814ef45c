"""How the guidance of one person ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dataset.io.guarded_files import read_json_object_or_none
from dataset.sessions import Session
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.output.result_record import changed_files, read_record
from utils.guidance.output.summary import summarise_result
from utils.guidance.output.unfinished_run import remove_finished
from utils.guidance.run_fingerprint import FINGERPRINT, changes_since, run_fingerprint
from utils.report.page import REPORT_NAME
from utils.runs.run_folder import RunFolder, restore_folder

MET, NOT_MET, FAILED, OPEN = "met", "not met", "failed", "not guided yet"


@dataclass(frozen=True)
class PersonOutcome:
    """How the guidance of a person ended.

    Attributes:
        session: id of the session.
        status: `MET`, `NOT_MET`, `FAILED` (there is no result) or `OPEN`.
        accepted: how many different motions meet what is required.
        wanted: how many were asked for.
        simulated: whether a simulation on the person's own model judged them.
        seconds: how long it took.
        change: what the least changed motion that meets it changes of the own squat, in words.
        change_deg: the difference of its form from that of the own squat, degrees; None without own squats.
        doubts: what is doubtful of the person's model or squats, in sentences.
        why: why it failed or was not met, in sentences.
        report: the report; None without a result.
        is_kept: whether it was there already.
    """

    session: str
    status: str
    accepted: int = 0
    wanted: int = 0
    simulated: bool = False
    seconds: float = 0.0
    change: str = ""
    change_deg: float | None = None
    doubts: str = ""
    why: str = ""
    report: Path | None = None
    is_kept: bool = False

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        count = f", {self.accepted} of {self.wanted} motions" if self.report else ""
        time = ", was there already" if self.is_kept else f" after {self.seconds:.0f} s" if self.seconds else ""
        return f"{self.session}: {self.status}{count}{time}" + (f" ({self.why})" if self.why else "")


def outcome_of(result: GuidanceResult, folder: Path) -> PersonOutcome:
    """The outcome of a result that was written to a folder of motions."""
    return _outcome(summarise_result(result), result.seconds, folder)


def outcome_on_disk(
    config: GuidanceConfig, session: Session, made_since: datetime | None = None
) -> tuple[PersonOutcome | None, list[str]]:
    """The outcome of a result that is there and was made from the same, or what has changed since it was made.

    What a process that was killed right after it had put the result in place has left behind is removed.

    Args:
        config: the settings of the person.
        session: the person's session.
        made_since: a result that was made before is not valid; None for any time.

    Returns:
        The outcome, or None where there is no valid one; and what has changed, empty where there was no result.
    """
    run = RunFolder(config.run_folder, session.id)
    folder = run.motions
    restore_folder(folder)
    record = read_record(folder)
    if not record or record.get("interrupted"):
        return None, []
    if made_since is not None and not _made_since(record, made_since):
        return None, []
    fingerprint = run_fingerprint(config, session)
    changed = changes_since(record.get(FINGERPRINT), fingerprint)
    changed = changed or changed_files(folder, record)
    summary = read_json_object_or_none(folder / "summary.json") or {}
    if changed or not _is_whole(summary):
        return None, changed or ["summary"]
    remove_finished(run.unfinished, fingerprint)
    seconds = record.get("seconds")
    return _outcome(summary, float(seconds) if isinstance(seconds, int | float) else 0.0, folder, is_kept=True), []


def _made_since(record: dict[str, Any], since: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(record.get("made"))) >= since
    except (ValueError, TypeError):  # no date, or one without its time zone, as this program does not write it
        return False


def _is_whole(summary: dict[str, Any]) -> bool:
    """Whether a `summary.json`, which may be damaged, holds all that an outcome is made of."""
    change = summary.get("least_change") or ""  # there is none without own squats, and in runs of earlier versions
    lines = [line for name in ("why_not", "warnings") for line in _lines(summary.get(name, []))]
    texts = [summary.get("session"), summary.get("judged_by"), change, *lines]
    counts = [summary.get("accepted"), summary.get("wanted")]
    return (
        all(isinstance(text, str) for text in texts)
        and all(type(count) is int for count in counts)
        and isinstance(summary.get("least_change_deg"), int | float | None)
    )


def _lines(value: object) -> list[object]:
    return value if isinstance(value, list) else [None]


def _sentences(lines: Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines)


def _outcome(summary: dict[str, Any], seconds: float, folder: Path, *, is_kept: bool = False) -> PersonOutcome:
    """The outcome that a `summary.json` describes."""
    is_met = summary["accepted"] >= summary["wanted"]
    return PersonOutcome(
        session=summary["session"],
        status=MET if is_met else NOT_MET,
        accepted=summary["accepted"],
        wanted=summary["wanted"],
        simulated=summary["judged_by"] == "simulation",
        seconds=seconds,
        change=summary.get("least_change") or "",
        change_deg=summary.get("least_change_deg"),
        doubts=_sentences(summary.get("warnings", ())),
        why=_sentences(summary.get("why_not", ())),
        report=folder / REPORT_NAME,
        is_kept=is_kept,
    )
