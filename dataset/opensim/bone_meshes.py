"""Bone meshes of a scaled OpenSim model: which files it names, where they lie, and their vertices in body frames.

Mesh files are looked for in the model's own `Geometry` folder (as an OpenCap download has it), then in the set that
comes in the nimblephysics package, which is found without importing it. A body none of whose files is found gets
capsules from its joint to the joints of its children.
"""

import logging
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.opensim.model_reader import frame_in_body, load_opensim, open_opensim_model, read_osim
from models.skeleton.description import ModelDescription

logger = logging.getLogger("bige")

_SUFFIXES = ("", ".ply")  # nimblephysics keeps femur.vtp as femur.vtp.ply
# The same bone in the same frame under the name that other models of the family use.
_SAME_BONE = {f"{bone}_{side}.vtp": f"{side}_{bone}.vtp" for bone in ("femur", "tibia", "fibula") for side in "rl"}
_CAPSULE_RADIUS_M = 0.022
_TIP_OF_MASS_CENTRE = 1.7  # a last segment reaches so many times as far as its mass centre


@dataclass(frozen=True)
class BoneMesh:
    """The bones of one body. vertices: (V, 3) metres in the body's frame. faces: (F, 3) indices of vertices.

    body: index into the model's `body_names`. from_files: False where capsules stand in for missing files.
    """

    body: int
    vertices: np.ndarray
    faces: np.ndarray
    from_files: bool = True


def read_bone_meshes(osim_path: str | Path, description: ModelDescription | None = None) -> tuple[BoneMesh, ...]:
    """The meshes of a model, one a body that has any, scaled and placed as the model says.

    description: what `read_osim` made of the same file, where it is at hand.
    Raises InputError where the model cannot be read; files that are missing are logged, and capsules take their place.
    """
    osim_path = Path(osim_path)
    description = description or read_osim(osim_path)
    folders = geometry_folders(osim_path)
    parts: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    missing: dict[str, None] = {}
    for body, file, scale, rotation, offset in attached_meshes(osim_path, description):
        path = find_mesh_file(file, folders)
        if path is None:
            missing[file] = None
            continue
        vertices, faces = read_mesh(path)
        parts.setdefault(body, []).append(((vertices * scale) @ rotation.T + offset, faces))
    if missing:
        logger.warning(
            "%d bone meshes of %s are not in %s (first: %s); bodies left without any are drawn as capsules",
            len(missing), osim_path.name, " or ".join(str(f) for f in folders) or "any folder", next(iter(missing)),
        )  # fmt: skip
    meshes = []
    for body in range(len(description.body_names)):
        own = parts.get(body)
        stood_in = own or _capsules_of(description, body)
        if stood_in:
            meshes.append(BoneMesh(body, *_merged(stood_in), from_files=own is not None))
    return tuple(meshes)


def geometry_folders(osim_path: str | Path) -> list[Path]:
    """Folders that may hold the model's mesh files, the first to be looked into first."""
    own = Path(osim_path).parent / "Geometry"
    spec = find_spec("nimblephysics")
    shipped = (
        [Path(p) / "models" / "rajagopal_data" / "Geometry" for p in spec.submodule_search_locations or ()]
        if spec
        else []
    )
    return [folder for folder in (own, *shipped) if folder.is_dir()]


def read_mesh(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and triangles (F, 3) of a .vtp, .ply, .stl or .obj file. Raises InputError where it is none."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersCore import vtkTriangleFilter

    path = Path(path)
    reader = _mesh_reader(path)
    reader.SetFileName(str(path))
    triangles = vtkTriangleFilter()
    triangles.SetInputConnection(reader.GetOutputPort())
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    triangles.Update()
    mesh = triangles.GetOutput()
    if not mesh.GetNumberOfPolys():
        raise InputError(f"{path}: holds no surface that can be read; replace the file or take it away")
    vertices = vtk_to_numpy(mesh.GetPoints().GetData()).astype(float)
    return vertices, vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(int)


def _mesh_reader(path: Path):
    kind = path.suffix.lower()
    if kind == ".vtp":
        from vtkmodules.vtkIOXML import vtkXMLPolyDataReader as Reader
    elif kind == ".ply":
        from vtkmodules.vtkIOPLY import vtkPLYReader as Reader
    elif kind == ".stl":
        from vtkmodules.vtkIOGeometry import vtkSTLReader as Reader
    elif kind == ".obj":
        from vtkmodules.vtkIOGeometry import vtkOBJReader as Reader
    else:
        raise InputError(f"{path}: a mesh of kind {kind!r} cannot be read; expected .vtp, .ply, .stl or .obj")
    return Reader()


def attached_meshes(osim_path: Path, description: ModelDescription):
    """(body, file, scale (3,), rotation (3, 3), offset (3,)) of every visible mesh that hangs on a body."""
    opensim = load_opensim()
    model, _ = open_opensim_model(osim_path)
    for component in model.getComponentsList():
        mesh = opensim.Mesh.safeDownCast(component)
        if mesh is None or not mesh.get_Appearance().get_visible():
            continue
        body = mesh.getFrame().findBaseFrame().getName()
        if body in description.body_names:
            rotation, offset = frame_in_body(mesh.getFrame())
            yield (
                description.body_names.index(body),
                mesh.get_mesh_file(),
                mesh.get_scale_factors().to_numpy(),
                rotation,
                offset,
            )


def find_mesh_file(file: str, folders: list[Path]) -> Path | None:
    """The file that a model means by `file` in the first folder that has it or the same bone, or None."""
    name = Path(file.replace("\\", "/")).name
    names = [name + suffix for name in (name, _SAME_BONE.get(name)) if name for suffix in _SUFFIXES]
    return next((folder / n for folder in folders for n in names if (folder / n).is_file()), None)


def _capsules_of(description: ModelDescription, body: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Capsules in the body's frame from its own joint to each child's; a last segment goes on past its mass centre."""
    start = description.joints[body].child_offset
    ends = [joint.parent_offset for joint in description.joints if joint.parent == body]
    ends = [end for end in ends if np.linalg.norm(end - start) > _CAPSULE_RADIUS_M]
    if not any(joint.parent == body for joint in description.joints):
        ends = [start + _TIP_OF_MASS_CENTRE * (description.mass_centres[body] - start)]
    return [capsule(start, end, _CAPSULE_RADIUS_M) for end in ends if np.linalg.norm(end - start) > 1e-3]


def capsule(start: np.ndarray, end: np.ndarray, radius_m: float, around: int = 16, rings: int = 5):
    """Vertices (V, 3) and triangles (F, 3) of a cylinder with round ends from `start` to `end`, both (3,) metres."""
    axis = (end - start) / np.linalg.norm(end - start)
    side = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    latitude = np.linspace(0, np.pi / 2, rings)
    along = np.concatenate([-np.cos(latitude), np.cos(latitude[::-1])])  # of the radius, from pole to pole
    wide = np.concatenate([np.sin(latitude), np.sin(latitude[::-1])])
    centre = np.repeat([start, end], rings, axis=0)
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * other  # (around, 3)
    vertices = centre[:, None] + radius_m * (along[:, None, None] * axis + wide[:, None, None] * ring)
    i, j = np.meshgrid(np.arange(2 * rings - 1), np.arange(around), indexing="ij")
    a, b = i * around + j, i * around + (j + 1) % around
    quads = np.stack([a, b, b + around, a + around], -1).reshape(-1, 4)
    return vertices.reshape(-1, 3), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _merged(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts[:-1])])
    faces = [faces + start for (_, faces), start in zip(parts, starts, strict=True)]
    return np.concatenate([vertices for vertices, _ in parts]), np.concatenate(faces)
