"""The reliability of each figure of the page, in sentences, with the errors that the run itself shows."""

import numpy as np

from models.muscles.simulation_settings import FILTER_MARGIN_S
from utils.guidance.guidance_result import GuidanceResult
from utils.report.comparison_squats import Reference
from utils.report.measure_display import SHOWN_MEASURES
from utils.report.sample_tables import proximity_title
from utils.report.vocabulary import muscle_name, weak_muscles


def reliability_rows(result: GuidanceResult, reference: Reference) -> list[dict[str, str]]:
    """For each kind of figure its `title`, its `definition`, and its `reliability`, the most important ones first."""
    rows = [
        *_activation_rows(result),
        *_mechanics_rows(),
        (
            "Reference band",
            "Mean ± 2 SD over repetitions, whose descents and ascents are each stretched to one length.",
            _band_reliability(reference),
        ),
        *((f"{shown.title} [{shown.unit}]", shown.definition, shown.reliability) for shown in SHOWN_MEASURES),
        (
            proximity_title(result),
            "Distance of the latent from the nearest training latent, or from that of the nearest own squat, as it is "
            "or varied, where guidance starts from these. A value of 1 is the median distance between the motions of "
            "different subjects.",
            "Values well below 1 are close to a recorded motion or, with the shipped networks, to a motion of a "
            "synthetic demo subject; those were made to cover the ranges of recorded people.",
        ),
    ]
    return [dict(zip(("title", "definition", "reliability"), row, strict=True)) for row in rows]


def _activation_rows(result: GuidanceResult) -> list[tuple[str, str, str]]:
    return [
        (
            "Predicted activation",
            "The prediction of the surrogate. The shipped one is inverse dynamics on the subject's model, and neural "
            "networks that share the ground reaction between the feet and the joint moments between the muscles, "
            "fitted to the muscles of that model and to the own squats as simulated. "
            f"Peaks are taken from {FILTER_MARGIN_S:g} s after the start to {FILTER_MARGIN_S:g} s before the end.",
            _prediction_reliability(result),
        ),
        (
            "Simulated activation",
            "Static optimisation: the least effort of 80 muscles that produces the motion on the subject's own model, "
            "with a ground reaction force that is computed from the motion.",
            "More reliable than the prediction, but not a measurement. For the vasti it agrees with what joint moments "
            "by force plates need (error of .01 to .05, two people) and with OpenCap's own simulations (error of .02 "
            "to .07, a few repetitions of a third), with r above .98. The strength of the muscles is the model's and "
            "mostly generic, so the activations of a strong person come out too high.",
        ),
        (
            "Weak muscles",
            "Marked “weak” beside their curves.",
            f"Predicted and simulated activations are unreliable for them: {weak_muscles()}. Of the others, the "
            "shipped surrogate predicts adductor brevis, adductor longus, gracilis, piriformis and semitendinosus "
            "least well.",
        ),
    ]


def _mechanics_rows() -> list[tuple[str, str, str]]:
    return [
        (
            "Load on the right foot",
            "Share of the vertical ground reaction force that the simulation puts under the right foot; 50 % is even.",
            "The distribution of load depends on centimetres. Compared with force plates, the force under a foot has "
            "an error of 2 to 6 % of body weight, so small differences between the legs mean nothing.",
        ),
        (
            "Residual force",
            "The force that remains when gravity and the ground reaction force have explained the motion.",
            "A check of the simulation. Above 5 % of body weight, the activations of that motion are not reliable.",
        ),
        (
            "Joint angles",
            "Angles of the generated motion, on the subject's own skeleton.",
            "Exact for the motion in the .mot files, which has the subject's bone lengths. Whether this subject can "
            "or will move like that is not known.",
        ),
        (
            "Picture of the subject",
            "Joint centres of the subject's scaled model, exact to a millimetre.",
            "The thickness of the limbs, the head and the hands are drawn, not measured.",
        ),
    ]


def _prediction_reliability(result: GuidanceResult) -> str:
    found = result.verification
    if found is None:
        return (
            "The prediction was not checked in this run. Where it was, the simulation often found peaks outside the "
            "range."
        )
    error = (found.simulated - found.predicted).abs()[:, result.muscle_sides].numpy()
    advice = "The optimisation exploits what the surrogate predicts, including its errors."
    if result.config.refinement_rounds:
        advice = "Where the simulation missed what was asked, its own gradients were used (--refine)."
    return (
        f"In this run the simulated peaks of {muscle_name(result.config.muscle)} differ from the predicted ones by "
        f"{np.median(error):.2f} (median) and by {error.max():.2f} at most. {advice}"
    )


def _band_reliability(reference: Reference) -> str:
    if reference.coordinates is None:
        return "There is no reference in this report."
    other = "" if reference.squats else " They are not this subject: body size and habit differ."
    return f"Computed from {reference.coordinates.source}.{other} With few repetitions, an SD is a rough estimate."
