"""Animated stick figures of motions, as GIF files."""

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from models.conventions import FRAME_RATE_HZ
from models.protocols import Skeleton

_COLOURS = ((150, 150, 150), (0, 114, 178), (213, 94, 0), (0, 158, 115))  # the first motion is grey
_FLOOR_COLOUR = (220, 220, 220)
_FRAME_STEP = 3  # every third of 60 frames per second lasts 50 ms, and GIF counts in units of 10 ms
_VIEW_SIZE = 240  # pixels, height and width of each of the two views
_MARGIN = 1.15  # shown extent, in multiples of the extent of the motions
_VIEWS = ((0, 1.0), (2, -1.0))  # from the right, x to the right; from the front, z (the subject's right) to the left
_HIDDEN_BODY = "patella"


@torch.no_grad()
def stick_figure_gif(motions: Sequence[Tensor], skeleton: Skeleton) -> tuple[bytes, tuple[int, int]]:
    """An animated GIF of motions of one subject, at real speed, from the right and from the front.

    Args:
        motions: each (T, 33) at 60 Hz, degrees and metres; shorter ones hold their last pose.
        skeleton: the subject's skeleton.

    Returns:
        The content of the file, and its width and height in pixels.
    """
    device = skeleton.coordinate_range.device
    joints = [skeleton.joint_centres(motion.to(device)[::_FRAME_STEP]).cpu().numpy() for motion in motions]
    links = [
        (joint.parent, joint.child)
        for joint in skeleton.description.joints
        if joint.parent >= 0 and not skeleton.body_names[joint.child].startswith(_HIDDEN_BODY)
    ]
    points = np.concatenate([positions.reshape(-1, 3) for positions in joints])
    low, high = points.min(0), points.max(0)
    frames = [
        _draw_frame([positions[min(frame, len(positions) - 1)] for positions in joints], links, low, high)
        for frame in range(max(map(len, joints)))
    ]
    stream = io.BytesIO()
    duration_ms = round(1000 * _FRAME_STEP / FRAME_RATE_HZ)
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=duration_ms, loop=0)
    return stream.getvalue(), frames[0].size


def _draw_frame(
    figures: Sequence[np.ndarray], links: Sequence[tuple[int, int]], low: np.ndarray, high: np.ndarray
) -> Image.Image:
    """One frame.

    Args:
        figures: joint centres (J, 3) of each motion, metres.
        links: pairs of joints that a line connects.
        low: (3,) least coordinates of all frames, metres.
        high: (3,) greatest coordinates.
    """
    centre, extent_m = (low + high) / 2, _MARGIN * max(high - low)
    picture = Image.new("RGB", (len(_VIEWS) * _VIEW_SIZE, _VIEW_SIZE), "white")
    draw = ImageDraw.Draw(picture)
    for view, (axis, sign) in enumerate(_VIEWS):

        def pixel(point: np.ndarray, view: int = view, axis: int = axis, sign: float = sign) -> tuple[float, float]:
            across = (view + 0.5 + sign * (point[axis] - centre[axis]) / extent_m) * _VIEW_SIZE
            return across, (0.5 - (point[1] - centre[1]) / extent_m) * _VIEW_SIZE

        _, floor = pixel(low)
        draw.line([(view * _VIEW_SIZE, floor), ((view + 1) * _VIEW_SIZE, floor)], fill=_FLOOR_COLOUR)
        for number, positions in enumerate(figures):
            colour = _COLOURS[min(number, len(_COLOURS) - 1)]
            for parent, child in links:
                draw.line([pixel(positions[parent]), pixel(positions[child])], fill=colour, width=2)
    return picture.quantize(16)
