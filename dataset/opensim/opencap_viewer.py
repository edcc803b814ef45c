"""The JSON that the OpenCap viewer (opencap-visualizer) plays: bodies with their bone meshes, placed in every frame.

    {"time": [s, ...],
     "bodies": {name: {"attachedGeometries": ["r_femur.vtp", ...], "scaleFactors": [x, y, z],
                       "translation": [[x, y, z], ...], "rotation": [[x, y, z], ...]}}}

Translation is the body's origin in the ground frame, metres, y up; rotation in radians about the body's own x, then y,
then z (three.js' `XYZ`). The viewer has the meshes itself, by name.
"""

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.io.atomic_write import atomic_write
from dataset.opensim.bone_meshes import attached_meshes
from models.skeleton.description import ModelDescription

_DECIMALS = 6  # micrometres and microradians; more only makes the file longer


def write_viewer_json(
    path: str | Path,
    model_path: str | Path,
    description: ModelDescription,
    time_s: np.ndarray,
    rotations: np.ndarray,
    origins: np.ndarray,
) -> None:
    """Write the bodies of the model at `model_path`, described by `description`, over time_s (T,), whole or not at all.

    rotations: (T, B, 3, 3) and origins: (T, B, 3) of the bodies in the ground frame, metres.
    The viewer knows one scale for a body and no frame below it: meshes with a scale or a frame of their own become
    entries of their own, `<body>/2` and so on.
    """
    groups = {}
    for body, file, scale, rotation, offset in attached_meshes(Path(model_path), description):
        placement = (*scale, *rotation.flat, *offset)
        groups.setdefault(body, {}).setdefault(placement, []).append(file)
    body_frame = (*np.eye(3).flat, *np.zeros(3))
    bodies = {}
    for index, name in enumerate(description.body_names):
        own = groups.get(index, {(*np.ones(3), *body_frame): []})
        own = sorted(own.items(), key=lambda item: item[0][3:] != body_frame)
        for number, (placement, files) in enumerate(own, 1):
            rotation, offset = np.reshape(placement[3:12], (3, 3)), np.array(placement[12:])
            turned = Rotation.from_matrix(rotations[:, index] @ rotation)
            bodies[name if number == 1 else f"{name}/{number}"] = {
                "attachedGeometries": files,
                "scaleFactors": [float(value) for value in placement[:3]],
                "translation": np.round(origins[:, index] + rotations[:, index] @ offset, _DECIMALS).tolist(),
                "rotation": np.round(turned.as_euler("XYZ"), _DECIMALS).tolist(),
            }
    content = {"time": np.round(time_s, _DECIMALS).tolist(), "bodies": bodies}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, separators=(",", ":")) + "\n")
