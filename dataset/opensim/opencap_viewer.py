"""Writer of the JSON that the OpenCap viewer (opencap-visualizer) plays: bodies with bone meshes, in every frame.

    {"time": [s, ...],
     "bodies": {name: {"attachedGeometries": ["r_femur.vtp", ...], "scaleFactors": [x, y, z],
                       "translation": [[x, y, z], ...], "rotation": [[x, y, z], ...]}}}

`translation` is the body's origin in the ground frame in metres, y up; `rotation` is in radians about the body's own x,
then y, then z (three.js' `XYZ`). The viewer has the mesh files itself and finds them by name.
"""

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.io.atomic_write import atomic_write
from dataset.opensim.bone_meshes import attached_meshes
from models.skeleton.description import ModelDescription

_DECIMALS = 6  # micrometres and microradians


def write_viewer_json(
    path: str | Path,
    model_path: str | Path,
    description: ModelDescription,
    time_s: np.ndarray,
    rotations: np.ndarray,
    origins: np.ndarray,
) -> None:
    """Write a model's bodies over time, atomically.

    The viewer has one scale for each body and no frames within it, so that meshes with another scale or frame become
    entries of their own, `<body>/2` and so on.

    Args:
        path: the file.
        model_path: the scaled model (.osim).
        description: the result of `read_osim` for the same model.
        time_s: (T,) seconds.
        rotations: (T, B, 3, 3) of the bodies in the ground frame.
        origins: (T, B, 3) of the bodies in the ground frame, metres.
    """
    groups: dict[int, dict[tuple[float, ...], list[str]]] = {}
    for body, file, scale, rotation, offset in attached_meshes(Path(model_path), description):
        placement = (*scale, *rotation.flat, *offset)
        groups.setdefault(body, {}).setdefault(placement, []).append(file)
    body_frame = (*np.eye(3).flat, *np.zeros(3))
    bodies = {}
    for index, name in enumerate(description.own_body_names):
        of_body = groups.get(index, {(*np.ones(3), *body_frame): []})
        own = sorted(of_body.items(), key=lambda item: item[0][3:] != body_frame)
        for number, (placement, files) in enumerate(own, 1):
            rotation, offset = np.reshape(placement[3:12], (3, 3)), np.array(placement[12:])
            world = Rotation.from_matrix(rotations[:, index] @ rotation)
            bodies[name if number == 1 else f"{name}/{number}"] = {
                "attachedGeometries": files,
                "scaleFactors": [float(value) for value in placement[:3]],
                "translation": np.round(origins[:, index] + rotations[:, index] @ offset, _DECIMALS).tolist(),
                "rotation": np.round(world.as_euler("XYZ"), _DECIMALS).tolist(),
            }
    content = {"time": np.round(time_s, _DECIMALS).tolist(), "bodies": bodies}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, separators=(",", ":")) + "\n")
