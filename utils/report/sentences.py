"""Sentences of the page that depend on the run."""

from typing import Any

import numpy as np

from models.conventions import without_side
from utils.guidance.guidance_config import OWN, GuidanceConfig
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.verification import NEAR
from utils.report.comparison_squats import Reference
from utils.report.term_wording import term_words
from utils.report.vocabulary import muscle_name
from utils.simulation.lost_contact import off_floor_sentences
from utils.simulation.saturation import saturation_of_samples


def summarise(result: GuidanceResult) -> dict[str, Any]:
    """The head of the page.

    Returns:
        `met` and `simulated`, the two sentences of the title (the second may be empty); `question`, what the samples
        were to meet; `answer`, the least change that meets it (may be empty); `rows` of dots, each with a title, words
        and the state of each sample; and a `caution`.
    """
    wanted, count, same = result.config.min_samples, len(result.samples), result.repeated
    meet = "meets" if result.accepted == 1 else "meet"
    repeated = f", and {same} more {'is' if same == 1 else 'are'} the same as another" if same else ""
    verdicts = result.simulation_verdicts()
    words = f"{result.accepted} of {wanted} {meet} all requirements{repeated}"
    if count != wanted:
        words += f"; {count} motions were written"
    if near := verdicts.count("near"):
        words += f"; {near} more miss only an activation, by at most {NEAR:g}"
    states = verdicts or ["met" if sample.accepted else "missed" for sample in result.samples]
    rows = [{"title": "Requirements", "words": words, "states": states}]
    simulated = ""
    in_simulation = " in simulation" if verdicts else ""
    caution = "The motions were not simulated, so the activations are only the surrogate's predictions."
    if verdicts:
        promised = [result.accepted_as_predicted(j) for j in range(count)]
        simulated = f"The surrogate predicted {sum(promised)}."
        words = f"the surrogate predicted it of {sum(promised)} of {count}; this does not count"
        rows.append({"title": "Prediction", "words": words, "states": ["met" if one else "missed" for one in promised]})
        caution = (
            "Where they differ, the simulated activations are more reliable than the predicted ones. Neither is a "
            "measurement, since no muscle was recorded. Activation is the drive of a muscle, from 0 (none) to 1 (full)."
        )
    return {
        "met": f"{result.accepted} of {wanted} samples {meet} the requirements{in_simulation}{repeated}.",
        "simulated": simulated,
        "question": _question(result),
        "answer": _answer(result),
        "rows": rows,
        "caution": caution,
    }


def _question(result: GuidanceResult) -> str:
    config = result.config
    asked = [term for term in result.terms if term.required and not term.of_a_whole_motion]
    if result.activation_range is None:
        if not asked:
            return "No constraint was required of the motions; the table below lists the wishes."
        return f"What was required: {'; '.join(map(term_words, asked))}."
    low, high = result.activation_range
    text = f"The squats were to have a peak {muscle_name(config.muscle)} activation between {low:g} and {high:g}"
    if config.muscle == without_side(config.muscle):
        text += " in both legs"
    further = len(asked) - 1
    if further <= 0:
        return f"{text}."
    return f"{text}, and to meet {further} further constraint{'s' if further > 1 else ''}."


def _answer(result: GuidanceResult) -> str:
    """The least changed of the samples that meet all requirements; empty without own squats, or where there is none.

    Where own squats meet what was asked already, that comes first.
    """
    j = result.least_changed
    if j is None:
        return ""
    text = f"Sample {j} meets it with the least change from an own squat: {result.changes[j].sentence}."
    if result.baseline and (meeting := result.baseline.meeting):
        meet = "meets" if meeting == 1 else "meet"
        text = f"{meeting} of {len(result.baseline.names)} own squats {meet} it already. {text}"
    found, own = result.verification, result.baseline
    if result.activation_range is None or found is None or own is None or not own.simulated:
        return text
    muscle = result.config.muscle
    changed = [
        f"{found.simulated[j, side]:.2f} for {before:.2f} {('left', 'right')[side]}"
        for side, before in zip(result.muscle_sides, own.peaks[result.changes[j].own].tolist(), strict=True)
    ]
    return f"{text} The simulated peak of {muscle_name(without_side(muscle))} becomes {' and '.join(changed)}."


def sample_note(result: GuidanceResult, j: int, *, stands_up: bool) -> str:
    """Sample j (from 0) in one or two sentences, for screen readers too.

    Args:
        result: the run.
        j: index of the sample.
        stands_up: whether the motion ends its squat upright.
    """
    text = "Meets all requirements" if result.samples[j].accepted else "Misses a requirement"
    if not result.samples[j].is_plausible:
        text += "; further from every recorded squat than --max-distance allows"
    if result.verification is not None:
        peaks = " / ".join(f"{peak:.2f}" for peak in result.verification.simulated[j].tolist())
        text += f"; simulated peak of {muscle_name(without_side(result.config.muscle))} left / right {peaks}"
        if missing := result.verification.unexplained_sentences()[j]:
            text += f"; {missing}"
    return f"{text}." + ("" if stands_up else " It does not stand upright again within the motion.")


def reference_sentences(reference: Reference) -> list[str]:
    """What the grey bands of the curves are."""
    sentences = []
    if reference.coordinates:
        sentences.append(f"Grey band of the joints: mean ± 2 SD of {reference.coordinates.source}.")
    if reference.activations:
        sentences.append(f"Grey band of the muscles: {reference.activations.source}.")
    else:
        sentences.append("There is no reference for the muscles.")
    sentences.append(
        "A band pools left and right. Descent and ascent of each band are stretched to those of the sample, so that "
        "equal phases are at the same place. A single repetition is shown as a line without a band."
    )
    return sentences


def simulation_paragraph(result: GuidanceResult) -> str:
    """What the simulation found, over all samples; empty where it was not run."""
    found, config = result.verification, result.config
    if found is None:
        return ""
    asked = result.activation_range
    asked_text = "" if asked is None else f", for a range of {asked[0]:g} to {asked[1]:g}"
    simulated, predicted = (peaks[:, result.muscle_sides].numpy() for peaks in (found.simulated, found.predicted))
    error = np.abs(simulated - predicted)
    return (
        "Each motion was simulated by static optimisation on the subject's own model. The simulated peaks of "
        f"{muscle_name(config.muscle)} run from {float(simulated.min()):.2f} to "
        f"{float(simulated.max()):.2f}{asked_text}. The predicted peaks "
        f"differ from them by {np.median(error):.2f} (median) and by {error.max():.2f} at most. "
        "The residual force is what gravity and the ground reaction force do not explain; "
        "under 5 % of body weight is small. A reserve is the joint moment that the muscles could not supply."
        f"{_saturation(result)}{_lost_contact(result)}"
    )


def _saturation(result: GuidanceResult) -> str:
    """Sentences on muscles that the simulation drives to full activation, with a space before each."""
    found = result.verification
    texts = saturation_of_samples(found.saturated(), muscle_name) if found else []
    return "".join(f" {text[0].upper()}{text[1:]}." for text in texts)


def _lost_contact(result: GuidanceResult) -> str:
    """A sentence for each foot that is off the floor in a sample, with a space before it."""
    found = result.verification
    intervals = found.off_floor_s() if found else []
    return "".join(f" Sample {j}: {text}." for j, one in enumerate(intervals) for text in off_floor_sentences(one))


def history_paragraph(config: GuidanceConfig) -> str:
    """What the charts of the optimisation show."""
    rounds = config.refinement_rounds
    refinement = (
        f" Where the simulation misses a requirement, up to {rounds} batches follow that use it in place of the "
        "surrogate."
    )
    phases = (
        "Everything counts from the first iteration."
        if config.start == OWN
        else "At first only the distance to the training motions counts, and then the constraints are phased in."
    )
    return (
        "The batches of samples follow one another, with dashed lines between them; each value is the mean over a "
        f"batch. Losses are shown before their weights, have no unit, and should fall. {phases} Samples that miss a "
        f"requirement to the end are replaced by new ones in a further batch.{refinement if rounds else ''}"
    )
