"""How far each figure of a report can be trusted, in sentences, with what the run itself says of it."""

import numpy as np

from models.muscles.simulation_settings import FILTER_MARGIN_S
from utils.report.reference import Reference
from utils.report.run_files import RunFiles
from utils.report.sample_tables import glossary
from utils.report.words import weak_sentence

_MEASURES = {
    "Knee flexion, deepest": "As good as the joint angles above.",
    "Trunk lean, most": "As good as the joint angles above.",
    "Depth of the pelvis": "Follows from the joint angles and the length of the model's legs.",
    "Left–right difference": "As good as the joint angles above. A few degrees mean little: capture from video errs by "
    "as much.",
    "Knee inwards, most": "The least certain of the joints: hip rotation and adduction are small and hard to capture.",
    "Speed of the joints": "After a low-pass filter, as motion capture has; not a peak speed.",
    "Drift of the feet, most": "A fault of the motion: planted feet do not drift. One to four centimetres are usual, "
    "as in capture from video.",
    "Lift of the feet, most": "A fault of the motion, or a heel that rises. Feet are rigid here.",
}


def trust_rows(run: RunFiles, reference: Reference, muscle: str) -> list[dict]:
    """{"title", "means", "trust"} of each kind of figure, those that matter most first."""
    ends = f"Peaks count from {FILTER_MARGIN_S:g} s after the beginning to {FILTER_MARGIN_S:g} s before the end."
    rows = [
        ("Promised activation", f"What a neural network, the surrogate, predicts from motion and the person's size. "
         f"{ends}", _promise(run, muscle)),
        ("Simulated activation", "The least effort of 80 muscles that makes the motion on the person's own skeleton, "
         "with the ground's force worked out from the motion.",
         "The better of the two, still not a measurement. For the vasti it agrees with OpenCap's own simulations "
         "(r above .98, error about .02 to .04, few repetitions of one person). Muscle strength is the model's, "
         "mostly generic: a strong person's activations come out high."),
        ("Weak muscles", "Marked “weak” beside their curves.",
         f"Do not lean on them, promised or simulated: {weak_sentence()}. The surrogate is poor too for the hamstrings "
         "and, on recorded people, for gluteus maximus."),
        ("Share of the right foot", "How much of the load the simulation puts on the right foot; 50 % is even.",
         "Which leg carries the load turns on centimetres. Against force plates a foot's force is off by 2 to 6 % of "
         "body weight, more in asymmetric squats: take small differences between the legs as none."),
        ("Unexplained force", "What is left over when ground and gravity have explained the motion.",
         "A check, not a finding: above 5 % of body weight do not believe that motion's activations."),
        ("Joint angles", "Of the generated motion, on the person's own skeleton.",
         "Exact for the motion as written in the .mot files. It keeps the person's bone lengths; whether this "
         "person can or will move so is not known. A motion lasts 3.3 s: slow squats do not finish in it."),
        ("Picture of the person", "Joint centres from the person's scaled model, to the millimetre.",
         "Limbs' thickness, head and hands are drawn, not measured."),
        ("Reference band", "Mean ± 2 SD over repetitions, each way down and each way up stretched to one length.",
         _band(reference)),
    ]  # fmt: skip
    rows += [(f"{title} [{unit}]", means, _MEASURES[title]) for title, unit, means in glossary()]
    rows.append((
        "Distance from known motion",
        "How far the motion is from the nearest training motion; 1 is how far one person's is from another's.",
        "Well under 1 is near to something recorded or, for the shipped weights, to synthetic demo people; "
        "those were made to cover recorded people's ranges.",
    ))  # fmt: skip
    return [dict(zip(("title", "means", "trust"), row, strict=True)) for row in rows]


def _promise(run: RunFiles, muscle: str) -> str:
    rows = [sample["simulated"] for sample in run.summary["samples"] if "simulated" in sample]
    if not rows:
        return "A promise that was not checked here. Where it was, the simulation often found peaks outside the range."
    off = np.abs(np.array([row["peak_simulated"] for row in rows]) - np.array([row["peak_predicted"] for row in rows]))
    return (
        f"A promise. In this run the simulation finds peaks of {muscle} that differ from it by {np.median(off):.2f} in "
        f"the middle and {off.max():.2f} at worst. {_optimised(run)}"
    )


def _optimised(run: RunFiles) -> str:
    if run.arguments.get("refine"):
        return "The simulation corrected the surrogate in between (--refine), so that it is off by less than elsewhere."
    return "The optimisation looks for what the surrogate likes, its errors too."


def _band(reference: Reference) -> str:
    if reference.coordinates is None:
        return "There is none here."
    few = "" if reference.squats else " It is not this person: size and habit differ."
    return f"Of {reference.coordinates.source}.{few} From a handful of repetitions an SD is rough."
