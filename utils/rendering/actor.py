"""What a renderer is given of one moving person: plain arrays, ground frame, metres, y up, x forward, z to the right.

`body` is either the person's bones, rigid and moved by the skeleton, or any surface given vertex by vertex, such as an
SMPL mesh: `dataclasses.replace(actor, body=Surface(vertices, faces))`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dataset.opensim.bone_meshes import BoneMesh

_LOWEST_FRAMES = 120  # frames that the ground's height is judged from


@dataclass(frozen=True)
class Bones:
    """Rigid meshes on bodies. rotations: (T, B, 3, 3) and origins: (T, B, 3) of all bodies of the model."""

    meshes: tuple[BoneMesh, ...]
    rotations: np.ndarray
    origins: np.ndarray

    def vertices(self, frame: int) -> np.ndarray:
        """All vertices (V, 3) at one frame."""
        placed = [m.vertices @ self.rotations[frame, m.body].T + self.origins[frame, m.body] for m in self.meshes]
        return np.concatenate(placed)

    @cached_property
    def faces(self) -> np.ndarray:
        """Triangles (F, 3) of `vertices`."""
        starts = np.cumsum([0, *(len(mesh.vertices) for mesh in self.meshes[:-1])])
        return np.concatenate([mesh.faces + start for mesh, start in zip(self.meshes, starts, strict=True)])


@dataclass(frozen=True)
class Surface:
    """A mesh that changes shape. trajectory: (T, V, 3) its vertices. faces: (F, 3) triangles."""

    trajectory: np.ndarray
    faces: np.ndarray

    def vertices(self, frame: int) -> np.ndarray:
        """All vertices (V, 3) at one frame."""
        return self.trajectory[frame]


@dataclass(frozen=True)
class MuscleLines:
    """Muscles as lines. points: (T, M, K, 3), of which the first counts (T, M) count. activations: (T, M), 0 to 1.

    radius_m: (M,) how thick each is drawn.
    """

    points: np.ndarray
    counts: np.ndarray
    activations: np.ndarray
    radius_m: np.ndarray


@dataclass(frozen=True)
class Actor:
    """One motion, ready to be drawn. All arrays have T frames at the video's rate.

    time_s: (T,) of the recording. hips_m: (T, 3) middle of the hip joints. joints: (T, J, 3) joint centres, the last of
    them the head, and links: (L, 2) which of them a stick figure joins. repetition: (T,) 1 for the first repetition,
    0 between them. cycle: (T,) how far through its repetition, 0 to 1, NaN between. rising: (T,) whether its lowest
    point is passed. half_cycle_hips_m: (3,) middle of the hip joints at half of the first repetition, found at the
    recording's own rate.
    """

    label: str
    time_s: np.ndarray
    body: Bones | Surface
    hips_m: np.ndarray
    joints: np.ndarray
    links: np.ndarray
    repetition: np.ndarray
    cycle: np.ndarray
    rising: np.ndarray
    half_cycle_hips_m: np.ndarray
    muscles: MuscleLines | None = None

    def __len__(self) -> int:
        return len(self.time_s)

    @cached_property
    def ground_m(self) -> float:
        """Height of the floor: the median over frames of the lowest vertex. A squat keeps its feet down."""
        frames = np.unique(np.linspace(0, len(self) - 1, _LOWEST_FRAMES).astype(int))
        return float(np.median([self.body.vertices(frame)[:, 1].min() for frame in frames]))

    def frame_at(self, cycle: float) -> int:
        """The frame nearest to `cycle` (0 to 1) of the first repetition; of the whole motion where it has none."""
        counted = self.repetition[self.repetition > 0]
        first = np.flatnonzero(self.repetition == counted[0]) if len(counted) else []
        if not len(first):
            return round(cycle * (len(self) - 1))
        return int(first[np.abs(self.cycle[first] - cycle).argmin()])

    def stretch_at(self, frame: int) -> tuple[int, int]:
        """Start and end (exclusive) of the repetition that `frame` belongs to, or of the pause between two."""
        turns = np.flatnonzero(np.diff(self.repetition)) + 1
        k = int(np.searchsorted(turns, frame, side="right"))
        bounds = [0, *turns.tolist(), len(self)]
        return bounds[k], bounds[k + 1]

    @property
    def half_cycle_hip_m(self) -> float:
        """Height of the hips over the floor at half of the first repetition."""
        return float(self.half_cycle_hips_m[1]) - self.ground_m
