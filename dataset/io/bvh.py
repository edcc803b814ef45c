"""Writer of BVH, the animation format of Blender, Maya and MotionBuilder: a hierarchy of bones, then their motion.

Conventions: y is up, as in OpenSim's ground frame. Rotations are `Zrotation Xrotation Yrotation` in degrees, R = Rz Rx
Ry, which is the order of OpenSim's pelvis and hips. At rest the axes of every bone are those of the ground. Position
channels replace a bone's OFFSET, as in Blender's importer: they are the position of the joint in its parent's axes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from dataset.io.atomic_write import atomic_write

_ROTATIONS = "Zrotation Xrotation Yrotation"
_POSITIONS = "Xposition Yposition Zposition"


@dataclass(frozen=True)
class Bone:
    """One joint of the hierarchy and the bone that starts there.

    Attributes:
        name: name of the joint.
        parent: index into the list of bones; -1 for the root, which comes first.
        offset: (3,) from the parent's joint, at rest.
        tip: (3,) from the joint to the end of a bone without children, at rest.
        moves: whether the position of the joint in its parent varies.
    """

    name: str
    parent: int
    offset: np.ndarray
    tip: np.ndarray
    moves: bool


def write_bvh(
    path: str | Path, bones: Sequence[Bone], frame_time_s: float, positions: np.ndarray, rotations: np.ndarray
) -> None:
    """Write bones and their motion, atomically.

    Args:
        path: the file.
        bones: the B bones.
        frame_time_s: time between frames, seconds.
        positions: (T, B, 3) of each joint in its parent's axes, the root's in the ground frame, in the unit of the
            bones' offsets; used for the root and for bones that move.
        rotations: (T, B, 3, 3) of each bone relative to its parent.
    """
    lines = ["HIERARCHY"]
    order: list[int] = []
    _write_bone(lines, order, bones, 0)
    channels = []
    for index in order:
        if bones[index].moves or bones[index].parent < 0:
            channels.append(positions[:, index])
        channels.append(_angles_deg(rotations[:, index]))
    rows = np.concatenate(channels, axis=1)
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {frame_time_s:.8f}"]
    row = " ".join(["%.6f"] * rows.shape[1]) + "\n"
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
        file.writelines(row % tuple(values) for values in rows.tolist())


def _write_bone(lines: list[str], order: list[int], bones: Sequence[Bone], index: int, depth: int = 0) -> None:
    """Append a bone's block and its children's to `lines`, and their indices to `order`, the order of channels."""
    bone, indent = bones[index], "\t" * depth
    order.append(index)
    channels = f"6 {_POSITIONS} {_ROTATIONS}" if bone.moves or bone.parent < 0 else f"3 {_ROTATIONS}"
    lines += [
        f"{indent}{'ROOT' if bone.parent < 0 else 'JOINT'} {bone.name}",
        f"{indent}{{",
        f"{indent}\tOFFSET {_vector(bone.offset)}",
        f"{indent}\tCHANNELS {channels}",
    ]
    children = [i for i, other in enumerate(bones) if other.parent == index]
    for child in children:
        _write_bone(lines, order, bones, child, depth + 1)
    if not children:
        lines += [f"{indent}\tEnd Site", f"{indent}\t{{", f"{indent}\t\tOFFSET {_vector(bone.tip)}", f"{indent}\t}}"]
    lines.append(f"{indent}}}")


def _vector(values: np.ndarray) -> str:
    return " ".join(f"{value + 0.0:.6f}" for value in values)


def _angles_deg(rotations: np.ndarray) -> np.ndarray:
    """Angles (T, 3) in degrees about z, x, y of rotations (T, 3, 3), continuous, since programs interpolate channels.

    Two triples give the same rotation, (z, x, y) and (z + 180, 180 - x, y + 180), and so do multiples of 360 degrees;
    each frame gets the triple that is nearest to the frame before.
    """
    first = Rotation.from_matrix(rotations).as_euler("ZXY", degrees=True)
    second = first * [1, -1, 1] + 180.0
    chosen = first.copy()
    for frame in range(1, len(first)):
        before = chosen[frame - 1]
        near = [triple + 360.0 * np.round((before - triple) / 360.0) for triple in (first[frame], second[frame])]
        chosen[frame] = min(near, key=lambda triple: np.abs(triple - before).sum())
    return chosen
