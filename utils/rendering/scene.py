"""Panels drawn by OpenGL, off screen: bones or a surface, muscles, the hips' path, a ground with grid and shadow."""

from collections.abc import Sequence

import numpy as np

from dataset.opensim.bone_meshes import BoneMesh
from utils.rendering.actor import Actor, Bones
from utils.rendering.camera import VIEW_ANGLE_DEG
from utils.rendering.colours import ACTIVATION_COLOURS, BACKGROUND, BONE_COLOURS, HIP_PATH_COLOUR
from utils.rendering.opengl import prefer_egl
from utils.rendering.panels import Panel
from utils.rendering.shadow import Shadow

_GRID_M = 0.25
_SIDES_OF_A_MUSCLE = 6
_NORMALS = {"cell_normals": False, "split_vertices": False, "consistent_normals": False}
_FINEST = 2.0  # fineness from which bones keep all of their triangles
_LEFT_OUT = 0.55  # of the triangles below it; software renderers spend their time on triangles smaller than a pixel


class Scene:
    """Draws frames of panels. Close it when done; one window is open meanwhile."""

    draws_muscles = True
    colours = BONE_COLOURS

    def __init__(self, actors: Sequence[Actor], panels: Sequence[Panel], size: tuple[int, int], fineness: float = 1.5):
        """size: (width, height) in pixels. fineness: edges are smoothed by drawing so many times finer."""
        prefer_egl()
        import pyvista
        from vtkmodules.vtkCommonCore import vtkLogger

        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)  # it complains of a missing display, which is no fault
        # Smoothing by OpenGL itself costs software renderers twice as much as a finer picture.
        self._size = size
        drawn = [round(pixels * fineness) for pixels in size]
        self._plotter = pyvista.Plotter(
            off_screen=True, window_size=drawn, shape=_grid(panels), border=False, lighting="none"
        )
        self._plotter.disable_anti_aliasing()
        self._plotter.render_window.SetMultiSamples(0)
        self._figures = []
        surfaces = _Surfaces(0.0 if fineness >= _FINEST else _LEFT_OUT)
        columns = _grid(panels)[1]
        for i, panel in enumerate(panels):
            self._plotter.subplot(i // columns, i % columns)
            self._plotter.set_background(BACKGROUND)
            _light(self._plotter, panel)
            _aim(self._plotter, panel)
            _draw_ground(self._plotter, panel)
            for k in panel.actors:
                colour = self.colours[k % len(self.colours) if len(panel.actors) > 1 else 0]
                self._figures.append((k, _Figure(self._plotter, actors[k], colour, surfaces)))
            self._plotter.renderer.SetUseOIT(False)  # shadows lie on the ground alone: there is no order to find out
            self._plotter.renderer.ResetCameraClippingRange()
        self._shown = False

    def draw(self, frames: Sequence[int]) -> np.ndarray:
        """The picture (H, W, 3) uint8 with each actor at its frame."""
        from PIL import Image

        for k, figure in self._figures:
            figure.move(frames[k])
        if not self._shown:
            self._plotter.show(auto_close=False)
            self._shown = True
        else:
            self._plotter.render()
        picture = Image.fromarray(self._plotter.screenshot(return_img=True))
        return np.asarray(picture.resize(self._size, Image.Resampling.BILINEAR))

    def close(self) -> None:
        """Close the window."""
        self._plotter.close()


class _Figure:
    """One actor in one panel."""

    def __init__(self, plotter, actor: Actor, colour: str, surfaces: "_Surfaces"):
        self.actor = actor
        self._lift = np.array([0.0, -actor.ground_m, 0.0])
        look = {
            "color": colour,
            "smooth_shading": True,
            "specular": 0.25,
            "specular_power": 12,
            "ambient": 0.2,
            "diffuse": 0.9,
        }
        if isinstance(actor.body, Bones):
            self._bones = [
                (mesh.body, plotter.add_mesh(surfaces.of(mesh), **look, reset_camera=False))
                for mesh in actor.body.meshes
            ]
        else:
            self._surface = _surface(actor.body.vertices(0) + self._lift, actor.body.faces)
            plotter.add_mesh(self._surface, **look, reset_camera=False)
        self._shadow = Shadow(actor)
        plotter.add_mesh(self._shadow.plane, texture=self._shadow.texture, lighting=False, reset_camera=False)
        self._hips = actor.hips_m + self._lift
        self._add_path(plotter)
        self._add_muscles(plotter)

    def _add_path(self, plotter) -> None:
        import pyvista

        if len(self._hips) < 2:
            self._path = None
            return
        # What is still to come of the repetition is thin, what has been is thick.
        self._whole_path, self._path = pyvista.lines_from_points(self._hips), pyvista.lines_from_points(self._hips)
        for line, width, opacity in ((self._whole_path, 2, 0.5), (self._path, 5, 1.0)):
            prop = plotter.add_mesh(
                line, color=HIP_PATH_COLOUR, line_width=width, opacity=opacity, lighting=False, reset_camera=False
            )
            # The path runs inside the pelvis: a large offset in depth lets it be seen through the bones.
            prop.mapper.SetResolveCoincidentTopologyToPolygonOffset()
            prop.mapper.SetRelativeCoincidentTopologyLineOffsetParameters(0, -66000)

    def _add_muscles(self, plotter) -> None:
        import pyvista
        from vtkmodules.vtkFiltersCore import vtkTubeFilter

        if self.actor.muscles is None:
            return
        self._muscle_lines = pyvista.PolyData()
        self._set_muscles(0)
        tubes = vtkTubeFilter()
        tubes.SetInputData(self._muscle_lines)
        tubes.SetVaryRadiusToVaryRadiusByAbsoluteScalar()
        tubes.SetInputArrayToProcess(0, 0, 0, 0, "radius_m")
        tubes.SetNumberOfSides(_SIDES_OF_A_MUSCLE)
        tubes.CappingOn()
        self._tubes = tubes
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

    def _set_muscles(self, frame: int) -> None:
        muscles = self.actor.muscles
        counts = muscles.counts[frame]
        used = np.arange(muscles.points.shape[2]) < counts[:, None]  # (M, K)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self._muscle_lines.points = (muscles.points[frame][used] + self._lift).astype(np.float32)
        self._muscle_lines.lines = np.concatenate([[n, *range(s, s + n)] for s, n in zip(starts, counts, strict=True)])
        self._muscle_lines["activation"] = np.repeat(muscles.activations[frame], counts)
        self._muscle_lines["radius_m"] = np.repeat(muscles.radius_m, counts)

    def move(self, frame: int) -> None:
        """Bring everything to one frame."""
        actor = self.actor
        if isinstance(actor.body, Bones):
            matrix = np.eye(4)
            for body, prop in self._bones:
                matrix[:3, :3] = actor.body.rotations[frame, body]
                matrix[:3, 3] = actor.body.origins[frame, body] + self._lift
                prop.user_matrix = matrix
        else:
            self._surface.points = actor.body.vertices(frame) + self._lift
            self._surface.compute_normals(**_NORMALS, inplace=True)
        self._shadow.cast(frame)
        if self._path is not None:
            start, end = actor.stretch_at(frame)
            self._whole_path.lines = _polyline(start, end)
            self._path.lines = _polyline(start, frame + 1)
        if actor.muscles is not None:
            self._set_muscles(frame)


class _Surfaces:
    """Bones as VTK draws them, made once for all panels. left_out: share of their triangles to do without."""

    def __init__(self, left_out: float):
        self._left_out = left_out
        self._made = {}

    def of(self, mesh: BoneMesh):
        if id(mesh) not in self._made:
            surface = _surface(mesh.vertices, mesh.faces)
            if self._left_out:
                surface = surface.clean().decimate(self._left_out).compute_normals(**_NORMALS)
            self._made[id(mesh)] = (mesh, surface)  # the mesh is kept, and its id with it
        return self._made[id(mesh)][1]


def _polyline(start: int, end: int) -> np.ndarray:
    """VTK's cell of points `start` to `end` (exclusive); of a single point, twice."""
    points = np.arange(start, end) if end - start > 1 else np.array([start, start])
    return np.concatenate([[len(points)], points])


def _surface(vertices: np.ndarray, faces: np.ndarray):
    import pyvista

    mesh = pyvista.PolyData.from_regular_faces(vertices.astype(np.float32), faces)
    return mesh.compute_normals(**_NORMALS)


def _grid(panels: Sequence[Panel]) -> tuple[int, int]:
    rows = len({panel.corner[1] for panel in panels})
    return rows, len(panels) // rows


def _light(plotter, panel: Panel) -> None:
    """A key light from above the camera's left, a weak one from its right, and one from behind."""
    import pyvista

    camera = panel.camera
    right, up, backward = camera.axes
    for direction, intensity in (
        (-0.6 * right + 1.1 * up + 1.0 * backward, 0.85),
        (1.0 * right + 0.2 * up + 0.6 * backward, 0.4),
        (0.3 * right + 0.8 * up - 1.0 * backward, 0.45),
    ):
        light = pyvista.Light(position=camera.target + 5 * direction, focal_point=camera.target, intensity=intensity)
        light.positional = False
        plotter.add_light(light, only_active=True)


def _aim(plotter, panel: Panel) -> None:
    camera = panel.camera
    plotter.camera.position = tuple(camera.position)
    plotter.camera.focal_point = tuple(camera.target)
    plotter.camera.up = (0.0, 1.0, 0.0)
    plotter.camera.view_angle = VIEW_ANGLE_DEG


def _draw_ground(plotter, panel: Panel) -> None:
    """A grid of 0.25 m on a floor that fades into the background at the panel's edge."""
    import pyvista

    middle, radius = panel.camera.target[[0, 2]], panel.camera.reach_m[0] / 2
    low, high = middle - radius, middle + radius
    resolution = 512
    pixels = _ground_pixels(low, high, resolution)
    corners = np.array(
        [[low[0], -0.002, low[1]], [high[0], -0.002, low[1]], [high[0], -0.002, high[1]], [low[0], -0.002, high[1]]]
    )
    plane = pyvista.PolyData(corners, faces=[4, 0, 1, 2, 3])
    plane.active_texture_coordinates = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    texture = pyvista.Texture(pixels[::-1])
    texture.InterpolateOn()
    texture.MipmapOn()
    plotter.add_mesh(plane, texture=texture, lighting=False, reset_camera=False)


def _ground_pixels(low: np.ndarray, high: np.ndarray, resolution: int) -> np.ndarray:
    """The ground's picture (resolution, resolution, 3), x to the right and z upwards by rows."""
    import pyvista

    x, z = (np.linspace(low[i], high[i], 2 * resolution + 1)[1::2] for i in (0, 1))
    radius = np.hypot(
        *np.meshgrid((2 * x - low[0] - high[0]) / (high - low)[0], (2 * z - low[1] - high[1]) / (high - low)[1])
    )
    seen = np.clip((1 - radius) / 0.6, 0, 1)
    step = (high - low) / resolution
    near = [np.abs((v + _GRID_M / 2) % _GRID_M - _GRID_M / 2) < 0.003 + s / 2 for v, s in ((x, step[0]), (z, step[1]))]
    line = near[0][None, :] | near[1][:, None]
    shade = np.where(line, 0.83, 0.93)[..., None] * np.array([1.0, 1.0, 1.005])
    background = np.array(pyvista.Color(BACKGROUND).float_rgb)
    colour = background + seen[..., None] * (shade - background)
    return (255 * colour.clip(0, 1)).astype(np.uint8)
