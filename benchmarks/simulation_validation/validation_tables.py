"""The printed tables of `validate_activations.py`."""

from collections.abc import Sequence

import numpy as np

from models.conventions import MUSCLE_INDEX
from simulation_validation.comparisons import JOINTS, Comparison

SHOWN = (
    "vasmed", "vaslat", "vasint", "recfem", "soleus", "gasmed", "gaslat", "tibant", "glmax1", "glmax2", "glmax3",
    "glmed2", "bflh", "semimem", "semiten", "addmagIsch", "iliacus", "psoas",
)  # fmt: skip


def rms(values: np.ndarray) -> float:
    """Root mean square of all values."""
    return float(np.sqrt(np.mean(np.square(values))))


def activation_table(comparisons: Sequence[Comparison]) -> str:
    """Per muscle, both sides: correlation, root mean square error, and the largest activations."""
    width = 30
    lines = [f"{'activations':<12}" + "".join(f"{one.name:^{width}}" for one in comparisons)]
    lines.append(f"{'':<12}" + f"{'r':>8}{'RMSE':>7}{'peak':>6}{'theirs':>7}{'':>2}" * len(comparisons))
    for muscle in SHOWN:
        sides, cells = [MUSCLE_INDEX[f"{muscle}_{side}"] for side in "lr"], []
        for one in comparisons:
            ours, theirs = (values[:, sides] for values in one.activations)
            r = np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] if np.ptp(ours) and np.ptp(theirs) else np.nan
            cells.append(f"{r:>8.3f}{rms(ours - theirs):>7.3f}{ours.max():>6.2f}{theirs.max():>7.2f}{'':>2}")
        lines.append(f"{muscle:<12}" + "".join(cells))
    return "\n".join(lines) + "\n"


def force_table(comparisons: Sequence[Comparison]) -> str:
    """Per foot: vertical force, mediolateral force, free moment and fore-aft centre of pressure."""
    lines = [
        f"{'':<10}{'vertical force':^34}{'inward force':^28}{'free moment':^26}{'centre of pressure, cm':^30}",
        f"{'foot':<10}{'RMSE N':>8}{'% BW':>7}{'own BW %':>10}{'':>9}{'ours N':>8}{'theirs':>8}{'RMSE':>8}"
        f"{'ours Nm':>10}{'theirs':>8}{'RMSE':>8}{'':>4}{'ours':>8}{'theirs':>8}{'bias':>7}{'SD':>7}",
    ]
    for one in comparisons:
        lines.append(one.name + (f" ({one.note})" if one.note else ""))
        own, their_weight = (
            one.weight_n,
            one.weight_n * one.theirs.vertical.sum(1).mean() / one.ours.vertical.sum(1).mean(),
        )
        for foot, name in enumerate(("right", "left")):
            ours, theirs = (loads.vertical[:, foot] for loads in (one.ours, one.theirs))
            force = f"{rms(ours - theirs):>8.1f}{100 * rms(ours - theirs) / own:>7.1f}"
            force += f"{100 * rms(ours / own - theirs / their_weight):>10.1f}"
            ours, theirs = (loads.inward[:, foot] for loads in (one.ours, one.theirs))
            shear = f"{ours.mean():>17.1f}{theirs.mean():>8.1f}{rms(ours - theirs):>8.1f}"
            ours, theirs = (loads.free_moment[:, foot] for loads in (one.ours, one.theirs))
            shear += f"{ours.mean():>10.1f}{theirs.mean():>8.1f}{rms(ours - theirs):>8.1f}"
            ours, theirs = (100 * loads.ahead_m[:, foot] for loads in (one.ours, one.theirs))
            bias = f"{ours.mean():>12.1f}{theirs.mean():>8.1f}{(ours - theirs).mean():>7.1f}"
            if not one.position_known[foot]:
                bias = f"{ours.mean():>12.1f}{'':>15}"
            lines.append(f"  {name:<8}{force}{shear}{bias}{(ours - theirs).std():>7.1f}")
    return "\n".join(lines) + "\n"


def moment_table(comparisons: Sequence[Comparison]) -> str:
    """Per joint and leg: root mean square error of the net moment, and the largest moments."""
    lines = [f"{'joint moment, Nm':<18}" + "".join(f"{joint:^26}" for joint in JOINTS)]
    lines.append(f"{'':<18}" + "   RMSE   mean  peak theirs" * len(JOINTS))
    for one in comparisons:
        lines.append(one.name)
        for leg, name in enumerate(("right", "left")):
            cells = []
            for j in range(len(JOINTS)):
                ours, theirs = (loads.moments[:, leg, j] for loads in (one.ours, one.theirs))
                peak = int(np.abs(theirs).argmax())
                near = slice(max(0, peak - 10), peak + 11)
                sign = np.sign(theirs[peak])
                cells.append(
                    f"{rms(ours - theirs):>7.1f}{(ours - theirs).mean():>7.1f}"
                    f"{sign * (sign * ours[near]).max():>6.0f}{theirs[peak]:>6.0f}"
                )
            lines.append(f"  {name:<16}" + "".join(cells))
    return "\n".join(lines) + "\n"
