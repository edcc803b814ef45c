"""One actor in a panel that is drawn with OpenGL."""

from typing import TYPE_CHECKING

import numpy as np

from dataset.opensim.bone_meshes import BoneMesh
from utils.rendering.actor import Actor, Bones, MuscleLines
from utils.rendering.colours import ACTIVATION_COLOURS, HIP_PATH_COLOUR
from utils.rendering.shadow import Shadow

if TYPE_CHECKING:
    from pyvista import Actor as MeshActor
    from pyvista import Plotter, PolyData

_TUBE_SIDES = 6
_NORMALS = {"cell_normals": False, "split_vertices": False, "consistent_normals": False}
_PATH_DEPTH_OFFSET = -66000  # the path of the hips runs inside the pelvis, and is drawn over the bones


class BoneSurfaces:
    """Bones as VTK surfaces, each made once for all panels."""

    def __init__(self, reduction: float) -> None:
        """Remove the fraction `reduction` of the triangles of every bone."""
        self._reduction = reduction
        self._made: dict[int, tuple[BoneMesh, PolyData]] = {}

    def get(self, mesh: BoneMesh) -> "PolyData":
        """The surface of a bone."""
        if id(mesh) not in self._made:
            surface = _surface(mesh.vertices, mesh.faces)
            if self._reduction:
                surface = surface.clean().decimate(self._reduction).compute_normals(**_NORMALS)
            self._made[id(mesh)] = (mesh, surface)  # the mesh is kept, so that its id is not used again
        return self._made[id(mesh)][1]


class OpenGLFigure:
    """Body, shadow, path of the hips and muscles of one actor."""

    def __init__(self, plotter: "Plotter", actor: Actor, colour: str, surfaces: BoneSurfaces) -> None:
        """Add an actor to the plotter's active panel, its bones or surface in `colour` (#rrggbb)."""
        self._actor = actor
        self._to_floor = np.array([0.0, -actor.ground_m, 0.0])  # the floor is drawn at y = 0
        if isinstance(actor.body, Bones):
            self._bones = [(mesh.body, _add_body(plotter, surfaces.get(mesh), colour)) for mesh in actor.body.meshes]
        else:
            self._surface = _surface(actor.body.vertices(0) + self._to_floor, actor.body.faces)
            _add_body(plotter, self._surface, colour)
        self._shadow = Shadow(actor)
        plotter.add_mesh(self._shadow.plane, texture=self._shadow.texture, lighting=False, reset_camera=False)
        self._paths = self._add_hip_path(plotter)
        if actor.muscles is not None:
            self._muscle_lines = self._add_muscles(plotter, actor.muscles)

    def move(self, frame: int) -> None:
        """Move everything to one frame."""
        actor = self._actor
        if isinstance(actor.body, Bones):
            matrix = np.eye(4)
            for body, prop in self._bones:
                matrix[:3, :3] = actor.body.rotations[frame, body]
                matrix[:3, 3] = actor.body.origins[frame, body] + self._to_floor
                prop.user_matrix = matrix
        else:
            self._surface.points = actor.body.vertices(frame) + self._to_floor
            self._surface.compute_normals(**_NORMALS, inplace=True)
        self._shadow.cast(frame)
        if self._paths is not None:
            whole, passed = self._paths
            start, end = actor.interval_at(frame)
            whole.lines = _polyline(start, end)
            passed.lines = _polyline(start, frame + 1)
        if actor.muscles is not None:
            self._place_muscles(self._muscle_lines, actor.muscles, frame)

    def _add_hip_path(self, plotter: "Plotter") -> "tuple[PolyData, PolyData] | None":
        """The path of the whole repetition as a thin line and the part that has passed as a thick one."""
        import pyvista

        hips = self._actor.hips_m + self._to_floor
        if len(hips) < 2:
            return None
        whole, passed = pyvista.lines_from_points(hips), pyvista.lines_from_points(hips)
        for line, width, opacity in ((whole, 2, 0.5), (passed, 5, 1.0)):
            prop = plotter.add_mesh(
                line, color=HIP_PATH_COLOUR, line_width=width, opacity=opacity, lighting=False, reset_camera=False
            )
            prop.mapper.SetResolveCoincidentTopologyToPolygonOffset()
            prop.mapper.SetRelativeCoincidentTopologyLineOffsetParameters(0, _PATH_DEPTH_OFFSET)
        return whole, passed

    def _add_muscles(self, plotter: "Plotter", muscles: MuscleLines) -> "PolyData":
        """Muscles as tubes, coloured by activation; the lines that the tubes follow."""
        import pyvista
        from vtkmodules.vtkFiltersCore import vtkTubeFilter

        lines = pyvista.PolyData()
        self._place_muscles(lines, muscles, 0)
        tubes = vtkTubeFilter()
        tubes.SetInputData(lines)
        tubes.SetVaryRadiusToVaryRadiusByAbsoluteScalar()
        tubes.SetInputArrayToProcess(0, 0, 0, 0, "radius_m")
        tubes.SetNumberOfSides(_TUBE_SIDES)
        tubes.CappingOn()
        plotter.add_mesh(
            tubes,
            scalars="activation",
            clim=(0, 1),
            cmap=ACTIVATION_COLOURS,
            show_scalar_bar=False,
            specular=0.3,
            specular_power=15,
            ambient=0.2,
            smooth_shading=True,
            reset_camera=False,
        )
        self._tubes = tubes
        return lines

    def _place_muscles(self, lines: "PolyData", muscles: MuscleLines, frame: int) -> None:
        counts = muscles.counts[frame]
        used = np.arange(muscles.points.shape[2]) < counts[:, None]  # (M, K)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        lines.points = (muscles.points[frame][used] + self._to_floor).astype(np.float32)
        lines.lines = np.concatenate([[n, *range(s, s + n)] for s, n in zip(starts, counts, strict=True)])
        lines["activation"] = np.repeat(muscles.activations[frame], counts)
        lines["radius_m"] = np.repeat(muscles.radius_m, counts)


def _add_body(plotter: "Plotter", surface: "PolyData", colour: str) -> "MeshActor":
    return plotter.add_mesh(
        surface,
        color=colour,
        smooth_shading=True,
        specular=0.25,
        specular_power=12,
        ambient=0.2,
        diffuse=0.9,
        reset_camera=False,
    )


def _polyline(start: int, end: int) -> np.ndarray:
    """VTK's cell of points `start` to `end` (exclusive). A single point is repeated, since a line needs two."""
    points = np.arange(start, end) if end - start > 1 else np.array([start, start])
    return np.concatenate([[len(points)], points])


def _surface(vertices: np.ndarray, faces: np.ndarray) -> "PolyData":
    import pyvista

    mesh = pyvista.PolyData.from_regular_faces(vertices.astype(np.float32), faces)  # type: ignore[arg-type]  # float32 is accepted
    return mesh.compute_normals(**_NORMALS)
