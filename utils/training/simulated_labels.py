"""Checks of the files of a simulated repetition before a surrogate learns from them."""

import numpy as np

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.io.opensim_table import Table
from dataset.windows.cut_repetitions import require_times_of_trial

_SAME_FRAMES = 1.5  # of the slower file, by which the ends of the files may differ
# Peaks of single landings are 13 body weights (McNitt-Gray 1991, Kinematics and impulse characteristics of drop
# landings). Half a metre from a joint such a force has a moment of 6.5 body weights times a metre.
_LARGEST_FORCE, _LARGEST_MOMENT = 20.0, 20.0


def require_repetition(trial: Motion, labels: Motion, forces: Table, moments: Table, weight_n: float) -> None:
    """Check the files of one simulated repetition.

    Args:
        trial: the trial that the repetition was cut out of.
        labels: its coordinates and activations.
        forces: ground reaction forces (N), centres of pressure (m) and free moments (Nm).
        moments: joint moments (Nm) and forces.
        weight_n: body weight.

    Raises:
        InputError: there are no activations, a value is not finite or out of all proportion to the body weight, or the
            files do not cover the same time.
    """
    if labels.activations is None:
        raise InputError(f"{labels.source}: the file has no muscle activations")
    for table in (forces, moments):
        _require_values(table, weight_n)
    require_times_of_trial(labels, trial)
    for table in (forces, moments):
        _require_same_times(table, labels)
    if labels.time_s[0] < trial.time_s[0] - _step_s(trial) or labels.time_s[-1] > trial.time_s[-1] + _step_s(trial):
        raise InputError(
            f"{labels.source}: column 'time' goes from {labels.time_s[0]:.4g} to {labels.time_s[-1]:.4g} s; expected "
            f"times within {trial.source}, {trial.time_s[0]:.4g} to {trial.time_s[-1]:.4g} s"
        )


def _require_values(table: Table, weight_n: float) -> None:
    """Raise InputError where a column of forces or moments has a value that no simulation of a person gives."""
    limits, units = np.full(len(table.names), np.inf), [""] * len(table.names)
    for column, name in enumerate(table.names):
        if name.startswith("ground_force") and "_v" in name:
            limits[column], units[column] = _LARGEST_FORCE * weight_n, "N"
        elif name.endswith("_moment") or "_torque_" in name:
            limits[column], units[column] = _LARGEST_MOMENT * weight_n, "Nm"
    beyond = np.argwhere(~(np.abs(table.data) <= limits) | ~np.isfinite(table.data))
    if len(beyond):
        row, column = beyond[0]
        limit, expected = limits[column], "a finite number"
        if np.isfinite(limit):
            expected = f"{-limit:.0f} to {limit:.0f} {units[column]}"
        raise InputError(
            f"{table.source}: column {table.names[column]!r} is {table.data[row, column]:.4g} in data row {row + 1} "
            f"({table.time_s[row]:.4g} s); expected {expected}"
        )


def _require_same_times(table: Table, labels: Motion) -> None:
    """Raise InputError where a table of the repetition begins or ends at another time than its activations."""
    step_s = max(_step_s(labels), float(np.median(np.diff(table.time_s))) if len(table.time_s) > 1 else 0.0)
    ends = [(float(time_s[0]), float(time_s[-1])) for time_s in (table.time_s, labels.time_s)]
    if max(abs(one - other) for one, other in zip(*ends, strict=True)) > _SAME_FRAMES * step_s:
        (start_s, end_s), (first_s, last_s) = ends
        raise InputError(
            f"{table.source}: column 'time' goes from {start_s:.4g} to {end_s:.4g} s; expected {first_s:.4g} to "
            f"{last_s:.4g} s, as in {labels.source}"
        )


def _step_s(motion: Motion) -> float:
    return float(np.median(np.diff(motion.time_s))) if len(motion) > 1 else 0.0
