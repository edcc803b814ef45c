"""The data that the page's scripts read: motions, bands, ranges and panels. assets/decoding.js decodes them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from dataset.io.motion import Motion
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATES, FRAME_RATE_HZ, MUSCLES, TRANSLATION_INDICES, TRANSLATIONS, without_side
from models.muscles.simulation_settings import FILTER_MARGIN_FRAMES
from utils.biomechanics.coordinate_directions import POSITIVE_DIRECTIONS
from utils.biomechanics.squat_phases import SquatPhases, find_phases
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.verification import NEAR
from utils.report import encoding
from utils.report.comparison_squats import Band, Reference
from utils.report.sentences import sample_note
from utils.report.skeleton_figure import SkeletonFigure
from utils.report.term_wording import ranges_of
from utils.report.vocabulary import COORDINATE_PANELS, PANEL_GROUPS, is_weak, muscle_name

MOST_BYTES = 5_500_000  # of the motions, so that the page stays below 8 MB
_DECIMALS = 4  # of the bands
_IS_TRANSLATION = np.isin(np.arange(len(COORDINATES)), TRANSLATION_INDICES)


def page_data(result: GuidanceResult, reference: Reference, figure: SkeletonFigure | None) -> dict[str, Any]:
    """The data of a page, of types that JSON knows.

    Of many samples it has the motions of the first ones, about `MOST_BYTES`.

    Args:
        result: the run.
        reference: the squats that its samples are compared with.
        figure: the subject's figure; None where the page has no 3-D player.
    """
    steps = np.where(_IS_TRANSLATION, encoding.METRE_STEP_M, encoding.ANGLE_STEP_DEG).tolist()
    return {
        "rate": FRAME_RATE_HZ,
        "endFrames": FILTER_MARGIN_FRAMES,
        "activationSteps": encoding.ACTIVATION_STEPS,
        "near": NEAR,
        "coordinates": [{"name": name, "step": step} for name, step in zip(COORDINATES, steps, strict=True)],
        "muscles": list(MUSCLES),
        "figure": figure and {"points": len(figure.names), "shapes": figure.shapes(), "soles": figure.soles()},
        "motions": _motions(result, reference, figure),
        "reference": {"coordinates": _band(reference.coordinates), "activations": _band(reference.activations)},
        "ranges": ranges_of(result.terms),
        "coordinatePanels": _coordinate_panels(),
        "musclePanels": _muscle_panels(result.config.muscle),
    }


def _motions(result: GuidanceResult, reference: Reference, figure: SkeletonFigure | None) -> list[dict[str, Any]]:
    """The motions of the samples, as far as there is room for them, and then the own squats."""
    own = _own_squats(reference, figure)
    samples: list[dict[str, Any]] = []
    room = MOST_BYTES - sum(map(_size, own))
    for motion in _samples(result, figure):
        room -= _size(motion)
        if samples and room < 0:
            break
        samples.append(motion)
    return samples + own


def _size(motion: dict[str, Any]) -> int:
    """Bytes of the texts of a motion."""
    return sum(len(value) for value in motion.values() if isinstance(value, str))


def _samples(result: GuidanceResult, figure: SkeletonFigure | None) -> Iterator[dict[str, Any]]:
    verdicts = result.simulation_verdicts()
    for j, sample in enumerate(result.samples):
        coordinates = sample.motion.double().numpy()
        phases = _first_squat(coordinates)
        simulated = result.verification and encoding.encode_activations(result.verification.activations[j].numpy())
        yield {
            "kind": "sample",
            "number": j,
            "label": f"sample {j}",
            "met": sample.accepted,
            "verdict": verdicts[j] if verdicts else "",
            "note": sample_note(result, j, stands_up=phases.is_complete),
            "nearest": result.baseline.names[result.changes[j].own] if result.baseline and result.changes else "",
            **_phase_frames(phases),
            **_encoded(coordinates, sample.activations.double().numpy(), figure),
            "simulated": simulated,
        }


def _own_squats(reference: Reference, figure: SkeletonFigure | None) -> list[dict[str, Any]]:
    return [
        {
            "kind": "own",
            "label": own.label,
            "name": own.name,
            **_phase_frames(own.phases),
            **_encoded(own.coordinates, own.activations, figure),
            "simulated": None,
        }
        for own in reference.squats
    ]


def _encoded(coordinates: np.ndarray, activations: np.ndarray | None, figure: SkeletonFigure | None) -> dict[str, Any]:
    return {
        "frames": len(coordinates),
        "points": figure and encoding.encode_points(figure.points(coordinates)),
        "coordinates": encoding.encode_coordinates(coordinates, _IS_TRANSLATION),
        "activations": None if activations is None else encoding.encode_activations(activations),
    }


def _first_squat(coordinates: np.ndarray) -> SquatPhases:
    """The phases of the first squat that ends upright; without one, of the deepest."""
    repetitions = segment_repetitions(Motion(np.arange(len(coordinates)) / FRAME_RATE_HZ, coordinates))
    return find_phases(coordinates, repetitions[0].end_frame if repetitions else None)


def _phase_frames(phases: SquatPhases) -> dict[str, int]:
    return {"start": phases.start, "deepest": phases.deepest, "end": phases.end}


def _band(band: Band | None) -> dict[str, Any] | None:
    if band is None:
        return None
    sd = None if band.sd is None else band.sd.round(_DECIMALS).tolist()
    return {"mean": band.mean.round(_DECIMALS).tolist(), "sd": sd}


def _coordinate_panels() -> list[dict[str, Any]]:
    return [
        {
            "group": panel.group,
            "title": panel.title,
            "columns": panel.coordinates,
            "positive": POSITIVE_DIRECTIONS[without_side(panel.coordinates[0])],
            "unit": "m" if panel.coordinates[0] in TRANSLATIONS else "°",
        }
        for panel in COORDINATE_PANELS
    ]


def _muscle_panels(constrained: str) -> list[dict[str, Any]]:
    """Panels of the muscles by group; the group with the constrained muscle is first, and begins with that muscle."""
    stem = without_side(constrained)
    groups = {group: sorted(muscles, key=lambda m: m != stem) for group, muscles in PANEL_GROUPS.items()}
    order = sorted(groups, key=lambda group: stem not in groups[group])
    return [
        {
            "group": group,
            "title": muscle_name(muscle).capitalize(),
            "columns": [f"{muscle}_l", f"{muscle}_r"],
            "weak": "Simulation and surrogate are known to be unreliable for this muscle." if is_weak(muscle) else "",
        }
        for group in order
        for muscle in groups[group]
    ]
