"""When the feet of a simulated repetition are off the floor, where they carry nothing."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from models.muscles.static_optimization import Simulation

_FOOT_NAMES = ("right foot", "left foot")  # in the order of `Simulation.contact`
_STANDS = 0.5  # contact from which a foot counts as standing


def lost_contact_s(contact: Tensor, time_s: np.ndarray) -> dict[str, list[tuple[float, float]]]:
    """Intervals of time in which a foot is off the floor, seconds, by "right foot" and "left foot".

    Args:
        contact: (T, 2) of the right and the left foot, 0 in the air and 1 standing.
        time_s: (T,) time stamps.
    """
    found = {}
    for name, values in zip(_FOOT_NAMES, contact.numpy().T, strict=True):
        in_air = np.concatenate([[False], values < _STANDS, [False]])
        starts, ends = np.flatnonzero(in_air[1:] & ~in_air[:-1]), np.flatnonzero(in_air[:-1] & ~in_air[1:]) - 1
        found[name] = [
            (round(float(time_s[a]), 3), round(float(time_s[z]), 3)) for a, z in zip(starts, ends, strict=True)
        ]
    return found


def lost_contact_sentences(
    intervals: Mapping[str, list[tuple[float, float]]], simulation: Simulation, time_s: np.ndarray
) -> list[str]:
    """One warning for each foot that leaves the floor, with the largest residual force of these frames."""
    residual_n = simulation.residuals[:, 3:].norm(dim=1).numpy()
    sentences = []
    for foot, (name, found) in enumerate(intervals.items()):
        if not found:
            continue
        in_air = simulation.contact[:, foot].numpy() < _STANDS
        spans = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in found)
        duration_s = sum(end - start for start, end in found)
        sentences.append(
            f"contact lost: the {name} is off the floor for {duration_s:.2f} s ({spans}) and carries nothing; "
            f"the residual force reaches {residual_n[in_air].max():.0f} N there"
        )
    return sentences
