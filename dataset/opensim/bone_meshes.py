"""Bone meshes of a scaled OpenSim model, with their vertices in the frames of the bodies.

Mesh files are looked for in the model's own `Geometry` folder (as an OpenCap download has it), then in the set that
comes with the nimblephysics package, which is located without importing it. A body without any mesh file is drawn as
capsules from its joint to the joints of its children.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dataset.opensim.mesh_files import read_meshes
from dataset.opensim.model_reader import read_osim
from dataset.opensim.opensim_library import frame_in_body, load_opensim, open_opensim_model
from models.skeleton.description import ModelDescription

logger = logging.getLogger("bige")

_SUFFIXES = ("", ".ply")  # nimblephysics keeps femur.vtp as femur.vtp.ply
# Other models of the family use these names for the same bone in the same frame.
_SAME_BONE = {f"{bone}_{side}.vtp": f"{side}_{bone}.vtp" for bone in ("femur", "tibia", "fibula") for side in "rl"}
_CAPSULE_RADIUS_M = 0.022
_TIP_OF_MASS_CENTRE = 1.7  # length of a last segment, as a multiple of the distance of its mass centre


@dataclass(frozen=True)
class BoneMesh:
    """The bones of one body.

    Attributes:
        body: index into the model's `body_names`.
        vertices: (V, 3), metres in the body's frame.
        faces: (F, 3), indices of vertices.
    """

    body: int
    vertices: np.ndarray
    faces: np.ndarray


class AttachedMesh(NamedTuple):
    """A mesh file that a model attaches to a body.

    Attributes:
        body: index into the model's `body_names`.
        file: name of the file, as the model has it.
        scale: (3,) factors along the axes of the mesh.
        rotation: (3, 3) of the mesh in the body's frame.
        offset: (3,) of the mesh in the body's frame, metres.
    """

    body: int
    file: str
    scale: np.ndarray
    rotation: np.ndarray
    offset: np.ndarray


def read_bone_meshes(osim_path: str | Path, description: ModelDescription | None = None) -> tuple[BoneMesh, ...]:
    """The meshes of a model, one for each body that has any, with the model's scale and placement.

    Mesh files that are missing are logged, and capsules take their place.

    Args:
        osim_path: the scaled model.
        description: the result of `read_osim` for the same file, if it is known already.

    Raises:
        InputError: the model cannot be read.
    """
    osim_path = Path(osim_path)
    description = description or read_osim(osim_path)
    folders = geometry_folders(osim_path)
    parts: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    missing: dict[str, None] = {}
    found = [(mesh, find_mesh_file(mesh.file, folders)) for mesh in attached_meshes(osim_path, description)]
    files = read_meshes([path for _, path in found if path])
    for (body, file, scale, rotation, offset), path in found:
        if path is None:
            missing[file] = None
            continue
        vertices, faces = files[path]
        parts.setdefault(body, []).append(((vertices * scale) @ rotation.T + offset, faces))
    if missing:
        logger.warning(
            "%d bone meshes of %s are not in %s (first: %s); bodies without any mesh are drawn as capsules",
            len(missing), osim_path.name, " or ".join(str(f) for f in folders) or "any folder", next(iter(missing)),
        )  # fmt: skip
    meshes = []
    for body in range(len(description.body_names)):
        shapes = parts.get(body) or _capsules_of(description, body)
        if shapes:
            meshes.append(BoneMesh(body, *_merged(shapes)))
    return tuple(meshes)


def geometry_folders(osim_path: str | Path) -> list[Path]:
    """Folders of mesh files for a model, in the order in which they are searched."""
    own = Path(osim_path).parent / "Geometry"
    spec = find_spec("nimblephysics")
    shipped = (
        [Path(p) / "models" / "rajagopal_data" / "Geometry" for p in spec.submodule_search_locations or ()]
        if spec
        else []
    )
    return [folder for folder in (own, *shipped) if folder.is_dir()]


def attached_meshes(osim_path: Path, description: ModelDescription) -> Iterator[AttachedMesh]:
    """Every visible mesh that is attached to a body."""
    opensim = load_opensim()
    model, _ = open_opensim_model(osim_path)
    for component in model.getComponentsList():
        mesh = opensim.Mesh.safeDownCast(component)
        if mesh is None or not mesh.get_Appearance().get_visible():
            continue
        body = mesh.getFrame().findBaseFrame().getName()
        if body in description.own_body_names:
            rotation, offset = frame_in_body(mesh.getFrame())
            index, scale = description.own_body_names.index(body), mesh.get_scale_factors().to_numpy()
            yield AttachedMesh(index, mesh.get_mesh_file(), scale, rotation, offset)


def find_mesh_file(file: str, folders: list[Path]) -> Path | None:
    """The mesh file that a model names `file`, from the first folder that has it or the same bone, or None."""
    name = Path(file.replace("\\", "/")).name
    names = [name + suffix for name in (name, _SAME_BONE.get(name)) if name for suffix in _SUFFIXES]
    return next((folder / n for folder in folders for n in names if (folder / n).is_file()), None)


def _capsules_of(description: ModelDescription, body: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Capsules in the body's frame from its joint to each child's, or past the mass centre of a last segment."""
    start = description.joints[body].child_offset
    ends = [joint.parent_offset for joint in description.joints if joint.parent == body]
    ends = [end for end in ends if np.linalg.norm(end - start) > _CAPSULE_RADIUS_M]
    if not any(joint.parent == body for joint in description.joints):
        ends = [start + _TIP_OF_MASS_CENTRE * (description.mass_centres[body] - start)]
    return [capsule(start, end, _CAPSULE_RADIUS_M) for end in ends if np.linalg.norm(end - start) > 1e-3]


def capsule(
    start: np.ndarray, end: np.ndarray, radius_m: float, around: int = 16, rings: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """The surface of a cylinder with hemispherical ends.

    Args:
        start: (3,) one end of the axis, metres.
        end: (3,) the other end.
        radius_m: radius, metres.
        around: number of vertices in each ring.
        rings: number of rings in each hemisphere.

    Returns:
        Vertices (V, 3), and triangles (F, 3) as indices of vertices.
    """
    axis = (end - start) / np.linalg.norm(end - start)
    side = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    latitude = np.linspace(0, np.pi / 2, rings)
    along = np.concatenate([-np.cos(latitude), np.cos(latitude[::-1])])  # multiples of the radius, from pole to pole
    wide = np.concatenate([np.sin(latitude), np.sin(latitude[::-1])])
    centre = np.repeat([start, end], rings, axis=0)
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * other  # (around, 3)
    vertices = centre[:, None] + radius_m * (along[:, None, None] * axis + wide[:, None, None] * ring)
    i, j = np.meshgrid(np.arange(2 * rings - 1), np.arange(around), indexing="ij")
    a, b = i * around + j, i * around + (j + 1) % around
    quads = np.stack([a, b, b + around, a + around], -1).reshape(-1, 4)
    # At each pole one half of every quad has no area; such triangles cannot be decimated.
    return vertices.reshape(-1, 3), np.concatenate([quads[around:, [0, 1, 2]], quads[:-around, [0, 2, 3]]])


def _merged(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of several surfaces as one."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts[:-1])])
    faces = [faces + start for (_, faces), start in zip(parts, starts, strict=True)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)
