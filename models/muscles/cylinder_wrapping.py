"""Shortest paths over cylinders, batched and differentiable.

A cylinder can be unrolled into a plane, so that the shortest path over it is a straight line there: two tangents and a
helix between them, all of one slope (e.g. Garner and Pandy, "The obstacle-set method for representing muscle paths in
musculoskeletal models", Computer Methods in Biomechanics and Biomedical Engineering 3 (2000) 1-30).
"""

from typing import NamedTuple

import torch
from torch import Tensor

_OUTSIDE = 1 + 1e-9  # the least squared distance from the axis, in squared radii, at which tangents are computed


class CylinderWrap(NamedTuple):
    """Paths over K cylinders in N frames, each in the frame of its cylinder.

    Attributes:
        length: (K, N) metres.
        leaving: (K, 3, N) unit direction in which the path leaves its start.
        arriving: (K, 3, N) unit direction in which it arrives at its end.
        first_line: (K, N) length of the straight line from the start to the cylinder, metres; where the path does not
            touch the cylinder, to the end.
        last_line: (K, N) length of the straight line from the cylinder, or from the start, to the end, metres.
        turn: (K, N) angle about the axis from start to end, radians, counterclockwise positive.
    """

    length: Tensor
    leaving: Tensor
    arriving: Tensor
    first_line: Tensor
    last_line: Tensor
    turn: Tensor


def wrap_cylinders(start: Tensor, end: Tensor, radius: Tensor, one_sided: Tensor, turn_centre: Tensor) -> CylinderWrap:
    """The shortest paths from `start` to `end` that pass outside the cylinders.

    Where the start or the end lies within the cylinder, the path is straight, as in OpenSim.

    Args:
        start: (K, 3, N) metres, in the frame of the cylinder, whose axis is z.
        end: (K, 3, N) metres, likewise.
        radius: (K, 1) metres.
        one_sided: (K, 1) 1 where the path has to pass on the +x side, else 0.
        turn_centre: (K, 1) radians; the others turn about the axis by an angle within 180 degrees of this. 0 stands for
            the shorter side.
    """
    x1, y1, z1 = start.unbind(1)
    x2, y2, z2 = end.unbind(1)
    limit = radius * radius
    square1, square2 = x1 * x1 + y1 * y1, x2 * x2 + y2 * y2
    outside = (square1 > limit) & (square2 > limit)
    square1, square2 = square1.clamp(min=limit * _OUTSIDE), square2.clamp(min=limit * _OUTSIDE)
    tangent1, tangent2 = (square1 - limit).sqrt(), (square2 - limit).sqrt()  # lengths seen along the axis

    turn = torch.atan2(y2, x2) - torch.atan2(y1, x1)
    rounds = torch.round((turn.detach() - turn_centre) / (2 * torch.pi))
    turn = turn - (1 - one_sided) * (2 * torch.pi) * rounds
    arc = turn.abs() - torch.atan2(tangent1, radius) - torch.atan2(tangent2, radius)
    wraps = outside & (arc > 0)
    planar = tangent1 + tangent2 + radius * arc.clamp(min=0)  # length seen along the axis
    rise = z2 - z1
    length = (planar * planar + rise * rise).sqrt()

    grip = radius * torch.sign(turn)  # positive where the path turns counterclockwise
    level, slope = planar / length, rise / length
    scale1, scale2 = level / square1, level / square2
    leaving = torch.stack((-(tangent1 * x1 + grip * y1) * scale1, (grip * x1 - tangent1 * y1) * scale1, slope), 1)
    arriving = torch.stack(((tangent2 * x2 - grip * y2) * scale2, (grip * x2 + tangent2 * y2) * scale2, slope), 1)

    straight = end - start
    distance = straight.square().sum(1).sqrt()
    direction = straight / distance[:, None]
    choose = wraps[:, None]
    return CylinderWrap(
        length=torch.where(wraps, length, distance),
        leaving=torch.where(choose, leaving, direction),
        arriving=torch.where(choose, arriving, direction),
        first_line=torch.where(wraps, tangent1 / level, distance),
        last_line=torch.where(wraps, tangent2 / level, distance),
        turn=turn,
    )
