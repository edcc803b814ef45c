"""BVH, the animation file that Blender, Maya and MotionBuilder open: a hierarchy of bones at rest, then their motion.

Written here: y up, as OpenSim's ground; rotations as `Zrotation Xrotation Yrotation` in degrees, R = Rz Rx Ry, the
order in which OpenSim turns pelvis and hips. At rest every bone's axes are the ground's. Position channels replace a
bone's OFFSET (so does Blender's importer): they are the joint's place in its parent's axes.
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
    """One joint of the hierarchy and what hangs on it.

    parent: index into the list of bones, -1 for the root, which comes first. offset: (3,) from the parent's joint at
    rest. tip: (3,) from the joint to where a bone without children ends. moves: whether its place in the parent varies.
    """

    name: str
    parent: int
    offset: np.ndarray
    tip: np.ndarray
    moves: bool


def write_bvh(
    path: str | Path, bones: Sequence[Bone], frame_time_s: float, places: np.ndarray, turns: np.ndarray
) -> None:
    """Write bones and their motion, whole or not at all.

    places: (T, B, 3) each joint in its parent's axes, the root's in the ground, in the unit of the bones' offsets;
    read for the root and for bones that move. turns: (T, B, 3, 3), each bone's rotation relative to its parent.
    """
    lines, order = ["HIERARCHY"], []
    _write_bone(lines, order, bones, 0)
    channels = []
    for index in order:
        if bones[index].moves or bones[index].parent < 0:
            channels.append(places[:, index])
        channels.append(_angles_deg(turns[:, index]))
    rows = np.concatenate(channels, axis=1)
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {frame_time_s:.8f}"]
    row = " ".join(["%.6f"] * rows.shape[1]) + "\n"
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
        file.writelines(row % tuple(values) for values in rows.tolist())


def _write_bone(lines: list[str], order: list[int], bones: Sequence[Bone], index: int, depth: int = 0) -> None:
    """Append the bone's block and its children's to `lines`, and their indices to `order`, the order of channels."""
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


def _angles_deg(turns: np.ndarray) -> np.ndarray:
    """(T, 3, 3) -> (T, 3) degrees about z, x, y, without jumps: programs interpolate between frames channel by channel.

    Of the two triples that give a rotation, (z, x, y) and (z + 180, 180 - x, y + 180), and their turns by 360, each
    frame takes the one nearest to the frame before.
    """
    first = Rotation.from_matrix(turns).as_euler("ZXY", degrees=True)
    second = first * [1, -1, 1] + 180.0
    chosen = first.copy()
    for frame in range(1, len(first)):
        before = chosen[frame - 1]
        near = [triple + 360.0 * np.round((before - triple) / 360.0) for triple in (first[frame], second[frame])]
        chosen[frame] = min(near, key=lambda triple: np.abs(triple - before).sum())
    return chosen
