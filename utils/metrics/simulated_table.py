"""Table of the guided motions whose peak activation is in the requested range, predicted and simulated."""

from collections.abc import Iterable

from dataset.errors import InputError
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.verification import NEAR


def simulated_table(results: Iterable[GuidanceResult]) -> str:
    """Markdown table with one line per subject and one for all.

    Results without a simulation are left out.

    Raises:
        InputError: no result has a simulation.
    """
    lines = [
        f"| subject | predicted in range | simulated in range | simulated within {NEAR:g} of the range |",
        "|---|---|---|---|",
    ]
    total = [0, 0, 0, 0]
    for result in results:
        verdicts = result.simulation_verdicts()
        if not verdicts:
            continue
        met, near = verdicts.count("met"), verdicts.count("near")
        predicted = sum(result.accepted_as_predicted(j) for j in range(len(result.samples)))
        counts = (predicted, met, met + near, len(result.samples))
        total = [a + b for a, b in zip(total, counts, strict=True)]
        lines.append(_line(result.session_id, *counts))
    if not total[-1]:
        raise InputError("the guided motions were not simulated; guide them without --no-verify")
    return "\n".join([*lines, _line("all", *total)])


def _line(name: str, predicted: int, simulated: int, near: int, count: int) -> str:
    return f"| {name} | {predicted}/{count} | {simulated}/{count} | {near}/{count} |"
