"""What the guided motions are held against: the person's own squats, or else those of the shipped demo people."""

import logging
from dataclasses import dataclass

import numpy as np
import torch

from dataset.errors import InputError
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import Session, discover_sessions
from dataset.windows.motion_dataset import MotionDataset
from dataset.windows.window import Window
from utils.report.phases import Squat, find_squat, stretched

logger = logging.getLogger("bige")

_MOST_SHOWN = 5
_SAME_S = 1e-3
_FEWEST_FRAMES = 30


@dataclass(frozen=True)
class OwnSquat:
    """A recorded squat, placed on the floor: coordinates (T, 33), activations (T, 80) or None, and its phases."""

    name: str
    coordinates: np.ndarray
    activations: np.ndarray | None
    squat: Squat


@dataclass(frozen=True)
class Band:
    """Mean and standard deviation (101, C) over squats, phase by phase; sd is None of a single one."""

    mean: np.ndarray
    sd: np.ndarray | None
    source: str


@dataclass(frozen=True)
class Reference:
    """Squats to lay over a sample, and bands of the coordinates and of the muscles, None where nothing is known."""

    squats: list[OwnSquat]
    coordinates: Band | None
    activations: Band | None


def reference_of(session: Session | None, predict=None) -> Reference:
    """The person's own squats and bands; the shipped demo people's bands where the session holds no squat.

    predict: (N, T, 33) tensor -> (N, T, 80), the surrogate, for a person whose own squats were not simulated.
    """
    recorded = _windows(session, with_activations=False) if session else []
    if not recorded:
        demo = _demo_windows()
        source = f"{len(demo)} squats of synthetic demo people, because no recorded squat of this person was found"
        return Reference([], band(_cuts(demo, "coordinates"), source), band(_cuts(demo, "activations"), source))
    simulated = _windows(session, with_activations=True)
    if simulated:
        activations = band(_cuts(simulated, "activations"), f"simulated, {_own(len(simulated))}")
    elif predict and (curves := _predicted(recorded, predict)):
        activations = band(curves, f"as the surrogate predicts them, {_own(len(curves))}")
    else:
        activations = None
    squats = []
    for k, window in enumerate(recorded[:_MOST_SHOWN], 1):
        labelled = next((w for w in simulated if _same(w, window)), None)
        squats.append(
            OwnSquat(
                f"own squat {k} ({window.source.stem if window.source else 'recorded'}, {window.start_s:.1f} s)",
                window.coordinates,
                labelled.activations if labelled else None,
                find_squat(window.coordinates, int(window.first_repetition.sum())),
            )
        )
    return Reference(squats, band(_cuts(recorded, "coordinates"), _own(len(recorded))), activations)


def _own(count: int) -> str:
    return f"{count} of this person's own repetitions" if count > 1 else "this person's only recorded repetition"


def _windows(session: Session, with_activations: bool) -> list[Window]:
    if with_activations and not session.squat_muscle_driven:
        return []
    return _windows_of([session], with_activations) if session.squat_trials or session.squat_muscle_driven else []


def _demo_windows() -> list[Window]:
    try:
        return _windows_of(discover_sessions(SHIPPED_DEMO), with_activations=True)
    except InputError as error:
        logger.warning("no reference: %s", error)
        return []


def _predicted(windows: list[Window], predict) -> list[tuple[np.ndarray, np.ndarray]]:
    """(coordinates, activations) of each window's repetition; empty where the run's surrogate is no longer there."""
    motion = torch.as_tensor(np.stack([window.coordinates for window in windows]), dtype=torch.float32)
    try:
        activations = predict(motion).numpy().astype(float)
    except InputError as error:
        logger.warning("no reference for the muscles: %s", error)
        return []
    cuts = [_repetition(window) for window in windows]
    return [(w.coordinates[cut], a[cut]) for w, a, cut in zip(windows, activations, cuts, strict=True)]


def _windows_of(sessions: list[Session], with_activations: bool) -> list[Window]:
    try:
        return MotionDataset(sessions, with_activations=with_activations).windows
    except InputError as error:
        logger.warning("no reference: %s", error)
        return []


def _same(one: Window, other: Window) -> bool:
    return one.source == other.source and abs(one.start_s - other.start_s) < _SAME_S


def _repetition(window: Window) -> np.ndarray:
    """(T,) bool, the frames of the repetition that were recorded, and whose activations are known where any are."""
    frames = window.first_repetition & window.recorded
    return frames if window.labelled is None else frames & window.labelled


def _cuts(windows: list[Window], field: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(coordinates, field) of each window's repetition, both cut to it."""
    return [(w.coordinates[_repetition(w)], getattr(w, field)[_repetition(w)]) for w in windows]


def band(cuts: list[tuple[np.ndarray, np.ndarray]], source: str) -> Band | None:
    """The band of curves (T_i, C), each with the coordinates (T_i, 33) that tell its phases; None of no curve."""
    curves = [stretched(curve, find_squat(coordinates)) for coordinates, curve in cuts if len(curve) > _FEWEST_FRAMES]
    if not curves:
        return None
    return Band(np.mean(curves, 0), np.std(curves, 0, ddof=1) if len(curves) > 1 else None, source)
