"""Guidance of one person, from a configuration to all files of the result."""

from dataclasses import dataclass
from pathlib import Path

from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.output.run_writer import RunWriter
from utils.guidance.pipeline import run_guidance
from utils.report.page import REPORT_NAME, write_report


@dataclass(frozen=True)
class GuidedPerson:
    """What guidance found for a person.

    Attributes:
        result: the result.
        motions: folder of the motions.
        is_written: whether the result is there; an interrupted run does not replace an earlier result.
    """

    result: GuidanceResult
    motions: Path
    is_written: bool

    @property
    def report(self) -> Path:
        """The page that explains all of it."""
        return self.motions / REPORT_NAME

    @property
    def sentence(self) -> str:
        """Where the result is."""
        kept = f"the earlier motions in {self.motions} are kept"
        if self.is_written:
            count = len(self.result.samples)
            kept = f"{count} motion{'s' * (count != 1)}, summary.json and overview.png in {self.motions}"
        going_on = "\ninterrupted; the same command goes on" if self.result.interrupted else ""
        return kept + (f"\nopen {self.report} in a browser" if self.is_written else "") + going_on


def guide_person(config: GuidanceConfig) -> GuidedPerson:
    """Guide a person, and put motions, tables and report in place, all or none of them.

    A run that was killed goes on where it was when the same configuration is given again.

    Raises:
        InputError: the configuration, the session or a checkpoint cannot be used, or there are motions that may not be
            replaced.
    """
    with RunWriter(config) as writer:
        result = run_guidance(config, writer)
        is_written = writer.write(result, lambda folder: write_report(result, folder / REPORT_NAME))
        return GuidedPerson(result, writer.folder.motions, is_written)
