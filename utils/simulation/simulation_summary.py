"""How far a simulated repetition can be trusted: residuals, reserves, warnings, and the peaks of its muscles."""

from typing import Any

import numpy as np
from torch import Tensor

from models.conventions import MUSCLES, SIDES
from models.muscles.paths import LEG_COORDINATES
from models.muscles.simulation_settings import WEAKLY_ACTUATED
from models.muscles.static_optimization import PELVIS, ActivationSimulator
from utils.simulation.simulated_repetition import SimulatedRepetition

# Against OpenCap's own simulations of four repetitions these agree poorly (r < .9) or are over-activated; see
# docs/accuracy.md.
WEAK_MUSCLES = {
    "calf": ("gasmed", "gaslat", "soleus"),
    "foot": ("tibant", "tibpost", "edl", "ehl", "fdl", "fhl", "perbrev", "perlong"),
    "two-joint thigh": ("recfem", "semimem", "bflh", "sart", "tfl"),
    "hip": ("psoas", "iliacus", "glmed1", "glmed2", "glmed3", "glmin1", "glmin2", "glmin3"),
}
_LARGE_RESIDUAL = 0.05  # of body weight
_LARGE_RESERVE = 0.05  # of the largest moment of the same coordinate


def summarise_repetition(simulator: ActivationSimulator, simulated: SimulatedRepetition) -> dict[str, Any]:
    """The summary of a simulated repetition, as it is written beside it."""
    simulation = simulated.simulation
    residual = _rms(simulation.residuals)
    reserves = _reserves(simulator, simulated)
    return {
        "repetition": simulated.name,
        "frames": len(simulated.motion),
        "start_s": float(simulated.motion.time_s[0]),
        "end_s": float(simulated.motion.time_s[-1]),
        "residual_rms": dict(zip(PELVIS, (round(float(x), 3) for x in residual), strict=True)),
        "residual_units": "Nm for rotations, N for translations",
        "reserve_rms_nm": {name: round(rms, 3) for name, (rms, _) in reserves.items()},
        "peak_vertical_force_bw": round(float(simulation.ground_forces[..., 1].sum(1).max()) / simulator.weight_n, 3),
        "peak_activation": {
            name: round(float(peak), 4)
            for name, peak in zip(MUSCLES, simulation.activations.numpy().clip(0, 1).max(0), strict=True)
        },
        "weak_muscles": {group: list(names) for group, names in WEAK_MUSCLES.items()},
        "warnings": _warnings(simulator, simulated, residual, reserves),
    }


def largest_residual_n(summary: dict[str, Any]) -> float:
    """The largest RMS residual force on the pelvis of a summary, newtons."""
    return max(summary["residual_rms"][f"pelvis_t{axis}"] for axis in "xyz")


def largest_reserve_nm(summary: dict[str, Any]) -> float:
    """The largest RMS reserve of a summary at the coordinates that muscles hold well, newton metres."""
    return max(rms for name, rms in summary["reserve_rms_nm"].items() if name[:-2] not in WEAKLY_ACTUATED)


def _reserves(simulator: ActivationSimulator, simulated: SimulatedRepetition) -> dict[str, tuple[float, float]]:
    """By coordinate of the legs: RMS of its reserve and its largest moment, newton metres."""
    simulation, reserves = simulated.simulation, {}
    for leg, side in enumerate(SIDES):
        for row, name in enumerate(LEG_COORDINATES):
            moment = simulation.moments[:, simulator.coordinate_names.index(f"{name}_{side}")]
            rms = simulation.reserves[:, leg, row].square().mean().sqrt()
            reserves[f"{name}_{side}"] = float(rms), float(moment.abs().max())
    return reserves


def _warnings(
    simulator: ActivationSimulator,
    simulated: SimulatedRepetition,
    residual: np.ndarray,
    reserves: dict[str, tuple[float, float]],
) -> list[str]:
    warnings = []
    share = residual[3:].max() / simulator.weight_n
    if share > _LARGE_RESIDUAL:
        warnings.append(
            f"the pelvis residual force is {residual[3:].max():.0f} N RMS, {share:.0%} of body weight; up to "
            f"{_LARGE_RESIDUAL:.0%} is acceptable"
        )
    warnings += [
        f"the reserve at {name} is {rms:.1f} Nm RMS, over {_LARGE_RESERVE:.0%} of its peak moment of {peak:.0f} Nm"
        for name, (rms, peak) in reserves.items()
        if rms > max(1.0, _LARGE_RESERVE * peak) and name[:-2] not in WEAKLY_ACTUATED
    ]
    converged = simulated.simulation.converged
    if not bool(converged.all()):
        warnings.append(f"static optimisation did not converge in {int((~converged).sum())} frames")
    if simulated.touches_trial_end:
        warnings.append("the repetition touches the end of its trial, where the filters lack data")
    return warnings


def _rms(values: Tensor) -> np.ndarray:
    return values.square().mean(0).sqrt().numpy()
