"""When the ground does not carry a simulated motion: a foot is off the floor, or residuals grow."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from models.muscles.static_optimization import Simulation
from utils.simulation.unexplained_forces import MOST_FORCE_BW, MOST_MOMENT_BW_M

_FOOT_NAMES = ("left foot", "right foot")
_STANDS = 0.5  # contact from which a foot counts as standing
_SHORTEST_S = 0.05  # less says nothing in a motion that is filtered at 2.7 Hz

Interval = tuple[float, float]


def lost_contact_s(contact: Tensor, time_s: np.ndarray) -> dict[str, list[Interval]]:
    """Intervals of time in which a foot is off the floor, seconds, by "left foot" and "right foot".

    Args:
        contact: (T, 2) of the left and the right foot, 0 in the air and 1 standing.
        time_s: (T,) time stamps.
    """
    standing = contact.numpy() >= _STANDS
    return {name: _intervals(~standing[:, foot], time_s) for foot, name in enumerate(_FOOT_NAMES)}


def off_floor_sentences(intervals: Mapping[str, Sequence[Interval]]) -> list[str]:
    """One warning for each foot that leaves the floor, from the intervals of `lost_contact_s`."""
    return [
        f"contact lost: the {foot} is off the floor for {_spans(found)} and carries nothing"
        for foot, found in intervals.items()
        if found
    ]


def lost_contact_sentences(
    intervals: Mapping[str, Sequence[Interval]], simulation: Simulation, time_s: np.ndarray, weight_n: float
) -> list[str]:
    """Warnings: one for each foot that leaves the floor, and one where the feet cannot hold the body.

    Args:
        intervals: of `lost_contact_s`.
        simulation: of one repetition, (T, ...).
        time_s: (T,) time stamps.
        weight_n: body weight, N.
    """
    sentences = off_floor_sentences(intervals)
    force_n = simulation.residuals[:, 3:].norm(dim=1).numpy()
    moment_nm = simulation.residuals[:, :3].norm(dim=1).numpy()
    fallen = _intervals((force_n > MOST_FORCE_BW * weight_n) | (moment_nm > MOST_MOMENT_BW_M * weight_n), time_s)
    if fallen:
        sentences.append(
            f"the feet cannot hold the body for {_spans(fallen)}; the residuals of the pelvis reach "
            f"{force_n.max():.0f} N and {moment_nm.max():.0f} Nm"
        )
    return sentences


def _intervals(happens: np.ndarray, time_s: np.ndarray) -> list[Interval]:
    """First and last time stamp of each run of frames in which something happens.

    Runs that are closer than `_SHORTEST_S` count as one; shorter ones are left out.
    """
    padded = np.concatenate([[False], happens, [False]])
    starts, ends = np.flatnonzero(padded[1:] & ~padded[:-1]), np.flatnonzero(padded[:-1] & ~padded[1:]) - 1
    joined: list[Interval] = []
    for start_s, end_s in zip(time_s[starts].tolist(), time_s[ends].tolist(), strict=True):
        first_s = joined.pop()[0] if joined and start_s - joined[-1][1] < _SHORTEST_S else start_s
        joined.append((first_s, end_s))
    return [(round(start_s, 3), round(end_s, 3)) for start_s, end_s in joined if end_s - start_s >= _SHORTEST_S]


def _spans(intervals: Sequence[Interval]) -> str:
    duration_s = sum(end - start for start, end in intervals)
    return f"{duration_s:.2f} s ({', '.join(f'{start:.2f} to {end:.2f} s' for start, end in intervals)})"
