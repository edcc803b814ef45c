"""Table of guided motions by subject: peaks in the requested range, predicted and simulated, and beside the own squats.

The last columns compare with the subject's own squats by the published measures of realism: with all of them, and with
those that guidance continued, each as often as there are motions whose nearest own squat it is. Of all squats, the
frames from upright stance to upright stance count, without the standing that follows.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from torch import Tensor

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.windows.segmentation import segment_repetitions
from models.conventions import FRAME_RATE_HZ
from utils.guidance.change_description import mean_change_deg
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.verification import NEAR
from utils.metrics.published_realism import entropy, fidelity, pooled_moments

_HEADER = (
    f"| subject | predicted in range | simulated in range | simulated within {NEAR:g} of the range | mean change | "
    "fidelity W2 to all own squats | to those continued | entropy of all own squats [nats] | of those continued | "
    "of the guided motions |"
)
_FORMS = ("{:.1f}°", "{:.2f}", "{:.2f}", "{:.3f}", "{:.3f}", "{:.3f}")
_UNKNOWN = (float("nan"),) * len(_FORMS)


def guided_table(results: Iterable[GuidanceResult]) -> str:
    """Markdown table with one line per subject and one for all: sums of motions, and means over subjects.

    Results without a simulation are left out. The last columns of a subject without own squats are empty.

    Raises:
        InputError: no result has a simulation.
    """
    lines = [_HEADER, "|---" * _HEADER.count(" |") + "|"]
    counts: list[Sequence[int]] = []
    comparisons: list[Sequence[float]] = []
    for result in results:
        verdicts = result.simulation_verdicts()
        if not verdicts:
            continue
        met, near = verdicts.count("met"), verdicts.count("near")
        predicted = sum(result.accepted_as_predicted(j) for j in range(len(result.samples)))
        counts.append((predicted, met, met + near, len(verdicts)))
        comparisons.append(_beside_own(result))
        lines.append(_line(result.session_id, counts[-1], comparisons[-1]))
    if not counts:
        raise InputError("--guided: none of the motions was simulated; guide them without --no-verify")
    known = [values for values in comparisons if values is not _UNKNOWN]
    return "\n".join([*lines, _line("all", np.sum(counts, axis=0), np.mean(known, axis=0) if known else _UNKNOWN)])


def _beside_own(result: GuidanceResult) -> Sequence[float]:
    """Change in degrees, fidelity to all own squats and to those continued, entropies; NaN without own squats."""
    if result.baseline is None:
        return _UNKNOWN
    guided, own = squats_of(result.motion), squats_of(result.baseline.motion)
    continued = [own[change.own] for change in result.changes]
    moments = [pooled_moments(np.concatenate(motions)) for motions in (own, continued, guided)]
    distances = [fidelity(reference, moments[-1]) for reference in moments[:-1]]
    entropies = [float(np.mean([entropy(one) for one in motions])) for motions in (own, continued, guided)]
    return mean_change_deg(result.changes), *distances, *entropies


def squats_of(motion: Tensor) -> list[np.ndarray]:
    """The first squat (T', 33) of each of the motions (S, T, 33); all of a motion in which none is found."""
    found = []
    for coordinates in motion.double().numpy():
        repetitions = segment_repetitions(Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates))
        found.append(coordinates[repetitions[0].start_frame : repetitions[0].end_frame] if repetitions else coordinates)
    return found


def _line(name: str, counts: Sequence[int], comparison: Sequence[float]) -> str:
    predicted, met, near, total = counts
    cells = [name, *(f"{count}/{total}" for count in (predicted, met, near))]
    cells += ("" if np.isnan(value) else form.format(value) for form, value in zip(_FORMS, comparison, strict=True))
    return f"| {' | '.join(cells)} |"
