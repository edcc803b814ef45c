"""What is said beside an evaluation's figures: how to read them, and why they may mean less than they seem to."""

import numpy as np

from models.conventions import ROTATION_INDICES
from utils.metrics.bootstrap import too_few
from utils.metrics.catalogue import DISTANCES, GUIDANCE
from utils.metrics.curves import share_not_normal
from utils.metrics.motion_sets import MotionSet


def problems(motions: MotionSet) -> list[str]:
    """A sentence for each subject whose model is missing or cannot be read; known once a figure has asked for it."""
    return [subject.problem for subject in motions.subjects if subject.problem]


def notes(motions: MotionSet, reference: MotionSet | None, parts: tuple[str, ...]) -> list[str]:
    """What has to be known to read the figures."""
    said = []
    sources = [motion for subject in motions.subjects for motion in subject.source.windows]
    if DISTANCES in parts:
        if reference is None:
            said.append(_said_of_normality(motions))
            if len(motions.subjects) > 1:
                said.append("distances and bands: each of its subjects against the others")
        whole = sum(not motion.has_squat for motion in sources)
        if whole:
            said.append(f"{whole} motions hold no complete squat; all of their frames stand for a repetition")
    if GUIDANCE in parts:
        predicted = sum(subject.predicted for subject in motions.subjects)
        said.append(
            f"activations: {len(motions) - predicted} motions' from their files, {predicted} predicted by the surrogate"
        )
    copies = sum(not motion.recorded.all() for motion in sources)
    if copies:
        said.append(f"{copies} motions repeat themselves exactly; the sounder figures count them once, without seam")
    return said


def warnings(motions: MotionSet, reference: MotionSet | None, parts: tuple[str, ...]) -> list[str]:
    """Why figures may mean less than they seem to."""
    said = too_few(motions.name, len(motions.subjects), len(motions))
    if DISTANCES in parts and reference:
        said += too_few(f"{reference.name} (compared with)", len(reference.subjects), len(reference))
        fewest, dimensions = min(len(reference), len(motions)), reference.features.shape[1]
        if fewest <= dimensions:
            said.append(
                f"Frechet distance: {fewest} motions in {dimensions} dimensions are too few for a covariance, so it "
                "comes out too high"
            )
    repeated = motions.repeated_between_subjects
    if repeated:
        said.append(
            f"{motions.name}: {repeated} motions are the same under several subjects, which so are no separate "
            "subjects: standard deviations and intervals come out too small"
        )
    without = problems(motions)
    if without:
        said.append(
            f"{motions.name}: {len(without)} of {len(motions.subjects)} subjects have no usable model and are left "
            "out of the figures that need feet or joints"
        )
    return said


def _said_of_normality(motions: MotionSet) -> str:
    share = share_not_normal(motions.curves[..., list(ROTATION_INDICES)])
    if np.isnan(share):
        return f"normality of {motions.name}'s curves: not tested, {len(motions)} motions are too few"
    return (
        f"normality of {motions.name}'s curves: Shapiro and Wilk's test rejects it at 5 % for {share:.0%} of points "
        "(5 % expected of normal ones); a band of mean ± 2 SD is to be read accordingly"
    )
