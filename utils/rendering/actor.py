"""One moving subject as arrays that a renderer draws: metres in the ground frame, x forward, y up, z to the right.

The body is either the subject's bones, rigid and moved by the skeleton, or a mesh that changes shape, such as an SMPL
body.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dataset.io.motion import Motion
from dataset.opensim.bone_meshes import BoneMesh

_GROUND_FRAMES = 120  # frames from which the height of the ground is estimated


@dataclass(frozen=True)
class Bones:
    """Rigid meshes attached to bodies.

    Attributes:
        meshes: the bones, in the frames of their bodies.
        rotations: (T, B, 3, 3) rotations of all bodies of the model.
        origins: (T, B, 3) origins of the bodies, metres.
    """

    meshes: tuple[BoneMesh, ...]
    rotations: np.ndarray
    origins: np.ndarray

    def vertices(self, frame: int) -> np.ndarray:
        """All vertices (V, 3) at one frame, metres."""
        placed = [m.vertices @ self.rotations[frame, m.body].T + self.origins[frame, m.body] for m in self.meshes]
        return np.concatenate(placed)

    @cached_property
    def faces(self) -> np.ndarray:
        """Triangles (F, 3) as indices of `vertices`."""
        starts = np.cumsum([0, *(len(mesh.vertices) for mesh in self.meshes[:-1])])
        return np.concatenate([mesh.faces + start for mesh, start in zip(self.meshes, starts, strict=True)])


@dataclass(frozen=True)
class Surface:
    """A mesh that changes shape from frame to frame.

    Attributes:
        trajectory: (T, V, 3) vertices, metres.
        faces: (F, 3) triangles as indices of the vertices.
    """

    trajectory: np.ndarray
    faces: np.ndarray

    def vertices(self, frame: int) -> np.ndarray:
        """All vertices (V, 3) at one frame, metres."""
        return self.trajectory[frame]


@dataclass(frozen=True)
class MuscleLines:
    """Muscles as lines along their paths.

    Attributes:
        points: (T, M, K, 3) points along each muscle, metres.
        counts: (T, M) how many of the K points are in use; the rest is padding.
        activations: (T, M) muscle activations, 0 to 1.
        radius_m: (M,) radius with which each muscle is drawn.
    """

    points: np.ndarray
    counts: np.ndarray
    activations: np.ndarray
    radius_m: np.ndarray


@dataclass(frozen=True)
class Actor:
    """One motion, ready to be drawn. All arrays have T frames at the frame rate of the video.

    Attributes:
        label: name that is written beside the motion.
        motion: the motion at the frame rate of the video, at the origin and facing +x in its first frame.
        body: bones or a surface.
        hips_m: (T, 3) midpoint between the hip joint centres.
        joints: (T, J, 3) points of a stick figure, joint centres first; the last one is the head.
        links: (L, 2) pairs of `joints` that a stick figure connects.
        repetition: (T,) number of the squat repetition, from 1; 0 between repetitions.
        cycle: (T,) position within the repetition, 0 to 1; NaN between repetitions.
        ascending: (T,) whether the lowest point of the repetition is passed.
        half_cycle_hips_m: (3,) midpoint between the hip joint centres at half of the first repetition, taken from the
            frames of the recording so that it does not depend on the frame rate of the video.
        muscles: the muscles; None where they are not drawn.
    """

    label: str
    motion: Motion
    body: Bones | Surface
    hips_m: np.ndarray
    joints: np.ndarray
    links: np.ndarray
    repetition: np.ndarray
    cycle: np.ndarray
    ascending: np.ndarray
    half_cycle_hips_m: np.ndarray
    muscles: MuscleLines | None = None

    def __len__(self) -> int:
        return len(self.motion)

    @property
    def time_s(self) -> np.ndarray:
        """(T,) time of each frame on the clock of the recording, seconds."""
        return self.motion.time_s

    @cached_property
    def ground_m(self) -> float:
        """Height of the ground, metres: the median over frames of the lowest vertex, since a squat keeps feet down."""
        frames = np.unique(np.linspace(0, len(self) - 1, _GROUND_FRAMES).astype(int))
        return float(np.median([self.body.vertices(frame)[:, 1].min() for frame in frames]))

    def frame_at(self, cycle: float) -> int:
        """The frame nearest to `cycle` (0 to 1) of the first repetition, or of the whole motion without repetitions."""
        numbers = self.repetition[self.repetition > 0]
        if not len(numbers):
            return round(cycle * (len(self) - 1))
        first = np.flatnonzero(self.repetition == numbers[0])
        return int(first[np.abs(self.cycle[first] - cycle).argmin()])

    def interval_at(self, frame: int) -> tuple[int, int]:
        """First and last (exclusive) frame of the repetition, or of the pause between two, that holds `frame`."""
        changes = np.flatnonzero(np.diff(self.repetition)) + 1
        k = int(np.searchsorted(changes, frame, side="right"))
        bounds = [0, *changes.tolist(), len(self)]
        return bounds[k], bounds[k + 1]

    @property
    def half_cycle_hip_height_m(self) -> float:
        """Height of the hips above the ground at half of the first repetition, metres."""
        return float(self.half_cycle_hips_m[1]) - self.ground_m
