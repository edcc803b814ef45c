"""Squats that guided motions are compared with: the subject's own, or those of the shipped demo subjects."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import discover_sessions
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.window import Window
from utils.biomechanics.squat_phases import SquatPhases, find_phases, normalise_phases
from utils.guidance.subject.own_motions import name_of_squat
from utils.guidance.subject.own_squats import OwnSquats

logger = logging.getLogger("bige")

_MOST_SHOWN = 5
_SAME_S = 1e-3  # two windows of one file that start within this time are the same
_FEWEST_FRAMES = 30  # a shorter curve is no squat

Curves = list[tuple[np.ndarray, np.ndarray]]  # coordinates (T, 33) of a repetition, and curves (T, C) in its frames


@dataclass(frozen=True)
class OwnSquat:
    """A recorded squat of the subject, on the floor.

    Attributes:
        label: name in the page.
        name: where it was recorded, as in the baseline.
        coordinates: (T, 33), degrees and metres.
        activations: (T, 80), 0 to 1, NaN in frames that were not simulated; None where none was.
        phases: its phases.
    """

    label: str
    name: str
    coordinates: np.ndarray
    activations: np.ndarray | None
    phases: SquatPhases


@dataclass(frozen=True)
class Band:
    """Mean and spread of curves over squats, phase by phase.

    Attributes:
        mean: (101, C) mean.
        sd: (101, C) standard deviation; None for a single squat.
        source: where the curves come from, in words.
    """

    mean: np.ndarray
    sd: np.ndarray | None
    source: str


@dataclass(frozen=True)
class Reference:
    """What guided motions are compared with.

    Attributes:
        squats: own squats of the subject that can be shown beside a sample.
        coordinates: band of the 33 coordinates; None without any squat.
        activations: band of the 80 muscle activations; None where they are not known.
    """

    squats: list[OwnSquat]
    coordinates: Band | None
    activations: Band | None


def make_reference(own: OwnSquats, described: Sequence[str] = ()) -> Reference:
    """The subject's own squats and their bands; the bands of the shipped demo subjects where there are none.

    Activations are those of the session's own simulation, or else those that the surrogate predicts.

    Args:
        own: the own squats.
        described: names of those that samples were compared with, as in the baseline; these are shown, and the first
            ones where there are none.
    """
    if not own.recorded:
        return _demo_reference()
    source = _own_repetitions(len(own.recorded))
    shown = [window for window in own.recorded if name_of_squat(window) in described] or own.recorded[:_MOST_SHOWN]
    squats = [_own_squat(k, window, own.simulated) for k, window in enumerate(shown, 1)]
    return Reference(squats, make_band(_coordinates(own.recorded), source), _activation_band(own))


def make_band(curves: Curves, source: str) -> Band | None:
    """The band of the curves of several squats, `source` in words; None without a curve."""
    normalised = [
        normalise_phases(values, find_phases(coordinates))
        for coordinates, values in curves
        if len(values) > _FEWEST_FRAMES
    ]
    if not normalised:
        return None
    sd = np.std(normalised, 0, ddof=1) if len(normalised) > 1 else None
    return Band(np.mean(normalised, 0), sd, source)


def _demo_reference() -> Reference:
    try:
        windows = MotionDataset(discover_sessions(SHIPPED_DEMO), with_activations=True).windows
    except InputError as error:
        logger.warning("the report has no reference: %s", error)
        windows = []
    source = f"{len(windows)} squats of synthetic demo subjects, because no recorded squat of this subject was found"
    return Reference([], make_band(_coordinates(windows), source), make_band(_activations(windows), source))


def _activation_band(own: OwnSquats) -> Band | None:
    if own.simulated:
        return make_band(_activations(own.simulated), f"simulated, {_own_repetitions(len(own.simulated))}")
    if own.predicted is None:
        return None
    frames = [_repetition(window) for window in own.recorded]
    curves = [
        (window.coordinates[inside], activations[inside])
        for window, activations, inside in zip(own.recorded, own.predicted.astype(float), frames, strict=True)
    ]
    return make_band(curves, f"predicted by the surrogate, {_own_repetitions(len(curves))}")


def _own_squat(number: int, window: Window, simulated: Sequence[Window]) -> OwnSquat:
    same = next((other for other in simulated if _is_same(other, window)), None)
    name = name_of_squat(window)
    activations = None
    if same is not None and same.activations is not None and same.labelled is not None:
        activations = np.where(same.labelled[:, None], same.activations, np.nan)
    return OwnSquat(
        f"own squat {number} ({name})",
        name,
        window.coordinates,
        activations,
        find_phases(window.coordinates, int(window.first_repetition.sum())),
    )


def _own_repetitions(count: int) -> str:
    return f"{count} of this subject's own repetitions" if count > 1 else "this subject's only recorded repetition"


def _is_same(one: Window, other: Window) -> bool:
    return one.source == other.source and abs(one.start_s - other.start_s) < _SAME_S


def _repetition(window: Window) -> np.ndarray:
    """(T,) bool, the recorded frames of the first repetition, and of those the ones with activations if it has any."""
    frames = window.first_repetition & window.recorded
    return frames if window.labelled is None else frames & window.labelled


def _coordinates(windows: Sequence[Window]) -> Curves:
    return [(w.coordinates[_repetition(w)], w.coordinates[_repetition(w)]) for w in windows]


def _activations(windows: Sequence[Window]) -> Curves:
    return [
        (w.coordinates[_repetition(w)], w.activations[_repetition(w)]) for w in windows if w.activations is not None
    ]
