"""Reader of mesh files (.vtp, .ply, .stl, .obj), through VTK in a process of its own.

Damaged mesh files can end the process that reads them. The child that reads the meshes may die; they are then read one
by one, to say which of them it is.
"""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.io.child_process import ChildDiedError, call_in_child
from dataset.io.guarded_files import file_size

_LARGEST_MESH_BYTES = 1 << 26
_MOST_SECONDS = 10  # of processor time; the 81 bones of a model take 0.1
_MORE_BYTES = 3 << 27

Mesh = tuple[np.ndarray, np.ndarray]


def read_mesh(path: str | Path) -> Mesh:
    """Read a mesh file.

    Returns:
        Vertices (V, 3), and triangles (F, 3) as indices of vertices.

    Raises:
        InputError: the file has no surface, or none that can be read.
    """
    return read_meshes([Path(path)])[Path(path)]


def read_meshes(paths: Iterable[Path]) -> dict[Path, Mesh]:
    """Read mesh files, each once.

    Returns:
        By path: vertices (V, 3), and triangles (F, 3) as indices of vertices.

    Raises:
        InputError: one of the files has no surface, or none that can be read.
    """
    import vtkmodules.util.numpy_support
    import vtkmodules.vtkFiltersCore
    import vtkmodules.vtkIOGeometry
    import vtkmodules.vtkIOPLY
    import vtkmodules.vtkIOXML  # noqa: F401 (before there is a child, which then has them all)

    paths = list(dict.fromkeys(paths))
    for path in paths:
        file_size(path, _LARGEST_MESH_BYTES)
    if not paths:
        return {}
    try:
        content = call_in_child(_mesh_bytes, "\n".join(map(str, paths)), seconds=_MOST_SECONDS, more_bytes=_MORE_BYTES)
    except ChildDiedError as error:
        if len(paths) == 1:
            raise InputError(f"{paths[0]}: VTK cannot read this mesh ({error}); replace or remove it") from None
        return {path: read_mesh(path) for path in paths}
    file = io.BytesIO(content)
    return {path: _checked(path, np.load(file), np.load(file)) for path in paths}


def _checked(path: Path, vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    if not np.isfinite(vertices).all() or faces.min() < 0 or faces.max() >= len(vertices):
        raise InputError(f"{path}: the mesh has vertices that are not finite, or lacks some; replace or remove it")
    return vertices, faces


def _mesh_bytes(paths: str) -> bytes:
    """Vertices and triangles of mesh files, a path a line, as arrays of a .npy file one after the other."""
    file = io.BytesIO()
    for path in paths.split("\n"):
        for array in _vtk_mesh(Path(path)):
            np.save(file, array)
    return file.getvalue()


def _vtk_mesh(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersCore import vtkTriangleFilter

    reader = _mesh_reader(path)
    reader.SetFileName(str(path))
    triangles = vtkTriangleFilter()
    triangles.SetInputConnection(reader.GetOutputPort())
    triangles.PassLinesOff()
    triangles.PassVertsOff()
    triangles.Update()
    mesh = triangles.GetOutput()
    if not mesh.GetNumberOfPolys():
        raise InputError(f"{path}: the file has no surface that can be read; replace or remove it")
    vertices = vtk_to_numpy(mesh.GetPoints().GetData()).astype(float)
    return vertices, vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(int)


def _mesh_reader(path: Path) -> Any:
    """The VTK reader for the type of a mesh file."""
    from vtkmodules.vtkIOGeometry import vtkOBJReader, vtkSTLReader
    from vtkmodules.vtkIOPLY import vtkPLYReader
    from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

    readers = {".vtp": vtkXMLPolyDataReader, ".ply": vtkPLYReader, ".stl": vtkSTLReader, ".obj": vtkOBJReader}
    kind = path.suffix.lower()
    if kind not in readers:
        raise InputError(f"{path}: a mesh of type {kind!r} cannot be read; expected {', '.join(readers)}")
    return readers[kind]()
